"""The gate: what an owner offers counts when somebody who can read it gives back a code."""

import re
import time

import pytest

import dicts
import notices
from dovecot import Dovecot, User
from enrolment import (MESSAGE, challenges, code, get_entry, give, pending, sealed_to, set_entry,
                       stop_code)
from sandbox import wait_until
from seal_key import set_key
from x509 import EXPIRED

STORES = {"file": lambda: None, "redis": dicts.Redis, "sqlite": dicts.Sqlite}
USERS = ("alice", "bob")


@pytest.fixture(scope="module", params=STORES)
def store(request):
    store = STORES[request.param]()
    yield store
    if store:
        store.close()


@pytest.fixture(scope="module")
def server(store):
    users = [User(name, settings={"mail_seal_addresses": f"{name}@example.org"}) for name in USERS]
    users += [User("exempt", settings={"mail_seal_keys": "none"}),
              User("hurried", settings={"mail_seal_confirm_within": "1s",
                                        "mail_seal_addresses": "alice@example.org"}),
              User("trusted", settings={"mail_seal_confirm": "no",
                                        "mail_seal_addresses": "alice@example.org"})]
    with Dovecot(users, dict=store) as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def nobody_enrolled(server, store):
    if store:
        store.clear()
    for user in server.users:
        server.never_enrolled(user)
    server.empty(*server.users)


@pytest.fixture
def alice(server):
    with server.imap("alice") as client:
        yield client


@pytest.fixture
def of_alice(keys):
    """Keys that are alice's: the one she has, and another."""
    return keys.alice, keys.alice_too


@pytest.fixture(scope="module")
def keys(gnupg, openpgp_keys):
    openpgp_keys.alice_too = gnupg.generate("alice@example.org")
    return openpgp_keys


@pytest.fixture
def put_by_hand(server):
    if server.site.dict:
        pytest.skip("a certificate is put there by hand")


@pytest.fixture
def one_place(server):
    if server.site.dict:
        pytest.skip("the same, wherever certificates are")


def enrol(server, user, key):
    """By the administrator; what he is told of that is gone."""
    assert set_key(server, user, key.certificate).returncode == 0
    server.empty(user)


def test_first_key(server, alice, keys):
    key = keys.alice
    assert set_entry(alice, "keys", key.certificate).ok
    assert get_entry(alice, "keys") is None
    assert sealed_to(server, "alice") == []
    waits = pending(alice)
    assert waits["action"] == "set" and waits["missing"] == "new"
    assert waits["keys"] == key.fingerprint and "old_keys" not in waits
    [[first_code]] = challenges(server, "alice", key)
    response = give(alice, "seal-00000-00000")
    assert response.status == "NO"
    assert "isn't the code" in response.text
    assert give(alice, first_code).ok
    assert pending(alice) == {}
    assert get_entry(alice, "keys") == key.certificate
    assert sealed_to(server, "alice") == [key.fingerprint]
    rows = server.doveadm_rows("seal", "key", "show", "-u", "alice")
    assert [row["fingerprint"] for row in rows] == [key.fingerprint]
    # used up
    response = give(alice, first_code)
    assert response.status == "NO"
    assert "No code is awaited" in response.text
    assert server.doveadm("seal", "key", "check", "-u", "alice").stdout == b""


@pytest.mark.usefixtures("one_place")
@pytest.mark.parametrize("form", ["Re: {}", '"{}"', "  {} ", "<{}>.", "{upper}", "„{}“"])
def test_codes_as_people_write_them(server, alice, keys, form):
    assert set_entry(alice, "keys", keys.alice.certificate).ok
    right = code(server, "alice", keys.alice)
    for wrong in (right[:-1], right + "0", "x" + right, right.replace("-", ""), "hello", ""):
        assert give(alice, wrong).status == "NO"
    assert give(alice, form.format(right, upper=right.upper())).ok
    assert get_entry(alice, "keys") == keys.alice.certificate


