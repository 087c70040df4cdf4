"""Debian's Roundcube on PHP's own web server, in front of the test's Dovecot.

Folders of the test's own lie over Roundcube's configuration, its plugins and its
temporary files, so what is installed here is used as it is and not touched.
"""

import contextlib
import json
import os
import pwd
import re
import shutil
import socket
import sqlite3
import tempfile
from pathlib import Path

from aiosmtpd.controller import Controller

from dovecot import free_port
from recorder import Recorder
from sandbox import Sandbox, wait_until

TREE = Path(__file__).parents[4]
LIBRARY = Path("/var/lib/roundcube")
PROGRAM = Path("/usr/share/roundcube")
OWNER = pwd.getpwnam("www-data")


class Sink:
    """A mail server that takes everything and keeps it, or refuses with `refusal`."""

    def __init__(self):
        self.received = []           # (recipients, message) of each transaction
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def close(self):
        self._controller.stop()

    async def handle_DATA(self, _server, _session, envelope):  # the name aiosmtpd wants
        self.received.append((envelope.rcpt_tos, envelope.content))
        return "250 2.0.0 Kept"

    def only(self):
        """The only message that was sent since the last call."""
        assert wait_until(lambda: self.received, 60), "nothing was sent"
        assert len(self.received) == 1
        return self.received.pop()[1]


class Roundcube:
    """`plugins` by their names; `options` are Roundcube's and the plugins'.

    `own` are the test's own plugins: PHP by their names.
    """

    def __init__(self, host, plugins=(), own=None, **options):
        self.folder = Path(tempfile.mkdtemp(prefix="mail-seal-roundcube-"))
        self.sink = Sink()
        self.recorder = None
        self._host = host
        self._plugins = plugins
        self._own = own or {}
        self._options = options
        self._sandbox = None
        self._server = None

    def __enter__(self):
        try:
            self._make_folders()
            self._make_database()
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_exc):
        self.close()

    def close(self):
        self.sink.close()
        if self.recorder:
            self.recorder.close()
        if self._sandbox:
            self._sandbox.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.recorder.port}/"

    @property
    def temp(self):
        """Where Roundcube keeps attachments and uploads."""
        return self.folder / "temp"

    @contextlib.contextmanager
    def no_room(self):
        """In `temp`, which has another file system until this ends."""
        self._sandbox.run("mount", "-t", "tmpfs", "-o", "size=4k,mode=777", "tmpfs", self.temp)
        try:
            self._sandbox.run("sh", "-c", 'head -c 4096 /dev/zero >"$1/x"', "sh", self.temp)
            yield
        finally:
            self._sandbox.run("umount", self.temp)

    def has(self, plugin):
        return plugin in self._plugins

    def log(self):
        logs = [*sorted((self.folder / "logs").glob("*")), self.folder / "php.log"]
        return "".join(f"{file.name}: {file.read_text(errors='replace')}" for file in logs)

    def complaints(self):
        """What PHP has to say of our plugin, and where it ended; enigma has its own to hear."""
        return [line for line in self.log().splitlines() if "PHP Fatal" in line
                or re.search(r"PHP (Warning|Deprecated|Notice)", line) and "mail_seal" in line]

    def give_key(self, user, armored, password=None):
        """What enigma's page for keys would import; `password` is the secret key's from now on."""
        home = self.folder / "enigma" / user
        home.mkdir(mode=0o700, exist_ok=True)
        os.chown(home, OWNER.pw_uid, OWNER.pw_gid)
        gpg = [*self._as_owner(), "gpg", "--homedir", home, "--batch", "--pinentry-mode",
               "loopback"]
        self._sandbox.run(*gpg, "--import", input=armored)
        if password:
            listing = self._sandbox.run(*gpg, "--with-colons", "--list-secret-keys").stdout
            fingerprint = re.search(rb"(?m)^fpr:+(\w+):", listing)[1].decode()
            self._sandbox.run(*self._as_owner(), "gpg", "--homedir", home, "--pinentry-mode",
                              "loopback", "--command-fd", "0", "--status-fd", "2",
                              "--change-passphrase", fingerprint,
                              input=f"\n{password}\n{password}\n".encode())

    def _configuration(self):
        return {
            "db_dsnw": f"sqlite:///{self.folder}/database?mode=0600",
            "imap_host": f"127.0.0.1:{self._host.site.imap_port}",
            "smtp_host": f"127.0.0.1:{self.sink.port}", "smtp_user": "", "smtp_pass": "",
            "mail_domain": "example.org",
            "des_key": "of-these-tests-and-only-", "product_name": "Webmail",
            "log_dir": f"{self.folder}/logs", "temp_dir": str(self.temp),
            "drafts_mbox": "Drafts", "sent_mbox": "Sent", "trash_mbox": "Trash",
            "junk_mbox": "", "draft_autosave": 0, "language": "en_US",
            "enigma_pgp_homedir": f"{self.folder}/enigma",
            "plugins": list(self._plugins), **self._options,
        }

    def _make_folders(self):
        self.folder.chmod(0o755)
        for name in ("temp", "logs", "enigma"):
            (self.folder / name).mkdir()
            os.chown(self.folder / name, OWNER.pw_uid, OWNER.pw_gid)
        shutil.copytree("/etc/roundcube", self.folder / "etc", symlinks=True)
        (self.folder / "etc/config.inc.php").write_text(
            "<?php\n$config = json_decode(file_get_contents(__DIR__ . '/config.json'), true);\n")
        (self.folder / "etc/config.inc.php").chmod(0o644)
        (self.folder / "etc/config.json").write_text(json.dumps(self._configuration()))
        shutil.copytree(LIBRARY / "plugins", self.folder / "plugins", symlinks=True)
        ours = TREE / "client" / "roundcube" / "mail_seal"
        if "mail_seal" in self._plugins:
            shutil.copytree(ours, self.folder / "plugins" / "mail_seal")
        for name, php in self._own.items():
            (self.folder / "plugins" / name).mkdir()
            (self.folder / "plugins" / name / f"{name}.php").write_text(php)

    def _make_database(self):
        file = self.folder / "database"
        with sqlite3.connect(file) as database:
            database.executescript((PROGRAM / "SQL/sqlite.initial.sql").read_text())
        database.close()
        # SQLite makes its journal beside it.
        for path in (file, self.folder):
            os.chown(path, OWNER.pw_uid, OWNER.pw_gid)

    def _as_owner(self):
        return ["setpriv", f"--reuid={OWNER.pw_uid}", f"--regid={OWNER.pw_gid}", "--clear-groups"]

    def _start(self):
        self._sandbox = Sandbox()
        self._sandbox.mount_over(self.folder / "etc", "/etc/roundcube")
        self._sandbox.mount_over(self.folder / "plugins", LIBRARY / "plugins")
        port = free_port()
        log = (self.folder / "php.log").open("ab")
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC",
                       "PHP_CLI_SERVER_WORKERS": "4", "HOME": str(self.folder)}
        self._server = self._sandbox.start(
            *self._as_owner(), "php", "-d", "upload_max_filesize=20M", "-d", "post_max_size=25M",
            "-d", "memory_limit=128M", "-S", f"127.0.0.1:{port}", "-t", LIBRARY / "public_html",
            env=environment, stdout=log, stderr=log)
        if not wait_until(lambda: self._answers(port)):
            raise RuntimeError("PHP doesn't start: " + self.log())
        self.recorder = Recorder(port)

    @staticmethod
    def _answers(port):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return True
        except OSError:
            return False
