"""SIGKILL at each step of telling an owner: in the end he is told once, and no mail is lost."""

import itertools
import os
import shutil

import pytest

import mail
import notices
from dovecot import Dovecot, User
from killing import build_killer, killed_at

MESSAGE = mail.text(mail.CANARY + b"\r\n")
# at each step, if so many kills are asked for; it takes a minute
STRIDE = 1 if "MAIL_SEAL_KILLS" in os.environ else 5


@pytest.fixture(scope="module")
def server():
    with Dovecot([User("alice")]) as dovecot:
        build_killer(dovecot)
        yield dovecot


@pytest.fixture(autouse=True)
def nothing(server):
    server.never_enrolled("alice")
    server.empty("alice")


def at_steps(server, *arguments):
    """Kill a command at its steps, each time from the same beginning, and let the test look."""
    home, saved = server.home("alice"), server.folder / "saved"
    shutil.rmtree(saved, ignore_errors=True)
    server.sandbox.run("cp", "-a", home, saved)
    for step in itertools.count(1, STRIDE):
        server.sandbox.run("rm", "-rf", home)
        server.sandbox.run("cp", "-a", saved, home)
        was_killed = killed_at(server, step, *arguments)
        yield was_killed
        if not was_killed:
            break
    assert step > 3 * STRIDE, "nothing was killed"


def deliver(server):
    assert server.deliver(MESSAGE, "alice")[0].code == 250


def test_what_is_due(server, gnupg):
    key = gnupg.generate("alice@example.org", expires="20d")
    server.give("alice", server.keys_file("alice"), key.certificate)
    deliver(server)
    for _ in at_steps(server, "seal", "key", "notify", "-u", "alice"):
        server.doveadm("seal", "key", "notify", "-u", "alice")
        [notice] = notices.of(server, "alice", key)
        assert notices.names(notice, key)
        assert len(server.messages("alice")) == 2


def test_change_by_hand(server, keys):
    """Found by a message that is stored, or by the next one."""
    server.give("alice", server.keys_file("alice"), keys.alice.certificate)
    deliver(server)
    server.give("alice", server.keys_file("alice"), keys.bob.certificate)
    message = server.folder / "message"
    message.write_bytes(MESSAGE)
    for was_killed in at_steps(server, "save", "-u", "alice", message):
        deliver(server)
        server.doveadm("seal", "key", "notify", "-u", "alice")
        [notice] = notices.of(server, "alice")
        assert notices.names(notice, keys.alice) and notices.names(notice, keys.bob)
        stored = [stored for stored in server.messages("alice") if not notices.is_notice(stored)]
        assert len(stored) in ((2, 3) if was_killed else (3,))
        assert all(mail.is_sealed(message) for message in stored)
