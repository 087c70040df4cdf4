"""mail_seal_protect_headers: fields hidden outside are inside, where clients look for them."""

import email
import email.policy

import pytest

import mail
from dovecot import Dovecot, User

HIDDEN = ("subject", "keywords")
KEPT = ("subject", "from", "to", "cc", "date", "message-id", "reply-to", "in-reply-to",
        "references", "keywords")
START = (b"From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\nTo: a@example.org,\r\n b@example.org\r\n"
         b"Cc: c@example.org\r\nReply-To: r@example.org\r\nMessage-ID: <1@example.org>\r\n"
         b"In-Reply-To: <0@example.org>\r\nReferences: <-1@example.org>\r\n <0@example.org>\r\n"
         b"Date: Mon, 03 Feb 2025 10:11:12 +0000\r\nX-Mailer: x\r\n"
         b"Keywords: " + mail.CANARY + b"\r\n")
SUBJECT = b"Subject: about " + mail.CANARY + b"\r\n"
HTML = b"Content-Type: text/html; charset=utf-8\r\n"

PROTECTED = {
    "text": START + SUBJECT + HTML + b"\r\n<p>x</p>\r\n",
    "no Content-Type": START + SUBJECT + b"\r\nx\r\n",
    "no Content-Type, LF": mail.lf(START + SUBJECT + b"\r\nx\r\n"),
    "multipart": START + SUBJECT + b"MIME-Version: 1.0\r\n"
                 b'Content-Type: multipart/mixed;\r\n boundary="b"\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n',
    "message/rfc822": START + b"Content-Type: message/rfc822\r\n" + SUBJECT
                      + b"\r\nSubject: within\r\n\r\nx\r\n",
    "two Content-Types": HTML + START + SUBJECT + b"Content-Type: text/plain\r\n\r\nx\r\n",
    "folded": START + b"Subject: " + mail.CANARY + b"\r\n and\r\n\tmore\r\n" + HTML + b"\r\nx\r\n",
    "encoded words": START + b"Subject: =?utf-8?b?w6QgYg==?=\r\n =?iso-8859-1?q?=E4?=\r\n" + HTML
                     + b"\r\nx\r\n",
    "8-bit": START + "Subject: Grüße\r\n".encode() + HTML + b"\r\nx\r\n",
    "empty": START + b"Subject:\r\n" + HTML + b"\r\nx\r\n",
    "twice": START + SUBJECT + HTML + b"SUBJECT: again " + mail.CANARY + b"\r\n\r\nx\r\n",
    "header only": START + SUBJECT,
}
UNPROTECTED = {
    "no Subject": START + HTML + b"\r\nx\r\n",
    "S/MIME signed": START + SUBJECT + b"Content-Type: application/pkcs7-mime;"
                     b" smime-type=signed-data\r\nContent-Transfer-Encoding: base64\r\n\r\nMIIB\r\n",
    "multipart/signed": START + SUBJECT + b"Content-Type: multipart/signed; boundary=b;\r\n"
                        b' protocol="application/pgp-signature"\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n',
}


@pytest.fixture(scope="module")
def server(keys):
    users = [User("alice", keys.alice.certificate),
             User("open", keys.alice.certificate, {"mail_seal_protect_headers": "Keywords"})]
    with Dovecot(users, seal={"mail_seal_protect_headers": "Subject keywords"}) as dovecot:
        yield dovecot


def fields_of(data, *names):
    """Names and values of the fields with these names."""
    return [(mail.field_name(field), mail.crlf(field.partition(b":")[2].strip()))
            for field in mail.split(data).fields if mail.field_name(field) in names]


def check_protected(stored, original, entity):
    assert fields_of(stored, "subject") == [("subject", b"[...]")]
    assert fields_of(stored, "keywords") == []
    unhidden = [f for f in mail.expected_outer(original) if mail.field_name(f) not in HIDDEN]
    assert [f for f in map(mail.lf, mail.split(stored).fields) if f in unhidden] == unhidden
    assert mail.CANARY not in stored

    assert fields_of(entity, *KEPT) == fields_of(original, *KEPT)
    hp_outer = b"".join(value + b"\r\n" for _, value in fields_of(entity, "hp-outer"))
    assert sorted(fields_of(hp_outer, *KEPT)) == sorted(fields_of(stored, *KEPT))
    assert mail.split(entity).body == mail.crlf(mail.split(original).body)
    for policy in (email.policy.default, email.policy.compat32):
        root = email.message_from_bytes(entity, policy=policy)
        assert root.get_param("protected-headers") == "v1"
        assert root.get_param("hp") == "cipher"
        before = email.message_from_bytes(original, policy=policy)
        assert root.get_content_type() == before.get_content_type()
        assert root.get_boundary() == before.get_boundary()
        assert root.get_content_charset() in (before.get_content_charset(), "us-ascii")


@pytest.mark.parametrize("name", PROTECTED)
def test_protected(server, gnupg, name):
    server.empty("alice")
    assert server.deliver_chunk(PROTECTED[name], "alice").code == 250
    stored = server.message("alice")
    check_protected(stored, PROTECTED[name], gnupg.decrypt(mail.unseal(stored).armor).data)


@pytest.mark.parametrize("name", UNPROTECTED)
def test_readers_would_lose_by_it(server, gnupg, keys, name):
    server.empty("alice")
    assert server.deliver(UNPROTECTED[name], "alice")[0].code == 250
    mail.check_sealed(server.message("alice"), UNPROTECTED[name], gnupg, keys.alice)


def test_signature_inside_verifies(server, gnupg, keys):
    """A signed root stays as it is: one changed byte breaks the signature."""
    signed = mail.part("text/plain; charset=utf-8", "Signed – \r\n".encode())
    signature = gnupg.sign_detached(signed, keys.carol)
    original = mail.multipart(
        'multipart/signed; protocol="application/pgp-signature"; micalg=pgp-sha512',
        [signed, mail.part("application/pgp-signature", mail.crlf(signature))])
    server.empty("alice")
    assert server.deliver(original, "alice")[0].code == 250
    entity = mail.check_sealed(server.message("alice"), original, gnupg, keys.alice)
    content = entity.split(b"--frontier")[1].removeprefix(b"\r\n").removesuffix(b"\r\n")
    assert gnupg.verifies(content, signature)


def test_append(server, gnupg):
    server.empty("alice")
    with server.imap("alice") as client:
        client.command("CREATE Sent")
        assert client.append("Sent", PROTECTED["multipart"]).ok
        [stored] = client.messages("Sent")
    check_protected(stored, PROTECTED["multipart"], gnupg.decrypt(mail.unseal(stored).armor).data)


def test_drafts_keep_their_subject(server, gnupg, keys):
    """A client that edits a draft it hasn't shown takes the Subject from outside."""
    server.empty("alice")
    with server.imap("alice") as client:
        client.command("CREATE Drafts")
        assert client.append("Drafts", PROTECTED["text"]).ok
        [stored] = client.messages("Drafts")
    mail.check_sealed(stored, PROTECTED["text"], gnupg, keys.alice, delivered=False)


def test_subject_isnt_hidden_unless_it_is_named(server, gnupg):
    original = PROTECTED["text"]
    server.empty("open")
    assert server.deliver(original, "open")[0].code == 250
    stored = server.message("open")
    entity = gnupg.decrypt(mail.unseal(stored).armor).data
    assert fields_of(stored, "subject", "keywords") == fields_of(original, "subject")
    assert fields_of(entity, *KEPT) == fields_of(original, *KEPT)
