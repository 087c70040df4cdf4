"""mail_seal_key_cache, where a session saves for several owners: his own mail, teams', others'
shared mailboxes. What is remembered of one is never used for another."""

import re

import pytest

import dicts
import mail
import team
from dovecot import Dovecot, User

MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")
# more than are remembered, with the users (MAIL_SEAL_KEY_MEMORY_COUNT)
MANY = [f"team{number}" for number in range(10)]
NO_KEY = "there is no encryption key for this mailbox"


@pytest.fixture(scope="module")
def store():
    store = dicts.Redis()
    yield store
    store.close()


@pytest.fixture(scope="module")
def server(store):
    groups = {name: "DICT" for name in ("CERT", "info*", *MANY)}
    with Dovecot([User("alice"), User("bob"), User("nobody")], dict=store, shared=True,
                 groups=groups, seal={"mail_seal_key_cache": "1min", "mail_seal_addresses": "",
                                      "mail_seal_confirm": "no"}) as dovecot:
        team.make(dovecot, "CERT", "info", "info-1", "Open", *MANY)
        for user in ("bob", "nobody"):
            dovecot.doveadm("mailbox", "create", "-u", user, "Common")
            dovecot.give(user, "Maildir/.Common/dovecot-acl", b"authenticated lrwstipekxa\n")
        yield dovecot


@pytest.fixture(autouse=True)
def emptied(server, store):
    store.clear()
    for user in server.users:
        server.never_enrolled(user)
        server.empty(user)


def set_key(server, user, key):
    server.doveadm("seal", "key", "set", "-u", user, "-f", "-", input=key.certificate)


def give(store, name, *keys):
    """The team has these members. A user must be enrolled, from whose entry its name is made; a
    slash is written as dict-redis.c does."""
    [entry] = [key for key in store.command("KEYS", "*keys*").decode().split() if "alice" in key]
    store.command("SET", entry.replace("alice", name.replace("/", "\\-")),
                  b"".join(key.certificate for key in keys).decode())


@pytest.fixture
def everybody(server, store, keys, gnupg):
    """{mailbox, as alice sees it: to whose key its mail is sealed, or None}"""
    others = [gnupg.generate(f"{name}@example.org") for name in ("info", "member")]
    set_key(server, "alice", keys.alice)
    set_key(server, "bob", keys.bob)
    give(store, "Public/CERT", keys.carol)
    give(store, "Public/info*", others[0])
    return {"INBOX": keys.alice, "Public/CERT": keys.carol, "Public/info": others[0],
            "shared/bob/Common": keys.bob, "Public/info-1": others[0], "Public/Open": None,
            "shared/nobody/Common": None}


def sealed_to(message):
    """All fingerprints in its mark, or None: it is plaintext."""
    mark = re.match(rb"X-Mail-Seal: v=1; keys=([0-9A-F]+(?:,\s*[0-9A-F]+)*)\r\n", message)
    return mark and re.split(r",\s*", mark[1].decode())


def last(client, mailbox):
    return sealed_to(client.messages(mailbox)[-1])


def fingerprints(key):
    return key and [key.fingerprint]


@pytest.mark.parametrize("backwards", [False, True], ids=["", "backwards"])
def test_each_his_own(server, everybody, backwards):
    """By APPEND, and by COPY of plaintext, in turns."""
    mailboxes = sorted(everybody, reverse=backwards)
    with server.imap("alice") as client:
        for _ in range(3):
            for mailbox in mailboxes:
                assert client.append(mailbox, MESSAGE).ok, mailbox
                assert last(client, mailbox) == fingerprints(everybody[mailbox]), mailbox
        for source in ("Public/Open", "shared/nobody/Common"):
            for mailbox in mailboxes:
                client.must(f"SELECT {source}")
                client.must(f"COPY 1 {mailbox}")
                assert last(client, mailbox) == fingerprints(everybody[mailbox]), mailbox


def test_asked_once_for_each(server, store, everybody):
    """And each time for who has none."""
    teams = len({"Public/CERT", "Public/info*"})
    with server.imap("alice") as client:
        for mailbox in everybody:
            assert client.append(mailbox, MESSAGE).ok
        before = store.lookups()
        for mailbox in everybody:
            assert client.append(mailbox, MESSAGE).ok
        assert store.lookups() - before == 1
    with server.imap("alice") as client:
        before = store.lookups()
        for mailbox in 3 * ("Public/info", "Public/info-1", "Public/CERT"):
            assert client.append(mailbox, MESSAGE).ok
        assert store.lookups() - before == teams


def test_who_has_none_gets_no_others(server, store, everybody, keys):
    """A team that lacks certificates, after others were found, and the other way round."""
    store.command("DEL", *[key for key in store.command("KEYS", "*CERT*").decode().split()])
    with server.imap("alice") as client:
        for mailbox in everybody:
            done = client.append(mailbox, MESSAGE)
            assert done.ok == (mailbox != "Public/CERT"), mailbox
            assert done.ok or NO_KEY in done.text
        give(store, "Public/CERT", keys.bob)
        assert client.append("Public/CERT", MESSAGE).ok
        assert last(client, "Public/CERT") == [keys.bob.fingerprint]
        assert client.append("shared/nobody/Common", MESSAGE).ok
        assert last(client, "shared/nobody/Common") is None


def test_more_than_are_remembered(server, store, everybody, keys, gnupg):
    teams = {name: gnupg.generate(f"{name}@example.org") for name in MANY}
    for name, key in teams.items():
        give(store, f"Public/{name}", key)
    with server.imap("alice") as client:
        for _ in range(2):
            for name, key in teams.items():
                assert client.append(f"Public/{name}", MESSAGE).ok
                assert last(client, f"Public/{name}") == [key.fingerprint]
                assert client.append("INBOX", MESSAGE).ok
                assert last(client, "INBOX") == [keys.alice.fingerprint]


def test_another_user_at_the_same_time(server, everybody, keys):
    """What alice's session knows isn't bob's."""
    with server.imap("alice") as alice, server.imap("bob") as bob:
        for _ in range(2):
            for client, key in ((alice, keys.alice), (bob, keys.bob)):
                assert client.append("INBOX", MESSAGE).ok
                assert last(client, "INBOX") == [key.fingerprint]
        set_key(server, "bob", keys.carol)
        assert alice.append("INBOX", MESSAGE).ok
        assert last(alice, "INBOX") == [keys.alice.fingerprint]
