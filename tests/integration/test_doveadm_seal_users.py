"""doveadm seal encrypt and status for many users: who counts as what, what may happen meanwhile."""

import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess

import pytest

import mail
from dovecot import Dovecot, User
from halt import Halt
from sandbox import wait_until
from stored import Mailbox, mixture

COUNT = 3
OWNERS = ("alice", "bob", "carol")
KEYLESS = "dave"


@pytest.fixture(scope="module")
def server(keys):
    users = [User(name) for name in (*OWNERS, KEYLESS)]
    with Dovecot(users) as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def filled(server, gnupg, keys):
    for user in server.users:
        server.never_enrolled(user)
        server.empty(user)
        Mailbox(server, gnupg, user).fill(mixture(COUNT))
    for user in OWNERS:
        server.give(user, server.keys_file(user), keys.alice.certificate)


def encrypt(server, *options, check=True):
    return server.doveadm("-f", "json", "seal", "encrypt", *options, "-A", "all", check=check)


def by_user(done):
    return {row["username"]: row for row in json.loads(done.stdout)}


@pytest.mark.parametrize("option", [[], ["-n"]])
@pytest.mark.parametrize("way", ["doveadm", "doveadm-server"])
def test_without_key(server, option, way):
    """Nothing can be done for these users, and nothing failed."""
    done = encrypt(server, *option, *(server.doveadm_server if way == "doveadm-server" else []))
    assert done.returncode == 0 and b"Error" not in done.stderr
    rows = by_user(done)
    assert (rows[KEYLESS]["no_key"], rows[KEYLESS]["failed"]) == (COUNT, 0)
    assert {rows[user]["no_key"] for user in OWNERS} == {0}
    assert not any(map(mail.is_sealed, server.messages(KEYLESS)))


@pytest.mark.parametrize("option", [[], ["-n"]])
def test_unusable_key(server, option):
    """That is a failure, among others who have none."""
    server.give("bob", server.keys_file("bob"), b"")
    done = encrypt(server, *option, check=False)
    assert done.returncode == 75
    rows = by_user(done)
    assert (rows["bob"]["no_key"], rows["bob"]["failed"]) == (0, COUNT)
    assert (rows[KEYLESS]["no_key"], rows[KEYLESS]["failed"]) == (COUNT, 0)


@pytest.mark.parametrize("option", [[], ["-n"]])
def test_missing_key_that_must_be_there(keys, gnupg, option):
    with Dovecot([User("alice", settings={"mail_seal_missing_key": "tempfail"})]) as server:
        server.give("alice", server.keys_file("alice"), keys.alice.certificate)
        Mailbox(server, gnupg, "alice").fill([(mail.pgp_mime(gnupg.encrypt(b"x", keys.carol)),
                                               "", "01-Feb-2021 10:11:12 +0000")])
        server.home("alice").joinpath("Maildir/cur/1.2.plain:2,S").write_bytes(b"Subject: x\n\nx\n")
        server.keys_file("alice").unlink()
        done = encrypt(server, *option, check=False)
        assert done.returncode == 75
        row = by_user(done)["alice"]
        assert (row["encrypted"], row["no_key"], row["failed"]) == (1, 0, 1)


def total_of(rows, column):
    return sum(row[column] for row in rows if row["username"] != "TOTAL")


@pytest.mark.parametrize("option", [["-n"], []])
def test_total_of_encrypt(server, option):
    rows = json.loads(encrypt(server, *option).stdout)
    assert rows[-1]["username"] == "TOTAL"
    assert [row["username"] for row in rows].count("TOTAL") == 1
    for column in ("to_seal" if option else "sealed", "bytes", "encrypted", "excluded", "no_key",
                   "failed"):
        assert rows[-1][column] == total_of(rows, column)
    assert rows[-1]["no_key"] == COUNT


