"""Connections that keep every byte of an answer, one class for each protocol.

A wire has step(line), which sends a line of a script and returns all that
comes back, and skip(line), which does as if it had.
"""

import base64
import os
import re
import shlex
import socket
import zlib

from dovecot import PASSWORD
from letters_for_all import LETTERS

TIMEOUT = 120


def chown(path, uid):
    os.chown(path, uid, uid)


def open_wire(where, server, user):
    kind, *_number = where.split()
    return KINDS[kind](server, user)


class Stream:
    """A socket read by lines and sizes, which can begin to be compressed."""

    def __init__(self, connected):
        self._socket = connected
        self._socket.settimeout(TIMEOUT)
        self._buffer = b""
        self._closed = False
        self._deflate = self._inflate = None

    def compress(self):
        """RFC 4978"""
        self._deflate = zlib.compressobj(wbits=-15)
        self._inflate = zlib.decompressobj(wbits=-15)

    def send(self, data):
        if self._closed:
            raise ConnectionError("the server had closed the connection before this line")
        if self._deflate:
            data = self._deflate.compress(data) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        self._socket.sendall(data)

    def _more(self):
        data = self._socket.recv(1 << 16)
        if not data:
            self._closed = True
            return False
        self._buffer += self._inflate.decompress(data) if self._inflate else data
        return True

    def line(self):
        """A line, or what came before the connection was closed."""
        while b"\n" not in self._buffer:
            if not self._more():
                rest, self._buffer = self._buffer, b""
                return rest
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line + b"\n"

    def bytes(self, size):
        while len(self._buffer) < size:
            if not self._more():
                raise ConnectionError("closed within a literal")
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def close(self):
        self._socket.close()


def connect(port):
    return Stream(socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT))


class ImapWire:
    """Logs in by itself. In a line {name} is a literal, {name+} one that doesn't synchronise,
    ~{name} a binary one. "bare" before a first line: no login."""

    def __init__(self, server, user):
        self._stream = connect(server.site.imap_port)
        self._tag = 0
        self.user = user
        self._first = True
        self._idle = None

    def close(self):
        self._stream.close()

    def skip(self, _line):
        self._tag += 1

    def step(self, line):
        answer = b""
        if self._first:
            self._first = False
            answer += self._stream.line()
            if not line.startswith("bare"):
                answer += self._command(f"LOGIN {self.user} {PASSWORD}")
        line = re.sub("^bare ?", "", line)
        if line.startswith("wait "):
            return answer + self._wait_for(line[5:].encode())
        if line == "DONE":
            self._stream.send(b"DONE\r\n")
            return answer + self._until_tagged(self._idle)
        return answer + (self._command(line) if line else b"")

    def _command(self, line):
        line = line.replace("$BASE64LOGIN", base64.b64encode(
            f"\0{self.user}\0{PASSWORD}".encode()).decode())
        self._tag += 1
        tag = b"a%d" % self._tag
        parts = re.split(r"(~?\{[a-z]+\+?\})", line)
        self._stream.send(tag + b" " + parts[0].encode())
        answer = b""
        for literal, text in zip(parts[1::2], parts[2::2]):
            data = LETTERS[literal.strip("~{}+")]
            plus = b"+" if "+" in literal else b""
            tilde = b"~" if literal.startswith("~") else b""
            self._stream.send(b"%s{%d%s}\r\n" % (tilde, len(data), plus))
            if not plus:
                refused = self._until_tagged(tag, continuation=True)
                answer += refused
                if not refused.splitlines()[-1].startswith(b"+"):
                    return answer
            self._stream.send(data + text.encode())
        self._stream.send(b"\r\n")
        if line == "IDLE":
            self._idle = tag
            return answer + self._until_tagged(tag, continuation=True)
        answer += self._until_tagged(tag)
        if line == "COMPRESS DEFLATE" and tag + b" OK" in answer:
            self._stream.compress()
        return answer

    def _until_tagged(self, tag, continuation=False):
        answer = b""
        while True:
            response = self._response()
            answer += response
            if not response or response.startswith(tag + b" ") or \
                    (continuation and response.startswith(b"+")):
                return answer

    def _wait_for(self, pattern):
        answer = b""
        while not re.search(pattern, answer):
            response = self._response()
            if not response:
                break
            answer += response
        return answer

    def _response(self):
        """A line; literals in it stay in one line with it."""
        response = line = self._stream.line()
        while literal := re.search(rb"\{(\d+)\}\r\n$", line):
            data = self._stream.bytes(int(literal[1]))
            line = self._stream.line()
            response += data + line
        return response


