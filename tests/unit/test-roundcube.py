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
function part($value) {
    $value->parts = array_map('part', $value->parts ?? []);
    $value->ctype_parameters = (array) ($value->ctype_parameters ?? []);
    $value->headers = (array) ($value->headers ?? []);
    return $value;
}
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

for expected, header, mimetype in (
        (1, MARK + OTHERS, "multipart/encrypted"), (1, MARK[:60], "application/pkcs7-mime"),
        (1, b"From a@example.net Thu Nov 26 2026\n" + MARK, "multipart/encrypted"),
        (0, OTHERS + MARK, "multipart/encrypted"), (0, MARK, "text/plain"), (0, MARK, ""),
        (0, b"", "multipart/encrypted"), (0, b"\r\n" + MARK, "multipart/encrypted")):
    case(f"begins sealed: {header}, {mimetype}", "message.begins_sealed", bool(expected),
         header, mimetype.encode())

# What the sender encrypted

ARMOR = "-----BEGIN PGP MESSAGE-----\n\nwV4D\n-----END PGP MESSAGE-----\n"


def part(mimetype, body="", *parts, **parameters):
    return {"mimetype": mimetype, "body": body, "parts": parts,
            "ctype_parameters": {name.replace("_", "-"): value
                                 for name, value in parameters.items()}}


def part_of_own_parser(mimetype, parameter):
    """Roundcube's parser of MIME knows parameters whose names are words."""
    return part(mimetype) | {"headers": {"content-type": f"{mimetype};\r\n {parameter}"}}


for expected, parts in (
        (False, [part("text/plain", "Hello"), part("text/html", "<p>Hello</p>"),
                 part("application/pdf", ARMOR), part("multipart/signed"),
                 part("application/pkcs7-mime", smime_type="signed-data"),
                 part("application/x-pkcs7-mime", smime_type="Certs-Only"),
                 part_of_own_parser("application/pkcs7-mime", 'smime-type="signed-data"')]),
        (True, [part("multipart/encrypted"), part("application/pkcs7-mime"),
                part("application/pkcs7-mime", smime_type="enveloped-data"),
                part_of_own_parser("application/pkcs7-mime", "smime-type=enveloped-data"),
                part("Application/X-PKCS7-MIME"), part("text/plain", f"Hello\n{ARMOR}"),
                part("text/html", "<b>-----BEGIN</b> PGP MESSAGE-----"),
                part("multipart/report", ARMOR), part("message/rfc822", ARMOR)])):
    for one in parts:
        case(f"encrypted within: {one}", "message.holds_encrypted", expected, one)
        case(f"encrypted deeper: {one}", "message.holds_encrypted", expected,
             part("multipart/mixed", "", part("text/plain", "Hello"), part("multipart/related", "", one)))

# Answers without what can't be read

LARGE = "line\n" * 500_000
for name, whole, rest in (
        ("none", "Hello", "Hello"), ("all", ARMOR, "\n"), ("nothing", "", ""),
        ("without an end", ARMOR[:40], ARMOR[:40]),
        ("between", f"Hello\n{ARMOR}there", "Hello\n\nthere"),
        ("large", ARMOR.replace("\n\n", f"\n\n{LARGE}"), "\n")):
    case(f"armor cut out: {name}", "message.cut_armor", rest, whole.encode())

# The message as it came

case("opened", "message.opened",
     "Return-Path: <a@example.net>\r\nMIME-Version: 1.0\r\nSubject: secret\r\n"
     "Content-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n\r\nthere\r\n",
     MARK + b"Return-Path: <a@example.net>\r\nSubject: [...]\r\nMIME-Version: 1.0\r\n" + PGP,
     b"Subject: secret\r\nHP-Outer: Subject: [...]\r\n"
     b'Content-Type: text/plain; charset=utf-8; hp="cipher"\r\n\r\nHello\r\n\r\nthere\r\n')
case("opened, folded fields", "message.opened",
     "From: a@example.net\r\nSubject: a long\r\n one\r\n"
     "Content-Type: text/plain;\r\n charset=utf-8\r\nX/Y: 1\r\n\r\nHello; hp=cipher\r\n",
     MARK + b"From: a@example.net\r\nSubject: [...]\r\nContent-Description:\r\n more\r\n" + PGP,
     b"Subject: a long\r\n one\r\nHP-Outer: Subject:\r\n [...]\r\n"
     b"Content-Type: text/plain;\r\n charset=utf-8;\r\n hp=cipher\r\nX/Y: 1\r\n\r\n"
     b"Hello; hp=cipher\r\n")
FOLDED = b" more\r\n" * 20_000
case("opened, fields of many lines", "message.opened",
     "From: a@example.net\r\nReferences: <a@b>\r\n" + FOLDED.decode() + "To: b@example.net\r\n"
     "Comments: 2\r\n" + FOLDED.decode() + "Content-Type: text/plain\r\n\r\nHello\r\n",
     MARK + b"From: a@example.net\r\nReferences: <a@b>\r\n" + FOLDED + b"Comments: 1\r\n" + FOLDED
     + b"To: b@example.net\r\n" + PGP,
     b"Comments: 2\r\n" + FOLDED + b"HP-Outer: Subject: [...]\r\n" + FOLDED
     + b"Content-Type: text/plain\r\n\r\nHello\r\n")
case("opened without fields inside", "message.opened", "Subject: Hello\r\n\r\nbody\r\n",
     MARK + b"Subject: Hello\r\n" + PGP, b"\r\nbody\r\n")

php = shutil.which("php")
if not php:
    print("no php")
    sys.exit(77)


def encoded(argument):
    return base64.b64encode(argument).decode() if isinstance(argument, bytes) else argument


calls = [[*function, [encoded(one) for one in arguments]] for _, function, arguments, _ in cases]
failed = 0
# without the compiler of regular expressions their limits are others
for jit in "10":
    done = subprocess.run([php, "-d", "error_reporting=-1", "-d", "display_errors=stderr",
                           "-d", f"pcre.jit={jit}", "-r", RUN.removeprefix("<?php"), LIBRARY],
                          input=json.dumps(calls).encode(), capture_output=True, check=False)
    if done.returncode != 0 or done.stderr:
        sys.exit(done.stderr.decode() + done.stdout.decode())
    for (name, _, _, expected), result in zip(cases, json.loads(done.stdout), strict=True):
        if result != expected:
            failed += 1
            print(f"{name}: {result!r}, not {expected!r} (pcre.jit={jit})")
print(f"{2 * len(cases) - failed} of {2 * len(cases)}")
sys.exit(failed > 0)
