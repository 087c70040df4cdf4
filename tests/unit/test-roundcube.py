#!/usr/bin/env python3
"""What the Roundcube plugin thinks of bytes: client/roundcube/mail_seal/lib.

PHP runs it, with cases from here; without PHP there is nothing to run.
"""

import base64
import hashlib
import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path

LIBRARY = Path(__file__).resolve().parents[2] / "client/roundcube/mail_seal/lib"
# Calls the functions named on stdin; all strings are base64 on the way in.
RUN = """<?php
foreach (['message', 'certificate'] as $name) { require "$argv[1]/mail_seal_$name.php"; }
function part($value) { $value->parts = array_map('part', $value->parts ?? []); return $value; }
foreach (json_decode(stream_get_contents(STDIN)) as list($class, $function, $arguments)) {
    $arguments = array_map(function ($one) { return is_string($one) ? base64_decode($one) : part($one); }, $arguments);
    $results[] = call_user_func_array("mail_seal_$class::$function", $arguments);
}
echo json_encode($results);
"""
cases = []                          # name, class and function, arguments, what is expected


def case(name, function, expected, *arguments):
    cases.append((name, function.split("."), arguments, expected))


# The mark

MARK = b"X-Mail-Seal: v=1; keys=0123456789ABCDEF0123456789ABCDEF01234567\r\n"
OTHERS = b"Return-Path: <a@example.net>\r\nSubject: Hello\r\n"
PGP = (b'Content-Type: multipart/encrypted;\r\n protocol="application/pgp-encrypted";\r\n'
       b' boundary="b"\r\n\r\n')
CMS = b'Content-Type: application/pkcs7-mime; smime-type=enveloped-data;\r\n name="smime.p7m"\r\n\r\n'

for name, header in {
        "OpenPGP": MARK + OTHERS + PGP, "S/MIME": MARK + OTHERS + CMS,
        "LF": (MARK + OTHERS + PGP).replace(b"\r\n", b"\n"),
        "below an mbox line": b"From a@example.net Thu Nov 26 2026\n" + MARK + OTHERS + PGP,
        "in lower case": MARK.lower() + OTHERS + PGP}.items():
    case(f"mark: {name}", "message.has_mark", True, header)
for name, header in {
        "second": OTHERS + MARK + PGP, "twice": MARK + OTHERS + MARK + PGP,
        "none": OTHERS + PGP, "nothing": b"", "in the body": OTHERS + PGP + MARK,
        "plaintext": MARK + OTHERS + b"Content-Type: text/plain\r\n\r\n",
        "no type": MARK + OTHERS + b"\r\n", "two types": MARK + PGP[:-2] + CMS,
        "without keys": b"X-Mail-Seal: v=1\r\n" + OTHERS + PGP,
        "version 2": MARK.replace(b"v=1", b"v=2") + OTHERS + PGP,
        "folded into another": b"Subject: Hello\r\n " + MARK + PGP,
        "of a similar name": b"X-Mail-Sealed: v=1; keys=01\r\n" + OTHERS + PGP}.items():
    case(f"no mark: {name}", "message.has_mark", False, header)

# What the sender encrypted

ARMOR = "-----BEGIN PGP MESSAGE-----\n\nwV4D\n-----END PGP MESSAGE-----\n"


def part(mimetype, body="", *parts):
    return {"mimetype": mimetype, "body": body, "parts": parts}


for expected, parts in (
        (False, [part("text/plain", "Hello"), part("text/html", "<p>Hello</p>"),
                 part("application/pdf", ARMOR), part("multipart/signed")]),
        (True, [part("multipart/encrypted"), part("application/pkcs7-mime"),
                part("Application/X-PKCS7-MIME"), part("text/plain", f"Hello\n{ARMOR}"),
                part("text/html", "<b>-----BEGIN</b> PGP MESSAGE-----"),
                part("multipart/report", ARMOR), part("message/rfc822", ARMOR)])):
    for one in parts:
        case(f"encrypted within: {one}", "message.holds_encrypted", expected, one)
        case(f"encrypted deeper: {one}", "message.holds_encrypted", expected,
             part("multipart/mixed", "", part("text/plain", "Hello"), part("multipart/related", "", one)))

# The message as it came

case("opened", "message.opened",
     "Return-Path: <a@example.net>\r\nMIME-Version: 1.0\r\nSubject: secret\r\n"
     "Content-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n\r\nthere\r\n",
     MARK + b"Return-Path: <a@example.net>\r\nSubject: [...]\r\nMIME-Version: 1.0\r\n" + PGP,
     b"Subject: secret\r\nHP-Outer: Subject: [...]\r\n"
     b'Content-Type: text/plain; charset=utf-8; hp="cipher"\r\n\r\nHello\r\n\r\nthere\r\n')
case("opened without fields inside", "message.opened", "Subject: Hello\r\n\r\nbody\r\n",
     MARK + b"Subject: Hello\r\n" + PGP, b"\r\nbody\r\n")

# Secret keys


def packet(tag, body, new=False):
    if new:
        return bytes([0xc0 | tag, 255]) + struct.pack(">I", len(body)) + body
    return bytes([0x80 | tag << 2 | 1]) + struct.pack(">H", len(body)) + body


