"""What a mailbox holds, to be compared before and after something is done to it."""

from collections import Counter
from typing import NamedTuple

import mail
from imap import Literal


class Stored(NamedTuple):
    """A message with all that must survive sealing; equal for plaintext and sealed."""
    outer: tuple                     # header fields outside, LF line ends
    entity: bytes                    # MIME entity, decrypted
    flags: frozenset
    received: bytes


class Mailbox:
    """A user's mailbox, read over IMAP.  Decrypted messages are remembered."""

    def __init__(self, server, gnupg, user, name="INBOX"):
        self.server, self.gnupg, self.user, self.name = server, gnupg, user, name
        self._entities = {}

    def fill(self, messages):
        """APPEND (message, flags, date) triples in one command."""
        parts = [f'APPEND "{self.name}"']
        for message, flags, date in messages:
            parts += [f' ({flags}) "{date}" ', Literal(message, sync=False)]
        with self.server.imap(self.user) as client:
            client.must(*parts)

    def fetch(self):
        with self.server.imap(self.user) as client:
            client.select(self.name)
            if not client.must("SEARCH ALL").untagged[0].split()[2:]:
                return []
            items = list(client.fetch("1:*", "UID FLAGS INTERNALDATE BODY.PEEK[]").values())
        for item in items:
            item["FLAGS"] = frozenset(flag.lower() for flag in item["FLAGS"]) - {b"\\recent"}
        return items

    def content(self):
        """All messages, as a multiset."""
        return Counter(self._stored(item) for item in self.fetch())

    def plaintext(self):
        return [item for item in self.fetch() if not mail.is_sealed(item["BODY[]"])]

    def _stored(self, item):
        raw = item["BODY[]"]
        outer = [mail.lf(field) for field in mail.split(raw).fields
                 if not mail.is_content(field)
                 and mail.field_name(field) not in ("x-mail-seal", "mime-version")]
        return Stored(tuple(outer), self._entity(raw), item["FLAGS"], item["INTERNALDATE"])

    def _entity(self, raw):
        if not mail.is_sealed(raw):
            return mail.expected_entity(raw)
        if raw not in self._entities:
            self._entities[raw] = self.gnupg.decrypt(mail.unseal(raw).armor).data
        return self._entities[raw]


def date(day):
    return f"{day:02d}-Feb-2021 10:11:12 +0000"


def mixture(count, size=2000):
    """Messages of all kinds of flags and keywords; some are equal, some in their header only."""
    flags = ["", "\\Seen", "\\Flagged \\Answered", "\\Draft $Forwarded", "\\Deleted",
             "NonJunk \\Seen", "$Label1 NonJunk"]
    bodies = [b"first\r\n", b"first\r\n", b"second\r\n", b"x" * 60 + b"\r\n"]
    return [(mail.text(bodies[n % 4] + b"%d\r\n" % (n // 4 * (n % 4 > 1)) * (size // 10)),
             flags[n % len(flags)], date(n % 4 + 1)) for n in range(count)]


def uids(items):
    return sorted(int(item["UID"]) for item in items)


def files_with(folder, sign):
    """Files below `folder` that hold these bytes."""
    return [file for file in folder.rglob("*") if file.is_file() and sign in file.read_bytes()]


def snapshot(folder):
    """Everything that changes when somebody writes there: names, contents, times."""
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_mode,
                        path.read_bytes() if path.is_file() else None)
            for path in [folder, *folder.rglob("*")]}
