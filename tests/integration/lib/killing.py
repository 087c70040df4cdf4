"""SIGKILL at each step of a doveadm command that changes something on the disk: kill_at.c."""

import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("kill_at.c")
KILLED = -9


def build_killer(server):
    subprocess.run(["cc", "-shared", "-fPIC", "-o", server.folder / "kill.so", SOURCE, "-ldl"],
                   check=True)


def killed_at(server, step, *arguments, inside=None):
    """Run doveadm and kill it before its n-th step. Returns whether it came to that.

    Steps are those of certificates and states, or all whose path has `inside` in it.
    """
    environment = ["DOVECOT_PRESERVE_ENVS=LD_PRELOAD KILL_AT KILL_IN", f"KILL_AT={step}",
                   f"LD_PRELOAD={server.folder / 'kill.so'}"]
    if inside:
        environment.append(f"KILL_IN={inside}")
    done = server.sandbox.run("env", *environment, "doveadm", "-c",
                              server.folder / "dovecot.conf", *arguments, check=False)
    if done.returncode in (KILLED, 128 + 9):
        return True
    assert done.returncode == 0, done.stderr
    return False


def at_each_step(server, *arguments, inside=None, every=1):
    """Kill a command at each of its steps, and let the test look, until there is no such step.

    It begins with what is there now each time.
    """
    home, saved = server.home("alice"), server.folder / "saved"
    shutil.rmtree(saved, ignore_errors=True)
    server.sandbox.run("cp", "-a", home, saved)
    step = 0
    while True:
        step += every
        was_killed = killed_at(server, step, *arguments, inside=inside)
        yield was_killed
        if not was_killed:
            break
        server.sandbox.run("rm", "-rf", home)
        server.sandbox.run("cp", "-a", saved, home)
    assert step > 3, "nothing was killed"