def armored(binary, kind="PGP PUBLIC KEY BLOCK"):
    return (f"-----BEGIN {kind}-----\nComment: it\n\n{base64.encodebytes(binary).decode()}=AbCd\n"
            f"-----END {kind}-----\n").encode()


CREATED = 1_700_000_000
KEY = b"\4" + struct.pack(">I", CREATED) + b"\x16" + b"k" * 40
SUBKEY = b"\4" + struct.pack(">I", CREATED) + b"\x12" + b"s" * 40
FINGERPRINT = hashlib.sha1(b"\x99" + struct.pack(">H", len(KEY)) + KEY).digest()
PUBLIC = packet(6, KEY) + packet(13, b"alice <alice@example.org>") + packet(14, SUBKEY)
DER = b"\x30\x82\1\0"
for name, secret in {
        "binary": packet(5, KEY), "new packets": packet(5, KEY, new=True),
        "subkey behind a public key": PUBLIC + packet(7, SUBKEY),
        "armor": armored(packet(5, KEY), "PGP PRIVATE KEY BLOCK"),
        "armor called public": armored(packet(6, KEY) + packet(7, SUBKEY, new=True)),
        "second armor": armored(PUBLIC) + armored(packet(5, KEY)),
        "base64": base64.encodebytes(packet(5, KEY)),
        "UTF-16": "-----BEGIN PGP PRIVATE KEY BLOCK-----".encode("utf-16"),
        "PEM": b"-----BEGIN RSA PRIVATE KEY-----\n", "PKCS #8": DER + b"\2\1\0\x30",
        "PKCS #12": DER + b"\2\1\3\x30", "encrypted PKCS #8": DER + b"\x30\x40\x06\x09"}.items():
    case(f"secret: {name}", "certificate.is_secret", True, secret)
for name, public in {
        "binary": PUBLIC, "armor": armored(PUBLIC), "base64": base64.encodebytes(PUBLIC),
        "certificate": DER + b"\x30\x82\0\xf0\xa0\3", "PKCS #7": DER + b"\6\x09", "nothing": b"",
        "text": b"My secret is safe.", "key id": b"0x0123456789ABCDEF",
        "cut": packet(6, KEY)[:9], "all ones": b"\xff" * 300}.items():
    case(f"not secret: {name}", "certificate.is_secret", False, public)

# When it expires


def signature(kind, made, expires=None, issuer=FINGERPRINT[-8:]):
    hashed = b"\x05\x02" + struct.pack(">I", made)
    if expires:
        hashed += b"\x05\x09" + struct.pack(">I", expires)
    return packet(2, bytes([4, kind, 22, 8]) + struct.pack(">H", len(hashed)) + hashed
                  + b"\0\x0a\x09\x10" + issuer + b"signature")


def summary(expires):
    return [{"fingerprint": FINGERPRINT.hex(), "expires": expires}]


def certificate(own, sub):
    return packet(6, KEY) + packet(13, b"alice") + own + packet(14, SUBKEY) + sub


ONE, TWO = CREATED + 1, CREATED + 2
for name, content, expires in (
        ("never", certificate(signature(0x13, ONE), signature(0x18, ONE)), 0),
        ("the key", certificate(signature(0x13, ONE, 500), signature(0x18, ONE)), CREATED + 500),
        ("the subkey", certificate(signature(0x13, ONE), signature(0x18, ONE, 400)), CREATED + 400),
        ("extended", certificate(signature(0x13, ONE, 500) + signature(0x13, TWO, 900),
                                 signature(0x18, ONE)), CREATED + 900),
        ("extended, out of order", certificate(signature(0x13, TWO, 900) + signature(0x13, ONE, 500),
                                               signature(0x18, ONE)), CREATED + 900),
        ("somebody else's signature", certificate(
            signature(0x13, ONE, 500) + signature(0x13, TWO, 900, b"somebody"),
            signature(0x18, ONE)), CREATED + 500)):
    for form in (bytes, armored):
        case(f"end: {name}", "certificate.summary", summary(expires), form(content))
case("end: nothing", "certificate.summary", [], b"")

php = shutil.which("php")
if not php:
    print("no php")
    sys.exit(77)


def encoded(argument):
    return base64.b64encode(argument).decode() if isinstance(argument, bytes) else argument


calls = [[*function, [encoded(one) for one in arguments]] for _, function, arguments, _ in cases]
done = subprocess.run([php, "-d", "error_reporting=-1", "-d", "display_errors=stderr", "-r",
                       RUN.removeprefix("<?php"), LIBRARY], input=json.dumps(calls).encode(),
                      capture_output=True, check=False)
if done.returncode != 0 or done.stderr:
    sys.exit(done.stderr.decode() + done.stdout.decode())
results = [list(result.values()) if isinstance(result, dict) else result
           for result in json.loads(done.stdout)]
failed = 0
for (name, _, _, expected), result in zip(cases, results, strict=True):
    if result != expected:
        failed += 1
        print(f"{name}: {result!r}, not {expected!r}")
print(f"{len(cases) - failed} of {len(cases)}")
sys.exit(failed > 0)
