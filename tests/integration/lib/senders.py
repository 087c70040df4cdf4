"""Encrypted messages as real senders write them, and some that only look like it.

Functions of a `Material`, by the message's name."""

import base64
import re
from dataclasses import dataclass

import der
import mail

LETTER = (b"Dear Bob, the meeting is at ten in room four, and the code of the door is 1234. "
          + mail.CANARY)


@dataclass(frozen=True)
class Material:
    armor: bytes                     # of gpg, CRLF
    packets: bytes                   # the same without the armor
    cms: bytes                       # EnvelopedData of openssl, DER


def armored(data, checksum=b"", header=b""):
    return (b"-----BEGIN PGP MESSAGE-----\r\n" + header + b"\r\n"
            + mail.crlf(base64.encodebytes(data)) + checksum
            + b"-----END PGP MESSAGE-----\r\n")


def entity(content_type, content, *fields, encoding=None):
    """A body part; content is encoded if encoding says so."""
    if encoding == "base64":
        content = mail.crlf(base64.encodebytes(content))
    lines = [f"Content-Type: {content_type}", *fields]
    lines += [f"Content-Transfer-Encoding: {encoding}"] if encoding else []
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + content


OCTETS = 'application/octet-stream; name="encrypted.asc"'
VERSION = entity("application/pgp-encrypted", b"Version: 1\r\n")
ENCRYPTED = 'multipart/encrypted; protocol="application/pgp-encrypted"'
EMPTY = entity('text/plain; charset="us-ascii"', b"\r\n", encoding="quoted-printable")
OUTLOOK_HTML = b"""\
<html>
<head>
<meta http-equiv="Content-Type" content="text/html; charset=us-ascii">
<style type="text/css" style="display:none;"> P {margin-top:0;margin-bottom:0;} </style>
</head>
<body dir="ltr">
<div style="font-family: Calibri, Helvetica, sans-serif; font-size: 12pt; color: rgb(0, 0, 0);">
<br>
</div>
</body>
</html>
"""


def pgp_mime(content, version=VERSION, fields=(), encoding=None):
    return mail.multipart(ENCRYPTED, [version, entity(OCTETS, content, *fields,
                                                      encoding=encoding)])


def flowcrypt(material):
    fields = ("X-Attachment-Id: f_0123456789@flowcrypt",
              "Content-Id: <f_0123456789@flowcrypt>")
    version = entity("application/pgp-encrypted; name=", b"Version: 1",
                     "Content-Description: PGP/MIME version identification",
                     "Content-Disposition: attachment", *fields, encoding="base64")
    return pgp_mime(material.armor, version.rstrip(b"\r\n"), fields, encoding="base64")


def python(material):
    fields = ("MIME-Version: 1.0", "Content-Transfer-Encoding: 7bit")
    version = entity('application/pgp-encrypted; charset="us-ascii"', b"Version: 1", *fields)
    return pgp_mime(material.armor, version, fields)


def exchange(material, *first, close=True):
    message = mail.multipart("multipart/mixed", [
        *first,
        entity('application/pgp-encrypted;\r\n\tname="PGPMIME version identification"',
               b"Version: 1\r\n",
               'Content-Disposition: attachment; filename="PGPMIME version identification";'
               ' size=12;\r\n\tcreation-date="Mon, 02 Nov 2026 10:00:00 GMT"',
               "Content-ID: <1@EURPRD10.PROD.OUTLOOK.COM>",
               "X-MS-Exchange-Something: of its own", encoding="base64"),
        entity(OCTETS, material.armor, "Content-ID: <2@EURPRD10.PROD.OUTLOOK.COM>",
               encoding="base64")])
    return message if close else re.sub(rb"--\r\n$", b"\r\n", message)


def alternative(text, html):
    return (b'Content-Type: multipart/alternative; boundary="_000_"\r\n\r\n'
            + mail.multipart_body("_000_", [entity("text/plain", text),
                                            entity("text/html", html)]))


def with_checksum(material, checksum):
    return pgp_mime(armored(material.packets, checksum))


def smime(data):
    return mail.message(mail.crlf(base64.encodebytes(data)), headers=[
        ("MIME-Version", "1.0"), ("Content-Transfer-Encoding", "base64"),
        ("Content-Type", 'application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"')])


