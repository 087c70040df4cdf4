"""Stands between a browser and its web server and keeps every byte that the browser sends."""

import contextlib
import socket
import threading
import urllib.parse


class Recorder:
    """Listens on a port of the loopback interface and connects to `port`."""

    def __init__(self, port):
        self._target = port
        self._sent = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self._listener.close()

    def forget(self):
        with self._lock:
            self._sent.clear()

    def sent(self):
        """All that went to the server since forget(), and the same with %41 and + resolved."""
        with self._lock:
            raw = b"\n".join(map(bytes, self._sent))
        return raw + urllib.parse.unquote_to_bytes(raw.replace(b"+", b" "))

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                self._connect(self._listener.accept()[0])

    def _connect(self, browser):
        try:
            server = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            browser.close()
            return
        kept = bytearray()
        with self._lock:
            self._sent.append(kept)
        for source, sink, keep in ((browser, server, kept.extend), (server, browser, len)):
            threading.Thread(target=self._copy, args=(source, sink, keep), daemon=True).start()

    def _copy(self, source, sink, keep):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                with self._lock:
                    keep(data)
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
