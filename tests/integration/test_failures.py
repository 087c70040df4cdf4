"""When sealing fails, nothing is stored, the sender keeps the message, and the reason is told."""

import contextlib
import os
import re
import time

import pytest

import fakes
import mail
from dovecot import Dovecot, User
from imap import Literal
from sandbox import wait_until

MESSAGE = mail.text(mail.CANARY + b"\r\n")
WAYS_IN = ("lmtp", "lda", "append")
LIMIT = 100  # seconds
# Armor with nothing in it
HOLLOW = b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n-----END PGP PUBLIC KEY BLOCK-----\n"


@pytest.fixture(scope="module")
def server(gnupg, keys):
    expired = gnupg.generate_expired("expired@example.org").certificate
    missing_as_failure = {"mail_seal_missing_key": "tempfail"}
    unusable_as_success = {"mail_seal_unusable_key": "store"}
    users = [
        User("alice", keys.alice.certificate),
        # for whom a gpg that hangs is given up; nobody knows how long a good one takes
        User("hasty", keys.alice.certificate, settings={"mail_seal_timeout": "2s"}),
        User("expired", expired),
        User("revoked", gnupg.generate_revoked("revoked@example.org").certificate),
        User("signing-only", gnupg.generate("s@example.org", encryption=None).certificate),
        User("weak", gnupg.generate("weak@example.org", "rsa1024", "rsa1024").certificate),
        User("garbage", b"\x00\xffThis is not a key.\n"),
        User("damaged", keys.alice.certificate[:300]),
        User("empty", b""),
        User("secret", gnupg.export_secret(keys.alice.fingerprint)),
        User("unreadable", keys.alice.certificate),
        User("folder"),
        User("dangling"),
        User("hollow", HOLLOW),
        User("required", settings=missing_as_failure),
        User("no-extra", keys.alice.certificate,
             settings={"mail_seal_extra_keys": "/nonexistent/recovery.asc"}),
        User("hollow-extra", keys.alice.certificate,
             settings={"mail_seal_extra_keys": "%h/extra.asc"}),
        User("tolerant", expired, settings=unusable_as_success),
        User("tolerant-garbage", b"garbage\n", settings=unusable_as_success),
        User("tolerant-required", expired, settings=missing_as_failure | unusable_as_success),
    ]
    # the faults are gpg's
    with Dovecot(users, seal={"mail_seal_openpgp_engine": "gpg",
                              "mail_seal_timeout": "10 mins"}) as dovecot:
        dovecot.keys_file("unreadable").chmod(0)
        os.chown(dovecot.keys_file("unreadable"), 0, 0)
        dovecot.give("folder", ".mail-seal/keys/.keep", b"")
        # Somebody did enrol; where the key is now isn't mounted.
        dovecot.give("dangling", ".mail-seal/.keep", b"")
        dovecot.keys_file("dangling").symlink_to("/nonexistent/key.asc")
        dovecot.give("hollow-extra", "extra.asc", HOLLOW)
        yield dovecot


UNUSABLE = ("expired", "revoked", "signing-only", "weak", "garbage", "damaged", "empty", "secret",
            "unreadable", "folder", "dangling", "hollow", "required", "no-extra", "hollow-extra")


@pytest.fixture(scope="module")
def fake(server):
    return fakes.Fakes(server)


def victim(behaviour):
    """Who is to have mail when gpg behaves like this."""
    return "hasty" if behaviour.startswith("hang") else "alice"


def send(server, way, user):
    """Deliver or append MESSAGE; return (accepted, what the sender was told)."""
    if way == "lmtp":
        [reply] = server.deliver(MESSAGE, user)
        assert reply.code in (250, 451), reply
        return reply.code == 250, reply.text
    if way == "lda":
        done = server.lda(user, message=MESSAGE)
        assert done.returncode in (0, 75), done
        return done.returncode == 0, None  # the MTA shows its user nothing of it
    with server.imap(user) as client:
        response = client.append("INBOX", MESSAGE)
        assert response.status in ("OK", "NO"), response
        return response.ok, response.text


def check_told(text):
    """One sentence a mailbox owner can read: no path, no shrug."""
    sentence = re.sub(r"^(4\.\d\.\d )?(<[^>]*> )?(\[[A-Z]+\] )?", "", text)
    sentence = re.sub(r" \(\d+\.\d+ \+ .* secs\)\.$", "", sentence)  # added by imap
    assert "/" not in sentence, sentence
    assert "nternal error" not in sentence, sentence
    assert len(sentence.split()) >= 4, sentence
    assert "\n" not in sentence


def check_refused(server, way, user):
    mark = len(server.log())
    start = time.monotonic()
    accepted, text = send(server, way, user)
    assert not accepted, "the message was accepted"
    assert time.monotonic() - start < LIMIT, "mail_seal_timeout was not kept"
    if text is not None:
        check_told(text)
    assert wait_until(lambda: not server.foreign_processes()), server.foreign_processes()
    with server.imap(user) as client:
        assert client.messages() == []
    assert server.leftovers(user) == []
    assert nowhere_stored(server, user)
    assert wait_until(lambda: errors_since(server, mark)), "nothing in the log"


