"""--jobs: several processes go through the users, and it looks as if it were one."""

import array
import base64
import contextlib
import fcntl
import json
import os
import signal
import subprocess
import termios
import urllib.request
from pathlib import Path

import pytest

import mail
from busy import locked
from dovecot import Dovecot, User
from ports import free_port
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


def called(server):
    """The process that has others do the work."""
    [pid] = [pid for pid, line in server.sandbox.processes().items()
             if "--jobs" in line and "--worker" not in line and not line.startswith("nsenter")]
    return pid


@pytest.mark.parametrize("by", ["kill", "Ctrl-C"])
def test_ended_early(server, by):
    """By a signal: what is begun is finished, nothing else, and nobody is left. Who was done is
    in the table, and counted."""
    with locked(server, *OWNERS):
        run = start(server, "encrypt", "--jobs", "2", "-u", "owner*", "all")
        assert wait_until(lambda: waiting(server) == 2)
        at_work = [*(workers(server) if by == "Ctrl-C" else []), called(server)]
        for pid in at_work:
            os.kill(pid, signal.SIGINT if by == "Ctrl-C" else signal.SIGTERM)
    table, errors, status = finish(run)
    assert status == TEMPORARY
    assert wait_until(lambda: not workers(server))
    assert len(plaintext(server)) >= len(KEYLESS) + len(OWNERS) - 2
    *users, total = table
    assert total["username"] == "TOTAL" and len(users) == 2, errors
    assert {user["username"] for user in users} >= set(OWNERS) - set(plaintext(server))
    assert int(total["sealed"]) == sum(int(user["sealed"]) for user in users)
    assert "--jobs" not in errors
    rows(server, "encrypt", "--jobs", "2", "-A", "all")
    assert sorted(plaintext(server)) == KEYLESS


def test_one_is_told_to_end(server):
    """Not the one that was called: what it has done is in the table, and others go on."""
    with locked(server, OWNERS[0]):
        run = start(server, "encrypt", "--jobs", "2", "-u", "owner*", "all")
        assert wait_until(lambda: sorted(plaintext(server)) == [*KEYLESS, OWNERS[0]], 60)
        assert wait_until(lambda: len(workers(server)) == 1)
        os.kill(workers(server)[0], signal.SIGTERM)
    table, errors, status = finish(run)
    assert status == TEMPORARY
    assert sorted(row["username"] for row in table) == [*sorted(["TOTAL", *OWNERS])]
    assert "--jobs" not in errors
    rows(server, "encrypt", "--jobs", "2", "-A", "all")
    assert sorted(plaintext(server)) == KEYLESS


def waiting_bytes(pid, number):
    """How much is in this pipe of the process, and wasn't read yet."""
    count = array.array("i", [0])
    with open(f"/proc/{pid}/fd/{number}", "rb", buffering=0) as pipe:
        fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


def state(pid):
    """As in ps: S sleeps, T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_one_is_told_to_end_as_it_waits(server):
    """It was given a name, and hasn't read it: somebody else does that user."""
    with locked(server, *OWNERS[:2]):
        run = start(server, "encrypt", "--jobs", "2", "-u", "owner*", "all")
        assert wait_until(lambda: waiting(server) == 2)
        os.kill(called(server), signal.SIGSTOP)
        assert wait_until(lambda: state(called(server)) == "T")
    worker = workers(server)[0]
    # it has said what came of its user, and waits for the next
    assert wait_until(lambda: waiting_bytes(worker, 1) > 0 and state(worker) == "S")
    os.kill(worker, signal.SIGSTOP)
    assert wait_until(lambda: state(worker) == "T")
    for pid in (called(server), run.pid):        # nsenter stops as well
        os.kill(pid, signal.SIGCONT)
    assert wait_until(lambda: waiting_bytes(worker, 0) > 0)
    os.kill(worker, signal.SIGTERM)
    os.kill(worker, signal.SIGCONT)
    table, errors, status = finish(run)
    assert (status, errors.count("--jobs")) == (0, 0), errors
    assert sorted(row["username"] for row in table) == sorted(["TOTAL", *OWNERS])
    assert sorted(plaintext(server)) == KEYLESS


def test_auth_is_stopped(server):
    """Who is at work is done; then one after the other can't be, and that is said once."""
    with locked(server, *OWNERS[:2]):
        run = start(server, "encrypt", "--jobs", "2", "-A", "all")
        assert wait_until(lambda: waiting(server) == 2)
        server.stop()
    try:
        table, errors, status = finish(run)
    finally:
        server.start()
    assert status == TEMPORARY
    assert {row["username"] for row in table} == {*OWNERS[:2], "TOTAL"}
    # the other one has been given another meanwhile
    assert 5 <= errors.count("can't be looked up") <= 6, errors
    assert errors.count("in a row") == 1
    assert "was at work" not in errors and "backtrace" not in errors, errors
    rows(server, "encrypt", "--jobs", "2", "-A", "all")
    assert sorted(plaintext(server)) == KEYLESS


