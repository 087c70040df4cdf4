"""Servers that are no LDAP directory, or a bad one, and answer down to the byte."""

import contextlib
import socket
import threading

# LDAP messages (RFC 4511): the first two answers there can be
STARTTLS_DONE = bytes.fromhex("300c02010178070a010004000400")
STARTTLS_REFUSED = bytes.fromhex("300c02010178070a010204000400")
BIND_DONE = bytes.fromhex("300c02010161070a010004000400")
# an entry (message 2) of the DN "x" without attributes
ENTRY_X = bytes.fromhex("300a0201026405") + b"\x04\x01x\x30\x00"
HUGE = bytes.fromhex("30847fffffff020102")


class Fake:
    """A server that isn't one: `serve(connection, closing)` has each connection."""

    def __init__(self, serve, tls=None):
        self._serve, self._tls = serve, tls
        self.connections = 0
        self.closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        connection.settimeout(120)
        with contextlib.suppress(OSError), connection:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                self._serve(connection, self.closing)


def silent(_connection, closing):
    closing.wait(120)


def dropped(_connection, _closing):
    pass


def answers(*pieces, then=silent):
    """Each piece after something was read."""
    def serve(connection, closing):
        for piece in pieces:
            connection.recv(4096)
            connection.sendall(piece)
        then(connection, closing)
    return serve


def trickles(data):
    """An octet at a time, for ever."""
    def serve(connection, closing):
        for octet in data:
            connection.sendall(bytes([octet]))
            if closing.wait(0.3):
                return
        closing.wait(120)
    return serve


def endless(piece):
    def serve(connection, closing):
        connection.recv(4096)
        while not closing.is_set():
            connection.sendall(piece)
    return serve
