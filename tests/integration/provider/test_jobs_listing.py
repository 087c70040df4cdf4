"""--jobs where many users are in a database that lets few in: each process is told of all of them
by Dovecot, and nobody has to read that for another's sake."""

import contextlib
import json
import os
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

import databases
from busy import locked
from dovecot import Dovecot, User, dovecot_version
from sandbox import wait_until

OWNERS = [f"owner{number}" for number in range(6)]
# More than sockets and auth hold: what isn't read keeps a connection to the database.
OTHERS = [f"somebody-with-a-long-name-{number:05}" for number in range(20000)]
CONNECTIONS = 2
JOBS = 3
# They list, and each is busy until all has been read.
FEW_WORKERS = f"service auth-worker {{\n  process_limit = {JOBS}\n}}\n"
COLUMNS = "username VARCHAR(255) PRIMARY KEY, home VARCHAR(255)"
USER_QUERY = "SELECT home, 5000 AS uid, 5000 AS gid FROM listed WHERE username = '{}'"
ITERATE_QUERY = 'SELECT username AS "user" FROM listed ORDER BY username'


@pytest.fixture(scope="module")
def database():
    folder = Path(tempfile.mkdtemp(prefix="mail-seal-listing-"))
    folder.chmod(0o755)
    server = databases.PostgreSQL(folder / "postgresql", "127.0.0.1")
    yield server
    server.close()
    folder.rmdir()


@pytest.fixture(scope="module")
def server(database):
    with Dovecot([User(name) for name in OWNERS]) as dovecot:
        assert len("".join(OTHERS)) > 400_000
        database.sql("DROP TABLE IF EXISTS listed; "
                     f"CREATE TABLE listed ({COLUMNS}); GRANT ALL ON listed TO {databases.USER}")
        database.load("listed", [(name, dovecot.home(name)) for name in OWNERS]
                      + [(name, dovecot.folder / "nowhere") for name in OTHERS])
        dovecot.write_config(FEW_WORKERS + sql_userdb(dovecot, database))
        dovecot.site.users_file.write_text("")
        dovecot.reload()
        yield dovecot


def sql_userdb(dovecot, database):
    access = {"host": database.address, "dbname": databases.NAME, "user": databases.USER,
              "password": databases.PASSWORD}
    if dovecot_version().startswith("2.4"):
        host = access.pop("host")
        parameters = "".join(f"      {name} = {value}\n" for name, value in access.items())
        return f"""
sql_driver = pgsql
userdb sql {{
  pgsql {host} {{
    pgsql_connection_limit = {CONNECTIONS}
    parameters {{
{parameters}    }}
  }}
  query = {USER_QUERY.format("%{user}")}
  iterate_query = {ITERATE_QUERY}
}}
"""
    connect = " ".join(f"{name}={value}" for name, value in access.items())
    (dovecot.folder / "sql.conf").write_text(f"""
driver = pgsql
connect = {connect} maxconns={CONNECTIONS}
user_query = {USER_QUERY.format("%u")}
iterate_query = {ITERATE_QUERY}
""")
    return f"userdb {{\n  driver = sql\n  args = {dovecot.folder}/sql.conf\n}}\n"


def is_waiting(pid):
    """It has opened that file."""
    with contextlib.suppress(OSError):
        return any(os.readlink(file).endswith("/dovecot-mail-seal.lock")
                   for file in Path(f"/proc/{pid}/fd").iterdir())
    return False


def at_work(server):
    return [pid for pid, line in server.sandbox.processes().items()
            if "--worker" in line and is_waiting(pid)]


@pytest.mark.parametrize("which", ["-u", "-F", "-A"])
def test_nobody_waits_for_another(server, tmp_path, keys, which):
    """While some are at work for hours, others can list all users, and look theirs up."""
    names = tmp_path / "names"
    names.write_text("".join(f"{name}\n" for name in OWNERS))
    users = {"-u": ["-u", "owner*"], "-F": ["-F", names], "-A": ["-A"]}[which]
    for name in OWNERS:
        server.never_enrolled(name)
        server.doveadm("expunge", "-u", name, "mailbox", "*", "all")
        server.doveadm("save", "-u", name, input=b"Subject: before\r\n\r\nHello.\r\n")
        server.give(name, server.keys_file(name), keys.alice.certificate)
    with locked(server, *OWNERS):
        run = server.sandbox.start("doveadm", "-c", server.folder / "dovecot.conf", "-f", "json",
                                   "seal", "encrypt", "--jobs", str(JOBS), *users, "all",
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert wait_until(lambda: len(at_work(server)) == JOBS)
        listing = server.doveadm("user", "owner*", timeout=60).stdout.decode().split()
        if which == "-A":  # who has no mail takes its time
            os.kill(called(server), signal.SIGTERM)
    output, errors = run.communicate(timeout=120)
    assert sorted(listing) == OWNERS
    table = {row["username"] for row in json.loads(output)}
    assert table == {*OWNERS[:JOBS if which == "-A" else None], "TOTAL"}, errors


def called(server):
    """The process that has others do the work."""
    [pid] = [pid for pid, line in server.sandbox.processes().items()
             if "--jobs" in line and "--worker" not in line and not line.startswith("nsenter")]
    return pid
