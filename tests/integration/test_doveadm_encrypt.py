"""doveadm seal encrypt: stored plaintext becomes sealed, once, with all that belongs to it."""

import pytest

import mail
from dovecot import Dovecot, User
from stored import Mailbox, mixture, uids

MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")


@pytest.fixture(scope="module", params=["maildir", "sdbox", "mdbox", "mbox"])
def server(request, keys):
    with Dovecot([User("alice"), User("bob")], mail_format=request.param) as dovecot:
        yield dovecot


@pytest.fixture
def inbox(server, gnupg):
    server.empty("alice")
    server.keys_file("alice").unlink(missing_ok=True)
    return Mailbox(server, gnupg, "alice")


def enrol(server, keys, user="alice"):
    server.give(user, server.keys_file(user), keys.alice.certificate)


def encrypt(server, *arguments, user="alice", query=("all",), **options):
    return server.doveadm_rows("seal", "encrypt", *arguments, "-u", user, *query, **options)


def test_everything_but_the_form_stays(server, keys, inbox):
    inbox.fill(mixture(16))
    before = inbox.content()
    old_uids = uids(inbox.fetch())
    enrol(server, keys)
    row, = encrypt(server)
    assert (row["sealed"], row["encrypted"], row["failed"]) == (16, 0, 0)
    assert inbox.plaintext() == []
    assert inbox.content() == before
    assert min(uids(inbox.fetch())) > max(old_uids)
