"""Decrypted, a message is byte for byte what came, with CRLF line ends."""

import os
import re

import pytest

import mail
from dovecot import Dovecot, User

HEADER = (b"From: a@example.org\r\nSubject: exact\r\nMIME-Version: 1.0\r\n"
          b"Content-Type: text/plain; charset=utf-8\r\n")
RANDOM = os.urandom(50_000).replace(b"\n", b"").replace(b"\r", b"")

MESSAGES = {
    "8-bit": HEADER + b"\r\n" + bytes(range(128, 256)) + b"\r\n",
    "binary with NULs": HEADER + b"\r\n\0\0" + RANDOM + b"\0\r\n",
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
# Dovecot's own delivery adds or removes something, with or without the plugin.
ONLY_BY_APPEND = ("mbox From line", "no header")


@pytest.fixture(scope="module")
def keys(each_kind):
    return each_kind


@pytest.fixture(scope="module")
def server(keys):
    with Dovecot([User("alice", keys.alice.certificate)]) as dovecot:
        yield dovecot


@pytest.fixture
def check(server, gnupg, keys):
    def check_sealed(original, **options):
        [file] = server.maildir_files("alice")
        stored = file.read_bytes()  # IMAP would show a NUL as something else
        mail.check_sealed(stored, original, gnupg, keys.alice, **options)
        check_added_lines(stored, original)
    server.empty("alice")
    return check_sealed


def check_added_lines(stored, original):
    """What we add is 7-bit and at most 76 characters wide."""
    own = set(mail.lf(stored).split(b"\n")) - set(mail.lf(original).split(b"\n"))
    own = [line for line in own if not re.match(rb"(Return-Path|Delivered-To|Received|\t)", line)]
    assert max(map(len, own)) <= 76
    assert all(line.isascii() for line in own)


@pytest.mark.parametrize("name", MESSAGES)
def test_append(server, check, name):
    with server.imap("alice") as client:
        assert client.append("INBOX", MESSAGES[name]).ok
    check(MESSAGES[name], delivered=False)


@pytest.mark.parametrize("name", [n for n in MESSAGES if n not in ONLY_BY_APPEND])
def test_lmtp(server, check, name):
    assert server.deliver_chunk(MESSAGES[name], "alice").code == 250
    check(MESSAGES[name])


@pytest.mark.parametrize("name", [n for n in MESSAGES if n not in ONLY_BY_APPEND])
def test_lda(server, check, name):
    """A local MTA gives LF line ends."""
    original = mail.lf(MESSAGES[name])
    assert server.lda("alice", message=original).returncode == 0
    check(original)


@pytest.mark.parametrize("name", ["bare CRs", "LF and CRLF mixed", "folded fields", "header only",
                                  "header ends in a line of CRs"])
def test_append_one_byte_at_a_time(server, check, name):
    with server.imap("alice") as client:
        assert client.append("INBOX", MESSAGES[name], piece=1).ok
    check(MESSAGES[name], delivered=False)


def test_signature_inside_verifies(server, gnupg, keys, openpgp_keys):
    """multipart/signed is bytes under a signature: one changed byte breaks it."""
    signed = mail.part("text/plain; charset=utf-8", "Signed, trailing space \r\n–\r\n".encode())
    signature = gnupg.sign_detached(signed, openpgp_keys.carol)
    original = mail.multipart(
        'multipart/signed; protocol="application/pgp-signature"; micalg=pgp-sha512',
        [signed, mail.part("application/pgp-signature", mail.crlf(signature))])
    server.empty("alice")
    assert server.deliver(original, "alice")[0].code == 250
    entity = mail.decrypt(server.message("alice"), keys.alice)
    _, first, second, _ = entity.split(b"--frontier")
    content = first.removeprefix(b"\r\n").removesuffix(b"\r\n")
    found = second.partition(b"\r\n\r\n")[2]
    assert content == signed
    assert gnupg.verifies(content, found)
    assert not gnupg.verifies(content.replace(b"Signed", b"signed"), found)
