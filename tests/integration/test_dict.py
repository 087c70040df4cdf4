"""Certificates in a dict: several back ends, one place."""

import socket
import threading
import time

import pytest

import dicts
import mail
import notices
from dovecot import Dovecot, User
from imap import Literal
from sandbox import wait_until

ENTRY = "/private/vendor/vendor.mail-seal/keys"
MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")
USERS = ("alice", "bob")


@pytest.fixture(scope="module", params=[dicts.Redis, dicts.Sqlite], ids=["redis", "sqlite"])
def store(request):
    store = request.param()
    yield store
    store.close()


@pytest.fixture(scope="module")
def server(store):
    # what waits for a code is in test_gate.py
    with Dovecot([User(name) for name in USERS], dict=store,
                 seal={"mail_seal_confirm": "no"}) as dovecot:
        yield dovecot


@pytest.fixture(scope="module")
def other(store):
    """Another back end with the same dict."""
    with Dovecot([User(name) for name in USERS], dict=store,
                 seal={"mail_seal_confirm": "no"}) as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def emptied(request):
    if "store" in request.fixturenames:
        request.getfixturevalue("store").clear()
        request.getfixturevalue("server").empty(*USERS)


def set_key(server, user, key, *options):
    return server.doveadm("seal", "key", "set", *options, "-u", user, "-f", "-",
                          input=key.certificate)


def test_set_on_one_is_used_on_the_other(server, other, gnupg, keys):
    other.empty(*USERS)
    with other.imap("alice") as session:
        assert session.append("INBOX", MESSAGE).ok
        set_key(server, "alice", keys.alice)
        assert session.append("Drafts", MESSAGE).ok
    mail.check_unchanged(other.message("alice"), MESSAGE, delivered=False)
    mail.check_sealed(other.message("alice", "Drafts"), MESSAGE, gnupg, keys.alice, delivered=False)
    other.empty("alice")
    for key in (keys.bob, keys.alice):
        set_key(server, "alice", key)
        assert other.deliver(MESSAGE, "alice")[0].code == 250
        mail.check_sealed(other.message("alice"), MESSAGE, gnupg, key)
        other.empty("alice")


def test_change_elsewhere_is_told(server, other, keys):
    """It is one by hand for a back end that has none of the other's messages."""
    set_key(server, "alice", keys.alice)
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    server.empty("alice")
    set_key(other, "alice", keys.bob)
    for _ in range(2):
        assert server.deliver(MESSAGE, "alice")[0].code == 250
    [notice] = notices.of(server, "alice")
    assert not notice.sealed
    assert notices.names(notice, keys.alice) and notices.names(notice, keys.bob)
    other.empty("alice")


def test_show_check_unset(server, other, keys):
    for way in ([], server.doveadm_server):
        set_key(server, "alice", keys.alice, *way)
        rows = other.doveadm_rows("seal", "key", "show", "-A", *(other.doveadm_server if way else []))
        assert [(row["username"], row["fingerprint"]) for row in rows] == [
            ("alice", keys.alice.fingerprint)]
        assert rows[0]["source"].startswith("dict:")
        assert server.doveadm("seal", "key", "check", *way, "-A", "--days", "5").stdout == b""
        server.doveadm("seal", "key", "unset", *way, "-u", "alice")
        assert other.doveadm_rows("seal", "key", "show", "-A") == []
    assert other.deliver(MESSAGE, "alice")[0].code == 250
    mail.check_unchanged(other.message("alice"), MESSAGE)
    other.empty("alice")


def test_row_that_goes_missing(server, other, store, keys):
    """Nobody has withdrawn, so each back end that knows the owner refuses."""
    set_key(server, "alice", keys.alice)
    for back_end in (server, other):
        assert back_end.deliver(MESSAGE, "alice")[0].code == 250
    store.clear()
    for back_end in (server, other):
        [reply] = back_end.deliver(MESSAGE, "alice")
        assert reply.code == 451
        assert "it is no longer there" in reply.text
    # enrolled again, and then withdrawn, counts everywhere
    set_key(server, "alice", keys.alice)
    assert other.deliver(MESSAGE, "alice")[0].code == 250
    other.doveadm("seal", "key", "unset", "-u", "alice")
    for back_end in (server, other):
        back_end.empty("alice")
        assert back_end.deliver(MESSAGE, "alice")[0].code == 250
        mail.check_unchanged(back_end.message("alice"), MESSAGE)
        back_end.empty("alice")


def test_metadata(server, other, keys):
    with server.imap("alice") as one, other.imap("alice") as two:
        one.must(f'SETMETADATA "" ({ENTRY} ', Literal(keys.alice.certificate), ")")
        response = two.must(f'GETMETADATA "" {ENTRY}')
        assert keys.alice.certificate in b"".join(response.untagged)
        two.must(f'SETMETADATA "" ({ENTRY} NIL)')
        response = one.must(f'GETMETADATA "" {ENTRY}')
        assert b"BEGIN PGP" not in b"".join(response.untagged)


def test_several_recipients(server, gnupg, keys):
    set_key(server, "alice", keys.alice)
    set_key(server, "bob", keys.bob)
    assert [reply.code for reply in server.deliver(MESSAGE, *USERS)] == [250, 250]
    for user in USERS:
        mail.check_sealed(server.message(user), MESSAGE, gnupg, getattr(keys, user))


def test_shared_mailbox(store, gnupg, keys):
    """The owner's certificate, whoever saves."""
    with Dovecot([User(name) for name in USERS], dict=store, shared=True) as server:
        set_key(server, "alice", keys.alice)
        set_key(server, "bob", keys.bob)
        server.doveadm("mailbox", "create", "-u", "bob", "Common")
        server.give("bob", "Maildir/.Common/dovecot-acl", b"authenticated lrwstipekxa\n")
        with server.imap("alice") as client:
            assert client.append("shared/bob/Common", MESSAGE).ok
            assert client.append("INBOX", MESSAGE).ok
        mail.check_sealed(server.message("bob", "Common"), MESSAGE, gnupg, keys.bob,
                          delivered=False)
        mail.check_sealed(server.message("alice"), MESSAGE, gnupg, keys.alice, delivered=False)


