"""Whether Dovecot's log process has written all that it was sent.

Every other process writes its lines into a pipe, and the log process puts them
into the file a moment later: an answer to a client can be there before the line
that says why.
"""

import array
import contextlib
import fcntl
import os
import re
import termios

IS_LOG, IS_MASTER = re.compile(rb"dovecot/log[\s\0]"), re.compile(rb"(\S*/)?dovecot\0")


def has_written_all(proc):
    """What was sent before this call; `proc` is /proc of the sandbox.

    Nothing waits in a pipe, and each log process sleeps: what it had read is in
    the file. After a reload there are two for a while. The master has the pipes
    of those that don't run yet.
    """
    loggers, readers = [], []
    for process in _processes(proc):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes() + b"\0"
            if IS_LOG.match(command):
                loggers.append(process)
                readers.append(process)
            elif IS_MASTER.match(command):
                readers.append(process)
    return not any(map(_waits, _pipes(readers))) and all(map(sleeps, loggers))


def _processes(proc):
    with contextlib.suppress(OSError):          # the sandbox is closed
        return list(proc.glob("[0-9]*"))
    return []


def _pipes(processes):
    """A descriptor for reading of each pipe that they have."""
    found = {}
    for process in processes:
        with contextlib.suppress(OSError):      # it has ended
            for link in (process / "fd").iterdir():
                with contextlib.suppress(OSError):
                    name = os.readlink(link)
                    if name.startswith("pipe:") and link.lstat().st_mode & 0o400:
                        found[name] = link
    return found.values()


def _waits(link):
    """Whether there is something to read in the pipe."""
    try:
        pipe = os.open(link, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:                             # closed meanwhile
        return False
    try:
        count = array.array("i", [0])
        fcntl.ioctl(pipe, termios.FIONREAD, count)
        return count[0] > 0
    except OSError:                             # and something else was opened
        return False
    finally:
        os.close(pipe)


def sleeps(process):
    """Whether it waits for something; or has ended."""
    with contextlib.suppress(OSError):
        # proc(5): the state comes behind the name, which is in brackets
        state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        return state in "SZX"
    return True
