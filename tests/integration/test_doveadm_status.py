"""doveadm seal status: how much of a user's mail is sealed, and to whom."""

import pytest

import mail
from dovecot import Dovecot, User

MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")
CLASSES = ("sealed", "encrypted", "plaintext", "excluded")


@pytest.fixture(scope="module")
def server(keys):
    users = [User("alice", keys.alice.certificate + keys.bob.certificate),
             User("keyless"), User("nobody", settings={"mail_seal_keys": "none"}),
             User("bare", keys.alice.certificate, settings={"mail_plugins": "notify"})]
    with Dovecot(users, seal={"mail_seal_exclude": "\\Drafts"}) as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def emptied(server):
    server.empty("alice", "keyless", "nobody")


def status(server, user, *masks, options=()):
    return {row["mailbox"]: row
            for row in server.doveadm_rows("seal", "status", *options, "-u", user, *masks)}


def counts(row):
    return tuple(int(row[name]) for name in CLASSES)


def test_counts_every_class(server, gnupg, keys):
    encrypted = mail.pgp_mime(gnupg.encrypt(b"secret", keys.carol))
    with server.imap("alice") as client:
        for message in (MESSAGE, MESSAGE, encrypted):
            assert client.append("INBOX", message).ok
        assert client.append("Drafts", MESSAGE).ok
    found = status(server, "alice")
    assert counts(found["INBOX"]) == (2, 1, 0, 0)
    assert counts(found["Drafts"]) == (0, 0, 0, 1)
    assert sorted(found["INBOX"]["keys"].split()) == sorted(
        f"{key.fingerprint}:2" for key in (keys.alice, keys.bob))
    assert found["Drafts"]["keys"] == ""


@pytest.mark.parametrize(("user", "expected"), [("keyless", (0, 0, 1, 0)),
                                                ("nobody", (0, 0, 0, 1))])
def test_without_key(server, user, expected):
    with server.imap(user) as client:
        assert client.append("INBOX", MESSAGE).ok
    assert counts(status(server, user)["INBOX"]) == expected


def test_sizes(server):
    with server.imap("keyless") as client:
        assert client.append("INBOX", MESSAGE).ok
    row = status(server, "keyless")["INBOX"]
    assert int(row["plaintext_vsize"]) == len(MESSAGE)
    assert int(row["plaintext_psize"]) == len(mail.lf(MESSAGE))
