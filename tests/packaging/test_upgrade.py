"""The package is upgraded while Dovecot runs, mail comes in and sessions are open."""

import contextlib
import threading

import pytest

import mail
from sandbox import wait_until
from server import ALLOWED, FORBIDDEN

UPGRADED = "mail_seal was upgraded, restart Dovecot"


def numbered(number):
    return mail.text(mail.CANARY + b" %d\r\n" % number, f"number {number}")


class Deliveries(threading.Thread):
    """One message after the other; what Dovecot has taken."""

    def __init__(self, server):
        super().__init__()
        self._server, self._stop_it = server, threading.Event()
        self.taken, self.refused = [], []

    def run(self):
        number = 0
        while not self._stop_it.is_set():
            number += 1
            reply = None
            with contextlib.suppress(OSError):       # nobody listens just then
                reply = self._server.deliver(numbered(number))
            if reply is not None and reply.code == 250:
                self.taken.append(number)
            else:
                self.refused.append(reply)
                self._stop_it.wait(0.1)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_exc):
        self._stop_it.set()
        self.join()


@pytest.fixture
def older(server, key):
    """Alone: what its libraries recommend isn't needed."""
    server.apt("install", "--no-install-recommends", server.package(older=True))
    server.load_plugin()
    server.enrol(key)
    return server


def check_all_sealed(server, gnupg, key, expected):
    """Each message that was taken is there, sealed; one more may be, whose answer was lost."""
    stored = {}
    for message in server.messages():
        [subject] = [field for field in mail.split(message).fields
                     if field.lower().startswith(b"subject:")]
        number = int(subject.split()[-1])
        mail.check_sealed(message, numbered(number), gnupg, key)
        assert number not in stored
        stored[number] = message
    assert set(expected) <= stored.keys()
    assert server.plaintext() == []
    assert server.crashes() == []


def closed(client):
    """Dovecot has said goodbye, or nothing."""
    with contextlib.suppress(AssertionError, ConnectionError):
        client.must("NOOP")
        return False
    return True


def test_sessions_end_and_nothing_is_lost(older, gnupg, key):
    """Dovecot's trigger restarts it, as with every change to its modules."""
    server, version = older, older.installed("dovecot-mail-seal")
    waiting, saving = server.imap(), server.imap("alice")
    waiting.select()
    assert saving.append("INBOX", numbered(100001)).ok
    package = server.package()
    server.fetch("install", package)
    with Deliveries(server) as deliveries:
        said = server.apt("install", package)
        server.wait_until_up()
        count = len(deliveries.taken)
        while len(deliveries.taken) == count:
            pass
    assert server.installed("dovecot-mail-seal") != version
    assert "Restarting IMAP/POP3 mail server" in said
    for client in (waiting, saving):
        assert wait_until(lambda client=client: closed(client), 30), server.log()
    for reply in deliveries.refused:
        assert reply is None or 400 <= reply.code < 500
    check_all_sealed(server, gnupg, key, deliveries.taken)


def test_where_nothing_may_restart_dovecot(older, gnupg, key):
    """Old sessions refuse or go on, with all of the old version; new ones are of the new."""
    server, taken = older, []
    waiting, saving, delivering = server.imap(), server.imap(), server.lmtp()
    waiting.select()
    assert saving.append("INBOX", numbered(1)).ok
    mark = len(server.log())
    server.services(FORBIDDEN)
    server.apt("install", server.package())
    answer = waiting.append("INBOX", numbered(2))
    assert (answer.status, "Message not stored" in answer.text) == ("NO", True)
    assert saving.append("INBOX", numbered(3)).ok    # it has all of the old version
    assert UPGRADED in server.log()[mark:]
    for client in (waiting, saving):
        client.must("NOOP")
    # it loads the plugin with its first recipient, so all of it is new
    if delivering.deliver(numbered(4), "alice")[0].code == 250:
        taken.append(4)
    with server.imap() as client:
        assert client.append("INBOX", numbered(5)).ok
    assert server.deliver(numbered(6)).code == 250
    server.services(ALLOWED)
    server.restart()
    assert server.deliver(numbered(7)).code == 250
    check_all_sealed(server, gnupg, key, [1, 3, *taken, 5, 6, 7])
