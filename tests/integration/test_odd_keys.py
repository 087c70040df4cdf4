"""Certificates that gpg calls usable, whose encryption subkey nobody may seal to, or can't.

They are put together by hand (packets.py): all signatures are right. They must be refused when
they are enrolled, with the key's name and the reason, and be no way to lose or leak mail if they
are there nevertheless.
"""

import os
import time

import pytest

import mail
import packets
from dovecot import Dovecot, User
from seal_key import DATA_ERROR, sentence, set_key

MESSAGE = mail.text(b"Hello\r\n")
DAY = 24 * 3600
NOW = int(time.time())
ODD = int.from_bytes(b"\xff" * 256, "big")  # 2048 bits
P256 = {"oid": packets.P256_OID}
G_X = bytes.fromhex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")
G_Y = bytes.fromhex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
LOW_ORDER = bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")

# name: (algorithm, what the key is made of, the reason)
ODD_KEYS = {
    "Curve25519, zero": (packets.ECDH, packets.ecdh(b"\x40" + bytes(32)), "low order"),
    "Curve25519, low order": (packets.ECDH, packets.ecdh(b"\x40" + LOW_ORDER), "low order"),
    "Curve25519, short": (packets.ECDH, packets.ecdh(b"\x40" + bytes(range(1, 32))),
                          "0x40 and 32 octets"),
    "Curve25519, bare": (packets.ECDH, packets.ecdh(bytes(range(1, 33))), "0x40 and 32 octets"),
    "Curve25519, MD5": (packets.ECDH, packets.ecdh(b"\x40" + bytes(range(32)),
                                                   kdf=bytes((3, 1, 1, 7))), "KDF hash"),
    "Curve25519, 3DES": (packets.ECDH, packets.ecdh(b"\x40" + bytes(range(32)),
                                                    kdf=bytes((3, 1, 8, 2))), "KDF cipher"),
    "P-256, off the curve": (packets.ECDH, packets.ecdh(b"\4" + G_X + G_X, **P256),
                             "isn't on the curve"),
    "P-256, (0, 0)": (packets.ECDH, packets.ecdh(b"\4" + bytes(64), **P256),
                      "isn't on the curve"),
    "P-256, beyond the field": (packets.ECDH, packets.ecdh(b"\4" + b"\xff" * 32 + G_Y, **P256),
                                "isn't on the curve"),
    "P-256, compressed": (packets.ECDH, packets.ecdh(b"\3" + G_X, **P256), "0x04"),
    "P-256, x only": (packets.ECDH, packets.ecdh(b"\4" + G_X, **P256), "0x04"),
    "RSA, e = 1": (packets.RSA, packets.rsa(ODD, 1), "exponent"),
    "RSA, even e": (packets.RSA, packets.rsa(ODD, 65538), "exponent"),
    "ElGamal, y = 1": (packets.ELGAMAL, b"".join(map(packets.mpi, (b"\xff" * 256, b"\5", b"\1"))),
                       "ElGamal"),
    "RSA, even modulus": (packets.RSA, packets.rsa(ODD - 1), "even"),
}
# What no gpg of a Debian knows (RFC 9580 sections 5.5.5.7 and 5.5.5.8), and ML-KEM
UNKNOWN_KEYS = {
    "X25519": (packets.X25519, os.urandom(32)),
    "X448": (packets.X448, os.urandom(56)),
    "ML-KEM-768": (packets.ML_KEM, os.urandom(32 + 1184)),
}


def certificate(*subkeys, address="alice@example.org"):
    """A certificate whose subkeys are (algorithm, material, age in days)."""
    primary = packets.Primary(NOW - 100 * DAY)
    data = primary.packet + primary.user(address, NOW - 100 * DAY)
    bodies = [packets.key_body(algorithm, material, NOW - age * DAY)
              for algorithm, material, age in subkeys]
    for body in bodies:
        data += primary.bind(body, {"created": NOW - DAY, "flags": packets.ENCRYPT})
    return packets.armor(data), [packets.key_id(body) for body in bodies]


