"""Whose certificates are enrolled: mail_seal_addresses, and one user at a time."""

import pytest

from dovecot import Dovecot, User
from imap import Literal
from sandbox import wait_until
from seal_key import DATA_ERROR, USAGE, sentence, set_key, warnings

ADDRESSES = {
    "alice": "alice@example.org",
    "many": "many@example.org, alice@example.org",
    "upper": "other@example.org ALICE@Example.ORG",
    "idn": "alice@xn--bcher-kva.example",
    "none": "none",
    "wrong": "alice@example.org example.org",
    "wildcard": "*@example.org",
}


@pytest.fixture(scope="module")
def server():
    users = [User(name, settings={"mail_seal_addresses": value.replace(" ", ",")})
             for name, value in ADDRESSES.items()]
    users += [User("nameless"),
              User("named", settings={"user": "alice@example.org"}),  # what his user name is
              User("recipient", settings={"mail_seal_recipients": "carol@example.org"})]
    with Dovecot(users, metadata=True, seal={"mail_seal_confirm": "no"}) as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def unset(server):
    for user in server.users:
        server.keys_file(user).unlink(missing_ok=True)


@pytest.fixture(params=["direct", "doveadm-server"])
def way(request, server):
    return server.doveadm_server if request.param == "doveadm-server" else []


def make(gnupg, user_id):
    """A certificate with exactly this user ID."""
    done = gnupg.gpg("--status-fd", "1", "--allow-freeform-uid", "--utf8-strings", "--yes",
                     "--quick-generate-key", user_id, "ed25519", "cert,sign", "never")
    fingerprint = done.stdout.decode().split("KEY_CREATED P ")[1].split()[0]
    gnupg.gpg("--quick-add-key", fingerprint, "cv25519", "encr", "never")
    return gnupg.key(user_id, fingerprint)


def taken(server, user, done, warned=False):
    assert done.returncode == 0, done.stderr
    assert server.keys_file(user).exists()
    assert len(warnings(done)) == warned, done.stderr


def refused(server, user, done, reason="which is none of the user's addresses"):
    assert done.returncode == DATA_ERROR
    assert reason in sentence(done)
    assert not server.keys_file(user).exists()


@pytest.mark.parametrize("user", ["alice", "many", "upper", "named"])
def test_one_of_the_addresses(server, way, keys, x509_keys, user):
    for kind in (keys, x509_keys):
        taken(server, user, set_key(server, user, kind.alice.certificate, *way))
        server.keys_file(user).unlink()
        done = set_key(server, user, kind.carol.certificate, *way)
        refused(server, user, done)
        assert f"{kind.carol.fingerprint} is for carol@example.org" in sentence(done)


def test_each_certificate_is_asked(server, way, keys, x509_keys):
    """One of one's own beside another's would seal to both."""
    for kind in (keys, x509_keys):
        for both in (kind.alice.certificate + kind.carol.certificate,
                     kind.carol.certificate + kind.alice.certificate):
            done = set_key(server, "alice", both, *way)
            refused(server, "alice", done)
            assert kind.carol.fingerprint in sentence(done)


def test_force(server, way, keys):
    done = set_key(server, "alice", keys.carol.certificate, "--force", *way)
    taken(server, "alice", done, warned=True)
    assert "carol@example.org" in warnings(done)[0]


@pytest.mark.parametrize("user", ["none"])
def test_nothing_to_check(server, way, keys, user):
    taken(server, user, set_key(server, user, keys.carol.certificate, *way))


def test_no_address_known(server, way, keys):
    done = set_key(server, "nameless", keys.carol.certificate, *way)
    taken(server, "nameless", done, warned=True)
    assert "no address of the user's is known" in warnings(done)[0]


@pytest.mark.parametrize("user", ["wrong"])
def test_what_is_no_address(server, way, keys, user):
    refused(server, user, set_key(server, user, keys.alice.certificate, *way),
            'mail_seal_addresses: "example.org" is not an address')


def test_no_patterns(server, way, keys):
    refused(server, "wildcard", set_key(server, "wildcard", keys.alice.certificate, *way))


USER_IDS = {
    # user ID: is it alice@example.org's?
    "alice@example.org": True,
    "Alice Liddell <ALICE@example.org>": True,
    "Liddell, Alice <alice@example.org>": True,
    '"Liddell, Alice" <alice@example.org>': True,
    "Alice (a <comment>) <alice@example.org>": True,
    "carol@example.org <alice@example.org>": True,
    "Bücher <alice@example.org>": True,
    "alice@example.org <carol@example.org>": False,
    "<alice@example.org> <carol@example.org>": False,
    "Alice <alice@example.org.invalid>": False,
    "Alice <xalice@example.org>": False,
    "Alice <alice@example.org@example.net>": False,
    '"alice@example.org" <carol@example.org>': False,
    "(alice@example.org) carol@example.org": False,
    "alice@example.org (at work)": True,
    "alice@example.org, carol@example.org": False,
    "Alice alice@example.org": False,
    "friends: alice@example.org;": False,
    "Alice <carol@example.org> alice@example.org": False,
    "Alice Liddell": None,
    "alice at example.org": None,
}


@pytest.mark.parametrize("user_id", USER_IDS)
def test_user_ids(server, gnupg, user_id):
    done = set_key(server, "alice", make(gnupg, user_id).certificate)
    if USER_IDS[user_id] is False:
        refused(server, "alice", done)
    else:
        taken(server, "alice", done, warned=USER_IDS[user_id] is None)


