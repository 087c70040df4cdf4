"""doveadm seal encrypt killed at random moments and run again: nothing lost, changed or doubled.

MAIL_SEAL_KILLS is how often each way of running it is killed for each format.
"""

import os
import random
import shutil
import time

import pytest

from dovecot import Dovecot, User
from killing import at_each_step, build_killer
from stored import Mailbox, mixture

KILLS = int(os.environ.get("MAIL_SEAL_KILLS", "3"))
SEED = int(os.environ.get("MAIL_SEAL_SEED", random.randrange(1 << 32)))


@pytest.fixture(scope="module", params=["maildir", "sdbox", "mdbox", "mbox"])
def server(request, keys):
    # Killed before its PID is in it, a process leaves a lock of nobody's, which Dovecot waits
    # for as long as IMAP clients do.
    more = "mbox_dotlock_change_timeout = 5s\n" if request.param == "mbox" else ""
    with Dovecot([User("alice")], mail_format=request.param, more=more) as dovecot:
        build_killer(dovecot)
        yield dovecot


def refill(server, inbox, count=24):
    server.never_enrolled("alice")
    server.empty("alice")
    if server.site.mail_format == "mdbox":
        # A rebuild would bring back what was expunged between the rounds, and not purged.
        shutil.rmtree(server.home("alice") / "mdbox")
    inbox.fill(mixture(count))


def timed(server, arguments):
    started = time.monotonic()
    server.doveadm("seal", "encrypt", *arguments, "all")
    return time.monotonic() - started


@pytest.mark.parametrize("way", ["doveadm", "doveadm-server"])
def test_killed(server, gnupg, keys, way):
    arguments = ["-u", "alice"]
    if way == "doveadm-server":
        arguments = [*server.doveadm_server, *arguments]
    victim = "doveadm-server" if way == "doveadm-server" else "seal encrypt"
    moment = random.Random(SEED)
    inbox = Mailbox(server, gnupg, "alice")
    refill(server, inbox)
    before = inbox.content()
    server.give("alice", server.keys_file("alice"), keys.alice.certificate)
    whole = timed(server, arguments)
    for number in range(KILLS):
        refill(server, inbox)
        server.give("alice", server.keys_file("alice"), keys.alice.certificate)
        server.doveadm_killed(moment.uniform(0, whole * 1.1), victim, "seal", "encrypt",
                              *arguments, "all")
        assert inbox_after_kill_is_sound(inbox, before), f"kill {number} of seed {SEED}"
        server.doveadm("seal", "encrypt", *arguments, "all")
        assert inbox.content() == before, f"kill {number} of seed {SEED}"
        assert inbox.plaintext() == [], f"kill {number} of seed {SEED}"
    server.new_crashes()  # the master's "killed with signal 9" is what the test did


def inbox_after_kill_is_sound(inbox, before):
    """Nothing may be missing between the kill and the next run either."""
    return not before - inbox.content()


# In the other formats a file that replaces another one is a lock, too, which is waited for.
@pytest.mark.parametrize("server", ["sdbox", "mdbox"], indirect=True)
def test_killed_at_each_step(server, gnupg, keys):
    """Dovecot repairs what is left when a save stumbles over it, and that save fails."""
    inbox = Mailbox(server, gnupg, "alice")
    refill(server, inbox, 3)
    before = inbox.content()
    server.give("alice", server.keys_file("alice"), keys.alice.certificate)
    command = ["seal", "encrypt", "-u", "alice", "all"]
    for step, was_killed in enumerate(at_each_step(server, *command, inside="/home/alice/"), 1):
        if was_killed:
            assert inbox_after_kill_is_sound(inbox, before), f"step {step}"
            server.doveadm(*command)
        assert inbox.content() == before, f"step {step}"
        assert inbox.plaintext() == [], f"step {step}"
