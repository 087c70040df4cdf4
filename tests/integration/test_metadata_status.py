"""The METADATA entry "status": how it stands with an owner, for settings pages."""

import re
import time

import pytest

import enrolment
import fakes
import mail
import packets
import team
from dovecot import Dovecot, User, dovecot_version
from enrolment import MESSAGE, get_entry, set_entry
from imap import Literal
from sandbox import wait_until
from x509 import EXPIRED

SERVER = "/private/vendor/vendor.mail-seal/"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
TIMEOUT = 2  # seconds
# on a busy machine, and less than what is the default
LIMIT = 30


@pytest.fixture(scope="module")
def server(gnupg, keys):
    stored = {"mail_seal_unusable_key": "store"}
    users = [User("alice", settings={"mail_seal_addresses": "alice@example.org"}),
             User("bob", settings={"mail_seal_missing_key": "tempfail"}), User("x509"),
             User("two"), User("mixed"), User("tolerant", settings=stored), User("garbage"),
             User("extra", keys.alice.certificate, {"mail_seal_extra_keys": "/nonexistent"}),
             User("denied", keys.carol.certificate, {"mail_seal_imap_enrolment": "no"}),
             User("hasty", settings={"mail_seal_timeout": f"{TIMEOUT}s"}),
             User("exempt", settings={"mail_seal_keys": "none"})]
    with Dovecot(users, metadata=True, shared=True,
                 groups={"CERT": "file:FOLDER/cert.asc"}) as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def nobody_enrolled(server):
    for user in ("alice", "bob"):
        server.never_enrolled(user)
        server.empty(user)


def status(server, user):
    """As {name: value}, and a list of the certificates, each as a list of its words."""
    with server.imap(user) as client:
        lines = [line.split("=", 1) for line in get_entry(client, "status").decode().splitlines()]
    certificates = [value.split(" ", 3) for name, value in lines if name == "certificate"]
    return {name: value for name, value in lines if name != "certificate"}, certificates


def test_without_certificate(server):
    assert status(server, "alice") == ({"state": "none", "mail": "stored"}, [])
    assert status(server, "bob") == ({"state": "none", "mail": "refused"}, [])
    assert status(server, "exempt") == ({"state": "excluded", "mail": "stored"}, [])


def test_from_first_to_last(server, keys):
    """Offered, confirmed, gone."""
    with server.imap("alice") as client:
        assert set_entry(client, "keys", keys.alice.certificate).ok
    assert status(server, "alice") == ({"state": "pending", "mail": "stored"}, [])
    with server.imap("alice") as client:
        assert enrolment.give(client, enrolment.code(server, "alice", keys.alice)).ok
    active = [[keys.alice.fingerprint, "OpenPGP", "never"]]
    assert status(server, "alice") == ({"state": "active", "mail": "sealed"}, active)
    assert enrolment.sealed_to(server, "alice") == [keys.alice.fingerprint]
    with server.imap("alice") as client:
        assert set_entry(client, "keys", None).ok
    assert status(server, "alice")[0]["state"] == "active", "a withdrawal is only pending"
    server.keys_file("alice").unlink()
    lost = {"state": "unusable", "mail": "refused", "problem": "it is no longer there"}
    assert status(server, "alice") == (lost, [])


@pytest.mark.parametrize("kind", ["OpenPGP", "X.509"])
def test_expiry(server, gnupg, x509, kind):
    key = (gnupg.generate("x509@example.org", expires="2y") if kind == "OpenPGP"
           else x509.generate("x509@example.org"))
    server.give("x509", ".mail-seal/keys", key.certificate)
    found, [[fingerprint, its_kind, expires]] = status(server, "x509")
    assert found == {"state": "active", "mail": "sealed"}
    assert (fingerprint, its_kind) == (key.fingerprint, kind)
    assert re.fullmatch(TIME, expires)


