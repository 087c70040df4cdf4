"""Decrypted, a message is byte for byte what came, with CRLF line ends."""

import re

import pytest

import mail
from corpus import EXACT as MESSAGES
from dovecot import Dovecot, User

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
