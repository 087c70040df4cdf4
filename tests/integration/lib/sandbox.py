"""A mount and PID namespace in which one Dovecot lives.

The mount namespace lets a test put a fake over a system file (a crashing gpg,
a passwd file with more users) that nobody else sees.  The PID namespace makes
the end certain: when its first process goes, the kernel ends every other one,
also daemons that detached themselves, and the mounts go with them.
"""

import contextlib
import os
import subprocess
import time
from pathlib import Path


def wait_until(condition, timeout=300.0, interval=0.02):
    """Return the first true value of condition(), or its last one at the timeout."""
    deadline = time.monotonic() + timeout
    while not (value := condition()) and time.monotonic() < deadline:
        time.sleep(interval)
    return value


class Sandbox:
    # PID 1 inherits gpg processes that were forked twice.  A process that
    # ignores SIGCHLD needn't wait for its children: no zombies.
    INIT = ["env", "--ignore-signal=CHLD", "sleep", "infinity"]

    def __init__(self, *more):
        """`more` namespaces: "net", "uts"."""
        self._more = [f"--{name}" for name in more]
        # Should pytest itself be killed, pdeathsig takes the namespace along.
        self._unshare = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL",
             "unshare", "--mount", "--pid", "--fork", "--kill-child",
             "--mount-proc", "--propagation", "private", *self._more, *self.INIT],
            start_new_session=True)
        self.init_pid = wait_until(self._find_init)
        if not self.init_pid:
            self.close()
            raise RuntimeError("cannot create a mount and PID namespace; tests need root")
        self._pid_namespace = os.readlink(f"/proc/{self.init_pid}/ns/pid")

    def _find_init(self):
        """The PID of our `sleep`, once unshare has done all its mounts and ran it."""
        pid = self._unshare.pid
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            if children and Path(f"/proc/{children[0]}/comm").read_text() == "sleep\n":
                return int(children[0])
        except OSError:
            pass
        return None

    def inside(self, *command):
        """The argv that runs `command` in the namespaces."""
        # --root: pytest itself may be in a chroot.
        return ["nsenter", "--target", str(self.init_pid), "--mount", "--pid",
                *self._more, "--root", "--wdns=/", "--", *map(str, command)]

    def run(self, *command, check=True, **options):
        done = subprocess.run(self.inside(*command), check=False, capture_output=True, **options)
        if check and done.returncode != 0:
            raise RuntimeError(f"{command}: exit {done.returncode}\n"
                               + done.stderr.decode(errors="replace"))
        return done

    def start(self, *command, **options):
        return subprocess.Popen(self.inside(*command), start_new_session=True, **options)

    def seen_from_outside(self, path):
        """What `path` is in there, also where something is mounted over it."""
        return Path(f"/proc/{self.init_pid}/root") / Path(path).relative_to("/")

    def mount_over(self, replacement, target):
        self.run("mount", "--bind", replacement, target)

    @contextlib.contextmanager
    def mounted_over(self, replacement, target):
        self.mount_over(replacement, target)
        try:
            yield
        finally:
            self.run("umount", "--lazy", target)

    def processes(self):
        """{PID as we see it: command line} of everything alive in there but PID 1."""
        return {pid: command for pid, command in self._all_processes() if command}

    def zombies(self):
        """PIDs of processes that have ended and that nobody has waited for."""
        return [pid for pid, command in self._all_processes() if not command]

    def _all_processes(self):
        for proc in Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(proc / "ns/pid") != self._pid_namespace:
                    continue
                command = (proc / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            except OSError:
                continue
            if int(proc.name) != self.init_pid:
                yield int(proc.name), command

    def close(self):
        if self._unshare.poll() is None:
            self._unshare.kill()
        self._unshare.wait()
