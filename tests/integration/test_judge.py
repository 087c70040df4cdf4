"""Certificates that come in several copies, and what gpg leaves behind or is held up by."""

import dataclasses
import time
from pathlib import Path

import pytest

import mail
import notices
from dovecot import Dovecot, User
from sandbox import Sandbox, wait_until

MESSAGE = mail.text(b"Hello\r\n")
TIMEOUT = 20  # seconds, mail_seal_timeout: enough for a gpg on a busy machine
LIMIT = 55  # seconds, less than it is by default
CASES = Path(__file__).parents[1] / "unit/keys"

# Holds up all that it may, and says when it has begun.
STOPPER = "echo begun; while :; do kill -STOP -1; done 2>/dev/null"


@pytest.fixture(scope="module")
def copies(gnupg):
    """An older export, a newer one with another subkey, and one that is revoked."""
    month_ago = time.strftime("%Y%m%dT%H%M%S!", time.gmtime(time.time() - 30 * 24 * 3600))
    older = gnupg.generate("copies@example.org", time_options=("--faked-system-time", month_ago))
    gnupg.gpg("--quick-add-key", older.fingerprint, "cv25519", "encr", "never")
    newer = gnupg.key(older.address, older.fingerprint)
    [added] = set(newer.encryption_ids) - set(older.encryption_ids)
    return older, dataclasses.replace(newer, encryption_ids=(added,))


@pytest.fixture(scope="module")
def revoked(gnupg):
    good = gnupg.generate("later-revoked@example.org")
    text = (gnupg.home / "openpgp-revocs.d" / f"{good.fingerprint}.rev").read_text()
    gnupg.gpg("--import", stdin=text.replace("\n:-----", "\n-----").encode())
    return good, gnupg.key(good.address, good.fingerprint)


@pytest.fixture(scope="module")
def server(keys):
    with Dovecot([User("alice"), User("bob", keys.bob.certificate),
                  User("extra", settings={"mail_seal_extra_keys": "%h/extra.asc"})]) as dovecot:
        yield dovecot


def deliver(server, user):
    server.empty(user)
    [reply] = server.deliver(MESSAGE, user)
    return reply


@pytest.mark.parametrize("newer_first", (False, True))
def test_two_copies_in_one_file(server, gnupg, copies, newer_first):
    older, newer = copies
    parts = [older.certificate, newer.certificate]
    server.give("alice", server.keys_file("alice"),
                b"".join(reversed(parts) if newer_first else parts))
    for _ in range(5):
        assert deliver(server, "alice").code == 250
        mail.check_sealed(server.message("alice"), MESSAGE, gnupg, newer)


@pytest.mark.parametrize("newer_is_extra", (False, True))
def test_two_copies_in_two_files(server, gnupg, copies, newer_is_extra):
    own, extra = copies if newer_is_extra else reversed(copies)
    server.give("extra", server.keys_file("extra"), own.certificate)
    server.give("extra", "extra.asc", extra.certificate)
    assert deliver(server, "extra").code == 250
    mail.check_sealed(server.message("extra"), MESSAGE, gnupg, copies[1])


def test_revoked_in_the_other_file(server, revoked):
    good, bad = revoked
    for own, extra in ((good, bad), (bad, good)):
        server.give("extra", server.keys_file("extra"), own.certificate)
        server.give("extra", "extra.asc", extra.certificate)
        reply = deliver(server, "extra")
        assert (reply.code, server.maildir_files("extra")) == (451, [])
        assert "revoked" in reply.text


def test_revoked_by_the_designated_revoker(server):
    server.give("alice", server.keys_file("alice"),
                (CASES / "designated-revoker.asc").read_bytes())
    reply = deliver(server, "alice")
    assert (reply.code, server.maildir_files("alice")) == (451, [])
    assert "revoked" in reply.text


@pytest.mark.parametrize("name", ("nouid-directkey-signature.asc",
                                  "directkey-signature-and-unsigned-uid.asc"))
