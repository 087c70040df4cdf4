"""Mutt with gpg: reading sealed mail over IMAP, sending through Postfix, the copy in Sent."""

import os
import pty
import select
import signal
import termios

import pytest

import mail
from dovecot import PASSWORD, User
from mailhost import HOST, MailHost

TEXT = b"Shall we meet at one?\n"
PLAN = b"Bring the plan.\n"
MESSAGE = mail.multipart("multipart/mixed", [
    mail.part("text/plain", mail.crlf(TEXT)),
    b'Content-Type: text/plain; name="note.txt"\r\n'
    b'Content-Disposition: attachment; filename="note.txt"\r\n\r\n' + mail.crlf(PLAN)])
MESSAGE = MESSAGE.replace(b"sender@example.org", b"friend@example.net")


@pytest.fixture(scope="module", params=["", "Subject"], ids=["subject outside", "subject inside"])
def host(request, keys, tls, elsewhere):
    seal = {"mail_seal_protect_headers": request.param} if request.param else {}
    with MailHost([User("alice", keys.alice.certificate)], tls, elsewhere, seal=seal) as host:
        yield host


class Mutt:
    """Mutt as Alice, with the keys of `gnupg`."""

    def __init__(self, folder, host, gnupg, authority):
        self._folder = folder
        self._host = host
        self._environment = {**os.environ, "HOME": str(folder), "TERM": "xterm",
                             "LC_ALL": "C.UTF-8", "GNUPGHOME": str(gnupg.home)}
        server = f"{HOST}:{host.site.imap_port}"
        (folder / "muttrc").write_text(f"""
set folder="imap://alice@{server}/" spoolfile="+INBOX" record="+Sent"
set imap_pass="{PASSWORD}" smtp_pass="{PASSWORD}" smtp_url="smtp://alice@{HOST}:587"
set ssl_starttls=yes ssl_force_tls=yes ssl_ca_certificates_file="{authority.certificate}"
set from="alice@example.org" realname="Alice" editor="true" abort_unmodified=no
set crypt_use_gpgme=yes crypt_autosign=no crypt_autoencrypt=no
set pipe_decode=yes wait_key=no confirmappend=no confirmcreate=no delete=no timeout=5
""")

    def send(self, subject, text, *files, to):
        attachments = [word for file in files for word in ("-a", file)]
        self._host.sandbox.run("mutt", "-F", self._folder / "muttrc", "-s", subject,
                               *attachments, "--", to, input=text, timeout=120,
                               env=self._environment)

    def press(self, keys, *settings, until=None):
        """Start it and press these keys; return all that it wrote to the terminal.

        It is left with two q, once `until` has appeared; or by the keys themselves.
        """
        commands = [word for setting in settings for word in ("-e", setting)]
        screen, terminal = pty.openpty()
        termios.tcsetwinsize(terminal, (40, 120))
        mutt = self._host.sandbox.start(
            "mutt", "-F", self._folder / "muttrc", *commands, "-e", f"push '{keys}'",
            stdin=terminal, stdout=terminal, stderr=terminal, env=self._environment)
        os.close(terminal)
        shown = b""
        try:
            while select.select([screen], [], [], 60)[0]:
                shown += os.read(screen, 65536)
                if until and until in shown:
                    os.write(screen, b"qq")
                    until = None
            self._end()
        except OSError:
            pass                     # how Linux says that the other side is closed
        os.close(screen)
        mutt.wait(timeout=120)
        return shown

    def _end(self):
        """One that waits for keys that nobody presses."""
        for pid, command in self._host.sandbox.processes().items():
            if command.startswith("mutt "):
                os.kill(pid, signal.SIGKILL)

    def show(self):
        """The screen with the newest message."""
        return self.press("<last-entry><display-message>", until=b"End of PGP/MIME")

    def printed(self):
        """The newest message as it would be printed."""
        file = self._folder / "printed"
        self.press(f"<last-entry><pipe-message>cat >{file}<enter><quit>")
        return file.read_bytes()


@pytest.fixture
def mutt(host, tmp_path, gnupg, authority):
    host.empty("alice")
    return Mutt(tmp_path, host, gnupg, authority)


def test_reading(host, mutt):
    assert host.deliver(MESSAGE, "alice")[0].code == 250
    screen = mutt.show()
    for line in (b"Subject: Test", TEXT.strip(), b"note.txt", PLAN.strip()):
        assert line in screen
    assert TEXT in mutt.printed()


def test_sending_and_the_copy_in_sent(host, mutt, gnupg, keys, elsewhere, tmp_path):
    (tmp_path / "note.txt").write_bytes(PLAN)
    mutt.send("Lunch", TEXT, tmp_path / "note.txt", to="friend@example.net")
    assert TEXT in mail.lf(elsewhere.wait_for("friend@example.net"))
    entity = gnupg.decrypt(mail.unseal(host.message("alice", "Sent")).armor).data
    assert TEXT in mail.lf(entity) and PLAN in mail.lf(entity)


def test_reply_in_the_clear(host, mutt, elsewhere):
    """As the users' page says: Mutt would encrypt it otherwise."""
    assert host.deliver(MESSAGE, "alice")[0].code == 250
    mutt.press("<last-entry><reply><enter><enter><send-message><quit>", "set crypt_replyencrypt=no",
               "set include=yes")
    assert b"> " + TEXT in mail.lf(elsewhere.wait_for("friend@example.net"))
    assert mail.is_sealed(host.message("alice", "Sent"))
