"""A TCP relay in front of a server, by which a test makes that server's faults.

It can refuse and cut (stop), take connections and say nothing (pause), and keep
each answer back for some seconds (delay). Other than the server itself it can be
had per client: one relay for the userdb, one for the dict.
"""

import contextlib
import socket
import threading
import time

BLOCK = 65536


class Relay:
    def __init__(self, address, target):
        """Listens at `address`, leads to `target`; both are (IP, port)."""
        self.address, self.target = address, target
        self.delay = 0.0             # seconds before anything is passed on to the client
        self.connections = 0         # so far
        self.requests = 0            # blocks that clients sent; about one for each request
        self._flows = threading.Event()
        self._flows.set()
        self._lock = threading.Lock()
        self._open = set()
        self._listener = None
        self.start()

    def start(self):
        """After stop(): be there again."""
        self._listener = socket.create_server(self.address, backlog=128)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self):
        """From now on connections are refused, and those that are there end."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self):
        """End all connections; new ones may come."""
        with self._lock:
            ends, self._open = self._open, set()
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def lead_to(self, target):
        """New connections go to another server; the old ones are cut."""
        self.target = target
        self.cut()

    def pause(self):
        """Connections are taken, and nothing comes of them."""
        self._flows.clear()

    def go_on(self):
        self._flows.set()

    def close(self):
        self.go_on()
        with contextlib.suppress(OSError):
            self.stop()

    @contextlib.contextmanager
    def stopped(self):
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextlib.contextmanager
    def paused(self):
        self.pause()
        try:
            yield
        finally:
            self.go_on()

    @contextlib.contextmanager
    def slow(self, seconds):
        self.delay = seconds
        try:
            yield
        finally:
            self.delay = 0.0

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client):
        try:
            server = socket.create_connection(self.target)
        except OSError:
            client.close()
            return
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._open |= {client, server}
        threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
        self._pass(server, client, True)

    def _pass(self, source, sink, answers):
        with contextlib.suppress(OSError):
            while block := source.recv(BLOCK):
                self._flows.wait()
                if answers and self.delay:
                    time.sleep(self.delay)
                if not answers:
                    self.requests += 1
                sink.sendall(block)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        if answers:
            with self._lock:
                self._open -= {source, sink}
            # the other thread may still be in recv(), which the shutdown has ended
            source.close()
