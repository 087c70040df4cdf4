"""A small IMAP client that leaves the wire in the test's hands.

imaplib knows neither non-synchronising nor binary literals, nor MULTIAPPEND
or CATENATE, and can't be made to send one byte at a time.
"""

import re
import socket
from dataclasses import dataclass, field


@dataclass
class Literal:
    """A literal of a command; `piece` bytes go into each TCP segment."""
    data: bytes
    sync: bool = True
    binary: bool = False
    piece: int = 1 << 20

    def announcement(self):
        return b"%s{%d%s}" % (b"~" if self.binary else b"", len(self.data),
                              b"" if self.sync else b"+")


@dataclass
class Response:
    status: str
    text: str
    untagged: list = field(default_factory=list)

    @property
    def ok(self):
        return self.status == "OK"

    def code(self, name):
        """The words after `name` in the response code: [APPENDUID 1 2] -> ["1", "2"]."""
        lines = [self.text, *(line.decode(errors="replace") for line in self.untagged)]
        for line in lines:
            if found := re.search(rf"\[{name}([^\]]*)\]", line):
                return found[1].split()
        return None


class Imap:
    def __init__(self, port, user, password, source="", before=()):
        """From the address `source`, with these commands `before` the LOGIN."""
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=120,
                                               source_address=(source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._input = self.socket.makefile("rb")
        self._tag = 0
        self._input.readline()
        for command in before:
            self.must(command)
        self.login = self.command(f"LOGIN {user} {password}")

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.close()

    def close(self):
        self._input.close()
        self.socket.close()

    def command(self, *parts):
        """Send a command of strings and Literals and return its Response.

        When the server refuses before a synchronising literal, the rest of
        the command is not sent, as RFC 9051 wants.
        """
        self._tag += 1
        tag = b"a%d" % self._tag
        untagged = []
        self.socket.sendall(tag + b" ")
        for part in parts:
            if isinstance(part, str):
                self.socket.sendall(part.encode())
                continue
            self.socket.sendall(part.announcement() + b"\r\n")
            if part.sync and (refusal := self._read_until(tag, untagged, continuation=True)):
                return refusal
            self._send_pieces(part)
        self.socket.sendall(b"\r\n")
        return self._read_until(tag, untagged)

    def must(self, *parts):
        """command() for steps that aren't what the test is about."""
        response = self.command(*parts)
        assert response.ok, response
        return response

    def append(self, mailbox, message, options="", **literal_options):
        return self.command(f'APPEND "{mailbox}" {options}', Literal(message, **literal_options))

    def select(self, mailbox="INBOX"):
        return self.must(f'SELECT "{mailbox}"')

    def fetch(self, which, items):
        """FETCH (or UID FETCH as `which` says) and return {sequence number: {item: value}}."""
        response = self.must(f"FETCH {which} ({items})")
        found = {}
        for line in response.untagged:
            if match := re.match(rb"\* (\d+) FETCH ", line):
                values = _parse(line[match.end():])[0]
                found[int(match[1])] = dict(zip(map(_item_name, values[::2]), values[1::2]))
        return found

    def messages(self, mailbox="INBOX"):
        """All messages of a mailbox as the server gives them: with CRLF line ends."""
        exists = [line for line in self.select(mailbox).untagged if line.endswith(b" EXISTS\r\n")]
        if exists == [b"* 0 EXISTS\r\n"]:
            return []
        return [items["BODY[]"] for _, items in sorted(self.fetch("1:*", "BODY.PEEK[]").items())]

    def _send_pieces(self, literal):
        for start in range(0, len(literal.data), literal.piece):
            self.socket.sendall(literal.data[start:start + literal.piece])

    def _read_until(self, tag, untagged, continuation=False):
        """Read to the tagged response, or to a continuation request: then return None."""
        while True:
            line = self._read_response()
            if continuation and line.startswith(b"+"):
                return None
            if line.startswith(tag + b" "):
                _, status, text = line.decode(errors="replace").rstrip("\r\n").split(" ", 2)
                return Response(status, text, untagged)
            untagged.append(line)

    def _read_response(self):
        """One response: a line, and with each literal in it that literal and the next line."""
        response = self._input.readline()
        if not response:
            raise ConnectionError("the IMAP server closed the connection")
        line = response
        while literal := re.search(rb"\{(\d+)\}\r\n$", line):
            line = self._input.read(int(literal[1]))
            response += line
            line = self._input.readline()
            response += line
        return response


def _item_name(item):
    return item.decode().upper()


_TOKEN = re.compile(rb"""\s*(?:
    (?P<open>\() | (?P<close>\))
  | "(?P<quoted>(?:[^"\\]|\\.)*)"
  | ~?\{(?P<literal>\d+)\}\r\n
  | (?P<atom>[^\s()"{\[]+(?:\[[^\]]*\])?[^\s()"{\[]*)  # also BODY[1]
)""", re.VERBOSE)


def _parse(data):
    """IMAP data as nested lists of bytes and None (NIL)."""
    stack, position = [[]], 0
    while token := _TOKEN.match(data, position):
        position = token.end()
        if token["open"]:
            stack.append([])
        elif token["close"]:
            closed = stack.pop()
            stack[-1].append(closed)
        elif token["literal"]:
            end = position + int(token["literal"])
            stack[-1].append(data[position:end])
            position = end
        elif token["quoted"] is not None:
            stack[-1].append(re.sub(rb"\\(.)", rb"\1", token["quoted"]))
        else:
            stack[-1].append(None if token["atom"].upper() == b"NIL" else token["atom"])
    return stack[0]
