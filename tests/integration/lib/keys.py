"""OpenPGP keys made by gpg in a throw-away home, and what gpg says of a sealed message."""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Key:
    address: str
    fingerprint: str
    certificate: bytes               # ASCII-armored
    encryption_ids: tuple            # long key ids of the subkeys that can encrypt
    opener: "GnuPG"                  # has the secret key


@dataclass(frozen=True)
class Decrypted:
    data: bytes
    recipients: list                 # whom it is for, as in Key.encryption_ids, in order
    cipher: str                      # as in the opener's `cipher`; OpenPGP: DECRYPTION_INFO


class GnuPG:
    """A GnuPG home of our own, with its agent."""

    cipher = "2 9 0"                 # SEIPDv1 with AES-256

    def __init__(self):
        # /tmp, not pytest's longer path: the agent's socket name has 107 bytes.
        self.home = Path(tempfile.mkdtemp(prefix="mail-seal-gnupg-"))
        self.home.chmod(0o700)

    def close(self):
        self._run("gpgconf", "--kill", "all")
        shutil.rmtree(self.home, ignore_errors=True)

    def gpg(self, *arguments, stdin=b"", check=True):
        return self._run("gpg", "--batch", "--quiet", "--pinentry-mode", "loopback",
                         "--passphrase", "", "--trust-model", "always", *arguments,
                         stdin=stdin, check=check)

    def generate(self, address, algorithm="ed25519", encryption="cv25519",
                 expires="never", time_options=()):
        """A key with one encryption subkey; encryption=None leaves that out."""
        done = self.gpg(*time_options, "--yes", "--status-fd", "1",
                        "--quick-generate-key", f"{address.split('@')[0]} <{address}>",
                        algorithm, "cert,sign", expires)
        fingerprint = re.search(rb"KEY_CREATED P (\w+)", done.stdout)[1].decode()
        if encryption:
            self.gpg(*time_options, "--quick-add-key", fingerprint, encryption, "encr", expires)
        return self.key(address, fingerprint)

    def generate_many(self, count):
        """Keys of member0@example.org and so on, in one run: (fingerprint, encryption key id)."""
        parameters = "".join(
            "%no-protection\nKey-Type: eddsa\nKey-Curve: ed25519\nKey-Usage: cert,sign\n"
            "Subkey-Type: ecdh\nSubkey-Curve: cv25519\nExpire-Date: 0\n"
            f"Name-Email: member{n}@example.org\n%commit\n" for n in range(count))
        before = self._members()
        self.gpg("--generate-key", stdin=parameters.encode())
        found = [member for member in self._members() if member not in before]
        assert len(found) == count
        return found

    def _members(self):
        found, primary = [], None
        # fails if there is none
        listing = self.gpg("--with-colons", "--list-keys", "member", check=False)
        for line in listing.stdout.decode().splitlines():
            fields = line.split(":")
            if fields[0] == "pub":
                primary = None
            elif fields[0] == "fpr":
                primary = primary or fields[9]
            elif fields[0] == "sub":
                found.append((primary, fields[4]))
        return found

    def generate_expired(self, address):
        """A key that was good for a day, long ago."""
        long_ago = ("--faked-system-time", "20200101T000000!")
        return self.generate(address, expires="1d", time_options=long_ago)

    def generate_revoked(self, address):
        key = self.generate(address)
        certificate = (self.home / "openpgp-revocs.d" / f"{key.fingerprint}.rev").read_text()
        # gpg puts a colon before the armor so that nobody imports it by accident.
        self.gpg("--import", stdin=certificate.replace("\n:-----", "\n-----").encode())
        return self.key(address, key.fingerprint)

    def key(self, address, fingerprint, time_options=()):
        listing = self.gpg(*time_options, "--with-colons", "--list-keys",
                           fingerprint).stdout.decode()
        fields = [line.split(":") for line in listing.splitlines()]
        encryption_ids = tuple(f[4] for f in fields if f[0] == "sub" and "e" in f[11])
        return Key(address, fingerprint, self.export(fingerprint), encryption_ids, self)

    def export(self, *fingerprints, armor=True):
        return self.gpg(*(["--armor"] if armor else []), "--export", *fingerprints).stdout

    def export_secret(self, fingerprint):
        return self.gpg("--armor", "--export-secret-keys", fingerprint).stdout

    def encrypt(self, data, *keys, armor=True):
        recipients = [word for key in keys for word in ("--recipient", key.fingerprint)]
        return self.gpg(*(["--armor"] if armor else []), "--encrypt", *recipients,
                        stdin=data).stdout

    def encrypt_with_password(self, data):
        return self.gpg("--passphrase", "a password", "--armor", "--symmetric", stdin=data).stdout

    def sign_detached(self, data, key):
        return self.gpg("--armor", "--local-user", key.fingerprint, "--detach-sign",
                        stdin=data).stdout

    def verifies(self, data, signature):
        signature_file = self.home / "signature.asc"
        signature_file.write_bytes(signature)
        return self.gpg("--verify", signature_file, "-", stdin=data, check=False).returncode == 0

    def decrypt(self, armor):
        plaintext = self.home / "plaintext"
        done = self.gpg("--status-fd", "1", "--yes", "--output", plaintext, "--decrypt",
                        stdin=armor)
        status = done.stdout.decode()
        assert "DECRYPTION_OKAY" in status, status
        return Decrypted(plaintext.read_bytes(),
                         re.findall(r"ENC_TO (\w+)", status),
                         re.search(r"DECRYPTION_INFO (.*)", status)[1])

    def _run(self, *command, stdin=b"", check=True):
        environment = {**os.environ, "GNUPGHOME": str(self.home), "LC_ALL": "C"}
        done = subprocess.run(list(map(str, command)), input=stdin, capture_output=True,
                              env=environment, check=False)
        if check and done.returncode != 0:
            raise RuntimeError(f"{command}: {done.stderr.decode(errors='replace')}")
        return done
