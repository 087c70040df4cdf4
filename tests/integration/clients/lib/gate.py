"""Stands between a mail program and its Dovecot; a command fails when the test wants it."""

import re
import threading

from relay import Relay

LITERAL = re.compile(rb"\{(\d+)\+?\}\r\n$")


class Gate(Relay):
    def __init__(self, port):
        self._lock = threading.Lock()
        self._failing = None
        self.failed = []             # the commands that did
        super().__init__(port)

    def fail(self, pattern, how):
        """The next command that has this in its first line: it gets a NO, or "hang up"."""
        with self._lock:
            self.failed.clear()
            self._failing = re.compile(pattern.encode()), how

    def let_pass(self):
        with self._lock:
            self._failing = None

    def _to_server(self, client, server):
        with client.makefile("rb") as lines:
            while line := lines.readline():
                how = self._fails(line)
                if how == "hang up":
                    return
                if how:
                    client.sendall(line.split()[0] + b" NO [SERVERBUG] Internal error.\r\n")
                    continue
                server.sendall(line)
                while literal := LITERAL.search(line):
                    server.sendall(lines.read(int(literal[1])))
                    line = lines.readline()
                    server.sendall(line)

    def _fails(self, line):
        with self._lock:
            if not self._failing or not self._failing[0].search(line):
                return None
            how, self._failing = self._failing[1], None
            self.failed.append(line)
            return how
