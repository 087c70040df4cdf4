"""Enrolment over IMAP: SETMETADATA and GETMETADATA (RFC 5464)."""

import base64
import re
import shutil

import pytest

import mail
from dovecot import Dovecot, User
from imap import Literal
from sandbox import wait_until

ENTRY = "/private/vendor/vendor.mail-seal/keys"
MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")


@pytest.fixture(scope="module", params=[False, True], ids=["unannounced", "announced"])
def server(request, keys):
    users = [User("alice"), User("bob"),
             User("denied", keys.carol.certificate, {"mail_seal_imap_enrolment": "no"}),
             User("keyring", settings={"mail_seal_keys": "gnupg:%h/.gnupg"}),
             User("exempt", settings={"mail_seal_keys": "none"})]
    # what waits for a code is in test_gate.py
    with Dovecot(users, metadata=request.param, seal={"mail_seal_confirm": "no"}) as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def unset(server):
    for user in ("alice", "bob"):
        server.never_enrolled(user)
        server.empty(user)


@pytest.fixture
def alice(server):
    with server.imap("alice") as client:
        yield client


def quoted(value):
    """A quoted string can hold no line ends; keys need a literal."""
    return '"%s"' % value.decode().replace("\\", "\\\\").replace('"', '\\"')


def set_entry(client, value, entry=ENTRY, **literal):
    return client.command(f'SETMETADATA "" ({entry} ', Literal(value, **literal), ")")


def get_entry(client, entry=ENTRY):
    return value_of(client.must(f'GETMETADATA "" {entry}'))


def value_of(response):
    """The value, or None if the server says NIL or nothing."""
    for line in response.untagged:
        if found := re.match(rb'\* METADATA "" \(\S+ \{(\d+)\}\r\n', line):
            return line[found.end():found.end() + int(found[1])]
    return None


@pytest.mark.parametrize("literal", [{}, {"sync": False}, {"piece": 7}])
def test_set_and_get(server, alice, gnupg, keys, literal):
    assert get_entry(alice) is None
    assert set_entry(alice, keys.alice.certificate, **literal).ok
    assert get_entry(alice) == keys.alice.certificate
    assert server.keys_file("alice").read_bytes() == keys.alice.certificate
    assert alice.append("INBOX", MESSAGE).ok
    mail.check_sealed(server.message("alice"), MESSAGE, gnupg, keys.alice, delivered=False)


def test_announced_beside_other_entries(server, alice, keys):
    """Dovecot keeps what other entries hold; certificates never go there."""
    announced = b" METADATA " in b"".join(alice.must("CAPABILITY").untagged)
    assert announced == server.site.metadata
    if announced:
        alice.must('SETMETADATA "" (/private/comment "mine")')
        assert set_entry(alice, keys.alice.certificate).ok
        assert b"BEGIN PGP" not in (server.home("alice") / "attributes").read_bytes()
        response = alice.must('GETMETADATA "" (/private/comment)')
        assert b"mine" in b"".join(response.untagged)


def test_with_crlf(server, alice, gnupg, keys):
    certificate = keys.alice.certificate.replace(b"\n", b"\r\n")
    assert set_entry(alice, certificate).ok
    assert get_entry(alice) == certificate
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    mail.check_sealed(server.message("alice"), MESSAGE, gnupg, keys.alice)


def test_nil_withdraws(server, alice, keys):
    assert set_entry(alice, keys.alice.certificate).ok
    for _ in range(2):
        assert alice.command(f'SETMETADATA "" ({ENTRY} NIL)').ok
        assert get_entry(alice) is None
    assert alice.append("INBOX", MESSAGE).ok
    mail.check_unchanged(server.message("alice"), MESSAGE, delivered=False)


def test_entry_names_have_no_case(alice, keys):
    assert set_entry(alice, keys.alice.certificate, ENTRY.upper()).ok
    assert get_entry(alice, ENTRY.title()) == keys.alice.certificate


def test_get_what_the_administrator_set(server, alice, gnupg, keys):
    """Binary in the file; armored over IMAP."""
    binary = gnupg.export(keys.alice.fingerprint, armor=False)
    server.give("alice", ".mail-seal/keys", binary)
    armored = get_entry(alice)
    assert armored.startswith(b"-----BEGIN PGP PUBLIC KEY BLOCK-----")
    assert gnupg.gpg("--dearmor", stdin=armored).stdout == binary