def waiting(server):
    """So many of a command's processes have a user's lock open, and wait for it."""
    return sum(1 for pid in workers(server)
               if any(name.endswith("dovecot-mail-seal.lock") for name in open_files(pid)))


def open_files(pid):
    names = []
    with contextlib.suppress(OSError):
        for number in os.listdir(f"/proc/{pid}/fd"):
            names.append(os.readlink(f"/proc/{pid}/fd/{number}"))
    return names


@pytest.mark.parametrize("options", [["-A"], ["-F"], ["-u", "owner*"]], ids=" ".join)
@pytest.mark.parametrize("jobs", [[], ["--jobs", "2"]], ids=["alone", "jobs"])
def test_auth_was_stopped_before(server, tmp_path, options, jobs):
    names = tmp_path / "names"
    names.write_text("".join(f"{user}\n" for user in OWNERS))
    server.stop()
    try:
        done = server.doveadm("seal", "status", *jobs, *options,
                              *([names] if options == ["-F"] else []), check=False)
    finally:
        server.start()
    assert done.returncode == TEMPORARY
    assert b"backtrace" not in done.stderr and b"Panic" not in done.stderr
    assert 1 <= done.stderr.count(b"\n") <= 5 * 3, done.stderr.decode()


def test_all_are_killed(server):
    """Who can't do anybody's mail isn't begun again for each user there is."""
    with locked(server, *OWNERS):
        run = start(server, "encrypt", "--jobs", "2", "-A", "all")
        for _ in range(5):
            assert wait_until(lambda: waiting(server) == 2)
            os.kill(workers(server)[0], signal.SIGKILL)
            assert wait_until(lambda: waiting(server) != 2)
        assert wait_until(lambda: len(workers(server)) == 1)
    table, errors, status = finish(run)
    assert status == TEMPORARY
    assert errors.count("was killed by signal 9") == 5
    assert errors.count("in a row") == 1, errors
    assert len(table) == 2 and table[-1]["username"] == "TOTAL"
    rows(server, "encrypt", "--jobs", "2", "-A", "all")
    assert sorted(plaintext(server)) == KEYLESS


@contextlib.contextmanager
def extra_fields(server, fields, *users):
    """The passdb and the userdb say that, too, of these users."""
    before = server.site.users_file.read_text()
    lines = [line + " " + fields if line.split(":")[0] in users else line
             for line in before.splitlines()]
    server.site.users_file.write_text("".join(f"{line}\n" for line in lines))
    server.reload()
    try:
        yield
    finally:
        server.site.users_file.write_text(before)
        server.reload()


def test_control_characters(server, tmp_path):
    """A row can begin with what the processes' own words begin with."""
    names = tmp_path / "names"
    names.write_bytes(b"".join(b"\x01" + user.encode() + b"\n" for user in OWNERS))
    alone, alone_done = rows(server, "status", "-F", names, check=False)
    together, done = rows(server, "status", "--jobs", "2", "-F", names, check=False)
    assert in_any_order(together) == in_any_order(alone)
    assert done.returncode == alone_done.returncode


@pytest.mark.parametrize("words", [
    ["seal encrypt"], ["seal", "encrypt"], ["-v", "seal encrypt"], ["-o", "mail_max_lock_timeout=0",
                                                                   "seal encrypt"]],
    ids=" ".join)
def test_the_name_in_one_word(server, words):
    done = server.doveadm("-f", "json", *words, "--jobs", "2", "-A", "subject", "seal encrypt")
    assert b"Error" not in done.stderr
    assert json.loads(done.stdout)[-1]["username"] == "TOTAL"


def test_nobody_is_left_when_it_is_killed(server):
    with locked(server, *OWNERS):
        run = start(server, "encrypt", "--jobs", "2", "-u", "owner*", "all")
        assert wait_until(lambda: len(workers(server)) == 2)
        os.kill(called(server), signal.SIGKILL)
    run.communicate(timeout=60)
    assert wait_until(lambda: not workers(server))
    assert len(plaintext(server)) >= len(KEYLESS) + len(OWNERS) - 2


PORT = "doveadm_port = 24245\ndoveadm_password = secret\n"


@pytest.fixture
def port(server):
    """As replication has one; nobody is on another server."""
    server.write_config(PORT)
    server.reload()
    yield
    server.write_config()
    server.reload()


