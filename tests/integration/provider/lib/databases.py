"""PostgreSQL and Redis of the provider: Debian's, started by the tests, with data of their own."""

import contextlib
import csv
import io
import shutil
import signal
import subprocess
from pathlib import Path

from sandbox import Sandbox, wait_until

NAME, USER, PASSWORD = "mail", "dovecot", "secret"

# The users as Dovecot's documentation has them; `host` is what the proxy asks for. The other
# two are what conf.d-examples/90-mail-seal.conf tells administrators to create.
TABLES = """
CREATE TABLE users (username VARCHAR(255) PRIMARY KEY, password VARCHAR(255) NOT NULL,
                    host VARCHAR(255) NOT NULL, home VARCHAR(255), seal_keys VARCHAR(255));
CREATE TABLE mail_seal_keys (username VARCHAR(255) PRIMARY KEY,
                             certificate TEXT NOT NULL);
CREATE TABLE mail_seal_pending (username VARCHAR(255) PRIMARY KEY,
                                pending TEXT NOT NULL);
GRANT ALL ON ALL TABLES IN SCHEMA public TO dovecot;
"""
CONFIG = """
listen_addresses = '{address}'
port = {port}
unix_socket_directories = '{folder}'
fsync = off
max_connections = 200
log_min_messages = warning
"""
ACCESS = f"local all postgres trust\nhost {NAME} {USER} 127.0.0.0/8 scram-sha-256\n"


class Server:
    """A program in a PID namespace of its own, which takes its children along."""

    def __init__(self, folder, address, port, disk=""):
        """With a size, like "64m", its data is on a disk of its own, in memory."""
        self.folder, self.address, self.port = folder, address, port
        self.log_file = folder / "log"
        self.data = folder / "data"
        self.sandbox = Sandbox()
        self._process = None
        folder.mkdir()
        if disk:
            self.data.mkdir()
            self.sandbox.run("mount", "-t", "tmpfs", "-o", f"size={disk}", "tmpfs", self.data)

    def start(self):
        with self.log_file.open("ab") as log:
            self._process = self.sandbox.start(*self._command(), stdout=log, stderr=log)
        assert wait_until(self.answers, timeout=60), self.log_file.read_text()

    def stop(self):
        """As its end by accident: SIGKILL."""
        self._signal(signal.SIGKILL)
        self._process.wait()

    def pause(self):
        """It takes connections, as the kernel does that, and answers nothing."""
        self._signal(signal.SIGSTOP)

    def go_on(self):
        self._signal(signal.SIGCONT)

    @contextlib.contextmanager
    def full(self):
        """Not a byte more has room on its disk."""
        filler = self.data / "filler"
        self.sandbox.run("dd", "if=/dev/zero", f"of={filler}", "bs=4k", check=False)
        try:
            yield
        finally:
            self.sandbox.run("rm", filler)

    def is_running(self):
        return self._process.poll() is None

    def close(self):
        self.sandbox.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _signal(self, number):
        # each of them: what has ended its parent may not be there any more
        self.sandbox.run("kill", f"-{number.value}", "--", *self._inside(), check=False)

    def _inside(self):
        listing = self.sandbox.run("ps", "-e", "-o", "pid=,comm=").stdout.decode().splitlines()
        return [line.split()[0] for line in listing
                if line.split()[1] not in ("sleep", "ps", "nsenter")]


class PostgreSQL(Server):
    def __init__(self, folder, address, port=5432, disk=""):
        super().__init__(folder, address, port, disk)
        self._programs = max(Path("/usr/lib/postgresql").glob("*/bin"))
        shutil.chown(folder, "postgres", "postgres")
        if disk:
            self.sandbox.run("chown", "postgres:postgres", self.data)
        self._as_postgres(self._programs / "initdb", "--no-sync", "--auth=trust", "--encoding=UTF8",
                          "--locale=C.UTF-8", "--username=postgres", self.data)
        inside = self.sandbox.seen_from_outside(self.data)
        with (inside / "postgresql.conf").open("a") as file:
            file.write(CONFIG.format(address=address, port=port, folder=folder))
        (inside / "pg_hba.conf").write_text(ACCESS)
        self.start()
        self.sql(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'", database="postgres")
        self.sql(f"CREATE DATABASE {NAME}", database="postgres")
        self.sql(TABLES)

    def _command(self):
        return [*self._postgres(), self._programs / "postgres", "-D", self.data]

    @staticmethod
    def _postgres():
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]

    def _as_postgres(self, *command):
        return self.sandbox.run(*self._postgres(), *command)

    def answers(self):
        return self.sandbox.run(self._programs / "pg_isready", "-h", self.folder, "-p", self.port,
                                check=False).returncode == 0

    def sql(self, statement, *values, database=NAME):
        """Run it as the administrator; rows as lists of text. Values are for $1, $2, ..."""
        for number in range(len(values), 0, -1):
            statement = statement.replace(f"${number}", quoted(values[number - 1]))
        done = subprocess.run(
            ["psql", "-X", "-q", "--csv", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.folder,
             "-p", str(self.port), "-U", "postgres", database],
            input=statement.encode(), capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{statement[:200]}: {done.stderr.decode()}")
        return list(csv.reader(io.StringIO(done.stdout.decode())))

    def load(self, table, rows):
        """COPY: many rows at once; None is NULL."""
        lines = "".join("\t".join("\\N" if value is None else _escaped(str(value))
                                  for value in row) + "\n" for row in rows)
        self.sql(f"COPY {table} FROM STDIN;\n{lines}\\.\n")


def quoted(value):
    return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"


def _escaped(text):
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


class Redis(Server):
    def __init__(self, folder, address, port=6379, disk="", fsync=""):
        """`fsync`: it keeps an append-only file, "everysec" or "always"."""
        super().__init__(folder, address, port, disk)
        if not disk:
            self.data.mkdir()
        self._files = ["--appendonly", "yes", "--appendfsync", fsync] if fsync else \
            ["--appendonly", "no"]
        self.start()

    def _command(self):
        return ["redis-server", "--bind", self.address, "--port", self.port, "--save", "",
                *self._files, "--dir", self.data]

    def command(self, *words):
        return subprocess.run(["redis-cli", "-h", self.address, "-p", str(self.port),
                               *map(str, words)], check=True, capture_output=True).stdout

    def answers(self):
        done = subprocess.run(["redis-cli", "-h", self.address, "-p", str(self.port), "PING"],
                              capture_output=True, check=False)
        return done.stdout == b"PONG\n"
