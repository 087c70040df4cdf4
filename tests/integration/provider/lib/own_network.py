"""A network of this process's own, with all loopback addresses and all ports to itself."""

import ctypes
import os
import subprocess

CLONE_NEWNET = 0x40000000


def enter():
    """Before any thread is there. What this process starts lives there, too."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "no network of our own")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def is_entered():
    routes = subprocess.run(["ip", "route"], check=True, capture_output=True).stdout
    return not routes and os.geteuid() == 0
