"""Whether Dovecot's log process has written all that it was sent.

Every other process writes its lines into a pipe, and the log process puts them
into the file a moment later: an answer to a client can be there before the line
that says why.
"""

import array
import contextlib
import fcntl
import os
import termios
from pathlib import Path


def is_one(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"dovecot/log")
    except OSError:
        return False


def is_idle(pid):
    """Nothing waits in its pipes, and it sleeps: what it had read is in the file."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return not any(map(_waits, Path(f"/proc/{pid}/fd").iterdir())) and _sleeps(pid)
    return True         # it has ended


def _waits(link):
    """Whether there is something to read in this descriptor, if it is a pipe's."""
    try:
        if not os.readlink(link).startswith("pipe:"):
            return False
        if not link.lstat().st_mode & 0o400:    # the end for writing
            return False
        pipe = os.open(link, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:                   # closed meanwhile
        return False
    try:
        count = array.array("i", [0])
        fcntl.ioctl(pipe, termios.FIONREAD, count)
        return count[0] > 0
    finally:
        os.close(pipe)


def _sleeps(pid):
    # proc(5): the state comes behind the name, which is in brackets
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"
