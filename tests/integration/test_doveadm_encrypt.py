"""doveadm seal encrypt: stored plaintext becomes sealed, once, with all that belongs to it."""

import re
import subprocess

import pytest

import mail
from dovecot import Dovecot, User
from stored import Mailbox, date, mixture, uids

MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")
FORMATS = ["maildir", "sdbox", "mdbox", "mbox"]


@pytest.fixture(scope="module", params=FORMATS)
def server(request, keys):
    users = [User("alice"), User("bob"), User("nobody", settings={"mail_seal_keys": "none"})]
    with Dovecot(users, mail_format=request.param, seal={"mail_seal_exclude": "\\Drafts"}) as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def emptied(server):
    for user in server.users:
        server.keys_file(user).unlink(missing_ok=True)
    server.empty(*server.users)


@pytest.fixture
def inbox(server, gnupg):
    return Mailbox(server, gnupg, "alice")


def enrol(server, keys, *users):
    for user in users or ["alice"]:
        server.give(user, server.keys_file(user), keys.alice.certificate)


def encrypt(server, *arguments, user="alice", query=("all",), check=True):
    return server.doveadm_rows("seal", "encrypt", *arguments, "-u", user, *query, check=check)


def failed(server, *arguments, user="alice"):
    """The exit status and the errors of a run that must not succeed."""
    done = server.doveadm("seal", "encrypt", *arguments, "-u", user, "all", check=False)
    assert done.returncode != 0
    return done.returncode, done.stderr.decode()


def numbers(row):
    return tuple(row[name] for name in ("sealed", "encrypted", "excluded", "failed"))


def test_everything_but_the_form_stays(server, keys, inbox):
    inbox.fill(mixture(16))
    before = inbox.content()
    old_uids = uids(inbox.fetch())
    enrol(server, keys)
    row, = encrypt(server)
    assert numbers(row) == (16, 0, 0, 0)
    assert inbox.plaintext() == []
    assert inbox.content() == before
    assert min(uids(inbox.fetch())) > max(old_uids)


def test_form(server, keys, gnupg, inbox):
    inbox.fill([(MESSAGE, "", date(1))])
    enrol(server, keys)
    encrypt(server)
    mail.check_sealed(server.message("alice"), MESSAGE, gnupg, keys.alice, delivered=False)


def test_large(server, keys, inbox):
    """More than one batch, by number and by size."""
    inbox.fill([(mail.text(b"0123456789abcdef\r\n" * 200_000), "", date(1))] * 6)
    inbox.fill(mixture(110, size=200))
    before = inbox.content()
    enrol(server, keys)
    row, = encrypt(server)
    assert numbers(row) == (116, 0, 0, 0)
    assert inbox.plaintext() == []
    assert inbox.content() == before


def test_encrypted_already(server, keys, gnupg, inbox):
    theirs = mail.pgp_mime(gnupg.encrypt(b"secret", keys.carol))
    inbox.fill([(theirs, "\\Seen", date(1)), (MESSAGE, "", date(2))])
    enrol(server, keys)
    encrypt(server)
    untouched = inbox.fetch()
    row, = encrypt(server)
    assert numbers(row) == (0, 2, 0, 0)
    assert inbox.fetch() == untouched
    assert [m for m in server.messages("alice") if not mail.is_sealed(m)] == [theirs]


def test_search_query(server, keys, inbox):
    inbox.fill([(mail.text(b"one\r\n", subject="one"), "", date(1)),
                (mail.text(b"two\r\n", subject="two"), "", date(1))])
    enrol(server, keys)
    row, = encrypt(server, query=("mailbox", "INBOX", "header", "subject", "two"))
    assert row["sealed"] == 1
    assert [b"one" in item["BODY[]"] for item in inbox.plaintext()] == [True]


def test_dry_run(server, keys, gnupg, inbox):
    inbox.fill(mixture(5))
    inbox.fill([(mail.pgp_mime(gnupg.encrypt(b"secret", keys.carol)), "", date(1))])
    before = inbox.fetch()
    enrol(server, keys)
    rows = encrypt(server, "-n")
    assert [(row["mailbox"], row["to_seal"], row["encrypted"]) for row in rows] == [("INBOX", 5, 1)]
    assert rows[0]["bytes"] > 0
    assert inbox.fetch() == before


