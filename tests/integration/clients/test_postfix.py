"""Postfix with the example configuration: mail in, the queue, Dovecot, and mail out."""

import re

import pytest

import mail
from dovecot import User
from mailhost import MailHost

MESSAGE = mail.text(mail.CANARY + b"\r\n")


@pytest.fixture(scope="module")
def host(keys, tls, elsewhere):
    users = [User("alice", keys.alice.certificate), User("bob", keys.bob.certificate),
             User("plain"), User("daemon", keys.carol.certificate)]
    with MailHost(users, tls, elsewhere) as host:
        yield host


@pytest.fixture(autouse=True)
def empty(host):
    host.postfix.drop_all()
    host.empty("alice", "bob", "plain", "daemon")


def test_postfix_is_content_with_the_examples(host):
    assert host.postfix.complaints() == ""
    assert not re.search("warning|error|fatal", host.postfix.log())


def test_mail_from_another_server_is_sealed(host, gnupg, keys):
    host.smtp(MESSAGE, "alice@example.org")
    host.postfix.wait_until_empty()
    mail.check_sealed(host.message("alice"), MESSAGE, gnupg, keys.alice)


def test_three_recipients_of_one_message(host, gnupg, keys):
    """One transaction in, one LMTP transaction, and each gets their own."""
    before = len(host.postfix.log())
    host.smtp(MESSAGE, "alice@example.org", "bob@example.org", "plain@example.org")
    host.postfix.wait_until_empty()
    mail.check_sealed(host.message("alice"), MESSAGE, gnupg, keys.alice)
    mail.check_sealed(host.message("bob"), MESSAGE, gnupg, keys.bob)
    mail.check_unchanged(host.message("plain"), MESSAGE)
    queue_ids = re.findall(r"postfix/lmtp\[\d+\]: (\w+): to=", host.postfix.log()[before:])
    assert len(queue_ids) == 3 and len(set(queue_ids)) == 1


def test_users_of_the_machine_get_sealed_mail(host, gnupg, keys):
    host.smtp(MESSAGE, "daemon@localhost")
    host.postfix.wait_until_empty()
    mail.check_sealed(host.message("daemon"), MESSAGE, gnupg, keys.carol)


def test_unknown_addresses_and_other_domains_are_refused(host):
    for recipient in ("nobody@example.org", "somebody@example.net"):
        assert host.smtp_refused(MESSAGE, recipient)


def test_what_cannot_be_sealed_waits_in_the_queue(host, gnupg, keys):
    host.give("alice", host.keys_file("alice"), gnupg.generate_expired("a@x.org").certificate)
    host.smtp(MESSAGE, "alice@example.org", "bob@example.org")
    waiting = host.postfix.wait_until_deferred()
    assert [recipient["address"] for recipient in waiting["recipients"]] == ["alice@example.org"]
    assert "Message not stored" in waiting["recipients"][0]["delay_reason"]
    assert host.messages("alice") == []
    mail.check_sealed(host.message("bob"), MESSAGE, gnupg, keys.bob)

    host.give("alice", host.keys_file("alice"), keys.alice.certificate)
    host.postfix.run("postqueue", "-f")
    host.postfix.wait_until_empty()
    mail.check_sealed(host.message("alice"), MESSAGE, gnupg, keys.alice)
    assert len(host.messages("bob")) == 1


def test_the_queue_holds_plaintext_until_then(host, gnupg, keys):
    """What doc/security.md says of the queue: it is readable while it waits, and gone afterwards."""
    host.give("alice", host.keys_file("alice"), gnupg.generate_expired("b@x.org").certificate)
    host.smtp(MESSAGE, "alice@example.org")
    file = host.postfix.queue_file(host.postfix.wait_until_deferred())
    assert mail.CANARY in file.read_bytes()
    assert (file.stat().st_mode & 0o077, file.owner()) == (0, "postfix")

    host.give("alice", host.keys_file("alice"), keys.alice.certificate)
    host.postfix.run("postqueue", "-f")
    host.postfix.wait_until_empty()
    assert [path for path in host.postfix.spool.rglob("*") if path.is_file()
            and mail.CANARY in path.read_bytes()] == []
    assert mail.CANARY.decode() not in host.postfix.log()


# Users who send

@pytest.mark.parametrize("port", [587, 465])
def test_submission(host, elsewhere, port):
    host.submit(MESSAGE, "alice", "friend@example.net", port=port)
    assert mail.CANARY in elsewhere.wait_for("friend@example.net")


def test_submission_wants_a_password(host):
    assert host.smtp_refused(MESSAGE, "friend@example.net", port=587)


def test_submission_wants_tls_before_the_password(host):
    assert "AUTH" not in host.greeting(port=587)
    assert "AUTH" in host.greeting(port=587, starttls=True)


# The way to other servers

def finger(host, *arguments):
    """What posttls-finger says of the connection."""
    output = host.postfix.run("posttls-finger", "-c", *arguments, check=False)
    return re.sub(r"^posttls-finger: ", "", output, flags=re.M)


FINGER = {
    "dane": ("dane-only", "example.net", "Verified TLS connection established"),
    "dane with another key": ("dane-only", "wrong.example", "no matching DANE TLSA records"),
    "dane-only without TLSA": ("dane-only", "example.edu", "no TLSA records found"),
    "secure": ("secure", "example.com", "Verified TLS connection established"),
}


@pytest.mark.parametrize(("level", "domain", "says"), FINGER.values(), ids=FINGER.keys())
def test_posttls_finger(host, level, domain, says):
    ca = "/etc/ssl/certs/ca-certificates.crt"
    assert says in finger(host, "-l", level, "-F", ca, domain)


CONNECTIONS = {
    "example.net": "Verified TLS connection established to mx.example.net",
    "example.com": "Verified TLS connection established to mx.example.com",
    "example.edu": "Trusted TLS connection established to mx.example.edu",
}


@pytest.mark.parametrize("domain", CONNECTIONS)
def test_mail_to_other_servers(host, elsewhere, domain):
    before = len(host.postfix.log())
    host.submit(MESSAGE, "alice", f"friend@{domain}")
    elsewhere.wait_for(f"friend@{domain}")
    host.postfix.wait_until_empty()
    assert CONNECTIONS[domain] in host.postfix.log()[before:]


def test_mail_waits_when_the_server_has_another_key(host, elsewhere):
    host.submit(MESSAGE, "alice", "friend@wrong.example")
    waiting = host.postfix.wait_until_deferred()
    assert "Server certificate not verified" in waiting["recipients"][0]["delay_reason"]
    assert elsewhere.received == []
