"""Messages as people's programs write them, with their certificate in it."""

import base64
import textwrap

import mail
from x509 import openssl


def folded(data):
    """Bytes as base64 in the lines of a header field."""
    return "\r\n ".join(textwrap.wrap(base64.b64encode(data).decode(), 72)).encode()


def autocrypt_field(certificate, address):
    return (b"Autocrypt: addr=" + address.encode() + b"; prefer-encrypt=mutual;\r\n"
            b" keydata=\r\n " + folded(certificate) + b"\r\n")


def sent(key, body=b"Hello Bob.\r\n", subject="Lunch", more=b""):
    """What Thunderbird keeps in Sent, when a key is chosen for the account."""
    binary = key.opener.export(key.fingerprint, armor=False)
    return (f"Message-ID: <{key.fingerprint}@example.org>\r\n"
            "Date: Mon, 2 Feb 2026 10:11:12 +0100\r\nMIME-Version: 1.0\r\n"
            f"From: Somebody <{key.address}>\r\nTo: bob@example.org\r\n"
            f"Subject: {subject}\r\n").encode() + autocrypt_field(binary, key.address) + more + (
                b"Content-Type: text/plain; charset=UTF-8\r\n\r\n" + body)


def attached(key, content_type="application/pgp-keys", name="key.asc", content=None):
    parts = [mail.part("text/plain", b"Here is my key.\r\n"),
             mail.part(f'{content_type}; name="{name}"', mail.crlf(
                 key.certificate if content is None else content))]
    return mail.multipart("multipart/mixed", parts)


def pasted(key):
    return mail.text(b"This is my key:\r\n" + mail.crlf(key.certificate))


def signed(key, opaque=False):
    """S/MIME, as Apple Mail, Outlook or Thunderbird sign."""
    entity = b"Content-Type: text/plain; charset=utf-8\r\n\r\nHello Bob,  \r\n.\r\nAlice\r\n"
    options = ["-nodetach"] if opaque else []
    body = openssl("cms", "-sign", "-signer", key.certificate_file, "-inkey", key.key_file,
                   "-binary", *options, stdin=entity).stdout
    return mail.crlf(f"From: {key.address}\nTo: bob@example.org\nSubject: Signed\n".encode()
                     + mail.lf(body))
