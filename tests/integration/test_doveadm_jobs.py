"""--jobs: several processes go through the users, and it looks as if it were one."""

import contextlib
import fcntl
import json
import os
import signal
import subprocess

import pytest

import mail
from dovecot import Dovecot, User
from sandbox import wait_until
from stored import Mailbox, mixture

OWNERS = [f"owner{number}" for number in range(6)]
KEYLESS = [f"keyless{number}" for number in range(3)]
COUNT = 3
USAGE, TEMPORARY = 64, 75            # sysexits.h


@pytest.fixture(scope="module")
def server(keys):
    users = [User(name, keys=keys.alice.certificate) for name in OWNERS]
    with Dovecot(users + [User(name) for name in KEYLESS]) as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def filled(server, gnupg, keys):
    """Plaintext from before there were certificates."""
    server.doveadm("expunge", "-A", "mailbox", "*", "all")
    for user in OWNERS:
        server.never_enrolled(user)
    for user in server.users:
        Mailbox(server, gnupg, user).fill(mixture(COUNT))
    for user in OWNERS:
        server.give(user, server.keys_file(user), keys.alice.certificate)


def rows(server, *arguments, check=True):
    done = server.doveadm("-f", "json", "seal", *arguments, check=check)
    return json.loads(done.stdout), done


def in_any_order(table):
    return sorted(map(json.dumps, table))


def plaintext(server):
    return [user for user in server.users
            if not all(map(mail.is_sealed, server.messages(user)))]


def workers(server):
    return [pid for pid, line in server.sandbox.processes().items() if "--worker" in line]


@contextlib.contextmanager
def locked(server, *users):
    """No run can work in their INBOX; each waits for up to five minutes."""
    with contextlib.ExitStack() as stack:
        for user in users:
            file = server.give(user, "Maildir/dovecot-mail-seal.lock", b"")
            lock = stack.enter_context(file.open("wb"))
            fcntl.lockf(lock, fcntl.LOCK_EX)
        yield


def start(server, *arguments):
    return server.sandbox.start("doveadm", "-c", server.folder / "dovecot.conf", "-f", "json",
                                "seal", *arguments, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)


def finish(run):
    output, errors = run.communicate(timeout=120)
    return json.loads(output), errors.decode(), run.returncode


@pytest.mark.parametrize("command", [
    ["status"], ["status", "-t"], ["key", "list"], ["key", "list", "--state", "active"],
    ["key", "notify"], ["encrypt", "-n"]], ids=" ".join)
def test_same_as_without(server, command):
    query = ["all"] if "encrypt" in command else []
    name = command[:2] if command[0] == "key" else command[:1]
    rest = command[len(name):]
    alone, _ = rows(server, *name, "-A", *rest, *query)
    together, done = rows(server, *name, "--jobs", "4", "-A", *rest, *query)
    assert in_any_order(together) == in_any_order(alone)
    assert done.stderr == b""
    if "key" not in command:
        assert together[-1]["username"] == "TOTAL" == alone[-1]["username"]
    names = [row["username"] for row in together]
    assert len(names) == sum(1 for before, name in zip([None, *names], names) if name != before) \
        or "key" not in command, "rows of a user are apart"


@pytest.mark.parametrize("formatter", ["table", "flow", "tab", "pager"])
def test_formatters(server, formatter):
    """One heading, and nothing of what the processes say to each other."""
    def lines(*options):
        text = server.doveadm("-f", formatter, "seal", "status", *options, "-A").stdout.decode()
        return sorted(" ".join(line.split()) for line in text.splitlines())
    assert lines("--jobs", "3") == lines()


@pytest.mark.parametrize("which", ["-u", "-F"])
def test_other_ways_to_name_users(server, tmp_path, which):
    names = tmp_path / "names"
    names.write_text("".join(f"{user}\n" for user in OWNERS))
    users = ["-u", "owner*"] if which == "-u" else ["-F", names]
    table, _ = rows(server, "status", "--jobs", "2", *users, "-t")
    assert sorted(row["username"] for row in table) == sorted([*OWNERS, "TOTAL"])


def test_encrypt(server, gnupg):
    before = {user: Mailbox(server, gnupg, user).content() for user in server.users}
    table, done = rows(server, "encrypt", "--jobs", "4", "-A", "all")
    assert b"Error" not in done.stderr
    assert sorted(row["username"] for row in table) == sorted([*server.users, "TOTAL"])
    assert (table[-1]["username"], int(table[-1]["no_key"])) == ("TOTAL", len(KEYLESS) * COUNT)
    assert int(table[-1]["sealed"]) == sum(int(row["sealed"]) for row in table[:-1]) > 0
    for user in server.users:
        assert Mailbox(server, gnupg, user).content() == before[user]
    assert sorted(plaintext(server)) == KEYLESS


