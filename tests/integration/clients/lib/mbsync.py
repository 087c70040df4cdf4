"""mbsync (isync), with the mail of one user in a local Maildir."""

import subprocess

import mail
from dovecot import PASSWORD
from mailhost import HOST


class Mbsync:
    def __init__(self, folder, host, authority):
        self._host = host
        self.maildir = folder / "Maildir"
        for mailbox in ("INBOX", "Sent"):
            for part in ("cur", "new", "tmp"):
                (self.maildir / mailbox / part).mkdir(parents=True)
        self._configuration = folder / "mbsyncrc"
        self._configuration.write_text(f"""
IMAPAccount server
Host {HOST}
Port {host.site.imap_port}
User alice
Pass {PASSWORD}
{_tls_keyword()} STARTTLS
CertificateFile {authority.certificate}

IMAPStore far
Account server

MaildirStore near
Path {self.maildir}/
Inbox {self.maildir}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns INBOX Sent
Create Both
Expunge Both
SyncState *
""")

    def run(self):
        done = self._host.sandbox.run("mbsync", "-c", self._configuration, "-a", check=False,
                                      timeout=120)
        assert (done.returncode, done.stderr) == (0, b"")

    def messages(self, mailbox="INBOX"):
        return [file.read_bytes() for part in ("new", "cur")
                for file in sorted((self.maildir / mailbox / part).iterdir())]

    def save(self, message, mailbox="INBOX"):
        """As a mail client on this side does."""
        folder = self.maildir / mailbox / "cur"
        (folder / "1700000000.1_1.client:2,S").write_bytes(mail.lf(message))


def _tls_keyword():
    """Renamed in isync 1.5, which complains about the old name."""
    version = subprocess.run(["mbsync", "--version"], check=True, capture_output=True,
                             text=True).stdout.split()[-1]
    return "SSLType" if version < "1.5" else "TLSType"
