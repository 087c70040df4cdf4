"""A stored message that can't be read: it counts as failed and stays as it is, and the others
don't wait for it."""

import contextlib
import json

import pytest

import mail
from dovecot import Dovecot, User
from seal_key import TEMPORARY
from stored import Mailbox, date

MARK = b"unreadable-3b1f"
MESSAGES = [mail.text(body + b"\r\n") for body in (b"first", MARK, b"third")]


@pytest.fixture(scope="module", params=["maildir", "sdbox"])
def server(request):
    with Dovecot([User("alice")], mail_format=request.param) as dovecot:
        yield dovecot


@pytest.fixture
def inbox(server, gnupg, keys):
    """Three plaintext messages of somebody who has a key by now."""
    server.never_enrolled("alice")
    server.empty("alice")
    made = Mailbox(server, gnupg, "alice")
    made.fill([(message, "", date(1)) for message in MESSAGES])
    server.give("alice", server.keys_file("alice"), keys.alice.certificate)
    return made


@contextlib.contextmanager
def unreadable(server):
    """Not the index: it has none of the message but its size."""
    [file] = [file for file in server.home("alice").rglob("*")
              if file.is_file() and MARK in file.read_bytes()]
    file.chmod(0)
    try:
        yield
    finally:
        file.chmod(0o600)


@pytest.fixture(params=["direct", "doveadm-server"])
def way(request, server):
    return server.doveadm_server if request.param == "doveadm-server" else []


def run(server, command, *arguments):
    done = server.doveadm("-f", "json", "seal", command, *arguments, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def check_said(errors):
    """Once, with the reason."""
    [line] = [line for line in errors.splitlines() if "Can't read the message: " in line]
    assert "Permission denied" in line


def test_status(server, way, inbox):
    with unreadable(server):
        status, _rows, errors = run(server, "status", *way, "-u", "alice")
    assert status == TEMPORARY
    if not way:                 # otherwise the log has it
        check_said(errors)
    status, _rows, errors = run(server, "status", *way, "-u", "alice")
    assert (status, errors) == (0, "")


def test_encrypt(server, inbox):
    before = inbox.content()
    with unreadable(server):
        status, rows, errors = run(server, "encrypt", "-u", "alice", "all")
    assert status == TEMPORARY
    check_said(errors)
    [row] = json.loads(rows)
    assert (row["sealed"], row["encrypted"], row["failed"]) == (2, 0, 1)
    assert [MARK in item["BODY[]"] for item in inbox.plaintext()] == [True]
    assert inbox.content() == before
    [row] = server.doveadm_rows("seal", "encrypt", "-u", "alice", "all")
    assert (row["sealed"], row["encrypted"], row["failed"]) == (1, 2, 0)
    assert inbox.plaintext() == [] and inbox.content() == before


def test_encrypt_dry_run(server, inbox):
    with unreadable(server):
        status, rows, errors = run(server, "encrypt", "-n", "-u", "alice", "all")
    assert status == TEMPORARY
    check_said(errors)
    [row] = [row for row in json.loads(rows) if row["mailbox"] == "INBOX"]
    assert (row["to_seal"], row["failed"]) == (2, 1)


def test_metrics(server, inbox):
    with unreadable(server):
        done = server.doveadm("seal", "metrics", "--plaintext", check=False)
    assert b"\nmail_seal_plaintext_failed 1\n" in done.stdout
    assert b"\nmail_seal_plaintext_messages 2\n" in done.stdout
