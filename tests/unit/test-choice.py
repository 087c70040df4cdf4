#!/usr/bin/env python3
"""Which of its subkeys a message is sealed to: the one that gpg would take.

Certificates made by chance (../integration/packets.py): subkeys of algorithms that gpg knows and
doesn't, from the past and the future, expired, revoked, for signatures only, bound twice and not
at all; and those in tests/unit/keys.  What gpg encrypts nothing to we don't either.

    MAIL_SEAL_RANDOM=SEED:COUNT   others, and how many
"""

import base64
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "integration/lib"))

import packets  # noqa: E402

COUNT = 25
DAY = 24 * 3600
NOW = int(time.time())
MESSAGE = b"Subject: x\n\nHello\n"
# Those that gpg takes one copy of, doesn't encrypt to without a user ID, or takes for binary.
NOT_BY_GPG = ("valid-and-revoked-version.asc", "designated-revoker.asc", "nouid-sq.asc",
              "nouid-directkey-signature.asc", "directkey-signature-and-unsigned-uid.asc",
              "text-not-ascii-first.asc")

G_P256 = bytes.fromhex("046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                       "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
P256 = packets.ECDH, packets.ecdh(G_P256, packets.P256_OID)


def material(rng):
    """(algorithm, what the key is made of)"""
    def number(size):
        return rng.randbytes(size)
    return rng.choice([
        *[(packets.ECDH, packets.ecdh(b"\x40" + number(32)))] * 6, P256,
        *[(packets.RSA, packets.rsa(int.from_bytes(b"\xff" + number(255), "big") | 1))] * 2,
        (packets.X25519, number(32)), (packets.X448, number(56)), (packets.ML_KEM, number(1216)),
        (packets.EDDSA, bytes((9,)) + packets.ED25519_OID + packets.mpi(b"\x40" + number(32)))])


def signature(rng, made):
    flags = rng.choice([packets.ENCRYPT] * 5 + [4, 8, None, 0, packets.SIGN, packets.AUTHENTICATE])
    return {"created": made + rng.choice([-DAY, 0, 0, 1, DAY, 5 * DAY, 40 * DAY]), "flags": flags,
            "lifetime": rng.choice([None] * 5 + [0, 5 * DAY, 20 * DAY, 1000 * DAY, 0xffffffff]),
            "expires": rng.choice([None] * 8 + [DAY, 200 * DAY])}


def subkey(rng, primary, number):
    # no two alike: copies are one to us, and gpg takes the first
    made = NOW - rng.choice([90, 60, 60, 30, 10, 10, 1, -3]) * DAY
    algorithm, data = material(rng)
    if (algorithm, data) == P256:
        made -= number
    signatures = [signature(rng, made) for _ in range(rng.choice([0, 1, 1, 1, 2, 2, 3]))]
    if rng.random() < .12:
        signatures.append({"kind": packets.REVOKES_SUBKEY, "created": made + DAY})
    rng.shuffle(signatures)
    bound = bytearray(primary.bind(packets.key_body(algorithm, data, made), *signatures))
    if rng.random() < .06:
        bound[-5] ^= 1
    return bytes(bound)


def certificate(seed):
    rng = random.Random(seed)
    primary = packets.Primary(NOW - 100 * DAY - rng.randrange(3))
    data = primary.packet
    if rng.random() < .2:
        data += primary.sign(packets.DIRECT, b"", NOW - 99 * DAY, packets.CERTIFY,
                             lifetime=rng.choice([None, None, 50 * DAY, 500 * DAY]))
    for number in range(rng.choice([1, 1, 1, 2])):
        data += primary.user(f"user{number}@example.org", NOW - rng.choice([99, 98, 50]) * DAY,
                             lifetime=rng.choice([None] * 6 + [50 * DAY, 500 * DAY]))
    return data + b"".join(subkey(rng, primary, n) for n in range(rng.randrange(1, 6)))


def recipients(message):
    """Key ids of the session key packets that a message begins with."""
    found = []
    while message:
        if message[0] & 0x40:
            tag, header, size = message[0] & 0x3f, 2, message[1]
            if size >= 192:
                header, size = 3, (size - 192 << 8) + message[2] + 192
        else:
            tag, header = message[0] >> 2 & 15, 1 + (1 << (message[0] & 3))
            size = int.from_bytes(message[1:header], "big")
        if tag != 1:
            break
        found.append(message[header + 1:header + 9].hex().upper())
        message = message[header + size:]
    return found


def run(*command, stdin):
    done = subprocess.run(list(map(str, command)), input=stdin, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else b""


def by_gpg(path, home):
    return recipients(run("gpg", "--homedir", home, "--batch", "--trust-model", "always",
                          "--no-autostart", "--output", "-", "--encrypt", "--recipient-file", path,
                          stdin=b"Hello"))


def by_us(path):
    sealed = run("tests/unit/seal-filter", path, stdin=b"%d 1\n" % len(MESSAGE) + MESSAGE)
    armor = sealed.partition(b"-----BEGIN PGP MESSAGE-----\r\n\r\n")[2].partition(b"\r\n=")[0]
    return recipients(base64.b64decode(armor))


def main():
    first, _, count = os.environ.get("MAIL_SEAL_RANDOM", "").partition(":")
    seed = int(first or time.time())
    print(f"MAIL_SEAL_RANDOM={seed}:{count or COUNT}")
    chosen = 0
    with tempfile.TemporaryDirectory(prefix="mail-seal-test-") as home:
        given = [(path.name, path) for path in sorted((HERE / "keys").glob("*.asc"))
                 if path.name not in NOT_BY_GPG]
        for number in range(seed, seed + int(count or COUNT)):
            path = Path(home) / str(number)
            path.write_bytes(certificate(number))
            given.append((number, path))
        for name, path in given:
            ours, gpgs = by_us(path), by_gpg(path, home)
            assert ours == gpgs, f"{name}: we chose {ours}, gpg {gpgs}"
            chosen += len(ours)
    assert chosen > 0
    print(f"{chosen} of {len(given)} could be sealed to")


if __name__ == "__main__":
    main()
