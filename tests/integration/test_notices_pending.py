"""What time does to something that is pending, by doveadm seal key notify."""

import os
import re
import time

import pytest

import notices
from dovecot import Dovecot, User
from enrolment import challenges, code, give, pending, sealed_to, set_entry
from sandbox import wait_until
from seal_key import TEMPORARY

DAY = 24 * 60 * 60


@pytest.fixture(scope="module")
def server():
    day = {"mail_seal_change_delay": "1d"}
    users = [User("alice"), User("bob"), User("slow", settings=day),
             User("quick", settings={"mail_seal_change_delay": "1s"}),
             User("german", settings={**day, "mail_seal_language": "de"})]
    with Dovecot(users, metadata=True, seal={"mail_seal_addresses": "none"}) as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def fresh(server):
    for user in server.users:
        server.never_enrolled(user)
        pending_file(server, user).unlink(missing_ok=True)
    server.empty(*server.users)


def pending_file(server, user):
    return server.keys_file(user).with_name("keys.pending")


def notify(server, user):
    return server.doveadm("seal", "key", "notify", "-u", user, check=False).stdout.decode() \
        .splitlines()


def long_ago(server, user, days):
    """What is pending has been so for this long, and all that was noted with it."""
    file = pending_file(server, user)
    moved = re.sub(rb"(?m)^(mail-seal: (?:since=|given=\w+ |notice=\w+ ))(\d+)$",
                   lambda found: found[1] + b"%d" % (int(found[2]) - days * DAY),
                   file.read_bytes())
    assert moved != file.read_bytes()
    file.write_bytes(moved)


def enrolled(server, user, key):
    """Set by the administrator."""
    server.doveadm("seal", "key", "set", "-u", user, "-f", "-", input=key.certificate)
    server.empty(user)


def test_a_week_without_the_code(server, keys):
    with server.imap("alice") as client:
        assert set_entry(client, "keys", keys.alice.certificate).ok
        assert notify(server, "alice") == []
        long_ago(server, "alice", 6)
        assert notify(server, "alice") == []
        long_ago(server, "alice", 1)
        assert notify(server, "alice") == ["pending-week stored in INBOX"]
        assert notify(server, "alice") == []
        # who can't read anything yet can read this
        notice = notices.read(server.messages("alice")[-1])
        assert not notice.sealed
        assert notices.names(notice, keys.alice)
        assert not re.search(r"seal-\w{5}-", notice.text)
        # and the code still counts
        assert give(client, code(server, "alice", keys.alice)).ok
        assert sealed_to(server, "alice") == [keys.alice.fingerprint]


def test_it_is_given_up(server, keys):
    with server.imap("alice") as client:
        assert set_entry(client, "keys", keys.alice.certificate).ok
        old = code(server, "alice", keys.alice)
        long_ago(server, "alice", 14)
        [line] = notify(server, "alice")
        assert line.startswith("pending ") and "given up" in line
        assert notify(server, "alice") == []
        assert pending(client) == {}
        assert give(client, old).status == "NO"
        assert sealed_to(server, "alice") == []


def test_a_week_with_an_old_key(server, keys):
    """What is told of a change is for the holder of the old key."""
    enrolled(server, "bob", keys.alice)
    with server.imap("bob") as client:
        assert set_entry(client, "keys", keys.bob.certificate).ok
    server.empty("bob")
    long_ago(server, "bob", 8)
    assert notify(server, "bob") == ["pending-week stored in INBOX"]
    [notice] = notices.of(server, "bob", keys.alice)
    assert notice.sealed
    assert notices.names(notice, keys.bob)


def announce(server, user, keys):
    """The new key is proven, the old one's holder says nothing."""
    enrolled(server, user, keys.alice)
    with server.imap(user) as client:
        assert set_entry(client, "keys", keys.bob.certificate).ok
        assert give(client, code(server, user, keys.bob)).ok
    server.empty(user)


