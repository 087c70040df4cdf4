"""Connections to a server, and their end."""

import contextlib
import socket

PATIENCE = 120                       # seconds for an answer


def tcp(port, address="127.0.0.1", source=""):
    made = socket.create_connection((address, port), timeout=PATIENCE,
                                    source_address=(source, 0))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def unix(path):
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(PATIENCE)
    made.connect(str(path))
    return made


def end(connected):
    """Say that nothing more comes, and wait until the server has closed it.

    By then it has closed the mailbox and sent the last lines to the log.
    """
    with contextlib.suppress(OSError):
        connected.shutdown(socket.SHUT_WR)
        while connected.recv(1 << 16):
            pass