@pytest.mark.parametrize("order", ["new first", "old first", "both at once"])
def test_change_needs_both_keys(server, alice, of_alice, order):
    old, new = of_alice
    enrol(server, "alice", old)
    assert set_entry(alice, "keys", new.certificate).ok
    assert pending(alice)["missing"] == "new,old"
    agree, prove = code(server, "alice", old), code(server, "alice", new)
    assert len(challenges(server, "alice", new)[0]) == 1
    if order == "both at once":
        assert give(alice, f"{agree} {prove}").ok
    else:
        codes = [prove, agree] if order == "new first" else [agree, prove]
        for _ in range(2):          # given twice is given once
            assert give(alice, codes[0]).ok
            assert get_entry(alice, "keys") == old.certificate
            assert sealed_to(server, "alice") == [old.fingerprint]
        assert pending(alice)["missing"] == ("old" if order == "new first" else "new")
        assert give(alice, codes[1]).ok
    assert get_entry(alice, "keys") == new.certificate
    assert sealed_to(server, "alice") == [new.fingerprint]
    assert pending(alice) == {}


def test_holder_of_the_old_key_stops_it(server, alice, of_alice):
    old, new = of_alice
    enrol(server, "alice", old)
    assert set_entry(alice, "keys", new.certificate).ok
    assert give(alice, code(server, "alice", new)).ok
    assert give(alice, stop_code(server, "alice", old)).ok
    assert pending(alice) == {}
    for late in (code(server, "alice", old), code(server, "alice", new)):
        assert give(alice, late).status == "NO"
    assert sealed_to(server, "alice") == [old.fingerprint]


def test_withdrawal_needs_the_key(server, alice, keys):
    enrol(server, "alice", keys.alice)
    assert set_entry(alice, "keys", None).ok
    assert get_entry(alice, "keys") == keys.alice.certificate
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]
    assert pending(alice)["action"] == "unset"
    agree = code(server, "alice", keys.alice)
    assert give(alice, agree).ok
    assert get_entry(alice, "keys") is None
    assert sealed_to(server, "alice") == []
    # and that is the end: nothing is lost
    assert set_entry(alice, "keys", None).ok
    assert give(alice, agree).status == "NO"


def test_withdrawal_stopped(server, alice, keys):
    enrol(server, "alice", keys.alice)
    assert set_entry(alice, "keys", None).ok
    assert give(alice, stop_code(server, "alice", keys.alice)).ok
    assert pending(alice) == {}
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]


def renew(gnupg, key):
    """The same key with another expiry, and so its subkeys."""
    listing = gnupg.gpg("--with-colons", "--list-keys", key.fingerprint).stdout.decode()
    _, *subkeys = re.findall(r"^fpr:+(\w+):", listing, re.M)
    gnupg.gpg("--quick-set-expire", key.fingerprint, "5y")
    gnupg.gpg("--quick-set-expire", key.fingerprint, "5y", *subkeys)
    return gnupg.key(key.address, key.fingerprint)


@pytest.mark.usefixtures("one_place")
def test_renewed_key_needs_one_code(server, alice, gnupg):
    key = gnupg.generate("alice@example.org", expires="10d")
    enrol(server, "alice", key)
    renewed = renew(gnupg, key)
    assert set_entry(alice, "keys", renewed.certificate).ok
    assert pending(alice)["missing"] == "new"
    assert give(alice, code(server, "alice", key)).ok
    assert get_entry(alice, "keys") == renewed.certificate


def list_state(server, user):
    [row] = server.doveadm_rows("seal", "key", "list", "-u", user)
    return row["state"]


@pytest.mark.usefixtures("put_by_hand")
@pytest.mark.parametrize("wanted", ["renewed", "another", "none", "X.509"])
def test_expired_key(server, alice, gnupg, keys, x509_keys, wanted):
    """Its holder can be asked, and isn't locked out."""
    key = gnupg.generate_expired("alice@example.org")
    server.give("alice", ".mail-seal/keys", key.certificate)
    assert server.deliver(MESSAGE, "alice")[0].code == 451
    assert list_state(server, "alice") == "expired"
    if wanted == "none":
        assert set_entry(alice, "keys", None).ok
        assert give(alice, code(server, "alice", key)).ok
        assert sealed_to(server, "alice") == []
        return
    new = {"renewed": lambda: renew(gnupg, key), "another": lambda: keys.alice,
           "X.509": lambda: x509_keys.alice}[wanted]()
    assert set_entry(alice, "keys", new.certificate).ok
    assert give(alice, code(server, "alice", new)).ok
    if wanted != "renewed":
        assert server.deliver(MESSAGE, "alice")[0].code == 451
        assert give(alice, code(server, "alice", key)).ok
    assert sealed_to(server, "alice") == [new.fingerprint]


