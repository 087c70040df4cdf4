"""A small provider: Postfix, a proxy, back ends, and the databases behind them.

    with Provider(users=names) as provider:
        provider.deliver(message, name)          # by Postfix and the proxy
        provider.proxy.doveadm("seal", ...)      # as its administrator does
        provider.backends[0].doveadm(...)        # on one back end
        provider.imap(name)                      # through the proxy
        provider.move(name, 2)                   # what belongs to it: `host` in the database
        provider.sql("SELECT ..."), provider.redis("GET", ...)
        provider.dict_sql.stop(), .pause(), .slow(5): the dict's way to its database
        provider.users_sql, provider.dict_redis: likewise

All live in the network of this process, which must be one of its own
(own_network.py); each instance of Dovecot has its own address, folders, state and
mount namespace, so that it can have a mail_seal of its own, or none.
"""

import contextlib
import os
import re
import shutil
import socket
import tempfile
from pathlib import Path
from types import SimpleNamespace

import provider_config
from clock import Clock
from databases import PostgreSQL, Redis
from dovecot import (PASSWORD, VMAIL_UID, Dovecot, User, dovecot_version,
                     system_module_folder)
from faulty_way import Relay
from lmtp import Lmtp
from managesieve import ManageSieve
from postfix import Postfix
from sandbox import Sandbox, wait_until

# The last parts of addresses; back ends follow the proxy.
PROXY_LAST = 10
SQL, REDIS = 30, 31
USERS_SQL, DICT_SQL, DICT_REDIS = 32, 33, 34
PROXY = f"127.0.0.{PROXY_LAST}"     # of a process's first provider
TEAMS = ("info", "support")
PLUGIN = Path(os.environ["MAIL_SEAL_MODULEDIR"])        # the one under test
# doveadm-sync(1): done, but some changes couldn't be, and another run usually does them
ANOTHER_RUN = 2
# Dovecot's driver for PostgreSQL crashes when its connection breaks (2.3.19).
DICTS_OWN = re.compile(r"service\(dict\): child \d+ killed with signal 11")

# The provider has more than one name of its own, and asks the database who there is.
MAIN_CF = """
virtual_mailbox_maps = pgsql:{folder}/mailboxes.cf
virtual_transport = lmtp:inet:{proxy}:24
recipient_delimiter = +
"""
MAILBOXES_CF = """
hosts = {host}
user = dovecot
password = secret
dbname = mail
query = SELECT username FROM users WHERE username = '%s'
"""


class Account(User):
    """Its name is its address."""

    @property
    def address(self):
        return self.name


class Instance(Dovecot):
    """One Dovecot of the provider's."""

    def __init__(self, users, place, modules, clock=None):
        # not Dovecot's own, which makes a folder of its own and a file of users
        self._begin(users, place.folder, place, modules, place.address)
        self._clock = clock

    def install(self, modules):
        """Another plugin, or one where there was none; and start again."""
        self.plugin, self.site.mail_seal = modules, True
        for folder in self.folder.glob("*modules"):
            if folder.name.endswith("-modules"):
                # nothing can be mounted over what is no more
                system = system_module_folder() / folder.name.removesuffix("-modules")
                self.sandbox.run("umount", "--lazy", system)
            shutil.rmtree(folder)
        (self.folder / "modules").mkdir()
        self._make_modules()
        self.write_config()
        self.restart()

    def lmtp(self):
        return Lmtp((self.address, provider_config.LMTP))

    def sieve(self, user):
        return ManageSieve(self.address, provider_config.SIEVE, user, PASSWORD)

    def dsync(self, command, user, other):
        """"backup" or "sync" with another instance, again as often as doveadm asks for it."""
        target = f"tcp:{other.address}:{provider_config.DOVEADM}"
        said = []

        def is_done():
            done = self.doveadm(command, "-u", user, target, check=False)
            said.append(done.stderr.decode())
            assert done.returncode in (0, ANOTHER_RUN), said
            return done.returncode == 0
        assert wait_until(is_done), (len(said), said[0], said[-1])

    def _home_inside(self, user):
        return Path(self.site.homes) / user

    def write_config(self, more=""):
        self._writer = provider_config.writer(not dovecot_version().startswith("2.3."))
        new = self.folder / "dovecot.conf.new"
        new.write_text(self._writer.write(self.site) + more)
        new.rename(self.folder / "dovecot.conf")

    def _make_folders(self):
        self.folder.mkdir()
        super()._make_folders()
        shutil.chown(self.folder / "home", VMAIL_UID, VMAIL_UID)
        if self._clock is not None:
            self.clock = Clock(self.sandbox, self.folder / "clock", self._clock)

    def _make_disk(self):
        super()._make_disk()
        if self.site.disk:
            self.sandbox.run("chown", VMAIL_UID, self.folder / "home")

    def _make_home(self, user):
        """Dovecot makes it when it is needed."""

    def _is_ready(self, before):
        if self._pid_file() in ("", before):
            return False
        with contextlib.suppress(OSError):
            for port in (provider_config.IMAP, provider_config.LMTP):
                socket.create_connection((self.address, port)).close()
            return True
        return False


