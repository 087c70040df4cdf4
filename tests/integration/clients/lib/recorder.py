"""Stands between a browser and its web server and keeps every byte that the browser sends."""

import threading
import urllib.parse

from relay import Relay


class Recorder(Relay):
    def __init__(self, port):
        self._sent = []
        self._lock = threading.Lock()
        super().__init__(port)

    def forget(self):
        with self._lock:
            self._sent.clear()

    def sent(self):
        """All that went to the server since forget(), and the same with %41 and + resolved."""
        with self._lock:
            raw = b"\n".join(map(bytes, self._sent))
        return raw + urllib.parse.unquote_to_bytes(raw.replace(b"+", b" "))

    def _to_server(self, client, server):
        kept = bytearray()
        with self._lock:
            self._sent.append(kept)
        while data := client.recv(1 << 16):
            with self._lock:
                kept.extend(data)
            server.sendall(data)