@pytest.fixture(scope="module")
def server():
    with Dovecot([User("alice")]) as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def unset(server):
    server.never_enrolled("alice")
    server.empty("alice")


def cant_enrol(server, content):
    done = set_key(server, "alice", content)
    assert done.returncode == DATA_ERROR, done.stderr
    assert not server.keys_file("alice").exists()
    return sentence(done)


@pytest.mark.parametrize("name", ODD_KEYS)
def test_refused(server, name):
    algorithm, material, reason = ODD_KEYS[name]
    content, [odd] = certificate((algorithm, material, 50))
    said = cant_enrol(server, content)
    assert odd in said and reason in said, said
    # there by hand: a message waits, and its sender is told why
    server.give("alice", server.keys_file("alice"), content)
    [reply] = server.deliver(MESSAGE, "alice")
    assert (reply.code, server.messages("alice")) == (451, []), reply
    assert reason in reply.text, reply
    [row] = server.doveadm_rows("seal", "key", "list", "-u", "alice")
    assert row["state"] == "unusable" and reason in row["problem"], row


def gpg_key(gnupg, address):
    """The body of a real Curve25519 subkey, and its Key."""
    key = gnupg.generate(address)
    dearmored = gnupg.export(key.fingerprint, armor=False)
    # gpg's headers of small packets have two bytes (RFC 9580 section 4.2.2)
    position, bodies = 0, []
    while position < len(dearmored):
        tag, size = dearmored[position] >> 2 & 15, dearmored[position + 1]
        if tag == packets.PUBLIC_SUBKEY:
            bodies.append(dearmored[position + 2:position + 2 + size])
        position += 2 + size
    [body] = bodies
    return body, key


@pytest.mark.parametrize("name", UNKNOWN_KEYS)
def test_beside_a_known_one(server, gnupg, name):
    """A newer subkey that gpg doesn't know is nothing to it: sealed to the one that it knows."""
    known, key = gpg_key(gnupg, f"{name.lower()}@example.org")
    algorithm, material = UNKNOWN_KEYS[name]
    primary = packets.Primary(NOW - 100 * DAY)
    data = primary.packet + primary.user("alice@example.org", NOW - 100 * DAY)
    for body in (packets.key_body(algorithm, material, NOW - DAY), known):
        data += primary.bind(body, {"created": NOW, "flags": packets.ENCRYPT})
    content = packets.armor(data)
    assert set_key(server, "alice", content).returncode == 0
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    armor = mail.unseal(server.message("alice")).armor
    opened = gnupg.decrypt(armor)
    assert opened.recipients == [packets.key_id(known)] == list(key.encryption_ids)
    mail.assert_same_bytes(opened.data, mail.expected_entity(MESSAGE))


@pytest.mark.parametrize("name", UNKNOWN_KEYS)
def test_alone(server, name):
    content, _ = certificate((*UNKNOWN_KEYS[name], 50))
    assert "algorithm isn't known" in cant_enrol(server, content)
    server.give("alice", server.keys_file("alice"), content)
    [reply] = server.deliver(MESSAGE, "alice")
    assert (reply.code, server.messages("alice")) == (451, []), reply


def test_odd_one_is_the_newest(server):
    """It would be chosen: that there is an older one that could be used is no excuse."""
    good = (packets.ECDH, packets.ecdh(b"\x40" + os.urandom(31) + b"\1"))
    odd = ODD_KEYS["P-256, off the curve"][:2]
    content, [_, odd_id] = certificate((*good, 60), (*odd, 50))
    assert odd_id in cant_enrol(server, content)
    content, _ = certificate((*good, 50), (*odd, 60))
    assert set_key(server, "alice", content).returncode == 0
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    assert mail.is_sealed(server.message("alice"))
