"""SIGKILL at any step of a message's way into the Keys mailbox: what was left is done again."""

import pytest

import key_messages
import mail
from dovecot import Dovecot, User
from enrolment import challenges, code, give
from killing import build_killer

IMAP = "/usr/lib/dovecot/imap"
STEPS_MAX = 60


@pytest.fixture(scope="module")
def server():
    with Dovecot([User("alice")], seal={"mail_seal_keys_mailbox": "Keys"}) as dovecot:
        build_killer(dovecot)
        dovecot.doveadm("mailbox", "create", "-u", "alice", "Keys", "Sent")
        yield dovecot


def append(server, message, kill_at):
    """As the owner, whose session ends before its n-th step; what the client gets to see."""
    commands = b'a1 APPEND Keys {%d+}\r\n%s\r\na2 LOGOUT\r\n' % (len(message), message)
    environment = ["DOVECOT_PRESERVE_ENVS=LD_PRELOAD KILL_AT", f"KILL_AT={kill_at}",
                   f"LD_PRELOAD={server.folder / 'kill.so'}"]
    done = server.sandbox.run("env", *environment, IMAP, "-c", server.folder / "dovecot.conf",
                              "-u", "alice", input=commands, check=False)
    return done.stdout


def test_killed(server, gnupg):
    """Nobody is left with a message in Keys and no answer.

    At every other step: a lock that is left is waited for, and test_gate_killed.py has them all.
    """
    key = gnupg.generate("alice@example.org")
    message = key_messages.sent(key)
    killed = 0
    for step in range(1, STEPS_MAX, 2):
        server.never_enrolled("alice")
        server.empty("alice")
        answer = append(server, message, step)
        assert not server.keys_file("alice").exists()
        if b"a1 OK" in answer:
            break
        killed += 1
        assert not server.messages("alice", "Keys") or challenges(server, "alice", key)
        with server.imap("alice") as client:
            assert client.append("Keys", message).ok
            assert give(client, code(server, "alice", key)).ok
        assert server.keys_file("alice").exists()
        assert not server.pending_file("alice").exists()
        mail.check_unchanged(server.messages("alice", "Keys")[-1], message, delivered=False)
    assert killed > 3
    assert step < STEPS_MAX - 2
