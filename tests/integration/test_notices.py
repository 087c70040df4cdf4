"""What owners are told: when, once, sealed if that can be, whatever stores their mail."""

import re
import time

import pytest

import mail
import notices
from dovecot import Dovecot, User

MESSAGE = mail.text(mail.CANARY + b"\r\n")
FORMATS = ("maildir", "sdbox", "mdbox", "mbox")
PLUGINS = ("notify", "mail_log", "quota", "compress", "mail_crypt", "imapsieve", "sieve")
DAY = 24 * 60 * 60


@pytest.fixture(scope="module")
def soon(gnupg):
    return gnupg.generate("soon@example.org", expires="20d")


@pytest.fixture(scope="module", params=[*FORMATS, "sdbox-all-plugins"])
def server(request, keys, soon):
    mail_format, _, plugins = request.param.partition("-")
    users = [User("alice", keys.alice.certificate), User("expiring", soon.certificate)]
    with Dovecot(users, mail_format=mail_format, plugins=PLUGINS if plugins else ()) as dovecot:
        yield dovecot


@pytest.fixture
def alice(server, keys):
    """alice as she is after a first sealed message."""
    server.never_enrolled("alice")
    server.give("alice", server.keys_file("alice"), keys.alice.certificate)
    server.empty("alice")
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    return "alice"


def notify(server, *arguments, check=True):
    """The lines of doveadm seal key notify."""
    done = server.doveadm("seal", "key", "notify", *arguments, check=check)
    return done.stdout.decode().splitlines()


def by_append(server, user, mailbox="INBOX"):
    with server.imap(user) as client:
        client.command(f"CREATE {mailbox}")
        assert client.append(mailbox, MESSAGE).ok


def by_lmtp(server, user):
    assert server.deliver(MESSAGE, user)[0].code == 250


def by_copy(server, user):
    with server.imap(user) as client:
        client.command("CREATE Other")
        client.select()
        client.must("COPY 1 Other")
        assert client.append("Other", MESSAGE).ok


def by_multiappend(server, user):
    with server.imap(user) as client:
        announced = "{%d+}\r\n" % len(MESSAGE) + MESSAGE.decode()
        assert client.command(f"APPEND INBOX {announced} {announced}").ok


WAYS = [by_lmtp, by_append, by_copy, by_multiappend]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_change_by_hand(server, alice, keys, way):
    """Told once, beside the message that found out, and readable without any key."""
    mark = len(server.log())
    server.give(alice, server.keys_file(alice), keys.bob.certificate)
    before = len(server.messages(alice))
    way(server, alice)
    by_lmtp(server, alice)
    [notice] = notices.of(server, alice)
    assert not notice.sealed
    assert notices.names(notice, keys.alice)
    assert notices.names(notice, keys.bob)
    assert "on the server itself" in notice.text
    assert notice.header["To"] == "alice@" + notice.header["From"].split("@")[1]
    assert notice.header["From"].startswith("postmaster@")
    mailboxes = [*server.messages(alice), *(server.messages(alice, "Other")
                                            if way is by_copy else [])]
    sealed = [stored for stored in mailboxes if not notices.is_notice(stored)]
    assert len(sealed) == before + {by_multiappend: 3, by_copy: 3}.get(way, 2)
    assert all(mail.is_sealed(stored) for stored in sealed)
    assert "Error: " not in server.log_since(mark)
    assert notify(server, "-u", alice) == []


def test_new_key_beside_the_old_one(server, alice, keys):
    """Somebody who reads along changes the key, too; who takes one away doesn't."""
    both = keys.alice.certificate + keys.bob.certificate
    server.give(alice, server.keys_file(alice), both)
    by_lmtp(server, alice)
    assert len(notices.of(server, alice)) == 1
    server.give(alice, server.keys_file(alice), keys.bob.certificate)
    by_lmtp(server, alice)
    assert len(notices.of(server, alice)) == 1


def test_another_back_end_finds_the_change(server, alice, keys):
    """It has a state of its own, and sees what is in INBOX already."""
    [state] = server.state_files(alice)
    others = state.read_bytes()
    server.give(alice, server.keys_file(alice), keys.bob.certificate)
    by_lmtp(server, alice)
    state.write_bytes(others)
    by_lmtp(server, alice)
    assert len(notices.of(server, alice)) == 1
    # who was told isn't told by the next run, nor when all is as it was
    assert notify(server, "-u", alice) == []


def test_another_back_end_sees_what_a_command_changed(server, alice, keys):
    """There it is like a change by hand, but the owner was told."""
    [state] = server.state_files(alice)
    others = state.read_bytes()
    server.doveadm("seal", "key", "set", "--force", "-u", alice, "-f", "-",
                   input=keys.bob.certificate)
    before = [stored for stored in server.messages(alice) if notices.is_notice(stored)]
    assert len(before) == 2  # changed, for who has the old key; and active
    state.write_bytes(others)
    by_lmtp(server, alice)
    assert [stored for stored in server.messages(alice) if notices.is_notice(stored)] == before


def test_found_by_the_daily_run(server, alice, keys):
    server.give(alice, server.keys_file(alice), keys.bob.certificate)
    assert notify(server, "-u", alice) == ["changed stored in INBOX"]
    by_lmtp(server, alice)
    assert notify(server, "-u", alice) == []
    assert len(notices.of(server, alice)) == 1


def test_first_certificate_and_lost_state(server, alice, keys):
    """Where it isn't known what was before, nothing has changed."""
    server.state_files(alice)[0].unlink()
    server.give(alice, server.keys_file(alice), keys.bob.certificate)
    by_lmtp(server, alice)
    assert notices.of(server, alice) == []
    server.state_files(alice)[0].write_bytes(b"damaged")
    server.give(alice, server.keys_file(alice), keys.carol.certificate)
    by_lmtp(server, alice)
    assert notices.of(server, alice) == []


def test_expires(server, soon):
    user, key = "expiring", soon
    server.empty(user)
    for file in server.state_files(user):
        file.unlink()
    by_lmtp(server, user)
    assert notify(server, "-u", user) == ["expires stored in INBOX"]
    assert notify(server, "-u", user) == []
    [notice] = notices.of(server, user, key)
    assert notice.sealed
    assert notices.names(notice, key)
    day = time.gmtime(time.time() + 20 * DAY)
    assert re.search(rf"\b\d+ [A-Z][a-z]+ {day.tm_year}", notice.subject)
    assert "waits with those who" in notice.text
    # who has read and deleted it isn't told again
    server.empty(user)
    assert notify(server, "-u", user) == []
    # another back end finds it in INBOX
    for _ in range(2):
        server.state_files(user)[0].unlink()
        by_lmtp(server, user)
        notify(server, "-u", user)
        assert len(notices.of(server, user, key)) == 1
    assert notify(server, "-u", user) == []