def test_expired(server, gnupg, x509):
    old = gnupg.generate_expired("tolerant@example.org")
    for user, mails in (("two", "refused"), ("tolerant", "stored")):
        server.give(user, ".mail-seal/keys", old.certificate)
        found, [[fingerprint, _, expires, problem]] = status(server, user)
        assert found == {"state": "expired", "mail": mails, "problem": "it has expired"}
        assert fingerprint == old.fingerprint and problem == "it has expired"
        assert expires.startswith("2020-01-02T")
    server.give("two", ".mail-seal/keys", x509.generate_dated("two@example.org",
                                                              *EXPIRED).certificate)
    assert status(server, "two")[0]["state"] == "expired"


def test_several(server, gnupg, keys):
    """One that can be used is enough; the other says what is wrong with it."""
    old = gnupg.generate_expired("mixed@example.org")
    server.give("mixed", ".mail-seal/keys", keys.bob.certificate + old.certificate)
    found, certificates = status(server, "mixed")
    assert found == {"state": "active", "mail": "sealed"}
    assert sorted(certificates) == sorted([[keys.bob.fingerprint, "OpenPGP", "never"],
                                           [old.fingerprint, "OpenPGP", certificates[-1][2],
                                            "it has expired"]])


def odd_certificate(address):
    """gpg calls it usable, and nothing can be sealed to it: its point is of low order."""
    created = int(time.time()) - 24 * 3600
    primary = packets.Primary(created)
    subkey = packets.key_body(packets.ECDH, packets.ecdh(b"\x40" + bytes(32)), created)
    data = primary.packet + primary.user(address, created)
    data += primary.bind(subkey, {"created": created, "flags": packets.ENCRYPT})
    return packets.armor(data), packets.fingerprint(primary.body)


def test_what_the_engine_refuses(server, keys):
    odd, its_fingerprint = odd_certificate("mixed@example.org")
    server.give("mixed", ".mail-seal/keys", keys.bob.certificate + odd)
    found, certificates = status(server, "mixed")
    assert found == {"state": "active", "mail": "sealed"}
    problems = {fingerprint: rest for fingerprint, _, _, *rest in certificates}
    assert problems[keys.bob.fingerprint] == []
    assert "low order" in problems[its_fingerprint][0]
    assert enrolment.sealed_to(server, "mixed") == [keys.bob.fingerprint]
    server.never_enrolled("mixed")
    server.give("mixed", ".mail-seal/keys", odd)
    found, [[fingerprint, *_, problem]] = status(server, "mixed")
    assert (found["state"], found["mail"]) == ("unusable", "refused")
    assert fingerprint == its_fingerprint and problem == found["problem"]


@pytest.mark.parametrize("state", ["active", "expired"])
def test_what_was_read_first_counts(server, gnupg, state):
    """The certificate goes while it is judged: what is said of it is of one time."""
    server.never_enrolled("two")
    key = (gnupg.generate("two@example.org") if state == "active"
           else gnupg.generate_expired("two@example.org"))
    path = server.give("two", ".mail-seal/keys", key.certificate)
    with fakes.Fakes(server).gpg_takes_away(path):
        found, certificates = status(server, "two")
    assert not path.exists()
    assert found["state"] == state
    assert [certificate[0] for certificate in certificates] == [key.fingerprint]


def test_what_cannot_be_used(server, gnupg):
    """Revoked, no certificate at all, or mail_seal_extra_keys."""
    revoked = gnupg.generate_revoked("garbage@example.org")
    server.give("garbage", ".mail-seal/keys", revoked.certificate)
    found, [[fingerprint, *_, problem]] = status(server, "garbage")
    assert (found["state"], found["mail"]) == ("unusable", "refused")
    assert fingerprint == revoked.fingerprint and "revoked" in problem
    server.give("garbage", ".mail-seal/keys", b"\x00\xffThis is not a key.\n")
    found, certificates = status(server, "garbage")
    assert (found["state"], found["mail"], certificates) == ("unusable", "refused", [])
    assert found["problem"] and "/" not in found["problem"]
    found, certificates = status(server, "extra")
    assert (found["state"], found["mail"]) == ("unusable", "refused")
    assert "recovery key" in found["problem"] and "/" not in found["problem"]


