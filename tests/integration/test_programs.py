"""Other OpenPGP programs open what was sealed to their keys and to each other's."""

import base64

import pytest

import mail
import programs
from dovecot import Dovecot, User

MESSAGE = mail.text("Gr\u00fc\u00dfe, trailing space \r\n\0\r bare CR\n-- \r\n".encode()
                    + b"0123456789\r\n" * 5000)
OLD_CIPHERS = "3DES CAST5 IDEA BLOWFISH SHA1 ZIP"
AEAD = {"config": {"aeadProtect": True}}  # RFC 9580's preferences, in a version 4 key

# name: the program that makes the key, and what it is told
KEYS = {
    "RSA-2048": ("gpg", ("rsa2048", "rsa2048")),
    "RSA-4096": ("gpg", ("rsa2048", "rsa4096")),
    "Ed25519": ("gpg", ("ed25519", "cv25519")),
    "P-256": ("gpg", ("nistp256", "nistp256")),
    "P-384": ("gpg", ("nistp384", "nistp384")),
    "P-521": ("gpg", ("nistp521", "nistp521")),
    "Brainpool P-256": ("gpg", ("brainpoolP256r1", "brainpoolP256r1")),
    "several subkeys": ("gpg", ("ed25519", "rsa2048", "nistp256", "cv25519")),
    "old ciphers first": ("gpg", ("ed25519", "cv25519"), {"preferences": OLD_CIPHERS}),
    "of sq": ("sq", ("cv25519",)),
    "of rnp": ("rnp", ("2048",)),
    "of OpenPGP.js": ("OpenPGP.js", (), {"curve": "nistP256"}),
    "AEAD first": ("OpenPGP.js", (), {"curve": "curve25519Legacy", **AEAD}),
}
CANNOT = {
    ("sq", "Brainpool P-256"): "Nettle, which Debian's sq uses, doesn't know Brainpool curves",
    ("OpenPGP.js", "Brainpool P-256"): "needs a package for that which it doesn't bring",
}


@pytest.fixture(scope="module")
def available(tmp_path_factory):
    """{name: program} of those that are there."""
    made = {program.name: program(tmp_path_factory.mktemp("keys"))
            for program in programs.PROGRAMS if not program.missing}
    yield made
    for program in made.values():
        program.close()


@pytest.fixture(scope="module")
def pairs(available):
    """{name: keys} of those that can be made."""
    return {name: available[maker].generate(*arguments, **(options[0] if options else {}))
            for name, (maker, arguments, *options) in KEYS.items() if maker in available}


@pytest.fixture(scope="module")
def stored(pairs):
    """{name: the message sealed to that key}, and "everyone": to all of them."""
    owners = {name: f"user{number}" for number, name in enumerate([*pairs, "everyone"])}
    users = [User(owners[name], pair.certificate) for name, pair in pairs.items()]
    users.append(User(owners["everyone"], b"".join(p.certificate for p in pairs.values())))
    with Dovecot(users) as server:
        with server.lmtp() as client:
            replies = client.deliver_chunk(MESSAGE, *(user.address for user in users))
        assert [reply.code for reply in replies] == [250] * len(users), (replies, server.log())
        yield {name: server.maildir_files(owner)[0].read_bytes()
               for name, owner in owners.items()}


def packets(armor):
    """(tag, first bytes) of each packet (RFC 9580 section 4.2); the armor is checked."""
    body = armor.partition(b"\n\n")[2].rpartition(b"\n-----END")[0]
    data, checksum = body.rsplit(b"\n=", 1)
    data = base64.b64decode(data, validate=False)
    assert base64.b64decode(checksum) == crc24(data).to_bytes(3, "big")
    found = []
    while data:
        tag, length, data = packet_header(data)
        found.append((tag, data[:8]))
        data = data[length:] if length is not None else b""
    return found


def packet_header(data):
    """Tag, length (None: partial or to the end) and what follows."""
    assert data[0] & 0x80
    if data[0] & 0x40:
        first = data[1]
        if first < 192:
            return data[0] & 0x3f, first, data[2:]
        if first < 224:
            return data[0] & 0x3f, (first - 192 << 8) + data[2] + 192, data[3:]
        if first == 255:
            return data[0] & 0x3f, int.from_bytes(data[2:6], "big"), data[6:]
        return data[0] & 0x3f, None, data[2:]
    size = (1, 2, 4, 0)[data[0] & 3]
    length = int.from_bytes(data[1:1 + size], "big") if size else None
    return data[0] >> 2 & 15, length, data[1 + size:]


def crc24(data):
    crc = 0xb704ce
    for byte in data:
        crc ^= byte << 16
        for _ in range(8):
            crc = crc << 1 ^ (0x1864cfb if crc & 0x800000 else 0)
    return crc


def check_packets(armor, recipients):
    """Session keys of version 3, then integrity-protected data of version 1."""
    tags = packets(armor)
    assert [(tag, first[0]) for tag, first in tags] == [(1, 3)] * recipients + [(18, 1)]


@pytest.mark.parametrize("name", KEYS)
def test_format(stored, name):
    if name not in stored:
        pytest.skip(f"no {KEYS[name][0]}")
    check_packets(mail.unseal(stored[name]).armor, 1)


def test_format_for_everyone(stored):
    """One session key for each certificate, whatever each of them prefers."""
    check_packets(mail.unseal(stored["everyone"]).armor, len(stored) - 1)


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("program", programs.PROGRAMS, ids=lambda program: program.name)
def test_opens(available, pairs, stored, tmp_path, program, name):
    """With each secret key alone: what was sealed to it, and to everybody's keys."""
    if (program.name, name) in CANNOT:
        pytest.skip(CANNOT[program.name, name])
    if program.missing:
        pytest.skip(program.missing)
    if name not in pairs:
        pytest.skip(f"no {KEYS[name][0]} to make the key")
    armors = [mail.unseal(stored[owner]).armor for owner in (name, "everyone")]
    for opened in available[program.name].open(armors, pairs[name].secret, tmp_path):
        mail.assert_same_bytes(opened, mail.expected_entity(MESSAGE))