def test_all_at_once(server):
    """While some wait, the others are done, and no more processes are there than were wanted."""
    with locked(server, *OWNERS[:2]):
        run = start(server, "encrypt", "--jobs", "3", "-A", "all")
        assert wait_until(lambda: sorted(plaintext(server)) == [*KEYLESS, *OWNERS[:2]], 60)
        # the third has ended
        assert wait_until(lambda: len(workers(server)) == 2)
    table, errors, status = finish(run)
    assert status == 0 and "Error" not in errors
    assert table[-1]["username"] == "TOTAL"
    assert sorted(plaintext(server)) == KEYLESS


def test_one_is_killed(server, gnupg):
    """The others' users are done, and his by the next run."""
    before = Mailbox(server, gnupg, OWNERS[3]).content()
    with locked(server, OWNERS[3]):
        run = start(server, "encrypt", "--jobs", "3", "-A", "all")
        assert wait_until(lambda: sorted(plaintext(server)) == [*KEYLESS, OWNERS[3]], 60)
        assert wait_until(lambda: len(workers(server)) == 1)
        os.kill(workers(server)[0], signal.SIGKILL)
        table, errors, status = finish(run)
    assert status == TEMPORARY
    [line] = [line for line in errors.splitlines() if "--jobs" in line]
    assert f"The job that was at work for {OWNERS[3]} was killed by signal 9" in line
    assert sorted(row["username"] for row in table) == sorted(
        {*server.users, "TOTAL"} - {OWNERS[3]})
    table, _ = rows(server, "encrypt", "--jobs", "3", "-A", "all")
    assert sorted(plaintext(server)) == KEYLESS
    assert Mailbox(server, gnupg, OWNERS[3]).content() == before


def test_user_who_fails(server):
    """His session can't begin. Dovecot says so, and that is all it does."""
    users = server.site.users_file.read_text()
    server.site.users_file.write_text(users.replace(
        f"home/{OWNERS[1]}::", f"home/{OWNERS[1]}::userdb_mail_seal_timeout=never "))
    server.reload()
    try:
        table, done = rows(server, "encrypt", "--jobs", "2", "-A", "all", check=False)
        alone, alone_done = rows(server, "encrypt", "-A", "all", check=False)
    finally:
        server.site.users_file.write_text(users)
        server.reload()
    assert done.returncode == alone_done.returncode
    assert {row["username"] for row in alone} == {row["username"] for row in table}
    assert b'mail_seal_timeout: "never"' in done.stderr
    assert {row["username"] for row in table} == {*server.users, "TOTAL"} - {OWNERS[1]}
    assert sorted(plaintext(server)) == [*KEYLESS, OWNERS[1]]


def test_ended_early(server):
    """By a signal: what is begun is finished, nothing else, and nobody is left."""
    with locked(server, *OWNERS):
        run = start(server, "encrypt", "--jobs", "2", "-u", "owner*", "all")
        assert wait_until(lambda: len(workers(server)) == 2)
        [pid] = [pid for pid, line in server.sandbox.processes().items()
                 if "--jobs" in line and "--worker" not in line
                 and not line.startswith("nsenter")]
        os.kill(pid, signal.SIGTERM)
    _, _, status = finish(run)
    assert status == TEMPORARY
    assert wait_until(lambda: not workers(server))
    assert len(plaintext(server)) >= len(KEYLESS) + len(OWNERS) - 2
    rows(server, "encrypt", "--jobs", "2", "-A", "all")
    assert sorted(plaintext(server)) == KEYLESS


def test_nobody_is_left_when_it_is_killed(server):
    with locked(server, *OWNERS):
        run = start(server, "encrypt", "--jobs", "2", "-u", "owner*", "all")
        assert wait_until(lambda: len(workers(server)) == 2)
        [pid] = [pid for pid, line in server.sandbox.processes().items()
                 if "--jobs" in line and "--worker" not in line
                 and not line.startswith("nsenter")]
        os.kill(pid, signal.SIGKILL)
    run.communicate(timeout=60)
    assert wait_until(lambda: not workers(server))
    assert len(plaintext(server)) >= len(KEYLESS) + len(OWNERS) - 2


def test_doveadm_server(server):
    """Dovecot's own connections, several at once."""
    alone, _ = rows(server, "status", "-A", "-t", *server.doveadm_server)
    together, _ = rows(server, "status", "--jobs", "3", "-A", "-t", *server.doveadm_server)
    assert in_any_order(together) == in_any_order(alone)


@pytest.mark.parametrize("options", [
    ["--jobs", "0", "-A"], ["--jobs", "101", "-A"], ["--jobs", "many", "-A"],
    ["--jobs", "-1", "-A"], ["--jobs", "2", "-u", OWNERS[0]], ["--jobs", "2", "-A", "--public"]],
    ids=" ".join)
def test_refused(server, options):
    done = server.doveadm("seal", "status", *options, check=False)
    assert done.returncode == USAGE
    assert b"--jobs" in done.stderr
    assert done.stdout == b""


def test_of_one(server):
    alone, _ = rows(server, "key", "list", "-A")
    together, _ = rows(server, "key", "list", "--jobs", "1", "-A")
    assert together == alone
