"""Messages that tests share: as they should be, as they shouldn't but are."""

import os
import random
import re

import mail
import random_mail

HEADER = (b"From: a@example.org\r\nSubject: exact\r\nMIME-Version: 1.0\r\n"
          b"Content-Type: text/plain; charset=utf-8\r\n")
NOISE = random.Random(1).randbytes(50_000).replace(b"\n", b"").replace(b"\r", b"")

EXACT = {
    "8-bit": HEADER + b"\r\n" + bytes(range(128, 256)) + b"\r\n",
    "binary with NULs": HEADER + b"\r\n\0\0" + NOISE + b"\0\r\n",
    "lines of 100 kB": HEADER + b"\r\n" + b"x" * 100_000 + b"\r\n" + b"y" * 100_000 + b"\r\n",
    "no final newline": HEADER + b"\r\nno end",
    "ends in CR": HEADER + b"\r\nno end\r",
    "ends in many newlines": HEADER + b"\r\nend\r\n\r\n\r\n",
    "trailing whitespace": HEADER + b"\r\nspace \r\ntab\t\r\n-- \r\n",
    "dashes and From": HEADER + b"\r\n--\r\n- -\r\nFrom here\r\n.\r\n..\r\n",
    "empty body": HEADER + b"\r\n",
    "header only": HEADER,
    "header only, no newline": HEADER.rstrip(b"\r\n"),
    "no header": b"\r\nonly a body\r\n",
    "no content fields": b"From: a@example.org\r\nSubject: x\r\n\r\nbody\r\n",
    "only content fields": b"Content-Type: text/plain\r\nContent-Language: en\r\n\r\nbody\r\n",
    "bare CRs": HEADER + b"\r\na\rb\r\rc\r\n\r\rd\r\n",
    "CR before CRLF": HEADER + b"\r\na\r\r\nb\r\r\r\nc\r\n",
    "LF only": mail.lf(HEADER) + b"\na\nb\n\nc\n",
    "LF and CRLF mixed": HEADER + b"\r\na\nb\r\n\nc\r\n\r\nd\n",
    "header ends in a line of CRs": HEADER + b"\r\r\nbody\r\n",
    "folded fields": b"Subject: a\r\n folded\r\n\tsubject\r\nContent-Type: text/plain;\r\n"
                     b" charset=utf-8;\r\n\tformat=flowed\r\nX-Last: y\r\n\r\nbody\r\n",
    "mixed case and spaces": b"subject:x\r\nCONTENT-type :  text/plain \r\n"
                             b"cOnTent-Transfer-encoding:7bit\r\n\r\nbody\r\n",
    "content fields apart": b"Content-Type: text/html\r\nSubject: a\r\nContent-ID: <1@b>\r\n"
                            b"MIME-Version: 1.0\r\nContent-Description: d\r\n\r\nbody\r\n",
    "repeated fields": b"Received: 1\r\nReceived: 2\r\nReceived: 1\r\nX-A: 1\r\nX-A: 2\r\n"
                       b"\r\nx\r\n",
    "8-bit header": "Subject: é\r\nContent-Description: ü\r\n\r\nbody\r\n".encode("latin-1"),
    "long field": b"X-Long: " + b"z" * 40_000 + b"\r\nSubject: x\r\n\r\nbody\r\n",
    "many fields": b"".join(b"X-%d: %d\r\n" % (n, n) for n in range(3000)) + b"\r\nbody\r\n",
    "line without colon": b"Subject: x\r\nthis is no field\r\n"
                          b"Content-Type: text/plain\r\n\r\nb\r\n",
    "mbox From line": b"From someone Mon Feb  3 10:11:12 2025\r\nSubject: x\r\n\r\nbody\r\n",
    "NUL in header": b"Subject: a\0b\r\nX-Nul: \0\r\n\r\nbody\r\n",
    "our own look-alike": HEADER + b"X-Mail-Seal: v=1; keys=ABCD\r\n\r\n-----BEGIN PGP MESSAGE-----"
                                   b"\r\n\r\nabc\r\n-----END PGP MESSAGE-----\r\n",
    "long fields fold at buffer ends": b"".join(
        b"X-%d: %s\r\n" % (n, b"v" * (4096 - n)) for n in range(8)) + b"\r\nbody\r\n",
}

BASE64 = mail.crlf(b"aGVsbG8gd29ybGQK" * 4 + b"\n") * 30


def encoded(content_type, content, encoding="base64", disposition=None):
    """A part with a transfer encoding."""
    head = f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n"
    head += f"Content-Disposition: {disposition}\r\n" if disposition else ""
    return head.encode() + b"\r\n" + content


def inner(content_type, parts, boundary):
    """A multipart in a multipart."""
    return (f'Content-Type: {content_type}; boundary="{boundary}"\r\n\r\n'.encode()
            + mail.multipart_body(boundary, parts))