class Provider:
    def __init__(self, users=(), backends=3, dict="sql", relays=True, postfix=True, modules=None,
                 clocks=None, databases=None, **place):
        """`users` are names (addresses), and belong to the back ends by turns. `modules`: those
        of a back end by its number from 0 on, where they aren't the plugin under test; None is no
        plugin. `clocks`: likewise, seconds by which they are ahead of the real time (clock.py).
        `databases`: how PostgreSQL and Redis are made, {"sql": {...}, "redis": {...}}. Without
        relays nothing stands between Dovecot and the databases. The rest goes into each back
        end's Place."""
        self.users = {name: Account(name) for name in users}
        self.folder = Path(tempfile.mkdtemp(prefix="mail-seal-provider-"))
        self.folder.chmod(0o755)
        self._network = next(number for number in range(256) if number not in self.networks)
        self.networks.add(self._network)
        self.addresses = [self.address(PROXY_LAST + 1 + number) for number in range(backends)]
        self.shared = self.folder / "shared"
        self.public = self.shared / "public"
        self._dict, self._place = dict, place
        self._relays, self._with_postfix = relays, postfix
        self._databases = databases or {}
        self._modules, self._clocks = modules or {}, clocks or {}
        self._open = []
        self.proxy, self.backends, self.postfix = None, [], None

    networks = set()                 # the third parts of their addresses

    def address(self, last):
        return f"127.0.{self._network}.{last}"

    def __enter__(self):
        try:
            self._start_databases()
            self._make_shared_storage()
            self.proxy = self._start_instance("proxy", self.address(PROXY_LAST), proxy=True)
            for number, address in enumerate(self.addresses):
                self.backends.append(self._start_instance(f"backend{number + 1}", address, number))
            if self._with_postfix:
                self._start_postfix()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_exc):
        self.close()

    def close(self):
        while self._open:
            self._open.pop().__exit__(None, None, None)
        self.networks.discard(self._network)
        shutil.rmtree(self.folder, ignore_errors=True)

    # Who is where

    def home_of(self, user):
        """The back end that this user belongs to."""
        [[host]] = self.sql("SELECT host FROM users WHERE username = $1", user)
        return self.backends[self.addresses.index(host)]

    def move(self, user, number):
        """From now on the proxy leads there; the mail is not moved."""
        self.sql("UPDATE users SET host = $1 WHERE username = $2", self.addresses[number], user)

    def share(self, user):
        """From now on his home is on storage that all back ends have."""
        self.sql("UPDATE users SET home = $1 WHERE username = $2",
                 self.shared / "home" / user, user)

    def add(self, *names, number=None):
        """More users, on this back end or by turns."""
        rows = [(name, PASSWORD, self.addresses[index % len(self.addresses)
                                                if number is None else number], None, None)
                for index, name in enumerate(names)]
        self.users |= {name: Account(name) for name in names}
        self.postgresql.load("users", rows)

    # How mail comes in and is read

    def deliver(self, message, *users, sender="sender@example.org"):
        """By Postfix; returns when its queue is empty."""
        self.postfix.send(message, *users, sender=sender)
        assert wait_until(lambda: not self.postfix.queued()), self.postfix.log()

    def lmtp(self):
        """To the proxy."""
        return self.proxy.lmtp()

    def imap(self, user):
        return self.proxy.imap(user)

    def messages(self, user, mailbox="INBOX"):
        return self.proxy.messages(user, mailbox)

    def message(self, user, mailbox="INBOX"):
        return self.proxy.message(user, mailbox)

    # What is behind

    def sql(self, statement, *values):
        return self.postgresql.sql(statement, *values)

    def redis(self, *words):
        return self.redis_server.command(*words)

    def instances(self):
        return [self.proxy, *self.backends]

    def new_crashes(self):
        """But those of Dovecot's dict processes, which lost their database."""
        return [line for instance in self.instances() for line in instance.new_crashes()
                if not DICTS_OWN.search(line)]

    # Setting up

    def _keep(self, thing):
        self._open.append(thing)
        return thing

    def _start_databases(self):
        self.postgresql = PostgreSQL(self.folder / "postgresql", self.address(SQL),
                                     **self._databases.get("sql", {}))
        self._keep(_closing(self.postgresql))
        self.redis_server = Redis(self.folder / "redis", self.address(REDIS),
                                  **self._databases.get("redis", {}))
        self._keep(_closing(self.redis_server))
        self.users_sql = self._relay(USERS_SQL, SQL, 5432)
        self.dict_sql = self._relay(DICT_SQL, SQL, 5432)
        self.dict_redis = self._relay(DICT_REDIS, REDIS, 6379)
        self.add(*self.users)

    def _relay(self, address, target, port):
        address, target = self.address(address), self.address(target)
        if not self._relays:
            return SimpleNamespace(address=(target, port))
        relay = Relay((address, port), (target, port))
        self._keep(_closing(relay))
        return relay

    def _make_shared_storage(self):
        for folder in (self.shared, self.shared / "home", self.public):
            folder.mkdir()
            shutil.chown(folder, VMAIL_UID, VMAIL_UID)

    def _start_instance(self, name, address, number=None, **place):
        modules = self._modules.get(number, PLUGIN)
        folder = self.folder / name
        if number is not None:
            place |= self._place
        place = provider_config.Place(
            folder, address, self.users_sql.address[0], self.dict_sql.address[0],
            self.dict_redis.address[0], homes=f"{folder}/home", public=self.public,
            dict=self._dict, mail_seal=modules is not None, teams=TEAMS, **place)
        instance = Instance(self.users.values(), place, modules, self._clocks.get(number))
        instance.users = self.users
        # one that can't start closes itself
        return self._keep(instance.__enter__())

    def _start_postfix(self):
        sandbox = Sandbox()
        self._keep(_closing(sandbox))
        (self.folder / "mailboxes.cf").write_text(MAILBOXES_CF.format(host=self.address(SQL)))
        main = MAIN_CF.format(folder=self.folder, proxy=self.proxy.address)
        self.postfix = Postfix(SimpleNamespace(sandbox=sandbox, folder=self.folder), main=main)
        self._keep(self.postfix).__enter__()


def _closing(thing):
    return SimpleNamespace(__exit__=lambda *_exc: thing.close())