@pytest.mark.parametrize("user", ["slow", "german"])
def test_delay_is_told_each_day(server, keys, user):
    """And who holds the old key can stop it, with that message alone."""
    announce(server, user, keys)
    assert notify(server, user) == ["delay stored in INBOX"]
    assert notify(server, user) == []
    [notice] = notices.of(server, user, keys.alice)
    assert notice.sealed
    assert notices.names(notice, keys.alice) and notices.names(notice, keys.bob)
    if user == "german":
        assert notice.subject.startswith("Am ")
    [[stop]] = challenges(server, user, keys.alice)
    with server.imap(user) as client:
        assert give(client, stop).ok
        assert pending(client) == {}
    assert notify(server, user) == []
    assert sealed_to(server, user) == [keys.alice.fingerprint]


def test_delay_is_over(server, keys):
    """A day's notice was given, the day is over: the change is made, and told."""
    announce(server, "slow", keys)
    assert notify(server, "slow") == ["delay stored in INBOX"]
    long_ago(server, "slow", 1)
    [line] = notify(server, "slow")
    assert line.startswith("pending Done")
    assert sealed_to(server, "slow") == [keys.bob.fingerprint]


def test_without_notice_the_delay_is_longer(server, keys):
    """Nobody has run the command: the owner didn't hear of it, so it isn't done."""
    announce(server, "slow", keys)
    long_ago(server, "slow", 3)
    assert notify(server, "slow") == ["delay stored in INBOX"]
    assert sealed_to(server, "slow") == [keys.alice.fingerprint]


def test_delay_that_cannot_be_told_is_not_over(server, keys):
    announce(server, "quick", keys)
    inbox = server.home("quick") / "Maildir" / "tmp"
    inbox.rename(inbox.with_name("tmp-away"))
    inbox.write_bytes(b"")
    try:
        time.sleep(1)  # mail_seal_change_delay
        for _ in range(2):
            [line] = notify(server, "quick")
            assert line.startswith("delay not stored: ")
    finally:
        inbox.unlink()
        inbox.with_name("tmp-away").rename(inbox)
    assert sealed_to(server, "quick") == [keys.alice.fingerprint]
    server.empty("quick")
    assert notify(server, "quick") == ["delay stored in INBOX"]
    assert wait_until(lambda: any(line.startswith("pending Done")
                                  for line in notify(server, "quick")))
    assert sealed_to(server, "quick") == [keys.bob.fingerprint]


@pytest.fixture
def closed(server):
    """A function that lets nothing be written beside the user's key, until the test is over."""
    folders = []

    def close(user):
        folder = server.keys_file(user).parent
        folders.append((folder, folder.stat()))
        os.chown(folder, 0, 0)
        folder.chmod(0o755)
    yield close
    for folder, before in folders:
        os.chown(folder, before.st_uid, before.st_gid)
        folder.chmod(before.st_mode)


def notify_fails(server, user):
    done = server.doveadm("seal", "key", "notify", "-u", user, check=False)
    assert done.returncode == TEMPORARY
    return done.stdout.decode().splitlines()


NOT_WRITTEN = "pending it can't be written: Permission denied"


def test_a_week_that_cannot_be_noted(server, keys, closed):
    """So it is told each time."""
    with server.imap("alice") as client:
        assert set_entry(client, "keys", keys.alice.certificate).ok
    server.empty("alice")
    long_ago(server, "alice", 7)
    closed("alice")
    for count in (1, 2):
        assert notify_fails(server, "alice") == [NOT_WRITTEN, "pending-week stored in INBOX"]
        assert len(server.messages("alice")) == count


def test_a_delay_that_cannot_be_noted(server, keys, closed):
    """Without its code in our books nobody could stop it: it isn't told, and isn't over."""
    announce(server, "slow", keys)
    closed("slow")
    [line] = notify_fails(server, "slow")
    assert line.startswith("delay not stored: ") and "Permission denied" in line
    assert server.messages("slow") == []


def test_delay_is_over_but_nothing_can_be_written(server, keys, closed):
    announce(server, "slow", keys)
    assert notify(server, "slow") == ["delay stored in INBOX"]
    long_ago(server, "slow", 1)
    closed("slow")
    [line] = notify_fails(server, "slow")
    assert line.startswith("pending What is pending can't be changed now: ")
    assert line.endswith("it can't be written: Permission denied")
    assert sealed_to(server, "slow") == [keys.alice.fingerprint]