def test_gpg_is_not_asked_again(server, gnupg):
    """What the owner's state knows is enough, and it says the same."""
    key = gnupg.generate("alice@example.org")  # that no process remembers
    fake = fakes.Fakes(server)
    fake.forget_recorded()
    server.give("alice", ".mail-seal/keys", key.certificate)
    with fake.gpg("record_ids", every_call=True):
        before = status(server, "alice")
        assert len(fake.recorded()) == 1
        assert enrolment.sealed_to(server, "alice") == [key.fingerprint]
        fake.forget_recorded()
        assert status(server, "alice") == before
        assert fake.recorded() == []
    assert before[0]["state"] == "active"


def test_failure_is_told_without_paths(server, keys):
    server.give("alice", ".mail-seal/keys", keys.alice.certificate)
    with fakes.Fakes(server).gpg("die", every_call=True), server.imap("alice") as client:
        response = client.command(f'GETMETADATA "" {SERVER}status')
    said = b"".join([response.text.encode(), *response.untagged]).decode()
    assert "the server failed, please try again later" in said and "state=" not in said
    assert "/" not in said.replace(SERVER, "")
    assert wait_until(lambda: "The owner's status can't be found out: " in server.log())


def test_hanging_gpg(server, gnupg, keys):
    key = gnupg.generate("hasty@example.org")  # that no process remembers
    server.give("hasty", ".mail-seal/keys", key.certificate)
    with server.imap("hasty") as client:
        with fakes.Fakes(server).gpg("hang_stubborn", every_call=True):
            start = time.monotonic()
            response = client.command(f'GETMETADATA "" {SERVER}status')
            assert response.status == "NO" and "please try again later" in response.text
            assert time.monotonic() - start < LIMIT
            assert client.command("NOOP").ok
        assert b"state=active" in get_entry(client, "status")
        assert client.append("INBOX", MESSAGE).ok
    server.empty("hasty")


def test_it_cannot_be_set(server, keys):
    server.give("alice", ".mail-seal/keys", keys.alice.certificate)
    before = status(server, "alice")
    with server.imap("alice") as client:
        for value in (b"state=none", b"", keys.bob.certificate):
            response = set_entry(client, "status", value)
            assert response.status == "NO" and "The status can only be read" in response.text
        # there is nothing to take away
        assert set_entry(client, "status", None).ok
        for mailbox in ("INBOX", "Drafts"):
            assert client.command(f'SETMETADATA "{mailbox}" ({SERVER}status ',
                                  Literal(b"x"), ")").status == "NO"
            assert b"state=" not in b"".join(
                client.must(f'GETMETADATA "{mailbox}" {SERVER}status').untagged)
        assert b"state=" not in b"".join(client.must(
            'GETMETADATA "" /shared/vendor/vendor.mail-seal/status').untagged)
    assert status(server, "alice") == before


@pytest.mark.parametrize("user", ["alice", "denied"])
@pytest.mark.parametrize("name", ["status", "code"])
def test_what_dovecot_had_by_that_name_can_be_removed(server, user, name):
    """From before mail_seal came: it is never shown, but it is the owner's."""
    without = "mail_plugins=" if dovecot_version().startswith("2.3") else "mail_plugins/mail_seal=no"
    kept = server.home(user) / "attributes"
    server.doveadm("-o", without, "mailbox", "metadata", "set", "-u", user, "-s", "", SERVER + name,
                   "from-before")
    assert b"from-before" in kept.read_bytes()
    with server.imap(user) as client:
        assert b"from-before" not in (get_entry(client, name) or b"")
        assert set_entry(client, name, None).ok
    assert b"from-before" not in kept.read_bytes()


