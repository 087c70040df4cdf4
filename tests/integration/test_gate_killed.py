"""SIGKILL at each step: what is there is the old state or the new one, and it can be repeated."""

import pytest

from dovecot import Dovecot, User
from enrolment import ENTRY, challenges, code, give, pending, sealed_to, set_entry, stop_code
from killing import at_each_step, build_killer
from sandbox import wait_until
from seal_key import set_key


@pytest.fixture(scope="module")
def server():
    with Dovecot([User("alice")]) as dovecot:
        build_killer(dovecot)
        yield dovecot


@pytest.fixture(scope="module")
def keys(gnupg, openpgp_keys):
    openpgp_keys.alice_too = gnupg.generate("alice@example.org")
    return openpgp_keys


@pytest.fixture(autouse=True)
def nobody_enrolled(server):
    server.never_enrolled("alice")
    server.empty("alice")


def test_confirming(server, keys):
    old, new = keys.alice, keys.alice_too
    found = set()

    assert set_key(server, "alice", old.certificate).returncode == 0
    with server.imap("alice") as client:
        assert set_entry(client, "keys", new.certificate).ok
        assert give(client, code(server, "alice", new)).ok
    agree = code(server, "alice", old)
    for was_killed in at_each_step(server, "seal", "key", "confirm", "-u", "alice",
                                   agree):
        active = sealed_to(server, "alice")
        assert active in ([old.fingerprint], [new.fingerprint])
        found.add((was_killed, active == [new.fingerprint]))
        if was_killed and active == [old.fingerprint]:
            server.doveadm("seal", "key", "confirm", "-u", "alice", agree)
            assert sealed_to(server, "alice") == [new.fingerprint]
    assert found == {(True, False), (True, True), (False, True)}


def test_withdrawing(server, keys):
    key = keys.alice
    assert set_key(server, "alice", key.certificate).returncode == 0
    with server.imap("alice") as client:
        assert set_entry(client, "keys", None).ok
    agree = code(server, "alice", key)
    for was_killed in at_each_step(server, "seal", "key", "confirm", "-u", "alice",
                                   agree):
        active = sealed_to(server, "alice")
        assert active in ([key.fingerprint], [])
        if was_killed and active:
            server.doveadm("seal", "key", "confirm", "-u", "alice", agree)
            assert sealed_to(server, "alice") == []


def test_stopping(server, keys):
    old, new = keys.alice, keys.alice_too
    assert set_key(server, "alice", old.certificate).returncode == 0
    with server.imap("alice") as client:
        assert set_entry(client, "keys", new.certificate).ok
        assert give(client, code(server, "alice", new)).ok
    stop = stop_code(server, "alice", old)
    for was_killed in at_each_step(server, "seal", "key", "confirm", "-u", "alice",
                                   stop):
        assert sealed_to(server, "alice") == [old.fingerprint]
        if was_killed:
            server.doveadm("seal", "key", "confirm", "-u", "alice", stop, check=False)
        with server.imap("alice") as client:
            assert pending(client) == {}


def test_offering(server, keys):
    """Killed before the challenge is there, it is repeated; each code in INBOX is one that counts,
    or nothing is awaited."""
    key = keys.alice
    offer = ["mailbox", "metadata", "set", "-u", "alice", "-s", "--", "", ENTRY + "keys",
             key.certificate.decode()]
    for was_killed in at_each_step(server, *offer):
        assert sealed_to(server, "alice") == []
        if was_killed:
            server.doveadm(*offer)
        with server.imap("alice") as client:
            assert challenges(server, "alice", key)
            assert give(client, code(server, "alice", key)).ok
        assert wait_until(lambda: sealed_to(server, "alice") == [key.fingerprint])
