"""Drafts that sessions from a webmail's host save stay readable: 93-mail-seal-webmail.conf."""

import re

import pytest

import mail
import team
from config import EXAMPLES
from dovecot import PASSWORD, Dovecot, User, dovecot_version
from imap import Imap

WEBMAIL = "127.0.0.9"
PROXY = "127.0.0.8"                  # trusted to tell whose session it is
ELSEWHERE = "127.0.0.7"
MESSAGE = mail.text(mail.CANARY + b"\r\n")
WRITTEN = mail.text(b"Dear friend,\r\nthis isn't done yet.\r\n")
IS_24 = not dovecot_version().startswith("2.3")
EXAMPLE = (EXAMPLES / ("dovecot-2.4" if IS_24 else "") / "93-mail-seal-webmail.conf").read_text()

# Drafts and Sent as the tests' configuration has them, and a folder for drafts
# of the user's own language beside them.
MORE = EXAMPLE.replace("192.0.2.10", WEBMAIL) + f"""
login_trusted_networks = {PROXY}
namespace inbox {{
  mailbox Entwuerfe {{
    auto = create
    special_use = \\Drafts
  }}
}}
"""


@pytest.fixture(scope="module")
def server(keys):
    users = [User("alice", keys.alice.certificate), User("bob", keys.bob.certificate),
             User("keyless"),
             User("named", keys.alice.certificate, settings={"mail_seal_exclude": "Notes"})]
    groups = {"CERT": "file:FOLDER/cert.asc", "Drafts": "file:FOLDER/cert.asc"}
    with Dovecot(users, shared=True, groups=groups, more=MORE) as dovecot:
        team.give(dovecot, "cert.asc", keys.alice.certificate, keys.bob.certificate)
        team.make(dovecot, "CERT", "Drafts", "Plain")
        yield dovecot


@pytest.fixture(autouse=True)
def empty(server):
    yield
    server.empty("alice", "bob", "keyless", "named")


def session(server, user="alice", source=WEBMAIL, tells=None):
    """From this address, which may tell by ID for whom it acts."""
    return Imap(server.site.imap_port, user, PASSWORD, source=source,
                before=[f'ID ("x-originating-ip" "{tells}")'] if tells else [])


def save(server, mailbox, message=WRITTEN, **of):
    with session(server, **of) as client:
        response = client.append(mailbox, message)
        assert response.ok, response


def check_sealed(server, gnupg, keys, mailbox, message=WRITTEN):
    mail.check_sealed(server.message("alice", mailbox), message, gnupg, keys.alice,
                      delivered=False)


def check_readable(server, mailbox, user="alice"):
    mail.check_unchanged(server.message(user, mailbox), WRITTEN, delivered=False)


@pytest.mark.parametrize("mailbox", ["Drafts", "Entwuerfe"])
def test_from_webmail_a_draft_stays_readable(server, mailbox):
    """Whatever the mailbox is called."""
    save(server, mailbox)
    check_readable(server, mailbox)


@pytest.mark.parametrize("mailbox", ["Drafts", "Entwuerfe"])
def test_from_elsewhere_it_is_sealed(server, gnupg, keys, mailbox):
    save(server, mailbox, source=ELSEWHERE)
    check_sealed(server, gnupg, keys, mailbox)


@pytest.mark.parametrize("mailbox", ["INBOX", "Sent"])
def test_all_else_from_webmail_is_sealed(server, gnupg, keys, mailbox):
    with session(server) as client:
        client.command("CREATE Sent")
    save(server, mailbox)
    check_sealed(server, gnupg, keys, mailbox)


def test_sent_draft_is_sealed(server, gnupg, keys):
    """Where a program moves or copies it instead of saving it anew."""
    with session(server) as client:
        client.command("CREATE Sent")
        assert client.append("Drafts", WRITTEN).ok
        client.select("Drafts")
        client.must("COPY 1 Sent")
    check_sealed(server, gnupg, keys, "Sent")
    check_readable(server, "Drafts")


