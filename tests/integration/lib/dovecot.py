"""A private Dovecot: own folders, own sockets, own users, own view of the system."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import config
import logger
from imap import Imap
from lmtp import Lmtp
from ports import free_port
from sandbox import Sandbox, wait_until

VMAIL_UID = 5000
FIRST_SYSTEM_UID = 5001
PASSWORD = "secret"


@dataclass
class User:
    name: str
    keys: bytes | None = None        # content of ~/.mail-seal/keys
    settings: dict = field(default_factory=dict)  # mail_seal_* for this user only
    sieve: str | None = None
    homeless: bool = False           # Dovecot is told of no home, but of the mail in it

    @property
    def address(self):
        return f"{self.name}@example.org"


def system_module_folder():
    dovecot_config = Path("/usr/lib/dovecot/dovecot-config").read_text()
    return Path(re.search(r'^dovecot_moduledir=["\']?([^"\'\n]+)', dovecot_config, re.M)[1])


def dovecot_version():
    return subprocess.run(["dovecot", "--version"], check=True, capture_output=True,
                          text=True).stdout.strip()


class Dovecot:
    def __init__(self, users, metrics=False, parent=None, **site):
        """`parent`: of its folder, instead of /tmp."""
        folder = Path(tempfile.mkdtemp(prefix="mail-seal-dovecot-", dir=parent))
        if site.get("everything"):
            site |= {"pop3_port": free_port(), "sieve_port": free_port()}
        site = config.Site(folder, imap_port=free_port(),
                           metrics_port=free_port() if metrics else 0, **site)
        self._begin(users, folder, site, Path(os.environ["MAIL_SEAL_MODULEDIR"]))

    def _begin(self, users, folder, site, plugin, address="127.0.0.1"):
        """`plugin` is the folder of mail_seal's modules, or None: there is no mail_seal."""
        self.users = {user.name: user for user in users}
        self.folder, self.site, self.plugin, self.address = folder, site, plugin, address
        self.log_file = self.folder / "dovecot.log"
        self.mail_temp = self.folder / "tmp"
        self.sandbox = Sandbox()
        self._master = None
        self._last_log = None
        self._crashes_seen = 0

    def __enter__(self):
        try:
            self._make_folders()
            self._make_disk()
            self._make_modules()
            self._make_system_users()
            self.write_config()
            for user in self.users.values():
                self._make_home(user)
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_exc):
        self.close()

    def close(self):
        """End Dovecot as an administrator would, then everything that is left."""
        try:
            if self._master and self._master.poll() is None:
                self.sandbox.run("doveadm", "-c", self.folder / "dovecot.conf", "stop", check=False)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._master.wait(timeout=60)
                wait_until(self._is_all_logged, timeout=60)
        finally:
            self.sandbox.close()
            self._last_log = self.log_file.read_text(errors="replace")
            shutil.rmtree(self.folder, ignore_errors=True)

    def stop(self):
        """As systemd does: doveadm stop, SIGTERM to what is left, and SIGKILL in the end."""
        self.doveadm("stop")
        self._master.wait(timeout=300)
        # As long as they are there they have the ports.
        for number, patience in ((signal.SIGTERM, 20), (signal.SIGKILL, 300)):
            for pid in self._processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            if wait_until(lambda: not self._processes(), patience):
                break

    def restart(self):
        self.stop()
        self.start()

    def reload(self):
        """doveadm reload, and wait until new sessions have the new configuration.

        The master reads it first, and then makes all Unix sockets anew (service-listen.c).
        """
        before = self._socket_made()
        self.doveadm("reload")
        assert wait_until(lambda: self._socket_made() not in (None, before)), self.log()

    def _socket_made(self):
        """Which lmtp socket there is."""
        with contextlib.suppress(FileNotFoundError):
            status = (self.folder / "run" / "lmtp").stat()
            return status.st_ino, status.st_ctime_ns
        return None

    # How mail comes in

    def lmtp(self):
        return Lmtp(self.folder / "run" / "lmtp")

    def deliver(self, message, *users):
        """One LMTP transaction; one reply per user."""
        with self.lmtp() as client:
            return client.deliver(message, *(self.users[name].address for name in users))

    def deliver_chunk(self, message, user):
        with self.lmtp() as client:
            return client.deliver_chunk(message, self.users[user].address)[0]

    def lda(self, user, *arguments, message=b""):
        """dovecot-lda as an MTA runs it: with the rights of the mailbox's owner."""
        uid = self.uid(user)
        return self.sandbox.run(
            "setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups",
            _libexec("dovecot-lda"), "-c", self.folder / "dovecot.conf", "-d", user,
            "-f", "sender@example.org", *arguments, input=message, check=False)

    def imap(self, user):
        return Imap(self.site.imap_port, user, PASSWORD, self.address)

    def doveadm(self, *arguments, check=True, **options):
        return self.sandbox.run("doveadm", "-c", self.folder / "dovecot.conf", *arguments,
                                check=check, **options)

    def doveadm_killed(self, seconds, victim, *arguments):
        """Run a doveadm command and SIGKILL it: the processes whose command line has `victim`.

        Returns whether it was killed before it was done.
        """
        started = time.monotonic()
        command = self.sandbox.start("doveadm", "-c", self.folder / "dovecot.conf", *arguments,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            command.wait(timeout=max(0, started + seconds - time.monotonic()))
        was_running = command.poll() is None
        for pid, line in self.sandbox.processes().items():
            if victim in line and not line.startswith("nsenter"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        command.wait(timeout=300)
        return was_running

    def doveadm_rows(self, *arguments, **options):
        """What a doveadm command prints, as a list of {field: text}."""
        return json.loads(self.doveadm("-f", "json", *arguments, **options).stdout)

    @property
    def doveadm_server(self):
        """doveadm's arguments that make doveadm-server do the work."""
        return ["-S", self.folder / "run" / "doveadm-server"]

    def location(self, maildir):
        """doveadm's arguments for a maildir as the other side of a synchronisation."""
        return self._writer.location_arguments(maildir)

    # What there is afterwards

    def messages(self, user, mailbox="INBOX"):
        with self.imap(user) as client:
            return client.messages(mailbox)

    def message(self, user, mailbox="INBOX"):
        """The only message of a mailbox, but for those that mail_seal itself writes."""
        messages = [stored for stored in self.messages(user, mailbox)
                    if not re.search(rb"(?im)^Message-ID: <mail-seal\.", stored)]
        assert len(messages) == 1, f"{len(messages)} messages in {mailbox} of {user}"
        return messages[0]

    def empty(self, *users):
        """Remove all mail of these users."""
        for user in users:
            self.doveadm("expunge", "-u", user, "mailbox", "*", "all")

    def maildir_files(self, user, mailbox="INBOX"):
        """The files of a mailbox's messages."""
        folder = self.home(user) / "Maildir"
        if mailbox != "INBOX":
            folder /= "." + mailbox.replace("/", ".")
        return [path for part in ("new", "cur") for path in sorted((folder / part).glob("*"))]

    def leftovers(self, user):
        """Unfinished files that stay: in all of the user's maildir tmp/ folders and in
        mail_temp_dir."""
        found = []

        def is_empty():
            found[:] = [*self.home(user).glob("Maildir/**/tmp/*"), *self.mail_temp.iterdir()]
            return not found

        wait_until(is_empty)
        return found

    def attachments(self):
        """The files that sdbox and mdbox keep apart."""
        return [file for file in (self.folder / "attachments").rglob("*") if file.is_file()]

    def is_running(self):
        return self._master.poll() is None

    def master_pid(self):
        [pid] = [pid for pid, command in self.sandbox.processes().items()
                 if Path(command.split()[0]).name == "dovecot"]
        return pid

    def service_pids(self, service):
        """PIDs of the running processes of a service: "imap", "lmtp"."""
        return [pid for pid, command in self._processes().items()
                if command.split()[0] == f"dovecot/{service}"]

    def service_pid(self, service):
        """The PID of its only process: those of connections that were ended go a moment later."""
        pids = wait_until(lambda: found if len(found := self.service_pids(service)) == 1 else None)
        assert pids, self.service_pids(service)
        return pids[0]

    def _processes(self):
        """The services' processes: {PID: command line}."""
        return {pid: command for pid, command in self.sandbox.processes().items()
                if command.startswith("dovecot/")}

    def foreign_processes(self):
        """Command lines of what runs in the sandbox and isn't Dovecot's own."""
        return [command for command in self.sandbox.processes().values()
                if not command.startswith("dovecot/")
                and Path(command.split()[0]).name not in ("dovecot", "nsenter")]

    def metrics(self):
        """What the OpenMetrics listener says: {'name{label="value",...}': number}."""
        url = f"http://{self.address}:{self.site.metrics_port}/metrics"
        with urllib.request.urlopen(url, timeout=120) as answer:
            lines = answer.read().decode().splitlines()
        return {name: float(value) for name, _, value in
                (line.rpartition(" ") for line in lines if not line.startswith("#"))}

    def log(self):
        """All that was logged before this call."""
        if self._last_log is not None:
            return self._last_log
        if not wait_until(self._is_all_logged):
            raise RuntimeError("the log process doesn't come to the end of its work")
        return self.log_file.read_text(errors="replace")

    def _is_all_logged(self):
        return logger.has_written_all(self.sandbox.seen_from_outside("/proc"))

    def log_since(self, mark):
        return self.log()[mark:]

    def new_crashes(self):
        """Log lines that must never be there, whatever a test did; each is returned once."""
        bad = re.compile(r"Panic:|Fatal:|killed with signal|[Ll]eaked|Raw backtrace")
        lines = [line for line in self.log().splitlines() if bad.search(line)]
        new = lines[self._crashes_seen:]
        self._crashes_seen = len(lines)
        return new

    # Where things are

    def home(self, user):
        if self.site.disk:  # mounted in the sandbox only
            return self.sandbox.seen_from_outside(self._home_inside(user))
        return self._home_inside(user)

    def uid(self, user):
        if self.site.system_users:
            return FIRST_SYSTEM_UID + list(self.users).index(user)
        return VMAIL_UID

    def owner(self, user):
        """For chown: the user and its group."""
        return f"{self.uid(user)}:{self.uid(user)}"

    def keys_file(self, user):
        return self.home(user) / ".mail-seal" / "keys"

    def pending_file(self, user):
        return self.home(user) / ".mail-seal" / "keys.pending"

    def state_files(self, user):
        """What the mail store remembers of its owner's sealing."""
        return self._files(user, "~dovecot-mail-seal", "dovecot-mail-seal-state.lock")

    def declined_files(self, user):
        """Which certificates its owner declined."""
        return self._files(user, "~dovecot-mail-seal-declined",
                           "dovecot-mail-seal-declined.lock")

    def _files(self, user, *names):
        return [file for name in names for file in self.home(user).rglob(name) if file.is_file()]

    def never_enrolled(self, user):
        """Take the user's key away, and every memory of it."""
        for file in (self.keys_file(user), self.pending_file(user), *self.state_files(user),
                     *self.declined_files(user)):
            file.unlink(missing_ok=True)

    def give(self, user, path, content, mode=0o600):
        """Write a file in the user's home as if the user had."""
        path = self.home(user) / path
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(mode)
        for made in missing or [path]:
            os.chown(made, self.uid(user), self.uid(user))
        return path

    # Setting up

    def _home_inside(self, user):
        return self.folder / "home" / user

    def _make_disk(self):
        if self.site.disk:
            self.sandbox.run("mount", "-t", "tmpfs", "-o", f"size={self.site.disk},mode=755",
                             "tmpfs", self.folder / "home")

    def _make_folders(self):
        self.folder.chmod(0o755)
        for name in ("run", "state", "home", "tmp", "modules", "imapsieve"):
            (self.folder / name).mkdir(mode=0o755)
        self.mail_temp.chmod(0o1777)
        if self.site.attachments:
            (self.folder / "attachments").mkdir()
            (self.folder / "attachments").chmod(0o777)
        # dovecot-lda isn't started by the master and opens the log itself.
        self.log_file.touch()
        self.log_file.chmod(0o666)

    def _make_modules(self):
        """The system's modules and the plugin under test, in one folder of links."""
        ours = [self.plugin] if self.plugin else []
        modules = {module.name: module for folder in (system_module_folder(), *ours)
                   for module in folder.iterdir() if module.name not in ("settings", "doveadm")}
        for name, module in modules.items():
            (self.folder / "modules" / name).symlink_to(module)
        # doveadm and 2.4's config process look into the system's folders only.
        for name in ("doveadm", "settings"):
            if self.plugin and (self.plugin / name).is_dir():
                self._show_modules(self.plugin / name, system_module_folder() / name)

    def _show_modules(self, ours, system):
        """Put our modules of a kind beside the system's."""
        together = self.folder / f"{system.name}-modules"
        together.mkdir()
        for module in (*system.glob("*.so"), *ours.glob("*.so")):
            shutil.copy(module, together / module.name)
        self.sandbox.mount_over(together, system)

    def _make_system_users(self):
        """/etc/passwd and /etc/group with vmail and, if wanted, the test's users."""
        accounts = {"vmail": (VMAIL_UID, self.folder / "home")}
        if self.site.system_users:
            accounts |= {name: (self.uid(name), self._home_inside(name)) for name in self.users}
        passwd = "".join(f"{name}:x:{uid}:{uid}::{home}:/usr/sbin/nologin\n"
                         for name, (uid, home) in accounts.items())
        group = "".join(f"{name}:x:{uid}:\n" for name, (uid, _) in accounts.items())
        for name, added in (("passwd", passwd), ("group", group)):
            copy = self.folder / name
            copy.write_text(Path("/etc", name).read_text() + added)
            self.sandbox.mount_over(copy, f"/etc/{name}")

    def write_config(self, more=""):
        """In one step, for processes that read it just now. `more` comes behind all else."""
        self._writer = config.writer(dovecot_version())
        if "mail_crypt" in self.site.plugins:
            _make_ec_key(*self.site.crypt_key)
        if self.site.masters:
            self.site.masters_file.write_text(f"master:{{PLAIN}}{PASSWORD}\n")
        if "imapsieve" in self.site.plugins:
            self.site.imapsieve_script.parent.chmod(0o777)  # for the compiled script
            self.site.imapsieve_script.write_text('require "imap4flags"; addflag "\\\\Flagged";')
        new = self.folder / "dovecot.conf.new"
        new.write_text(self._writer.write(self.site) + more)
        new.rename(self.folder / "dovecot.conf")
        lines = [self._users_line(user) for user in self.users.values()]
        self.site.users_file.write_text("".join(lines))

    def _users_line(self, user):
        uid = self.uid(user.name)
        # The auth process would expand variables itself, in its own way.
        extra = " ".join(
            f"userdb_{name}=" + value.replace("%h", str(self._home_inside(user.name)))
            for name, value in user.settings.items())
        home = self._home_inside(user.name)
        if user.homeless:
            extra += " " + self._writer.mail_field(f"{home}/Maildir")
            home = ""
        return f"{user.name}:{{PLAIN}}{PASSWORD}:{uid}:{uid}::{home}::{extra}\n"

    def _make_home(self, user):
        home = self.home(user.name)
        home.mkdir(mode=0o700)
        os.chown(home, self.uid(user.name), self.uid(user.name))
        if user.keys is not None:
            self.give(user.name, self.keys_file(user.name), user.keys)
        if user.sieve is not None:
            self.give(user.name, ".dovecot.sieve", user.sieve.encode())

    def start(self):
        before = self._pid_file()
        self._master = self.sandbox.start("dovecot", "-F", "-c", self.folder / "dovecot.conf",
                                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        wait_until(lambda: self._is_ready(before) or not self.is_running())
        if not self._is_ready(before):
            self._master.kill()
            raise RuntimeError("Dovecot doesn't start: "
                               + self._master.communicate()[0].decode(errors="replace")
                               + self.log())
        # The log process has all services' first lines, by which it knows their names: a line
        # that it meets behind such a one at once has to wait for the next (log-connection.c).
        self.log()

    def _is_ready(self, before):
        """The master writes its PID when it has all ports and sockets; others of it, from before,
        may still answer there."""
        if self._pid_file() in ("", before):
            return False
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.site.imap_port)).close()
            return True
        return False

    def _pid_file(self):
        with contextlib.suppress(FileNotFoundError):
            return (self.folder / "run" / "master.pid").read_text()
        return ""


def _libexec(program):
    return Path("/usr/lib/dovecot") / program


def _make_ec_key(private, public):
    subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", "EC", "-out", private,
                    "-pkeyopt", "ec_paramgen_curve:prime256v1"], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    private.chmod(0o644)  # read by mail processes that aren't root
