"""Loopback ports for servers that the tests start, each given away once.

Nobody gets them by chance: they are below those that the kernel gives to
whoever asks for any. Nor do tests that run at the same time get the same: each
process has a block of them to itself as long as it lives.
"""

import random
import socket

BELOW_THE_KERNELS = range(10_000, 32_000)   # ip(7), ip_local_port_range
BLOCK = 100
_locks, _ports = [], []


def free_port():
    """A port at which nobody listens; the same number for TCP and UDP."""
    while True:
        if not _ports:
            _ports.extend(_another_block())
        if _is_free(port := _ports.pop()):
            return port


def _another_block():
    starts = list(BELOW_THE_KERNELS[::BLOCK])
    random.SystemRandom().shuffle(starts)   # no test's seed has a say in it
    for start in starts:
        lock = socket.socket(socket.AF_UNIX)    # an abstract one: it goes with the process
        try:
            lock.bind(f"\0mail-seal-ports-{start}")
        except OSError:
            lock.close()
            continue
        _locks.append(lock)
        return range(start, start + BLOCK)
    raise RuntimeError("no block of ports is left")


def _is_free(port):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
