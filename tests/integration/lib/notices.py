"""What mail_seal itself writes to owners, as their mail programs would show it."""

import email
import email.policy
from dataclasses import dataclass

import mail


@dataclass
class Notice:
    header: email.message.EmailMessage   # of the message as it is stored
    sealed: bool
    text: str

    @property
    def subject(self):
        return self.header["Subject"]


def is_notice(stored):
    header = email.message_from_bytes(stored, policy=email.policy.default)
    return header["Message-ID"].startswith("<mail-seal.")


def read(stored, key=None):
    """A message of ours; a sealed one is opened with this key, which must be its only one."""
    header = email.message_from_bytes(stored, policy=email.policy.default)
    assert header["Auto-Submitted"] == "auto-generated"
    assert header["Date"].datetime
    if not mail.is_sealed(stored):
        return Notice(header, False, header.get_content().replace("\r\n", "\n"))
    sealed = mail.unseal(stored)
    assert sealed.fingerprints == [key.fingerprint]
    decrypted = key.opener.decrypt(sealed.ciphertext)
    assert sorted(decrypted.recipients) == sorted(key.encryption_ids)
    inner = email.message_from_bytes(decrypted.data, policy=email.policy.default)
    return Notice(header, True, inner.get_content().replace("\r\n", "\n"))


def of(server, user, key=None, mailbox="INBOX"):
    """The messages of ours in a mailbox."""
    return [read(stored, key) for stored in server.messages(user, mailbox) if is_notice(stored)]


def fingerprint(key):
    """As owners read it: in groups of four, in lines of ten (or eight) groups."""
    groups = [key.fingerprint[i:i + 4] for i in range(0, len(key.fingerprint), 4)]
    per_line = 10 if len(groups) <= 10 else 8
    return [" ".join(groups[i:i + per_line]) for i in range(0, len(groups), per_line)]


def names(notice, key):
    """Does it show this key's fingerprint?"""
    lines = [line.strip() for line in notice.text.splitlines()]
    return all(line in lines for line in fingerprint(key))
