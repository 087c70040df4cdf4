"""Roundcube with our plugin and Debian's enigma: the owner's secret key is on the web server."""

import base64
import re

import pytest

import enrolment
import mail
from dovecot import User
from letters import FILES, SUBJECT, TEXT, TEXT_PART, letter
from roundcube import Roundcube
from webmail import Webmails
from webmail_host import (MESSAGE, NEEDLE, files_of, parsed, sealed_draft, text_of, webmail_host)

OPTIONS = {"draft_autosave": 1, "enigma_passwordless": True}


@pytest.fixture(scope="module")
def host(owners, openpgp_keys):
    with webmail_host(owners, others=[
            User("hidden", openpgp_keys.alice.certificate,
                 settings={"mail_seal_protect_headers": "Subject"}),
            User("locked", openpgp_keys.alice.certificate)]) as host:
        yield host


@pytest.fixture(scope="module")
def secret(gnupg, openpgp_keys):
    return gnupg.export_secret(openpgp_keys.alice.fingerprint)


@pytest.fixture(scope="module")
def webmail(host, secret, openpgp_keys):
    with Roundcube(host, ["enigma", "mail_seal"], **OPTIONS) as roundcube:
        for user in ("alice", "hidden"):
            roundcube.give_key(user, secret)
            roundcube.give_key(user, openpgp_keys.bob.certificate)
        with Webmails(roundcube) as webmail:
            yield webmail


@pytest.fixture(autouse=True)
def empty(host, webmail):
    host.empty(*host.users)
    webmail.roundcube.sink.received.clear()
    yield
    assert webmail.roundcube.complaints() == []


@pytest.fixture
def alice(webmail):
    return webmail("alice")


@pytest.fixture
def hidden(webmail):
    return webmail("hidden")


@pytest.fixture
def sink(webmail):
    return webmail.roundcube.sink


def check_plain(sent, *words):
    """What went out isn't encrypted, and has this in its text."""
    assert b"BEGIN PGP" not in sent and b"X-Mail-Seal" not in sent
    assert all(word in text_of(sent) for word in words)


def encrypted_by_sender(gnupg, key, entity=TEXT_PART):
    return letter('multipart/encrypted; protocol="application/pgp-encrypted"',
                  [mail.part("application/pgp-encrypted", b"Version: 1\r\n"),
                   mail.part("application/octet-stream", mail.crlf(gnupg.encrypt(entity, key)))],
                  "bob@example.org")


# Reading

def test_message_is_shown(host, alice):
    host.deliver(MESSAGE, "alice")
    seen = alice.show("INBOX")
    assert NEEDLE in seen["body"]
    assert seen["attachments"] == ["note.txt"]
    assert seen["mark"] == "Sealed by your server"


def test_list_has_the_paperclip_once_it_is_known(host, alice):
    host.deliver(MESSAGE, "alice")
    alice.show("INBOX")
    alice.list("INBOX")
    assert alice.run("return document.querySelectorAll('#messagelist .mail-seal.with-attachment')"
                     ".length") == 1


# Drafts

def test_draft_goes_on(host, alice, owners, sink):
    sealed_draft(host, "alice")
    opened = alice.edit_draft()
    assert (opened["body"].strip(), opened["attachments"]) == (TEXT, ["note.txt"])
    assert (opened["to"], opened["subject"]) == ("friend@example.net", SUBJECT)
    assert not opened["encrypt"]
    alice.type("Dear friend, ")
    alice.wait("return rcmail.env.draft_id != arguments[0]", opened["draft"])
    alice.saved()
    stored = host.message("alice", "Drafts")
    assert mail.is_sealed(stored)
    inner = owners.unsealed("alice", stored)
    assert "Dear friend, " + NEEDLE in text_of(inner)
    assert files_of(inner) == FILES

    alice.send()
    sent = sink.only()
    check_plain(sent, "Dear friend, " + NEEDLE)
    assert files_of(sent) == FILES
    assert host.messages("alice", "Drafts") == []
    assert mail.is_sealed(host.message("alice", "Sent"))


def test_draft_of_a_reply_goes_on_through_autosaves(host, alice, sink):
    host.deliver(MESSAGE, "alice")
    alice.answer("reply")
    alice.type("At one, then. ")
    alice.saved()
    alice.leave()
    opened = alice.edit_draft()
    assert "At one, then." in opened["body"] and NEEDLE in opened["body"]
    assert not opened["encrypt"]
    alice.send()
    check_plain(sink.only(), "At one, then.", NEEDLE)


def test_own_encrypted_draft_stays_encrypted(host, alice, gnupg, openpgp_keys, sink):
    """Encryption that the user has chosen isn't taken away by a save and an opening."""
    alice.compose("bob@example.org", SUBJECT, TEXT)
    alice.tick("_enigma_encrypt")
    alice.type("!")
    alice.save()
    alice.leave()
    opened = alice.edit_draft()
    assert NEEDLE in opened["body"]
    assert opened["encrypt"]
    alice.send()
    sent = sink.only()
    assert NEEDLE.encode() not in sent
    assert b"BEGIN PGP MESSAGE" in sent