def errors_since(server, mark):
    return [line for line in server.log_since(mark).splitlines() if "Error: " in line]


def nowhere_stored(server, user):
    return not any(mail.CANARY in file.read_bytes()
                   for file in server.home(user).rglob("*") if file.is_file())


def check_accepted(server, way, user, key, gnupg):
    accepted, text = send(server, way, user)
    assert accepted, text
    mail.check_sealed(server.message(user), MESSAGE, gnupg, key)
    server.empty(user)


@pytest.mark.parametrize("way", WAYS_IN)
@pytest.mark.parametrize("user", UNUSABLE)
def test_unusable_key(server, user, way):
    check_refused(server, way, user)


@pytest.mark.parametrize("user", ["no-extra", "hollow-extra"])
def test_extra_key_is_named(server, user):
    """Its fault isn't to be looked for in the owner's key."""
    [reply] = server.deliver(MESSAGE, user)
    assert "recovery key" in reply.text


@pytest.mark.parametrize("user", ["expired", "garbage", "required"])
def test_what_is_encrypted_already_needs_no_key(server, gnupg, keys, user):
    """An owner whose key has expired can still get and file what only he can read."""
    encrypted = mail.pgp_mime(gnupg.encrypt(MESSAGE, keys.alice))
    assert server.deliver(encrypted, user)[0].code == 250
    mail.check_unchanged(server.message(user), encrypted)
    with server.imap(user) as client:
        client.command("CREATE Filed")
        assert client.append("Filed", encrypted).ok
        client.command("SELECT INBOX")
        assert client.command("COPY 1 Filed").ok
        assert client.command("MOVE 1 Filed").ok
        assert len(client.messages("Filed")) == 3
        assert not client.append("Filed", MESSAGE).ok
        assert len(client.messages("Filed")) == 3
    server.empty(user)


def test_one_log_line_per_failure(server):
    mark = len(server.log())
    server.deliver(MESSAGE, "expired")
    assert wait_until(lambda: "save failed" in server.log_since(mark))  # Dovecot's own line, later
    errors = errors_since(server, mark)
    assert len(errors) == 1, errors
    assert re.search(r"lmtp\(expired\)<\d+><[^>]+>: Error: ", errors[0]), "no session id"


def test_delivered_when_key_is_good_again(server, keys, gnupg):
    before = server.keys_file("garbage").read_bytes()
    check_refused(server, "lmtp", "garbage")
    server.give("garbage", ".mail-seal/keys", keys.bob.certificate)
    for way in WAYS_IN:
        check_accepted(server, way, "garbage", keys.bob, gnupg)
    server.give("garbage", ".mail-seal/keys", before)


def test_new_key_in_a_connection_that_stays(server, keys, gnupg):
    """A long-lived lmtp process must see that a key changed."""
    with server.lmtp() as client:
        for key in (keys.bob, keys.carol, keys.alice):
            server.give("alice", ".mail-seal/keys", key.certificate)
            assert client.deliver(MESSAGE, "alice@example.org")[0].code == 250
            mail.check_sealed(server.message("alice"), MESSAGE, gnupg, key)
            server.empty("alice")


def test_failure_of_one_recipient_is_only_its_own(server, keys, gnupg):
    replies = server.deliver(MESSAGE, "expired", "alice", "garbage")
    assert [reply.code for reply in replies] == [451, 250, 451]
    mail.check_sealed(server.message("alice"), MESSAGE, gnupg, keys.alice)
    server.empty("alice")


@pytest.mark.parametrize("way", WAYS_IN)
@pytest.mark.parametrize("user", ["tolerant", "tolerant-garbage", "tolerant-required"])
def test_unusable_key_stores_if_told_so(server, user, way):
    server.empty(user)
    assert send(server, way, user)[0]
    mail.check_unchanged(server.message(user), MESSAGE, delivered=way != "append")


@pytest.mark.parametrize("way", WAYS_IN)
@pytest.mark.parametrize("behaviour", fakes.BEHAVIOURS)
def test_gpg_fails(server, fake, keys, gnupg, behaviour, way):
    with fake.gpg(behaviour):
        check_refused(server, way, victim(behaviour))
    check_accepted(server, way, "alice", keys.alice, gnupg)


@pytest.mark.parametrize("way", WAYS_IN)
@pytest.mark.parametrize("behaviour", ["crash", "hang", "silent"])
def test_gpg_fails_whatever_it_is_asked(server, fake, keys, gnupg, behaviour, way):
    with fake.gpg(behaviour, every_call=True):
        check_refused(server, way, victim(behaviour))
    check_accepted(server, way, "alice", keys.alice, gnupg)


@pytest.mark.parametrize("way", WAYS_IN)
def test_gpg_missing(server, fake, keys, gnupg, way):
    with fake.gpg_missing():
        check_refused(server, way, "alice")
    check_accepted(server, way, "alice", keys.alice, gnupg)


