"""Roundcube's page "Sealed mailbox": a secret key never leaves the browser; all certificates do."""

import base64
import gzip
import io
import json
import os
import re
import zipfile

import pytest

import enrolment
from roundcube import Roundcube
from sealed_mailbox import confirm, opened, paste, result, upload
from webmail import Webmails
from x509 import openssl

USER = "keyless"
ADDRESS = "keyless@example.org"
LARGE = 100_000                      # bytes: of a photo in a certificate


@pytest.fixture(scope="module")
def webmail(host):
    with Roundcube(host, ["mail_seal"]) as roundcube, Webmails(roundcube) as webmail:
        yield webmail


@pytest.fixture(scope="module")
def key(gnupg):
    return gnupg.generate(ADDRESS)


@pytest.fixture(scope="module")
def x509_key(x509):
    return x509.generate(ADDRESS)


@pytest.fixture(autouse=True)
def never_enrolled(host, webmail):
    host.never_enrolled(USER)
    host.empty(USER)
    yield
    assert webmail.roundcube.complaints() == []


@pytest.fixture
def owner(webmail):
    return opened(webmail(USER))


@pytest.fixture
def recorder(webmail):
    webmail.roundcube.recorder.forget()
    return webmail.roundcube.recorder


# The forms of a secret key

def pkcs8(x509_key, *arguments):
    return openssl("pkcs8", "-topk8", "-in", x509_key.key_file, *arguments).stdout


def utf16(text):
    return b"\xff\xfe" + text.decode().encode("utf-16-le")


def radix64(armored):
    """What is left when the lines of dashes and the armor's header fields are cut off."""
    lines = armored.splitlines(keepends=True)
    return b"".join(line for line in lines if not re.match(rb"-----|\w+: |\r?\n", line))


def agents_file(key, _x509_key):
    """As gpg-agent keeps it."""
    return next((key.opener.home / "private-keys-v1.d").glob("*.key")).read_bytes()


def key_store(magic, x509_key):
    """A keystore of Java's with one entry (sun.security.provider.JavaKeyStore)."""
    def text(data):
        return len(data).to_bytes(2, "big") + data
    content = pkcs8(x509_key, "-outform", "DER", "-passout", "pass:password")
    return (magic + b"\0\0\0\2\0\0\0\1\0\0\0\1" + text(b"alice") + bytes(8)
            + len(content).to_bytes(4, "big") + content + b"\0\0\0\1" + text(b"X.509")
            + len(x509_key.der).to_bytes(4, "big") + x509_key.der + bytes(20))


def putty(*_keys):
    lines = base64.encodebytes(os.urandom(100)).decode()
    return ("PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\nComment: alice\r\n"
            "Public-Lines: 2\r\nAAAAC3NzaC1lZDI1NTE5AAAAIIx3bXVzdGJlc29tZXRoaW5nb2YzMmJ5dGVz\r\n"
            f"AAAA\r\nPrivate-Lines: 2\r\n{lines}Private-MAC: {os.urandom(32).hex()}\r\n").encode()


def archive(name, content, method):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        made.writestr(name, content)
    return file.getvalue()


def extended_private_key(*_keys):
    """gpg-agent's newer form (agent/keyformat.txt)."""
    return (b"Created: 20260101T000000\nKey: (private-key (ecc (curve Ed25519)(flags eddsa)(q\n"
            b"  #40" + os.urandom(32).hex().upper().encode() + b"#)(d\n  #"
            + os.urandom(32).hex().upper().encode() + b"#)))\n")


