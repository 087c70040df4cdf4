"""doveadm seal status: how much of a user's mail is sealed, and to whom."""

import re

import pytest

import mail
from dovecot import Dovecot, User

MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")
CLASSES = ("sealed", "encrypted", "plaintext", "excluded")


@pytest.fixture(scope="module", params=["maildir", "mdbox"])
def server(request, keys):
    users = [User("alice", keys.alice.certificate + keys.bob.certificate),
             User("keyless"), User("nobody", settings={"mail_seal_keys": "none"})]
    with Dovecot(users, mail_format=request.param, seal={"mail_seal_exclude": "\\Drafts"}) as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def emptied(server):
    server.empty("alice", "keyless", "nobody")


def save(server, user, *messages, mailbox="INBOX"):
    with server.imap(user) as client:
        for message in messages:
            assert client.append(mailbox, message).ok


def status(server, user, *masks, options=()):
    return {row["mailbox"]: row
            for row in server.doveadm_rows("seal", "status", *options, "-u", user, *masks)}


def counts(row):
    return tuple(row[name] for name in CLASSES)


def test_counts_every_class(server, gnupg, keys):
    encrypted = mail.pgp_mime(gnupg.encrypt(b"secret", keys.carol))
    save(server, "alice", MESSAGE, MESSAGE, encrypted)
    save(server, "alice", MESSAGE, mailbox="Drafts")
    found = status(server, "alice")
    assert counts(found["INBOX"]) == (2, 1, 0, 0)
    assert counts(found["Drafts"]) == (0, 0, 0, 1)
    assert sorted(found["INBOX"]["keys"].split()) == sorted(
        f"{key.fingerprint}:2" for key in (keys.alice, keys.bob))
    assert found["Drafts"]["keys"] == ""


@pytest.mark.parametrize(("user", "expected"), [("keyless", (0, 0, 1, 0)),
                                                ("nobody", (0, 0, 0, 1))])
def test_without_key(server, user, expected):
    save(server, user, MESSAGE)
    assert counts(status(server, user)["INBOX"]) == expected


def test_claims_dont_count(server, keys):
    """The field alone makes nothing sealed, nor does a container that isn't encrypted."""
    save(server, "keyless", mail.message(headers=[
        ("X-Mail-Seal", f"v=1; keys={keys.alice.fingerprint}"), ("MIME-Version", "1.0"),
        ("Content-Type", 'multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b')]))
    row = status(server, "keyless")["INBOX"]
    assert counts(row) == (0, 0, 1, 0)
    assert row["keys"] == ""


def test_field_that_isnt_ours(server, gnupg, keys):
    encrypted = mail.pgp_mime(gnupg.encrypt(b"secret", keys.carol))
    save(server, "keyless", b"X-Mail-Seal: v=1; keys=none\r\n" + encrypted)
    assert counts(status(server, "keyless")["INBOX"]) == (0, 1, 0, 0)


def mark(key):
    return f"X-Mail-Seal: v=1; keys={key.fingerprint}\r\n".encode()


def not_marked(stored, gnupg, keys):
    """Encrypted by its sender, or sealed elsewhere, with a field where it isn't our mark."""
    ours = mark(keys.carol)
    ciphertext = gnupg.encrypt(b"secret", keys.carol)
    encrypted = mail.pgp_mime(ciphertext)
    head, _, body = encrypted.partition(b"\r\n\r\n")
    return {
        "no field": encrypted,
        "below the trace": b"Received: by example.org\r\n" + ours + encrypted,
        "last": head + b"\r\n" + ours + b"\r\n" + body,
        "twice": ours + ours + encrypted,
        "twice, apart": ours + head + b"\r\n" + ours.lower() + b"\r\n" + body,
        "on inline PGP": ours + mail.message(mail.crlf(ciphertext)),
        "on a type that isn't ours": ours + mail.pgp_mime(ciphertext, ""),
        "continued": ours.rstrip() + b"\r\n and more\r\n" + encrypted,
        "without keys": b"X-Mail-Seal: v=1; keys=\r\n" + encrypted,
        "another version": ours.replace(b"v=1", b"v=10") + encrypted,
        "passed on": b"Return-Path: <alice@example.org>\r\n" + stored,
    }