@pytest.mark.usefixtures("put_by_hand")
def test_expired_certificate(server, alice, x509, x509_keys):
    """S/MIME: the next one is always another."""
    old = x509.generate_dated("alice@example.org", *EXPIRED)
    server.give("alice", ".mail-seal/keys", old.certificate)
    assert set_entry(alice, "keys", x509_keys.alice.certificate).ok
    for key in (x509_keys.alice, old):
        assert give(alice, code(server, "alice", key)).ok
    assert sealed_to(server, "alice") == [x509_keys.alice.fingerprint]


@pytest.mark.usefixtures("put_by_hand")
def test_key_that_cannot_be_asked(server, alice, gnupg, keys):
    """Revoked, damaged, gone: neither another key follows, nor none."""
    revoked = gnupg.generate_revoked("alice@example.org").certificate
    for content in (revoked, b"hello"):
        server.give("alice", ".mail-seal/keys", content)
        for offered in (keys.alice.certificate, None):
            response = set_entry(alice, "keys", offered)
            assert response.status == "NO"
            assert "only the administrator can change it" in response.text
        assert list_state(server, "alice") == "unusable"
    enrol(server, "alice", keys.alice)
    server.keys_file("alice").unlink()
    assert list_state(server, "alice") == "unusable"
    for offered in (keys.alice_too.certificate, None):
        assert set_entry(alice, "keys", offered).status == "NO"
    assert set_entry(alice, "keys", keys.alice.certificate).ok
    assert give(alice, code(server, "alice", keys.alice)).ok
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]


def test_a_new_offer_replaces_the_old_one(server, alice, of_alice):
    first, second = of_alice
    assert set_entry(alice, "keys", first.certificate).ok
    old_code = code(server, "alice", first)
    assert set_entry(alice, "keys", second.certificate).ok
    assert give(alice, old_code).status == "NO"
    assert give(alice, code(server, "alice", second)).ok
    assert sealed_to(server, "alice") == [second.fingerprint]


def test_the_same_again(server, alice, keys):
    """As a client that resynchronises: no new challenge while the first one is there."""
    for _ in range(3):
        assert set_entry(alice, "keys", keys.alice.certificate).ok
    [[only]] = challenges(server, "alice", keys.alice)
    # deleted by mistake
    server.empty("alice")
    assert set_entry(alice, "keys", keys.alice.certificate).ok
    [[again]] = challenges(server, "alice", keys.alice)
    assert again != only
    assert give(alice, again).ok
    server.empty("alice")
    # what is active already
    assert set_entry(alice, "keys", keys.alice.certificate).ok
    assert pending(alice) == {} and challenges(server, "alice", keys.alice) == []


def test_taken_back(server, alice, keys):
    for unset in ("keys", "pending"):
        server.empty("alice")
        assert set_entry(alice, "keys", keys.alice.certificate).ok
        assert set_entry(alice, unset, None).ok
        assert pending(alice) == {}
        assert give(alice, code(server, "alice", keys.alice)).status == "NO"
    assert set_entry(alice, "pending", b"action=set").status == "NO"
    assert get_entry(alice, "code") is None


def test_too_late(server, keys):
    with server.imap("hurried") as client:
        assert set_entry(client, "keys", keys.alice.certificate).ok
        late = code(server, "hurried", keys.alice)
        assert wait_until(lambda: pending(client) == {})
        response = give(client, late)
        assert response.status == "NO"
        assert "too old" in response.text
        assert "No code is awaited" in give(client, late).text
    assert sealed_to(server, "hurried") == []


@pytest.mark.usefixtures("one_place")
def test_no_confirmation(server, keys):
    mark = len(server.log())
    with server.imap("trusted") as client:
        assert set_entry(client, "keys", keys.alice.certificate).ok
        assert get_entry(client, "keys") == keys.alice.certificate
        assert "Key set by metadata (trusted)" in server.log_since(mark)
        [notice] = notices.of(server, "trusted", keys.alice)
        assert notice.sealed and notices.names(notice, keys.alice)
        assert set_entry(client, "keys", None).ok
        assert get_entry(client, "keys") is None
    assert sealed_to(server, "trusted") == []