def web_key(*_keys):
    parts = {name: base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=") for name in "xyd"}
    return json.dumps({"kty": "EC", "crv": "P-256", **parts}).encode()


def armored(key, _x509_key=None):
    return key.opener.export_secret(key.fingerprint)


def binary(key, _x509_key=None):
    return key.opener.gpg("--export-secret-keys", key.fingerprint).stdout


def traditional(x509_key):
    return openssl("pkey", "-in", x509_key.key_file, "-traditional").stdout


def der(x509_key):
    return openssl("pkey", "-in", x509_key.key_file, "-outform", "DER").stdout


def exported(key):
    return key.opener.export(key.fingerprint, armor=False)


SECRETS = {
    "OpenPGP": armored,
    "OpenPGP behind the public key": lambda key, _: key.certificate + armored(key),
    "OpenPGP in a text": lambda key, _: b"My keys:\n\n" + armored(key) + b"\nRegards\n",
    "OpenPGP quoted": lambda key, _: re.sub(rb"(?m)^", b"> ", armored(key)),
    "OpenPGP with CRLF": lambda key, _: armored(key).replace(b"\n", b"\r\n"),
    "OpenPGP binary": binary,
    "OpenPGP binary behind the public key": lambda key, _: exported(key) + binary(key),
    "OpenPGP binary behind the armored public key": lambda key, _: key.certificate + binary(key),
    "OpenPGP in base64": lambda key, _: base64.encodebytes(binary(key)),
    "OpenPGP in base64 with a checksum": lambda key, _: radix64(armored(key)),
    "OpenPGP in base64 behind the public key":
        lambda key, _: key.certificate + b"\n" + base64.encodebytes(binary(key)),
    "OpenPGP in base64 twice": lambda key, _: base64.b64encode(base64.b64encode(binary(key))),
    "armor in base64": lambda key, _: base64.encodebytes(armored(key)),
    "OpenPGP in base64 for URLs": lambda key, _: base64.urlsafe_b64encode(binary(key)),
    "OpenPGP in hexadecimal": lambda key, _: binary(key).hex().encode(),
    "OpenPGP called public":
        lambda key, _: armored(key).replace(b"PRIVATE KEY BLOCK", b"PUBLIC KEY BLOCK"),
    "OpenPGP called public, without an end": lambda key, _: armored(key).replace(
        b"PRIVATE KEY BLOCK", b"PUBLIC KEY BLOCK").partition(b"-----END")[0],
    "OpenPGP in JSON": lambda key, _: json.dumps({"key": armored(key).decode()}).encode(),
    "OpenPGP UTF-16": lambda key, _: utf16(armored(key)),
    "OpenPGP UTF-16, big end first":
        lambda key, _: b"\xfe\xff" + armored(key).decode().encode("utf-16-be"),
    "GnuPG's private-keys-v1.d": agents_file,
    "GnuPG's private-keys-v1.d, extended": extended_private_key,
    "PKCS #8": lambda _, x509_key: pkcs8(x509_key, "-nocrypt"),
    "PKCS #8 encrypted": lambda _, x509_key: pkcs8(x509_key, "-passout", "pass:password"),
    "PKCS #8 encrypted, binary":
        lambda _, x509_key: pkcs8(x509_key, "-outform", "DER", "-passout", "pass:password"),
    "PKCS #8 binary": lambda _, x509_key: der(x509_key),
    "PKCS #8 in base64": lambda _, x509_key: base64.encodebytes(der(x509_key)),
    "PKCS #8 without an end": lambda _, x509_key: pkcs8(x509_key, "-nocrypt")[:-30],
    "traditional": lambda _, x509_key: traditional(x509_key),
    "behind the certificate": lambda _, x509_key: x509_key.certificate + traditional(x509_key),
    "before the certificate": lambda _, x509_key: traditional(x509_key) + x509_key.certificate,
    "behind the certificate, binary": lambda _, x509_key: x509_key.der + der(x509_key),
    "PKCS #12": lambda _, x509_key: x509_key.pkcs12("password"),
    "PKCS #12 in base64": lambda _, x509_key: base64.encodebytes(x509_key.pkcs12("password")),
    "called a certificate":
        lambda _, x509_key: pkcs8(x509_key, "-nocrypt").replace(b"PRIVATE KEY", b"CERTIFICATE"),
    "called PKCS #7":
        lambda _, x509_key: pkcs8(x509_key, "-nocrypt").replace(b"PRIVATE KEY", b"PKCS7"),
    "PKCS #12 called a certificate": lambda _, x509_key: (
        b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(x509_key.pkcs12("password"))
        + b"-----END CERTIFICATE-----\n"),
    "Java's": lambda _, x509_key: key_store(b"\xfe\xed\xfe\xed", x509_key),
    "Java's of the other kind": lambda _, x509_key: key_store(b"\xce\xce\xce\xce", x509_key),
    "PuTTY's": putty,
    "OpenSSH's": lambda *_: b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + base64.encodebytes(
        b"openssh-key-v1\0" + os.urandom(200)) + b"-----END OPENSSH PRIVATE KEY-----\n",
    "JSON web key": web_key,
    "age": lambda *_: b"AGE-SECRET-KEY-1" + os.urandom(29).hex().upper().encode() + b"\n",
    "PVK": lambda *_: b"\x1e\xf1\xb5\xb0\0\0\0\0\1\0\0\0" + os.urandom(600),
    "in a zip": lambda key, _: archive("secret.asc", armored(key), zipfile.ZIP_DEFLATED),
    "in a zip, stored": lambda key, _: archive("secret.asc", armored(key), zipfile.ZIP_STORED),
    "in a zip, in base64": lambda key, _: base64.encodebytes(
        archive("secret.gpg", binary(key), zipfile.ZIP_DEFLATED)),
    "compressed": lambda key, _: gzip.compress(binary(key)),
}


def pieces(content):
    """Parts of it in the forms in which they may be on the wire."""
    step = max(1, len(content) // 6)
    for start in range(len(content) // 4, max(1, len(content) - 46), step):
        piece = content[start:start + 36]
        yield piece
        for shift in range(3):
            yield base64.b64encode(content[start + shift:start + shift + 33])
    for line in re.findall(rb"[A-Za-z0-9+/=]{40,}", content.replace(b"\0", b"")):
        yield line[:40]


def check_not_sent(recorder, content):
    sent = recorder.sent()
    assert b"mail_seal-save" not in sent
    assert not [piece for piece in pieces(content) if piece in sent]
    for word in (b"PRIVATE", b"SECRET"):
        assert word not in sent


@pytest.mark.parametrize("kind", SECRETS)
def test_secret_key_never_leaves_the_browser(host, owner, recorder, key, x509_key, tmp_path, kind):
    content = SECRETS[kind](key, x509_key)
    said = upload(owner, tmp_path, content)
    assert re.search("secret key|neither|not been sent", said), said
    check_not_sent(recorder, content)
    if b"\0" not in content and content.isascii():
        opened(owner)
        recorder.forget()
        paste(owner, content.decode())
        check_not_sent(recorder, content)
        assert not owner.run("return document.getElementById('mail-seal-text').value")
    assert not host.pending_file(USER).exists()


def test_recorder_would_see_it(owner, recorder, key):
    """What the tests above look for is found where it is sent."""
    paste(owner, key.certificate.decode())
    sent = recorder.sent()
    assert b"mail_seal-save" in sent
    assert [piece for piece in pieces(base64.b64encode(key.certificate)) if piece in sent]


def test_server_side_refuses_it_too(host, owner, key):
    """A browser without our script, or with one that was changed."""
    submit(owner, key.opener.export_secret(key.fingerprint))
    assert "secret key" in result(owner)
    assert not host.pending_file(USER).exists()


def test_request_without_the_token(host, owner, key):
    """Another site's page can't enrol a key."""
    submit(owner, key.certificate, _token="x")
    owner.wait("return document.readyState == 'complete'"
               " && !document.getElementById('mail-seal-result')")
    assert not host.pending_file(USER).exists()
    submit(opened(owner), key.certificate)
    assert "a message with it comes" in result(owner)


def submit(webmail, content, **fields):
    """The form as it is sent, whatever the page's script thinks of it."""
    webmail.run("const form = document.getElementById('mail-seal-give');"
                "const fields = arguments[0];"
                "Object.keys(fields).forEach(name => form[name].value = fields[name]);"
                "document.getElementById('mail-seal-result').replaceChildren();"
                "HTMLFormElement.prototype.submit.call(form)",
                {"_value": base64.b64encode(content).decode(), **fields})


# What is public, and no certificate

def public(x509_key, form):
    return openssl("pkey", "-in", x509_key.key_file, "-pubout", "-outform", form).stdout


PUBLIC = {
    "PUBLIC KEY": lambda x509_key: public(x509_key, "PEM"),
    "PUBLIC KEY, binary": lambda x509_key: public(x509_key, "DER"),
    "RSA PUBLIC KEY": lambda x509_key: openssl(
        "rsa", "-in", x509_key.key_file, "-RSAPublicKey_out").stdout,
    "PUBLIC KEY of a curve": lambda _: openssl(
        "pkey", "-pubout", stdin=openssl("genpkey", "-algorithm", "ed25519").stdout).stdout,
    "CERTIFICATE REQUEST": lambda x509_key: openssl(
        "req", "-new", "-key", x509_key.key_file, "-subj", "/CN=keyless").stdout,
    "SSH": lambda _: b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIx3bXVzdGJlc29tZXRoaW5nb2Yz alice\n",
    "a letter": lambda _: b"Dear server,\nlet us begin a private talk: no secret.\n",
}


@pytest.mark.parametrize("kind", PUBLIC)
def test_what_is_public_isnt_called_secret(host, owner, x509_key, tmp_path, kind):
    said = upload(owner, tmp_path, PUBLIC[kind](x509_key))
    assert "That is a secret key" not in said
    assert re.search("(?i)certificate", said)
    assert not host.pending_file(USER).exists()


# Certificates that are to be let through

@pytest.fixture(scope="module")
def key_with_photo(gnupg, tmp_path_factory):
    """As large as many signatures make one, too."""
    key = gnupg.generate(ADDRESS)
    photo = tmp_path_factory.mktemp("photo") / "me.jpg"
    photo.write_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
                      + os.urandom(LARGE) + b"\xff\xd9")
    gnupg.gpg("--command-fd", "0", "--edit-key", key.fingerprint, "addphoto", "save",
              stdin=f"{photo}\ny\n".encode())
    made = gnupg.key(ADDRESS, key.fingerprint)
    assert len(exported(made)) > LARGE
    return made


@pytest.mark.parametrize("form", ["binary", "armored"])
def test_large_certificate(host, owner, key_with_photo, tmp_path, form):
    content = {"binary": exported(key_with_photo), "armored": key_with_photo.certificate}[form]
    said = upload(owner, tmp_path, content)
    assert "a message with it comes into your inbox" in said
    confirm(owner, enrolment.code(host, USER, key_with_photo))
    assert enrolment.sealed_to(host, USER) == [key_with_photo.fingerprint]


def described(x509_key):
    return openssl("x509", "-in", x509_key.certificate_file, "-text").stdout


CERTIFICATES = {
    "CRLF": lambda key, _: key.certificate.replace(b"\n", b"\r\n"),
    "with fields of armor": lambda key, _: key.certificate.replace(
        b"BLOCK-----\n\n", b"BLOCK-----\nVersion: GnuPG v2\nComment: not my private key\n\n", 1),
    "without a checksum": lambda key, _: re.sub(rb"(?m)^=.{4}\n", b"", key.certificate),
    "with a text": lambda key, _: b"We begin private mail today, and no secret:\n\n"
                                  + key.certificate + b"\nRegards\n",
    "two binary ones": lambda key, _: exported(key) * 2,
    "PEM behind a description": lambda _, x509_key: described(x509_key),
    "PEM with CRLF": lambda _, x509_key: x509_key.certificate.replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("kind", CERTIFICATES)
def test_certificate_is_let_through(owner, key, x509_key, tmp_path, kind):
    content = CERTIFICATES[kind](key, x509_key)
    assert "a message with it comes into your inbox" in upload(owner, tmp_path, content)


@pytest.mark.parametrize("algorithm, encryption", [
    ("rsa3072", "rsa3072"), ("nistp256", "nistp256"), ("dsa2048", "elg2048")])
def test_certificate_of_any_algorithm_is_let_through(owner, gnupg, tmp_path, algorithm,
                                                     encryption):
    content = exported(gnupg.generate(ADDRESS, algorithm, encryption))
    said = upload(owner, tmp_path, content)
    assert "secret" not in said and "neither" not in said