def test_maxsize(server, keys):
    server.give("alice", ".mail-seal/keys", keys.alice.certificate)
    with server.imap("alice") as client:
        size = len(get_entry(client, "status"))
        response = client.must(f'GETMETADATA (MAXSIZE {size - 1}) "" {SERVER}status')
        assert response.code("METADATA LONGENTRIES") == [str(size)]
        assert b"state=" not in b"".join(response.untagged)
        response = client.must(f'GETMETADATA (MAXSIZE {size}) "" {SERVER}status')
        assert b"state=active" in b"".join(response.untagged)


def test_mailboxes_that_are_not_ones_own(server, keys):
    """Neither another's nor a team's: what is said is of who asks."""
    team.give(server, "cert.asc", keys.bob.certificate)
    team.make(server, "CERT")
    server.give("bob", ".mail-seal/keys", keys.bob.certificate)
    server.doveadm("mailbox", "create", "-u", "bob", "Common")
    server.give("bob", "Maildir/.Common/dovecot-acl", team.ACL.encode())
    with server.imap("alice") as client:
        for mailbox in ("Public/CERT", "shared/bob/Common"):
            assert client.append(mailbox, MESSAGE).ok
            for entry in (SERVER, "/shared/vendor/vendor.mail-seal/"):
                response = client.command(f'GETMETADATA "{mailbox}" {entry}status')
                assert b"state=" not in b"".join(response.untagged)
                assert client.command(f'SETMETADATA "{mailbox}" ({entry}status ',
                                      Literal(b"x"), ")").status == "NO"
        assert b"state=none" in get_entry(client, "status")
    server.doveadm("expunge", "-u", "bob", "mailbox", "Common", "all")


def test_it_is_in_no_listing(server, keys):
    server.give("alice", ".mail-seal/keys", keys.alice.certificate)
    with server.imap("alice") as client:
        for above in ("/private", SERVER.rstrip("/")):
            answer = b"".join(client.must(
                f'GETMETADATA (DEPTH infinity) "" {above}').untagged)
            assert b"state=" not in answer
        assert b"BEGIN PGP" in answer
    for mailbox in (("-s", ""), ("INBOX",)):
        done = server.doveadm("mailbox", "metadata", "list", "-u", "alice", *mailbox)
        assert b"status" not in done.stdout
    done = server.doveadm("mailbox", "metadata", "get", "-u", "alice", "-s", "",
                          SERVER + "status")
    assert b"state=active" in done.stdout


def test_where_enrolment_is_switched_off(server):
    with server.imap("denied") as client:
        assert get_entry(client, "status") is None
        assert set_entry(client, "status", b"x").status == "NO"
        assert set_entry(client, "status", None).ok


def test_dsync_carries_nothing_over(server, keys):
    server.give("alice", ".mail-seal/keys", keys.alice.certificate)
    before = status(server, "alice")
    for command in ("backup", "sync"):
        server.doveadm(command, "-u", "alice", *server.location(server.home("alice") / "copy"))
    assert status(server, "alice") == before
    attributes = server.home("alice") / "attributes"
    assert not attributes.exists() or b"state=" not in attributes.read_bytes()


def test_others_keep_their_answers(server, keys):
    """Names that only begin alike, and what is Dovecot's own."""
    with server.imap("alice") as client:
        for entry in ("/private/vendor/vendor.mail-sealing/status", "/private/comment"):
            client.must(f'SETMETADATA "" ({entry} "mine")')
            assert b"mine" in b"".join(client.must(f'GETMETADATA "" {entry}').untagged)
            client.must(f'SETMETADATA "" ({entry} NIL)')
        for entry in ("statu", "status/1", "status2"):
            assert get_entry(client, entry) is None
            assert set_entry(client, entry, b"x").status == "NO"
        assert client.append("INBOX", MESSAGE).ok
    mail.check_unchanged(server.message("alice"), MESSAGE, delivered=False)
