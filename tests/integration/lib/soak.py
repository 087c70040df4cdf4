"""Thousands of messages through processes that stay: nothing may grow.

`tests/soak` runs it. Every connection has a user and a process of its own,
half of them LMTP's and half IMAP's, from the first message to the last.
"""

import base64
import contextlib
import os
import random
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import fakes
import mail
from dovecot import Dovecot, User
from sandbox import wait_until

CONNECTIONS = 16
WARM_UP = 0.15                       # of the messages; among them all sizes
SIZES = (1_000, 2_000, 5_000, 20_000, 20_000, 50_000, 200_000)
LARGE = 3_000_000                    # one in a hundred
EMPTY_EVERY = 200                    # messages, or indexes would grow in memory
ALLOWED_GROWTH_KB = 512              # private memory of one process
VALGRIND = " ".join([
    "/usr/bin/valgrind", "--quiet", "--log-file=FOLDER/valgrind-%p", "--leak-check=full",
    "--show-leak-kinds=definite", "--keep-debuginfo=yes", "--child-silent-after-fork=yes",
    "--num-callers=30", "--vgdb=no"])
# Failures have paths of their own to leak on.
FAILING = ("crash", "half_then_killed", "silent", "hang")


@dataclass
class Size:
    """What one process has."""
    private_kb: int
    resident_kb: int
    descriptors: int                 # without those of index files


def _descriptors(pid):
    """How many.  Dovecot opens dovecot.index when it is there, which takes it some time."""
    links = [file.readlink() for file in Path(f"/proc/{pid}/fd").iterdir()]
    return sum(not link.name.startswith("dovecot.index") for link in links)


def measure(pid):
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    values = {name: int(kb) for name, kb in re.findall(r"^(\w+):\s+(\d+) kB", rollup, re.M)}
    return Size(values["Private_Clean"] + values["Private_Dirty"], values["Rss"],
                _descriptors(pid))


