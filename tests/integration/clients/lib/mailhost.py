"""A private Postfix with the example configuration, in front of the test's Dovecot.

It lives in Dovecot's sandbox, where folders of the test's own lie over
/etc/postfix, /var/spool/postfix and /var/lib/postfix. So the examples are used
as they are, and the machine's Postfix isn't touched.
"""

import json
import re
import shutil
import smtplib
from pathlib import Path

from dovecot import PASSWORD, Dovecot
from machine import merged_master_cf
from sandbox import wait_until

EXAMPLES = Path(__file__).parents[4] / "conf.d-examples"
HOST = "mail.example.org"

# Before the excerpt: what Debian's own main.cf says, and what is private.
MAIN = """
compatibility_level = 3.6
myhostname = {host}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = {log}
maillog_file_prefixes = {log}
alias_maps =
alias_database =
# The tests are other servers, too.
mynetworks = 192.0.2.0/24
"""

# As Debian's 15-mailboxes.conf, subscribed for Thunderbird.
MAILBOXES = """
namespace inbox {
  mailbox Drafts {
    auto = subscribe
  }
  mailbox Sent {
    auto = subscribe
    special_use = \\Sent
  }
  mailbox Trash {
    auto = subscribe
    special_use = \\Trash
  }
}
"""


class Postfix:
    def __init__(self, sandbox, folder, tls, addresses):
        self._sandbox = sandbox
        self.log_file = folder / "postfix.log"
        self.spool = folder / "spool"
        self.etc = folder / "etc"
        self._make_folders(folder)
        self._write_configuration(tls, addresses)
        for private, system in ((self.etc, "/etc/postfix"), (self.spool, "/var/spool/postfix"),
                                (folder / "data", "/var/lib/postfix")):
            sandbox.mount_over(private, system)

    def start(self):
        self._sandbox.run("postconf", "-F", "*/*/chroot=n")
        self._sandbox.run("postfix", "start")

    def stop(self):
        self._sandbox.run("postfix", "stop", check=False)

    def run(self, *command, **options):
        """A program of Postfix's; all its output as text."""
        done = self._sandbox.run(*command, **options)
        return (done.stdout + done.stderr).decode()

    def complaints(self):
        """What Postfix's own checks of its configuration have to say."""
        checks = (("postconf", "-n"), ("postconf", "-M"), ("postfix", "check"))
        return "".join(self._sandbox.run(*check).stderr.decode() for check in checks)

    def queue(self):
        """postqueue's view of the messages in the queue: a dictionary for each."""
        return [json.loads(line) for line in self.run("postqueue", "-j").splitlines()]

    def wait_until_empty(self, timeout=60):
        assert wait_until(lambda: not self.queue(), timeout, 0.2), (self.queue(), self.log())

    def wait_until_deferred(self, timeout=60):
        """The queue's only message, once Postfix has tried and failed."""
        def deferred():
            return [entry for entry in self.queue() if entry["queue_name"] == "deferred"]
        assert wait_until(deferred, timeout, 0.2), (self.queue(), self.log())
        return deferred()[0]

    def queue_file(self, entry):
        return next((self.spool / entry["queue_name"]).rglob(entry["queue_id"]))

    def drop_all(self):
        self._sandbox.run("postsuper", "-d", "ALL")

    def log(self):
        return self.log_file.read_text() if self.log_file.exists() else ""

    def _make_folders(self, folder):
        folder.mkdir()
        shutil.copytree("/etc/postfix", self.etc, symlinks=True)
        for name in ("spool", "data"):
            (folder / name).mkdir(mode=0o755)
        shutil.chown(folder / "data", "postfix", "postfix")
        # Dovecot makes its sockets here before Postfix starts.
        (self.spool / "private").mkdir(mode=0o700)
        shutil.chown(self.spool / "private", "postfix", "root")

    def _write_configuration(self, tls, addresses):
        excerpt = with_virtual_users((EXAMPLES / "postfix" / "main.cf").read_text())
        private = MAIN.format(host=HOST, log=self.log_file)
        (self.etc / "main.cf").write_text(private + excerpt)
        debian = Path("/usr/share/postfix/master.cf.dist").read_text()
        (self.etc / "master.cf").write_text(
            merged_master_cf(debian, (EXAMPLES / "postfix" / "master.cf").read_text()))
        shutil.copy(EXAMPLES / "postfix" / "tls_policy", self.etc)
        lines = "".join(f"{address}  {address.split('@')[0]}\n" for address in addresses)
        (self.etc / "mailboxes").write_text(lines)
        (self.etc / "tls").mkdir()
        for file in tls:
            shutil.copy(file, self.etc / "tls")


def with_virtual_users(excerpt):
    """The excerpt with what is for "users that only Dovecot knows"."""
    return re.sub(r"^#(virtual_mailbox\w+|virtual_transport) =", r"\1 =", excerpt, flags=re.M)


class MailHost(Dovecot):
    """A Dovecot with Postfix in front, and the sockets between them as in the examples."""

    def __init__(self, users, tls, elsewhere, **site):
        excerpt = (EXAMPLES / "10-master.conf").read_text()
        super().__init__(users, tls=tls, more=excerpt + site.pop("more", ""), **site)
        self._elsewhere = elsewhere
        self.postfix = None

    def close(self):
        if self.postfix:
            self.postfix.stop()
        super().close()

    def start(self):
        if self.postfix:             # Dovecot alone was stopped
            super().start()
            return
        self._elsewhere.show(self.sandbox)
        self.postfix = Postfix(self.sandbox, self.folder / "postfix", self.site.tls,
                               [user.address for user in self.users.values()])
        super().start()
        self.postfix.start()

    def smtp(self, message, *recipients, sender="sender@example.net"):
        """Mail as it comes from another server."""
        with smtplib.SMTP("127.0.0.1", 25, timeout=60) as client:
            assert client.sendmail(sender, recipients, message) == {}

    def smtp_refused(self, message, recipient, port=25):
        """Whether the same is refused."""
        with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
            try:
                client.sendmail("sender@example.net", [recipient], message)
            except smtplib.SMTPException:
                return True
        return False

    def submit(self, message, user, *recipients, port=587):
        """Mail that one of our users sends."""
        connect = smtplib.SMTP_SSL if port == 465 else smtplib.SMTP
        with connect("127.0.0.1", port, timeout=60) as client:
            if port != 465:
                client.starttls()
            client.login(user, PASSWORD)
            client.sendmail(f"{user}@example.org", recipients, message)

    def greeting(self, port, starttls=False):
        """What the server offers, in the words of its answer to EHLO."""
        with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
            if starttls:
                client.starttls()
            return client.ehlo()[1].decode()