# Answers

def test_reply_to_what_the_server_sealed(host, alice, sink):
    host.deliver(MESSAGE, "alice")
    opened = alice.answer("reply")
    assert not opened["encrypt"]
    assert f"> {NEEDLE}" in opened["body"]
    alice.send()
    check_plain(sink.only(), f"> {NEEDLE}")


def test_reply_to_what_its_sender_encrypted(host, alice, gnupg, openpgp_keys, sink):
    host.deliver(encrypted_by_sender(gnupg, openpgp_keys.alice), "alice")
    assert not mail.is_sealed(host.message("alice"))
    opened = alice.answer("reply")
    assert opened["encrypt"]
    assert f"> {NEEDLE}" in opened["body"]
    alice.send()
    sent = sink.only()
    assert NEEDLE.encode() not in sent
    [armor] = re.findall(rb"-----BEGIN PGP MESSAGE-----.*?-----END PGP MESSAGE-----", sent, re.S)
    assert NEEDLE.encode() in gnupg.decrypt(armor + b"\n").data


WITHIN = {
    "a part": lambda gnupg, key: [TEXT_PART, mail.pgp_mime(gnupg.encrypt(TEXT_PART, key))],
    "text": lambda gnupg, key: [mail.part("text/plain", mail.crlf(gnupg.encrypt(b"Secret", key)))],
    "attached message": lambda gnupg, key: [TEXT_PART, mail.part(
        "message/rfc822", mail.pgp_mime(gnupg.encrypt(TEXT_PART, key)))],
}


@pytest.mark.parametrize("within", WITHIN)
def test_reply_to_sealed_mail_with_something_encrypted_in_it(host, alice, gnupg, openpgp_keys,
                                                             within):
    """Part of it was encrypted by its sender: the answer opens with encryption."""
    parts = WITHIN[within](gnupg, openpgp_keys.alice)
    host.deliver(letter("multipart/mixed", parts, "bob@example.org"), "alice")
    if not mail.is_sealed(host.message("alice")):
        pytest.skip("that counts as encrypted already")
    assert alice.answer("reply")["encrypt"]


def test_forged_mark_doesnt_open_an_answer(host, alice, gnupg, openpgp_keys):
    """Its sender encrypted it, and claims that the server did."""
    forged = encrypted_by_sender(gnupg, openpgp_keys.alice)
    host.deliver(b"X-Mail-Seal: v=1; keys=" + openpgp_keys.alice.fingerprint.encode() + b"\r\n"
                 + forged, "alice")
    assert alice.answer("reply")["encrypt"]


def test_encrypt_all_is_kept(host, secret):
    """What the user has set for all messages isn't taken away."""
    with Roundcube(host, ["enigma", "mail_seal"], enigma_encrypt_all=True, **OPTIONS) as roundcube:
        roundcube.give_key("alice", secret)
        with Webmails(roundcube) as webmail:
            host.deliver(MESSAGE, "alice")
            assert webmail("alice").answer("reply")["encrypt"]


def test_edit_as_new(host, alice, sink):
    host.deliver(MESSAGE, "alice")
    opened = alice.answer("edit")
    assert (opened["body"].strip(), opened["attachments"]) == (TEXT, ["note.txt"])
    alice.fill(to="friend@example.net")
    alice.send()
    sent = sink.only()
    check_plain(sent, NEEDLE)
    assert files_of(sent) == FILES


def test_forward(host, alice, sink):
    host.deliver(MESSAGE, "alice")
    opened = alice.answer("forward-inline")
    assert NEEDLE in opened["body"]
    assert opened["attachments"] == ["note.txt"]
    alice.fill(to="friend@example.net")
    alice.send()
    sent = sink.only()
    check_plain(sent, NEEDLE)
    assert files_of(sent) == FILES
    left = [file for file in webmail_temp(alice)
            if any(content in file.read_bytes() for content in FILES.values())]
    assert left == [], "plaintext in temp_dir"


def webmail_temp(webmail):
    return [file for file in webmail.roundcube.temp.rglob("*") if file.is_file()]


def test_forward_as_attachment(host, alice, sink):
    host.deliver(MESSAGE, "alice")
    alice.answer("forward-attachment")
    assert not [text for text in alice.said() if "can't open it" in text]
    alice.fill(to="friend@example.net")
    alice.type("Look at this.")
    alice.send()
    [attached] = parsed(sink.only()).iter_attachments()
    inner = attached.get_content()
    assert inner["subject"] == SUBJECT and inner["from"] == "friend@example.net"
    assert inner["x-mail-seal"] is None
    assert text_of(inner.as_bytes()).strip() == TEXT
    assert files_of(inner.as_bytes()) == FILES


