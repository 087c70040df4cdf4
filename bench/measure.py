"""What bench/run measures. Every figure that is compared was taken in turns with its counterpart."""

import base64
import contextlib
import os
import random
import re
import shutil
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import mail
from dovecot import Dovecot, User
from soak import measure

CONNECTIONS = (1, 4, 16)
LMTP_SIZES = (2_000, 20_000, 200_000)
SEAL_PAIRS = {2_000: 80, 20_000: 80, 200_000: 40, 2_000_000: 16, 25_000_000: 8, 100_000_000: 4}
PEAK_SIZES = (1_000_000, 10_000_000, 100_000_000)


def build_programs():
    """Returns the folder of bench-detect, bench-lmtp and bench-seal."""
    build = Path(os.environ["MAIL_SEAL_BUILD"])
    subprocess.run(["make", "-s", "-C", build, "bench-programs"], check=True)
    return build / "bench"


def worst_messages(programs, effort):
    """[(name, ns per byte to detect, to seal, and that against a text)]"""
    done = subprocess.run([programs / "bench-detect", str(int(10_000_000 * min(effort, 1)))],
                          check=True, capture_output=True, text=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return [(name, *map(float, numbers)) for name, *numbers in rows]


def message(size):
    text = mail.crlf(base64.encodebytes(random.Random(size).randbytes(size)))
    return mail.text(text[:max(size - 250, 10)] + b"\r\n")


# The sealing step and a bare gpg

@dataclass
class Step:
    """Seconds: medians of gpg's and the seal's, and of the ratios of the pairs."""
    gpg: float
    seal: float
    ratio: float
    cpu_ratio: float


def sealing_step(programs, certificate, size, effort):
    pairs = max(3, round(SEAL_PAIRS[size] * effort))
    done = subprocess.run([programs / "bench-seal", certificate, str(size), str(pairs)],
                          check=True, capture_output=True, text=True)
    rows = [tuple(map(float, line.split())) for line in done.stdout.splitlines()]
    gpg, seal, gpg_cpu, seal_cpu = map(statistics.median, zip(*rows))
    return Step(gpg, seal, statistics.median(row[1] / row[0] for row in rows), seal_cpu / gpg_cpu)


# LMTP

class Deliveries:
    """A Dovecot without the plugin and one with it, with users for each kind of key."""

    def __init__(self, programs, kinds):
        self._programs, self._kinds = programs, kinds
        self._stack = contextlib.ExitStack()
        self._put_aside_count = 0

    def __enter__(self):
        plain = self._stack.enter_context(Dovecot(
            [User(f"plain{n}") for n in range(max(CONNECTIONS))], mail_seal=False))
        users = [User(f"{kind}{n}", certificate) for kind, certificate in self._kinds.items()
                 for n in range(max(CONNECTIONS))]
        sealing = self._stack.enter_context(Dovecot(users))
        self._servers = {"plain": plain} | {kind: sealing for kind in self._kinds}
        return self

    def __exit__(self, *exc):
        self._stack.__exit__(*exc)

    def rates(self, size, connections, effort):
        """{kind: messages per second}, {kind: ratio to plain Dovecot}: medians of some rounds."""
        file = self._servers["plain"].folder / "message"
        file.write_bytes(message(size) + b".\r\n")
        speed = self._burst("plain", connections, 8 * connections, file)
        count = connections * max(2, round(speed * effort / connections))
        rounds = []
        order = list(self._servers)
        for _ in range(5):
            random.shuffle(order)
            rounds.append({kind: self._burst(kind, connections, count, file) for kind in order})
        rates = {kind: statistics.median(one[kind] for one in rounds) for kind in order}
        ratios = {kind: statistics.median(one[kind] / one["plain"] for one in rounds)
                  for kind in order}
        return rates, ratios

    def _burst(self, kind, connections, count, file):
        server = self._servers[kind]
        done = subprocess.run(
            [self._programs / "bench-lmtp", server.folder / "run" / "lmtp",
             f"{kind}%@example.org", str(connections), str(count), file],
            check=True, capture_output=True, text=True)
        for number in range(connections):
            self._put_aside(server.home(f"{kind}{number}") / "Maildir")
        return count / float(done.stdout)

    def _put_aside(self, maildir):
        """Not removed before all is measured: creating files on ext4 without a journal is slower
        for minutes after others were removed (fs/ext4/ialloc.c recently_deleted())."""
        self._put_aside_count += 1
        maildir.rename(maildir.parent / f"Maildir.{self._put_aside_count}")


# IMAP sessions that save nothing

@dataclass
class Sessions:
    milliseconds: float              # to connect and log in
    private_kb: float


def imap_sessions(effort):
    """(without the plugin, with it), and the median difference of the pairs."""
    with Dovecot([User("alice")], mail_seal=False) as plain, Dovecot([User("alice")]) as loaded:
        pairs = [(_session(plain), _session(loaded)) for _ in range(max(5, round(100 * effort)))]
    sides = [Sessions(statistics.median(one.milliseconds for one in side),
                      statistics.median(one.private_kb for one in side)) for side in zip(*pairs)]
    more = Sessions(
        statistics.median(b.milliseconds - a.milliseconds for a, b in pairs),
        statistics.median(b.private_kb - a.private_kb for a, b in pairs))
    return (*sides, more)


def _session(server):
    start = time.perf_counter()
    with server.imap("alice") as client:
        milliseconds = (time.perf_counter() - start) * 1000
        client.select()
        [pid] = server.service_pids("imap")
        private = measure(pid).private_kb
        client.must("LOGOUT")
    while server.service_pids("imap"):
        time.sleep(0.001)
    return Sessions(milliseconds, private)


# Memory

def lmtp_peaks(certificate):
    """{size: the most that one lmtp had resident while it sealed a message, kB}"""
    peaks = {}
    with Dovecot([User("alice", certificate)]) as server, server.lmtp() as client:
        client.deliver(message(1000), "alice@example.org")
        [pid] = server.service_pids("lmtp")
        for size in PEAK_SIZES:
            Path(f"/proc/{pid}/clear_refs").write_text("5")
            client.deliver_blocks(_blocks(size), "alice@example.org")
            status = Path(f"/proc/{pid}/status").read_text()
            peaks[size] = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])
            server.empty("alice")
    return peaks


