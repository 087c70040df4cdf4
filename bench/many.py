"""A back end with thousands of users, for the commands that look at all of them.

Every mailbox has some messages; every second user has a certificate, of which Dovecot knows
nothing yet, as after an import into the database.
"""

import contextlib
import os
import re
import resource
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import mix
import own_network
from dovecot import VMAIL_UID
from provider import Provider
from sites import DOMAIN, count_queries, processor_time, queries

FOLDERS = {"": 3, ".Archive": 2}     # of a Maildir, and how many messages each has
LARGEST = 100_000                    # of a message: users are to be many here, not bytes
DIFFERENT = 200                      # messages
FIRST_DATE = 1_700_000_000


def name(number):
    """It begins with which tenth of the users this one is in."""
    return f"u{number // 2 % 10}-{number:05}@{DOMAIN}"


@dataclass
class Command:
    seconds: float
    processor: float                 # seconds, of doveadm and its children
    services: float                  # of Dovecot's other processes
    peak: int                        # kB, the most of all doveadm processes at a time
    early: int                       # the most before a third of the time had gone
    user_lookups: int
    dict_lookups: int
    status: int
    output: str
    errors: str


class Many:
    """Its methods are called in a process of its own: see sites.Remote."""

    def __init__(self, users, certificates):
        self._count, self._certificates = users, certificates

    def start(self, stack):
        own_network.enter()
        count_queries(None)
        self._provider = stack.enter_context(Provider(backends=1, relays=False, postfix=False))
        [self._server] = self._provider.backends
        count_queries(self._provider)
        self._provider.add(*map(name, range(self._count)))
        self._provider.postgresql.load("mail_seal_keys", (
            (name(number), self._certificate(number)) for number in range(1, self._count, 2)))
        self._make_mailboxes()

    def _certificate(self, number):
        """Each is another text, as users' are; so many keys would take an hour to make."""
        certificate = self._certificates[number // 2 % len(self._certificates)].decode()
        if certificate.startswith("-----BEGIN PGP"):
            return certificate.replace("-----\n", f"-----\nComment: {number}\n", 1)
        return f"{number}\n{certificate}"

    def _make_mailboxes(self):
        messages = [message.replace(b"\r\n", b"\n") for message in mix.messages(DIFFERENT)
                    if len(message) < LARGEST]
        homes = Path(self._server.site.homes)
        for number in range(self._count):
            for folder, count in FOLDERS.items():
                maildir = homes / name(number) / "Maildir" / folder
                for part in ("cur", "new", "tmp"):
                    (maildir / part).mkdir(parents=True)
                for one in range(count):
                    message = messages[(number * 7 + one) % len(messages)]
                    (maildir / "cur" / f"{FIRST_DATE + one}.M{number}P{one}.bench:2,S").write_bytes(
                        message)
                if folder:
                    (maildir / "maildirfolder").touch()
        subprocess.run(["chown", "-R", f"{VMAIL_UID}:{VMAIL_UID}", homes], check=True)

    def messages(self):
        """(how many there are, how many of them are sealed)"""
        files = [file for folder in ("cur", "new") for file in
                 Path(self._server.site.homes).glob(f"*/Maildir/**/{folder}/*")]
        sealed = 0
        for file in files:
            with file.open("rb") as content:
                sealed += content.read(2000).startswith(b"X-Mail-Seal:")
        return len(files), sealed

    def bytes_in_database(self):
        """Of one certificate, with all that PostgreSQL needs for it."""
        [[size]] = self._provider.sql("SELECT pg_total_relation_size('mail_seal_keys')"
                                      " / count(*) FROM mail_seal_keys")
        return int(size)

    def run(self, *arguments, kill_after=None):
        """A command of doveadm's. `kill_after`: seconds until SIGKILL to all its processes."""
        watch = Watch(self._server.sandbox)
        before, asked = processor_time(self._server.sandbox), queries(self._provider)
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.monotonic()
        with watch, self._server.sandbox.start(
                "doveadm", "-c", self._server.folder / "dovecot.conf", *arguments,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE) as doveadm:
            if kill_after is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    doveadm.wait(kill_after)
                watch.kill()
            output, errors = doveadm.communicate()
        seconds = time.monotonic() - start
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        lookups = {table: count - asked[table]
                   for table, count in queries(self._provider).items()}
        return Command(
            seconds,
            used.ru_utime + used.ru_stime - children.ru_utime - children.ru_stime,
            processor_time(self._server.sandbox) - before, *watch.peaks(seconds),
            lookups.pop("users"), sum(lookups.values()), doveadm.returncode, output.decode(),
            errors.decode(errors="replace"))

    def problems(self):
        return self._server.new_crashes()


class Watch(threading.Thread):
    """Looks at the memory of all doveadm processes while a command runs."""

    INTERVAL = 0.2

    def __init__(self, sandbox):
        super().__init__(daemon=True)
        self._sandbox, self._done, self._sizes = sandbox, threading.Event(), []
        self._start = time.monotonic()

    def __enter__(self):
        self.start()

    def __exit__(self, *exc):
        self._done.set()
        self.join()

    def run(self):
        while not self._done.wait(self.INTERVAL):
            self._sizes.append((time.monotonic() - self._start,
                                sum(map(_proportional, self._pids()))))

    def _pids(self):
        return [pid for pid, command in self._sandbox.processes().items()
                if Path(command.split()[0]).name in ("doveadm", "doveadm-server")]

    def kill(self):
        for pid in self._pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)

    def peaks(self, seconds):
        """(of all the time, of its first third)"""
        sizes = self._sizes or [(0, 0)]
        return (max(size for _, size in sizes),
                max(size for when, size in sizes if when <= max(sizes[0][0], seconds / 3)))


