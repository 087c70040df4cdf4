"""Thunderbird behind Postfix and Dovecot: what its user sees of sealed mail."""

import email
import email.policy
import email.utils

import pytest

import mail
from dovecot import User
from mailhost import MailHost
from sandbox import wait_until
from thunderbird import Thunderbird

SUBJECT = "Lunch on Friday"
TEXT = "Shall we meet at one?\n\nAlice"
FILES = {"note.txt": b"Bring the plan.\n"}


def letter(content_type, parts, sender="friend@example.net"):
    """A message of today; Thunderbird compares its date with that of its signature."""
    head = (f"From: {sender}\r\nTo: alice@example.org\r\nSubject: {SUBJECT}\r\n"
            f"Date: {email.utils.formatdate()}\r\nMessage-ID: {email.utils.make_msgid()}\r\n"
            f'MIME-Version: 1.0\r\nContent-Type: {content_type}; boundary="frontier"\r\n\r\n')
    return head.encode() + mail.multipart_body("frontier", parts)


TEXT_PART = mail.part("text/plain", mail.crlf(TEXT.encode()))
MESSAGE = letter("multipart/mixed", [
    TEXT_PART, b'Content-Type: text/plain; name="note.txt"\r\n'
    b'Content-Disposition: attachment; filename="note.txt"\r\n\r\n' + FILES["note.txt"]])


def signed(gnupg, key):
    """A PGP/MIME signed message (RFC 3156) of this key's owner."""
    signature = mail.crlf(gnupg.sign_detached(TEXT_PART, key))
    return letter('multipart/signed; micalg="pgp-sha512"; protocol="application/pgp-signature"',
                  [TEXT_PART, mail.part("application/pgp-signature", signature)], key.address)


SERVER_SETTINGS = """
namespace inbox {
  mailbox Drafts {
    auto = subscribe
  }
  mailbox Sent {
    auto = subscribe
    special_use = \\Sent
  }
  mailbox Trash {
    auto = subscribe
    special_use = \\Trash
  }
}
"""


@pytest.fixture(scope="module", params=["", "Subject"], ids=["subject outside", "subject inside"])
def host(request, keys, tls, elsewhere):
    seal = {"mail_seal_protect_headers": request.param} if request.param else {}
    users = [User("alice", keys.alice.certificate), User("bob", keys.bob.certificate)]
    with MailHost(users, tls, elsewhere, seal=seal, more=SERVER_SETTINGS) as host:
        host.outer_subject = "[...]" if request.param else SUBJECT
        yield host


@pytest.fixture(autouse=True)
def empty(host):
    host.empty("alice", "bob")


@pytest.fixture
def thunderbird(host, elsewhere):
    with Thunderbird(host, "alice", elsewhere) as thunderbird:
        yield thunderbird


@pytest.fixture
def alice(thunderbird, gnupg, keys):
    """Thunderbird with Alice's secret key, chosen for her account."""
    thunderbird.call("addSecretKey", gnupg.export_secret(keys.alice.fingerprint).decode(),
                     keys.alice.fingerprint)
    thunderbird.call("chooseKey", keys.alice.fingerprint)
    return thunderbird


@pytest.fixture
def note(tmp_path):
    """A file to attach."""
    file = tmp_path / "note.txt"
    file.write_bytes(FILES[file.name])
    return file


def content(gnupg, stored):
    """(subject, text, {attachment: bytes}) of a sealed message."""
    entity = gnupg.decrypt(mail.unseal(stored).armor).data
    outside = email.message_from_bytes(stored, policy=email.policy.default)
    inside = email.message_from_bytes(entity, policy=email.policy.default)
    text = mail.lf(inside.get_body(("plain",)).get_payload(decode=True)).decode().strip()
    files = {part.get_filename(): mail.lf(part.get_payload(decode=True))
             for part in inside.iter_attachments()}
    return inside["subject"] or outside["subject"], text, files


def outer_subject(stored):
    return email.message_from_bytes(stored)["subject"]


def check_quiet(thunderbird):
    """Nothing to complain about for the user."""
    assert (thunderbird.call("dialogs"), thunderbird.call("warnings")) == ([], [])


SEEN = {"subject": SUBJECT, "body": TEXT, "attachments": ["note.txt"],
        "encrypted": "message-encrypted-ok.svg", "signed": "", "notices": []}


def test_sent_message_and_its_copy(host, alice, gnupg, note):
    alice.call("compose", "bob@example.org", SUBJECT, TEXT, [str(note)])
    alice.send()
    host.postfix.wait_until_empty()
    for stored in (host.message("bob"), host.message("alice", "Sent")):
        assert content(gnupg, stored) == (SUBJECT, TEXT, FILES)
        assert outer_subject(stored) == host.outer_subject
    assert alice.open("Sent") == SEEN
    check_quiet(alice)
    alice.restart(forget=True)
    assert alice.open("Sent") == SEEN
    check_quiet(alice)


def test_received_message(host, alice):
    host.smtp(MESSAGE, "alice@example.org")
    host.postfix.wait_until_empty()
    assert alice.open("INBOX") == SEEN
    alice.restart(forget=True)
    assert alice.open("INBOX") == SEEN
    check_quiet(alice)