def nested(depth):
    body = b"--b%d\r\n\r\ndeep\r\n--b%d--\r\n" % (depth, depth)
    for level in range(depth - 1, 0, -1):
        body = (b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n%s\r\n--b%d--\r\n"
                % (level, level + 1, body, level))
    return mail.message(body, headers=[("MIME-Version", "1.0"),
                                       ("Content-Type", "multipart/mixed; boundary=b1")])


TEXT_PART = mail.part("text/plain; charset=utf-8", "Gr\u00fc\u00dfe\r\n".encode())
HTML_PART = encoded("text/html; charset=utf-8", b"<p>Gr=C3=BC=C3=9Fe</p>\r\n", "quoted-printable")
ALTERNATIVE = inner("multipart/alternative", [TEXT_PART, HTML_PART], "alt")
IMAGE = encoded("image/png; name=a.png", BASE64, disposition="inline; filename=a.png")

# What mail programs and mail systems send.
STRUCTURES = {
    "plain": mail.message(),
    "8-bit text": mail.text("Gr\u00fc\u00dfe\r\n".encode()),
    "quoted-printable": mail.message(b"a=3Db=\r\nc\r\n", headers=[
        ("Content-Type", "text/plain; charset=iso-8859-1"),
        ("Content-Transfer-Encoding", "quoted-printable")]),
    "base64 body": mail.message(BASE64, headers=[("Content-Type", "application/pdf"),
                                                 ("Content-Transfer-Encoding", "base64")]),
    "alternative": mail.multipart("multipart/alternative", [TEXT_PART, HTML_PART]),
    "mixed with attachments": mail.multipart("multipart/mixed", [
        ALTERNATIVE, encoded("application/pdf; name=\"a b.pdf\"", BASE64,
                             disposition="attachment; filename*=utf-8''%C3%A9.pdf")]),
    "related": mail.multipart('multipart/related; type="text/html"', [HTML_PART, IMAGE]),
    "forwarded": mail.multipart("multipart/mixed", [
        TEXT_PART, mail.part("message/rfc822", mail.text(b"inner\r\n", "Inner"))]),
    "message/rfc822 itself": mail.message(mail.message(b"inner\r\n"), headers=[
        ("Content-Type", "message/rfc822")]),
    "digest": mail.multipart("multipart/digest", [b"\r\n" + mail.message(b"one\r\n"),
                                                  b"\r\n" + mail.message(b"two\r\n")]),
    "delivery status": mail.multipart("multipart/report; report-type=delivery-status", [
        TEXT_PART, mail.part("message/delivery-status", b"Reporting-MTA: dns; a\r\n\r\n"
                                                        b"Final-Recipient: rfc822; b@c\r\n"),
        mail.part("text/rfc822-headers", b"Subject: x\r\n")]),
    "signed": mail.multipart('multipart/signed; protocol="application/pgp-signature"',
                             [TEXT_PART, mail.part("application/pgp-signature", b"x\r\n")]),
    "calendar": mail.multipart("multipart/alternative", [
        TEXT_PART, encoded("text/calendar; method=REQUEST", BASE64)]),
    "list footer": mail.multipart("multipart/mixed", [ALTERNATIVE, mail.part("text/plain", b"--")]),
    "preamble and epilogue": mail.message(
        b"For old programs.\r\n--b\r\n\r\npart\r\n--b--\r\nAfter it.\r\n",
        headers=[("Content-Type", "multipart/mixed; boundary=b")]),
    "no parts": mail.multipart("multipart/mixed", []),
    "100 parts": mail.multipart("multipart/mixed", [TEXT_PART] * 100),
    "20 deep": nested(20),
    "300 deep": nested(300),
    "half a megabyte": mail.multipart("multipart/mixed", [TEXT_PART, encoded("a/b", BASE64 * 260)]),
}