def test_a_bad_value_is_an_unusable_key(server, store, keys):
    set_key(server, "alice", keys.alice)
    server.empty("alice")  # of what he is told
    if isinstance(store, dicts.Redis):
        [key] = store.command("KEYS", "*").split()
        store.command("SET", key.decode(), "hello")
    else:
        store.sql(f"UPDATE {dicts.TABLE} SET certificate = 'hello'")
    [reply] = server.deliver(MESSAGE, "alice")
    assert reply.code == 451
    assert "there is no certificate in it" in reply.text
    assert server.messages("alice") == []


def test_too_large_for_the_protocol(server, gnupg, keys):
    """What the dict service would break off at."""
    set_key(server, "alice", keys.alice)
    large = b"A comment.\n" * 8000 + keys.bob.certificate
    done = server.doveadm("seal", "key", "set", "-u", "alice", "-f", "-", input=large, check=False)
    assert done.returncode == 65
    assert b"it is too large for a dict" in done.stderr
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    mail.check_sealed(server.message("alice"), MESSAGE, gnupg, keys.alice)


def refused(server):
    """Nothing is stored, and nobody is told that it would have been plaintext."""
    [reply] = server.deliver(MESSAGE, "alice")
    assert reply.code == 451
    assert "/" not in reply.text.split(">", 1)[-1]
    with server.imap("alice") as client:
        assert client.append("INBOX", MESSAGE).status == "NO"
        assert client.command(f'SETMETADATA "" ({ENTRY} NIL)').status == "NO"
        assert client.messages() == []
    assert server.leftovers("alice") == []


def test_down_and_up_again(server, store, gnupg, keys):
    """No plaintext for a dict that is down, whether the user has a certificate or not."""
    set_key(server, "alice", keys.alice)
    server.empty("alice")
    store.stop()
    try:
        refused(server)
        done = server.doveadm("seal", "key", "set", "-u", "alice", "-f", "-",
                              input=keys.alice.certificate, check=False)
        assert done.returncode == 75
        assert server.doveadm("seal", "key", "check", "-u", "alice", check=False).returncode == 1
    finally:
        store.start()
    set_key(server, "alice", keys.alice)
    # another process of the dict service may have to find out that its statements are void
    assert wait_until(lambda: server.deliver(MESSAGE, "alice")[0].code == 250)
    mail.check_sealed(server.message("alice"), MESSAGE, gnupg, keys.alice)


class Hanging:
    """A dict service that accepts connections and never answers."""

    def __init__(self, path):
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        path.chmod(0o666)
        self._listener.listen(16)
        self._clients = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        try:
            while True:
                self._clients.append(self._listener.accept()[0])
        except OSError:
            pass

    def server23(self):
        return "file:/nowhere"

    def server24(self):
        return "driver = file\n"


def test_one_that_hangs_ends_no_delivery_in_plaintext(tmp_path_factory):
    path = tmp_path_factory.mktemp("hanging") / "dict"
    for folder in path.parents:
        folder.chmod(folder.stat().st_mode | 0o555)
    with Dovecot([User("alice")], dict=Hanging(path), dict_socket=str(path)) as server:
        started = time.monotonic()
        [reply] = server.deliver(MESSAGE, "alice")
        assert reply.code == 451
        assert time.monotonic() - started < 120
        assert server.messages("alice") == []


def test_one_table_is_a_trap(keys):
    """Of two columns, an unset one reads as empty: found before anything is lost."""
    store = dicts.SqliteOneTable()
    try:
        with Dovecot([User(name) for name in USERS], dict=store) as server:
            set_key(server, "alice", keys.alice)
            server.empty("alice")
            for user, key in (("alice", keys.alice), ("bob", keys.bob)):
                with server.imap(user) as client:
                    certificate = Literal(key.certificate + b"\n")
                    response = client.command(f'SETMETADATA "" ({ENTRY} ', certificate, ")")
                assert response.status == "NO"
                assert server.messages(user) == []
                assert server.deliver(MESSAGE, user)[0].code == 250
            mail.check_unchanged(server.message("bob"), MESSAGE)
            assert b"BEGIN PGP MESSAGE" in server.message("alice")
            done = server.doveadm("seal", "key", "check", "-u", "alice", check=False)
            assert done.returncode == 1
            assert b"instead of two tables" in done.stdout
    finally:
        store.close()


def test_configured_before_anything_could_be_pending(keys):
    """A dict that has no place for it: nobody gets stuck, and key check says what is missing."""
    store = dicts.SqliteWithoutPending()
    try:
        with Dovecot([User(name) for name in USERS], dict=store) as server:
            set_key(server, "alice", keys.alice)
            assert server.deliver(MESSAGE, "alice")[0].code == 250
            with server.imap("alice") as client:
                response = client.command(f'SETMETADATA "" ({ENTRY} ',
                                          Literal(keys.alice.certificate + b"\n"), ")")
            assert response.status == "NO"
            done = server.doveadm("seal", "key", "check", "-u", "alice", check=False)
            assert done.returncode == 1
            assert b"pending" in done.stdout
            set_key(server, "alice", keys.alice)
            server.doveadm("seal", "key", "unset", "-u", "alice")
            server.empty("alice")
            assert server.deliver(MESSAGE, "alice")[0].code == 250
            mail.check_unchanged(server.message("alice"), MESSAGE)
    finally:
        store.close()
