"""Mailboxes of others: sealed to their owner's key, never to the key of who saves."""

import os

import pytest

import mail
from dovecot import Dovecot, User

MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")


@pytest.fixture(scope="module")
def server(keys):
    users = [
        User("alice", keys.alice.certificate),
        User("bob", keys.bob.certificate),
        User("keyless"),
        # The userdb says where dora's key is: what her home has is not hers.
        User("dora", keys.alice.certificate, settings={"mail_seal_keys": "file:%h/elsewhere"}),
        # and erin's own setting hides what others' are
        User("erin", keys.alice.certificate, settings={"mail_seal_keys": "none"}),
        # What is only for enrolment hides nothing.
        User("fred", keys.alice.certificate, settings={
            "mail_seal_addresses": "fred@example.org", "mail_seal_imap_enrolment": "no"}),
    ]
    with Dovecot(users, shared=True,
                 more="protocol lmtp {\n  lmtp_save_to_detail_mailbox = yes\n}") as dovecot:
        dovecot.give("dora", "elsewhere", keys.bob.certificate)
        for owner in users:
            share(dovecot, owner.name)
        share_public(dovecot)
        yield dovecot


def share(server, owner):
    """A mailbox Common of this owner's that everybody may write to."""
    server.doveadm("mailbox", "create", "-u", owner, "Common")
    server.give(owner, "Maildir/.Common/dovecot-acl", b"authenticated lrwstipekxa\n")


def share_public(server):
    mailbox = server.site.public_maildir / ".Common"
    mailbox.mkdir(parents=True)
    (mailbox / "dovecot-acl").write_text("authenticated lrwstipekxa\n")
    for path in (mailbox.parent, mailbox, mailbox / "dovecot-acl"):
        os.chown(path, server.uid("alice"), server.uid("alice"))


def save_to(server, accessor, owner):
    with server.imap(accessor) as client:
        return client.append(f"shared/{owner}/Common", MESSAGE)


@pytest.fixture(autouse=True)
def emptied(server):
    server.empty("alice", "bob", "keyless", "dora", "erin", "fred")


@pytest.mark.parametrize("accessor", ["alice", "keyless", "fred"])
def test_owners_key(server, gnupg, keys, accessor):
    assert save_to(server, accessor, "bob").ok
    mail.check_sealed(server.message("bob", "Common"), MESSAGE, gnupg, keys.bob, delivered=False)


def test_owner_without_key(server):
    assert save_to(server, "alice", "keyless").ok
    mail.check_unchanged(server.message("keyless", "Common"), MESSAGE, delivered=False)


def test_owners_userdb_settings_count(server, gnupg, keys):
    assert save_to(server, "alice", "dora").ok
    mail.check_sealed(server.message("dora", "Common"), MESSAGE, gnupg, keys.bob, delivered=False)


@pytest.mark.parametrize("accessor", ["erin", "dora"])
def test_accessors_userdb_settings_hide_the_owners(server, accessor):
    refusal = save_to(server, accessor, "bob")
    assert refusal.status == "NO"
    assert "whose encryption key" in refusal.text
    assert server.messages("bob", "Common") == []


def test_copy_seals_to_the_owner(server, gnupg, keys):
    with server.imap("erin") as client:
        assert client.append("INBOX", MESSAGE).ok
    with server.imap("keyless") as client:
        assert client.append("INBOX", MESSAGE).ok
        client.command("SELECT INBOX")
        assert client.command("COPY 1 shared/bob/Common").ok
    mail.check_sealed(server.message("bob", "Common"), MESSAGE, gnupg, keys.bob, delivered=False)


def test_public_has_no_owner(server):
    with server.imap("alice") as client:
        assert client.append("Public/Common", MESSAGE).ok
        stored = client.messages("Public/Common")
    assert len(stored) == 1
    mail.check_unchanged(stored[0], MESSAGE, delivered=False)


def test_delivery_into_anothers_mailbox(server, gnupg, keys):
    """Named by the sender. What is stored there is no source for the other recipients."""
    with server.lmtp() as client:
        replies = client.deliver(MESSAGE, "keyless+shared/alice/Common@example.org",
                                 "keyless@example.org", "bob@example.org")
    assert [reply.code for reply in replies] == [250] * 3
    mail.check_sealed(server.message("alice", "Common"), MESSAGE, gnupg, keys.alice)
    mail.check_unchanged(server.message("keyless"), MESSAGE)
    mail.check_sealed(server.message("bob"), MESSAGE, gnupg, keys.bob)
