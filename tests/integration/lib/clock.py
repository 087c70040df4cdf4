"""A machine whose clock is wrong: all that runs in a sandbox, gpg too (clock_off.c)."""

import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("clock_off.c")


class Clock:
    """Of a sandbox; `folder` is one that all of its users can read."""

    def __init__(self, sandbox, folder, seconds):
        folder.mkdir()
        self._file = folder / "off"
        self._file.write_bytes(bytes(8))
        library = folder / "clock.so"
        subprocess.run(["cc", "-shared", "-fPIC", f'-DCLOCK_FILE="{self._file}"', "-o", library,
                        SOURCE, "-ldl"], check=True)
        self._put_over_etc(sandbox, folder)
        sandbox.run("sh", "-c", f"echo {library} > /etc/ld.so.preload")
        self.set(seconds)

    def set(self, seconds):
        """From now on it is so far ahead of the real time, or behind it (< 0)."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("=q", seconds))

    @staticmethod
    def _put_over_etc(sandbox, folder):
        """Nobody else sees what is written there. In memory, as /tmp may be an overlay itself."""
        memory = folder / "memory"
        memory.mkdir()
        sandbox.run("mount", "-t", "tmpfs", "tmpfs", memory)
        upper, work = memory / "upper", memory / "work"
        sandbox.run("mkdir", upper, work)
        sandbox.run("mount", "-t", "overlay", "-o",
                    f"lowerdir=/etc,upperdir={upper},workdir={work}", "overlay", "/etc")