def _proportional(pid):
    """kB. A child that was forked a moment ago shares nearly all that it has."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.M)
    return int(found[1]) if found else 0


# The table

DOVECOTS = ("mailbox", "status", "-t", "-A", "messages", "*")
LIST = ("seal", "key", "list", "-A")
NOTIFY = ("seal", "key", "notify", "-A")
STATUS = ("seal", "status", "-t", "-A")
ENCRYPT = ("seal", "encrypt", "-A", "all")
ENCRYPT_JOBS = ("seal", "encrypt", "-A", "--jobs", "2", "all")
ENCRYPT_SOME = ("seal", "encrypt", "-u")
JOBS = ("--jobs", "2")


class Table:
    def __init__(self, many, users, report):
        self._many, self._users, self._report = many, users, report

    def measure(self):
        self._report.title(f"Commands over {self._users:,} users, half of them enrolled")
        self._report.row("", "seconds", "ms/user", "processor", "other processes", "MB at most",
                         "in first third", "users, dict")
        self._row("mailbox status, first time", DOVECOTS)
        self._row("key list, nothing known yet", LIST)
        self._row("key notify, nothing known yet", NOTIFY)
        self._row("status, no sizes known yet", STATUS)
        self._row("status again", STATUS)
        self._row("status --jobs 2", (*STATUS, *JOBS))
        tenth = self._users // 10
        first = self._row("encrypt, a tenth of the users", (*ENCRYPT_SOME, "u0-*", "all"),
                          users=tenth)
        self._row("encrypt --jobs 2, another tenth", (*ENCRYPT_SOME, "u1-*", *JOBS, "all"),
                  users=tenth)
        self._encrypt_all(first.seconds * 2)
        self._row("encrypt again: nothing to do", ENCRYPT)
        self._row("key list, all is known", LIST)
        self._row("key list --jobs 2", (*LIST, *JOBS))
        self._row("key notify, all is known", NOTIFY)
        self._report.say(f"A certificate takes {self._many.bytes_in_database()} bytes in"
                         " PostgreSQL, with its index.")
        assert self._many.problems() == []

    def _encrypt_all(self, seconds):
        """Killed in the midst of it, and gone on."""
        before, _ = self._many.messages()
        self._row("encrypt --jobs 2, killed", ENCRYPT_JOBS, kill_after=seconds)
        _, sealed = self._many.messages()
        rest = self._row("encrypt --jobs 2, gone on", ENCRYPT_JOBS)
        after, all_sealed = self._many.messages()
        self._report.say(f"  {sealed} messages were sealed when it was killed; then "
                         + rest.output.splitlines()[-1])
        self._report.say(f"  {before} messages before, {after} after, {all_sealed} are sealed")
        assert after == before, (before, after)
        assert all_sealed >= self._users // 2 * sum(FOLDERS.values()), all_sealed

    def _row(self, name, command, users=None, **options):
        done = self._many.run(*command, **options)
        users = users or self._users
        self._report.row(name, f"{done.seconds:.1f}", f"{done.seconds / users * 1000:.2f}",
                         f"{done.processor / users * 1000:.2f}",
                         f"{done.services / users * 1000:.2f}",
                         f"{done.peak / 1024:.1f}", f"{done.early / 1024:.1f}",
                         f"{done.user_lookups / users:.1f}, {done.dict_lookups / users:.1f}")
        assert options or done.status == 0, (command, done.errors[-2000:])
        return done
