"""The way of a new user through Thunderbird, as doc/users.md shows it; takes its pictures."""

import pytest

import mail
from dovecot import User
from letters import FILES, MESSAGE, SUBJECT, TEXT
from mailhost import MAILBOXES, MailHost
from thunderbird import Thunderbird


@pytest.fixture
def host(tls, elsewhere):
    """A new one each time, which has no older key to write to the owner about."""
    with MailHost([User("alice")], tls, elsewhere, more=MAILBOXES) as host:
        yield host


@pytest.fixture
def thunderbird(host, elsewhere):
    with Thunderbird(host, "alice", elsewhere) as thunderbird:
        yield thunderbird


def receive(host):
    host.smtp(MESSAGE, "alice@example.org")
    host.postfix.wait_until_empty()


def make_key(thunderbird, keep_picture):
    """By the assistant, to the public key as the user would export it."""
    thunderbird.call("openEncryptionSettings")
    keep_picture("settings", thunderbird.picture())
    thunderbird.call("pressInSettings", "addOpenPgpButton")
    thunderbird.call("continueTo", "wizardCreateKey")
    keep_picture("generate-key", thunderbird.picture())
    thunderbird.call("continueTo", "openPgpKeygenConfirm")
    key_id = thunderbird.call("confirmKey")
    keep_picture("key-chosen", thunderbird.picture())
    thunderbird.call("pressInSettings", "openOpenPGPKeyManagerButton")
    thunderbird.wait("hasWindow", "enigmailKeyManager.xhtml")
    keep_picture("key-manager", thunderbird.picture("enigmailKeyManager.xhtml"))
    thunderbird.call("closeWindow", "enigmailKeyManager.xhtml")
    thunderbird.call("closeSettings")
    return thunderbird.call("exportKey", key_id).encode()


def test_from_the_new_key_to_the_reply(host, thunderbird, keep_picture, elsewhere):
    host.give("alice", host.keys_file("alice"), make_key(thunderbird, keep_picture))
    receive(host)
    assert mail.is_sealed(host.message("alice"))
    seen = thunderbird.open("INBOX")
    assert (seen["subject"], seen["body"], seen["attachments"]) == (SUBJECT, TEXT, list(FILES))
    assert seen["encrypted"] == "message-encrypted-ok.svg"
    keep_picture("sealed-message", thunderbird.picture())

    assert thunderbird.call("reply")["encrypt"]
    keep_picture("reply", thunderbird.picture("messengercompose.xhtml"))
    thunderbird.call("begin", "cmd_sendNow")
    thunderbird.wait("dialogsWith", "Cannot Encrypt")
    keep_picture("cannot-encrypt", thunderbird.picture("messengercompose.xhtml"))
    thunderbird.call("pressInDialog", "Disable Encryption")
    thunderbird.wait("isUnencrypted")
    thunderbird.send()
    assert b"> Shall we meet at one?" in elsewhere.wait_for("friend@example.net")


def test_without_the_secret_key(host, thunderbird, keep_picture, keys):
    host.give("alice", host.keys_file("alice"), keys.alice.certificate)
    receive(host)
    seen = thunderbird.open("INBOX")
    assert TEXT not in seen["body"]
    assert seen["encrypted"] == "message-encrypted-notok.svg"
    keep_picture("without-the-key", thunderbird.picture())


def test_reply_when_no_key_is_chosen_for_the_account(host, thunderbird, gnupg, keys, elsewhere):
    """It decrypts, but can't encrypt the reply, which it wants to; said only when sending."""
    host.give("alice", host.keys_file("alice"), keys.alice.certificate)
    thunderbird.call("addSecretKey", gnupg.export_secret(keys.alice.fingerprint).decode(),
                     keys.alice.fingerprint)
    receive(host)
    assert thunderbird.open("INBOX")["body"] == TEXT
    window = thunderbird.call("reply")
    assert (window["encrypt"], window["notices"]) == (True, [])
    thunderbird.call("begin", "cmd_sendNow")
    thunderbird.wait("dialogsWith", "This message cannot be encrypted")
    assert elsewhere.received == []