def test_autosave_goes_on(server):
    """Save, fetch, save again and delete the old one, as webmail does at each autosave."""
    old = None
    with session(server) as client:
        for text in (b"Dear", b"Dear friend,", b"Dear friend, all of it."):
            [uid] = client.append("Drafts", mail.text(text + b"\r\n"),
                                  "(\\Draft)").code("APPENDUID")[1:]
            client.select("Drafts")
            if old:
                client.must(f"UID STORE {old} +FLAGS.SILENT (\\Deleted)")
                client.must("EXPUNGE")
            [saved] = client.fetch("1", "BODY[TEXT]").values()
            assert saved["BODY[TEXT]"] == text + b"\r\n"
            old = uid
    assert server.message("alice", "Drafts").endswith(b"all of it.\r\n")


def test_another_program_goes_on_with_it(server, gnupg, keys):
    save(server, "Drafts")
    later = mail.text(b"Dear friend,\r\nnow it is.\r\n")
    with session(server, source=ELSEWHERE) as client:
        assert client.messages("Drafts")[0].endswith(b"isn't done yet.\r\n")
        assert client.append("Drafts", later).ok
        client.must("STORE 1 +FLAGS (\\Deleted)")
        client.must("EXPUNGE")
    check_sealed(server, gnupg, keys, "Drafts", later)


@pytest.mark.parametrize("mailbox", ["CERT", "Drafts"])
def test_team_mailboxes_are_sealed_as_ever(server, gnupg, keys, mailbox):
    save(server, f"Public/{mailbox}")
    mail.check_sealed(team.take(server, mailbox), WRITTEN, gnupg, keys.alice, keys.bob,
                      delivered=False)


def test_another_users_drafts_are_sealed(server, gnupg, keys):
    """\\Drafts is said of mailboxes in the namespace inbox."""
    server.give("bob", "Maildir/.Drafts/dovecot-acl", b"authenticated lrwstipekxa\n")
    save(server, "shared/bob/Drafts")
    mail.check_sealed(server.message("bob", "Drafts"), WRITTEN, gnupg, keys.bob, delivered=False)


def test_mail_that_comes_is_sealed(server, gnupg, keys):
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    mail.check_sealed(server.message("alice"), MESSAGE, gnupg, keys.alice)


def test_users_own_field(server):
    """Goes before the block in 2.3, in 2.4 the block goes before it, as the examples say."""
    with session(server, "named") as client:
        client.command("CREATE Notes")
    for mailbox in ("Drafts", "Notes"):
        save(server, mailbox, user="named")
    readable = [mailbox for mailbox in ("Drafts", "Notes")
                if not mail.is_sealed(server.message("named", mailbox))]
    assert readable == ["Drafts" if IS_24 else "Notes"]


def test_who_has_no_key_notices_nothing(server):
    for source in (WEBMAIL, ELSEWHERE):
        save(server, "Drafts", user="keyless", source=source)
    assert server.messages("keyless", "Drafts") == [WRITTEN, WRITTEN]


# Who comes through others

def test_proxy_that_is_trusted_tells_who_it_is(server, gnupg, keys):
    save(server, "Drafts", source=PROXY, tells=WEBMAIL)
    check_readable(server, "Drafts")
    server.empty("alice")
    save(server, "Drafts", source=PROXY, tells=ELSEWHERE)
    check_sealed(server, gnupg, keys, "Drafts")


def test_who_isnt_trusted_cant_tell(server, gnupg, keys):
    save(server, "Drafts", source=ELSEWHERE, tells=WEBMAIL)
    check_sealed(server, gnupg, keys, "Drafts")


def test_proxy_itself_isnt_webmail(server, gnupg, keys):
    save(server, "Drafts", source=PROXY)
    check_sealed(server, gnupg, keys, "Drafts")


# Administrators

def test_doveadm_knows_them(server, gnupg, keys):
    save(server, "Drafts")
    [row] = server.doveadm_rows("seal", "status", "-u", "alice", "Drafts")
    assert (row["plaintext"], row["excluded"], row["sealed"]) == (1, 0, 0)

    [left_out] = re.findall(r"doveadm (seal encrypt) -A (not mailbox Drafts)", EXAMPLE)
    server.doveadm(*left_out[0].split(), "-u", "alice", *left_out[1].split())
    check_readable(server, "Drafts")

    server.doveadm("seal", "encrypt", "-u", "alice", "mailbox", "Drafts", "all")
    check_sealed(server, gnupg, keys, "Drafts")
    [row] = server.doveadm_rows("seal", "status", "-u", "alice", "Drafts")
    assert (row["plaintext"], row["sealed"]) == (0, 1)