class Pop3Wire:
    """Lines as they are; {login} logs in."""

    MANY = re.compile(r"(LIST|UIDL|CAPA)$|RETR|TOP", re.IGNORECASE)

    def __init__(self, server, user):
        self._stream = connect(server.site.pop3_port)
        self.user = user
        self._first = True

    def close(self):
        self._stream.close()

    def skip(self, line):
        pass

    def step(self, line):
        answer = self._stream.line() if self._first else b""
        self._first = False
        if line == "{login}":
            return answer + self._one(f"USER {self.user}") + self._one(f"PASS {PASSWORD}")
        return answer + self._one(line)

    def _one(self, line):
        self._stream.send(line.encode() + b"\r\n")
        answer = line_read = self._stream.line()
        if line_read.startswith(b"+OK") and self.MANY.match(line):
            while line_read not in (b".\r\n", b""):
                line_read = self._stream.line()
                answer += line_read
        return answer


class SieveWire:
    """ManageSieve (RFC 5804); {name} is a literal, {login} logs in."""

    def __init__(self, server, user):
        self._stream = connect(server.site.sieve_port)
        self.user = user
        self._first = True

    def close(self):
        self._stream.close()

    def skip(self, line):
        pass

    def step(self, line):
        answer = self._answer() if self._first else b""
        self._first = False
        if line == "{login}":
            secret = base64.b64encode(f"\0{self.user}\0{PASSWORD}".encode()).decode()
            line = f'AUTHENTICATE "PLAIN" "{secret}"'
        data = line.encode()
        for name in re.findall(r"\{([a-z]+)\}", line):
            script = LETTERS[name]
            data = data.replace(b"{%s}" % name.encode(), b"{%d+}\r\n%s" % (len(script), script))
        self._stream.send(data + b"\r\n")
        return answer + self._answer()

    def _answer(self):
        answer = b""
        while True:
            line = first = self._stream.line()
            answer += line
            while literal := re.search(rb"\{(\d+)\}\r\n$", line):
                answer += self._stream.bytes(int(literal[1]))
                line = self._stream.line()
                answer += line
            if not first or re.match(rb"(OK|NO|BYE)\b", first):
                return answer


class LmtpWire:
    """A line is a command, {name} a message and its dot; BDAT {name} LAST a chunk.

    Commands joined by " ;; " are sent together.
    """

    def __init__(self, server, user):
        self._server = server
        self._recipients = 0
        self._data = False               # is the message wanted?
        self._open()

    def _open(self):
        connected = socket.socket(socket.AF_UNIX)
        connected.connect(str(self._server.folder / "run" / "lmtp"))
        self._stream = Stream(connected)
        self._greeting = self._reply()

    def close(self):
        self._stream.close()

    def skip(self, line):
        """The message is the other's alone: leave the transaction, here as there."""
        self.step("RSET") if not line.startswith("{") else None
        self.close()
        self._open()
        self._greeting = b""
        self.step("LHLO client.example.org")

    def step(self, line):
        answer, self._greeting = self._greeting, b""
        if line.startswith("{") and not self._data:
            return b"not sent"
        if line.startswith("{"):
            self._data = False
            message = re.sub(rb"^\.", b"..", LETTERS[line.strip("{}")], flags=re.MULTILINE)
            self._stream.send(message + b".\r\n")
            replies = self._recipients
            self._recipients = 0
        elif chunk := re.fullmatch(r"BDAT \{([a-z]+)\}( LAST)?", line):
            data = LETTERS[chunk[1]]
            self._stream.send(f"BDAT {len(data)}{chunk[2] or ''}\r\n".encode() + data)
            replies = self._recipients if chunk[2] else 1
            self._recipients = 0 if chunk[2] else self._recipients
        else:
            commands = line.split(" ;; ")
            self._stream.send("".join(f"{command}\r\n" for command in commands).encode())
            for command in commands:
                answer += (reply := self._reply())
                self._data = reply.startswith(b"354")
                if command.upper().startswith("RCPT") and reply.startswith(b"2"):
                    self._recipients += 1
                elif re.match("RSET|LHLO", command, re.IGNORECASE):
                    self._recipients = 0
            replies = 0
        for _ in range(replies):
            answer += self._reply()
        return answer

    def _reply(self):
        answer = b""
        while True:
            line = self._stream.line()
            answer += line
            if line[3:4] != b"-":
                return answer


class DoveadmWire:
    """A command's status, output and errors. {name} alone is a message on its standard input."""

    def __init__(self, server, user):
        self._server = server

    def close(self):
        pass

    def skip(self, line):
        pass

    def step(self, line):
        line, _, name = line.partition(" < ")
        done = self._server.doveadm(*shlex.split(line), check=False,
                                    input=LETTERS[name.strip("{}")] if name else b"")
        return b"exit %d\n%s%s" % (done.returncode, done.stdout, done.stderr)


KINDS = {"imap": ImapWire, "pop3": Pop3Wire, "sieve": SieveWire, "lmtp": LmtpWire,
         "doveadm": DoveadmWire}