def _blocks(size):
    block = mail.crlf(base64.encodebytes(random.Random(0).randbytes(720_000)))
    yield mail.text(b"")
    for _ in range(max(1, size // len(block))):
        yield block


# Today's way: gpgit.pl

PROCMAIL_RC = """
:0 fw
| {gpgit} {address}
:0 w
| /usr/lib/dovecot/dovecot-lda -c {conf} -d {name} -f sender@example.org
:0
| exit 75
"""
FILTER = 'require "vnd.dovecot.filter"; filter "gpgit" "{address}";'


class Today:
    """Users with a GnuPG home of their own, whose mail goes through gpgit.pl."""

    def __init__(self, programs, gpgit, key, connections=4):
        self._programs, self._gpgit, self._key = programs, gpgit, key
        self._names = [f"today{n}" for n in range(connections)]

    def __enter__(self):
        users = [User(name, sieve=FILTER.format(address=self._key.address))
                 for name in self._names]
        self._server = Dovecot(users, mail_seal=False, system_users=True, plugins=("sieve", "filter"))
        self._server.__enter__()
        folder = self._server.folder / "filters"
        folder.mkdir()
        shutil.copy(self._gpgit, folder / "gpgit")
        (folder / "gpgit").chmod(0o755)
        for name in self._names:
            self._server.give(name, "rc", PROCMAIL_RC.format(
                gpgit=folder / "gpgit", address=self._key.address, name=name,
                conf=self._server.folder / "dovecot.conf").encode())
            self._server.give(name, "key.asc", self._key.certificate)
            self._as(name, "gpg", "--batch", "--import", "key.asc")
        return self

    def __exit__(self, *exc):
        self._server.__exit__(*exc)

    def procmail_rate(self, size, count=3):
        """Messages per second of as many procmails at a time as there are users."""
        data = mail.lf(message(size))

        def deliver(name):
            for _ in range(count):
                self._as(name, "procmail", "-m", "rc", stdin=data)

        threads = [threading.Thread(target=deliver, args=[name]) for name in self._names]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - start
        self._check_and_empty(count)
        return count * len(self._names) / seconds

    def filter_rate(self, size, count=3):
        file = self._server.folder / "message"
        file.write_bytes(message(size) + b".\r\n")
        connections = str(len(self._names))
        done = subprocess.run(
            [self._programs / "bench-lmtp", self._server.folder / "run" / "lmtp",
             "today%@example.org", connections, str(count * len(self._names)), file],
            check=True, capture_output=True, text=True)
        self._check_and_empty(count + 1)
        return count * len(self._names) / float(done.stdout)

    def step(self, size):
        """Seconds of one gpgit.pl by itself."""
        data = mail.lf(message(size))
        start = time.perf_counter()
        self._as(self._names[0], self._server.folder / "filters" / "gpgit", self._key.address,
                 stdin=data)
        return time.perf_counter() - start

    def _as(self, name, *command, stdin=b""):
        uid, home = self._server.uid(name), self._server.home(name)
        return self._server.sandbox.run(
            "setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups",
            "env", "-i", f"--chdir={home}", f"HOME={home}", "PATH=/usr/bin:/bin", *command,
            input=stdin)

    def _check_and_empty(self, count):
        """A way that stores nothing, or plaintext, is a fast one."""
        for name in self._names:
            files = self._server.maildir_files(name)
            assert len(files) == count, f"{len(files)} messages, not {count}"
            assert all(b"-----BEGIN PGP MESSAGE-----" in file.read_bytes() for file in files)
            shutil.rmtree(self._server.home(name) / "Maildir")
