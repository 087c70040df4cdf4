"""Sieve at delivery sees the plaintext, Sieve in IMAP the sealed message."""

from email.utils import make_msgid

import pytest

import mail
from dovecot import User
from imap import Literal
from mailhost import MailHost


def letter():
    """Redirect and vacation do nothing for a Message-ID that they have seen."""
    return mail.text(mail.CANARY + b"\r\n", "Agenda").replace(
        b"sender@example.org", b"friend@example.net").replace(b"rcpt@", b"alice@").replace(
        b"<1@example.org>", make_msgid(domain="example.org").encode())


@pytest.fixture(scope="module")
def host(keys, tls, elsewhere):
    users = [User("alice", keys.alice.certificate),
             User("bob", keys.bob.certificate, settings={"mail_seal_exclude": "Closed"})]
    with MailHost(users, tls, elsewhere, plugins=("sieve", "imapsieve")) as host:
        with host.imap("alice") as client:
            client.must("CREATE Filed")
        yield host


@pytest.fixture(autouse=True)
def empty(host):
    host.empty("alice", "bob")


def run(host, script, user="alice"):
    """Deliver a message with this script; return it."""
    message = letter()
    host.give(user, ".dovecot.sieve", script.encode())
    host.smtp(message, f"{user}@example.org", sender="friend@example.net")
    return message


@pytest.fixture
def check(host, gnupg, keys):
    def check(message, mailbox="INBOX"):
        mail.check_sealed(host.message("alice", mailbox), message, gnupg, keys.alice)
    return check


def test_body_and_header_tests_see_plaintext(host, check):
    message = run(host, f"""
        require ["body", "fileinto", "mailbox"];
        if allof (body :contains "{mail.CANARY.decode()}", not exists "X-Mail-Seal",
                  header :is "Content-Transfer-Encoding" "8bit") {{
            fileinto :create "Plaintext";
        }}""")
    host.postfix.wait_until_empty()
    check(message, "Plaintext")
    assert host.messages("alice") == []


def test_redirect_sends_the_original(host, check, elsewhere):
    message = run(host, 'require "copy"; redirect :copy "second@example.net";')
    assert elsewhere.wait_for("second@example.net").endswith(mail.split(message).body)
    host.postfix.wait_until_empty()
    check(message)


def test_vacation_answers(host, check, elsewhere):
    message = run(host, 'require "vacation"; vacation :subject "Away" "I am away.";')
    assert b"I am away." in elsewhere.wait_for("friend@example.net")
    host.postfix.wait_until_empty()
    check(message)


def test_reject_refuses(host, elsewhere):
    run(host, 'require "reject"; reject "No, thank you.";')
    assert b"No, thank you." in elsewhere.wait_for("friend@example.net")
    host.postfix.wait_until_empty()
    assert host.messages("alice") == []


# As doc/troubleshooting.md says: Sieve doesn't run where all that it can do is store. Where it
# runs, as it may choose an excluded mailbox, Pigeonhole sends what is redirected beside a keep
# first.
WAITING = {
    "keep, not run": ("alice", "keep", 1),
    "fileinto, not run": ("alice", 'fileinto "INBOX"', 1),
    "keep, run twice": ("bob", "keep", 2),
    "fileinto, run twice": ("bob", 'fileinto "INBOX"', 1),
}


@pytest.mark.parametrize(("user", "store", "sent"), WAITING.values(), ids=WAITING.keys())
def test_redirect_while_the_message_waits(host, elsewhere, gnupg, keys, user, store, sent):
    key = getattr(keys, user)
    expired = gnupg.generate_expired(f"{user}@example.org").certificate
    host.give(user, host.keys_file(user), expired)
    message = run(
        host, f'require ["copy", "fileinto"]; redirect :copy "second@example.net"; {store};', user)
    host.postfix.wait_until_deferred()
    host.give(user, host.keys_file(user), key.certificate)
    host.postfix.run("postqueue", "-f")
    elsewhere.wait_for("second@example.net")
    host.postfix.wait_until_empty()
    mail.check_sealed(host.message(user), message, gnupg, key)
    assert len(elsewhere.received) == sent


# imap_sieve: on APPEND into, or COPY to, the mailbox Filed

def file_with(host, script):
    host.site.imapsieve_script.write_text(script)
    with host.imap("alice") as client:
        client.must("APPEND Filed ", Literal(letter()))
        client.select("Filed")
        return client.fetch("1:*", "FLAGS")[1]["FLAGS"]


SEES = {
    "fields outside": ('header :is "Subject" "Agenda"', True),
    "the seal": ('exists "X-Mail-Seal"', True),
    "ciphertext": ('body :raw :contains "-----BEGIN PGP MESSAGE-----"', True),
    "fields inside": ('header :is "Content-Transfer-Encoding" "8bit"', False),
    "plaintext": (f'body :raw :contains "{mail.CANARY.decode()}"', False),
}


@pytest.mark.parametrize(("test", "is_true"), SEES.values(), ids=SEES.keys())
def test_imapsieve_sees_the_sealed_message(host, test, is_true):
    flags = file_with(host, f'require ["imap4flags", "body"]; if {test} {{ addflag "$Yes"; }}')
    assert (b"$Yes" in flags) == is_true


def test_imapsieve_redirect_sends_the_sealed_message(host, elsewhere):
    file_with(host, 'require "copy"; redirect :copy "second@example.net";')
    sent = elsewhere.wait_for("second@example.net")
    # Below the fields of its way, where the mark means nothing any more
    assert mail.is_sealed(sent[sent.index(b"X-Mail-Seal:"):]) and mail.CANARY not in sent
