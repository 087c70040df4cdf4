"""After every way in, the plaintext is in no file below the server's folders."""

import base64

import pytest

import mail
from dovecot import Dovecot, User

ATTACHMENT = b"0123456789" * 30_000 + mail.CANARY + b"0123456789" * 30_000


def message_with_attachment(attachment):
    return mail.multipart("multipart/mixed", [
        mail.part("text/plain", mail.CANARY + b"\r\n"),
        b'Content-Type: application/octet-stream; name="' + mail.CANARY + b'.bin"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n"
        + mail.crlf(base64.encodebytes(attachment))])


SMALL = message_with_attachment(mail.CANARY * 10)
LARGE = message_with_attachment(ATTACHMENT)  # above the 128 kB where temporary files begin


@pytest.fixture(scope="module")
def keys(each_kind):
    return each_kind


@pytest.fixture(scope="module", params=["maildir", "sdbox", "mdbox", "mbox"])
def server(request, keys):
    users = [User("alice", keys.alice.certificate), User("plain")]
    with Dovecot(users, mail_format=request.param,
                 plugins=("notify", "mail_log", "sieve")) as dovecot:
        yield dovecot


def files_with_plaintext(folder):
    """Files below `folder` that hold the canary, as it is or in base64."""
    signs = [mail.CANARY, *mail.attachment_canary()]
    return [file for file in folder.rglob("*") if file.is_file() and not file.is_symlink()
            and any(sign in file.read_bytes() for sign in signs)]


def everything_in(server, user):
    """All ways in, and everything that makes Dovecot fill its caches."""
    server.empty(user)
    for message in (SMALL, LARGE):
        assert server.deliver(message, user)[0].code == 250
        assert server.lda(user, message=message).returncode == 0
        with server.imap(user) as client:
            assert client.append("INBOX", message).ok
    with server.imap(user) as client:
        client.select()
        client.must("COPY 1:* Drafts")
        for mailbox in ("INBOX", "Drafts"):
            client.select(mailbox)
            client.fetch("1:*", "ENVELOPE BODY BODYSTRUCTURE RFC822.SIZE PREVIEW "
                                "BODY.PEEK[HEADER] BODY.PEEK[1]")
            client.must(f'SEARCH TEXT "{mail.CANARY.decode()}"')
            client.must("SORT (SUBJECT SIZE) UTF-8 ALL")


def test_plaintext_is_nowhere(server):
    everything_in(server, "alice")
    everything_in(server, "plain")
    found = files_with_plaintext(server.folder)
    assert [file for file in found if server.home("plain") not in file.parents] == []
    assert found, "the search finds nothing even in a mailbox without key"


def test_search_finds_nothing_inside(server):
    everything_in(server, "alice")
    with server.imap("alice") as client:
        client.select()
        response = client.must(f'SEARCH TEXT "{mail.CANARY.decode()}"')
        assert response.untagged[0].strip() == b"* SEARCH"


def test_imap_describes_the_sealed_message(server):
    everything_in(server, "alice")
    with server.imap("alice") as client:
        client.select()
        for item in client.fetch("1:*", "ENVELOPE BODYSTRUCTURE RFC822.SIZE PREVIEW "
                                        "BODY.PEEK[] BODY.PEEK[1] BODY.PEEK[2]").values():
            check_description(item)


def check_structure(item, armor):
    structure = item["BODYSTRUCTURE"]
    if structure[0] == b"application":
        assert mail.lf(item["BODY[1]"]) == armor
        assert structure[1:3] == [b"pkcs7-mime", [b"smime-type", b"enveloped-data",
                                                  b"name", b"smime.p7m"]]
        assert structure[5] == b"base64"
        assert int(structure[6]) == len(item["BODY[1]"])
        return
    assert mail.lf(item["BODY[2]"]) == armor
    version, data, subtype, parameters = structure[:4]
    assert (version[:2], data[:2], subtype.lower()) == (
        [b"application", b"pgp-encrypted"], [b"application", b"octet-stream"], b"encrypted")
    assert parameters[:2] == [b"protocol", b"application/pgp-encrypted"]
    assert int(data[6]) == len(item["BODY[2]"])


def check_description(item):
    stored = item["BODY[]"]
    assert int(item["RFC822.SIZE"]) == len(stored)
    check_structure(item, mail.unseal(stored).armor)
    assert item["ENVELOPE"][1] == b"Test"
    assert item["ENVELOPE"][9] == b"<1@example.org>"
    assert mail.CANARY not in (item["PREVIEW"] or b"")