AS_SENT = {
    "FlowCrypt": flowcrypt,
    "Python's email package": python,
    "many fields in parts": lambda m: pgp_mime(
        m.armor, fields=[f"X-Field-{n}: " + "x" * 60 for n in range(20)]),
    "quoted-printable": lambda m: pgp_mime(
        m.armor.replace(b"=", b"=3D"), fields=["Content-Transfer-Encoding: quoted-printable"]),
    "no empty line behind the version": lambda m: pgp_mime(m.armor, VERSION.rstrip(b"\r\n")),
    "no empty line before the version": lambda m: pgp_mime(
        m.armor, b"Content-Type: application/pgp-encrypted\r\nVersion: 1\r\n"),
    "no version": lambda m: pgp_mime(m.armor, entity("application/pgp-encrypted", b"")),
    "no closing delimiter": lambda m: re.sub(rb"--frontier--\r\n$", b"", pgp_mime(m.armor)),
    "an open delimiter at the end": lambda m: re.sub(rb"--\r\n$", b"\r\n", pgp_mime(m.armor)),
    "a wrong checksum": lambda m: with_checksum(m, b"=AAAA\r\n"),
    "half a checksum": lambda m: with_checksum(m, b"=AA\r\n"),
    "no checksum": lambda m: with_checksum(m, b""),
    "lines of any length": lambda m: pgp_mime(re.sub(
        rb"(?<=\w)\r\n(?=\w)", b"", armored(m.packets))),
    "an armor header": lambda m: pgp_mime(armored(
        m.packets, header=b"Version: BCPG C# v1.6.1.0\r\nComment: Seamlessly send and receive "
                          b"encrypted email\r\n")),
    "a marker packet": lambda m: pgp_mime(armored(der.packet(10, b"PGP") + m.packets)),
    "a comment in the field": lambda m: pgp_mime(m.armor).replace(
        b"/encrypted;", b"/encrypted (RFC 3156) ;", 1),
    "Exchange": exchange,
    "Exchange, no closing delimiter": lambda m: exchange(m, EMPTY, close=False),
    "Exchange, empty HTML": lambda m: exchange(m, entity("text/html", b"")),
    "Exchange, HTML without text": lambda m: exchange(
        m, entity("text/html", mail.crlf(OUTLOOK_HTML))),
    "Exchange, HTML in base64": lambda m: exchange(
        m, entity("text/html", mail.crlf(OUTLOOK_HTML), encoding="base64")),
    "Exchange, empty alternative": lambda m: exchange(
        m, alternative(b"\r\n", mail.crlf(OUTLOOK_HTML))),
    "Exchange, empty alternative, no closing delimiter": lambda m: exchange(
        m, alternative(b"", b"<html><head></head><body></body></html>"), close=False),
}


def without_session_key(material):
    return armored(b"".join(packet for tag, packet in der.packets(material.packets)
                            if tag not in (1, 3)))


def cms(change):
    return lambda material: smime(der.change_envelope(material.cms, change))


def add_unprotected(elements):
    attribute = der.encode(0x30, der.encode(6, bytes.fromhex("2a864886f70d010905")),
                           der.encode(0x31, der.encode(4, LETTER)))
    elements.append((0xa1, attribute))


def add_originator(elements):
    certificate = der.encode(0x30, der.encode(0x30, der.encode(0x0c, LETTER)))
    elements.insert(1, (0xa0, der.encode(0xa0, certificate)))


def add_recipient(elements):
    _, recipients = elements[1]
    other = der.encode(0xa4, der.encode(6, bytes.fromhex("2a0304")), der.encode(0x0c, LETTER))
    elements[1] = (0x31, recipients + other)


def drop_content(elements):
    first_two = der.members(elements[2][1])[:2]
    elements[2] = (0x30, b"".join(der.encode(*element) for element in first_two))


def text_as_content(elements):
    first_two = der.members(elements[2][1])[:2]
    elements[2] = (0x30, b"".join(der.encode(*element) for element in [
        *first_two, (0x80, LETTER)]))


NOT_ENCRYPTED = {
    "no session key": lambda m: pgp_mime(without_session_key(m)),
    "a letter as session key": lambda m: pgp_mime(armored(
        der.packet(1, b"\x03" + LETTER) + m.packets)),
    "a letter as padding": lambda m: pgp_mime(armored(der.packet(21, LETTER) + m.packets)),
    "a letter as a private packet": lambda m: pgp_mime(armored(
        m.packets + der.packet(60, LETTER))),
    "a letter in the armor header": lambda m: pgp_mime(armored(m.packets, header=b"".join(
        b"Comment: %s\r\n" % line for line in re.findall(b".{1,60}", LETTER * 3)))),
    "a letter in parts' headers": lambda m: pgp_mime(m.armor, fields=[
        "X-Letter: " + "\r\n ".join([LETTER.decode()] * 50)]),
    "a letter behind base64": lambda m: pgp_mime(m.armor, encoding="base64").replace(
        b"\r\n--frontier--", b"\r\n" + LETTER + b"\r\n--frontier--"),
    "a letter behind an open delimiter": lambda m: re.sub(
        rb"--\r\n$", b"\r\n\r\n" + LETTER + b"\r\n", pgp_mime(m.armor)),
    "Exchange, HTML with text": lambda m: exchange(m, entity("text/html", b"<p>%s</p>" % LETTER)),
    "Exchange, HTML with a comment": lambda m: exchange(
        m, entity("text/html", b"<html><!-- %s --></html>" % LETTER)),
    "Exchange, HTML with a title": lambda m: exchange(
        m, entity("text/html", b"<html><head><title>%s</title></head></html>" % LETTER)),
    "Exchange, alternative with text": lambda m: exchange(
        m, alternative(LETTER, b"<html></html>")),
    "Exchange, text behind the alternative": lambda m: exchange(
        m, alternative(b"\r\n", b"<html></html>") + LETTER),
    "CMS, a letter in unprotectedAttrs": cms(add_unprotected),
    "CMS, a letter in originatorInfo": cms(add_originator),
    "CMS, a letter as a recipient": cms(add_recipient),
    "CMS without content": cms(drop_content),
    "CMS, a letter as content": cms(text_as_content),
}
