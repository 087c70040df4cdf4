"""Answers and forwards in Roundcube with our plugin and enigma: which are encrypted."""

import base64
import re

import pytest

import mail
from letters import FILES, SUBJECT, TEXT, TEXT_PART, letter
from webmail_host import (MESSAGE, NEEDLE, bytes_of, check_plain, encrypted_by_sender, files_of,
                          parsed, text_of, webmail_with_enigma)
from x509 import openssl

LARGE = 3_000_000                    # bytes
OPTIONS = {"enigma_passwordless": True}


@pytest.fixture(scope="module")
def secret(gnupg, openpgp_keys):
    return gnupg.export_secret(openpgp_keys.alice.fingerprint)


@pytest.fixture(scope="module")
def webmail(host, secret, openpgp_keys):
    keys = {"alice": [secret, openpgp_keys.bob.certificate]}
    with webmail_with_enigma(host, keys, **OPTIONS) as webmail:
        yield webmail


@pytest.fixture(autouse=True)
def empty(host, webmail):
    host.empty(*host.users)
    webmail.roundcube.sink.received.clear()
    yield
    assert webmail.roundcube.complaints() == []


@pytest.fixture
def alice(webmail):
    return webmail("alice")


@pytest.fixture
def sink(webmail):
    return webmail.roundcube.sink


# What is encrypted

def test_reply_to_what_the_server_sealed(host, alice, sink):
    host.deliver(MESSAGE, "alice")
    opened = alice.answer("reply")
    assert not opened["encrypt"]
    assert f"> {NEEDLE}" in opened["body"]
    alice.send()
    check_plain(sink.only(), f"> {NEEDLE}")


def test_reply_to_what_its_sender_encrypted(host, alice, gnupg, openpgp_keys, sink):
    host.deliver(encrypted_by_sender(gnupg, openpgp_keys.alice), "alice")
    assert not mail.is_sealed(host.message("alice"))
    opened = alice.answer("reply")
    assert opened["encrypt"]
    assert f"> {NEEDLE}" in opened["body"]
    alice.send()
    sent = sink.only()
    assert NEEDLE.encode() not in sent
    [armor] = re.findall(rb"-----BEGIN PGP MESSAGE-----.*?-----END PGP MESSAGE-----", sent, re.S)
    assert NEEDLE.encode() in gnupg.decrypt(armor + b"\n").data


WITHIN = {
    "a part": lambda gnupg, key: [TEXT_PART, mail.pgp_mime(gnupg.encrypt(TEXT_PART, key))],
    "text": lambda gnupg, key: [mail.part("text/plain", mail.crlf(gnupg.encrypt(b"Secret", key)))],
    "attached message": lambda gnupg, key: [TEXT_PART, mail.part(
        "message/rfc822", mail.pgp_mime(gnupg.encrypt(TEXT_PART, key)))],
}


@pytest.mark.parametrize("within", WITHIN)
def test_reply_to_sealed_mail_with_something_encrypted_in_it(host, alice, gnupg, openpgp_keys,
                                                             within):
    """Part of it was encrypted by its sender: the answer opens with encryption."""
    parts = WITHIN[within](gnupg, openpgp_keys.alice)
    host.deliver(letter("multipart/mixed", parts, "bob@example.org"), "alice")
    if not mail.is_sealed(host.message("alice")):
        pytest.skip("that counts as encrypted already")
    assert alice.answer("reply")["encrypt"]


def test_forged_mark_doesnt_open_an_answer(host, alice, gnupg, openpgp_keys):
    """Its sender encrypted it, and claims that the server did."""
    forged = encrypted_by_sender(gnupg, openpgp_keys.alice)
    host.deliver(b"X-Mail-Seal: v=1; keys=" + openpgp_keys.alice.fingerprint.encode() + b"\r\n"
                 + forged, "alice")
    assert alice.answer("reply")["encrypt"]


def test_encrypt_all_is_kept(host, secret):
    """What the user has set for all messages isn't taken away."""
    with webmail_with_enigma(host, {"alice": [secret]}, enigma_encrypt_all=True, **OPTIONS
                             ) as webmail:
        host.deliver(MESSAGE, "alice")
        assert webmail("alice").answer("reply")["encrypt"]


COMMANDS = ["reply", "reply-all", "forward-inline", "forward-attachment", "edit"]