# MIME as it shouldn't be.
BROKEN = {
    "two Content-Types": mail.message(headers=[("Content-Type", "text/html"),
                                               ("Content-Type", "multipart/mixed; boundary=b")]),
    "two encodings": mail.message(BASE64, headers=[("Content-Transfer-Encoding", "base64"),
                                                   ("Content-Transfer-Encoding", "7bit")]),
    "encoded multipart": mail.message(mail.multipart_body("b", [TEXT_PART]), headers=[
        ("Content-Type", "multipart/mixed; boundary=b"), ("Content-Transfer-Encoding", "base64")]),
    "empty Content-Type": mail.message(headers=[("Content-Type", "")]),
    "Content-Type of one word": mail.message(headers=[("Content-Type", "text")]),
    "nonsense in Content-Type": mail.message(headers=[("Content-Type", ';;"(; =x; a')]),
    "8-bit in Content-Type": mail.message(headers=[("Content-Type", "text/plain; name=\u00e9")]),
    "no boundary": mail.message(headers=[("Content-Type", "multipart/mixed")]),
    "boundary that isn't there": mail.message(headers=[
        ("Content-Type", "multipart/mixed; boundary=b")]),
    "truncated multipart": mail.multipart("multipart/mixed", [ALTERNATIVE, IMAGE])[:-300],
    "truncated in a delimiter": mail.multipart("multipart/mixed", [TEXT_PART])[:-6],
    "forged container": mail.multipart('multipart/encrypted; protocol="application/pgp-encrypted"',
                                       [TEXT_PART, TEXT_PART]),
    "MIME-Version 2.0": mail.message(headers=[("MIME-Version", "2.0 (a comment)")]),
    "two MIME-Versions": mail.message(headers=[("MIME-Version", "1.0"), ("Mime-version", "1.0")]),
    "megabytes of header": mail.message(headers=[("X-Long", "z" * 900)] * 2500),
    "header fields without end": b"X: " + b"z" * 1_500_000 + b"\r\n\r\nbody\r\n",
}


def header(*fields):
    """A message with just these fields."""
    return b"".join(field + b"\r\n" for field in fields) + b"\r\nbody\r\n"


# Header fields that an ENVELOPE is made from.
ENVELOPES = {
    "all fields": header(
        b"Date: Mon, 03 Feb 2025 10:11:12 +0000 (UTC)", b"Subject: all", b"From: A <a@b.c>",
        b"Sender: s@b.c", b"Reply-To: \"R, R\" <r@b.c>, q@b.c", b"To: t@b.c", b"Cc: c@b.c",
        b"Bcc: d@b.c", b"In-Reply-To: <0@b.c>", b"Message-ID: <1@b.c>", b"References: <0@b.c>"),
    "no fields": b"X: y\r\n\r\nbody\r\n",
    "encoded words": header(b"Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\n =?utf-8?Q?_=C3=A9?=",
                            b"From: =?iso-8859-1?Q?J=F6rg?= <j@b.c>"),
    "raw UTF-8": header("Subject: Gr\u00fc\u00dfe".encode(), "From: J\u00f6rg <j@b.c>".encode()),
    "Latin-1": header(b"Subject: Gr\xfc\xdfe", b"From: J\xf6rg <j@b.c>"),
    "groups": header(b"From: a@b", b"To: undisclosed-recipients:;", b"Cc: team: a@b, B <b@c>;, d@e"),
    "bad addresses": header(b"From: <>", b"To: a b c", b"Cc: @, a@, <b", b"Reply-To: \"x"),
    "route and comments": header(b"From: (c) A (d) <@x,@y:a@b> (e)", b"To: \"a\\\"b\"@c"),
    "many recipients": header(b"From: a@b", b"To: " + b",\r\n ".join(
        b"User %d <u%d@example.org>" % (n, n) for n in range(500))),
    "twice": header(b"Subject: one", b"Subject: two", b"From: a@b", b"From: c@d", b"Date: x",
                    b"Message-ID: <1@b>", b"Message-ID: <2@b>"),
    "empty": header(b"Subject:", b"From:", b"To: ", b"Date:", b"Message-ID:"),
    "folded on every word": header(b"Subject: a\r\n b\r\n\tc\r\n   d", b"From:\r\n A\r\n <a@b>"),
    "quotes and backslashes": header(b'Subject: a "b" \\c {10}', b'From: "a\\\\b" <a@b>'),
    "NUL in Subject": header(b"Subject: a\0b", b"From: a@b"),
    "long references": header(b"References: " + b"\r\n ".join(
        b"<%d.%s@example.org>" % (n, b"x" * 50) for n in range(200))),
    "resent and list": header(b"Resent-From: a@b", b"List-Id: <x.y>", b"Delivered-To: a@b",
                              b"Received: from a by b; Mon, 3 Feb 2025 10:11:12 +0000"),
    "status of an mbox": header(b"Status: RO", b"X-Status: A", b"X-UID: 7", b"X-Keywords: a",
                                b"X-IMAP: 1 1", b"X-IMAPbase: 1 1", b"Subject: x"),
}

# As ../unit/test-random.py: MAIL_SEAL_RANDOM=SEED:COUNT says which.
FIRST, COUNT = map(int, os.environ.get("MAIL_SEAL_RANDOM", "1:32").split(":"))
RANDOM = {f"random {seed}": message for seed in range(FIRST, FIRST + COUNT)
          if len(message := random_mail.message(seed)) < 200_000}

ALL = {**EXACT, **STRUCTURES, **BROKEN, **ENVELOPES, **RANDOM}


def has_clean_header(message):
    """All lines of the header section are header fields, and no CR or NUL stands in them."""
    fields = mail.split(message).fields
    return all(mail.field_name(field) for field in fields) \
        and not re.search(rb"\0|\r(?!\n)", b"".join(fields))
