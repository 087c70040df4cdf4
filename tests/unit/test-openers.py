#!/usr/bin/env python3
"""What the core seals, others' programs open: gpg, sq, rnp, OpenPGP.js.

Each message of the shared corpora (../integration/corpus.py), random ones and
those whose size is near a length that OpenPGP writes otherwise, sealed in
process to one of ten kinds of keys or to all of them, must come out of each
program byte for byte.  A program that isn't installed is left out, and that is
said; MAIL_SEAL_OPENPGPJS is where OpenPGP.js is.

    MAIL_SEAL_RANDOM=SEED:COUNT   other random messages, and all sizes
    MAIL_SEAL_CORPUS=FOLDER       the files in it, too
"""

import os
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "integration/lib"))

import corpus  # noqa: E402
import mail  # noqa: E402
import programs  # noqa: E402
import seal_filter  # noqa: E402

KINDS = ["rsa2048", "rsa3072", "rsa4096", "cv25519", "nistp256", "nistp384", "nistp521",
         "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"]
ALL_KINDS = "all of them"
# As in ../integration/test_programs.py: the libraries they are built with don't know the curves.
NO_BRAINPOOL = ("sq", "OpenPGP.js")
BATCH = 200

# Octets: a length's form changes from here on (RFC 9580 section 4.2.1), or a part is full.
BOUNDARIES = (192, 8384, 16384, 32768, 65536)
# Where the container's length is one of them, and the literal packet's: headers and MDC are
# 49 to 56 octets, the literal packet's own fields 6.
NEAR = (*range(-57, -47), *range(-8, -4))
# With these the literal packet would have a multiple of 32768 octets, on which librnp stumbles.
LIBRNP = (32755, 65521, 98287)


def sized():
    """Messages whose entity, an empty line and the body, has one of these sizes."""
    near = range(-64, 4) if "MAIL_SEAL_RANDOM" in os.environ else NEAR
    sizes = {*range(2, 12), *LIBRNP, *(size + by for size in BOUNDARIES for by in near)}
    line = b"0123456789abcdef" * 4
    return {f"{size} bytes": b"From: a@example.org\r\n\r\n" + (line * 2000)[:size - 2]
            for size in sorted(sizes)}


def files():
    folder = os.environ.get("MAIL_SEAL_CORPUS")
    found = sorted(path for path in Path(folder).rglob("*") if path.is_file()) if folder else []
    return {str(path): path.read_bytes() for path in found}


def make_pairs(gpg):
    return {kind: gpg.generate("ed25519", kind) for kind in KINDS}


def seal(names, messages, certificates, folder):
    """{name: armor} of those that aren't encrypted already."""
    path = folder / "certificates.asc"
    path.write_bytes(certificates)
    sealed = seal_filter.seal({seed: messages[name] for seed, name in enumerate(names)}, path)
    return {name: data[data.rindex(b"-----BEGIN PGP MESSAGE-----"):]
            for name, data in zip(names, sealed) if data != messages[name]}


def seal_all(messages, pairs, folder):
    """(kind or all of them, {name: armor}), one message in two to all of them."""
    shares = defaultdict(list)
    for number, name in enumerate(messages):
        kind = KINDS[number // 2 % len(KINDS)] if number % 2 else ALL_KINDS
        shares[kind].append(name)
    everybody = b"".join(pair.certificate for pair in pairs.values())
    for kind, names in shares.items():
        certificates = everybody if kind == ALL_KINDS else pairs[kind].certificate
        for start in range(0, len(names), BATCH):
            yield kind, seal(names[start:start + BATCH], messages, certificates, folder)


def check(program, kind, armors, messages, pairs, folder):
    opened = program.open(list(armors.values()), pairs[kind].secret, folder)
    for name, data in zip(armors, opened, strict=True):
        try:
            mail.assert_same_bytes(data, mail.expected_entity(messages[name]))
        except AssertionError as error:
            raise AssertionError(f"{program.name}, {kind}, {name}: {error}") from error


def keys_of(program, kind):
    """The keys to open with: of what everybody can open, each one in turn."""
    known = [other for other in KINDS
             if program.name not in NO_BRAINPOOL or not other.startswith("brainpool")]
    return known if kind == ALL_KINDS else [kind] if kind in known else []


def open_all(available, pairs, messages, folder):
    counts = defaultdict(int)
    for kind, armors in seal_all(messages, pairs, folder):
        for program in available:
            own = keys_of(program, kind)
            for number, key in enumerate(own):
                names = list(armors)[number::len(own)]
                check(program, key, {name: armors[name] for name in names}, messages, pairs, folder)
                counts[program.name] += len(names)
    return counts


def main():
    messages = {**corpus.ALL, **sized(), **files()}
    with tempfile.TemporaryDirectory(prefix="mail-seal-test-") as folder:
        folder = Path(folder)
        available = [program(folder) for program in programs.PROGRAMS if not program.missing]
        try:
            counts = open_all(available, make_pairs(available[0]), messages, folder)
        finally:
            for program in available:
                program.close()
    for program in programs.PROGRAMS:
        said = program.missing or f"{counts[program.name]} of {len(messages)} messages"
        print(f"{program.name}: {said}")


if __name__ == "__main__":
    main()
