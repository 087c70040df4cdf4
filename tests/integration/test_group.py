"""doveadm seal group: who is a member of a team mailbox, and with which certificates."""

import os
import re
import stat

import pytest

import mail
from dovecot import Dovecot, User
from seal_key import DATA_ERROR, NO_USER, TEMPORARY, USAGE, set_key

MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ by \S+")
NAME = "Public/CERT"


@pytest.fixture(scope="module")
def keys(openpgp_keys, x509_keys, gnupg, x509):
    openpgp_keys.dora = gnupg.generate("dora@example.org")
    return openpgp_keys


@pytest.fixture(scope="module")
def server(keys, gnupg, x509_keys):
    users = [
        User("alice", keys.alice.certificate),
        User("bob", keys.bob.certificate),
        User("carol", keys.carol.certificate),
        User("dora", keys.dora.certificate),
        User("smime", x509_keys.alice.certificate),
        User("smime2", x509_keys.bob.certificate),
        User("expired", gnupg.generate_expired("expired@example.org").certificate),
        User("revoked", gnupg.generate_revoked("revoked@example.org").certificate),
        User("keyless"),
        User("off", keys.alice.certificate, settings={"mail_seal_keys": "none"}),
        User("broken", b"no certificate at all\n"),
    ]
    groups = {"CERT": "file:FOLDER/groups/cert.asc", "info*": "file:FOLDER/groups/info.asc"}
    with Dovecot(users, shared=True, groups=groups) as dovecot:
        (dovecot.folder / "groups").mkdir(mode=0o755)
        dovecot.make_public("CERT", "info", "info-1")
        yield dovecot


@pytest.fixture(autouse=True)
def source(server):
    """The file of the group CERT, which isn't there."""
    folder = server.folder / "groups"
    for file in folder.iterdir():
        file.unlink()
    return folder / "cert.asc"


def group(server, command, *arguments, **options):
    return server.doveadm("seal", "group", command, *arguments, check=False, **options)


def rows(server, command, *arguments):
    return server.doveadm_rows("seal", "group", command, *arguments)


def members(server, name=NAME):
    """{member: [fingerprint, ...]}, in their order."""
    found = {}
    for row in rows(server, "show", name):
        found.setdefault(row["username"], []).append(row["fingerprint"])
    return found


def sealed_to(server, gnupg, name="CERT"):
    with server.imap("alice") as client:
        assert client.append(f"Public/{name}", MESSAGE).ok
        [message] = client.messages(f"Public/{name}")
        client.command("STORE 1:* +FLAGS (\\Deleted)")
        client.command("EXPUNGE")
    return mail.unseal(message).fingerprints


def test_add(server, source, keys, gnupg):
    done = rows(server, "add", NAME, "alice", "bob")
    assert [(row["username"], row["result"], row["fingerprint"]) for row in done] == [
        ("alice", "added", keys.alice.fingerprint), ("bob", "added", keys.bob.fingerprint)]
    assert all("stays unreadable" in row["note"] for row in done)
    assert members(server) == {"alice": [keys.alice.fingerprint], "bob": [keys.bob.fingerprint]}
    assert sealed_to(server, gnupg) == [keys.alice.fingerprint, keys.bob.fingerprint]
    text = source.read_text()
    assert re.findall(r"^Member: (.*)", text, re.M) == ["alice", "bob"]
    assert len(STAMP.findall(text)) == 2
    assert gnupg.gpg("--show-keys", stdin=source.read_bytes()).stdout.count(b"pub ") == 2
    assert stat.S_IMODE(source.stat().st_mode) == 0o644