@pytest.mark.parametrize("command", COMMANDS)
def test_sealed_message_opens_any_answer_without_encryption(host, alice, command):
    host.deliver(MESSAGE, "alice")
    assert not alice.answer(command)["encrypt"]


@pytest.mark.parametrize("command", [command for command in COMMANDS
                                     if command != "forward-attachment"])
def test_senders_encryption_stays_in_any_answer(host, alice, gnupg, openpgp_keys, command):
    host.deliver(encrypted_by_sender(gnupg, openpgp_keys.alice), "alice")
    assert alice.answer(command)["encrypt"]


@pytest.mark.parametrize("command", ["edit", "forward-inline"])
def test_attached_plain_message_doesnt_take_encryption_away(host, alice, gnupg, openpgp_keys,
                                                            command):
    """The letter itself was encrypted by its sender, in one with what is attached to it."""
    entity = b'Content-Type: multipart/mixed; boundary="frontier"\r\n\r\n' + mail.multipart_body(
        "frontier", [TEXT_PART, mail.part("message/rfc822", mail.text(b"Inner.\r\n", "Inner"))])
    host.deliver(encrypted_by_sender(gnupg, openpgp_keys.alice, entity), "alice")
    opened = alice.answer(command)
    assert NEEDLE in opened["body"] and len(opened["attachments"]) == 1
    assert opened["encrypt"]


def sealed_as_the_server_does(host, user, armor):
    """The mark and the form of a message of the server's, with another ciphertext in it.

    As if an older server, or another setting, had sealed what was encrypted already.
    """
    host.deliver(MESSAGE, user)
    sealed = host.message(user)
    host.empty(user)
    old = mail.unseal(sealed).ciphertext.rstrip()
    assert old in mail.lf(sealed)
    made = mail.lf(sealed).replace(old, mail.lf(armor).rstrip())
    with host.imap(user) as client:
        assert client.append("INBOX", mail.crlf(made)).ok
    return host.message(user)


@pytest.mark.parametrize("command", ["reply", "forward-inline"])
def test_sealed_message_that_is_encrypted_within(host, alice, gnupg, openpgp_keys, command):
    """All of what was sealed was encrypted by its sender."""
    inner = encrypted_by_sender(gnupg, openpgp_keys.alice)
    entity = inner[inner.index(b"Content-Type:"):]
    stored = sealed_as_the_server_does(host, "alice",
                                       gnupg.encrypt(entity, openpgp_keys.alice))
    assert stored.startswith(b"X-Mail-Seal")
    if command == "reply":
        assert alice.answer(command)["encrypt"]
    else:
        # enigma opens only the outer one
        alice.press(command)
        alice.refused()


# Much text

