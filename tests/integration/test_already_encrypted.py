"""What is encrypted already stays as it came; what only says so is sealed."""

import base64
import os
import subprocess
from pathlib import Path

import pytest

import mail
import senders
from dovecot import Dovecot, User

SECRET = mail.part("text/plain", mail.CANARY + b"\r\n")
PLAIN_PGP_PART = b"This is no ciphertext: " + mail.CANARY + b"\r\n"


@pytest.fixture(scope="module")
def server(keys):
    with Dovecot([User("alice", keys.alice.certificate)], plugins=("sieve",),
                 seal={"mail_seal_exclude": "\\Drafts"}) as dovecot:
        yield dovecot


@pytest.fixture(scope="session")
def armor(gnupg, keys):
    return gnupg.encrypt(SECRET, keys.carol)


@pytest.fixture(scope="session")
def cms(tmp_path_factory):
    """cms(*arguments): DER that openssl makes of SECRET."""
    folder = tmp_path_factory.mktemp("cms")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                    "-subj", "/CN=carol", "-days", "30", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)

    def make(operation, *arguments):
        who = ["-signer", certificate, "-inkey", key] if operation == "-sign" else [certificate]
        if operation in ("-compress", "-data_create"):
            who = []
        return subprocess.run(["openssl", "cms", operation, "-binary", "-outform", "DER",
                               *arguments, *who], input=SECRET, check=True,
                              capture_output=True).stdout
    return make


def smime(der, content_type):
    return mail.message(mail.crlf(base64.encodebytes(der)), headers=[
        ("MIME-Version", "1.0"), ("Content-Type", content_type),
        ("Content-Transfer-Encoding", "base64"),
        ("Content-Disposition", 'attachment; filename="smime.p7m"')])


def inline(content, content_type="text/plain; charset=utf-8"):
    return mail.message(content, headers=[("MIME-Version", "1.0"), ("Content-Type", content_type)])


def exchange(parts):
    return mail.multipart("multipart/mixed", parts)


VERSION = mail.part("application/pgp-encrypted", b"Version: 1\r\n")


def octets(content, name="encrypted.asc"):
    return mail.part(f'application/octet-stream; name="{name}"', content)


ENVELOPED = 'application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"'


def encrypted_messages(armor, cms, gnupg, keys):
    crlf_armor = mail.crlf(armor)
    symmetric = mail.crlf(gnupg.encrypt_with_password(SECRET))
    enveloped = cms("-encrypt", "-aes256")
    return {
        "PGP/MIME": mail.pgp_mime(armor),
        "PGP/MIME without protocol": mail.pgp_mime(armor, parameters=""),
        "PGP/MIME, unquoted protocol": mail.pgp_mime(
            armor, parameters="; protocol=application/pgp-encrypted"),
        "PGP/MIME with preamble and armor headers": mail.pgp_mime(armor.replace(
            b"MESSAGE-----\n", b"MESSAGE-----\nVersion: Old 1.0\nComment: c\n", 1)).replace(
            b"\r\n\r\n--frontier", b"\r\n\r\nThis is a preamble\r\n--frontier", 1),
        "PGP/MIME with empty lines at the end": mail.pgp_mime(armor) + b"\r\n\r\n",
        "PGP/MIME, large": mail.pgp_mime(gnupg.encrypt(b"x\n" + bytes(500_000), keys.carol)),
        "PGP/MIME, password": mail.pgp_mime(symmetric),
        "Exchange-mangled": exchange([VERSION, octets(crlf_armor)]),
        "Exchange-mangled, empty text": exchange(
            [mail.part("text/plain", b"\r\n"), VERSION, octets(crlf_armor)]),
        "inline PGP": inline(crlf_armor),
        "inline PGP with empty lines around": inline(b"\r\n" + crlf_armor + b"\r\n\r\n"),
        "inline PGP without MIME": mail.message(crlf_armor),
        "S/MIME": smime(enveloped, ENVELOPED),
        "S/MIME, x-pkcs7-mime": smime(enveloped, "application/x-pkcs7-mime; name=smime.p7m"),
        "S/MIME, no smime-type": smime(enveloped, "application/pkcs7-mime; name=smime.p7m"),
        "S/MIME, lying smime-type": smime(
            enveloped, "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m"),
        "S/MIME, AES-GCM": smime(cms("-encrypt", "-aes-256-gcm"), ENVELOPED),
        "Autocrypt Setup Message": autocrypt_setup(symmetric),
    }


