"""mbsync (isync) between Dovecot and a local Maildir, both ways."""

import pytest

import mail
from dovecot import User
from mailhost import MailHost
from mbsync import Mbsync

MESSAGE = mail.text(mail.CANARY + b"\r\n")
LOCAL = mail.text(b"Written offline: " + mail.CANARY + b"\r\n", "Local")


@pytest.fixture(scope="module")
def host(keys, tls, elsewhere):
    with MailHost([User("alice", keys.alice.certificate)], tls, elsewhere) as host:
        yield host


@pytest.fixture
def mbsync(host, tmp_path, authority):
    host.empty("alice")
    return Mbsync(tmp_path, host, authority)


def test_sealed_messages_arrive_unchanged(host, mbsync):
    assert host.deliver(MESSAGE, "alice")[0].code == 250
    mbsync.run()
    [message] = mbsync.messages()
    assert without_tuid(message) == mail.lf(host.message("alice"))


def test_uploaded_messages_are_sealed(host, mbsync, gnupg, keys):
    mbsync.save(LOCAL)
    mbsync.run()
    mail.check_sealed(without_tuid(host.message("alice")), LOCAL, gnupg, keys.alice,
                      delivered=False)


def test_sealed_messages_are_uploaded_as_they_are(host, mbsync):
    """A sealed message that was filed in another mailbox on this side."""
    assert host.deliver(MESSAGE, "alice")[0].code == 250
    mbsync.run()
    mbsync.save(mbsync.messages()[0], "Sent")
    mbsync.run()
    assert without_tuid(host.message("alice", "Sent")) == host.message("alice")


def test_nothing_goes_round_in_circles(host, mbsync):
    """The server stores another message than the one uploaded; mbsync doesn't mind."""
    assert host.deliver(MESSAGE, "alice")[0].code == 250
    mbsync.save(LOCAL)
    for _ in range(4):
        mbsync.run()
        assert (len(host.messages("alice")), len(mbsync.messages())) == (2, 2)


def test_flags_and_deletions_go_both_ways(host, mbsync):
    mbsync.save(LOCAL)
    mbsync.run()
    with host.imap("alice") as client:
        client.select()
        client.must("STORE 1 +FLAGS (\\Flagged)")
    mbsync.run()
    [file] = (mbsync.maildir / "INBOX" / "cur").iterdir()
    assert file.name.endswith("FS")
    file.unlink()
    mbsync.run()
    assert host.messages("alice") == []


def test_the_local_copy_of_an_uploaded_message_stays_plaintext(host, mbsync):
    """As the users' page says: mbsync doesn't fetch back what it has uploaded."""
    mbsync.save(LOCAL)
    mbsync.run()
    mbsync.run()
    assert mail.CANARY in mbsync.messages()[0]


def without_tuid(message):
    """mbsync may mark what it copies with a field of its own."""
    return b"".join(line for line in message.splitlines(keepends=True)
                    if not line.startswith(b"X-TUID:"))
