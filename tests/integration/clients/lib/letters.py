"""The messages of the tests with Thunderbird, and what is to be seen of them."""

import email
import email.policy
import email.utils

import mail

SUBJECT = "Lunch on Friday"
TEXT = "Shall we meet at one?\n\nSee you there."
FILES = {"note.txt": b"Bring the plan.\n"}


def letter(content_type, parts, sender="friend@example.net"):
    """A message of today; Thunderbird compares its date with that of its signature."""
    head = (f"From: {sender}\r\nTo: alice@example.org\r\nSubject: {SUBJECT}\r\n"
            f"Date: {email.utils.formatdate()}\r\nMessage-ID: {email.utils.make_msgid()}\r\n"
            f'MIME-Version: 1.0\r\nContent-Type: {content_type}; boundary="frontier"\r\n\r\n')
    return head.encode() + mail.multipart_body("frontier", parts)


TEXT_PART = mail.part("text/plain", mail.crlf(TEXT.encode()))
MESSAGE = letter("multipart/mixed", [
    TEXT_PART, b'Content-Type: text/plain; name="note.txt"\r\n'
    b'Content-Disposition: attachment; filename="note.txt"\r\n\r\n' + FILES["note.txt"]])


def signed(gnupg, key):
    """A PGP/MIME signed message (RFC 3156) of this key's owner."""
    signature = mail.crlf(gnupg.sign_detached(TEXT_PART, key))
    return letter('multipart/signed; micalg="pgp-sha512"; protocol="application/pgp-signature"',
                  [TEXT_PART, mail.part("application/pgp-signature", signature)], key.address)
