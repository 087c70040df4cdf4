"""Delivery by LMTP: every recipient gets the message sealed to its own key."""

import itertools
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

import mail
from dovecot import Dovecot, User

MESSAGE = mail.text(b"Hello,\r\nhow are you? \xc3\xa9\r\n")
OWNERS = ("alice", "bob", "plain")  # two with a key, one without

FILEINTO = 'require "fileinto"; fileinto "Lists";'
KEEP_AND_COPY = 'require ["fileinto", "copy"]; fileinto :copy "Lists"; keep;'

SITES = {
    "vmail": {"lmtp_user": "vmail"},
    "root-and-one-uid": {},
    "system-users": {"system_users": True},
}


@pytest.fixture(scope="module")
def keys(each_kind):
    return each_kind


@pytest.fixture(scope="module", params=SITES.values(), ids=SITES.keys())
def server(request, keys):
    users = [User("alice", keys.alice.certificate), User("bob", keys.bob.certificate),
             User("plain"), User("other")]
    with Dovecot(users, **request.param) as dovecot:
        yield dovecot


@pytest.fixture(scope="module")
def sieve_server(keys):
    users = [User("alice", keys.alice.certificate, sieve=FILEINTO),
             User("bob", keys.bob.certificate, sieve=KEEP_AND_COPY),
             User("carol", keys.carol.certificate),
             User("plain", sieve=KEEP_AND_COPY)]
    with Dovecot(users, plugins=("sieve",)) as dovecot:
        yield dovecot


@pytest.fixture
def check(keys, gnupg):
    """check(server, user, mailbox): its only message is MESSAGE in that user's seal."""
    def check_message(server, user, mailbox="INBOX"):
        stored = server.message(user, mailbox)
        if key := getattr(keys, user, None):
            mail.check_sealed(stored, MESSAGE, gnupg, key)
        else:
            mail.check_unchanged(stored, MESSAGE)
    return check_message


def accepted(replies):
    assert [reply.code for reply in replies] == [250] * len(replies), replies


@pytest.mark.parametrize("user", OWNERS)
def test_one_recipient(server, check, user):
    server.empty(user)
    accepted(server.deliver(MESSAGE, user))
    check(server, user)


@pytest.mark.parametrize("order", list(itertools.permutations(OWNERS)), ids="-".join)
def test_three_recipients(server, check, order):
    server.empty(*order)
    accepted(server.deliver(MESSAGE, *order))
    for user in order:
        check(server, user)


@pytest.mark.parametrize("order", [
    ("plain", "other"), ("alice", "plain", "other", "bob"), ("plain", "alice", "other", "bob")],
    ids="-".join)
def test_recipients_without_a_key_share_a_file(server, check, order):
    """Dovecot makes hard links for several recipients, if they have one uid."""
    server.empty(*order)
    accepted(server.deliver(MESSAGE, *order))
    [plain], [other] = server.maildir_files("plain"), server.maildir_files("other")
    one_uid = server.uid("plain") == server.uid("other")
    assert plain.samefile(other) == one_uid
    for user in order:
        check(server, user)


def test_several_transactions_in_one_connection(server, check):
    server.empty(*OWNERS)
    with server.lmtp() as client:
        for user in OWNERS:
            accepted(client.deliver(MESSAGE, server.users[user].address))
    for user in OWNERS:
        check(server, user)


def test_many_at_once(server, gnupg, keys):
    """Deliveries of one user in parallel don't mix and don't fail for want of a lock."""
    texts = [mail.text(b"message %d\r\n" % n, subject=str(n)) for n in range(16)]
    server.empty("alice")
    with ThreadPoolExecutor(max_workers=8) as pool:
        accepted(list(pool.map(lambda text: server.deliver(text, "alice")[0], texts)))
    stored = server.messages("alice")
    assert len(stored) == len(texts)
    for message in stored:
        [subject] = re.findall(rb"^Subject: (\d+)", message, re.MULTILINE)
        mail.check_sealed(message, texts[int(subject)], gnupg, keys.alice)


def test_trace_fields_follow_the_mark(server):
    server.empty("alice")
    accepted(server.deliver(MESSAGE, "alice"))
    names = [mail.field_name(field) for field in mail.split(server.message("alice")).fields]
    assert names[:4] == ["x-mail-seal", "return-path", "delivered-to", "received"]


def test_stored_file_is_what_imap_shows(server):
    server.empty("alice")
    accepted(server.deliver(MESSAGE, "alice"))
    shown = server.message("alice")
    [file] = server.maildir_files("alice")
    assert mail.crlf(file.read_bytes()) == shown
    assert file.stat().st_uid == server.uid("alice")


def test_forged_seal_field_is_removed(server, gnupg, keys):
    forged = mail.message(headers=[("X-Mail-Seal", "v=1; keys=0000"), ("X-Other", "stays")])
    server.empty("alice")
    accepted(server.deliver(forged, "alice"))
    mail.check_sealed(server.message("alice"), forged, gnupg, keys.alice)


def test_sieve_fileinto(sieve_server, check):
    sieve_server.empty("alice")
    accepted(sieve_server.deliver(MESSAGE, "alice"))
    check(sieve_server, "alice", "Lists")
    assert sieve_server.messages("alice") == []


def test_sieve_keep_and_fileinto_copy(sieve_server, check):
    sieve_server.empty("bob")
    accepted(sieve_server.deliver(MESSAGE, "bob"))
    check(sieve_server, "bob", "Lists")
    check(sieve_server, "bob")


@pytest.mark.parametrize("order", list(itertools.permutations(("alice", "carol", "plain"))),
                         ids="-".join)
def test_three_recipients_with_and_without_sieve(sieve_server, check, order):
    sieve_server.empty(*order)
    accepted(sieve_server.deliver(MESSAGE, *order))
    check(sieve_server, "alice", "Lists")
    check(sieve_server, "carol")
    check(sieve_server, "plain", "Lists")
    check(sieve_server, "plain")