@pytest.mark.parametrize("what", ["quoted", "empty", "noise", "huge", "secret", "expired", "six"])
def test_refusals_change_nothing(server, alice, gnupg, keys, what):
    value, reason = {
        "quoted": lambda: (b"hello", "there is no certificate in it"),
        "empty": lambda: (b"", "it is empty"),
        "noise": lambda: (b"\xff\xfe nothing", "it is no"),
        "huge": lambda: (keys.bob.certificate + b" " * (10 << 20),
                         "which has 256 kB at the most: export"),
        "secret": lambda: (gnupg.export_secret(keys.bob.fingerprint), "make a new key"),
        "expired": lambda: (gnupg.generate_expired("old@example.org").certificate,
                            "it has expired"),
        # not one of them six times: that is one
        "six": lambda: (b"".join(gnupg.generate("alice@example.org").certificate
                                 for _ in range(6)), "it holds 6 certificates"),
    }[what]()
    assert set_entry(alice, keys.alice.certificate).ok
    if what in ("quoted", "empty"):
        response = alice.command(f'SETMETADATA "" ({ENTRY} {quoted(value)})')
    else:
        response = set_entry(alice, value)
    assert response.status == "NO"
    assert "Certificate not stored: " in response.text
    assert reason in response.text
    assert "/" not in response.text
    assert server.keys_file("alice").read_bytes() == keys.alice.certificate
    assert get_entry(alice) == keys.alice.certificate


def test_binary_literal(server, alice, gnupg, keys):
    """What is enrolled becomes text, which METADATA can give back."""
    binary = gnupg.export(keys.alice.fingerprint, armor=False)
    assert set_entry(alice, binary, binary=True).ok
    assert gnupg.gpg("--dearmor", stdin=get_entry(alice)).stdout == binary


def test_quoted_string(server, alice, gnupg, keys):
    """It can't hold lines: base64 without armor."""
    binary = gnupg.export(keys.alice.fingerprint, armor=False)
    value = base64.b64encode(binary).decode()
    alice.must(f'SETMETADATA "" ({ENTRY} "{value}")')
    assert gnupg.gpg("--dearmor", stdin=get_entry(alice)).stdout == binary
    alice.must(f'SETMETADATA "" ({ENTRY} NIL)')
    alice.must(f'SETMETADATA "" ({ENTRY} ', Literal(base64.encodebytes(binary)), ")")
    assert gnupg.gpg("--dearmor", stdin=server.keys_file("alice").read_bytes()).stdout == binary


def test_server_failures_are_told_without_paths(server, alice, keys):
    path = server.give("alice", ".mail-seal/keys/x", b"").parent
    try:
        mark = len(server.log())
        for response in (set_entry(alice, keys.alice.certificate),
                         alice.command(f'GETMETADATA "" {ENTRY}')):
            said = "".join([response.text, *map(str, response.untagged)])
            assert "/" not in said.replace(ENTRY, "")
            assert value_of(response) is None
        assert wait_until(lambda: f"file:{path}: it is a folder" in server.log_since(mark))
        response = set_entry(alice, keys.alice.certificate)
        assert response.status == "NO"
        assert "the server failed, please try again later" in response.text
    finally:
        shutil.rmtree(path)


def test_switched_off(server, keys):
    with server.imap("denied") as client:
        assert get_entry(client) is None
        response = set_entry(client, keys.alice.certificate)
        assert response.status == "NO"
        assert "can't be enrolled over IMAP here" in response.text
        assert client.command(f'SETMETADATA "" ({ENTRY} NIL)').status == "NO"
    assert server.keys_file("denied").read_bytes() == keys.carol.certificate


@pytest.mark.parametrize("user", ["keyring", "exempt"])
def test_nowhere_to_write(server, keys, user):
    with server.imap(user) as client:
        response = set_entry(client, keys.alice.certificate)
    assert response.status == "NO"
    assert "Certificate not stored: " in response.text
    assert "/" not in response.text


def test_depth_and_maxsize(alice, keys):
    assert set_entry(alice, keys.alice.certificate).ok
    above = "/private/vendor/vendor.mail-seal"
    for depth in ("1", "infinity"):
        response = alice.must(f'GETMETADATA (DEPTH {depth}) "" {above}')
        assert keys.alice.certificate in b"".join(response.untagged)
    response = alice.must(f'GETMETADATA (MAXSIZE 100) "" {ENTRY}')
    assert response.code("METADATA LONGENTRIES") == [str(len(keys.alice.certificate))]
    assert keys.alice.certificate not in b"".join(response.untagged)


def test_only_ones_own(server, alice, keys):
    assert set_entry(alice, keys.alice.certificate).ok
    with server.imap("bob") as bob:
        assert get_entry(bob) is None
        assert set_entry(bob, keys.bob.certificate).ok
    assert get_entry(alice) == keys.alice.certificate


def test_of_a_mailbox_there_is_no_such_entry(server, alice, keys):
    """Or who sets it there would believe to be enrolled."""
    for mailbox in ("INBOX", "Drafts"):
        response = alice.command(f'SETMETADATA "{mailbox}" ({ENTRY} ',
                                 Literal(keys.alice.certificate), ")")
        assert response.status == "NO"
        assert "an entry of the server" in response.text
    assert not server.keys_file("alice").exists()


