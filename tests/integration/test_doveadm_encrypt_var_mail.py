"""doveadm seal encrypt with INBOX in /var/mail as on Debian, and what can't be done, told by -n."""

import grp
import os
import shutil
import tempfile
from pathlib import Path

import pytest

import mail
from dovecot import Dovecot, User, dovecot_version
from stored import Mailbox, mixture

MAIL_GID = grp.getgrnam("mail").gr_gid
COUNT = 5


class Spool:
    """A Dovecot whose user has INBOX in a folder that only the group mail may write to."""

    def __init__(self, keys, more="mail_privileged_group = mail", mode=0o2775):
        self.folder = Path(tempfile.mkdtemp(prefix="mail-seal-spool-"))
        self.inbox = self.folder / "alice"
        field = {"mail": f"mbox:~/mail:INBOX={self.inbox}"}
        if not dovecot_version().startswith("2.3"):
            field = {"mail_path": "~/mail", "mail_inbox_path": str(self.inbox)}
        self.server = Dovecot([User("alice", settings=field)], mail_format="mbox", more=more)
        self.keys, self.mode = keys, mode

    def __enter__(self):
        self.server.__enter__()
        self.own(self.folder)
        return self

    def __exit__(self, *_exc):
        self.server.close()
        shutil.rmtree(self.folder)

    def own(self, folder):
        os.chown(folder, 0, MAIL_GID)
        folder.chmod(self.mode)
        file = folder / "alice"
        file.touch()
        os.chown(file, self.server.uid("alice"), MAIL_GID)
        file.chmod(0o600)

    def on_another_file_system(self):
        self.server.sandbox.run("mount", "-t", "tmpfs", "tmpfs", self.folder)
        self.own(self.server.sandbox.seen_from_outside(self.folder))

    def fill(self, gnupg):
        self.mailbox = Mailbox(self.server, gnupg, "alice")
        self.mailbox.fill(mixture(COUNT))
        self.server.give("alice", self.server.keys_file("alice"), self.keys.alice.certificate)

    def file(self):
        return self.server.sandbox.seen_from_outside(self.inbox)

    def encrypt(self, *options, check=True):
        return self.server.doveadm("seal", "encrypt", *options, "-u", "alice", "all", check=check)


@pytest.fixture(params=["same file system", "another"])
def spool(request, keys, gnupg):
    with Spool(keys) as spool:
        if request.param == "another":
            spool.on_another_file_system()
        spool.fill(gnupg)
        yield spool


@pytest.mark.parametrize("way", ["doveadm", "doveadm-server", "mask"])
def test_sealed(spool, way):
    before = spool.mailbox.content()
    assert b"to_seal=%d " % COUNT in spool.encrypt("-n").stdout
    if way == "mask":
        done = spool.server.doveadm("seal", "encrypt", "-u", "al*", "all")
    else:
        done = spool.encrypt(*(spool.server.doveadm_server if way == "doveadm-server" else []))
    assert b"Error" not in done.stderr and b"Warning" not in done.stderr
    assert spool.mailbox.plaintext() == []
    assert spool.mailbox.content() == before
    status = spool.file().stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (
        spool.server.uid("alice"), MAIL_GID, 0o600)
    assert [file.name for file in spool.file().parent.iterdir()] == ["alice"]
    assert not list(spool.server.home("alice").glob("mail/mail-seal-*"))


def test_new_mail_afterwards(spool):
    spool.encrypt()
    assert spool.server.deliver(mail.text(b"new\r\n"), "alice")[0].code == 250
    assert len(spool.mailbox.fetch()) == COUNT + 1


def test_what_a_killed_run_has_left(spool):
    """Its unfinished file is replaced; somebody else's in that place is left alone."""
    left = spool.file().parent / ".alice.mail-seal"
    left.write_bytes(b"half")
    os.chown(left, spool.server.uid("alice"), MAIL_GID)
    spool.encrypt()
    assert not left.exists() and spool.mailbox.plaintext() == []


def test_link_in_the_way(spool):
    victim = spool.server.home("alice") / "victim"
    victim.write_bytes(b"")
    link = spool.file().parent / ".alice.mail-seal"
    link.symlink_to(victim)
    before = spool.file().read_bytes()
    assert spool.encrypt(check=False).returncode == 75
    assert victim.read_bytes() == b"" and link.is_symlink()
    assert b"BEGIN PGP" not in spool.file().read_bytes() and before


def nothing_done(spool, reason):
    """-n and the command itself say the same."""
    before = spool.mailbox.content()
    for option in ([], ["-n"]):
        done = spool.encrypt(*option, check=False)
        assert done.returncode == 65, done.stderr
        assert reason in done.stderr.decode()
        assert b"failed=%d" % COUNT in done.stdout and b"seal=0" in done.stdout.replace(
            b"sealed=", b"seal=")
    assert spool.mailbox.content() == before


def test_without_privileged_group(keys, gnupg):
    with Spool(keys, more="") as spool:
        spool.folder.chmod(0o2777)  # to fill it, with locks
        spool.fill(gnupg)
        spool.folder.chmod(0o2775)
        nothing_done(spool, "no file can be made beside")


def test_wrong_locks(keys, gnupg):
    more = "mail_privileged_group = mail\nmbox_write_locks = fcntl dotlock"
    with Spool(keys, more=more) as spool:
        spool.fill(gnupg)
        nothing_done(spool, "mbox_write_locks must begin with dotlock")


def test_folder_for_the_copy(spool):
    folder = spool.server.home("alice") / "mail"
    os.chown(folder, 0, 0)
    folder.chmod(0o755)
    nothing_done(spool, "can't be written to")


def maildir_refused(server, gnupg, keys, reason, change):
    inbox = Mailbox(server, gnupg, "alice")
    inbox.fill(mixture(COUNT))
    server.give("alice", server.keys_file("alice"), keys.alice.certificate)
    change(server.home("alice") / "Maildir")
    for option in ([], ["-n"]):
        done = server.doveadm("seal", "encrypt", *option, "-u", "alice", "all", check=False)
        assert done.returncode == 65, done.stderr
        assert reason in done.stderr.decode()
        assert b"failed=%d" % COUNT in done.stdout
    assert len(inbox.plaintext()) == COUNT


def test_read_only_maildir(keys, gnupg):
    def make_read_only(maildir):
        os.chown(maildir / "cur", 0, 0)
        (maildir / "cur").chmod(0o755)
    with Dovecot([User("alice")]) as server:
        maildir_refused(server, gnupg, keys, "can't be written to", make_read_only)


def test_index_in_memory(keys, gnupg):
    field = {"mail": "maildir:~/Maildir:INDEX=MEMORY"}
    if not dovecot_version().startswith("2.3"):
        field = {"mail_index_path": "MEMORY"}
    with Dovecot([User("alice", settings=field)]) as server:
        maildir_refused(server, gnupg, keys, "its index is in memory", lambda maildir: None)
