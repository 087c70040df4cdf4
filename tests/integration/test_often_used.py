"""Certificates that one process seals to again and again, and what the whole system says to gpg."""

import contextlib
import shutil
import time

import pytest

import mail
from dovecot import Dovecot, User
from sandbox import wait_until

MESSAGE = mail.text(b"Hello\r\n")
OFTEN = 7


@pytest.fixture(scope="module")
def server(keys):
    users = [User("alice", keys.alice.certificate),
             User("bob", keys.bob.certificate,
                  settings={"mail_seal_extra_keys": "%h/extra.asc"}),
             User("changing"), User("expiring")]
    # one process, so that all messages are sealed by the same
    with Dovecot(users) as dovecot:
        dovecot.give("bob", "extra.asc", keys.carol.certificate)
        yield dovecot


def deliver(client, server, user):
    """The reply, and what was stored."""
    server.empty(user)
    [reply] = client.deliver(MESSAGE, server.users[user].address)
    return reply, server.message(user) if reply.code == 250 else None


@pytest.mark.parametrize("user", ("alice", "bob"))
def test_all_messages_are_alike(server, keys, gnupg, user):
    recipients = [keys.alice] if user == "alice" else [keys.bob, keys.carol]
    with server.lmtp() as client:
        for _ in range(OFTEN):
            reply, stored = deliver(client, server, user)
            assert reply.code == 250
            mail.check_sealed(stored, MESSAGE, gnupg, *recipients)


def test_certificate_is_replaced(server, keys, gnupg):
    with server.lmtp() as client:
        for owner in (keys.alice, keys.bob, keys.alice):
            server.give("changing", server.keys_file("changing"), owner.certificate)
            for _ in range(OFTEN):
                reply, stored = deliver(client, server, "changing")
                assert reply.code == 250
                mail.check_sealed(stored, MESSAGE, gnupg, owner)


def test_certificate_expires(server, gnupg):
    # on a busy machine it takes a while until it was often used
    assert any(expires_after(server, gnupg, seconds) >= OFTEN for seconds in (15, 60, 240))


def expires_after(server, gnupg, seconds):
    """How often it was used before, up to OFTEN times; from then on it isn't."""
    earliest = time.time() + seconds
    expiring = gnupg.generate("expiring@example.org", expires=f"seconds={seconds}")
    latest = time.time() + seconds
    server.give("expiring", server.keys_file("expiring"), expiring.certificate)
    with server.lmtp() as client:
        for used in range(OFTEN + 1):
            if used == OFTEN:
                time.sleep(max(0, latest + 1 - time.time()))
            must_fail = time.time() > latest + 1
            reply, stored = deliver(client, server, "expiring")
            if reply.code != 250:
                break
            assert not must_fail
            mail.check_sealed(stored, MESSAGE, gnupg, expiring)
    assert (reply.code, server.maildir_files("expiring")) == (451, [])
    assert "expired" in reply.text
    assert time.time() >= earliest
    return used


@pytest.fixture
def system_configuration(keys):
    """system_configuration(name, text): a server where /etc/gnupg has this file."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Dovecot([User("alice", keys.alice.certificate)],
                                             seal={"mail_seal_openpgp_engine": "gpg"}))
        etc = server.folder / "etc"
        shutil.copytree("/etc", etc, symlinks=True)
        (etc / "gnupg").mkdir(exist_ok=True)
        stack.enter_context(server.sandbox.mounted_over(etc, "/etc"))

        def with_file(name, text):
            (etc / "gnupg" / name).write_text(text)
            return server
        yield with_file


@pytest.mark.parametrize("name, text", [
    ("common.conf", "use-keyboxd\n"),        # GnuPG 2.4 leaves keyrings aside then
    ("gpg.conf", "throw-keyids\n")])
def test_configuration_of_the_whole_system(system_configuration, keys, gnupg, name, text):
    server = system_configuration(name, text)
    with server.lmtp() as client:
        for _ in range(OFTEN):
            reply, stored = deliver(client, server, "alice")
            assert reply.code == 250
            mail.check_sealed(stored, MESSAGE, gnupg, keys.alice)


@pytest.mark.parametrize("option", ("recipient-file", "hidden-recipient-file"))
def test_key_that_the_whole_system_adds(system_configuration, keys, option):
    server = system_configuration("gpg.conf", f"{option} /etc/gnupg/bob.gpg\n")
    (server.folder / "etc/gnupg/bob.gpg").write_bytes(keys.bob.certificate)
    with server.lmtp() as client:
        reply, _ = deliver(client, server, "alice")
    assert (reply.code, server.maildir_files("alice")) == (451, [])
    assert wait_until(lambda: "other keys than the recipients'" in server.log())
