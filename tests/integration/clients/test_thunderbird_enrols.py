"""A user with nothing but Thunderbird enrols himself, as doc/users.md shows it; its pictures."""

import re

import pytest

import mail
from dovecot import User
from letters import MESSAGE, TEXT
from mailhost import MAILBOXES, MailHost
from sandbox import wait_until
from thunderbird import FOLDERS, Thunderbird

KEYS = """
namespace inbox {
  mailbox Keys {
    auto = subscribe
  }
}
"""
WRONG = "seal-00000-00000"
CODE = re.compile(r"seal-[0-9a-z]{5}-[0-9a-z]{5}")


@pytest.fixture(scope="module")
def host(tls, elsewhere):
    seal = {"mail_seal_keys_mailbox": "Keys", "mail_seal_addresses": "alice@example.org"}
    with MailHost([User("alice")], tls, elsewhere, seal=seal, more=MAILBOXES + KEYS) as host:
        yield host


@pytest.fixture
def thunderbird(host, elsewhere, gnupg, keys):
    with Thunderbird(host, "alice", elsewhere) as thunderbird:
        thunderbird.call("addSecretKey", gnupg.export_secret(keys.alice.fingerprint).decode(),
                         keys.alice.fingerprint)
        thunderbird.call("chooseKey", keys.alice.fingerprint)
        thunderbird.call("findFolders", [*FOLDERS, "Keys"])
        yield thunderbird


def test_from_sent_to_keys(host, thunderbird, elsewhere, keep_picture, keys):
    thunderbird.call("compose", "friend@example.net", "Lunch", TEXT, [])
    thunderbird.send()
    elsewhere.wait_for("friend@example.net")
    assert not mail.is_sealed(host.message("alice", "Sent"))

    assert thunderbird.open("Sent")["body"] == TEXT
    keep_picture("sent-and-keys", thunderbird.picture())
    thunderbird.call("beginDrag", "Sent", "Keys")
    assert wait_until(lambda: len(host.messages("alice", "Keys")) == 1)
    assert wait_until(lambda: host.messages("alice", "Sent") == [])
    assert not host.keys_file("alice").exists()

    seen = thunderbird.open("INBOX")
    assert seen["encrypted"] == "message-encrypted-ok.svg"
    [code] = CODE.findall(seen["body"])
    keep_picture("challenge", thunderbird.picture())

    thunderbird.call("compose", "alice@example.org", WRONG, "", [])
    thunderbird.call("begin", "cmd_sendNow")
    thunderbird.wait("dialogsWith", "This isn't the code that is awaited")
    thunderbird.call("pressInDialog", "OK")
    thunderbird.wait("noWindows")
    host.postfix.wait_until_empty()
    assert len(host.messages("alice", "Sent")) == 1

    assert not thunderbird.call("compose", "alice@example.org", code, "", [])["encrypt"]
    keep_picture("code-as-subject", thunderbird.picture("messengercompose.xhtml"))
    thunderbird.send()
    host.postfix.wait_until_empty()
    assert wait_until(host.keys_file("alice").exists)
    assert thunderbird.call("dialogs") == []

    host.empty("alice")
    host.smtp(MESSAGE, "alice@example.org")
    host.postfix.wait_until_empty()
    assert keys.alice.fingerprint in mail.unseal(host.message("alice")).fingerprints
    assert thunderbird.open("INBOX")["body"] == TEXT


def test_refused(host, thunderbird, elsewhere):
    """A message without a certificate: our sentence, and the message stays where it is."""
    host.empty("alice")
    with host.imap("alice") as client:
        assert client.append("Sent", mail.text(b"Hello.\r\n", "No key")).ok
    thunderbird.call("update", "Sent")
    thunderbird.call("beginDrag", "Sent", "Keys")
    assert "Certificate not stored: there is no certificate in the message" in thunderbird.alert()
    assert len(host.messages("alice", "Sent")) == 1
    assert host.messages("alice", "Keys") == []
