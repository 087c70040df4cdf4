"""Another version of mail_seal: built from these sources, with structures that differ."""

import os
import re
import shutil
import subprocess
from pathlib import Path

TREE = Path(__file__).parents[3]
MODULES = Path("lib/dovecot/modules")
HELPER = Path("libexec/dovecot/mail-seal-exec")

# What a real next version might do: a function more, in front of the others.
CHANGES = {
    "src/core/core.h": (r"(\tconst char \*build;\n)", r"\1\tvoid (*more)(void);\n"),
    "src/plugin/plugin.h": (r"(\tconst char \*build;\n)", r"\1\tvoid (*more)(void);\n"),
    "src/core/core.c": (r"(\t\.build = MAIL_SEAL_BUILD,\n)", r"\1\t.more = abort,\n"),
    "src/plugin/plugin.c": (r"(\t\.build = MAIL_SEAL_BUILD,\n)", r"\1\t.more = abort,\n"),
    "src/exec/exec-protocol.h": (r'EXEC_PROTOCOL_VERSION "\d+"', 'EXEC_PROTOCOL_VERSION "9999"'),
}


class AnotherBuild:
    def __init__(self, folder):
        self.stage = folder / "stage"
        self._build = folder / "build"
        source = folder / "source"
        shutil.copytree(TREE, source, symlinks=True, ignore=shutil.ignore_patterns(
            ".git", "*.o", "*.lo", "*.la", ".libs", "autom4te.cache"))
        for name, (pattern, text) in CHANGES.items():
            changed, count = re.subn(pattern, text, (source / name).read_text())
            assert count == 1, name
            (source / name).write_text(changed)
        self._build.mkdir()
        self._run(source / "configure", f"--prefix={self.stage}",
                  f"--with-moduledir={self.modules}",
                  f"--with-mail-seal-libexecdir={self.helper.parent}")
        self._run("make", f"-j{os.cpu_count()}")
        self.install()

    @property
    def modules(self):
        return self.stage / MODULES

    @property
    def helper(self):
        return self.stage / HELPER

    def install(self):
        self._run("make", "install")

    def _run(self, *command):
        done = subprocess.run(command, cwd=self._build, capture_output=True, check=False)
        assert done.returncode == 0, (command, done.stderr.decode()[-2000:])


def installed_helper():
    """The one of the plugin under test."""
    modules = os.environ["MAIL_SEAL_MODULEDIR"]
    assert modules.endswith(f"/{MODULES}")
    return Path(modules.removesuffix(str(MODULES))) / HELPER