def test_mark_counts_only_where_no_sender_writes(server, gnupg, keys):
    save(server, "alice", MESSAGE)
    stored = server.message("alice")
    for name, message in not_marked(stored, gnupg, keys).items():
        save(server, "keyless", message)
        assert counts(status(server, "keyless")["INBOX"]) == (0, 1, 0, 0), name
        server.empty("keyless")
    save(server, "keyless", stored, b"From a@example.org Mon Feb  3 10:11:12 2025\r\n" + stored)
    assert counts(status(server, "keyless")["INBOX"]) == (2, 0, 0, 0)


def test_senders_mark_is_below_what_delivery_adds(server, gnupg, keys):
    forged = mark(keys.alice) + mail.pgp_mime(gnupg.encrypt(b"secret", keys.alice))
    assert server.deliver(forged, "alice")[0].code == 250
    mail.check_unchanged(server.message("alice"), forged)
    assert counts(status(server, "alice")["INBOX"]) == (0, 1, 0, 0)


def test_sizes(server):
    save(server, "keyless", MESSAGE)
    row = status(server, "keyless")["INBOX"]
    assert row["plaintext_vsize"] == len(MESSAGE)
    assert row["plaintext_psize"] == len(mail.lf(MESSAGE))


def test_masks_and_total(server):
    save(server, "alice", MESSAGE)
    save(server, "alice", MESSAGE, MESSAGE, mailbox="Drafts")
    assert set(status(server, "alice", "Dra*")) == {"Drafts"}
    total, = server.doveadm_rows("seal", "status", "-t", "-u", "alice")
    assert counts(total) == (1, 0, 0, 2)
    assert "mailbox" not in total


def test_renamed_from_an_excluded_name(keys):
    """What was stored as it came is plaintext where it would be sealed now."""
    with Dovecot([User("alice", keys.alice.certificate)],
                 seal={"mail_seal_exclude": "Private/*"}) as server:
        with server.imap("alice") as client:
            client.must("CREATE Private/notes")
            for _ in range(3):
                assert client.append("Private/notes", MESSAGE).ok
            assert counts(status(server, "alice")["Private/notes"]) == (0, 0, 0, 3)
            client.must("RENAME Private/notes Notes")
            assert client.append("Notes", MESSAGE).ok
        assert counts(status(server, "alice")["Notes"]) == (1, 0, 3, 0)
        server.doveadm("seal", "encrypt", "-u", "alice", "all")
        assert counts(status(server, "alice")["Notes"]) == (4, 0, 0, 0)


def test_changes_nothing(server):
    save(server, "keyless", MESSAGE)
    status(server, "keyless")
    with server.imap("keyless") as client:
        client.select()
        flags = client.fetch("1", "FLAGS")[1]["FLAGS"]
    assert b"\\Seen" not in flags


@pytest.mark.parametrize("formatter", ["table", "flow", "tab", "pager", "json"])
def test_all_users_in_every_format(server, formatter):
    save(server, "alice", MESSAGE)
    printed = server.doveadm("-f", formatter, "seal", "status", "-A", "INBOX").stdout.decode()
    through_server = server.doveadm("-f", formatter, "seal", "status", *server.doveadm_server, "-A",
                                    "INBOX").stdout.decode()
    assert "alice" in printed and "keyless" in printed
    # Users may come in another order, and the total is of what was counted in this process.
    assert set(re.findall(r"\w+", through_server)) <= set(re.findall(r"\w+", printed))
    assert "TOTAL" in printed and "TOTAL" not in through_server


def test_no_such_user(server):
    done = server.doveadm("seal", "status", "-u", "stranger", check=False)
    assert done.returncode == 67
    assert b"User doesn't exist" in done.stderr
