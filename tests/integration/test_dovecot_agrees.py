"""What IMAP says of sealed messages is right, on every format, cached or not.

Each message of the corpus is given to two users, one with a key and one
without.  What Dovecot says of the sealed message is compared with the bytes
that it returns, and the ENVELOPE, which nothing of the sealing may change,
with that of the message that was stored as it came.
"""

import re

import pytest

import corpus
import mail
from dovecot import Dovecot, User

ITEMS = ["RFC822.SIZE", "ENVELOPE", "BODYSTRUCTURE", "BODY", "BODY[]", "BODY[HEADER]", "BODY[TEXT]",
         "BODY[1]", "BODY[1.MIME]", "BODY[2]", "BODY[2.MIME]"]
COMMAND = " ".join(ITEMS).replace("BODY[", "BODY.PEEK[")


class Stored:
    """The corpus in the INBOX of both users."""

    def __init__(self, server, names):
        self.server, self.names = server, names
        self.sealed = self.fetch("alice")
        self.plain = self.fetch("plain")

    def fetch(self, user):
        with self.server.imap(user) as client:
            client.select()
            items = client.fetch("1:*", COMMAND)
        assert list(items) == list(range(1, len(self.names) + 1))
        return dict(zip(self.names, items.values()))


FORMATS = {name: {"mail_format": name} for name in ("maildir", "sdbox", "mdbox", "mbox")}
FORMATS["compressed"] = {"plugins": ("compress",)}


@pytest.fixture(scope="module", params=FORMATS)
def stored(request, keys):
    with Dovecot([User("alice", keys.alice.certificate), User("plain")],
                 **FORMATS[request.param]) as server:
        yield Stored(server, save_all(server, list(FORMATS).index(request.param)))


def save_all(server, start):
    """Save the corpus, by APPEND and LMTP in turns; return the names of what was stored."""
    messages, names = corpus.ALL, []
    if server.site.mail_format == "mbox":
        # It adds fields of its own, and doesn't get that right where the header section is broken.
        messages = {name: message for name, message in messages.items()
                    if corpus.has_clean_header(message)}
    with server.lmtp() as lmtp, server.imap("alice") as alice, server.imap("plain") as plain:
        for number, (name, message) in enumerate(messages.items(), start):
            if number % 2 == 0:
                replies = lmtp.deliver_chunk(message, "alice@example.org", "plain@example.org")
                assert [reply.code for reply in replies] == [250, 250], (name, replies)
                names.append(name)
            else:
                replies = [client.append("INBOX", message) for client in (alice, plain)]
                assert replies[0].ok == replies[1].ok == (message != b""), (name, replies)
                names += [name] * replies[0].ok
    return names


def for_all(stored, check):
    """Call check(sealed item, plain item) for every message, then tell of all that failed."""
    failed = {}
    for name in stored.names:
        try:
            check(stored.sealed[name], stored.plain[name])
        except AssertionError as error:
            failed[name] = str(error)[:2000]
    assert failed == {}


def test_most_are_sealed(stored):
    sealed = [name for name in stored.names if mail.is_sealed(stored.sealed[name]["BODY[]"])]
    assert len(sealed) > 0.9 * len(stored.names) > 70
    assert not any(mail.is_sealed(item["BODY[]"]) for item in stored.plain.values())


def test_envelope(stored):
    def check(sealed, plain):
        assert sealed["ENVELOPE"] == plain["ENVELOPE"]
    for_all(stored, check)


def test_sections(stored):
    """BODY[...] are the pieces of BODY[], and RFC822.SIZE is its size."""
    def check(sealed, _plain):
        whole = sealed["BODY[]"]
        assert int(sealed["RFC822.SIZE"]) == len(whole)
        assert sealed["BODY[HEADER]"] + sealed["BODY[TEXT]"] == whole
        assert re.search(rb"(^|\n)\r\n$", sealed["BODY[HEADER]"])
        if mail.is_sealed(whole):
            assert sealed["BODY[TEXT]"] == body_of_sealed(whole)
            assert [(sealed[f"BODY[{n}.MIME]"], sealed[f"BODY[{n}]"]) for n in (1, 2)] \
                == parts_of(sealed["BODY[TEXT]"])
    for_all(stored, check)


def test_structure(stored):
    def check(sealed, plain):
        if not mail.is_sealed(sealed["BODY[]"]):
            assert sealed["BODYSTRUCTURE"] == plain["BODYSTRUCTURE"]
            return
        boundary, parts = parts_with_boundary(sealed["BODY[TEXT]"])
        (_, version), (_, armor) = parts
        version = [b"application", b"pgp-encrypted", None, None,
                   b"PGP/MIME version identification", b"7bit", b"%d" % len(version)]
        armor = [b"application", b"octet-stream", [b"name", b"encrypted.asc"], None,
                 b"OpenPGP encrypted message", b"7bit", b"%d" % len(armor)]
        disposition = [b"inline", [b"filename", b"encrypted.asc"]]
        assert sealed["BODY"] == [version, armor, b"encrypted"]
        assert sealed["BODYSTRUCTURE"] == [
            version + [None] * 4, armor + [None, disposition, None, None], b"encrypted",
            [b"protocol", b"application/pgp-encrypted", b"boundary", boundary], None, None, None]
    for_all(stored, check)


def body_of_sealed(stored):
    """All behind our last header field."""
    ours = re.search(rb'\r\nX-Mail-Seal: .*(\r\n .*)*\r\nContent-Type: .*(\r\n .*)*\r\n\r\n',
                     b"\r\n" + stored)
    return stored[ours.end() - 2:]


def parts_with_boundary(body):
    """The boundary, and of each part its header and its content, by RFC 2046 section 5.1.1."""
    boundary = re.search(rb"\r\n--(.*)--\r\n$", body)[1]
    between = body.split(b"\r\n--" + boundary)[1:-1]
    parts = [part.removeprefix(b"\r\n").partition(b"\r\n\r\n") for part in between]
    return boundary, [(head + empty, content) for head, empty, content in parts]


def parts_of(body):
    return parts_with_boundary(body)[1]


def test_same_without_index_and_cache(stored):
    server = stored.server
    mark = len(server.log())
    for user in ("alice", "plain"):
        for cache in server.home(user).rglob("dovecot.index.cache*"):
            cache.unlink()
        server.doveadm("force-resync", "-u", user, "*")
        server.doveadm("index", "-u", user, "*")
        server.doveadm("fetch", "-u", user, "imap.envelope imap.bodystructure size.physical "
                       "size.virtual date.received guid", "all")
    assert stored.fetch("alice") == stored.sealed
    assert stored.fetch("plain") == stored.plain
    assert complaints(server.log_since(mark)) == []


def test_nothing_to_complain_about(stored):
    assert complaints(stored.server.log()) == []


def complaints(log):
    """Dovecot's mbox code also complains of messages that were stored as they came."""
    return [line for line in log.splitlines()
            if re.search(r"Error|Warning|Panic|Fatal", line) and "(plain)" not in line]
