"""A server of one of Debian's releases, as Debian installs it: forgotten at the end.

Its root file system is that of debian/roots.sh, with an overlay in memory. It
has a network of its own, where Dovecot listens on its usual ports; only what
apt downloads comes from outside.
"""

import contextlib
import ctypes
import fcntl
import os
import re
import shutil
import subprocess
import tempfile
import textwrap
from pathlib import Path

import mail
from imap import Imap
from lmtp import Lmtp
from sandbox import Sandbox, wait_until

ROOTS = Path(os.environ["MAIL_SEAL_ROOTS"])
PACKAGES = Path(os.environ["MAIL_SEAL_PACKAGES"])
PASSWORD = "secret"
IMAP_PORT = 143
CLONE_NEWNET = 0x40000000
ENVIRONMENT = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
               "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"]
# policy-rc.d(8). In a chroot without one nothing is ever started.
ALLOWED, FORBIDDEN = 0, 101
MAIL_FOLDERS = ("var/mail", "home", "var/log", "run/dovecot", "tmp")
CRASHES = re.compile(r"Panic|killed with signal|core dumped|double free|Segmentation")


class Server:
    def __init__(self, release):
        self.release = release
        self.folder = Path(tempfile.mkdtemp(prefix="mail-seal-server-"))
        self.folder.chmod(0o755)
        self.root = self.folder / "root"
        self.sandbox = Sandbox("net", "uts")

    def __enter__(self):
        try:
            self._mount()
            self.sandbox.run("hostname", "mail.example.org")
            self.sandbox.run("ip", "link", "set", "lo", "up")
            self.write("/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 mail.example.org mail\n")
            self.services(ALLOWED)
            # There is no syslog here.
            self.write("/etc/dovecot/conf.d/99-log.conf", "log_path = /var/log/dovecot.log\n")
            for user in ("alice", "bob"):
                self.run("useradd", "--create-home", "--shell", "/bin/sh", user)
                self.run("chpasswd", input=f"{user}:{PASSWORD}\n")
            self.restart()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exc):
        self.sandbox.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # Commands and files

    def run(self, *command, check=True, **options):
        """A command as root; what it prints."""
        return self._output(self.sandbox.inside(*self._chroot(*command)), check, options)

    def status(self, *command):
        """The exit status of one, and what it prints."""
        done = subprocess.run(self.sandbox.inside(*self._chroot(*command)), check=False,
                              stdin=subprocess.DEVNULL, capture_output=True)
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace")

    def shell(self, script, **options):
        return self.run("bash", "-euo", "pipefail", "-c", script, **options)

    def path(self, path):
        return self.sandbox.seen_from_outside(self.root) / str(path).lstrip("/")

    def read(self, path):
        return self.path(path).read_text(errors="replace")

    def write(self, path, text):
        self.path(path).write_text(text)

    def append(self, path, text):
        self.write(path, self.read(path) + text)

    # Packages

    def apt(self, *arguments, check=True):
        """apt-get: what it needs is downloaded before, where there is a network."""
        if arguments[0] not in ("remove", "purge"):
            self.fetch(*arguments)
        with self._archives():
            return self.run("apt-get", "-y", *arguments, check=check)

    def fetch(self, *arguments):
        with self._archives():
            return self._outside("apt-get", "-y", "--download-only", *arguments)

    @contextlib.contextmanager
    def _archives(self):
        """What is downloaded stays for the next server; apt doesn't wait for another's apt."""
        with open(ROOTS / f"archives-{self.release}.lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def update(self):
        return self._outside("apt-get", "update")

    def package(self, name="dovecot-mail-seal", older=False, release=None):
        """One that was built for it, copied into it: its path there."""
        folder = (PACKAGES / "older" if older else PACKAGES) / (release or self.release)
        [file] = folder.glob(f"{name}_*.deb")
        shutil.copy(file, self.path("/root"))
        return f"/root/{file.name}"

    def installed(self, name):
        """Its version, or None."""
        status, text = self.status("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}",
                                   name)
        return text.split()[1] if status == 0 and text.startswith("installed ") else None

    def services(self, policy):
        """Whether packages may start and restart services."""
        self.write("/usr/sbin/policy-rc.d", f"#!/bin/sh\nexit {policy}\n")
        self.path("/usr/sbin/policy-rc.d").chmod(0o755)

    @contextlib.contextmanager
    def systemd(self):
        """As where systemd is the init, sd_booted(3)."""
        self.run("mkdir", "-p", "/run/systemd/system")
        try:
            yield
        finally:
            self.run("rm", "-r", "/run/systemd")

    # Dovecot

    @property
    def is_24(self):
        return not self.run("dovecot", "--version").startswith("2.3.")

    def readme(self, begins):
        """The indented lines of README.Debian that begin so."""
        text = self.read("/usr/share/doc/dovecot-mail-seal/README.Debian")
        found = re.search(rf"^( +){re.escape(begins)}.*\n(?:\1.*\n)*", text, re.M)
        return textwrap.dedent(found[0])

    def load_plugin(self):
        """The one to three lines of configuration."""
        begins = "mail_plugins {" if self.is_24 else "mail_plugins = "
        self.append("/etc/dovecot/conf.d/10-mail.conf", "\n" + self.readme(begins))
        self.restart()

    def enrol(self, key):
        self.path("/root/alice.asc").write_bytes(key.certificate)
        self.shell("cd /root; " + self.readme("doveadm seal key set"))
        assert mail.is_sealed(self.messages()[-1])       # what it tries, too
        self.expunge()

    def expunge(self, user="alice"):
        self.run("doveadm", "expunge", "-u", user, "mailbox", "INBOX", "all")

    def restart(self):
        """Without the output that Dovecot would hold open."""
        self.shell("invoke-rc.d dovecot restart >/dev/null 2>&1")
        self.wait_until_up()

    def wait_until_up(self):
        def up():
            with contextlib.suppress(OSError, ConnectionError):
                self.lmtp().close()
                return True
        assert wait_until(up, 30), self.log()

    def log(self):
        log = self.path("/var/log/dovecot.log")
        return log.read_text(errors="replace") if log.exists() else ""

    def crashes(self):
        return [line for line in self.log().splitlines() if CRASHES.search(line)]

    def lmtp(self):
        # by a path that is short enough
        link = self.folder / "lmtp"
        link.unlink(missing_ok=True)
        link.symlink_to(self.path("/run/dovecot/lmtp"))
        return Lmtp(link)

    def imap(self, user="alice"):
        with self._network():
            return Imap(IMAP_PORT, user, PASSWORD)

    def deliver(self, message, user="alice"):
        with self.lmtp() as client:
            return client.deliver(message, user)[0]

    def messages(self, user="alice", mailbox="INBOX"):
        """What an IMAP client gets."""
        with self.imap(user) as client:
            return client.messages(mailbox)

    def plaintext(self):
        """Where the canary is that all messages have."""
        return [str(file) for folder in MAIL_FOLDERS for file in self.path(folder).rglob("*")
                if file.is_file() and mail.CANARY in file.read_bytes()]

    # Setting up

    def _mount(self):
        run = self.sandbox.run
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", self.folder)
        upper, work = self.folder / "upper", self.folder / "work"
        run("mkdir", upper, work, self.root)
        run("mount", "-t", "overlay", "-o",
            f"lowerdir={ROOTS}/server-{self.release},upperdir={upper},workdir={work}", "overlay",
            self.root)
        run("mount", "-t", "proc", "proc", self.root / "proc")
        run("mount", "--rbind", "/dev", self.root / "dev")
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", self.root / "run")
        run("mkdir", "-p", self.root / "run/lock")
        archives = ROOTS / f"archives-{self.release}"
        archives.mkdir(exist_ok=True)
        run("mount", "--bind", archives, self.root / "var/cache/apt/archives")
        run("cp", "-L", "/etc/resolv.conf", self.root / "etc/resolv.conf", check=False)

    def _chroot(self, *command):
        return ["chroot", str(self.root), *ENVIRONMENT, *map(str, command)]

    def _outside(self, *command):
        """In this machine's network."""
        return self._output(
            ["nsenter", "--target", str(self.sandbox.init_pid), "--mount", "--pid", "--root",
             "--wdns=/", "--", *self._chroot(*command)], True, {})

    def _output(self, command, check, options):
        if isinstance(options.get("input"), str):
            options["input"] = options["input"].encode()
        if "input" not in options:
            options["stdin"] = subprocess.DEVNULL
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, **options)
        text = done.stdout.decode(errors="replace")
        assert not check or done.returncode == 0, (command, done.returncode, text[-4000:])
        return text

    @contextlib.contextmanager
    def _network(self):
        """In here, this thread's new sockets are in the server's network."""
        libc = ctypes.CDLL(None, use_errno=True)
        own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        its = os.open(f"/proc/{self.sandbox.init_pid}/ns/net", os.O_RDONLY)
        try:
            assert libc.setns(its, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            yield
        finally:
            libc.setns(own, CLONE_NEWNET)
            os.close(own)
            os.close(its)
