"""The Dovecot of the tests with Roundcube, its owners, and their messages."""

import contextlib
import email
import email.policy
import html
import re

import mail
from dovecot import Dovecot, User
from letters import FILES, TEXT, TEXT_PART, letter
from mailhost import MAILBOXES
from roundcube import Roundcube
from webmail import Webmails

# Of which Roundcube shows none without the secret key.
NEEDLE = TEXT.splitlines()[0]

ATTACHMENT = (b'Content-Type: text/plain; name="note.txt"\r\n'
              b'Content-Disposition: attachment; filename="note.txt"\r\n\r\n' + FILES["note.txt"])
MESSAGE = letter("multipart/mixed", [TEXT_PART, ATTACHMENT])
DRAFT = letter("multipart/mixed", [TEXT_PART, ATTACHMENT], "alice@example.org").replace(
    b"To: alice@example.org", b"To: friend@example.net")


class Owners:
    """`alice` and `smime` have keys, `keyless` has none, and `expired` an old one."""

    def __init__(self, gnupg, openpgp_keys, x509_keys):
        self.gnupg = gnupg
        self.keys = openpgp_keys
        self.x509 = x509_keys
        self.certificates = {"alice": openpgp_keys.alice.certificate,
                             "smime": x509_keys.alice.certificate, "keyless": None,
                             "expired": gnupg.generate_expired("expired@example.org").certificate}

    def users(self):
        return [User(name, certificate) for name, certificate in self.certificates.items()]

    def unsealed(self, user, stored):
        """The message that was sealed for this owner."""
        return mail.decrypt(stored, self.x509.alice if user == "smime" else self.keys.alice)


def webmail_host(owners, others=(), **site):
    seal = {"mail_seal_addresses": "%u@example.org", **site.pop("seal", {})}
    site = {"metadata": True, "more": MAILBOXES, **site}
    return Dovecot([*owners.users(), *others], seal=seal, **site)


def sealed_draft(host, user):
    """As another program saved it."""
    with host.imap(user) as client:
        assert client.append("Drafts", DRAFT, "(\\Draft \\Seen)").ok
    stored = host.message(user, "Drafts")
    assert mail.is_sealed(stored)
    return stored


def uid_in(host, user, mailbox="INBOX"):
    """The UID of the first message of a mailbox."""
    with host.imap(user) as client:
        client.select(mailbox)
        [found] = client.fetch("1", "UID").values()
    return found["UID"].decode()


@contextlib.contextmanager
def webmail_with_enigma(host, keys, **options):
    """Roundcube with enigma and our plugin; `keys` are those of each user, armored."""
    with Roundcube(host, ["enigma", "mail_seal"], **options) as roundcube:
        for user, armored in ((user, one) for user in keys for one in keys[user]):
            roundcube.give_key(user, armored)
        with Webmails(roundcube) as webmail:
            yield webmail


def parsed(message):
    return email.message_from_bytes(message, policy=email.policy.default)


def text_of(message):
    """Its text; where there is HTML only, that without its tags."""
    body = parsed(message).get_body(("plain", "html"))
    text = mail.lf(body.get_payload(decode=True)).decode() if body else ""
    if body and body.get_content_subtype() == "html":
        text = html.unescape(re.sub(r"<[^>]*>", "", text)).replace("\N{NO-BREAK SPACE}", " ")
    return text


def files_of(message):
    return {part.get_filename(): mail.lf(part.get_payload(decode=True))
            for part in parsed(message).iter_attachments()}


def check_plain(sent, *words):
    """What went out isn't encrypted, and has this in its text."""
    assert b"BEGIN PGP" not in sent and b"X-Mail-Seal" not in sent
    assert all(word in text_of(sent) for word in words)


def encrypted_by_sender(gnupg, key, entity=TEXT_PART):
    return letter('multipart/encrypted; protocol="application/pgp-encrypted"',
                  [mail.part("application/pgp-encrypted", b"Version: 1\r\n"),
                   mail.part("application/octet-stream", mail.crlf(gnupg.encrypt(entity, key)))],
                  "bob@example.org")


def bytes_of(attachment):
    """Of an attached message, or of a file with one: libmagic may take that for a text."""
    return attachment.get_payload(decode=True) or attachment.get_content().as_bytes()