def test_a_port_makes_no_proxy(server, port):
    """What the passdb says of a user counts: of these, that they are here."""
    with locked(server, *OWNERS[:2]):
        run = start(server, "encrypt", "--jobs", "3", "-A", "all")
        assert wait_until(lambda: len(workers(server)) > 0)
        assert wait_until(lambda: sorted(plaintext(server)) == [*KEYLESS, *OWNERS[:2]], 60)
    table, errors, status = finish(run)
    assert status == 0, errors
    assert sorted(row["username"] for row in table) == sorted([*server.users, "TOTAL"])
    assert sorted(plaintext(server)) == KEYLESS


def test_nobody_knows_where_he_is(server, port):
    """The others are done."""
    with extra_fields(server, "proxy=y", OWNERS[2]):
        table, done = rows(server, "encrypt", "--jobs", "2", "-A", "all", check=False)
    assert done.returncode == TEMPORARY
    assert {row["username"] for row in table} == {*server.users, "TOTAL"} - {OWNERS[2]}
    assert OWNERS[2].encode() in done.stderr
    assert sorted(plaintext(server)) == [*KEYLESS, OWNERS[2]]


@pytest.mark.parametrize("command", [["doctor"], ["metrics"]])
def test_nobody_knows_where_he_is_asked_one_by_one(server, port, command):
    """By those commands that go through the users themselves."""
    with extra_fields(server, "proxy=y", OWNERS[2]):
        done = server.doveadm("seal", *command, "-u", OWNERS[2], check=False)
    text = (done.stdout + done.stderr).decode()
    if command == ["doctor"]:
        assert done.returncode == 2 and "server" in text, text
    else:
        assert 'mail_seal_owners_failed 1' in text, text


@pytest.mark.parametrize("command", [["doctor"], ["metrics"]])
def test_nobody_knows_where_any_is(server, port, command):
    """Each of them could have to wait for a database that is down."""
    with extra_fields(server, "proxy=y", *OWNERS):
        done = server.doveadm("seal", *command, "-A", check=False)
    assert done.returncode == (2 if command == ["doctor"] else TEMPORARY), done.stderr
    assert done.stderr.count(b"in a row") == 1, done.stderr


@pytest.fixture(scope="module")
def other(keys):
    """A back end."""
    with Dovecot([User(name, keys=keys.alice.certificate) for name in OWNERS[4:]]) as dovecot:
        dovecot.port = free_port()
        dovecot.write_config(f"""
doveadm_password = secret
service doveadm {{
  inet_listener doveadm {{
    port = {dovecot.port}
  }}
}}
""")
        dovecot.restart()
        yield dovecot


def test_some_are_elsewhere(server, other, gnupg):
    """One table of those who are here and those who aren't. What these add up to isn't known."""
    for user in other.users:
        other.never_enrolled(user)
        Mailbox(other, gnupg, user).fill(mixture(COUNT))
        other.give(user, other.keys_file(user), server.keys_file(user).read_bytes())
    server.write_config(f"doveadm_port = {other.port}\ndoveadm_password = secret\n")
    server.reload()
    try:
        with extra_fields(server, f"proxy=y host=127.0.0.1 port={other.port}", *other.users):
            table, done = rows(server, "encrypt", "--jobs", "2", "-A", "all")
    finally:
        server.write_config()
        server.reload()
    assert b"Error" not in done.stderr
    assert sorted(row["username"] for row in table) == sorted(server.users)
    assert plaintext(other) == []
    assert sorted(plaintext(server)) == [*KEYLESS, *other.users]


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


def test_local_by_http(server):
    """doveadm-server has one user, and hasn't found out where he is."""
    port = free_port()
    server.write_config(f"""
doveadm_password = secret
service doveadm {{
  inet_listener http {{
    port = {port}
  }}
}}
""")
    server.restart()
    try:
        answers = [call(port, "sealKeyNotify", user=OWNERS[0], **more)
                   for more in ({}, {"local": True})]
    finally:
        server.write_config()
        server.restart()
    assert [answer[0] for answer in answers] == ["doveadmResponse", "error"], answers
    assert answers[1][1]["exitCode"] == USAGE
    assert b"--local is for many users" in server.log_file.read_bytes()


def call(port, command, **parameters):
    """One command by doveadm's HTTP API, and its answer."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/doveadm/v1",
        data=json.dumps([[command, parameters, "tag"]]).encode(),
        headers={"Content-Type": "application/json",
                 "Authorization": "Basic " + base64.b64encode(b"doveadm:secret").decode()})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.loads(answer.read())[0]


def test_of_one(server):
    alone, _ = rows(server, "key", "list", "-A")
    together, _ = rows(server, "key", "list", "--jobs", "1", "-A")
    assert together == alone
