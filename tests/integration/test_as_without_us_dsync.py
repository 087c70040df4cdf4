"""doveadm sync and backup with mail_seal on both sides, on this one only, and on the other.

dsync carries over what is stored, byte for byte: mail, flags, mailboxes and
attributes, but no certificate, and it enrols and withdraws nobody.
"""

import re
from types import SimpleNamespace

import pytest

import mail
from differential import both
from dovecot import Dovecot, User
from imap import Literal

ENTRY = "/private/vendor/vendor.mail-seal/keys"
STATES = ("keyless", "sealed", "unusable")
# Who has mail_seal: the server that runs doveadm, and the other.
SIDES = {"both": (0, 1), "this": (0, 2), "other": (2, 0)}
# Not mbox: there dsync's second run ends by an assertion (mbox-lock.c), also without mail_seal.
FORMATS = ("maildir", "sdbox", "mdbox")


@pytest.fixture(scope="module", params=FORMATS)
def servers(request, gnupg, keys):
    """Two with mail_seal and one without."""
    users = [User(f"{state}-{sides}-{what}", keys.alice.certificate if state == "sealed" else None)
             for state in STATES for sides in SIDES for what in ("sync", "backup", "entry")]
    site = {"mail_format": request.param, "metadata": True}
    started = [Dovecot(users, **site), Dovecot(users, **site),
               Dovecot(users, mail_seal=False, **site)]
    expired = gnupg.generate_expired("old@example.org").certificate
    try:
        both(Dovecot.__enter__, started)
        yield SimpleNamespace(list=started, expired=expired)
    finally:
        both(Dovecot.close, started)


@pytest.fixture(autouse=True)
def no_crashes(request):
    yield
    if "servers" in request.fixturenames:
        for server in request.getfixturevalue("servers").list:
            assert server.new_crashes() == []


@pytest.fixture(params=[(state, sides) for state in STATES for sides in SIDES],
                ids=lambda param: "-".join(param))
def ends(request, servers):
    """A function that gives both ends for a user of this test's own."""
    state, sides = request.param
    if servers.list[0].site.mail_format != "maildir" and (state != "sealed" or sides == "both"):
        pytest.skip("one storage format is enough")

    def make(what):
        here, there = (servers.list[number] for number in SIDES[sides])
        user = f"{state}-{sides}-{what}"
        return End(here, user, state, servers.expired), End(there, user, state, servers.expired)
    return make


class End:
    """A user on one of the servers."""

    def __init__(self, server, user, state, expired):
        self.server, self.user, self.state, self._expired = server, user, state, expired

    def imap(self):
        return self.server.imap(self.user)

    def do(self, *lines):
        with self.imap() as client:
            for line in lines:
                client.must(*([line] if isinstance(line, str) else line))

    def fill(self):
        """Mailboxes, messages and attributes; then the key can't be used any more."""
        # which each side would make for itself, were it not there
        self.do("SELECT Drafts", *(f"CREATE {name}" for name in ("Work", "Sent", "Gone")),
                "SUBSCRIBE Sent", *(append(name, subject) for name in ("INBOX", "Work", "Gone")
                  for subject in ("one", "two")),
                'SETMETADATA Work (/private/comment "of Work")',
                'SETMETADATA "" (/private/comment "of the server")',
                "SELECT INBOX", r"STORE 1 +FLAGS (\Seen $Mine)", "CLOSE")
        if self.state == "unusable":
            self.server.give(self.user, ".mail-seal/keys", self._expired)

    def dsync(self, command, other, *options):
        done = self._dsync(command, other, options)
        # Two INBOXes that were made in the same second and meet for the first time
        if done.returncode == 2 and b"You may want to run dsync again" in done.stderr:
            done = self._dsync(command, other, options)
        assert f"{done.returncode} {(done.stdout + done.stderr).decode()}" == "0 "

    def _dsync(self, command, other, options):
        # Without -i the command would have this server's configuration from the environment.
        return self.server.doveadm(
            command, "-u", self.user, *options, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            "doveadm", "-c", other.server.folder / "dovecot.conf", "dsync-server",
            "-u", self.user, check=False, timeout=120)

    def content(self):
        """{mailbox: its messages and attributes}, as IMAP tells it."""
        with self.imap() as client:
            listed = client.must('LIST "" "*" RETURN (SUBSCRIBED)').untagged
            names = [re.search(rb'"/" "?([^"\r]*)', line)[1].decode() for line in listed]
            found = {"subscribed": sorted(name for name, line in zip(names, listed)
                                          if b"Subscribed" in line)}
            for name in names:
                status = client.must(f"STATUS {name} (UIDNEXT UIDVALIDITY)")
                client.select(name)
                messages = client.must("UID FETCH 1:* (FLAGS INTERNALDATE BODY.PEEK[])").untagged
                found[name] = (
                    status.untagged, sorted(sorted_flags(line) for line in messages),
                    client.must(f"GETMETADATA {name} (/private/comment)").untagged)
            found["server"] = client.must('GETMETADATA "" (/private/comment)').untagged
        return found

    def keys(self):
        file = self.server.keys_file(self.user)
        return file.read_bytes() if file.exists() else None


