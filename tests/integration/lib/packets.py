"""OpenPGP certificates put together packet by packet, for those that no program makes.

The primary key is Ed25519's, for which openssl signs; what its subkeys are made of is the
caller's business, and so is whether anybody can encrypt to them.
"""

import base64
import hashlib
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

PUBLIC_KEY, PUBLIC_SUBKEY, USER_ID, SIGNATURE = 6, 14, 13, 2
CERTIFICATION, BINDING, DIRECT, REVOKES_KEY, REVOKES_SUBKEY = 0x13, 0x18, 0x1f, 0x20, 0x28
RSA, ELGAMAL, ECDH, EDDSA, X25519, X448, ML_KEM = 1, 16, 18, 22, 25, 26, 35
CERTIFY, SIGN, ENCRYPT, AUTHENTICATE = 0x01, 0x02, 0x0c, 0x20
ED25519_OID = bytes.fromhex("2b06010401da470f01")
CURVE25519_OID = bytes.fromhex("2b060104019755010501")
P256_OID = bytes.fromhex("2a8648ce3d030107")
KDF = bytes((3, 1, 8, 7))


def mpi(number):
    """A number, from bytes, without zeros in front (RFC 9580 section 3.2)."""
    number = number.lstrip(b"\0")
    bits = len(number) * 8 - (8 - number[0].bit_length()) if number else 0
    return bits.to_bytes(2, "big") + number


def packet(tag, body):
    return bytes((0xc0 | tag, 255)) + len(body).to_bytes(4, "big") + body


def subpacket(kind, data):
    return bytes((len(data) + 1, kind)) + data


def key_body(algorithm, material, created):
    return b"\4" + created.to_bytes(4, "big") + bytes((algorithm,)) + material


def ecdh(point, oid=CURVE25519_OID, kdf=KDF):
    return bytes((len(oid),)) + oid + mpi(point) + kdf


def rsa(modulus, exponent=65537):
    return mpi(modulus.to_bytes(2048, "big")) + mpi(exponent.to_bytes(64, "big"))


def fingerprint(body):
    return hashlib.sha1(_hashed(body)).hexdigest().upper()


def key_id(body):
    return fingerprint(body)[-16:]


def _hashed(body):
    return b"\x99" + len(body).to_bytes(2, "big") + body


def armor(data):
    lines = base64.encodebytes(data)
    return (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" + lines
            + b"-----END PGP PUBLIC KEY BLOCK-----\n")


@dataclass
class Primary:
    """A primary key; user() and bind() give packets to put behind it."""

    created: int

    def __post_init__(self):
        self._folder = tempfile.TemporaryDirectory()
        self._secret = Path(self._folder.name) / "key"
        _openssl("genpkey", "-algorithm", "ed25519", "-out", self._secret)
        public = _openssl("pkey", "-in", self._secret, "-pubout", "-outform", "DER")[-32:]
        self.body = key_body(EDDSA, bytes((len(ED25519_OID),)) + ED25519_OID
                             + mpi(b"\x40" + public), self.created)
        self.packet = packet(PUBLIC_KEY, self.body)

    def sign(self, kind, over, created, flags=None, lifetime=None, expires=None):
        """A signature packet; `lifetime` is the key's, `expires` the signature's, in seconds."""
        hashed = subpacket(2, created.to_bytes(4, "big"))
        if flags is not None:
            hashed += subpacket(27, bytes((flags,)))
        if lifetime is not None:
            hashed += subpacket(9, lifetime.to_bytes(4, "big"))
        if expires is not None:
            hashed += subpacket(3, expires.to_bytes(4, "big"))
        if kind in (REVOKES_KEY, REVOKES_SUBKEY):
            hashed += subpacket(29, b"\0")
        head = bytes((4, kind, EDDSA, 8)) + len(hashed).to_bytes(2, "big") + hashed
        trailer = b"\4\xff" + len(head).to_bytes(4, "big")
        digest = hashlib.sha256(_hashed(self.body) + over + head + trailer).digest()
        issuer = subpacket(16, bytes.fromhex(key_id(self.body)))
        signature = self._sign(digest)
        return packet(SIGNATURE, head + len(issuer).to_bytes(2, "big") + issuer + digest[:2]
                      + mpi(signature[:32]) + mpi(signature[32:]))

    def user(self, user_id, created, flags=CERTIFY | SIGN, **options):
        name = user_id.encode()
        over = b"\xb4" + len(name).to_bytes(4, "big") + name
        return packet(USER_ID, name) + self.sign(CERTIFICATION, over, created, flags, **options)

    def bind(self, body, *signatures):
        """A subkey and its signatures, each a dictionary of sign()'s options."""
        return packet(PUBLIC_SUBKEY, body) + b"".join(
            self.sign(**{"kind": BINDING, "over": _hashed(body), **signature})
            for signature in signatures)

    def _sign(self, digest):
        data = self._secret.with_suffix(".data")
        data.write_bytes(digest)
        return _openssl("pkeyutl", "-sign", "-inkey", self._secret, "-rawin", "-in", data)


def _openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=False)
    assert done.returncode == 0, (arguments, done.stderr.decode())
    return done.stdout
