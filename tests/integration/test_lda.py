"""Delivery by dovecot-lda, from standard input and from a file."""

import pytest

import mail
from dovecot import Dovecot, User

MESSAGE = mail.lf(mail.text(b"Hello,\nhow are you? \xc3\xa9\n"))  # a local MTA's line ends
SITES = {"one-uid": {}, "system-users": {"system_users": True}}


@pytest.fixture(scope="module", params=SITES.values(), ids=SITES.keys())
def server(request, keys):
    users = [User("alice", keys.alice.certificate),
             User("filing", keys.alice.certificate,
                  sieve='require "fileinto"; fileinto "Lists";'),
             User("plain")]
    with Dovecot(users, plugins=("sieve",), **request.param) as dovecot:
        yield dovecot


@pytest.fixture
def check(server, gnupg, keys):
    def check_sealed(user, original=MESSAGE, mailbox="INBOX"):
        mail.check_sealed(server.message(user, mailbox), original, gnupg, keys.alice)
    return check_sealed


def delivered(server, user, *arguments, message=b""):
    server.empty(user)
    done = server.lda(user, *arguments, message=message)
    assert done.returncode == 0, done.stderr.decode()


def test_stdin(server, check):
    delivered(server, "alice", message=MESSAGE)
    check("alice")


def test_large_stdin(server, check):
    """Above 128 kB dovecot-lda spools to a temporary file."""
    large = MESSAGE + b"0123456789abcdef\n" * 100_000
    delivered(server, "alice", message=large)
    check("alice", large)


def test_other_mailbox(server, check):
    delivered(server, "alice", "-m", "Other", message=MESSAGE)
    check("alice", mailbox="Other")


def test_sieve_fileinto(server, check):
    delivered(server, "filing", message=MESSAGE)
    check("filing", mailbox="Lists")


def test_file_is_not_hard_linked(server, check):
    file = server.give("alice", "incoming", MESSAGE)
    delivered(server, "alice", "-p", file)
    check("alice")
    [stored] = server.maildir_files("alice")
    assert stored.stat().st_nlink == 1
    assert stored.stat().st_ino != file.stat().st_ino
    assert file.read_bytes() == MESSAGE


def test_file_of_user_without_key_is_hard_linked(server):
    """The test above means something: Dovecot does link when it may."""
    file = server.give("plain", "incoming", MESSAGE)
    delivered(server, "plain", "-p", file)
    [stored] = server.maildir_files("plain")
    assert stored.stat().st_ino == file.stat().st_ino


def test_user_without_key_keeps_plaintext(server):
    delivered(server, "plain", message=MESSAGE)
    mail.check_unchanged(server.message("plain"), MESSAGE)
