"""A sender may name a mailbox of another namespace, excluded or not."""

import pytest

import mail
from dovecot import Dovecot, User, dovecot_version

MESSAGE = mail.text(mail.CANARY + b"\r\n")


def deliver(server, address):
    with server.lmtp() as client:
        [reply] = client.deliver(MESSAGE, address)
    assert reply.code == 250, reply


@pytest.mark.parametrize("detail", ["Archive/Open", "archive/Kept/2025"])
def test_address_chooses_another_namespace(gnupg, keys, detail):
    """The detail has the namespace's prefix."""
    place = "location = maildir:~/Archive" if dovecot_version().startswith("2.3") else \
        "mail_path = ~/Archive"
    with Dovecot([User("alice", keys.alice.certificate)],
                 seal={"mail_seal_exclude": "Archive/*"},
                 more="protocol lmtp {\n  lmtp_save_to_detail_mailbox = yes\n}\n"
                      f"namespace archive {{\n  prefix = Archive/\n  separator = /\n  {place}\n}}"
                 ) as server:
        deliver(server, f"alice+{detail}@example.org")
        stored = [file.read_bytes() for file in server.home("alice").rglob("new/*")]
        assert len(stored) == 1
        mail.check_sealed(stored[0], MESSAGE, gnupg, keys.alice)


def test_address_chooses_a_shared_mailbox(gnupg, keys):
    """The owner's settings exclude it, but it isn't the owner who is written to."""
    with Dovecot([User("alice", keys.alice.certificate), User("bob", keys.bob.certificate)],
                 seal={"mail_seal_exclude": "*Open"}, shared=True,
                 more="protocol lmtp {\n  lmtp_save_to_detail_mailbox = yes\n}") as server:
        server.doveadm("mailbox", "create", "-u", "bob", "Open")
        server.give("bob", "Maildir/.Open/dovecot-acl", b"authenticated lrwstipekxa\n")
        deliver(server, "alice+shared/bob/Open@example.org")
        mail.check_sealed(server.message("bob", "Open"), MESSAGE, gnupg, keys.bob)