def test_signature_inside_is_verified(host, alice, gnupg, keys):
    alice.call("acceptKey", keys.bob.certificate.decode())
    host.smtp(signed(gnupg, keys.bob), "alice@example.org")
    host.postfix.wait_until_empty()
    seen = alice.open("INBOX")
    assert seen["signed"] == "message-signed-verified.svg"
    assert (seen["subject"], seen["body"]) == (SUBJECT, TEXT)


def test_without_the_secret_key(host, thunderbird):
    host.smtp(MESSAGE, "alice@example.org")
    host.postfix.wait_until_empty()
    seen = thunderbird.open("INBOX")
    assert TEXT not in seen["body"]
    assert seen["encrypted"] == "message-encrypted-notok.svg"


# Drafts. Thunderbird encrypts them itself when it has a key and isn't told not to.

DRAFT_SETTINGS = {"sealed by the server": False, "encrypted by Thunderbird": True}


@pytest.fixture(params=DRAFT_SETTINGS.values(), ids=DRAFT_SETTINGS.keys())
def draft(request, host, alice, note):
    """A draft with an attachment, saved, and the window closed."""
    alice.call("encryptDrafts", request.param)
    alice.call("compose", "friend@example.net", SUBJECT, TEXT, [str(note)])
    alice.call("begin", "cmd_saveAsDraft")
    assert wait_until(lambda: host.messages("alice", "Drafts"), 60, 0.5)
    alice.wait("isSaved")
    alice.call("closeCompose")
    alice.wait("noWindows")
    assert mail.is_sealed(host.message("alice", "Drafts")) != request.param
    return alice


def test_draft_goes_on_after_restart(host, draft, elsewhere):
    draft.restart(forget=True)
    draft.open("Drafts")
    window = draft.call("editDraft")
    assert (window["subject"], window["body"], window["attachments"]) == (
        SUBJECT, TEXT, ["note.txt"])
    assert not window["encrypt"]
    draft.send()
    sent = email.message_from_bytes(elsewhere.wait_for("friend@example.net"),
                                    policy=email.policy.default)
    assert sent["subject"] == SUBJECT
    assert [part.get_filename() for part in sent.iter_attachments()] == ["note.txt"]
    check_quiet(draft)


# Replies

def test_reply_without_the_correspondents_key(host, alice, elsewhere):
    host.smtp(MESSAGE, "alice@example.org")
    host.postfix.wait_until_empty()
    alice.open("INBOX")
    window = alice.call("reply")
    assert window["encrypt"]
    assert window["subject"] == f"Re: {SUBJECT}"
    assert "> Shall we meet at one?" in window["body"]
    assert window["notices"] == [
        "End-to-end encryption requires resolving key issues for friend@example.net."]

    alice.call("begin", "cmd_sendNow")
    alice.wait("dialogsWith", "Cannot Encrypt")
    assert elsewhere.received == []
    alice.call("pressInDialog", "Close")
    alice.call("pressNotice", "Do Not Encrypt")
    assert not alice.call("composed")["encrypt"]
    alice.send()
    assert b"> Shall we meet at one?" in elsewhere.wait_for("friend@example.net")
    assert mail.is_sealed(host.message("alice", "Sent"))
    check_quiet(alice)


def test_reply_with_the_correspondents_key(host, alice, keys):
    alice.call("acceptKey", keys.bob.certificate.decode())
    host.smtp(letter("multipart/mixed", [TEXT_PART], "bob@example.org"), "alice@example.org")
    host.postfix.wait_until_empty()
    alice.open("INBOX")
    window = alice.call("reply")
    assert (window["encrypt"], window["notices"]) == (True, [])
    alice.send()
    host.postfix.wait_until_empty()
    assert not mail.is_sealed(host.message("bob")), "encrypted twice"
    assert alice.open("Sent", "...")["subject"] == f"Re: {SUBJECT}"


# What the server refuses

OUR_SENTENCE = "Message not stored: the encryption key of this mailbox can't be used: it has expired"


def test_refused_copy_shows_our_sentence(host, alice, keys, gnupg, elsewhere):
    expired = gnupg.generate_expired("alice@example.org").certificate
    host.give("alice", host.keys_file("alice"), expired)
    try:
        alice.call("compose", "friend@example.net", SUBJECT, TEXT, [])
        alice.call("begin", "cmd_sendNow")
        # On a desktop that has notifications it is one, here a dialog; kept in both cases.
        assert OUR_SENTENCE in alice.wait("warnings")[0]
        if OUR_SENTENCE in alice.wait("dialogs")[0]:
            alice.call("pressInDialog", "OK")
        dialog = alice.wait("dialogsWith", "sent folder")[0]
        assert "Your message was sent but a copy was not placed in your sent folder" in dialog
        elsewhere.wait_for("friend@example.net")
        assert host.messages("alice", "Sent") == []
    finally:
        host.give("alice", host.keys_file("alice"), keys.alice.certificate)
    alice.call("pressInDialog", "Retry")
    alice.wait("noWindows")
    assert mail.is_sealed(host.message("alice", "Sent"))