def test_encrypted_message_leaks_nothing(host, alice, gnupg, openpgp_keys, sink, tmp_path):
    """Forwarded to somebody with a key, encrypted: neither text nor attachment goes out plain."""
    host.deliver(MESSAGE, "alice")
    alice.answer("forward-inline")
    alice.fill(to="bob@example.org")
    alice.tick("_enigma_encrypt")
    alice.send()
    sent = sink.only()
    for words in (NEEDLE.encode(), b"Bring the plan.", b"note.txt"):
        assert words not in sent
        assert base64.b64encode(words)[:12] not in sent
    [armor] = re.findall(rb"-----BEGIN PGP MESSAGE-----.*?-----END PGP MESSAGE-----", sent, re.S)
    inner = gnupg.decrypt(armor + b"\n").data
    assert NEEDLE.encode() in inner and b"note.txt" in inner


# Subjects that are protected

def test_protected_subject(host, hidden, sink):
    host.deliver(MESSAGE, "hidden")
    assert parsed(host.message("hidden"))["subject"] == "[...]"
    assert SUBJECT in hidden.show("INBOX")["subject"]
    hidden.command("reply")
    opened = hidden.composed()
    assert opened["subject"] == f"Re: {SUBJECT}"
    assert not opened["encrypt"]
    hidden.send()
    assert parsed(sink.only())["subject"] == f"Re: {SUBJECT}"


@pytest.mark.parametrize("command, subject", [
    ("reply-all", f"Re: {SUBJECT}"), ("forward-inline", f"Fwd: {SUBJECT}"),
    ("forward-attachment", f"Fwd: {SUBJECT}"), ("edit", SUBJECT)])
def test_protected_subject_goes_out(host, hidden, command, subject):
    host.deliver(MESSAGE, "hidden")
    assert hidden.answer(command)["subject"] == subject


def test_protected_subject_of_a_sender_stays_inside(host, alice, gnupg, openpgp_keys):
    """What a sender protected is shown, and an answer doesn't put it outside."""
    inside = TEXT_PART.replace(b"Content-Type: text/plain",
                               b"Subject: Strictly secret\r\nContent-Type: text/plain;"
                               b' hp="cipher"', 1)
    message = encrypted_by_sender(gnupg, openpgp_keys.alice, inside).replace(
        f"Subject: {SUBJECT}".encode(), b"Subject: [...]", 1)
    host.deliver(message, "alice")
    assert "Strictly secret" in alice.show("INBOX")["subject"]
    alice.command("reply")
    opened = alice.composed()
    assert opened["encrypt"] and "Strictly secret" not in opened["subject"]


# Keys with a password

def test_locked_key(host, openpgp_keys, gnupg):
    """No password yet: the draft is refused, and the page asks for it; then it opens."""
    with Roundcube(host, ["enigma", "mail_seal"], draft_autosave=1) as roundcube:
        roundcube.give_key("locked", gnupg.export_secret(openpgp_keys.alice.fingerprint),
                           password="open sesame")
        with Webmails(roundcube) as webmail:
            old = sealed_draft(host, "locked")
            locked = webmail("locked")
            locked.list("Drafts")
            locked.double_click()
            locked.wait("return document.getElementById('mail-seal-refused')")
            assert host.message("locked", "Drafts") == old
            locked.wait("return document.querySelector('.ui-dialog input[type=password]')")
            locked.driver.find_element("css selector", ".ui-dialog input[type=password]"
                                       ).send_keys("open sesame\n")
            locked.wait("return window.rcmail && rcmail.env.action == 'compose'")
            assert locked.composed()["body"].strip() == TEXT


# Enrolment

def test_key_of_enigmas_is_enrolled(host, webmail, secret, keys, gnupg):
    key = gnupg.generate("keyless@example.org")
    webmail.roundcube.give_key("keyless", gnupg.export_secret(key.fingerprint))
    host.never_enrolled("keyless")
    keyless = webmail("keyless")
    recorder = webmail.roundcube.recorder
    keyless.go("settings", action="plugin.mail_seal")
    recorder.forget()
    keyless.driver.find_element("css selector", "#mail-seal-enigma button").click()
    keyless.wait("return (document.getElementById('mail-seal-pending') || {}).innerText")
    assert b"PRIVATE" not in recorder.sent()
    challenge = keyless.show("INBOX")["body"]
    assert enrolment.code(host, "keyless", key) in challenge
    keyless.go("settings", action="plugin.mail_seal")
    keyless.driver.find_element("id", "mail-seal-code-value").send_keys(
        enrolment.code(host, "keyless", key) + "\n")
    keyless.wait("return /New mail is encrypted/.test("
                 "(document.getElementById('mail-seal-state') || {}).innerText)")
    assert enrolment.sealed_to(host, "keyless") == [key.fingerprint]
