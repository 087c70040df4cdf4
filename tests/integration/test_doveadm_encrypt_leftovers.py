"""After doveadm seal encrypt nothing below the home may hold the plaintext any more."""

import pytest

import mail
from dovecot import Dovecot, User
from stored import Mailbox, date, files_with

SIGN = mail.CANARY
NAME = b"Canary-name-of-attachment.pdf"


def message(number):
    part = mail.part(f'application/pdf; name="{NAME.decode()}"', SIGN + b" attached\r\n" * 50)
    return mail.multipart("multipart/mixed", [mail.part("text/plain", SIGN + b" %d\r\n" % number),
                                              part])


@pytest.fixture(scope="module", params=["maildir", "sdbox", "mdbox", "mbox"])
def server(request):
    with Dovecot([User("alice")], mail_format=request.param) as dovecot:
        yield dovecot


def fill_caches(server):
    with server.imap("alice") as client:
        client.select()
        client.fetch("1:*", "ENVELOPE BODYSTRUCTURE RFC822.SIZE PREVIEW BODY.PEEK[1]")
        client.must("SEARCH HEADER Content-Type mixed")
        client.must("SORT (SUBJECT SIZE) UTF-8 ALL")


def test_nothing_is_left(server, gnupg, keys):
    inbox = Mailbox(server, gnupg, "alice")
    inbox.fill([(message(n), "", date(1)) for n in range(20)])
    fill_caches(server)
    with server.imap("alice") as client:
        client.select()
        client.must("COPY 1:3 Drafts")
    home = server.home("alice")
    assert files_with(home, SIGN) and files_with(home, NAME)
    server.give("alice", server.keys_file("alice"), keys.alice.certificate)
    row, = server.doveadm_rows("seal", "encrypt", "-u", "alice", "all")
    assert row["sealed"] == 23
    for sign in (SIGN, NAME):
        assert files_with(home, sign) == []
    assert inbox.plaintext() == []


def test_after_a_run_that_had_no_time_for_it(server, gnupg, keys):
    """What earlier expunges have left goes too, with nothing to seal any more."""
    server.never_enrolled("alice")
    inbox = Mailbox(server, gnupg, "alice")
    inbox.fill([(message(n), "", date(1)) for n in range(20)])
    fill_caches(server)
    server.doveadm("expunge", "-u", "alice", "mailbox", "INBOX", "header", "content-type", "mixed")
    server.give("alice", server.keys_file("alice"), keys.alice.certificate)
    inbox.fill([(mail.text(b"new\r\n"), "", date(1))])
    row, = server.doveadm_rows("seal", "encrypt", "-u", "alice", "all")
    assert row["sealed"] == 0
    for sign in (SIGN, NAME):
        assert files_with(server.home("alice"), sign) == []
