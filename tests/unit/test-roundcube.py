#!/usr/bin/env python3
"""What the Roundcube plugin thinks of bytes: client/roundcube/mail_seal/lib.

PHP runs it, with cases from here; without PHP there is nothing to run.
"""

import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path

LIBRARY = Path(__file__).resolve().parents[2] / "client/roundcube/mail_seal/lib"
# Calls the functions named on stdin; all strings are base64 on the way in.
RUN = """<?php
require "$argv[1]/mail_seal_message.php";
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