@pytest.mark.parametrize("options", [[], ["-t"]])
def test_total_of_status(server, options):
    rows = server.doveadm_rows("seal", "status", *options, "-A")
    assert rows[-1]["username"] == "TOTAL"
    for column in ("sealed", "encrypted", "plaintext", "excluded", "plaintext_vsize"):
        assert rows[-1][column] == total_of(rows, column)
    assert rows[-1]["plaintext"] == COUNT * len(server.users)


@pytest.mark.parametrize("formatter", ["table", "flow", "tab", "pager", "json"])
def test_total_in_every_format(server, formatter):
    for command in (["status"], ["status", "-t"], ["encrypt", "-n"], ["encrypt"]):
        query = ["all"] if command[0] == "encrypt" else []
        printed = server.doveadm("-f", formatter, "seal", *command, "-A", *query).stdout
        assert len(re.findall(rb"\bTOTAL\b", printed)) == 1
        assert printed.rindex(b"TOTAL") > printed.rindex(b"carol")


def test_no_total_for_one_user(server):
    assert b"TOTAL" not in server.doveadm("seal", "status", "-u", "alice").stdout
    assert b"TOTAL" not in server.doveadm("seal", "encrypt", "-u", "alice", "all").stdout


@pytest.mark.parametrize("way", ["doveadm", "doveadm-server"])
def test_users_from_a_file_and_by_mask(server, way):
    names = server.folder / "names"
    names.write_text("bob\nalice\n")
    names.chmod(0o644)
    options = server.doveadm_server if way == "doveadm-server" else []
    total = set() if options else {"TOTAL"}
    choices = [(["-u", "*o*"], {"bob", "carol"})]
    if not options:  # Dovecot has its server look for the file
        choices.append((["-F", names], {"alice", "bob"}))
    for users, expected in choices:
        rows = server.doveadm_rows("seal", "status", "-t", *options, *users)
        assert {row["username"] for row in rows} == expected | total


def read_in_time(stream, wanted):
    """Read until the bytes are there; they must come while the command still runs."""
    read = b""
    while wanted not in read:
        assert select.select([stream], [], [], 300)[0], read
        got = os.read(stream.fileno(), 4096)
        assert got, read
        read += got
    return read


def stopped_at_second_user(halt):
    """A run that has done one user and stands still in the next one."""
    return halt.start("-A", "all", halt=signal.SIGSTOP, halt_at=2, stdout=subprocess.PIPE,
                      stderr=subprocess.PIPE)


def test_rows_come_at_once(server):
    """The output is no terminal."""
    halt = Halt(server)
    run = stopped_at_second_user(halt)
    read_in_time(run.stdout, b" failed=0\n")
    halt.wait_until_stopped()
    halt.go_on(run)
    assert b"Error" not in run.communicate(timeout=300)[1]
    assert run.returncode == 0


def test_progress(server):
    ours, theirs = pty.openpty()
    run = Halt(server).start("-A", "all", stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # its end
        while True:
            shown += os.read(ours, 4096)
    os.close(ours)
    assert run.wait(timeout=300) == 0
    for number in range(1, len(server.users) + 1):
        assert re.search(rb"user %d of %d, \w+: \d+/%d messages" % (
            number, len(server.users), COUNT), shown), shown
    assert b"; %d sealed before, " % COUNT in shown


def test_reload_meanwhile(server):
    """Its connections to the auth processes end with them."""
    halt = Halt(server)
    run = stopped_at_second_user(halt)
    halt.wait_until_stopped()
    old = set(server.service_pids("auth"))
    assert old
    server.doveadm("reload")
    for pid in old:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)  # if it hasn't ended itself yet
    assert wait_until(lambda: not old & set(server.service_pids("auth")))
    halt.go_on(run)
    printed, errors = run.communicate(timeout=300)
    assert run.returncode == 0 and b"Error" not in errors, errors
    assert len(re.findall(rb"^\S+ sealed=%d " % COUNT, printed, re.M)) == len(OWNERS)
    for user in OWNERS:
        assert all(map(mail.is_sealed, server.messages(user)))