def autocrypt_setup(symmetric):
    html = (b"<html><body><p>This is the Autocrypt setup file.</p>\r\n<pre>\r\n"
            + symmetric + b"</pre></body></html>\r\n")
    body = mail.multipart_body("frontier", [
        mail.part("text/plain", b"This message contains all information to transfer your "
                                b"Autocrypt settings.\r\n"),
        mail.part("application/autocrypt-setup", html)])
    return mail.message(body, headers=[
        ("Autocrypt-Setup-Message", "v1"), ("MIME-Version", "1.0"),
        ("Content-Type", 'multipart/mixed; boundary="frontier"')])


def plain_messages(armor, cms, gnupg, keys):
    crlf_armor = mail.crlf(armor)
    signed_text = mail.crlf(gnupg.gpg("--armor", "--local-user", keys.carol.fingerprint,
                                      "--sign", stdin=SECRET).stdout)
    clear_signed = mail.crlf(gnupg.gpg("--local-user", keys.carol.fingerprint,
                                       "--clear-sign", stdin=SECRET).stdout)
    public_key = mail.crlf(keys.carol.certificate)
    fake_armor = (b"-----BEGIN PGP MESSAGE-----\r\n\r\n" + base64.encodebytes(mail.CANARY).strip()
                  + b"\r\n-----END PGP MESSAGE-----\r\n")
    quoted = b"".join(b"> " + line for line in crlf_armor.splitlines(keepends=True))
    protocol = '; protocol="application/pgp-encrypted"'
    return {
        "container of plaintext": mail.multipart(
            "multipart/encrypted" + protocol, [VERSION, octets(PLAIN_PGP_PART)]),
        "container of armored plaintext": mail.multipart(
            "multipart/encrypted" + protocol, [VERSION, octets(fake_armor)]),
        "container of a signed message": mail.pgp_mime(signed_text),
        "container with plaintext after the armor": mail.multipart(
            "multipart/encrypted" + protocol, [VERSION, octets(crlf_armor + PLAIN_PGP_PART)]),
        "container with plaintext before the armor": mail.multipart(
            "multipart/encrypted" + protocol, [VERSION, octets(PLAIN_PGP_PART + crlf_armor)]),
        "container of three parts": mail.multipart(
            "multipart/encrypted" + protocol,
            [VERSION, octets(crlf_armor), mail.part("text/plain", mail.CANARY)]),
        "container of one part": mail.multipart(
            "multipart/encrypted" + protocol, [octets(crlf_armor)]),
        "container whose armor is cut off": mail.pgp_mime(armor[:len(armor) // 2]),
        "container with plaintext after its end": mail.pgp_mime(armor) + PLAIN_PGP_PART,
        "container with plaintext before its start": mail.pgp_mime(armor).replace(
            b"--frontier", PLAIN_PGP_PART + b"--frontier", 1),
        "Exchange-like with text": exchange(
            [mail.part("text/plain", PLAIN_PGP_PART), VERSION, octets(crlf_armor)]),
        "Exchange-like with an attachment more": exchange(
            [VERSION, octets(crlf_armor), octets(PLAIN_PGP_PART, "note.txt")]),
        "inline PGP with text before": inline(b"See below.\r\n" + crlf_armor),
        "inline PGP with text after": inline(crlf_armor + b"See above.\r\n"),
        "inline PGP quoted": inline(quoted),
        "inline PGP, armor of no message": inline(fake_armor),
        "inline PGP, signed only": inline(signed_text),
        "clear-signed": inline(clear_signed),
        "public key": inline(public_key),
        "PGP in HTML": inline(crlf_armor, "text/html"),
        "S/MIME signed as enveloped": smime(cms("-sign", "-nodetach"), ENVELOPED),
        "S/MIME signed": smime(
            cms("-sign", "-nodetach"), "application/pkcs7-mime; smime-type=signed-data"),
        "S/MIME data": smime(cms("-data_create"), ENVELOPED),
        "S/MIME of no CMS": smime(mail.CANARY, ENVELOPED),
        "only the Autocrypt field": mail.message(
            SECRET, headers=[("Autocrypt-Setup-Message", "v1")]),
        "X-Mail-Seal only": mail.message(
            SECRET, headers=[("X-Mail-Seal", f"v=1; keys={keys.alice.fingerprint}")]),
    }


ENCRYPTED = (
    "PGP/MIME", "PGP/MIME without protocol", "PGP/MIME, unquoted protocol",
    "PGP/MIME with preamble and armor headers", "PGP/MIME with empty lines at the end",
    "PGP/MIME, large", "PGP/MIME, password", "Exchange-mangled", "Exchange-mangled, empty text",
    "inline PGP", "inline PGP with empty lines around", "inline PGP without MIME",
    "S/MIME", "S/MIME, x-pkcs7-mime", "S/MIME, no smime-type", "S/MIME, lying smime-type",
    "S/MIME, AES-GCM", "Autocrypt Setup Message")
PLAIN = (
    "container of plaintext", "container of armored plaintext", "container of a signed message",
    "container with plaintext after the armor", "container with plaintext before the armor",
    "container of three parts", "container of one part", "container whose armor is cut off",
    "container with plaintext after its end", "container with plaintext before its start",
    "Exchange-like with text", "Exchange-like with an attachment more",
    "inline PGP with text before", "inline PGP with text after", "inline PGP quoted",
    "inline PGP, armor of no message", "inline PGP, signed only", "clear-signed", "public key",
    "PGP in HTML", "S/MIME signed as enveloped", "S/MIME signed", "S/MIME data", "S/MIME of no CMS",
    "only the Autocrypt field", "X-Mail-Seal only")


@pytest.fixture(scope="session")
def messages(armor, cms, gnupg, keys):
    encrypted = encrypted_messages(armor, cms, gnupg, keys)
    plain = plain_messages(armor, cms, gnupg, keys)
    assert (tuple(encrypted), tuple(plain)) == (ENCRYPTED, PLAIN)
    return encrypted | plain


@pytest.fixture(params=["lmtp", "append", "copy"])
def stored(request, server, messages):
    """stored(name): that message after it came in one of the ways; whether with trace fields."""
    def send_and_read(name):
        server.empty("alice")
        message = messages[name]
        if request.param == "lmtp":
            assert server.deliver(message, "alice")[0].code == 250
            return server.message("alice"), True
        with server.imap("alice") as client:
            if request.param == "append":
                assert client.append("INBOX", message).ok
            else:
                assert client.append("Drafts", message).ok
                client.select("Drafts")
                client.must("COPY 1 INBOX")
        return server.message("alice"), False
    return send_and_read


@pytest.mark.parametrize("name", ENCRYPTED)
def test_encrypted_is_unchanged(stored, messages, name):
    found, delivered = stored(name)
    mail.check_unchanged(found, messages[name], delivered=delivered)


@pytest.mark.parametrize("name", PLAIN)
def test_plain_is_sealed(stored, messages, gnupg, keys, name):
    found, delivered = stored(name)
    mail.check_sealed(found, messages[name], gnupg, keys.alice, delivered=delivered)


@pytest.fixture(scope="session")
def material(armor, cms, gnupg, keys):
    return senders.Material(mail.crlf(armor), gnupg.gpg("--dearmor", stdin=armor).stdout,
                            cms("-encrypt", "-aes256"))


@pytest.mark.parametrize("name", senders.AS_SENT)
def test_as_real_senders_write_it(server, material, name):
    server.empty("alice")
    message = senders.AS_SENT[name](material)
    assert server.deliver(message, "alice")[0].code == 250
    mail.check_unchanged(server.message("alice"), message)


@pytest.mark.parametrize("name", senders.NOT_ENCRYPTED)
def test_not_what_real_senders_write(server, material, gnupg, keys, name):
    server.empty("alice")
    message = senders.NOT_ENCRYPTED[name](material)
    assert server.deliver(message, "alice")[0].code == 250
    mail.check_sealed(server.message("alice"), message, gnupg, keys.alice)


def processor_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_long_boundary_takes_no_time(server):
    """Each line used to be compared with all of it: 7 seconds."""
    server.empty("alice")
    message = mail.message(b"\r\n" * 1_000_000, headers=[
        ("MIME-Version", "1.0"),
        ("Content-Type", 'multipart/mixed; boundary="%s"' % ("b" * 250_000))])
    with server.lmtp() as client:
        assert client.deliver(mail.text(b"small\r\n"), "alice@example.org")[0].code == 250
        pid = server.service_pid("lmtp")
        before = processor_seconds(pid)
        assert client.deliver(message, "alice@example.org")[0].code == 250
        assert server.service_pids("lmtp") == [pid]
        assert processor_seconds(pid) - before < 2


def test_our_own_sealed_message(server, messages):
    """A client that downloads and uploads again must not wrap it twice."""
    server.empty("alice")
    assert server.deliver(messages["inline PGP quoted"], "alice")[0].code == 250
    sealed = server.message("alice")
    with server.imap("alice") as client:
        assert client.append("INBOX", sealed).ok
        assert client.append("INBOX", sealed, piece=7).ok
        assert client.messages()[1:] == [sealed, sealed]