def test_without_user_id(server, name):
    """From a process's first message on."""
    server.give("alice", server.keys_file("alice"), (CASES / name).read_bytes())
    for _ in range(2):
        with server.lmtp() as client:
            [reply] = client.deliver(MESSAGE, server.users["alice"].address)
            assert reply.code == 250
    assert all(b"BEGIN PGP MESSAGE" in message for message in server.messages("alice")
               if not notices.is_notice(message))

CANT_BE_SEALED_TO = {"cv25519-point-without-prefix.asc": "its point isn't",
                     "ecdh-kdf-sha1.asc": "its KDF hash is none"}


@pytest.mark.parametrize("name", CANT_BE_SEALED_TO)
def test_listed_as_usable_but_not(server, gnupg, keys, name):
    """Known before Sieve runs, so that no vacation goes out with each retry; and said."""
    content = (CASES / name).read_bytes()
    server.give("alice", server.keys_file("alice"), content)
    reply = deliver(server, "alice")
    assert reply.code == 451
    assert "can't be sealed to: " + CANT_BE_SEALED_TO[name] in reply.text
    server.give("alice", server.keys_file("alice"), content + keys.alice.certificate)
    assert deliver(server, "alice").code == 250
    mail.check_sealed(server.message("alice"), MESSAGE, gnupg, keys.alice)
    server.give("extra", server.keys_file("extra"), keys.alice.certificate)
    server.give("extra", "extra.asc", content)
    reply = deliver(server, "extra")
    assert reply.code == 451
    assert "the recovery key: its key" in reply.text


def test_no_process_is_left(monkeypatch, keys):
    """Where process 1 doesn't wait for what it inherits, as in a container."""
    monkeypatch.setattr(Sandbox, "INIT", ["sleep", "infinity"])
    with Dovecot([User("alice", keys.alice.certificate)]) as server:
        with server.lmtp() as client:
            for _ in range(5):
                [reply] = client.deliver(MESSAGE, server.users["alice"].address)
                assert reply.code == 250
        with server.imap("alice") as session:
            assert session.append("INBOX", MESSAGE).ok
        server.doveadm("seal", "key", "show", "-u", "alice")
        assert wait_until(lambda: not server.foreign_processes())
        assert wait_until(lambda: not server.sandbox.zombies())


def test_user_stops_what_runs_as_him(gnupg, keys):
    """He holds up his own mail only, and that no longer than mail_seal_timeout."""
    users = [User("alice", keys.alice.certificate), User("bob", keys.bob.certificate)]
    with Dovecot(users, system_users=True,
                 seal={"mail_seal_timeout": f"{TIMEOUT}s"}) as server:
        alice = server.uid("alice")
        stopper = server.sandbox.start(
            "setpriv", f"--reuid={alice}", f"--regid={alice}", "--clear-groups", "sh", "-c",
            STOPPER, stdout=-1)
        try:
            assert stopper.stdout.readline() == b"begun\n"
            with server.lmtp() as client:
                start = time.monotonic()
                [reply] = client.deliver(MESSAGE, server.users["alice"].address)
                # his gpg may have been faster
                assert reply.code in (451, 250)
                assert time.monotonic() - start < LIMIT
                [reply] = client.deliver(MESSAGE, server.users["bob"].address)
                assert reply.code == 250
        finally:
            stopper.kill()
            server.sandbox.run("pkill", "-KILL", "-U", str(alice), check=False)
            stopper.communicate()
        server.empty("alice")
        # a busy machine's gpg may take longer than his patience is
        assert wait_until(lambda: server.deliver(MESSAGE, "alice")[0].code == 250)
        mail.check_sealed(server.message("alice"), MESSAGE, gnupg, keys.alice)
        mail.check_sealed(server.message("bob"), MESSAGE, gnupg, keys.bob)
        assert wait_until(lambda: not server.foreign_processes())
