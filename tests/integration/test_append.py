"""APPEND, COPY and MOVE over IMAP: every way of sending a literal, and what IMAP promises of it."""

import base64
import email
import os

import pytest

import mail
from dovecot import Dovecot, User
from imap import Literal
from sandbox import wait_until

MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")
DATE = "03-Feb-2025 10:11:12 +0000"


@pytest.fixture(scope="module")
def keys(each_kind):
    return each_kind


@pytest.fixture(scope="module")
def server(keys):
    users = [User("alice", keys.alice.certificate), User("plain")]
    with Dovecot(users, seal={"mail_seal_exclude": "\\Drafts"}) as dovecot:
        yield dovecot


@pytest.fixture
def client(server):
    server.empty("alice")
    with server.imap("alice") as imap:
        yield imap


@pytest.fixture
def check(gnupg, keys):
    def check_sealed(stored, original):
        return mail.check_sealed(stored, original, gnupg, keys.alice, delivered=False)
    return check_sealed


def only(messages):
    assert len(messages) == 1, f"{len(messages)} messages"
    return messages[0]


LITERALS = {
    "synchronising": {},
    "non-synchronising": {"sync": False},
    "binary": {"binary": True},
    "binary non-synchronising": {"binary": True, "sync": False},
    "one byte at a time": {"piece": 1},
    "non-synchronising, one byte at a time": {"sync": False, "piece": 1},
}


@pytest.mark.parametrize("options", LITERALS.values(), ids=LITERALS.keys())
def test_literal(client, check, options):
    response = client.append("INBOX", MESSAGE, **options)
    assert response.ok, response
    check(only(client.messages()), MESSAGE)


@pytest.mark.parametrize("size", [1000, 8191, 8192, 8193, 65536, 300_000])
def test_sizes_around_buffers(client, check, size):
    message = mail.text(b"x" * 77 + b"\r\n" + b"y" * size + b"\r\n")
    assert client.append("INBOX", message).ok
    check(only(client.messages()), message)


def test_30_megabytes(client, check):
    lines = base64.encodebytes(os.urandom(22 << 20))
    message = mail.text(mail.crlf(lines))
    assert len(message) > 30_000_000
    assert client.append("INBOX", message).ok
    check(only(client.messages()), message)


def test_binary_part(client, keys):
    """literal8 may hold NULs; Dovecot turns a binary part into base64 before it is sealed."""
    binary = bytes(range(256)) * 20
    message = mail.multipart("multipart/mixed", [
        mail.part("text/plain", b"see attachment"),
        b"Content-Type: application/octet-stream\r\n"
        b"Content-Transfer-Encoding: binary\r\n\r\n" + binary])
    assert client.append("INBOX", message, binary=True).ok
    entity = email.message_from_bytes(mail.decrypt(only(client.messages()), keys.alice))
    assert entity.get_payload(1).get_payload(decode=True) == binary


def test_multiappend(client, check):
    texts = [mail.text(b"message %d\r\n" % n) for n in range(3)]
    response = client.command("APPEND INBOX ", Literal(texts[0]),
                              " (\\Seen) ", Literal(texts[1], sync=False),
                              f' (\\Flagged) "{DATE}" ', Literal(texts[2]))
    assert response.ok, response
    stored = client.messages()
    assert len(stored) == 3
    for message, original in zip(stored, texts):
        check(message, original)
    flags = client.fetch("1:3", "FLAGS")
    assert b"\\Seen" in flags[2]["FLAGS"] and b"\\Flagged" in flags[3]["FLAGS"]
    assert len(response.code("APPENDUID")[1].replace(":", " ").split()) == 2, "not a UID range"


def test_multiappend_of_sealed_and_plain(client, check, gnupg, openpgp_keys):
    """What was sealed already stays as it is beside what has to be sealed."""
    encrypted = mail.pgp_mime(gnupg.encrypt(b"secret", openpgp_keys.alice))
    response = client.command("APPEND INBOX ", Literal(encrypted), " ", Literal(MESSAGE))
    assert response.ok, response
    first, second = client.messages()
    mail.check_unchanged(first, encrypted, delivered=False)
    check(second, MESSAGE)


