"""A message that can't be stored is refused before Sieve runs, which would send its answers at
each of the sender's attempts."""

import pytest

import mail
from dovecot import Dovecot, User
from sandbox import wait_until

MESSAGE = mail.text(mail.CANARY + b"\r\n")
# Each action sends something through sendmail_path, or runs a program.
SCRIPT = """
require ["vacation", "copy", "enotify", "variables", "fileinto", "mailbox"];
vacation :days 1 :addresses "{user}@example.org" "I am away.";
redirect :copy "second@example.net";
notify "mailto:third@example.net";
fileinto :create "Filed";
"""


@pytest.fixture(scope="module")
def server(gnupg, keys):
    expired = gnupg.generate_expired("expired@example.org").certificate
    lenient = {"mail_seal_unusable_key": "store"}
    users = [
        User("alice", keys.alice.certificate),
        User("expired", expired),
        User("required", settings={"mail_seal_missing_key": "tempfail"}),
        User("keyless"),
        User("lenient", expired, settings=lenient),
        User("filing", expired, settings={"mail_seal_exclude": "Filed"}),
    ]
    for user in users:
        user.sieve = SCRIPT.format(user=user.name)
    with Dovecot(users, plugins=("sieve",), more="sendmail_path = FOLDER/sendmail") as dovecot:
        (dovecot.folder / "sent").mkdir()
        (dovecot.folder / "sent").chmod(0o777)
        program = dovecot.folder / "sendmail"
        program.write_text(f"#!/bin/sh\ncat >$(mktemp {dovecot.folder}/sent/XXXXXX)\n")
        program.chmod(0o755)
        yield dovecot


@pytest.fixture(autouse=True)
def nothing_sent(server):
    for file in (server.folder / "sent").iterdir():
        file.unlink()


def sent(server):
    return [file.read_bytes() for file in (server.folder / "sent").iterdir()]


def letter(user, number):
    """vacation and redirect do nothing for a Message-ID that they have seen."""
    return MESSAGE.replace(b"<1@", b"<%d@" % number).replace(b"rcpt@", user.encode() + b"@")


def attempts(server, user, first):
    return [server.deliver(letter(user, first), user)[0] for _ in range(3)]


@pytest.mark.parametrize("user, reason", [("expired", "it has expired"),
                                          ("required", "there is no encryption key")])
def test_nothing_is_sent_for_a_message_that_waits(server, user, reason):
    mark = len(server.log())
    replies = attempts(server, user, 100)
    assert [reply.code for reply in replies] == [451] * 3
    assert all(reason in reply.text for reply in replies)
    assert sent(server) == []
    # one line of ours for each attempt, and Dovecot's own about the delivery
    log = server.log_since(mark)
    assert wait_until(lambda: server.log_since(mark).count("save failed to INBOX") == 3), log
    assert server.log_since(mark).count("mail_seal: Message can't be sealed") == 3
    assert server.lda(user, message=MESSAGE).returncode == 75
    assert sent(server) == []
    assert server.messages(user) == []


@pytest.mark.parametrize("user", ["alice", "keyless", "lenient"])
def test_script_runs_where_the_message_is_stored(server, user):
    assert attempts(server, user, 200)[0].code == 250
    assert wait_until(lambda: len(sent(server)) >= 3)
    with server.imap(user) as client:
        assert client.messages("Filed")


def test_encrypted_message_passes(server, gnupg, keys):
    """It needs no key of ours."""
    encrypted = mail.pgp_mime(gnupg.encrypt(b"Hello.\r\n", keys.bob))
    assert server.deliver(encrypted, "expired")[0].code == 250
    mail.check_unchanged(server.message("expired", "Filed"), encrypted)


def test_script_that_files_into_an_excluded_mailbox(server):
    """What it would do isn't known before it has run."""
    assert server.deliver(letter("filing", 300), "filing")[0].code == 250
    assert not mail.is_sealed(server.message("filing", "Filed"))


def test_several_recipients(server, gnupg, keys):
    with server.lmtp() as client:
        codes = [reply.code for reply in client.deliver(
            letter("alice", 400), "expired@example.org", "alice@example.org",
            "keyless@example.org")]
    assert codes == [451, 250, 250]
    message = server.messages("alice", "Filed")[-1]
    mail.check_sealed(message, letter("alice", 400), gnupg, keys.alice)
