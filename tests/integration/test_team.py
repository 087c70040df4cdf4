"""Team mailboxes: in a public namespace, sealed to all members, whoever puts something there."""

import os

import pytest

import mail
from dovecot import Dovecot, User

MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")
SIEVE = "\n".join(["require [\"fileinto\"];"] + [
    f'if header :contains "Subject" "[{name}]" {{ fileinto "Public/{name}"; stop; }}'
    for name in ("CERT", "Open", "Mixed", "Gone")])


def public(server, *names):
    """Mailboxes in Public/ that everybody may write to."""
    root = server.site.public_maildir
    for name in names:
        mailbox = root / f".{name.replace('/', '.')}"
        mailbox.mkdir(parents=True)
        (mailbox / "dovecot-acl").write_text("authenticated lrwstipekxa\n")
    uid = server.uid("alice")
    for folder, _folders, files in os.walk(root):
        for path in (folder, *(os.path.join(folder, file) for file in files)):
            os.chown(path, uid, uid)


def give(server, name, *certificates):
    """A source of certificates."""
    file = server.folder / name
    file.write_bytes(b"".join(certificates))
    file.chmod(0o644)


@pytest.fixture(scope="module")
def server(keys):
    users = [
        User("alice", keys.alice.certificate, sieve=SIEVE),     # a member
        User("carol", keys.carol.certificate, sieve=SIEVE),     # not one
        User("keyless", sieve=SIEVE),
        User("off", settings={"mail_seal_keys": "none"}, sieve=SIEVE),
        User("excluding", keys.carol.certificate, settings={"mail_seal_exclude": "*"}, sieve=SIEVE),
    ]
    groups = {"CERT": "file:FOLDER/cert.asc", "info*": "file:FOLDER/info.asc",
              "info-open": "none"}
    with Dovecot(users, shared=True, plugins=("sieve",), groups=groups,
                 more="protocol lmtp {\n  lmtp_save_to_detail_mailbox = yes\n}") as dovecot:
        give(dovecot, "cert.asc", keys.alice.certificate, keys.bob.certificate)
        give(dovecot, "info.asc", keys.bob.certificate)
        public(dovecot, "CERT", "Open", "info", "info-1", "info-open")
        yield dovecot


def stored(server, name, user="alice"):
    with server.imap(user) as client:
        messages = client.messages(f"Public/{name}")
        client.command("STORE 1:* +FLAGS (\\Deleted)")
        client.command("EXPUNGE")
    assert len(messages) == 1, f"{len(messages)} messages"
    return messages[0]


EVERYBODY = ["alice", "carol", "keyless", "off", "excluding"]


@pytest.mark.parametrize("user", EVERYBODY)
def test_append(server, gnupg, keys, user):
    with server.imap(user) as client:
        assert client.append("Public/CERT", MESSAGE).ok
    mail.check_sealed(stored(server, "CERT"), MESSAGE, gnupg, keys.alice, keys.bob,
                      delivered=False)


@pytest.mark.parametrize("user", EVERYBODY)
def test_sieve(server, gnupg, keys, user):
    message = mail.text(b"Hello\r\n", subject="[CERT] alarm")
    assert server.deliver(message, user)[0].code == 250
    mail.check_sealed(stored(server, "CERT"), message, gnupg, keys.alice, keys.bob)


@pytest.mark.parametrize("name, key", [("info", "bob"), ("info-1", "bob"), ("info-open", None),
                                       ("Open", None)])
def test_patterns(server, gnupg, keys, name, key):
    with server.imap("carol") as client:
        assert client.append(f"Public/{name}", MESSAGE).ok
    message = stored(server, name)
    if key is None:
        mail.check_unchanged(message, MESSAGE, delivered=False)
    else:
        mail.check_sealed(message, MESSAGE, gnupg, getattr(keys, key), delivered=False)