@pytest.mark.parametrize("user", ["alice", "bob", "denied", "keyring", "exempt"])
def test_mailboxes_are_deleted_as_ever(server, keys, user):
    """Dovecot unsets all of a mailbox's attributes; that withdraws nothing."""
    if user == "alice":
        server.give("alice", ".mail-seal/keys", keys.alice.certificate)
    before = server.keys_file(user).exists() and server.keys_file(user).read_bytes()
    with server.imap(user) as client:
        for name in ("Empty", "Full", "Full/Child"):
            client.must(f'CREATE "{name}"')
        client.must('APPEND "Full" ', Literal(MESSAGE))
        for name in ("Empty", "Full", "Full/Child"):
            client.must(f'DELETE "{name}"')
        listed = client.must('LIST "" "*"').untagged
        assert not [line for line in listed if b"Empty" in line or b"Full" in line]
        client.must('CREATE "Again"')
        client.must('APPEND "Again" ', Literal(MESSAGE))
    server.doveadm("mailbox", "delete", "-u", user, "Again")
    server.doveadm("mailbox", "delete", "-u", user, "INBOX", check=False)  # maildir refuses
    assert (server.keys_file(user).exists() and server.keys_file(user).read_bytes()) == before


@pytest.mark.parametrize("name", ['""', '"INBOX"', '"Drafts"'])
@pytest.mark.parametrize("entry", [
    "/shared/vendor/vendor.mail-seal/keys", "/SHARED/Vendor/vendor.Mail-Seal/keys",
    "/private/vendor/vendor.mail-seal/key", "/private/vendor/vendor.mail-seal/keys/1",
    "/private/vendor/vendor.mail-seal", "/shared/vendor/vendor.mail-seal",
    "/private/vendor/vendor.mail_seal/keys"])
def test_other_entries_of_ours_are_refused(server, alice, keys, name, entry):
    """An OK would make the user believe to be enrolled."""
    response = alice.command(f"SETMETADATA {name} ({entry} ",
                             Literal(keys.alice.certificate), ")")
    assert response.status == "NO"
    assert "Certificates are enrolled " in response.text
    assert alice.command(f'SETMETADATA {name} ({entry} "")').status == "NO"
    assert alice.command(f"SETMETADATA {name} ({entry} NIL)").ok
    assert b"mail" not in b"".join(
        alice.must(f"GETMETADATA (DEPTH infinity) {name} (/private /shared)").untagged)
    assert not server.keys_file("alice").exists()


def test_names_that_only_begin_alike_are_dovecots(server, alice):
    """Somebody else's vendor name."""
    response = alice.command('SETMETADATA "" (/private/vendor/vendor.mail-sealing/keys "x")')
    assert response.ok == server.site.metadata
    if server.site.metadata:
        alice.must('SETMETADATA "" (/private/vendor/vendor.mail-sealing/keys NIL)')


def listed(server, user, *mailbox):
    done = server.doveadm("mailbox", "metadata", "list", "-u", user, *mailbox)
    return [line for line in done.stdout.decode().splitlines() if "mail-seal" in line]


def test_listed_where_there_is_something(server, keys):
    ours = "vendor/vendor.dovecot/pvt/server/vendor/vendor.mail-seal/keys"
    assert listed(server, "alice", "-s", "") == listed(server, "alice", "INBOX") == []
    server.give("alice", ".mail-seal/keys", keys.alice.certificate)
    assert listed(server, "alice", "INBOX") == [ours]
    assert listed(server, "alice", "Drafts") == []
    assert listed(server, "denied", "INBOX") == []
    assert listed(server, "exempt", "INBOX") == []


def test_what_cannot_be_read_fails_no_listing(server, alice):
    path = server.give("alice", ".mail-seal/keys/x", b"").parent
    try:
        assert listed(server, "alice", "INBOX") == []
        assert alice.command('GETMETADATA (DEPTH infinity) "" /private').ok
    finally:
        shutil.rmtree(path)


def test_doveadm_metadata(server, keys):
    """doveadm's own commands see the entry too."""
    server.doveadm("mailbox", "metadata", "set", "-u", "alice", "-s", "--", "", ENTRY,
                   keys.alice.certificate.decode())
    assert server.keys_file("alice").read_bytes() == keys.alice.certificate
    done = server.doveadm("mailbox", "metadata", "get", "-u", "alice", "-s", "", ENTRY)
    assert done.stdout.strip() == keys.alice.certificate.strip()


def test_synchronising_leaves_the_certificate_alone(server, keys):
    """What one server's users enrolled is no attribute that dsync carries over."""
    server.give("alice", ".mail-seal/keys", keys.alice.certificate)
    server.doveadm("backup", "-u", "alice", *server.location(server.home("alice") / "copy"))
    server.doveadm("sync", "-u", "alice", *server.location(server.home("alice") / "copy"))
    assert server.keys_file("alice").read_bytes() == keys.alice.certificate
