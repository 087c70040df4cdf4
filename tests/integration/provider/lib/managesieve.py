"""A ManageSieve client (RFC 5804) that knows what the tests need."""

import base64
import re
import socket


class ManageSieve:
    def __init__(self, address, port, user, password):
        self._socket = socket.create_connection((address, port), timeout=120)
        self._input = self._socket.makefile("rb")
        self._answer()
        token = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        self.must(f'AUTHENTICATE "PLAIN" "{token}"')

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self._input.close()
        self._socket.close()

    def put(self, name, script):
        """Store this script and make it the active one."""
        self.must(f'PUTSCRIPT "{name}" {{{len(script.encode())}+}}\r\n{script}')
        self.must(f'SETACTIVE "{name}"')

    def must(self, command):
        self._socket.sendall(command.encode() + b"\r\n")
        answer = self._answer()
        assert answer[-1].startswith("OK"), answer
        return answer

    def _answer(self):
        """Lines to the one that says OK, NO or BYE."""
        lines = []
        while not lines or not re.match(r"(OK|NO|BYE)\b", lines[-1]):
            line = self._input.readline()
            if not line:
                raise ConnectionError("the ManageSieve server closed the connection")
            lines.append(line.decode().rstrip("\r\n"))
        return lines