def long_text():
    """As a list that somebody sends: many lines, and a last one that can be found."""
    line = b"One line of a long list, as long as most lines of letters are.\r\n"
    return line * (LARGE // len(line)) + b"The very last line.\r\n"


@pytest.mark.parametrize("command", ["reply", "forward-inline"])
def test_long_text_is_in_the_answer(host, alice, sink, command):
    host.deliver(mail.text(long_text(), SUBJECT), "alice")
    opened = alice.answer(command)
    assert len(opened["body"]) > LARGE - 100_000
    assert "The very last line." in opened["body"]
    assert not opened["encrypt"]
    alice.fill(to="friend@example.net")
    alice.send()
    check_plain(sink.only(), "The very last line.")


def test_large_attachment_changes_nothing(host, alice):
    attachment = (b'Content-Type: application/x-tar\r\nContent-Disposition: attachment;'
                  b' filename="a.tar"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
                  + mail.crlf(base64.encodebytes(bytes(range(256)) * (2 * LARGE // 256))))
    host.deliver(letter("multipart/mixed", [TEXT_PART, attachment]), "alice")
    opened = alice.answer("reply")
    assert f"> {NEEDLE}" in opened["body"]
    assert not opened["encrypt"]


def test_long_text_beside_what_cant_be_opened(host, alice, gnupg, openpgp_keys):
    """The text is quoted, and what follows isn't."""
    closed = mail.crlf(gnupg.encrypt(long_text(), openpgp_keys.bob))
    host.deliver(letter("multipart/mixed", [mail.part("text/plain", long_text()),
                                            mail.part("text/plain", closed)]), "alice")
    opened = alice.answer("reply")
    assert "The very last line." in opened["body"]


# What is sent

def test_edit_as_new(host, alice, sink):
    host.deliver(MESSAGE, "alice")
    opened = alice.answer("edit")
    assert (opened["body"].strip(), opened["attachments"]) == (TEXT, ["note.txt"])
    alice.fill(to="friend@example.net")
    alice.send()
    sent = sink.only()
    check_plain(sent, NEEDLE)
    assert files_of(sent) == FILES


def test_forward(host, alice, sink):
    host.deliver(MESSAGE, "alice")
    opened = alice.answer("forward-inline")
    assert NEEDLE in opened["body"]
    assert opened["attachments"] == ["note.txt"]
    alice.fill(to="friend@example.net")
    alice.send()
    sent = sink.only()
    check_plain(sent, NEEDLE)
    assert files_of(sent) == FILES
    left = [file for file in webmail_temp(alice)
            if any(content in file.read_bytes() for content in FILES.values())]
    assert left == [], "plaintext in temp_dir"


def webmail_temp(webmail):
    return [file for file in webmail.roundcube.temp.rglob("*") if file.is_file()]


def test_forward_as_attachment(host, alice, sink):
    host.deliver(MESSAGE, "alice")
    alice.answer("forward-attachment")
    assert not [text for text in alice.said() if "can't open it" in text]
    alice.fill(to="friend@example.net")
    alice.type("Look at this.")
    alice.send()
    [attached] = parsed(sink.only()).iter_attachments()
    inner = attached.get_content()
    assert inner["subject"] == SUBJECT and inner["from"] == "friend@example.net"
    assert inner["x-mail-seal"] is None
    assert text_of(inner.as_bytes()).strip() == TEXT
    assert files_of(inner.as_bytes()) == FILES


def test_encrypted_message_leaks_nothing(host, alice, gnupg, openpgp_keys, sink, tmp_path):
    """Forwarded to somebody with a key, encrypted: neither text nor attachment goes out plain."""
    host.deliver(MESSAGE, "alice")
    alice.answer("forward-inline")
    alice.fill(to="bob@example.org")
    alice.tick("_enigma_encrypt")
    alice.send()
    sent = sink.only()
    for words in (NEEDLE.encode(), b"Bring the plan.", b"note.txt"):
        assert words not in sent
        assert base64.b64encode(words)[:12] not in sent
    [armor] = re.findall(rb"-----BEGIN PGP MESSAGE-----.*?-----END PGP MESSAGE-----", sent, re.S)
    inner = gnupg.decrypt(armor + b"\n").data
    assert NEEDLE.encode() in inner and b"note.txt" in inner


def test_uploaded_sealed_message_is_opened_or_warned_of(host, alice, sink, tmp_path):
    host.deliver(MESSAGE, "alice")
    (tmp_path / "message.eml").write_bytes(host.message("alice"))
    alice.compose("friend@example.net", SUBJECT, TEXT)
    alice.attach(tmp_path / "message.eml")
    said = alice.said()
    alice.send()
    [attached] = parsed(sink.only()).iter_attachments()
    if mail.is_sealed(bytes_of(attached)):
        assert [text for text in said if "can't open it" in text]
    else:
        assert files_of(bytes_of(attached)) == FILES


@pytest.mark.parametrize("command", ["reply", "forward-inline", "edit"])
def test_opaque_signed_message_in_a_sealed_one(host, alice, x509_keys, command):
    """Signed and not encrypted: nothing of it is refused, or answered with encryption."""
    made = openssl("cms", "-sign", "-nodetach", "-binary", "-outform", "DER",
                   "-signer", x509_keys.bob.certificate_file, "-inkey", x509_keys.bob.key_file,
                   stdin=TEXT_PART).stdout
    message = mail.message(base64.encodebytes(made), SUBJECT, headers=[
        ("MIME-Version", "1.0"),
        ("Content-Type", 'application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"'),
        ("Content-Disposition", 'attachment; filename="smime.p7m"'),
        ("Content-Transfer-Encoding", "base64")])
    host.deliver(mail.crlf(message), "alice")
    assert mail.is_sealed(host.message("alice"))
    opened = alice.answer(command)
    assert not opened["encrypt"]
    if command != "reply":
        # enigma forgets its name, so Roundcube takes the whole message
        assert len(opened["attachments"]) == 1