def test_excluded(server, keys, gnupg):
    drafts = Mailbox(server, gnupg, "alice", "Drafts")
    drafts.fill([(MESSAGE, "\\Draft", date(1))])
    enrol(server, keys)
    row, = encrypt(server)
    assert numbers(row) == (0, 0, 1, 0)
    assert len(drafts.plaintext()) == 1


def test_left_alone(server, gnupg):
    """mail_seal_keys = none isn't a failure."""
    inbox = Mailbox(server, gnupg, "nobody")
    inbox.fill([(MESSAGE, "", date(1))])
    row, = encrypt(server, user="nobody")
    assert numbers(row) == (0, 0, 1, 0)


def test_with_unusable_key(server, inbox):
    inbox.fill(mixture(3))
    before = inbox.fetch()
    server.give("alice", server.keys_file("alice"), b"")
    for option in ([], ["-n"]):
        status, errors = failed(server, *option)
        assert status == 75
        assert errors.count("Messages can't be sealed") == 1 and "its file is empty" in errors
    assert numbers(encrypt(server, check=False)[0]) == (0, 0, 0, 3)
    assert inbox.fetch() == before


def test_without_key(server, inbox):
    """There is nothing to be done, and nothing has failed."""
    inbox.fill(mixture(3))
    before = inbox.fetch()
    row, = encrypt(server)
    assert (*numbers(row), row["no_key"]) == (0, 0, 0, 0, 3)
    row, = encrypt(server, "-n")
    assert (row["to_seal"], row["failed"], row["no_key"]) == (0, 0, 3)
    assert inbox.fetch() == before


def test_nothing_to_do_without_key(server):
    row, = encrypt(server)
    assert numbers(row) == (0, 0, 0, 0)


def test_bad_query(server):
    assert "Unknown argument SUBJEKT" in failed(server, "subjekt")[1]


def test_formatters_and_users(server, keys, gnupg):
    for user in ("alice", "bob"):
        Mailbox(server, gnupg, user).fill([(MESSAGE, "", date(1))])
    enrol(server, keys, "alice", "bob")
    for way in ([], server.doveadm_server):
        for formatter in ("table", "flow", "tab", "pager", "json"):
            done = server.doveadm("-f", formatter, "seal", "encrypt", "-n", *way, "-A", "all")
            assert re.search(rb"alice", done.stdout) and re.search(rb"bob", done.stdout)
    rows = server.doveadm_rows("seal", "encrypt", *server.doveadm_server, "-u", "*", "all")
    assert {row["username"]: row["sealed"] for row in rows} == {"alice": 1, "bob": 1, "nobody": 0}


def test_two_runs_at_once(server, keys, inbox):
    inbox.fill(mixture(60))
    before = inbox.content()
    enrol(server, keys)
    command = ["doveadm", "-c", server.folder / "dovecot.conf", "seal", "encrypt", "-u", "alice", "all"]
    runs = [server.sandbox.start(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(2)]
    for run in runs:
        assert run.communicate(timeout=300)[1] == b""
        assert run.returncode == 0
    assert inbox.content() == before
    assert inbox.plaintext() == []


def test_mbox_that_deliveries_lock_otherwise_is_refused(keys):
    """They would append to the file that was replaced."""
    with Dovecot([User("alice", keys.alice.certificate)], mail_format="mbox",
                 seal={"mail_seal_missing_key": "store"},
                 more="mbox_write_locks = fcntl dotlock") as server:
        server.keys_file("alice").unlink()
        assert server.deliver(mail.text(b"text\r\n"), "alice")[0].code == 250
        server.give("alice", server.keys_file("alice"), keys.alice.certificate)
        for option in ([], ["-n"]):
            done = server.doveadm("seal", "encrypt", *option, "-u", "alice", "all", check=False)
            assert done.returncode == 65
            assert b"mbox_write_locks must begin with dotlock" in done.stderr
            assert b"failed=1" in done.stdout
        assert not mail.is_sealed(server.message("alice"))
