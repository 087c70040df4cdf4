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
        self.alice = self.fetch("alice")
        self.plain = self.fetch("plain")
        self.sealed = [name for name in names if mail.is_sealed(self.alice[name]["BODY[]"])]

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


def for_all(names, check):
    """Call check(name) for every message, then tell of all that failed."""
    failed = {}
    for name in names:
        try:
            check(name)
        except AssertionError as error:
            failed[name] = str(error)[:1000]
    assert not failed, "\n".join(f"{name}: {error}" for name, error in failed.items())


def test_most_are_sealed(stored):
    """The others are random ones that were encrypted already."""
    assert len(stored.sealed) > 0.9 * len(stored.names) > 70
    assert not any(mail.is_sealed(item["BODY[]"]) for item in stored.plain.values())


def test_opens(stored, gnupg):
    """Decrypted it is what came, and outside stand the other fields."""
    def check(name):
        original = corpus.ALL[name]
        sealed = mail.unseal(stored.alice[name]["BODY[]"])
        mail.assert_same_bytes(gnupg.decrypt(sealed.armor).data, mail.expected_entity(original))
        if stored.server.site.mail_format != "mbox":  # which has header fields of its own
            outer = mail.expected_outer_bytes(original)
            if not mail.has_mime_version(original):
                outer += b"MIME-Version: 1.0\r\n"
            assert as_stored(b"".join(sealed.outer)).endswith(as_stored(outer))
    for_all(stored.sealed, check)


def as_stored(header):
    """Dovecot stores line ends as LF, shows them and a CR before them as CRLF, and no NULs."""
    return re.sub(rb"\r+\n", b"\n", header.replace(b"\0", b"\x80"))


def test_envelope(stored):
    def check(name):
        assert stored.alice[name]["ENVELOPE"] == stored.plain[name]["ENVELOPE"]
    for_all(stored.names, check)


def test_sizes(stored):
    def check(name):
        item = stored.alice[name]
        assert int(item["RFC822.SIZE"]) == len(item["BODY[]"])
    for_all(stored.names, check)


def test_sections(stored):
    """BODY[...] are the pieces of BODY[]."""
    def check(name):
        item = stored.alice[name]
        header, body = split_sealed(item["BODY[]"])
        assert (item["BODY[HEADER]"], item["BODY[TEXT]"]) == (header, body)
        assert [(item[f"BODY[{n}.MIME]"], item[f"BODY[{n}]"]) for n in (1, 2)] == split_body(body)[1]
    for_all(stored.sealed, check)


def test_structure(stored):
    def check(name):
        item = stored.alice[name]
        boundary, parts = split_body(split_sealed(item["BODY[]"])[1])
        (_, version), (_, armor) = parts
        version = [b"application", b"pgp-encrypted", None, None,
                   b"PGP/MIME version identification", b"7bit", b"%d" % len(version)]
        armor = [b"application", b"octet-stream", [b"name", b"encrypted.asc"], None,
                 b"OpenPGP encrypted message", b"7bit", b"%d" % len(armor)]
        disposition = [b"inline", [b"filename", b"encrypted.asc"]]
        assert item["BODY"] == [version, armor, b"encrypted"]
        assert item["BODYSTRUCTURE"] == [
            version + [None] * 4, armor + [None, disposition, None, None], b"encrypted",
            [b"protocol", b"application/pgp-encrypted", b"boundary", boundary], None, None, None]
    for_all(stored.sealed, check)


def split_sealed(stored):
    """Header section with its empty line, and body: that begins behind our last field."""
    ours = re.search(rb"^Content-Type: .*\r\n( .*\r\n)*\r\n", stored, re.MULTILINE)
    return stored[:ours.end()], stored[ours.end():]


def split_body(body):
    """The boundary, and of each part the header and the content, by RFC 2046 section 5.1.1."""
    boundary = re.search(rb"\r\n--(.*)--\r\n$", body)[1]
    parts = [part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
             for part in body.split(b"\r\n--" + boundary)[1:-1]]
    return boundary, [(head + empty, content) for head, empty, content in parts]


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
    assert stored.fetch("alice") == stored.alice
    assert stored.fetch("plain") == stored.plain
    assert complaints(server.log_since(mark)) == []


def test_nothing_to_complain_about(stored):
    assert complaints(stored.server.log()) == []


def complaints(log):
    """Dovecot's mbox code also complains of messages that were stored as they came, and the
    master, the indexes and the auth process of machines that are slow."""
    slow = r"Time moved forward|(took|was locked for) \d+ sec"
    return [line for line in log.splitlines()
            if re.search(r"Error|Warning|Panic|Fatal", line) and "(plain)" not in line
            and not re.search(slow, line)]
