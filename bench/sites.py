"""Small providers to compare: each with a proxy, three back ends and databases of its own.

Each lives in a process and a network of its own, and does there what it is told.
"""

import contextlib
import functools
import multiprocessing
import os
import re
import statistics
import subprocess
import traceback
from dataclasses import dataclass
from pathlib import Path

import databases
import own_network
from provider import PROXY, Provider
from provider_config import LMTP
from sessions import Sessions

USERS = 300
BACKENDS = 3
DOMAIN = "bench.example.org"
TICKS = os.sysconf("SC_CLK_TCK")
TABLES = ("mail_seal_keys", "mail_seal_pending")


def name(number):
    return f"u{number}@{DOMAIN}"


@dataclass
class Burst:
    """What one message cost, in a burst of many."""
    seconds: float
    proxy: float                     # seconds of processor time, of the proxy
    backends: float                  # of the back ends
    database: float                  # of PostgreSQL
    lookups: dict                    # {what: how often it was asked}
    sessions: dict                   # medians of the IMAP sessions beside it, seconds

    @property
    def processor(self):
        return self.proxy + self.backends


class Site:
    """A provider's side of the pipe; the methods are called in its process."""

    def __init__(self, programs, messages, certificates, plugin=True, store="sql", more=""):
        """`certificates` are {number of a user: bytes}, `store` is where they are: "sql" or
        "redis"; `more` is configuration of the back ends."""
        self._programs, self._messages, self._certificates = programs, messages, certificates
        self._plugin, self._store, self._more = plugin, store, more

    def start(self, stack):
        own_network.enter()
        count_queries(None)
        users = [name(number) for number in range(USERS)]
        modules = {} if self._plugin else {number: None for number in range(BACKENDS)}
        self._provider = stack.enter_context(Provider(
            users, backends=BACKENDS, relays=False, postfix=False, modules=modules,
            dict=self._store, more=self._more))
        count_queries(self._provider)
        if self._store == "sql":
            self._provider.postgresql.load(
                TABLES[0], [(name(number), certificate.decode())
                            for number, certificate in self._certificates.items()])
        else:
            for number, certificate in self._certificates.items():
                self._provider.redis("SET", f"seal/{name(number)}/mail-seal/keys",
                                     certificate.decode())
        self._folder = self._provider.folder / "messages"
        self._folder.mkdir()
        for number, message in enumerate(self._messages):
            (self._folder / f"{number:04}").write_bytes(
                re.sub(rb"(?m)^\.", b"..", message) + b".\r\n")
        # each user's first message, for which a certificate is judged
        self.burst(10, USERS, 0, USERS)

    def burst(self, connections, messages, first, count, sessions=0):
        """So many messages to these users, and as many IMAP sessions of theirs as wanted."""
        command = [self._programs / "bench-lmtp", f"{PROXY}:{LMTP}", f"u%@{DOMAIN}", connections,
                   messages, self._folder, count, first]
        with subprocess.Popen(list(map(str, command)), text=True, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as client, contextlib.ExitStack() as stack:
            assert client.stdout.readline() == "ready\n", self._log()
            beside = stack.enter_context(Sessions(
                self._provider.imap, [name(first + count * n // sessions)
                                      for n in range(sessions)],
                [message for message in self._messages if len(message) < 100_000])) \
                if sessions else None
            before, asked = self._processor(), self.lookups()
            seconds = float(client.communicate("go\n")[0])
            used = {what: (seconds - before[what]) / messages
                    for what, seconds in self._processor().items()}
            lookups = {table: (number - asked[table]) / messages
                       for table, number in self.lookups().items()}
            times = beside.times().medians() if beside else {}
        assert client.returncode == 0, self._log()
        return Burst(seconds / messages, used["proxy"], used["backends"], used["database"],
                     lookups, times)

    def memory(self):
        """{service of the back ends: (private kB, proportional kB, processes)}, medians."""
        found = {}
        for instance in self._provider.backends:
            for pid, command in instance.sandbox.processes().items():
                if match := re.match(r"dovecot/([\w-]+)", command):
                    with contextlib.suppress(OSError):
                        found.setdefault(match[1], []).append(_memory(pid))
        return {service: (statistics.median(private for private, _ in sizes),
                          statistics.median(proportional for _, proportional in sizes),
                          len(sizes)) for service, sizes in found.items()}

    def database_connections(self):
        [[count]] = self._provider.sql(
            f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{databases.USER}'")
        return int(count)

    def lookups(self):
        """How often the dict was asked so far: {what: number}"""
        if self._store == "redis":
            found = re.search(rb"cmdstat_get:calls=(\d+)",
                              self._provider.redis("INFO", "commandstats"))
            return {"Redis": int(found[1]) if found else 0}
        return {table: number for table, number in queries(self._provider).items()
                if table != "users"}

    def sealed(self, first, count):
        """How many of these users' messages are sealed, and how many aren't."""
        sealed = plain = 0
        for number in range(first, first + count):
            for home in self._provider.folder.glob(f"backend*/home/{name(number)}"):
                for file in home.glob("Maildir/**/*,S=*"):
                    with file.open("rb") as content:
                        is_sealed = b"\nX-Mail-Seal:" in b"\n" + content.read(2000)
                    sealed, plain = sealed + is_sealed, plain + (not is_sealed)
        return sealed, plain

    def problems(self):
        return self._provider.new_crashes()

    def _processor(self):
        return {"proxy": processor_time(self._provider.proxy.sandbox),
                "backends": sum(processor_time(instance.sandbox)
                                for instance in self._provider.backends),
                "database": processor_time(self._provider.postgresql.sandbox)}

    def _log(self):
        return "\n".join(instance.log()[-2000:] for instance in self._provider.instances())


def count_queries(provider):
    """Before Provider starts PostgreSQL, and after."""
    if provider is None:
        databases.CONFIG += "shared_preload_libraries = 'pg_stat_statements'\n"
    else:
        provider.sql("CREATE EXTENSION pg_stat_statements")


def queries(provider):
    """How often each table was read so far."""
    rows = provider.sql("SELECT query, calls FROM pg_stat_statements WHERE query LIKE 'SELECT%'")
    return {table: sum(int(calls) for query, calls in rows if f"FROM {table} WHERE" in query)
            for table in ("users", *TABLES)}


def processor_time(sandbox):
    """Seconds that all its processes have used, with those that have ended."""
    ticks = 0
    for pid in sandbox.processes():
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))  # utime, stime, and the children's
    return ticks / TICKS


def _memory(pid):
    """(private, proportional), kB"""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    values = {key: int(kb) for key, kb in re.findall(r"^(\w+):\s+(\d+) kB", rollup, re.M)}
    return values["Private_Clean"] + values["Private_Dirty"], values["Pss"]


class Remote:
    """The other end of the pipe: a method for each of Site's."""

    def __init__(self, site):
        self._pipe, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("fork").Process(
            target=_serve, args=[theirs, site])
        self._process.start()
        self._answer()

    def __getattr__(self, method):
        def call(*arguments, **options):
            self._pipe.send((method, arguments, options))
            return self._answer()
        return call

    def close(self):
        self._pipe.send(None)
        self._process.join()

    def _answer(self):
        is_error, value = self._pipe.recv()
        if is_error:
            raise RuntimeError(value)
        return value


def _serve(pipe, site):
    with contextlib.ExitStack() as stack:
        _answer_to(pipe, lambda: site.start(stack))
        while call := pipe.recv():
            method, arguments, options = call
            _answer_to(pipe, functools.partial(getattr(site, method), *arguments, **options))


def _answer_to(pipe, call):
    try:
        pipe.send((False, call()))
    except Exception:
        pipe.send((True, traceback.format_exc()))
