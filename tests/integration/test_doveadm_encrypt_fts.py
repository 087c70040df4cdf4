"""doveadm seal encrypt and full text search indexes, which hold the words of what was expunged."""

import pytest

import mail
from dovecot import Dovecot, User, dovecot_version, system_module_folder
from stored import Mailbox, date, files_with

WORD = "canarycanary"


@pytest.fixture
def server():
    """With xapian: fts_squat, which comes with Dovecot 2.3, crashes there with and without us."""
    if not list(system_module_folder().glob("lib*_fts_xapian_plugin.so")):
        pytest.skip("fts_xapian isn't installed")
    if not dovecot_version().startswith("2.3"):
        pytest.skip("its settings are others in 2.4")
    settings = {"fts": "xapian", "fts_enforced": "yes", "fts_xapian": "partial=4 full=20"}
    with Dovecot([User("alice")], plugins=("fts", "fts_xapian"), seal=settings) as dovecot:
        yield dovecot


def index(server, gnupg, keys):
    inbox = Mailbox(server, gnupg, "alice")
    inbox.fill([(mail.text(WORD.encode() + b" in the text\r\n"), "", date(1))])
    server.doveadm("index", "-u", "alice", "INBOX")
    assert found(server, "alice") == 1
    server.give("alice", server.keys_file("alice"), keys.alice.certificate)
    return inbox


def found(server, user):
    """How many messages the index finds."""
    with server.imap(user) as client:
        client.select()
        return len(client.must(f"SEARCH BODY {WORD}").untagged[0].split()) - 2


def encrypt(server):
    done = server.doveadm("seal", "encrypt", "-u", "alice", "all")
    assert b"sealed=1 " in done.stdout
    return done.stderr.decode()


def indexes(server):
    return [file for file in files_with(server.home("alice"), WORD.encode())
            if "xapian" in str(file)]


def test_forgotten(server, gnupg, keys):
    inbox = index(server, gnupg, keys)
    assert indexes(server) != []
    assert encrypt(server) == ""
    assert indexes(server) == []
    assert inbox.plaintext() == [] and found(server, "alice") == 0
