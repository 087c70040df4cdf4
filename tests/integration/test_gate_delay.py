"""Who has lost the old key waits, is announced to whoever has it, and can be stopped."""

import pytest

import mail
import notices
from dovecot import Dovecot, User
from enrolment import (CODE, challenges, code, get_entry, give, pending, sealed_to, set_entry,
                       stop_code)
from sandbox import wait_until
from seal_key import set_key


@pytest.fixture(scope="module")
def server():
    with Dovecot([User("alice")], seal={"mail_seal_change_delay": "1s"}) as dovecot:
        yield dovecot


@pytest.fixture(scope="module")
def keys(gnupg, openpgp_keys):
    openpgp_keys.alice_too = gnupg.generate("alice@example.org")
    return openpgp_keys


@pytest.fixture
def alice(server, keys):
    server.never_enrolled("alice")
    assert set_key(server, "alice", keys.alice.certificate).returncode == 0
    server.empty("alice")
    with server.imap("alice") as client:
        yield client


def notify(server):
    return server.doveadm("seal", "key", "notify", "-u", "alice").stdout.decode()


@pytest.mark.parametrize("what", ["change", "withdrawal"])
def test_after_the_wait_and_a_notice(server, alice, keys, what):
    wanted = keys.alice_too.certificate if what == "change" else None
    assert set_entry(alice, "keys", wanted).ok
    if what == "change":
        # the wait begins with the proof of the new key
        assert notify(server) == "" and "delay_until" not in pending(alice)
        assert give(alice, code(server, "alice", keys.alice_too)).ok
    assert pending(alice)["missing"] == "old"
    server.empty("alice")
    # time alone doesn't do it: he must have been told
    assert wait_until(lambda: "delay_until" in pending(alice))
    assert "delay stored in INBOX" in notify(server)
    [stored] = server.messages("alice")
    notice = notices.read(stored, keys.alice)
    assert notice.sealed and len(set(CODE.findall(notice.text))) == 1
    assert get_entry(alice, "keys") == keys.alice.certificate
    assert wait_until(lambda: notify(server) and pending(alice) == {})
    assert get_entry(alice, "keys") == wanted
    assert sealed_to(server, "alice") == ([keys.alice_too.fingerprint] if wanted else [])


def test_stopped_by_the_notice(server, alice, keys):
    """Also when somebody has deleted the first message."""
    assert set_entry(alice, "keys", keys.alice_too.certificate).ok
    first = stop_code(server, "alice", keys.alice)
    assert give(alice, code(server, "alice", keys.alice_too)).ok
    server.empty("alice")
    notify(server)
    [[stop]] = challenges(server, "alice", keys.alice)
    assert stop != first
    assert give(alice, stop).ok
    assert pending(alice) == {} and notify(server) == ""
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]
    assert mail.is_sealed(server.messages("alice")[-1])