def test_unusable_key_setting_is_not_for_engine_failures(server, fake, gnupg, keys):
    """mail_seal_unusable_key=store must not turn a crashing gpg into plaintext."""
    before = server.keys_file("tolerant").read_bytes()
    server.give("tolerant", ".mail-seal/keys", keys.alice.certificate)
    server.empty("tolerant")
    with fake.gpg("crash"):
        check_refused(server, "lmtp", "tolerant")
    check_accepted(server, "lmtp", "tolerant", keys.alice, gnupg)
    server.give("tolerant", ".mail-seal/keys", before)


@pytest.mark.parametrize("behaviour", ["crash", "silent"])
def test_unread_key_is_not_an_unusable_key(server, fake, gnupg, keys, behaviour):
    """A process that has sealed before meets a new key and a gpg that fails to read it."""
    before = server.keys_file("tolerant").read_bytes()
    server.empty("tolerant")
    with server.lmtp() as client:
        for key, every_call in ((keys.bob, False), (keys.carol, True)):
            server.give("tolerant", ".mail-seal/keys", key.certificate)
            with fake.gpg(behaviour, every_call) if every_call else contextlib.nullcontext():
                code = client.deliver(MESSAGE, "tolerant@example.org")[0].code
            assert code == (451 if every_call else 250)
    mail.check_sealed(server.message("tolerant"), MESSAGE, gnupg, keys.bob)
    server.give("tolerant", ".mail-seal/keys", before)
    server.empty("tolerant")


def test_gpg_fails_in_a_connection_that_stays(server, fake, keys, gnupg):
    """An lmtp process recovers: good, bad, good in one connection."""
    with server.lmtp() as client:
        assert client.deliver(MESSAGE, "alice@example.org")[0].code == 250
        for behaviour in ("crash", "die", "hang", "silent"):
            with fake.gpg(behaviour):
                address = f"{victim(behaviour)}@example.org"
                assert client.deliver(MESSAGE, address)[0].code == 451
            server.empty("alice")
            assert client.deliver(MESSAGE, "alice@example.org")[0].code == 250
        mail.check_sealed(server.message("alice"), MESSAGE, gnupg, keys.alice)
        server.empty("alice")


def test_gpg_fails_on_a_large_message(server, fake, keys, gnupg):
    """gpg ends while most of the message has yet to be written to it."""
    large = MESSAGE + b"0123456789abcdef\r\n" * 200_000
    for behaviour in ("crash", "die", "hang", "half_then_killed", "cat"):
        with fake.gpg(behaviour):
            assert server.deliver(large, victim(behaviour))[0].code == 451
            assert wait_until(lambda: not server.foreign_processes())
    with server.imap("alice") as client, fake.gpg("crash"):
        assert client.append("INBOX", large).status == "NO"
        assert client.messages() == []
    assert server.leftovers("alice") == server.leftovers("hasty") == []
    assert server.deliver(large, "alice")[0].code == 250
    mail.check_sealed(server.message("alice"), large, gnupg, keys.alice)
    server.empty("alice")


def test_one_failure_in_multiappend_stores_nothing(server, fake):
    with server.imap("alice") as client, fake.gpg("crash"):
        response = client.command("APPEND INBOX ", Literal(MESSAGE, sync=False), " ",
                                  Literal(MESSAGE, sync=False))
        assert response.status == "NO", response
        assert client.messages() == []
        assert client.command("NOOP").ok, "the session went out of step"
    assert server.leftovers("alice") == []


BAD_SETTINGS = {
    "one": ("mail_seal_missing_key", "foo"),
    "two": ("mail_seal_unusable_key", "maybe"),
    "three": ("mail_seal_keys", "ftp:keys"),
    "four": ("mail_seal_compress", "perhaps"),
    "five": ("mail_seal_min_rsa_bits", "many"),
    "six": ("mail_seal_timeout", "soon"),
    "seven": ("mail_seal_protect_headers", "Date"),
}
setting_names = [name for name, _ in BAD_SETTINGS.values()]


@pytest.fixture(scope="module")
def misconfigured(keys):
    users = [User(user, keys.alice.certificate, settings=dict([setting]))
             for user, setting in BAD_SETTINGS.items()]
    with Dovecot(users) as dovecot:
        yield dovecot


@pytest.mark.parametrize("user", BAD_SETTINGS, ids=setting_names)
def test_bad_setting_stops_delivery(misconfigured, user):
    mark = len(misconfigured.log())
    assert misconfigured.deliver(MESSAGE, user)[0].code == 451
    check_named(misconfigured, user, mark)
    assert nowhere_stored(misconfigured, user)


@pytest.mark.parametrize("user", BAD_SETTINGS, ids=setting_names)
def test_bad_setting_stops_login(misconfigured, user):
    mark = len(misconfigured.log())
    with pytest.raises((AssertionError, ConnectionError)), misconfigured.imap(user) as client:
        client.select()
    check_named(misconfigured, user, mark)


def check_named(server, user, mark):
    """The log names the setting and the value."""
    name, value = BAD_SETTINGS[user]
    assert wait_until(lambda: re.search(f"Error: .*{name}.*{value}", server.log_since(mark)))
