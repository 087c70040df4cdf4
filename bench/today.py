"""Today's way: gpgit.pl, run by procmail or by Sieve's filter."""

import shutil
import subprocess
import threading
import time

import mail
from deliveries import message
from dovecot import Dovecot, User

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
        self._server = Dovecot(users, mail_seal=False, system_users=True,
                               plugins=("sieve", "filter"))
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
            check=True, capture_output=True, text=True, input="go\n")
        self._check_and_empty(count + 1)
        return count * len(self._names) / float(done.stdout.split()[-1])

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