def test_administrator_has_the_last_word(server, alice, of_alice):
    first, second = of_alice
    assert set_entry(alice, "keys", first.certificate).ok
    waiting = code(server, "alice", first)
    enrol(server, "alice", second)
    assert pending(alice) == {}
    assert give(alice, waiting).status == "NO"
    assert set_entry(alice, "keys", first.certificate).ok
    server.doveadm("seal", "key", "unset", "-u", "alice")
    assert pending(alice) == {}
    assert sealed_to(server, "alice") == []


@pytest.mark.usefixtures("put_by_hand")
def test_changed_by_hand_meanwhile(server, alice, of_alice):
    """Who was asked about nothing has agreed to nothing."""
    first, second = of_alice
    assert set_entry(alice, "keys", first.certificate).ok
    waiting = code(server, "alice", first)
    server.give("alice", ".mail-seal/keys", second.certificate)
    response = give(alice, waiting)
    assert response.status == "NO"
    assert "has been changed meanwhile" in response.text
    assert sealed_to(server, "alice") == [second.fingerprint]
    assert pending(alice) == {}


@pytest.mark.usefixtures("one_place")
def test_doveadm(server, alice, of_alice):
    old, new = of_alice
    for way in ([], server.doveadm_server):
        enrol(server, "alice", old)
        assert set_entry(alice, "keys", new.certificate).ok
        [row] = server.doveadm_rows("seal", "key", "pending", *way, "-A")
        assert row["username"] == "alice" and row["action"] == "set"
        assert row["keys"] == new.fingerprint and row["old_keys"] == old.fingerprint
        assert row["by"] == "metadata (alice)" and row["missing"] == "new old"
        confirm = ["seal", "key", "confirm", *way, "-u", "alice"]
        wrong = server.doveadm(*confirm, "seal-00000-00000", check=False)
        assert wrong.returncode == 65 and b"isn't the code" in wrong.stderr
        server.doveadm(*confirm, code(server, "alice", new))
        done = server.doveadm(*confirm, code(server, "alice", old))
        if not way:
            assert b"Done: " in done.stderr
        assert sealed_to(server, "alice") == [new.fingerprint]
        assert server.doveadm_rows("seal", "key", "pending", "-A") == []
        assert server.doveadm(*confirm, "seal-00000-00000", check=False).returncode == 65
        # and rejected
        server.empty("alice")
        assert set_entry(alice, "keys", old.certificate).ok
        waiting = code(server, "alice", old)
        server.doveadm("seal", "key", "reject", *way, "-u", "alice")
        server.doveadm("seal", "key", "reject", *way, "-u", "alice")
        assert server.doveadm(*confirm, waiting, check=False).returncode == 65
        assert sealed_to(server, "alice") == [new.fingerprint]


@pytest.mark.usefixtures("one_place")
def test_what_is_logged(server, alice, of_alice):
    old, new = of_alice
    enrol(server, "alice", old)
    mark = len(server.log())
    assert set_entry(alice, "keys", new.certificate).ok
    assert give(alice, "seal-00000-00000").status == "NO"
    assert give(alice, stop_code(server, "alice", old)).ok
    assert set_entry(alice, "keys", new.certificate).ok
    for key in of_alice:
        assert give(alice, code(server, "alice", key)).ok
    change = f"from {old.fingerprint} to {new.fingerprint}"
    lines = re.findall(r"mail_seal: (.*)", server.log_since(mark))
    assert lines == [
        f"Key set by metadata (alice) is pending: {change}",
        "A wrong code by metadata (alice)",
        f"Key set by metadata (alice) is stopped by metadata (alice): {change}",
        f"Key set by metadata (alice) is pending: {change}",
        f"Key set by metadata (alice): {change}"]


@pytest.mark.usefixtures("one_place")
def test_what_the_owner_is_told(server, alice, of_alice):
    """A change is told to who has the old key and to who has the new one."""
    old, new = of_alice
    enrol(server, "alice", old)
    assert set_entry(alice, "keys", new.certificate).ok
    codes = [code(server, "alice", key) for key in of_alice]
    server.empty("alice")
    for one in codes:
        assert give(alice, one).ok
    told = [notices.read(stored, key) for key in of_alice for stored in server.messages("alice")
            if key.fingerprint.encode() in stored]
    assert len(told) == 2
    for notice in told:
        assert notice.sealed and notices.names(notice, new)
    assert not any(one in notice.text for notice in told for one in codes)


