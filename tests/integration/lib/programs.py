"""Other people's OpenPGP programs, which make keys and open what we sealed."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import keys

OPENPGPJS = Path(__file__).parents[1] / "openpgpjs" / "run.cjs"


@dataclass(frozen=True)
class Pair:
    certificate: bytes               # both ASCII-armored
    secret: bytes                    # without a password


def run(*command, stdin=b"", **options):
    with tempfile.TemporaryDirectory() as home:  # these programs like to leave things behind
        done = subprocess.run(list(map(str, command)), input=stdin, capture_output=True,
                              check=False, env={**os.environ, "HOME": home, "LC_ALL": "C"},
                              **options)
    assert done.returncode == 0, (command, done.stderr.decode(errors="replace")[-1000:])
    return done.stdout


class Program:
    """What the others are: they make a Pair, and open armored messages with a secret key."""

    missing = None                   # or why it isn't there

    def __init__(self, folder):
        self.folder = folder

    def close(self):
        pass


class Gpg(Program):
    name = "gpg"

    def __init__(self, folder):
        super().__init__(folder)
        self.home = keys.GnuPG()

    def close(self):
        self.home.close()

    def generate(self, primary, *subkeys, preferences=None):
        key = self.home.generate(f"{primary}@example.org", primary, None)
        for algorithm in subkeys:
            self.home.gpg("--quick-add-key", key.fingerprint, algorithm, "encr", "never")
        if preferences:
            self.home.gpg("--command-fd", "0", "--edit-key", key.fingerprint,
                          stdin=f"setpref {preferences}\ny\nsave\n".encode())
        return self.pair(key.fingerprint)

    def pair(self, fingerprint):
        return Pair(self.home.export(fingerprint), self.home.export_secret(fingerprint))

    @staticmethod
    def open(armors, secret, _folder):
        alone = keys.GnuPG()
        try:
            alone.gpg("--import", stdin=secret)
            opened = [alone.decrypt(armor) for armor in armors]
        finally:
            alone.close()
        for decrypted in opened:
            assert decrypted.cipher == keys.GnuPG.cipher, "not SEIPDv1 with AES-256"
        return [decrypted.data for decrypted in opened]


class Sq(Program):
    """Sequoia; its command line changed with version 1."""

    name = "sq"
    missing = None if shutil.which("sq") else "sq is not installed"

    def __init__(self, folder):
        super().__init__(folder)
        self.first = run("sq", "--help").startswith(b"sq 0.")

    def generate(self, suite):
        secret = self.folder / f"sq-{suite}.asc"
        user = ("--userid", f"sq {suite} <sq@example.org>")
        if self.first:
            run("sq", "key", "generate", "--cipher-suite", suite, *user, "--export", secret)
            certificate = run("sq", "key", "extract-cert", secret)
        else:
            run("sq", "--home", "none", "key", "generate", "--own-key", "--without-password",
                "--cipher-suite", suite, *user, "--output", secret,
                "--rev-cert", secret.with_suffix(".rev"))
            certificate = run("sq", "--home", "none", "key", "delete",
                              "--cert-file", secret, "--output", "-")
        return Pair(certificate, secret.read_bytes())

    def open(self, armors, secret, folder):
        key = folder / "secret.asc"
        key.write_bytes(secret)
        command = ("sq", "decrypt", "--recipient-key", key) if self.first else \
                  ("sq", "--home", "none", "decrypt", "--recipient-file", key)
        return [run(*command, stdin=armor) for armor in armors]


class Rnp(Program):
    name = "rnp"
    missing = None if shutil.which("rnp") else "rnp is not installed"

    def generate(self, bits):
        home = self.folder / f"rnp-{bits}"
        home.mkdir()
        options = ("--homedir", home, "--password", "", "--notty")
        user = f"rnp{bits}@example.org"
        run("rnpkeys", *options, "--generate-key", "--numbits", bits, "--userid", user)
        return Pair(run("rnpkeys", *options, "--export-key", user),
                    run("rnpkeys", *options, "--export-key", "--secret", user))

    @staticmethod
    def open(armors, secret, folder):
        key = folder / "secret.asc"
        key.write_bytes(secret)
        return [run("rnp", "--decrypt", "--keyfile", key, "--password", "", "--notty",
                    "--output", "-", stdin=armor) for armor in armors]


class OpenPGPjs(Program):
    name = "OpenPGP.js"
    installed = os.environ.get("MAIL_SEAL_OPENPGPJS")
    missing = None if installed else "OpenPGP.js is not installed: tests/run does that, if it" \
                                     " can reach the npm registry"

    def generate(self, **options):
        made = self._ask(generate={"userIDs": [{"email": "js@example.org"}], **options})
        return Pair(made["certificate"].encode(), made["key"].encode())

    def open(self, armors, secret, _folder):
        answer = self._ask(open=[armor.decode() for armor in armors], key=secret.decode())
        return [base64.b64decode(data) for data in answer["data"]]

    def _ask(self, **request):
        return json.loads(run("node", OPENPGPJS, stdin=json.dumps(request).encode(),
                              cwd=self.installed))


PROGRAMS = (Gpg, Sq, Rnp, OpenPGPjs)