class Messages:
    """Random messages, made once and then used again and again."""

    def __init__(self, chance):
        self._chance = chance
        self._filler = mail.crlf(base64.encodebytes(os.urandom(LARGE * 3 // 4)))

    def one(self, number):
        size = LARGE if number % 100 == 7 else self._chance.choice(SIZES)
        start = self._chance.randrange(0, len(self._filler) // 78) * 78
        body = (self._filler[start:] + self._filler)[:size]
        return mail.text(f"{number}\r\n".encode() + body + b"\r\n")


class Soak:
    def __init__(self, gnupg, messages=20_000, seed=0, say=lambda line: None):
        self._messages, self._say, self._seed = messages, say, seed
        self._chance = random.Random(seed)
        algorithms = [("ed25519", "cv25519"), ("rsa2048", "rsa2048")]
        self._keys = [gnupg.generate(f"user{n}@soak.example.org", *algorithms[n % 2])
                      for n in range(4)]
        self.problems = []

    def users(self):
        return [User(f"user{n}", self._keys[n % len(self._keys)].certificate)
                for n in range(CONNECTIONS)]

    def run(self):
        with Dovecot(self.users(), disk="4G") as server:
            self._server = server
            self._make_clients()
            self._zombies = Counter()
            warm = threading.Barrier(CONNECTIONS + 1)
            threads = self._start_clients(warm)
            with contextlib.suppress(threading.BrokenBarrierError):
                warm.wait()
                before = self._measure()
                self._say(f"after {WARM_UP:.0%} of {self._messages} messages: {_total(before)}")
                warm.wait()
            while any(thread.is_alive() for thread in threads):
                time.sleep(1)
                self._look_for_zombies()
            if not self.problems:
                self._compare(before, self._measure())
            self._check_processes()
        return self.problems

    def _make_clients(self):
        """One after the other, to know which process belongs to whom."""
        self._clients, self._pids = [], []
        for number in range(CONNECTIONS):
            service = ("lmtp", "imap")[number % 2]
            before = set(self._server.service_pids(service))
            client = self._server.lmtp() if service == "lmtp" else \
                self._server.imap(f"user{number}")
            self._send(client, number, mail.text(b"the first\r\n"))
            [pid] = set(self._server.service_pids(service)) - before
            self._clients.append(client)
            self._pids.append(pid)

    @staticmethod
    def _send(client, number, message):
        if hasattr(client, "deliver"):
            [reply] = client.deliver(message, f"user{number}@example.org")
            assert reply.code == 250, reply
        else:
            response = client.append("INBOX", message)
            assert response.ok, response

    def _start_clients(self, warm):
        """They stop twice at the barrier, so that nothing moves while we measure."""
        def work(number):
            try:
                self._work(number, warm)
            except Exception as exception:  # the other connections go on
                self.problems.append(f"connection {number}: {exception!r}")
                warm.abort()

        threads = [threading.Thread(target=work, args=[number], daemon=True)
                   for number in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        return threads

    def _work(self, number, warm):
        messages = Messages(random.Random(self._seed + number))
        each = self._messages // CONNECTIONS
        for count in range(each):
            if count == round(WARM_UP * each):
                warm.wait()
                warm.wait()
            self._send(self._clients[number], number, messages.one(count))
            if count % EMPTY_EVERY == EMPTY_EVERY - 1:
                self._server.empty(f"user{number}")

    def _measure(self):
        return [measure(pid) for pid in self._pids]

    def _look_for_zombies(self):
        """One that ends just now is none; one that is there for ten seconds is."""
        self._zombies = Counter({pid: self._zombies[pid] + 1
                                 for pid in self._server.sandbox.zombies()})
        self.problems += [f"process {pid} stays as a zombie"
                          for pid, seconds in self._zombies.items() if seconds == 10]

    def _compare(self, before, after):
        self._say(f"at the end: {_total(after)}")
        for number, (old, new) in enumerate(zip(before, after)):
            service = ("lmtp", "imap")[number % 2]
            if new.private_kb - old.private_kb > ALLOWED_GROWTH_KB:
                self.problems.append(f"{service} {number} grew from {old.private_kb} "
                                     f"to {new.private_kb} kB")
            if new.descriptors > old.descriptors:
                self.problems.append(f"{service} {number}: {new.descriptors} descriptors, "
                                     f"at first {old.descriptors}")

    def _check_processes(self):
        if not wait_until(lambda: not self._server.foreign_processes(), timeout=20):
            self.problems.append(f"still running: {self._server.foreign_processes()}")
        if not wait_until(lambda: not self._server.sandbox.zombies(), timeout=20):
            self.problems.append("zombies are left")
        self.problems += self._server.new_crashes()

    # Under valgrind

    def run_valgrind(self):
        """A few messages, sealed and refused, with every access to memory watched."""
        services = "".join(f"""
service {service} {{
  executable = {VALGRIND} /usr/lib/dovecot/{service}
  vsz_limit = 0
}}
""" for service in ("lmtp", "imap"))
        with Dovecot(self.users(), more=services, seal={"mail_seal_timeout": "5s"}) as server:
            self._server = server
            self._use_all()
            server.doveadm("stop")
            if not wait_until(lambda: not server.sandbox.processes(), timeout=60):
                self.problems.append(f"still running: {server.sandbox.processes()}")
            logs = [file.read_text() for file in server.folder.glob("valgrind-*")]
        if len(logs) < 2:
            self.problems.append(f"{len(logs)} processes ran under valgrind")
        self.problems += [log for log in logs if log]
        return self.problems

    def _use_all(self):
        messages = Messages(self._chance)
        fake = fakes.Fakes(self._server)
        with self._server.lmtp() as lmtp, self._server.imap("user1") as imap:
            for count in range(self._messages // 2):
                self._send(lmtp, count % 4, messages.one(count))
                self._send(imap, 1, messages.one(count))
            for behaviour in FAILING:
                with fake.gpg(behaviour):
                    assert lmtp.deliver(messages.one(0), "user0@example.org")[0].code == 451
                    assert not imap.append("INBOX", messages.one(0)).ok
            imap.select()
            imap.must("CREATE Filed")
            imap.must("COPY 1:* Filed")
            imap.must("LOGOUT")


def _total(sizes):
    return (f"{sum(s.private_kb for s in sizes)} kB private, "
            f"{sum(s.resident_kb for s in sizes)} kB resident, "
            f"{sum(s.descriptors for s in sizes)} descriptors in {len(sizes)} processes")
