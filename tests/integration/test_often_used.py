"""Certificates that one process seals to again and again, which go to gpg as a keyring then."""

import contextlib
import shutil
import time

import pytest

import fakes
import mail
from dovecot import Dovecot, User

MESSAGE = mail.text(b"Hello\r\n")
# More than it takes to make a keyring (src/seal/gnupg/keyring.c)
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


@pytest.fixture
def used_keyring(server):
    """used_keyring(): for each message since the last call, whether gpg got a keyring."""
    fake = fakes.Fakes(server)
    fake.forget_recorded()

    def since_last_call():
        used = [line["keyring"] == "yes" for line in fake.recorded()]
        fake.forget_recorded()
        return used

    with fake.gpg("record_keyring"):
        yield since_last_call


def deliver(client, server, user):
    """The reply, and what was stored."""
    server.empty(user)
    [reply] = client.deliver(MESSAGE, server.users[user].address)
    return reply, server.message(user) if reply.code == 250 else None


@pytest.mark.parametrize("user", ("alice", "bob"))
def test_all_messages_are_alike(server, keys, gnupg, used_keyring, user):
    recipients = [keys.alice] if user == "alice" else [keys.bob, keys.carol]
    with server.lmtp() as client:
        for _ in range(OFTEN):
            reply, stored = deliver(client, server, user)
            assert reply.code == 250
            mail.check_sealed(stored, MESSAGE, gnupg, *recipients)
    used = used_keyring()
    assert len(used) == OFTEN
    assert not used[0] and used[-1]


def test_certificate_is_replaced(server, keys, gnupg, used_keyring):
    with server.lmtp() as client:
        for owner in (keys.alice, keys.bob, keys.alice):
            server.give("changing", server.keys_file("changing"), owner.certificate)
            for _ in range(OFTEN):
                reply, stored = deliver(client, server, "changing")
                assert reply.code == 250
                mail.check_sealed(stored, MESSAGE, gnupg, owner)
    assert any(used_keyring())


def test_certificate_expires(server, gnupg, used_keyring):
    seconds = 15
    expiring = gnupg.generate("expiring@example.org", expires=f"seconds={seconds}")
    end = time.time() + seconds
    server.give("expiring", server.keys_file("expiring"), expiring.certificate)
    with server.lmtp() as client:
        for _ in range(OFTEN):
            reply, stored = deliver(client, server, "expiring")
            assert reply.code == 250
            mail.check_sealed(stored, MESSAGE, gnupg, expiring)
        assert used_keyring()[-1]
        time.sleep(max(0, end + 1 - time.time()))
        reply, _ = deliver(client, server, "expiring")
    assert (reply.code, server.maildir_files("expiring")) == (451, [])
    assert "expired" in reply.text


@pytest.fixture
def system_configuration(keys):
    """system_configuration(name, text): a server where /etc/gnupg has this file."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Dovecot([User("alice", keys.alice.certificate)]))
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
    fake = fakes.Fakes(server)
    fake.forget_recorded()
    with fake.gpg("record_keyring"), server.lmtp() as client:
        for _ in range(OFTEN):
            reply, stored = deliver(client, server, "alice")
            assert reply.code == 250
            mail.check_sealed(stored, MESSAGE, gnupg, keys.alice)
    assert fake.recorded() == [{"keyring": "no"}] * OFTEN


@pytest.mark.parametrize("option", ("recipient-file", "hidden-recipient-file"))
def test_key_that_the_whole_system_adds(system_configuration, keys, option):
    server = system_configuration("gpg.conf", f"{option} /etc/gnupg/bob.gpg\n")
    (server.folder / "etc/gnupg/bob.gpg").write_bytes(keys.bob.certificate)
    with server.lmtp() as client:
        reply, _ = deliver(client, server, "alice")
    assert (reply.code, server.maildir_files("alice")) == (451, [])
    assert "other keys than the recipients'" in server.log()
