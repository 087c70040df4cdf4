#!/usr/bin/env python3
"""Random messages through the core: every byte back.

What comes out of seal-filter must be the message as it came, if that holds
nothing readable; else exactly what design and oracle (../integration/mail.py)
say.  A failure names its seed; run that alone with

    MAIL_SEAL_RANDOM=SEED:1 make check TESTS=tests/unit/test-random.py

MAIL_SEAL_RANDOM=SEED:COUNT is how to run many more.
"""

import base64
import os
import re
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "integration/lib"))

import mail  # noqa: E402
import random_mail  # noqa: E402
import seal_filter  # noqa: E402

COUNT = 4000
BATCH = 250

MARK = b"X-Mail-Seal: v=1; keys=0123456789ABCDEF0123456789ABCDEF01234567\r\n"
ENVELOPE = re.compile(
    rb"(?P<version>MIME-Version: 1\.0\r\n)?"
    rb"Content-Type: multipart/encrypted;\r\n"
    rb' protocol="application/pgp-encrypted";\r\n'
    rb' boundary="(?P<b>[0-9a-f]{32})"\r\n'
    rb"\r\n"
    + re.escape(mail.crlf(mail.FRAME)).replace(rb"%\(b\)s", rb"(?P=b)") +
    rb"-----BEGIN PGP MESSAGE-----\r\n\r\n"
    rb"(?P<data>(?:[A-Za-z0-9+/]{64}\r\n)*(?:[A-Za-z0-9+/=]{1,64}\r\n)?)=[A-Za-z0-9+/]{4}\r\n"
    rb"-----END PGP MESSAGE-----\r\n"
    rb"\r\n--(?P=b)--\r\n")


def plaintext(message):
    """What copy-engine.c has put into an OpenPGP message."""
    position, body, partial = 15 + 1, b"", True
    assert message[15] == 0xd2
    while partial:
        first = message[position]
        partial = 224 <= first < 255
        if partial:
            size, position = 1 << (first & 31), position + 1
        elif first < 192:
            size, position = first, position + 1
        elif first < 224:
            size, position = ((first - 192) << 8) + message[position + 1] + 192, position + 2
        else:
            size, position = int.from_bytes(message[position + 1:position + 5], "big"), position + 5
        body += message[position:position + size]
        position += size
    assert position == len(message)
    return body[19:-22]


def check(message, sealed):
    if sealed == message:
        assert mail.CANARY not in mail.split(message).body, "readable text passed unsealed"
        assert b"-----BEGIN PGP MESSAGE-----" in message, "not encrypted, but passed unsealed"
        return
    outer = mail.expected_outer_bytes(message, MARK)
    mail.assert_same_bytes(sealed[:len(outer)], outer)
    envelope = ENVELOPE.fullmatch(sealed, len(outer))
    assert envelope, sealed[len(outer):len(outer) + 700]
    assert bool(envelope["version"]) != mail.has_mime_version(message)
    mail.assert_same_bytes(plaintext(base64.b64decode(envelope["data"])), mail.expected_entity(message))


def main():
    first, _, count = os.environ.get("MAIL_SEAL_RANDOM", "").partition(":")
    seed = int(first or time.time())
    last = seed + int(count or COUNT)
    print(f"MAIL_SEAL_RANDOM={seed}:{last - seed}")
    passed = 0
    while seed < last:
        messages = {n: random_mail.message(n) for n in range(seed, min(seed + BATCH, last))}
        for number, sealed in zip(messages, seal_filter.seal(messages)):
            try:
                check(messages[number], sealed)
            except AssertionError:
                print(f"seed {number}: {messages[number][:2000]!r}")
                raise
            passed += sealed == messages[number]
        seed = max(messages) + 1
    print(f"{passed} of them were encrypted already")


if __name__ == "__main__":
    main()
