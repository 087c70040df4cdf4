"""What stands behind Dovecot's dict service: a Redis and an SQL database, started by the test."""

import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from sandbox import wait_until

TABLE = "mail_seal_keys"
PENDING_TABLE = "mail_seal_pending"


class Redis:
    """A Redis of our own that stores nothing on disk."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="mail-seal-redis-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._process = None
        self.start()

    def start(self):
        self._process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", "",
             "--dir", self.folder, "--logfile", self.folder / "log"])
        assert wait_until(self._answers, timeout=30), (self.folder / "log").read_text()

    def stop(self):
        self._process.kill()
        self._process.wait()

    def hang(self):
        """From now on it accepts connections, but answers nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self._process.send_signal(signal.SIGCONT)

    def clear(self):
        self.command("FLUSHALL")

    def command(self, *words):
        return subprocess.run(["redis-cli", "-p", str(self.port), *words], check=True,
                              capture_output=True).stdout

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self):
        try:
            return self.command("PING") == b"PONG\n"
        except subprocess.CalledProcessError:
            return False

    def lookups(self):
        """How often a value was asked for so far."""
        for line in self.command("INFO", "commandstats").decode().splitlines():
            if line.startswith("cmdstat_get:"):
                return int(line.split("calls=")[1].split(",")[0])
        return 0

    def server23(self):
        return f"redis:host=127.0.0.1:port={self.port}:prefix=seal/"

    def server24(self):
        return ("driver = redis\n redis_host = 127.0.0.1\n"
                f" redis_port = {self.port}\n redis_key_prefix = seal/\n")


class Sqlite:
    """A database in a file, which the dict service's user may write."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="mail-seal-sqlite-"))
        self.folder.chmod(0o777)
        self.file = self.folder / "keys.db"
        self._make_tables()
        self.file.chmod(0o666)
        (self.folder / "dict-sql.conf").write_text(
            f"connect = {self.file}\n" + "".join(
                f"map {{\n pattern = priv/mail-seal/{name}\n table = {table}\n"
                f" username_field = username\n value_field = {field}\n}}\n"
                for name, table, field in self.MAPS))

    MAPS = [("keys", TABLE, "certificate"), ("pending", PENDING_TABLE, "pending")]

    def _make_tables(self):
        for _, table, field in self.MAPS:
            self.sql(f"CREATE TABLE {table} (username TEXT PRIMARY KEY, {field} TEXT NOT NULL)")

    def stop(self):
        """The table goes away: every statement fails."""
        self.sql(f"ALTER TABLE {TABLE} RENAME TO away")

    def start(self):
        self.sql(f"ALTER TABLE away RENAME TO {TABLE}")

    def clear(self):
        for table in {table for _, table, _ in self.MAPS}:
            self.sql(f"DELETE FROM {table}")

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def sql(self, statement):
        subprocess.run(["sqlite3", self.file, statement], check=True)

    def server23(self):
        return f"sqlite:{self.folder}/dict-sql.conf"

    def server24(self):
        return f"driver = sql\n sql_driver = sqlite\n sqlite_path = {self.file}\n" + "".join(
            f"dict_map priv/mail-seal/{name} {{\n"
            f" sql_table = {table}\n username_field = username\n"
            f" value_field {field} {{\n }}\n}}\n" for name, table, field in self.MAPS)


class SqliteOneTable(Sqlite):
    """What looks simpler, and is wrong: an unset column reads as empty."""

    MAPS = [("keys", TABLE, "certificate"), ("pending", TABLE, "pending")]

    def _make_tables(self):
        self.sql(f"CREATE TABLE {TABLE} (username TEXT PRIMARY KEY, certificate TEXT, "
                 "pending TEXT)")


class SqliteWithoutPending(Sqlite):
    """As it was configured before anything could be pending."""

    MAPS = [("keys", TABLE, "certificate")]