def test_list(server, alice, gnupg, of_alice, keys):
    old, new = of_alice
    soon = gnupg.generate("bob@example.org", expires="10d")

    def row(user, *options):
        rows = server.doveadm_rows("seal", "key", "list", *options, "-A")
        return {row["username"]: row for row in rows}.get(user)
    began = time.strftime("%Y-%m-%d")
    assert row("alice")["state"] == "none"
    assert row("exempt")["state"] == "excluded"
    assert set_entry(alice, "keys", old.certificate).ok
    assert row("alice")["state"] == "pending"
    assert row("alice")["pending"] == old.fingerprint
    assert give(alice, code(server, "alice", old)).ok
    active = row("alice")
    assert active["state"] == "active" and active["kind"] == "OpenPGP"
    assert active["fingerprint"] == old.fingerprint and active["expires"] == "never"
    assert active["way"] == "metadata"
    # it may be midnight just now
    assert {active["given"], active["since"]} <= {began, time.strftime("%Y-%m-%d")}
    assert set_entry(alice, "keys", new.certificate).ok
    assert row("alice")["state"] == "active" and row("alice")["pending"] == new.fingerprint
    enrol(server, "bob", soon)
    assert row("bob")["state"] == "expiring" and row("bob")["way"] == "doveadm"
    assert row("bob", "--state", "none,expiring") and not row("bob", "--state", "none,active")
    done = server.doveadm("seal", "key", "list", "--state", "lost", "-A", check=False)
    assert done.returncode == 64 and b'"lost" is no state' in done.stderr


def test_two_back_ends(server, store, of_alice):
    """What one gets, another confirms; both know at once."""
    if not store:
        pytest.skip("for one back end")
    old, new = of_alice
    with Dovecot([User(name) for name in USERS], dict=store) as other:
        with server.imap("alice") as here, other.imap("alice") as there:
            assert set_entry(here, "keys", old.certificate).ok
            first = code(server, "alice", old)
            assert give(there, first).ok
            assert get_entry(here, "keys") == old.certificate
            assert give(here, first).status == "NO"
            assert sealed_to(other, "alice") == sealed_to(server, "alice") == [old.fingerprint]
            assert set_entry(there, "keys", new.certificate).ok
            assert give(here, code(other, "alice", old)).ok
            assert give(there, code(other, "alice", new)).ok
            assert sealed_to(other, "alice") == sealed_to(server, "alice") == [new.fingerprint]
            # withdrawn on one is withdrawn on both
            assert set_entry(here, "keys", None).ok
            assert give(there, code(server, "alice", new)).ok
            assert sealed_to(other, "alice") == sealed_to(server, "alice") == []


@pytest.mark.usefixtures("one_place")
def test_bad_offers_change_nothing(server, alice, gnupg, keys):
    """Also not what is pending."""
    assert set_entry(alice, "keys", keys.alice.certificate).ok
    before = pending(alice)
    for bad in (b"hello", b"", keys.bob.certificate, gnupg.export_secret(keys.alice.fingerprint),
                gnupg.generate_expired("alice@example.org").certificate,
                keys.alice.certificate + b" " * (300 << 10)):
        response = set_entry(alice, "keys", bad)
        assert response.status == "NO"
        assert "/" not in response.text
    assert pending(alice) == before
    assert give(alice, code(server, "alice", keys.alice)).ok
    assert get_entry(alice, "keys") == keys.alice.certificate


@pytest.mark.usefixtures("one_place")
def test_x509(server, alice, keys, x509_keys):
    """As the first key, and in the place of one of the other kind."""
    enrol(server, "alice", keys.alice)
    assert set_entry(alice, "keys", x509_keys.alice.certificate).ok
    for key in (x509_keys.alice, keys.alice):
        assert give(alice, code(server, "alice", key)).ok
    assert sealed_to(server, "alice") == [x509_keys.alice.fingerprint]
    assert get_entry(alice, "keys") == x509_keys.alice.certificate
    server.empty("alice")
    assert set_entry(alice, "keys", None).ok
    assert give(alice, code(server, "alice", x509_keys.alice)).ok
    assert sealed_to(server, "alice") == []
    assert set_entry(alice, "keys", x509_keys.alice.certificate).ok
    assert give(alice, code(server, "alice", x509_keys.alice)).ok
    assert sealed_to(server, "alice") == [x509_keys.alice.fingerprint]
