"""Roundcube with our plugin and Debian's enigma: the owner's secret key is on the web server."""

import re

import pytest

import enrolment
import mail
from dovecot import User
from letters import FILES, SUBJECT, TEXT, TEXT_PART, letter
from roundcube import Roundcube
from webmail import Webmails
from webmail_host import (MESSAGE, NEEDLE, check_plain, encrypted_by_sender, files_of, parsed,
                          sealed_draft, text_of, webmail_host, webmail_with_enigma)

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
    keys = [secret, openpgp_keys.bob.certificate]
    with webmail_with_enigma(host, {"alice": keys, "hidden": keys}, **OPTIONS) as webmail:
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


# Reading

def test_message_is_shown(host, alice):
    host.deliver(MESSAGE, "alice")
    seen = alice.show("INBOX")
    assert NEEDLE in seen["body"]
    assert seen["attachments"] == ["note.txt"]
    assert seen["mark"] == "Sealed by your server"


@pytest.mark.parametrize("other", ["OpenPGP", "unreadable"])
def test_letter_with_a_message_for_somebody_else_is_shown(host, alice, gnupg, openpgp_keys, other):
    """What is attached isn't for this key, or no key; the letter itself is plain inside."""
    inner = mail.pgp_mime(gnupg.encrypt(TEXT_PART, openpgp_keys.bob))
    if other == "unreadable":
        inner = re.sub(rb"\n[A-Za-z0-9+/]{30}", b"\n" + b"A" * 30, inner, count=3)
    host.deliver(letter("multipart/mixed", [TEXT_PART, mail.part("message/rfc822", inner)]),
                 "alice")
    assert mail.is_sealed(host.message("alice"))
    seen = alice.show("INBOX")
    assert NEEDLE in seen["body"]
    assert seen["mark"] == "Sealed by your server"


def test_message_that_isnt_for_this_key_says_so(host, alice, owners):
    """Sealed for a key that enigma doesn't have: the owner has another one now."""
    # of a change, there would be a notice beside it
    host.never_enrolled("alice")
    host.give("alice", host.keys_file("alice"), owners.keys.bob.certificate)
    try:
        host.deliver(MESSAGE, "alice")
    finally:
        host.never_enrolled("alice")
        host.give("alice", host.keys_file("alice"), owners.keys.alice.certificate)
    seen = alice.show("INBOX")
    assert NEEDLE not in seen["body"]
    assert "Your key isn't here" in seen["body"]


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

@pytest.fixture
def locked(host, secret):
    """Whose secret key has a password that Roundcube isn't told yet."""
    with Roundcube(host, ["enigma", "mail_seal"], draft_autosave=1) as roundcube:
        roundcube.give_key("locked", secret, password="open sesame")
        with Webmails(roundcube) as webmail:
            yield webmail("locked")


PASSWORD_FIELD = ".ui-dialog input[type=password]"


def enter(webmail, password):
    webmail.wait(f"return document.querySelector('{PASSWORD_FIELD}')")
    webmail.driver.find_element("css selector", PASSWORD_FIELD).send_keys(password + "\n")


def test_locked_key(host, locked):
    """No password yet: the draft is refused, and the page asks for it; then it opens."""
    old = sealed_draft(host, "locked")
    locked.list("Drafts")
    locked.double_click()
    locked.refused()
    assert host.message("locked", "Drafts") == old
    enter(locked, "open sesame")
    assert locked.composed()["body"].strip() == TEXT


def test_wrong_password(host, locked):
    """It asks again, and not by itself; with the right one the draft opens."""
    old = sealed_draft(host, "locked")
    recorder = locked.roundcube.recorder
    locked.list("Drafts")
    locked.double_click()
    locked.refused()
    recorder.forget()
    enter(locked, "open barley")
    locked.wait(f"const field = document.querySelector('{PASSWORD_FIELD}');"
                "return field && !field.value && document.getElementById('mail-seal-refused')")
    locked.settle()
    requests = re.findall(rb"(?m)^(?:GET|POST) /\S*_action=compose\S*", recorder.sent())
    assert len(set(requests)) <= 4, requests
    # The next page would have come by now, if it loaded itself anew.
    recorder.forget()
    locked.run("return fetch(location.href.replace(/[?].*/, '?_task=mail&_action=about'))"
               ".then(answer => answer.text())")
    assert b"_action=compose" not in recorder.sent().split(b"Referer")[0]
    assert host.message("locked", "Drafts") == old
    enter(locked, "open sesame")
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
