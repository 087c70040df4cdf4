"""How often a dict is asked: once for each saved message, or once in mail_seal_key_cache."""

import re

import pytest

import dicts
import mail
from dovecot import Dovecot, User
from imap import Literal
from sandbox import wait_until

MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")
SIEVE = """require ["fileinto", "copy", "mailbox"];
fileinto :copy :create "Filed";
keep;
"""
USERS = ("alice", "bob", "sieve", "nobody")
LONG = {"mail_seal_key_cache": "1min"}
# not so long that a test waits for it, not so short that it is over between two commands
SHORT = {"mail_seal_key_cache": "1s"}


@pytest.fixture(scope="module")
def store():
    store = dicts.Redis()
    yield store
    store.close()


def dovecot(store, **seal):
    return Dovecot([User(name, sieve=SIEVE if name == "sieve" else None) for name in USERS],
                   dict=store, plugins=("sieve",), shared=True, groups={"team*": "DICT"},
                   seal={"mail_seal_confirm": "no", "mail_seal_addresses": "", **seal})


@pytest.fixture(scope="module")
def asking(store):
    with dovecot(store, mail_seal_key_cache="0") as server:
        yield server


@pytest.fixture(scope="module")
def remembering(store):
    with dovecot(store, **LONG) as server:
        yield server


@pytest.fixture(scope="module")
def forgetting(store):
    with dovecot(store, **SHORT) as server:
        yield server


@pytest.fixture(autouse=True)
def emptied(request, store, keys):
    """Each of them but nobody has alice's certificate."""
    store.clear()
    for name in ("asking", "remembering", "forgetting"):
        if name in request.fixturenames:
            server = request.getfixturevalue(name)
            for user in ("alice", "bob", "sieve"):
                set_key(server, user, keys.alice)
            server.doveadm("seal", "key", "unset", "-u", "nobody", check=False)
            server.doveadm("expunge", "-A", "mailbox", "*", "all")


def set_key(server, user, key):
    server.doveadm("seal", "key", "set", "-u", user, "-f", "-", input=key.certificate)


class Count:
    def __init__(self, store):
        self._store, self._seen = store, store.lookups()

    def new(self):
        seen, self._seen = self._seen, self._store.lookups()
        return self._seen - seen


def sealed_to(message):
    """The fingerprint in its mark, or None: it is plaintext."""
    mark = re.match(rb"X-Mail-Seal: v=1; keys=([0-9A-F]+)", message)
    return mark and mark[1].decode()


def last(server, user, mailbox="INBOX"):
    """The same of the newest message that isn't a notice."""
    return [sealed_to(message) for message in server.messages(user, mailbox)
            if b"\r\nMessage-ID: <mail-seal." not in message][-1]


def multiappend(client):
    assert client.command("APPEND INBOX ", Literal(MESSAGE), " ", Literal(MESSAGE), " ",
                          Literal(MESSAGE)).ok


def plaintext(server, user, number):
    """Messages from before there was a certificate."""
    server.doveadm("seal", "key", "unset", "-u", user)
    with server.imap(user) as client:
        for _ in range(number):
            assert client.append("INBOX", MESSAGE).ok


# Once

def test_delivery(asking, store):
    count = Count(store)
    for users in (["alice"], ["nobody"], ["sieve"], ["alice", "bob", "nobody"]):
        assert {reply.code for reply in asking.deliver(MESSAGE, *users)} == {250}
        assert count.new() == len(users), users
    assert sealed_to(asking.message("sieve", "Filed"))
    with asking.lmtp() as client:
        for _ in range(3):
            client.deliver(MESSAGE, "alice@example.org")
    assert count.new() == 3


def test_imap(asking, store, keys):
    plaintext(asking, "alice", 4)
    set_key(asking, "alice", keys.alice)
    with asking.imap("alice") as client:
        client.must("SELECT INBOX")
        client.must("CREATE Other")
        count = Count(store)
        assert client.append("INBOX", MESSAGE).ok
        assert count.new() == 1
        multiappend(client)
        assert count.new() == 3
        # plaintext and sealed ones
        client.must("COPY 3:5 Other")
        assert count.new() == 3
        client.must("MOVE 3:5 Other")
        assert count.new() == 3
        client.must("STORE 1 +FLAGS (\\Seen)")
        client.must("FETCH 1:* BODY.PEEK[]")
        client.must("SELECT Other")
        assert count.new() == 0
    assert len(asking.messages("alice", "Other")) == 6


def test_owner_of_a_shared_mailbox(asking, store, keys):
    set_key(asking, "bob", keys.bob)
    asking.doveadm("mailbox", "create", "-u", "bob", "Common")
    asking.give("bob", "Maildir/.Common/dovecot-acl", b"authenticated lrwstipekxa\n")
    with asking.imap("alice") as client:
        count = Count(store)
        assert client.append("shared/bob/Common", MESSAGE).ok
        assert count.new() == 1
    assert last(asking, "bob", "Common") == keys.bob.fingerprint


def test_how_it_stands(asking, store):
    """What is pending is asked for only where nothing is enrolled."""
    entry = "/private/vendor/vendor.mail-seal/status"
    for user, state, lookups in (("alice", b"state=active", 1), ("nobody", b"state=none", 2)):
        with asking.imap(user) as client:
            count = Count(store)
            assert state in b"".join(client.must(f'GETMETADATA "" {entry}').untagged)
            assert count.new() == lookups, user


# Once in a while

