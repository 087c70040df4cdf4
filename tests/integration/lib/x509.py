"""X.509 certificates made by openssl, and what openssl says of a sealed message."""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from keys import Decrypted

CIPHER = "aes-256-cbc"
START = 16384  # bytes: more than the part before the encrypted content
EXPIRED = ("20200101000000Z", "20200201000000Z")
NOT_YET_VALID = ("20900101000000Z", "20910101000000Z")
CA_CONFIG = """
[ca]
default_ca = all
[all]
database = {folder}/index
new_certs_dir = {folder}
rand_serial = yes
unique_subject = no
default_md = sha256
policy = name
[name]
commonName = supplied
"""


def openssl(*arguments, stdin=b"", check=True):
    done = subprocess.run(["openssl", *map(str, arguments)], input=stdin, capture_output=True,
                          check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"openssl {arguments}: {done.stderr.decode(errors='replace')}")
    return done


@dataclass(frozen=True)
class X509Key:
    """The same as keys.Key, with files for programs that want them."""
    address: str
    fingerprint: str
    certificate: bytes               # PEM
    encryption_ids: tuple            # the serial number
    certificate_file: Path
    key_file: Path
    opener: "X509Opener"

    @property
    def der(self):
        return openssl("x509", "-in", self.certificate_file, "-outform", "DER").stdout

    @property
    def secret(self):
        return self.key_file.read_bytes()

    def pkcs12(self, password):
        return openssl("pkcs12", "-export", "-legacy", "-in", self.certificate_file,
                       "-inkey", self.key_file, "-passout", f"pass:{password}").stdout


class X509Opener:
    cipher = CIPHER

    def __init__(self, certificate_file, key_file):
        self._files = ["-recip", certificate_file, "-inkey", key_file]

    def decrypt(self, der):
        data = openssl("cms", "-decrypt", "-binary", "-inform", "DER", *self._files,
                       stdin=der).stdout
        # It complains that there is more, after it has shown what we want.
        start = openssl("asn1parse", "-inform", "DER", stdin=der[:START], check=False).stdout
        text = start.decode(errors="replace")
        ciphers = re.findall(r"OBJECT +:(aes-\S+-cbc|aes-\S+-gcm|des-\S+)", text)
        return Decrypted(data, re.findall(r"INTEGER +:([0-9A-F]{36,40})$", text, re.MULTILINE),
                         " ".join(ciphers))


class X509:
    """A folder of keys and certificates."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="mail-seal-x509-"))
        self._made = 0

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def generate(self, address, algorithm="rsa:2048", extensions=(), issuer=None):
        """A certificate, self-signed if there is no issuer; `extensions` as openssl has them."""
        request, certificate_file, key_file = self._request(address, algorithm)
        options = [word for extension in (f"subjectAltName=email:{address}", *extensions)
                   for word in ("-addext", extension)]
        if issuer:
            options += ["-CA", issuer.certificate_file, "-CAkey", issuer.key_file]
        openssl(*request, "-x509", "-days", 30, *options, "-out", certificate_file)
        return self._key(address, certificate_file, key_file)

    def generate_many(self, count, first=0):
        """Certificates of member0@example.org and so on, all of one key, which is quick.

        They have neither fingerprint nor serial number: see with_details().
        """
        self._made += 1
        key_file = self.folder / f"{self._made}.key"
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-out", key_file)
        keys = []
        for n in range(first, first + count):
            file = self.folder / f"{self._made}-{n}.pem"
            openssl("req", "-x509", "-new", "-key", key_file, "-subj", f"/CN=member{n}", "-addext",
                    f"subjectAltName=email:member{n}@example.org", "-days", 30, "-out", file)
            keys.append(X509Key(f"member{n}@example.org", "", file.read_bytes(), (), file, key_file,
                                X509Opener(file, key_file)))
        return keys

    def with_details(self, key):
        """The same key with what generate_many() leaves out."""
        return self._key(key.address, key.certificate_file, key.key_file)

    def generate_named(self, subject, alternative_name):
        """A self-signed certificate with this subject and subject alternative name."""
        request, certificate_file, key_file = self._request("x", "rsa:2048")
        request[request.index("-subj") + 1] = subject
        openssl(*request, "-utf8", "-x509", "-days", 30, "-addext",
                f"subjectAltName={alternative_name}", "-out", certificate_file)
        return self._key(subject, certificate_file, key_file)

    def generate_dated(self, address, start, end):
        """A self-signed certificate that is valid between these times."""
        request, certificate_file, key_file = self._request(address, "rsa:2048")
        config = self.folder / "ca.conf"
        config.write_text(CA_CONFIG.format(folder=self.folder))
        (self.folder / "index").touch()
        wanted = openssl(*request, "-new").stdout
        openssl("ca", "-batch", "-selfsign", "-notext", "-config", config, "-keyfile", key_file,
                "-in", "/dev/stdin", "-startdate", start, "-enddate", end,
                "-out", certificate_file, stdin=wanted)
        return self._key(address, certificate_file, key_file)

    def _request(self, address, algorithm):
        self._made += 1
        key_file = self.folder / f"{self._made}.key"
        certificate_file = self.folder / f"{self._made}.pem"
        new_key = ["-newkey", algorithm]
        if algorithm.startswith("ec:"):
            new_key = ["-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{algorithm[3:]}"]
        return (["req", *new_key, "-nodes", "-keyout", key_file,
                 "-subj", f"/CN={address.split('@')[0]}"], certificate_file, key_file)

    def _key(self, address, certificate_file, key_file):
        shown = openssl("x509", "-in", certificate_file, "-noout", "-fingerprint", "-sha256",
                        "-serial").stdout.decode()
        fingerprint = re.search(r"Fingerprint=([0-9A-F:]+)", shown)[1].replace(":", "")
        serial = re.search(r"serial=(\w+)", shown)[1]
        return X509Key(address, fingerprint, certificate_file.read_bytes(), (serial,),
                       certificate_file, key_file, X509Opener(certificate_file, key_file))

    def bundle(self, *keys, form="PEM"):
        """A PKCS #7 bundle of certificates."""
        files = [word for key in keys for word in ("-certfile", key.certificate_file)]
        return openssl("crl2pkcs7", "-nocrl", "-outform", form, *files).stdout
