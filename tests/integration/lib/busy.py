"""Mailboxes in which somebody else is at work."""

import contextlib
import fcntl


@contextlib.contextmanager
def locked(server, *users):
    """No run can work in their INBOX; each waits for up to five minutes."""
    with contextlib.ExitStack() as stack:
        for user in users:
            file = server.give(user, "Maildir/dovecot-mail-seal.lock", b"")
            lock = stack.enter_context(file.open("wb"))
            fcntl.lockf(lock, fcntl.LOCK_EX)
        yield