def append(mailbox, subject):
    """Without GUIDs, as in mbox, dsync knows a message by its Message-ID."""
    message = mail.text(f"{subject} in {mailbox}\r\n".encode(), subject)
    own_id = f"<{subject}.{mailbox}@example.org>".encode()
    return f"APPEND {mailbox} ", Literal(message.replace(b"<1@example.org>", own_id))


def sorted_flags(line):
    r"""Keywords have another order elsewhere, and \Recent is the session's."""
    def flags(match):
        return b"FLAGS (" + b" ".join(sorted(set(match[1].split()) - {b"\\Recent"})) + b")"
    return re.sub(rb"FLAGS \(([^)]*)\)", flags, line)


def test_sync(ends):
    here, there = ends("sync")
    here.fill()
    keys = here.keys(), there.keys()
    here.dsync("sync", there)
    content = here.content()
    assert content == there.content()
    if here.state == "sealed":
        assert (b"BEGIN PGP MESSAGE" in str(content).encode()) == here.server.site.mail_seal
    here.dsync("sync", there)
    assert here.content() == there.content() == content

    there.do("DELETE Gone", "RENAME Work Done", "CREATE New", "SELECT INBOX",
             r"STORE 1 +FLAGS (\Deleted)", r"STORE 2 +FLAGS (\Flagged)", "EXPUNGE",
             'SETMETADATA Done (/private/comment "of Done")')
    if there.state != "unusable" or not there.server.site.mail_seal:
        there.do(append("New", "new"), append("INBOX", "new"))
    here.dsync("sync", there)
    content = here.content()
    assert content == there.content()
    assert {"Done", "New"} <= set(content) and not {"Gone", "Work"} & set(content)
    there.dsync("sync", here)
    assert here.content() == there.content() == content
    assert (here.keys(), there.keys()) == keys


def test_backup(ends):
    """One way: the other side becomes what this one is, whatever it was."""
    here, there = ends("backup")
    here.fill()
    here.dsync("backup", there)
    content = here.content()
    assert content == there.content()
    there.do("DELETE Gone", "CREATE Extra")
    for _ in range(2):
        here.dsync("backup", there)
        assert here.content() == content
        assert there.content().keys() == content.keys()
    # and back again
    here.do("DELETE Work")
    here.dsync("backup", there, "-R")
    assert here.content() == there.content()
    assert "Work" in here.content()


def test_entry_is_carried_nowhere(ends, keys):
    """Neither ours, nor what somebody kept by its name where mail_seal isn't."""
    here, there = ends("entry")
    here.fill()
    here.dsync("sync", there)
    before = here.keys(), there.keys()
    for end in (here, there):
        if not end.server.site.mail_seal:
            end.do((f'SETMETADATA "" ({ENTRY} ', Literal(keys.bob.certificate), ")"),
                   (f"SETMETADATA Work ({ENTRY} ", Literal(keys.bob.certificate), ")"))
    for start, other in ((here, there), (there, here)):
        start.dsync("sync", other)
        assert (here.keys(), there.keys()) == before
    for end in (here, there):
        if not end.server.site.mail_seal:
            end.do(f'SETMETADATA "" ({ENTRY} NIL)', f"SETMETADATA Work ({ENTRY} NIL)")
    for start, other in ((here, there), (there, here)):
        start.dsync("sync", other)
        assert (here.keys(), there.keys()) == before
    there.do("DELETE Work")
    here.dsync("sync", there)
    assert "Work" not in here.content()
    assert (here.keys(), there.keys()) == before


def test_backup_of_an_mbox(keys):
    """Once, into Maildirs, as one leaves mbox behind."""
    with Dovecot([User("alice", keys.alice.certificate)], mail_format="mbox") as server:
        with server.imap("alice") as client:
            for subject in ("one", "two"):
                client.must(*append("INBOX", subject))
        server.doveadm("backup", "-u", "alice", *server.location(server.home("alice") / "Maildir"))
        copies = [path.read_bytes() for path in server.maildir_files("alice")]
        assert sorted(map(mail.crlf, copies)) == sorted(server.messages("alice"))
        assert all(mail.is_sealed(copy) for copy in copies)