def test_catenate(client, check):
    """A client that composes on the server: its own text and a part of another message."""
    draft = mail.text(b"The draft's text\r\n")
    uidvalidity, uid = client.append("Drafts", draft).code("APPENDUID")
    header = mail.text(b"")
    url = f"/Drafts;UIDVALIDITY={uidvalidity}/;UID={uid}/;SECTION=TEXT"
    client.select()
    response = client.command("APPEND INBOX CATENATE (TEXT ", Literal(header),
                              f' URL "{url}" TEXT ', Literal(b"and more\r\n", sync=False), ")")
    assert response.ok, response
    check(only(client.messages()), header + b"The draft's text\r\nand more\r\n")


@pytest.mark.parametrize("received", [0, 1, 10_000, 500_000])
def test_client_gone_in_mid_literal(server, client, received):
    client.select()
    client.socket.sendall(b"x APPEND INBOX {1000000+}\r\n" + (MESSAGE * 10_000)[:received])
    client.close()
    assert wait_until(lambda: not server.service_pids("imap"))
    assert wait_until(lambda: not server.foreign_processes())
    assert server.messages("alice") == []
    assert server.leftovers("alice") == []


def test_flags_date_and_uid(client, check):
    response = client.append("INBOX", MESSAGE, f'(\\Seen $Custom) "{DATE}" ')
    check(only(client.messages()), MESSAGE)
    item = client.fetch("1", "UID FLAGS INTERNALDATE")[1]
    assert {b"\\Seen", b"$Custom"} <= set(item["FLAGS"])
    assert email.utils.parsedate_to_datetime(item["INTERNALDATE"].decode().replace("-", " ")) \
        == email.utils.parsedate_to_datetime(DATE.replace("-", " "))
    uidvalidity = client.select().code("UIDVALIDITY")
    assert response.code("APPENDUID") == [*uidvalidity, item["UID"].decode()]


def test_excluded_mailbox_keeps_plaintext(client):
    assert client.append("Drafts", MESSAGE).ok
    mail.check_unchanged(only(client.messages("Drafts")), MESSAGE, delivered=False)


@pytest.mark.parametrize("command", ["COPY", "MOVE"])
def test_out_of_excluded_mailbox(server, client, check, command):
    uid = client.append("Drafts", MESSAGE, f'(\\Answered) "{DATE}" ').code("APPENDUID")[1]
    before = client.select("Drafts") and client.fetch("1", "INTERNALDATE")[1]
    response = client.must(f"{command} 1 INBOX")
    _, source, target = response.code("COPYUID")
    check(only(client.messages()), MESSAGE)
    copy = client.fetch("1", "UID FLAGS INTERNALDATE")[1]
    assert (source, target) == (uid, copy["UID"].decode())
    assert b"\\Answered" in copy["FLAGS"]
    assert copy["INTERNALDATE"] == before["INTERNALDATE"]
    assert len(client.messages("Drafts")) == (1 if command == "COPY" else 0)
    assert only(server.maildir_files("alice")).stat().st_nlink == 1


def test_copy_of_many(client, check):
    texts = [mail.text(b"draft %d\r\n" % n) for n in range(5)]
    for text in texts:
        client.append("Drafts", text)
    client.select("Drafts")
    client.must("COPY 1:5 INBOX")
    for stored, original in zip(client.messages(), texts, strict=True):
        check(stored, original)


def test_copy_gets_a_guid_of_its_own(server, client):
    """Two messages of one GUID but different bytes would confuse dsync."""
    client.append("Drafts", MESSAGE)
    client.select("Drafts")
    client.must("COPY 1 INBOX")
    guids = server.doveadm("fetch", "-u", "alice", "guid", "mailbox", "*", "all").stdout.split()
    values = [word for word in guids if word != b"guid:"]
    assert len(values) == len(set(values)) == 2


@pytest.mark.parametrize("command", ["COPY", "MOVE"])
def test_sealed_message_stays_identical(server, client, command):
    client.append("INBOX", MESSAGE)
    sealed = only(client.messages())
    client.command("CREATE Archive")
    client.must(f"{command} 1 Archive")
    assert only(client.messages("Archive")) == sealed
    if command == "COPY":
        assert only(server.maildir_files("alice")).stat().st_nlink == 2, "not a cheap copy"


def test_sealed_message_stays_identical_in_excluded_mailbox(client):
    client.append("INBOX", MESSAGE)
    sealed = only(client.messages())
    client.must("COPY 1 Drafts")
    assert only(client.messages("Drafts")) == sealed


def test_user_without_key_keeps_plaintext(server):
    server.empty("plain")
    with server.imap("plain") as client:
        assert client.append("INBOX", MESSAGE).ok
        mail.check_unchanged(only(client.messages()), MESSAGE, delivered=False)
