"""A web server by HTTPS whose hosts answer as the tests want, down to the byte."""

import contextlib
import hashlib
import socket
import ssl
import threading
import warnings
from dataclasses import dataclass

from network import loopback

ZBASE32 = "ybndrfg8ejkmcpqxot1uwisza345h769"
DIRECT, ADVANCED = "/.well-known/openpgpkey/hu/{}", "/.well-known/openpgpkey/{}/hu/{}"


def wkd_hash(local_part):
    """draft-koch-openpgp-webkey-service section 3.1"""
    digest = hashlib.sha1(local_part.encode()).digest()
    bits = "".join(f"{byte:08b}" for byte in digest)
    return "".join(ZBASE32[int(bits[pos:pos + 5], 2)] for pos in range(0, 160, 5))


def response(status, body=b"", *fields, length=True):
    """The bytes of one."""
    fields = [*fields, f"Content-Length: {len(body)}"] if length else fields
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status} Text", *fields, ""))
    return head.encode() + body


@dataclass(frozen=True)
class Request:
    host: str
    target: str          # as it stands in the request
    fields: dict


class Web:
    """Listens at an address of its own. `answers` is {host: bytes, or a function of the request
    and of a `send` function, which may wait on `web.closing`}; the connection ends after them
    unless the host is in `keeps`."""

    def __init__(self, answers, context=None, port=443):
        self.answers = answers
        self.context = context
        self.requests = []
        self.connections = 0
        self.closing = threading.Event()
        self.keeps = set()
        self._listener, self.address = loopback(port=port)
        self._listener.listen(100)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def hosts(self):
        """Lines of a zone file."""
        return [f"{host}. A {self.address}" for host in self.answers]

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.settimeout(120)
        with contextlib.suppress(OSError), connection:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            self.connections += 1
            with connection:
                while self._answer(connection):
                    pass

    def _answer(self, connection):
        head = b""
        while b"\r\n\r\n" not in head:
            got = connection.recv(4096)
            if not got:
                return False
            head += got
        first, *lines = head.decode().split("\r\n\r\n")[0].split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines)
        request = Request(fields["host"], first.split(" ")[1], fields)
        self.requests.append(request)
        answer = self.answers[request.host]
        if callable(answer):
            answer(request, connection.sendall)
        else:
            connection.sendall(answer)
        if request.host in self.keeps:
            return True
        if self.context:
            connection.unwrap()
        return False


def tls(certificate_file, versions=None):
    """A server's context; `versions` is the oldest and the newest."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if versions:
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():  # old ones are what is wanted
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version, context.maximum_version = versions
    context.load_cert_chain(certificate_file)
    return context