def test_a_revoked_user_id_says_nothing(server, gnupg):
    key = make(gnupg, "Alice <alice@example.org>")
    gnupg.gpg("--quick-add-uid", key.fingerprint, "Carol <carol@example.org>")
    taken(server, "alice", set_key(server, "alice", gnupg.export(key.fingerprint)))
    server.keys_file("alice").unlink()
    gnupg.gpg("--quick-revoke-uid", key.fingerprint, "Alice <alice@example.org>")
    refused(server, "alice", set_key(server, "alice", gnupg.export(key.fingerprint)))


def test_internationalized_domain(server, gnupg):
    for address in ("alice@bücher.example", "Alice <alice@xn--bcher-kva.example>"):
        taken(server, "idn", set_key(server, "idn", make(gnupg, address).certificate))


X509_NAMES = {
    "san": ("/CN=x", "email:alice@example.org", True),
    "san-case": ("/CN=x", "email:Alice@EXAMPLE.org", True),
    "subject": ("/CN=x/emailAddress=alice@example.org", "DNS:example.org", True),
    "one-of-two": ("/CN=x", "email:carol@example.org,email:alice@example.org", True),
    "subject-and-san": ("/emailAddress=alice@example.org", "email:carol@example.org", True),
    "smtp-utf8": ("/CN=x", "otherName:1.3.6.1.5.5.7.8.9;UTF8:alice@xn--bcher-kva.example", "idn"),
    "other": ("/CN=alice@example.org", "email:carol@example.org", False),
    "common-name": ("/CN=alice@example.org", "DNS:example.org", None),
    "uri": ("/CN=x", "URI:mailto:alice@example.org", None),
}


@pytest.mark.parametrize("name", X509_NAMES)
def test_x509_names(server, x509, name):
    subject, alternative, expected = X509_NAMES[name]
    key = x509.generate_named(subject, alternative)
    user = "idn" if expected == "idn" else "alice"
    done = set_key(server, user, key.certificate)
    if expected is False:
        refused(server, user, done)
    else:
        taken(server, user, done, warned=expected is None)


def make_home(server, user, key):
    home = server.give(user, ".gnupg/gpg.conf", b"").parent
    server.sandbox.run("setpriv", f"--reuid={server.uid(user)}", "--clear-groups",
                       f"--regid={server.uid(user)}", "gpg", "--homedir", home, "--no-autostart",
                       "--batch", "--import", input=key.certificate)


def test_import_by_the_settings_names(server, way, keys):
    """They say whose it is, also for a user name that is no address."""
    make_home(server, "recipient", keys.carol)
    done = server.doveadm("seal", "key", "import", *way, "-u", "recipient")
    taken(server, "recipient", done)


@pytest.mark.parametrize("home", ["/nonexistent", "~/mistyped", "/etc/passwd"])
def test_import_from_nowhere(server, way, home):
    """Somebody who names a home wants something from it."""
    done = server.doveadm("seal", "key", "import", *way, "-u", "alice", "-g", home, check=False)
    assert done.returncode == DATA_ERROR
    assert "Certificate not stored: there is no GnuPG home" in sentence(done)


def test_import_is_asked_too(server, way, keys):
    make_home(server, "alice", keys.carol)
    done = server.doveadm("seal", "key", "import", *way, "-u", "alice", "carol@example.org",
                          check=False)
    assert done.returncode == DATA_ERROR
    assert "which is none of the user's addresses" in sentence(done)
    assert not server.keys_file("alice").exists()
    server.doveadm("seal", "key", "import", *way, "-u", "alice", "--force", "carol@example.org")
    assert server.keys_file("alice").exists()


def test_the_owner_cant_force(server, keys):
    """METADATA: refused with a sentence; where it can't be known, the log says so."""
    for user, key, status in (("alice", keys.carol, "NO"), ("alice", keys.alice, "OK"),
                              ("nameless", keys.carol, "OK")):
        mark = len(server.log())
        with server.imap(user) as client:
            reply = client.command('SETMETADATA "" (/private/vendor/vendor.mail-seal/keys ',
                                   Literal(key.certificate), ")")
        assert reply.status == status
        if status == "NO":
            assert "is none of the user's addresses" in reply.text
            assert "--force" not in reply.text
        warning = "no address of the user's is known"
        if user == "nameless":
            assert wait_until(lambda: warning in server.log_since(mark))
        else:
            assert warning not in server.log_since(mark)


def test_the_refusal_is_ascii(server, gnupg):
    key = make(gnupg, "Bärbel <bärbel@bücher.example>")
    with server.imap("alice") as client:
        reply = client.command('SETMETADATA "" (/private/vendor/vendor.mail-seal/keys ',
                               Literal(key.certificate), ")")
    assert reply.status == "NO"
    assert reply.text.isascii()
    assert f"{key.fingerprint} is for b??rbel@b??cher.example" in reply.text
    refused(server, "alice", set_key(server, "alice", key.certificate),
            "is for bärbel@bücher.example")


@pytest.mark.parametrize("users", [["-A"], ["-u", "al*"], ["-u", "alic?"], ["-u", "*"]])
def test_one_user(server, way, keys, users):
    done = server.doveadm("seal", "key", "set", *way, *users, "-f", "-",
                          input=keys.alice.certificate, check=False)
    assert done.returncode == USAGE
    assert "A certificate has one owner" in sentence(done)
    assert not any(server.keys_file(user).exists() for user in server.users)


def test_no_file_of_users(server, way, keys, tmp_path):
    names = tmp_path / "names"
    names.write_text("alice\n")
    done = server.doveadm("seal", "key", "set", *way, "-F", names, "-f", "-",
                          input=keys.alice.certificate, check=False)
    assert done.returncode == USAGE
    assert "A certificate has one owner" in sentence(done)
