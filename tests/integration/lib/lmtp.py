"""An LMTP client that sends a message's bytes exactly as given.

smtplib.LMTP turns bare CRs and LFs into CRLF and returns only the first of
the replies that follow DATA, so it can't be used here.
"""

import re
import socket
from typing import NamedTuple


class Reply(NamedTuple):
    code: int
    text: str


class Lmtp:
    def __init__(self, where):
        """`where` is the path of a socket, or (address, port)."""
        is_path = not isinstance(where, tuple)
        self._socket = socket.socket(socket.AF_UNIX if is_path else socket.AF_INET)
        self._socket.settimeout(120)
        self._socket.connect(str(where) if is_path else where)
        self._replies = self._socket.makefile("rb")
        self._expect(220)
        self._command("LHLO client.example.org", 250)

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.close()

    def close(self):
        self._replies.close()
        self._socket.close()

    def deliver(self, message, *recipients, sender="sender@example.org"):
        """Send `message` by DATA; return one reply per recipient."""
        return self.deliver_blocks([message], *recipients, sender=sender)

    def deliver_blocks(self, blocks, *recipients, sender="sender@example.org"):
        """The same from blocks that each begin at a line's beginning."""
        self._envelope(sender, recipients)
        self._command("DATA", 354)
        block = b""
        for block in blocks:
            self._socket.sendall(re.sub(rb"^\.", b"..", block, flags=re.MULTILINE))
        self._socket.sendall(b".\r\n" if block.endswith(b"\n") else b"\r\n.\r\n")
        return [self._reply() for _ in recipients]

    def deliver_chunk(self, message, *recipients, sender="sender@example.org"):
        """Send `message` by BDAT, which gives every byte as it is: NULs, no final newline."""
        self._envelope(sender, recipients)
        self._socket.sendall(b"BDAT %d LAST\r\n" % len(message) + message)
        return [self._reply() for _ in recipients]

    def _envelope(self, sender, recipients):
        self._command(f"MAIL FROM:<{sender}>", 250)
        for recipient in recipients:
            self._command(f"RCPT TO:<{recipient}>", 250)

    def _command(self, line, expected):
        self._socket.sendall(line.encode() + b"\r\n")
        self._expect(expected)

    def _expect(self, code):
        reply = self._reply()
        assert reply.code == code, reply

    def _reply(self):
        lines = []
        while True:
            line = self._replies.readline().decode().rstrip("\r\n")
            if not line:
                raise ConnectionError("the LMTP server closed the connection")
            lines.append(line[4:])
            if line[3:4] != "-":
                return Reply(int(line[:3]), "\n".join(lines))
