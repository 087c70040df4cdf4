"""Saves that must keep their bytes: dsync and excluded mailboxes; and doveadm's, that needn't."""

import shutil

import pytest

import mail
from dovecot import Dovecot, User

MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")
OTHER_MESSAGE = mail.text(b"Fine, thanks.\r\n")
FILEINTO = ('require ["fileinto", "mailbox"]; '
            'if header :contains "Subject" "junk" { fileinto :create "Junk/Today"; }')


@pytest.fixture(scope="module")
def server(keys):
    users = [User("alice", keys.alice.certificate, sieve=FILEINTO),
             User("mirror", keys.alice.certificate), User("plain")]
    with Dovecot(users, plugins=("sieve",),
                 seal={"mail_seal_exclude": "\\Drafts Junk*"}) as dovecot:
        yield dovecot


@pytest.fixture
def client(server):
    server.empty("alice", "plain")
    with server.imap("alice") as imap:
        yield imap


def only(messages):
    assert len(messages) == 1, f"{len(messages)} messages"
    return messages[0]


@pytest.mark.parametrize("mailbox", ["Drafts", "Junk", "Junk/Old", "Junk-2025"])
def test_excluded(client, mailbox):
    client.command(f'CREATE "{mailbox}"')
    assert client.append(mailbox, MESSAGE).ok
    mail.check_unchanged(only(client.messages(mailbox)), MESSAGE, delivered=False)


@pytest.mark.parametrize("mailbox", ["INBOX", "My Junk", "Old/Junk", "Draft"])
def test_not_excluded(client, gnupg, keys, mailbox):
    client.command(f'CREATE "{mailbox}"')
    assert client.append(mailbox, MESSAGE).ok
    mail.check_sealed(only(client.messages(mailbox)), MESSAGE, gnupg, keys.alice, delivered=False)


def test_sieve_into_excluded(server, client, gnupg, keys):
    junk = mail.message(b"buy\r\n", subject="junk")
    assert server.deliver(junk, "alice")[0].code == 250
    mail.check_unchanged(only(client.messages("Junk/Today")), junk)
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    mail.check_sealed(only(client.messages()), MESSAGE, gnupg, keys.alice)


def test_lda_into_excluded(server, client):
    assert server.lda("alice", "-m", "Junk", message=mail.lf(MESSAGE)).returncode == 0
    mail.check_unchanged(only(client.messages("Junk")), MESSAGE)


def bytes_and_guids(folder):
    """{GUID: message} of a maildir: Dovecot's GUID is the file name's first part."""
    return {file.name.split(":")[0].split(",")[0]: file.read_bytes()
            for part in ("new", "cur") for file in (folder / part).iterdir()}


def test_dsync_keeps_bytes_and_guid(server, client):
    """Plaintext from before there was a key goes in and out as it is."""
    for message in (MESSAGE, OTHER_MESSAGE):
        assert server.deliver(message, "plain")[0].code == 250
    old, backup = server.home("mirror") / "old", server.home("mirror") / "backup"
    shutil.copytree(server.home("plain") / "Maildir", old)
    server.sandbox.run("chown", "-R", server.owner("mirror"), old)
    server.doveadm("backup", "-R", "-u", "mirror", *server.location(old))
    server.doveadm("backup", "-u", "mirror", *server.location(backup))
    before = bytes_and_guids(server.home("plain") / "Maildir")
    assert len(before) == 2
    assert bytes_and_guids(server.home("mirror") / "Maildir") == before
    assert bytes_and_guids(backup) == before


def test_doveadm_save(server, client, gnupg, keys):
    server.doveadm("save", "-u", "alice", "-m", "INBOX", input=mail.lf(MESSAGE))
    mail.check_sealed(only(client.messages()), MESSAGE, gnupg, keys.alice, delivered=False)


@pytest.mark.parametrize("command", ["move", "copy"])
def test_doveadm_out_of_excluded(server, client, gnupg, keys, command):
    assert client.append("Drafts", MESSAGE).ok
    server.doveadm(command, "-u", "alice", "INBOX", "mailbox", "Drafts", "all")
    mail.check_sealed(only(client.messages()), MESSAGE, gnupg, keys.alice, delivered=False)
    assert len(client.messages("Drafts")) == (0 if command == "move" else 1)


def test_doveadm_import(server, client, gnupg, keys):
    assert server.deliver(MESSAGE, "plain")[0].code == 250
    source = server.home("alice") / "to-import"
    shutil.copytree(server.home("plain") / "Maildir", source)
    server.sandbox.run("chown", "-R", server.owner("alice"), source)
    server.doveadm("import", "-u", "alice", f"maildir:{source}", "Imported", "all")
    imported = only(client.messages("Imported/INBOX"))
    mail.check_sealed(imported, MESSAGE, gnupg, keys.alice)