def test_many_in_one_session(remembering, store, keys):
    plaintext(remembering, "alice", 20)
    set_key(remembering, "alice", keys.alice)
    with remembering.imap("alice") as client:
        client.must("SELECT INBOX")
        client.must("CREATE Copies")
        count = Count(store)
        client.must("COPY 1:20 Copies")
        multiappend(client)
        client.must("MOVE 1:20 Copies")
        assert count.new() == 1
    assert {sealed_to(message) for message in remembering.messages("alice", "Copies")} == {
        keys.alice.fingerprint}
    with remembering.imap("alice") as client:
        assert client.append("INBOX", MESSAGE).ok
        assert count.new() == 1, "another session has its own"


def test_seal_encrypt(remembering, store, keys):
    plaintext(remembering, "alice", 10)
    set_key(remembering, "alice", keys.alice)
    count = Count(store)
    remembering.doveadm("seal", "encrypt", "-u", "alice", "ALL")
    assert count.new() <= 3
    assert all(map(sealed_to, remembering.messages("alice")))


def test_no_delivery_believes_an_earlier_one(remembering, asking, store, keys):
    """Nor another user's, in one process of lmtp."""
    with remembering.lmtp() as client:
        for key in (keys.alice, keys.bob, keys.carol):
            set_key(asking, "alice", key)
            set_key(asking, "bob", keys.carol)
            count = Count(store)
            [reply] = client.deliver(MESSAGE, "alice@example.org")
            assert reply.code == 250
            replies = client.deliver(MESSAGE, "bob@example.org", "alice@example.org",
                                     "nobody@example.org")
            assert [reply.code for reply in replies] == [250] * 3
            assert count.new() == 4
            assert last(remembering, "alice") == key.fingerprint
            assert last(remembering, "bob") == keys.carol.fingerprint
            assert last(remembering, "nobody") is None


def test_what_another_back_end_has_set_counts_soon(forgetting, asking, keys):
    with forgetting.imap("alice") as client:
        assert client.append("INBOX", MESSAGE).ok
        set_key(asking, "alice", keys.bob)

        def counts():
            assert client.append("INBOX", MESSAGE).ok
            return last(forgetting, "alice") == keys.bob.fingerprint
        assert wait_until(counts, timeout=10)


def test_what_another_back_end_has_withdrawn_counts_soon(forgetting, asking, keys):
    with forgetting.imap("alice") as client:
        assert client.append("INBOX", MESSAGE).ok
        asking.doveadm("seal", "key", "unset", "-u", "alice")

        def counts():
            assert client.append("INBOX", MESSAGE).ok
            return last(forgetting, "alice") is None
        assert wait_until(counts, timeout=10)
        # and that there are none isn't remembered
        set_key(asking, "alice", keys.bob)
        assert client.append("INBOX", MESSAGE).ok
        assert last(forgetting, "alice") == keys.bob.fingerprint


def test_none_is_never_remembered(remembering, asking, keys):
    with remembering.imap("nobody") as client:
        assert client.append("INBOX", MESSAGE).ok
        set_key(asking, "nobody", keys.bob)
        assert client.append("INBOX", MESSAGE).ok
    messages = remembering.messages("nobody")
    assert [sealed_to(message) for message in messages[:2]] == [None, keys.bob.fingerprint]


def test_nor_is_one_that_cant_be_used(remembering, store, keys):
    [place] = [key for key in store.command("KEYS", "*alice*").split()
               if b"pending" not in key]
    with remembering.imap("alice") as client:
        store.command("SET", place.decode(), "hello")
        for _ in range(2):
            assert client.append("INBOX", MESSAGE).status == "NO"
        store.command("SET", place.decode(), keys.bob.certificate.decode())
        assert client.append("INBOX", MESSAGE).ok
    assert last(remembering, "alice") == keys.bob.fingerprint


def test_what_this_back_end_changes_counts_at_once(remembering, keys):
    """In the same session, and by another process, which the owner's state knows of."""
    entry = "/private/vendor/vendor.mail-seal/keys"
    mark = len(remembering.log())
    with remembering.imap("alice") as client:
        assert client.append("INBOX", MESSAGE).ok
        certificate = Literal(keys.bob.certificate)
        client.must(f'SETMETADATA "" ({entry} ', certificate, ")")
        assert client.append("INBOX", MESSAGE).ok
        assert last(remembering, "alice") == keys.bob.fingerprint
        set_key(remembering, "alice", keys.carol)
        assert client.append("INBOX", MESSAGE).ok
        assert last(remembering, "alice") == keys.carol.fingerprint
        remembering.doveadm("seal", "key", "unset", "-u", "alice")
        assert client.append("INBOX", MESSAGE).ok
        assert last(remembering, "alice") is None
        set_key(remembering, "alice", keys.carol)
        client.must(f'SETMETADATA "" ({entry} NIL)')
        assert client.append("INBOX", MESSAGE).ok
        assert last(remembering, "alice") is None
    # nobody is told of a change that nobody has made
    assert "by hand" not in remembering.log_since(mark)


def test_dict_that_is_down(forgetting, store):
    """What is remembered is used, and then nothing."""
    with forgetting.imap("alice") as client:
        assert client.append("INBOX", MESSAGE).ok
        store.stop()
        try:
            assert wait_until(lambda: client.append("INBOX", MESSAGE).status == "NO", timeout=90)
            assert client.append("INBOX", MESSAGE).status == "NO"
            assert all(map(sealed_to, client.messages()))
        finally:
            store.start()
