"""Ends or stops doveadm seal encrypt between its two transactions (halt.c)."""

import contextlib
import os
import re
import signal
import subprocess
from pathlib import Path

from sandbox import wait_until

SOURCE = Path(__file__).with_name("halt.c")


def is_stopped(pid):
    with contextlib.suppress(OSError):   # it has ended
        return re.search(r"^State:\s+T", Path(f"/proc/{pid}/status").read_text(), re.M)
    return None


class Halt:
    def __init__(self, server):
        self._server = server
        self._library = server.folder / "halt.so"
        self.record = server.folder / "halt-record"
        if not self._library.exists():
            subprocess.run(["cc", "-shared", "-fPIC", "-o", self._library, SOURCE, "-ldl"],
                           check=True)

    def start(self, *arguments, halt=None, halt_at=1, halt_fsync=None, **options):
        """Start doveadm seal encrypt; it gets the signal `halt` between its transactions.

        Those of the n-th batch: one for a mailbox with few messages. Or in the first
        transaction, before a path with this end is on the disk for good.
        """
        self.record.unlink(missing_ok=True)
        self.record.touch(mode=0o666)
        self.record.chmod(0o666)
        # doveadm runs itself again by way of doveconf, which empties the environment.
        environment = ["DOVECOT_PRESERVE_ENVS=LD_PRELOAD HALT HALT_AT HALT_FSYNC HALT_RECORD",
                       f"LD_PRELOAD={self._library}", f"HALT_RECORD={self.record}"]
        if halt:
            environment += [f"HALT={halt:d}",
                            f"HALT_FSYNC={halt_fsync}" if halt_fsync else f"HALT_AT={halt_at}"]
        return self._server.sandbox.start(
            "env", *environment, "doveadm", "-c", self._server.folder / "dovecot.conf",
            "seal", "encrypt", *arguments, **options)

    def kill(self, *arguments):
        """Run it until its copies are there, beside their originals."""
        run = self.start(*arguments, halt=signal.SIGKILL, stdout=subprocess.DEVNULL,
                         stderr=subprocess.PIPE)
        errors = run.communicate(timeout=300)[1]
        assert run.returncode == -signal.SIGKILL, (run.returncode, errors)

    def _processes(self):
        return [pid for pid, line in self._server.sandbox.processes().items()
                if "seal encrypt" in line and not line.startswith("nsenter")]

    def wait_until_stopped(self):
        """Until the signal has stopped it."""
        assert wait_until(lambda: any(is_stopped(pid) for pid in self._processes()))

    def go_on(self, run):
        # nsenter stops with what it runs, but a moment later
        assert wait_until(lambda: is_stopped(run.pid))
        os.kill(run.pid, signal.SIGCONT)
        for pid in self._processes():
            with contextlib.suppress(ProcessLookupError):   # by nsenter's help it has ended
                os.kill(pid, signal.SIGCONT)
