"""Resolvers that don't do what they should, between us and a name server that does."""

import contextlib
import random
import socket
import threading

RESPONSE, TRUNCATED, AUTHENTIC = 0x8000, 0x0200, 0x0020
SERVFAIL, REFUSED = 2, 5
HEADER = 12
CERTIFICATES = 53, 61  # SMIMEA, OPENPGPKEY


def flags(message, on=0, off=0):
    value = (int.from_bytes(message[2:4], "big") | on) & ~off
    return message[:2] + value.to_bytes(2, "big") + message[4:]


def only_question(message):
    """Without its other sections."""
    end = message.index(b"\0", HEADER) + 5
    return message[:4] + b"\0\1" + bytes(6) + message[HEADER:end]


class Resolver:
    """Asks the name server, and answers what answer(query, ask) returns; None: nothing."""

    def __init__(self, port, answer):
        self._port = port
        self._answer = answer
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1@%d" % self._socket.getsockname()[1]
        self.asked = threading.Event()
        self.queries = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                query, client = self._socket.recvfrom(65535)
                if not query:
                    return
                self.queries += 1
                self.asked.set()
                if (answer := self._answer(query, self._ask)) is not None:
                    self._socket.sendto(answer, client)

    def _ask(self, query):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as upstream:
            upstream.settimeout(120)
            upstream.sendto(query, ("127.0.0.1", self._port))
            return upstream.recv(65535)

    def close(self):
        # wakes it up
        self._socket.sendto(b"", self._socket.getsockname())


def silent(_query, _ask):
    return None


def failing(query, _ask):
    return flags(only_question(query), RESPONSE | SERVFAIL)


def refusing(query, _ask):
    return flags(only_question(query), RESPONSE | REFUSED)


def without_dnssec(query, ask):
    """One that doesn't know of it: the extension isn't passed on, so no signatures come."""
    return ask(only_question(query))


def authenticating(query, ask):
    """Says that it has validated all, and has nothing to show for it."""
    return flags(ask(only_question(query)), AUTHENTIC)


def saying_authentic(query, ask):
    """Says that it has validated what nobody has signed."""
    return flags(ask(query), AUTHENTIC)


def erring(query, ask):
    """What it has, with a code for which nobody validates: RFC 6672's YXDOMAIN."""
    return flags(ask(only_question(query)), 6)


def erring_in_the_end(query, ask):
    """Only where a certificate is, so that all that leads there is secure."""
    answer, kind = ask(query), query[query.index(b"\0", HEADER) + 1:][:2]
    there = answer[3] & 15 == 0 and int.from_bytes(kind, "big") in CERTIFICATES
    return flags(answer, 6) if there else answer


def denying(query, _ask):
    """Says that there is no such name."""
    return flags(only_question(query), RESPONSE | AUTHENTIC | 3)


def emptying(query, _ask):
    return flags(only_question(query), RESPONSE | AUTHENTIC)


def cutting(query, _ask):
    """To be asked by TCP, where nobody is."""
    return flags(only_question(query), RESPONSE | TRUNCATED)


def mistaking(query, ask):
    """Answers of another query."""
    return random.randbytes(2) + ask(query)[2:]


def mangling(query, ask):
    """Every answer ends too early."""
    answer = ask(query)
    return answer[:HEADER + (len(answer) - HEADER) // 2]


def babbling(query, _ask):
    return flags(query[:HEADER] + random.randbytes(1000), RESPONSE)


def heading(query, _ask):
    return flags(query[:HEADER], RESPONSE)
