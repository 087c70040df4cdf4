"""Bursts of messages by LMTP, and the processor time that a whole Dovecot takes for them."""

import base64
import contextlib
import os
import random
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path

import mail
from dovecot import Dovecot, User
from sandbox import wait_until

CONNECTIONS = 4
ROUNDS = 7
BURST = 1_000                        # messages
ROOTS = {"maildir": "Maildir", "sdbox": "sdbox", "mdbox": "mdbox"}
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Cost:
    """Of one message."""
    seconds: float
    processor: float                 # seconds, of all processes of Dovecot


class Rounds:
    """What each kind of user cost in each round; the kinds of a round were taken in turns."""

    def __init__(self, rounds):
        self.rounds = rounds

    def rate(self, kind):
        """Messages per second."""
        return 1 / statistics.median(one[kind].seconds for one in self.rounds)

    def processor(self, kind):
        return statistics.median(one[kind].processor for one in self.rounds)

    def rate_ratio(self, kind, base="plain"):
        return statistics.median(one[base].seconds / one[kind].seconds for one in self.rounds)

    def processor_ratio(self, kind, base="plain"):
        """How much of a message's processor time is the base's."""
        return statistics.median(one[base].processor / one[kind].processor for one in self.rounds)


def processor_time(server):
    """Seconds that all of Dovecot's processes have used, with those that have ended."""
    ticks = 0
    for pid in server.sandbox.processes():
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))  # utime, stime, and the children's
    return ticks / TICKS


class Deliveries:
    """A Dovecot without the plugin and one with it, with users for each kind of key.

    `kinds` is {kind: certificate or None}, or {kind: [certificate of user 0, of user 1, …]}.
    The kind "plain" is added: the users of the Dovecot without the plugin.
    """

    def __init__(self, programs, kinds, users=CONNECTIONS, mail_format="maildir"):
        self._programs, self._kinds, self._users = programs, kinds, users
        self._format = mail_format
        self._stack = contextlib.ExitStack()
        self._put_aside_count = 0

    def __enter__(self):
        # or the log would grow by a message of the plugin's for each delivery
        plain = self._stack.enter_context(Dovecot(
            [User(f"plain{n}") for n in range(self._users)], mail_seal=False,
            mail_format=self._format))
        users = [User(f"{kind}{n}", keys[n] if isinstance(keys, list) else keys)
                 for kind, keys in self._kinds.items() for n in range(self._users)]
        sealing = self._stack.enter_context(Dovecot(users, mail_format=self._format))
        self._servers = {"plain": plain} | {kind: sealing for kind in self._kinds}
        return self

    def __exit__(self, *exc):
        self._stack.__exit__(*exc)

    def rounds(self, size, messages, rounds=ROUNDS, **options):
        """Rounds of bursts of `messages` messages to each kind; options as for _burst()."""
        file = self._servers["plain"].folder / "message"
        file.write_bytes(message(size) + b".\r\n")
        order, done = list(self._servers), []
        for _ in range(rounds):
            random.shuffle(order)
            done.append({kind: self._burst(kind, messages, file, **options) for kind in order})
        return Rounds(done)

    def left_behind(self):
        """Command lines of processes that aren't Dovecot's, and a line for each zombie."""
        found = []
        for server in set(self._servers.values()):
            wait_until(lambda: not server.sandbox.zombies())
            found += server.foreign_processes()
            found += [f"zombie {pid}" for pid in server.sandbox.zombies()]
        return found

    def _burst(self, kind, messages, file, connections=CONNECTIONS, one_mailbox=False,
               owners=None, keep=False):
        """`one_mailbox`: for all connections. `owners`: each connection takes them in turn.
        `keep`: the mailbox grows; else each burst begins with an empty one."""
        server = self._servers[kind]
        count = connections * max(1, messages // connections)
        address = f"{kind}{0 if one_mailbox else '%'}@example.org"
        command = [self._programs / "bench-lmtp", server.folder / "run" / "lmtp", address,
                   connections, count, file, *([owners] if owners else [])]
        if one_mailbox:
            # which four at once may not all create: sdbox says "Mailbox already exists"
            server.deliver(message(1_000), f"{kind}0")
        with subprocess.Popen(list(map(str, command)), text=True, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as client:
            assert client.stdout.readline() == "ready\n", f"{kind}: {server.log()[-2000:]}"
            before = processor_time(server)
            seconds = float(client.communicate("go\n")[0])
        assert client.returncode == 0, server.log()[-2000:]
        used = processor_time(server) - before
        if not keep:
            for number in range(1 if one_mailbox else owners or connections):
                self._put_aside(server.home(f"{kind}{number}") / ROOTS[self._format])
        return Cost(seconds / count, used / count)

    def _put_aside(self, folder):
        """Not removed before all is measured: creating files on ext4 without a journal is slower
        for minutes after others were removed (fs/ext4/ialloc.c recently_deleted())."""
        self._put_aside_count += 1
        folder.rename(folder.parent / f"{folder.name}.{self._put_aside_count}")


def message(size):
    """A text of base64's letters, which doesn't compress better than other mail."""
    text = mail.crlf(base64.encodebytes(random.Random(size).randbytes(size)))
    return mail.text(text[:max(size - 250, 10)] + b"\r\n")
