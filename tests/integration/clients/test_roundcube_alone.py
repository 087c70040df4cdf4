"""Roundcube without our plugin: what its users lose, and what works all the same.

The tests of the plugin have the same cases. Should one of these fail one day, Roundcube
has become better.
"""

import pytest

import mail
from letters import FILES, SUBJECT, TEXT
from roundcube import Roundcube
from sandbox import wait_until
from webmail import Webmails
from webmail_host import MESSAGE, NEEDLE, files_of, parsed, sealed_draft, text_of

EXPIRED = "the encryption key of this mailbox can't be used: it has expired"


@pytest.fixture(scope="module")
def webmail(host):
    with Roundcube(host, draft_autosave=1) as roundcube, Webmails(roundcube) as webmail:
        yield webmail


@pytest.fixture(autouse=True)
def empty(host, webmail):
    host.empty(*host.users)
    webmail.roundcube.sink.received.clear()


@pytest.fixture(params=["alice", "smime"])
def owner(request, webmail):
    return webmail(request.param)


@pytest.fixture
def sink(webmail):
    return webmail.roundcube.sink


# Drafts

def test_autosave_replaces_a_draft_that_was_not_shown(host, owner, owners):
    old = sealed_draft(host, owner.user)
    assert owner.edit_draft()["body"] == ""
    before = owner.composed()["draft"]
    owner.type("Dear")
    owner.wait("return rcmail.env.draft_id != arguments[0]", before)
    [new] = host.messages(owner.user, "Drafts")
    assert new != old
    assert host.messages(owner.user, "Trash") == []
    written = owners.unsealed(owner.user, new)
    assert NEEDLE.encode() not in written
    assert len(new) < len(old) or owner.user == "smime"


def test_own_draft_is_lost_by_opening_it(host, webmail):
    """The one that Roundcube itself has saved just before."""
    alice = webmail("alice")
    alice.compose("friend@example.net", SUBJECT, TEXT)
    alice.saved()
    assert mail.is_sealed(host.message("alice", "Drafts"))
    alice.go()
    assert alice.edit_draft()["body"] == ""


def test_draft_of_who_has_no_key(host, webmail):
    keyless = webmail("keyless")
    keyless.compose("friend@example.net", SUBJECT, TEXT)
    keyless.saved()
    assert not mail.is_sealed(host.message("keyless", "Drafts"))
    keyless.go()
    assert keyless.edit_draft()["body"].strip() == TEXT


# Answers

def test_edit_as_new(host, owner):
    host.deliver(MESSAGE, owner.user)
    owner.show("INBOX")
    assert owner.answer("edit")["body"] == ""


def test_reply_has_an_empty_quote(host, owner):
    host.deliver(MESSAGE, owner.user)
    body = owner.answer("reply")["body"]
    assert "wrote:" in body and NEEDLE not in body


def test_forward_sends_nothing(host, owner, sink):
    host.deliver(MESSAGE, owner.user)
    owner.answer("forward-inline")
    owner.fill(to="friend@example.net")
    owner.send()
    sent = sink.only()
    assert NEEDLE not in text_of(sent)
    assert FILES["note.txt"] not in files_of(sent).values()


def test_forward_as_attachment_is_for_nobody(host, owner, sink):
    host.deliver(MESSAGE, owner.user)
    owner.answer("forward-attachment")
    owner.fill(to="friend@example.net")
    owner.type("Look at this.")
    owner.send()
    [attached] = parsed(sink.only()).iter_attachments()
    assert mail.is_sealed(attached.get_content().as_bytes())


# What works

def test_reading_says_that_it_is_encrypted(host, owner):
    host.deliver(MESSAGE, owner.user)
    seen = owner.show("INBOX")
    assert "This is an encrypted message and can not be displayed" in seen["body"]
    assert NEEDLE not in seen["body"]


def test_sent_copy_is_sealed(host, owner, sink, owners):
    owner.compose("friend@example.net", SUBJECT, TEXT)
    owner.send()
    assert text_of(sink.only()).strip() == TEXT
    stored = host.message(owner.user, "Sent")
    assert TEXT.splitlines()[0].encode() in owners.unsealed(owner.user, stored)


def test_refused_draft_and_copy_show_our_sentence(host, webmail, sink):
    expired = webmail("expired")
    expired.compose("friend@example.net", SUBJECT, TEXT)
    expired.heard(EXPIRED)
    assert host.messages("expired", "Drafts") == []
    expired.press_send()
    expired.heard(EXPIRED)
    assert wait_until(lambda: sink.received)
    assert host.messages("expired", "Sent") == []
    assert len(sink.received) == 1


def test_folder_settings_leave_no_folder_behind(host, webmail):
    webmail("alice").go("settings", action="folders")
    with host.imap("alice") as client:
        folders = b"".join(client.must('LIST "" *').untagged)
    assert b"foldertest" not in folders
