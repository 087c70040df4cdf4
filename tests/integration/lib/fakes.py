"""Puts a misbehaving gpg (fake_gpg.c) in the real one's place, for one Dovecot only."""

import contextlib
import shutil
import subprocess
from pathlib import Path

GPG = Path("/usr/bin/gpg")
SOURCE = Path(__file__).with_name("fake_gpg.c")
BEHAVIOURS = ("crash", "crash_after_input", "die", "hang", "hang_stubborn", "hang_after_input",
              "silent", "cat", "half_then_killed", "half_then_error")


class Fakes:
    def __init__(self, server):
        self._server = server
        self._folder = server.folder / "fakes"
        self._folder.mkdir(exist_ok=True)
        self.record = self._folder / "record"
        self._real = self._folder / "real-gpg"
        shutil.copy(GPG, self._real)

    @contextlib.contextmanager
    def gpg(self, behaviour, every_call=False):
        with self._server.sandbox.mounted_over(self._compile(behaviour, every_call), GPG):
            yield

    @contextlib.contextmanager
    def gpg_missing(self):
        """/usr/bin without gpg: links to all other programs, which are seen elsewhere."""
        programs, links = self._folder / "programs", self._folder / "links"
        for folder in (programs, links):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        for program in GPG.parent.iterdir():
            if program != GPG:
                (links / program.name).symlink_to(programs / program.name)
        sandbox = self._server.sandbox
        with sandbox.mounted_over(GPG.parent, programs), sandbox.mounted_over(links, GPG.parent):
            yield

    def recorded(self):
        """The lines that the record_... fakes wrote, as dicts."""
        lines = self.record.read_text().splitlines()
        return [dict(word.split("=", 1) for word in line.split(" ")) for line in lines]

    @contextlib.contextmanager
    def gpg_takes_away(self, file):
        """The first question to gpg, whatever it is, removes this file."""
        self.record.write_text(str(file))
        self.record.chmod(0o644)
        with self.gpg("take_away_named", every_call=True):
            yield

    def forget_recorded(self):
        self.record.write_text("")
        self.record.chmod(0o666)

    def _compile(self, behaviour, every_call):
        binary = self._folder / f"{behaviour}-{every_call:d}"
        if not binary.exists():
            subprocess.run(["cc", "-o", binary, SOURCE, f"-DBEHAVIOUR={behaviour}",
                            f"-DEVERY_CALL={every_call:d}", f'-DREAL_GPG="{self._real}"',
                            f'-DRECORD="{self.record}"'], check=True)
        return binary
