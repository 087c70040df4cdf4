"""Excluded mailboxes are the administrator's choice, and the owner's; not the sender's."""

import pytest

import mail
from dovecot import Dovecot, User
from sandbox import wait_until

MESSAGE = mail.text(mail.CANARY + b"\r\n")
FORMATS = ("maildir", "sdbox", "mdbox", "mbox")


@pytest.fixture(scope="module", params=FORMATS)
def server(request, keys):
    users = [User("alice", keys.alice.certificate), User("keyless")]
    with Dovecot(users, mail_format=request.param, plugins=("sieve",),
                 seal={"mail_seal_exclude": '\\Drafts Open* "Projects/Old *"'},
                 more="protocol lmtp {\n  lmtp_save_to_detail_mailbox = yes\n}") as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def empty(server):
    yield
    for user in ("alice", "keyless"):
        with server.imap(user) as client:
            for line in client.must('LIST "" *').untagged:
                name = line.split(b' "/" ')[-1].strip().strip(b'"').decode()
                if name not in ("INBOX", "Drafts"):
                    client.command(f'DELETE "{name}"')
    server.empty("alice", "keyless")
    (server.home("alice") / ".dovecot.sieve").unlink(missing_ok=True)


def deliver(server, address):
    with server.lmtp() as client:
        [reply] = client.deliver(MESSAGE, address)
    assert reply.code == 250, reply


def check_sealed(server, gnupg, keys, mailbox):
    mail.check_sealed(server.message("alice", mailbox), MESSAGE, gnupg, keys.alice)


@pytest.mark.parametrize("detail", ["Drafts", "Open", "Open letters", "Projects/Old and new"])
def test_address_chooses_an_excluded_mailbox(server, gnupg, keys, detail):
    quoted = f'"alice+{detail}"@example.org' if " " in detail else f"alice+{detail}@example.org"
    deliver(server, quoted)
    check_sealed(server, gnupg, keys, detail)


def test_script_follows_the_address(server, gnupg, keys):
    """What many have: each detail has a mailbox of its own."""
    server.give("alice", ".dovecot.sieve", b"""
        require ["fileinto", "envelope", "subaddress", "variables", "mailbox"];
        if envelope :detail :matches "to" "*" { fileinto :create "${1}"; }""")
    deliver(server, "alice+drafts@example.org")
    deliver(server, "alice+Open@example.org")
    check_sealed(server, gnupg, keys, "Open")


def test_script_chooses_an_excluded_mailbox(server):
    server.give("alice", ".dovecot.sieve",
                b'require ["fileinto", "mailbox"]; fileinto :create "Open";')
    deliver(server, "alice@example.org")
    mail.check_unchanged(server.message("alice", "Open"), MESSAGE)


def test_owner_saves_a_draft(server):
    with server.imap("alice") as client:
        assert client.append("Drafts", MESSAGE).ok
    mail.check_unchanged(server.message("alice", "Drafts"), MESSAGE, delivered=False)


def test_renamed(server):
    """Messages never change, so it is told what stays plaintext."""
    with server.imap("alice") as client:
        # in mbox Projects is a directory, which "Projects/..." makes
        for mailbox in ("Open", "Projects/Old mail", "Projects/Sealed", "Plain"):
            client.must(f'CREATE "{mailbox}"')
        for mailbox in ("Open", "Projects/Old mail", "Projects/Sealed"):
            assert client.append(mailbox, MESSAGE).ok
        mark = len(server.log())
        assert client.command("RENAME Open Closed").ok
        assert client.command("RENAME Projects Things").ok
        assert client.command("RENAME Plain Plainer").ok
        assert client.command('RENAME "Plainer" "Open again"').ok
    log = server.log_since(mark)
    assert wait_until(lambda: server.log_since(mark).count("doveadm seal encrypt") == 2), log
    log = server.log_since(mark)
    assert "Mailbox Open, which mail_seal_exclude names, is Closed now" in log
    assert "Mailbox Projects/Old mail, which mail_seal_exclude names, is Things/Old mail now" in log
    assert not mail.is_sealed(server.message("alice", "Closed"))
    [row] = [row for row in server.doveadm_rows("seal", "status", "-u", "alice", "Closed")]
    assert (row["plaintext"], row["excluded"]) == (1, 0)
    server.doveadm("seal", "encrypt", "-u", "alice", "mailbox", "Closed", "all")
    assert mail.is_sealed(server.message("alice", "Closed"))


def test_renamed_by_who_has_no_key(server):
    """The sentence is for owners whose mail is sealed."""
    with server.imap("keyless") as client:
        client.must("CREATE Open")
        assert client.append("Open", MESSAGE).ok
        mark = len(server.log())
        assert client.command("RENAME Open Closed").ok
    assert "mail_seal" not in server.log_since(mark)
