"""Stands between a client and its server: all that they say goes through it."""

import contextlib
import socket
import threading


class Relay:
    """Listens on a port of the loopback interface and connects to `port`."""

    def __init__(self, port):
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self._listener.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                self._connect(self._listener.accept()[0])

    def _connect(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            client.close()
            return
        for copy, source, sink in ((self._to_server, client, server),
                                   (self._to_client, server, client)):
            threading.Thread(target=self._run, args=(copy, source, sink), daemon=True).start()

    @staticmethod
    def _run(copy, source, sink):
        with contextlib.suppress(OSError):
            copy(source, sink)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _to_server(self, client, server):
        self._to_client(client, server)

    def _to_client(self, source, sink):
        while data := source.recv(1 << 16):
            sink.sendall(data)
