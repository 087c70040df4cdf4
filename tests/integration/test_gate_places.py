"""Where what is pending lies, and where it can't."""

import stat
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import mail
from dovecot import Dovecot, User
from enrolment import MESSAGE, code, get_entry, give, pending, sealed_to, set_entry
from seal_key import set_key


@pytest.fixture(scope="module")
def server():
    with Dovecot([User("alice")]) as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def nobody_enrolled(server):
    for user in server.users:
        server.never_enrolled(user)
    server.empty(*server.users)


def test_one_file_becomes_the_other(server, gnupg, keys):
    """Its mode stays, and nothing is left beside it."""
    assert set_key(server, "alice", keys.alice.certificate).returncode == 0
    server.keys_file("alice").chmod(0o644)
    with server.imap("alice") as client:
        assert set_entry(client, "keys", b"Another comment.\n" + keys.alice.certificate).ok
        assert server.pending_file("alice").read_bytes().startswith(b"mail-seal: pending 1\n")
        assert stat.S_IMODE(server.pending_file("alice").stat().st_mode) == 0o600
        assert give(client, code(server, "alice", keys.alice)).ok
        assert get_entry(client, "keys") == b"Another comment.\n" + keys.alice.certificate
    made = server.keys_file("alice").stat()
    assert stat.S_IMODE(made.st_mode) == 0o644
    assert made.st_uid == server.uid("alice")
    assert [file.name for file in server.keys_file("alice").parent.iterdir()] == ["keys"]
    # what is at its head is text to others
    shown = gnupg.gpg("--with-colons", "--show-keys", server.keys_file("alice")).stdout
    assert keys.alice.fingerprint.encode() in shown


def test_something_else_in_its_place(server, keys):
    """Another user's certificate isn't overwritten."""
    server.give("alice", ".mail-seal/keys.pending", keys.bob.certificate)
    with server.imap("alice") as client:
        response = set_entry(client, "keys", keys.alice.certificate)
        assert response.status == "NO" and "/" not in response.text
        assert give(client, "seal-00000-00000").status == "NO"
    assert server.pending_file("alice").read_bytes() == keys.bob.certificate
    done = server.doveadm("seal", "key", "check", "-u", "alice", check=False)
    assert done.returncode == 1 and b"something else is in its place" in done.stdout
    assert server.messages("alice") == []
    # the administrator isn't held up
    assert set_key(server, "alice", keys.alice.certificate).returncode == 0
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]


@pytest.mark.parametrize("damage", [b"", b"mail-seal: pending 1\n", b"mail-seal: pending 1\n"
                                    b"mail-seal: end\n", b"mail-seal: \0\n",
                                    b"mail-seal: pending 1\n" + b"mail-seal: notice=a 1\n" * 45000
                                    + b"mail-seal: end\n"],
                         ids=["empty", "no end", "no line", "no text", "too many lines"])
def test_damaged(server, keys, damage):
    """What can't be understood counts as nothing."""
    server.give("alice", ".mail-seal/keys.pending", damage)
    with server.imap("alice") as client:
        if damage == b"":
            assert set_entry(client, "keys", keys.alice.certificate).status == "NO"
            return
        assert pending(client) == {}
        assert set_entry(client, "keys", keys.alice.certificate).ok
        assert give(client, code(server, "alice", keys.alice)).ok
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]


def test_first_that_can_be_written(keys):
    """Beside it; and what is withdrawn is withdrawn from all of them."""
    sources = "gnupg:%h/.gnupg file:%h/a file:%h/b"
    with Dovecot([User("alice")], seal={"mail_seal_keys": sources}) as server:
        with server.imap("alice") as client:
            assert set_entry(client, "keys", keys.alice.certificate).ok
            assert (server.home("alice") / "a.pending").exists()
            assert give(client, code(server, "alice", keys.alice)).ok
            server.give("alice", "b", keys.bob.certificate)
            assert set_entry(client, "keys", None).ok
            assert give(client, code(server, "alice", keys.alice)).ok
        assert sealed_to(server, "alice") == []
        assert not (server.home("alice") / "b").exists()


def test_inbox_over_quota(keys):
    """No challenge, nothing pending."""
    with Dovecot([User("alice")], plugins=("quota",), quota="1k") as server:
        with server.imap("alice") as client:
            response = set_entry(client, "keys", keys.alice.certificate)
            assert response.status == "NO"
            assert "uota" in response.text and "/" not in response.text
            assert pending(client) == {}
        assert not server.pending_file("alice").exists()
        assert server.messages("alice") == []
        # an administrator's certificate counts, whether that can be told or not
        assert set_key(server, "alice", keys.alice.certificate).returncode == 0
        assert server.messages("alice") == []


def test_certificate_with_a_byte_order_mark(server, keys):
    marked = b"\xef\xbb\xbf" + keys.alice.certificate
    with server.imap("alice") as client:
        assert set_entry(client, "keys", marked).ok
        assert give(client, code(server, "alice", keys.alice)).ok
        assert get_entry(client, "keys") == keys.alice.certificate
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    mail.check_sealed(server.message("alice"), MESSAGE, None, keys.alice)


def test_both_codes_at_the_same_moment(server, gnupg, keys):
    """By two sessions: neither is lost, and what becomes active is what was asked for."""
    others = [gnupg.generate("alice@example.org") for _ in range(3)]
    assert set_key(server, "alice", keys.alice.certificate).returncode == 0
    active = keys.alice
    for wanted in others:
        server.empty("alice")
        start = threading.Barrier(2)

        def give_at_once(client, one, start=start):
            start.wait(timeout=300)
            return give(client, one)
        with server.imap("alice") as first, server.imap("alice") as second:
            assert set_entry(first, "keys", wanted.certificate).ok
            codes = [code(server, "alice", key) for key in (wanted, active)]
            with ThreadPoolExecutor() as pool:
                answers = list(pool.map(give_at_once, (first, second), codes))
            assert all(answer.ok for answer in answers), answers
            assert get_entry(first, "keys") == wanted.certificate
        active = wanted
    assert sealed_to(server, "alice") == [active.fingerprint]
