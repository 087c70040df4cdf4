"""What other plugins do with messages that can't be sealed, or not even read."""

import pytest

import mail
from counted import counting
from dovecot import Dovecot, User, dovecot_version
from sandbox import wait_until

MESSAGE = mail.text(mail.CANARY + b"\r\n")


@pytest.fixture(scope="module", params=["maildir", "sdbox", "mdbox"])
def expunging(request, keys):
    with Dovecot([User("alice", keys.alice.certificate)], mail_format=request.param,
                 plugins=("lazy_expunge",), metrics=True) as server:
        yield server


def fill(server, keys):
    """A plaintext message from before there was a key, and a sealed one."""
    server.never_enrolled("alice")
    with server.imap("alice") as client:
        assert client.append("INBOX", MESSAGE).ok
        server.give("alice", server.keys_file("alice"), keys.alice.certificate)
        assert client.append("INBOX", MESSAGE).ok


def test_expunge_while_the_key_cannot_be_used(expunging, keys, gnupg):
    """lazy_expunge copies what is expunged: that isn't the moment to refuse anything."""
    fill(expunging, keys)
    expired = gnupg.generate_expired("expired@example.org").certificate
    expunging.give("alice", expunging.keys_file("alice"), expired)
    with counting(expunging, 2) as counted, expunging.imap("alice") as client:
        client.select()
        client.must("STORE 1:2 +FLAGS.SILENT \\Deleted")
        assert client.command("EXPUNGE").ok
    assert sorted((event.result, event.reason) for event in counted) == [
        ("encrypted", "already_encrypted"), ("stored", "expunged")]
    assert expunging.messages("alice") == []
    assert [mail.is_sealed(message) for message in expunging.messages("alice", "Expunged")] == [
        False, True]
    expunging.doveadm("expunge", "-u", "alice", "mailbox", "Expunged", "all")


def test_expunge_seals_plaintext_while_it_can(expunging, keys):
    fill(expunging, keys)
    with expunging.imap("alice") as client:
        client.select()
        client.must("STORE 1:2 +FLAGS.SILENT \\Deleted")
        assert client.command("EXPUNGE").ok
    assert all(mail.is_sealed(message) for message in expunging.messages("alice", "Expunged"))
    expunging.doveadm("expunge", "-u", "alice", "mailbox", "Expunged", "all")


@pytest.fixture(scope="module", params=["maildir", "sdbox", "mdbox"])
def unreadable(request, keys):
    """mail_crypt encrypts what is stored, and has no key here to read it."""
    with Dovecot([User("alice", keys.alice.certificate)], mail_format=request.param,
                 plugins=("mail_crypt",), crypt_private=False,
                 metrics=True, seal={"mail_seal_exclude": "Open"}) as server:
        with server.imap("alice") as client:
            for mailbox in ("Open", "One", "Two"):
                client.must(f"CREATE {mailbox}")
        yield server


def count(client, mailbox):
    [line] = [line for line in client.must(f"STATUS {mailbox} (MESSAGES)").untagged
              if b"STATUS" in line]
    return int(line.rpartition(b"MESSAGES ")[2].strip(b") \r\n"))


def test_copy_and_move_what_cannot_be_read(unreadable):
    with unreadable.imap("alice") as client:
        assert client.append("INBOX", MESSAGE).ok
        client.select()
        with counting(unreadable, 2) as counted:
            assert client.command("COPY 1 One").ok
            assert client.command("MOVE 1 Two").ok
        assert {(event.result, event.reason) for event in counted} == {("stored", "unreadable")}
        assert (count(client, "One"), count(client, "Two")) == (1, 1)


def test_what_may_be_plaintext_stays_where_it_is(unreadable):
    """From an excluded mailbox it isn't known to be sealed, and can't be saved anew."""
    with unreadable.imap("alice") as client:
        assert client.append("Open", MESSAGE).ok
        before = count(client, "One")
        client.select("Open")
        assert client.command("COPY 1 One").status == "NO"
        assert client.command("MOVE 1 One").status == "NO"
        assert (count(client, "One"), count(client, "Open")) == (before, 1)


@pytest.mark.skipif(dovecot_version().startswith("2.3"), reason="2.3 has plugin {} alone")
@pytest.mark.parametrize("block, mailbox", [
    ("namespace inbox {\n mail_seal_exclude = Filed\n}", "INBOX"),
    ("namespace inbox {\n mailbox Filed {\n mail_seal_exclude = Filed\n}\n}", "Filed"),
    ("mailbox Filed {\n mail_seal_keys =\n}", "Filed"),
])
def test_settings_in_blocks_are_refused(keys, block, mailbox):
    """Until they work. Ignored, they would seal what shouldn't be, or not seal what should."""
    with Dovecot([User("alice", keys.alice.certificate)], more=block) as server:
        with server.imap("alice") as client:
            client.command("CREATE Filed")
            mark = len(server.log())
            refused = client.append(mailbox, MESSAGE)
            assert refused.status == "NO"
            assert "settings for encrypting this mailbox are wrong" in refused.text
            assert client.append("Other" if mailbox == "INBOX" else "INBOX", MESSAGE).status == (
                "NO" if mailbox == "INBOX" else "OK")
        assert wait_until(lambda: "is set in a namespace or mailbox block" in server.log_since(mark))
