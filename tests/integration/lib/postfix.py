"""A private Postfix that delivers to a test's Dovecot by LMTP, in the same sandbox.

Own configuration, queue and log, on a loopback port; its patience is in
seconds where a real one's is in minutes.
"""

import contextlib
import re
import shutil
import smtplib
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ports import free_port
from sandbox import wait_until

MAIN_CF = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = mx.example.org
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
virtual_mailbox_domains = example.org
virtual_mailbox_maps = static:all
virtual_transport = lmtp:unix:{lmtp}
enable_long_queue_ids = yes
message_size_limit = 0
mailbox_size_limit = 0
notify_classes =

# What a day's patience is elsewhere
minimal_backoff_time = 1s
maximal_backoff_time = 3s
queue_run_delay = 1s
transport_retry_time = 1s
lmtp_data_done_timeout = 30s
lmtp_data_xfer_timeout = 30s
lmtp_destination_concurrency_limit = {concurrency}
# One failure isn't the end of a destination.
lmtp_destination_concurrency_failed_cohort_limit = 10
"""

MASTER_CF = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
flush unix n - n 1000? 0 flush
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
lmtp unix - - n - - lmtp
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass
class Attempt:
    """What Postfix noted of one try to deliver a message to one recipient."""
    message_id: str
    recipient: str
    status: str                      # "sent", "deferred", "bounced"
    text: str

    @property
    def acknowledgement_lost(self):
        """The message was with Dovecot when the connection ended: it may be stored."""
        return ("message may be sent more than once" in self.text
                or "Shutting down (in reply to end of DATA" in self.text)


class Postfix:
    def __init__(self, server, concurrency=4, main="", master="", system=False):
        """`main` and `master`: more lines of main.cf and master.cf. `system`: for programs in the
        sandbox the command sendmail leads here."""
        self._sandbox = server.sandbox
        self._folder = Path(tempfile.mkdtemp(prefix="mail-seal-postfix-"))
        self._folder.chmod(0o755)
        self._config = self._folder / "etc"
        self._log_file = self._folder / "log"
        self._last_log = ""
        self.port = free_port()
        for name in ("etc", "queue", "data"):
            (self._folder / name).mkdir()
        shutil.chown(self._folder / "data", "postfix")
        values = {"folder": self._folder, "lmtp": server.folder / "run" / "lmtp",
                  "port": self.port, "concurrency": concurrency}
        (self._config / "main.cf").write_text(MAIN_CF.format(**values) + main)
        (self._config / "master.cf").write_text(MASTER_CF.format(**values) + master)
        if system:
            self._be_the_systems()

    def __enter__(self):
        try:
            self._master = self._sandbox.start(
                "postfix", "-c", self._config, "start-fg",
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            if not wait_until(self._is_ready):
                raise RuntimeError("Postfix doesn't start: " + self.log())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exc):
        self._sandbox.run("postfix", "-c", self._config, "stop", check=False)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._master.wait(timeout=60)
        self._last_log = self.log()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _be_the_systems(self):
        together = self._folder / "system"
        shutil.copytree("/etc/postfix", together, symlinks=True)
        for name in ("main.cf", "master.cf"):
            shutil.copy(self._config / name, together / name)
        self._sandbox.mount_over(together, "/etc/postfix")
        self._config = "/etc/postfix"

    def send(self, message, *recipients, sender="sender@example.org"):
        with smtplib.SMTP("127.0.0.1", self.port, local_hostname="client.example.org",
                          timeout=120) as client:
            refused = client.sendmail(sender, recipients, message, mail_options=["BODY=8BITMIME"])
        assert not refused, refused

    def retry_now(self):
        """What "postqueue -f" is for: try all at once, also what was put aside for longer."""
        self._sandbox.run("postqueue", "-c", self._config, "-f")

    def queued(self):
        """How many messages wait. None is overlooked on its way back from "deferred" to "active"."""
        return sum(1 for name in ("maildrop", "incoming", "active", "deferred", "active")
                   for file in (self._folder / "queue" / name).rglob("*") if file.is_file())

    def log(self):
        with contextlib.suppress(OSError):
            return self._log_file.read_text(errors="replace")
        return self._last_log

    def attempts(self):
        log = self.log()
        message_ids = dict(re.findall(r"/cleanup\[\d+\]: (\w+): message-id=(<\S*>)", log))
        found = re.findall(r"/(?:lmtp|error|qmgr|retry)\[\d+\]: (\w+): to=<([^>]*)>, .*"
                           r"status=(\w+) \((.*)\)$", log, re.MULTILINE)
        return [Attempt(message_ids[queue_id], *rest) for queue_id, *rest in found]

    def _is_ready(self):
        with contextlib.suppress(OSError), \
                socket.create_connection(("127.0.0.1", self.port), timeout=60) as client:
            return client.recv(3) == b"220"
        return False
