"""doveadm seal key find: what it does with what it finds, and what it says of each user.

In a Web Key Directory of this machine, where owners have proven their keys, and in LDAP, where
nobody has proven anything.  What else there is to each source has tests of its own.
"""

import contextlib
import json
import os
import re
import socket
import subprocess
import time
from pathlib import Path

import pytest

import notices
import packets
from directory import Directory, dn
from dovecot import User, dovecot_version
from enrolment import challenges, give, pending, sealed_to, set_entry
from key_find import everything, find, find_all, searching, short
from seal_key import DATA_ERROR, TEMPORARY, USAGE, set_key

USERS = ("alice", "bob", "carol", "dave")
LIBRARY = "libmail_seal_discovery"
HEAVY = ("libunbound", "libcurl", "libldap", LIBRARY)


@pytest.fixture(scope="module")
def directory():
    made = Directory()
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(directory):
    users = [User(name, settings={"mail_seal_addresses": f"{name}@example.org"}) for name in USERS]
    users += [
        User("exempt", settings={"mail_seal_keys": "none"}), User("nameless"),
        User("several", settings={"mail_seal_addresses": "info@example.org,alice@example.org"}),
        User("trusted", settings={"mail_seal_addresses": "alice@example.org",
                                  "mail_seal_confirm": "no"}),
        User("broken", settings={"mail_seal_addresses": "nowhere"})]
    with searching(users, directory) as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def nobody_enrolled(server, directory):
    server.tree.clear()
    directory.clear()
    for user in server.users:
        server.never_enrolled(user)
    server.empty(*server.users)


@pytest.fixture
def publish(directory):
    """Anybody may have done that."""
    def in_ldap(user, key):
        directory.person(user, ("pgpKey", key.certificate))
    return in_ldap


@pytest.fixture(scope="module")
def other(gnupg):
    """Another key with alice's address."""
    return gnupg.generate("alice@example.org")


def test_a_word_for_each(server, publish, keys, gnupg, other):
    publish("alice", keys.alice)
    carols = gnupg.export(keys.carol.fingerprint, armor=False)
    assert set_key(server, "carol", carols).returncode == 0
    server.tree.publish("carol@example.org", carols)
    daves = gnupg.generate("dave@example.org"), gnupg.generate("dave@example.org")
    assert set_key(server, "dave", daves[0].certificate).returncode == 0
    publish("dave", daves[1])
    rows, errors = find_all(server, "-A", status=DATA_ERROR)
    rows = {row["username"]: row for row in rows}
    assert set(rows) == set(server.users)
    assert short(rows["alice"]) == ("found", "ldap", keys.alice.fingerprint)
    assert rows["alice"]["where"] == f"{dn('alice')} pgpKey"
    assert rows["alice"]["note"] == "pending: the user has a message with a code"
    assert short(rows["bob"]) == ("none", "", "") and rows["bob"]["note"] == ""
    assert short(rows["carol"]) == ("active", "", keys.carol.fingerprint)
    assert short(rows["dave"]) == ("changed", "ldap", daves[1].fingerprint)
    assert rows["exempt"]["note"] == "mail_seal isn't used for this user"
    assert "mail_seal_addresses" in rows["nameless"]["note"]
    assert rows["broken"]["result"] == "none"
    assert [line for line in errors if "Error" in line] == [
        'doveadm(broken): Error: mail_seal_addresses: "nowhere" is not an address']
    assert find(server)["result"] == "pending"


def test_what_is_found_waits_for_its_owner(server, publish, keys):
    """And cron runs daily: there is one challenge."""
    publish("alice", keys.alice)
    assert find(server)["result"] == "found"
    assert sealed_to(server, "alice") == []
    [[code]] = challenges(server, "alice", keys.alice)
    before = everything(server, "alice")
    for options in ([], ["-n"], ["--from", "ldap"]):
        row = find(server, *options)
        assert short(row) == ("pending", "", keys.alice.fingerprint)
    assert everything(server, "alice") == before
    [notice] = notices.of(server, "alice", keys.alice)
    assert "where keys are published for your address" in notice.text
    assert "password" not in notice.text
    [waits] = server.doveadm_rows("seal", "key", "pending", "-u", "alice")
    assert waits["by"] == "find-ldap (root)"
    with server.imap("alice") as alice:
        assert give(alice, code).ok
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]
    assert short(find(server)) == ("active", "", keys.alice.fingerprint)
    [listed] = server.doveadm_rows("seal", "key", "list", "-u", "alice")
    assert listed["way"] == "find-ldap"


def test_spoofed(server, publish, keys, other):
    """Somebody has published his own key with alice's address: it is nothing but pending."""
    publish("alice", other)
    assert short(find(server)) == ("found", "ldap", other.fingerprint)
    assert sealed_to(server, "alice") == []
    # and keeps her from nothing
    with server.imap("alice") as alice:
        assert set_entry(alice, "keys", keys.alice.certificate).ok
        assert pending(alice)["keys"] == keys.alice.fingerprint
        assert find(server)["result"] == "pending"
        [[code]] = challenges(server, "alice", keys.alice)
        assert give(alice, code).ok
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]
    before = everything(server, "alice")
    assert short(find(server)) == ("changed", "ldap", other.fingerprint)
    assert short(find(server, "--activate")) == ("changed", "ldap", other.fingerprint)
    assert everything(server, "alice") == before
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]


def test_what_the_owner_has_proven_comes_before(server, publish, keys, other):
    publish("alice", other)
    assert find(server)["result"] == "found"
    server.tree.publish("alice@example.org", keys.alice.certificate)
    row = find(server)
    assert short(row) == ("found", "wkd-dir", keys.alice.fingerprint)
    assert row["note"] == "active"
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]
    assert server.doveadm_rows("seal", "key", "pending", "-u", "alice") == []


@pytest.mark.parametrize("options", [[], ["--activate"]])
def test_what_the_owner_has_begun_is_left_alone(server, publish, keys, other, options):
    with server.imap("alice") as alice:
        assert set_entry(alice, "keys", keys.alice.certificate).ok
        server.tree.publish("alice@example.org", other.certificate)
        publish("alice", other)
        before = everything(server, "alice")
        assert short(find(server, *options)) == ("pending", "", keys.alice.fingerprint)
        assert everything(server, "alice") == before
        [[code]] = challenges(server, "alice", keys.alice)
        assert give(alice, code).ok


def test_activate(server, publish, keys):
    publish("alice", keys.alice)
    row = find(server, "--activate")
    assert short(row) == ("found", "ldap", keys.alice.fingerprint) and row["note"] == "active"
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]
    assert challenges(server, "alice", keys.alice) == []


def test_activate_what_waits(server, publish, keys):
    """An administrator has decided to vouch for it."""
    publish("alice", keys.alice)
    find(server)
    assert find(server, "--activate")["note"] == "active"
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]
    assert server.doveadm_rows("seal", "key", "pending", "-u", "alice") == []


def test_confirm_no(server, publish, keys):
    publish("alice", keys.alice)
    assert find(server, "-n", user="trusted")["note"] == "would be active"
    assert find(server, user="trusted")["note"] == "active"
    assert sealed_to(server, "trusted") == [keys.alice.fingerprint]


@pytest.mark.parametrize("options", [[], ["--activate"]])
def test_dry_run(server, publish, keys, options):
    publish("alice", keys.alice)
    server.tree.publish("bob@example.org", keys.bob.certificate)
    before = [everything(server, user) for user in server.users]
    row = find(server, "-n", *options)
    assert short(row) == ("found", "ldap", keys.alice.fingerprint)
    assert row["note"] == ("would be active" if options else "would be pending")
    assert find(server, "-n", user="bob")["note"] == "would be active"
    assert [everything(server, user) for user in server.users] == before
    assert server.messages("alice") == server.messages("bob") == []


def test_enrolled_owner_is_never_touched(server, publish, directory, keys, gnupg, other):
    """Whatever is published: another key, a newer copy, a revoked one, something with secrets."""
    key = gnupg.generate("alice@example.org")
    assert set_key(server, "alice", key.certificate).returncode == 0
    before = everything(server, "alice")
    gnupg.gpg("--quick-set-expire", key.fingerprint, "2y")
    renewed = gnupg.export(key.fingerprint)
    revoked = gnupg.generate_revoked("alice@example.org")
    expected = {
        "the same": (key.certificate, "active"),
        "nothing": (b"", "active"),
        "another": (other.certificate, "changed"),
        "both": (key.certificate + other.certificate, "changed"),
        "renewed": (renewed, "changed"),
        "an old one that is revoked": (revoked.certificate, "active"),
        "secret": (gnupg.export_secret(other.fingerprint), "active"),
        "garbage": (b"hello", "active"),
    }
    for what, (content, result) in expected.items():
        server.tree.publish("alice@example.org", content)
        for options in ([], ["--activate"]):
            assert find(server, *options)["result"] == result, what
    assert everything(server, "alice") == before


def test_owner_whose_own_key_was_revoked(server, keys, gnupg):
    """What is published of it is news."""
    key = gnupg.generate("alice@example.org")
    assert set_key(server, "alice", key.certificate).returncode == 0
    revocation = (gnupg.home / "openpgp-revocs.d" / f"{key.fingerprint}.rev").read_text()
    gnupg.gpg("--import", stdin=revocation.replace("\n:-----", "\n-----").encode())
    server.tree.publish("alice@example.org", gnupg.export(key.fingerprint))
    assert short(find(server)) == ("changed", "wkd-dir", key.fingerprint)


def test_owner_whose_key_file_is_gone(server, publish, keys, other):
    """He is enrolled all the same: mail waits, and isn't sealed to what anybody has published."""
    assert set_key(server, "alice", keys.alice.certificate).returncode == 0
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]
    server.keys_file("alice").unlink()
    publish("alice", other)
    server.tree.publish("alice@example.org", other.certificate)
    assert find(server, "--activate")["result"] == "changed"
    assert not server.keys_file("alice").exists()


def certificate(*user_ids):
    """An OpenPGP certificate with these user IDs: (text, options of its own signature)."""
    now = int(time.time()) - 1000
    primary = packets.Primary(now)
    subkey = packets.key_body(packets.ECDH, packets.ecdh(b"\x40" + os.urandom(32)), now)
    return primary.packet + b"".join(
        primary.user(user_id, now, **options) for user_id, options in user_ids) \
        + primary.bind(subkey, {"created": now, "flags": packets.ENCRYPT})


def test_user_id_that_has_expired(server):
    """Its owner doesn't vouch for it any more, as for one that is revoked."""
    alice, bob = "Alice <alice@example.org>", "Bob <bob@example.org>"
    for user_ids, result in (([(alice, {"expires": 5000})], "found"),
                             ([(alice, {"expires": 10})], "none"),
                             ([(bob, {}), (alice, {"expires": 10})], "none"),
                             ([(alice, {}), (alice, {"expires": 10})], "found"),
                             ([(bob, {"expires": 10}), (alice, {})], "found")):
        server.tree.publish("alice@example.org", certificate(*user_ids))
        row = find(server, "-n", sources="wkd-dir")
        assert row["result"] == result, (user_ids, row)


def test_withdrawn(server, keys, other):
    """What an owner has proven before he withdrew isn't proven any more, however often cron looks;
    another certificate is offered to him."""
    server.tree.publish("alice@example.org", keys.alice.certificate)
    assert find(server)["note"] == "active"
    with server.imap("alice") as alice:
        assert set_entry(alice, "keys", None).ok
        assert give(alice, challenges(server, "alice", keys.alice)[-1][0]).ok
    assert sealed_to(server, "alice") == []
    assert find(server)["result"] == "none"
    assert sealed_to(server, "alice") == []
    server.tree.publish("alice@example.org", other.certificate)
    assert find(server, "-n")["note"] == "would be pending"
    assert find(server)["note"] == "pending: the user has a message with a code"
    assert sealed_to(server, "alice") == []
    with server.imap("alice") as alice:
        assert give(alice, challenges(server, "alice", other)[-1][0]).ok
    assert sealed_to(server, "alice") == [other.fingerprint]


def unsuitable(gnupg, keys, x509_keys):
    """{what: (content, what the note says)}"""
    address = "alice@example.org"
    expired, revoked = gnupg.generate_expired(address), gnupg.generate_revoked(address)
    signer = gnupg.generate(address, encryption=None)
    many = b"".join(gnupg.generate(address).certificate for _ in range(6))
    return {
        "another's": (keys.bob.certificate, f"{keys.bob.fingerprint} is for bob@example.org"),
        "another's X.509": (x509_keys.bob.certificate, "is for bob@example.org"),
        "expired": (expired.certificate, f"{expired.fingerprint}: it has expired"),
        "revoked": (revoked.certificate, f"{revoked.fingerprint}: it is revoked"),
        "not for mail": (signer.certificate, "no encryption"),
        "secret": (gnupg.export_secret(keys.alice.fingerprint), "it holds a secret key"),
        "secret beside": (keys.alice.certificate + x509_keys.alice.secret, "it holds a secret key"),
        "too many": (many, "there are 6 certificates, and a user has 5 at the most"),
        "garbage": (os.urandom(1000), ""),
        "text": (b"<html>404</html>", "there is no certificate in it"),
        "both kinds": (keys.alice.certificate + x509_keys.alice.certificate,
                       "both OpenPGP and X.509"),
        "empty": (b"", "the file is empty"),
        "large": (keys.alice.certificate + b"\n" * 300_000, "more than 256 kB"),
    }


def test_what_does_not_count(server, gnupg, keys, x509_keys):
    before = everything(server, "alice")
    for what, (content, note) in unsuitable(gnupg, keys, x509_keys).items():
        server.tree.publish("alice@example.org", content)
        row = find(server, sources="wkd-dir")
        assert short(row) == ("none", "wkd-dir", ""), what
        assert row["where"] == str(server.tree.file("alice@example.org"))
        assert row["note"].startswith("wkd-dir: "), what
        assert note in row["note"], what
    assert everything(server, "alice") == before


def test_those_that_count_among_others(server, gnupg, keys, other):
    expired = gnupg.generate_expired("alice@example.org")
    server.tree.publish("alice@example.org", b"".join(
        key.certificate for key in (keys.bob, expired, keys.alice, other)))
    row = find(server)
    assert row["result"] == "found"
    assert set(row["fingerprint"].split()) == {keys.alice.fingerprint, other.fingerprint}
    assert set(sealed_to(server, "alice")) == {keys.alice.fingerprint, other.fingerprint}


def test_x509(server, directory, x509_keys):
    directory.person("alice", ("userCertificate;binary", x509_keys.alice.der))
    assert short(find(server)) == ("found", "ldap", x509_keys.alice.fingerprint)
    [[code]] = challenges(server, "alice", x509_keys.alice)
    with server.imap("alice") as alice:
        assert give(alice, code).ok
    assert sealed_to(server, "alice") == [x509_keys.alice.fingerprint]


def test_sources_and_addresses_in_their_order(server, publish, gnupg, keys, other):
    info = gnupg.generate("info@example.org")
    publish("alice", keys.alice)
    assert find(server, "-n", user="several")["fingerprint"] == keys.alice.fingerprint
    publish("info", info)
    assert find(server, "-n", user="several")["fingerprint"] == info.fingerprint
    server.tree.publish("alice@example.org", other.certificate)
    assert find(server, "-n", user="several")["fingerprint"] == other.fingerprint
    row = find(server, "-n", user="several", sources="ldap, wkd-dir")
    assert short(row) == ("found", "ldap", info.fingerprint)


def test_a_source_that_is_down(server, publish, directory, keys):
    """It is unknown whether it has anything: unless another has."""
    publish("alice", keys.alice)
    server.tree.publish("bob@example.org", keys.bob.certificate)
    assert set_key(server, "carol", keys.carol.certificate).returncode == 0
    directory.stop()
    try:
        rows, errors = find_all(server, "-A", sources="ldap,wkd-dir", status=TEMPORARY)
    finally:
        directory.start()
    rows = {row["username"]: row for row in rows}
    assert {user: rows[user]["result"] for user in USERS} == {
        "alice": "unknown", "bob": "found", "carol": "unknown", "dave": "unknown"}
    assert rows["alice"]["source"] == "ldap" and rows["alice"]["note"].startswith("ldap: ")
    for user in ("alice", "carol", "dave"):
        [error] = [line for line in errors if f"doveadm({user}): Error: " in line]
        assert "mail_seal: Not known whether there is a certificate: ldap: " in error
    assert sealed_to(server, "bob") == [keys.bob.fingerprint]
    assert find(server)["result"] == "found"


def test_who_was_enrolled_meanwhile(server, directory, keys, other):
    """While a source lets us wait: he is not touched either."""
    settings = server.ldap_config.read_text()
    server.tree.publish("alice@example.org", other.certificate)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(300)
        server.ldap_config.write_text(settings.replace(
            f":{directory.tls_port}", f":{silent.getsockname()[1]}"))
        try:
            command = server.sandbox.start(
                "doveadm", "-c", server.folder / "dovecot.conf", "-f", "json", "seal", "key",
                "find", "-u", "alice", "--from", "ldap,wkd-dir", "--timeout", "600",
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            connection, _ = silent.accept()
            with connection:
                assert set_key(server, "alice", keys.alice.certificate).returncode == 0
        finally:
            server.ldap_config.write_text(settings)
    # Only now does the source fail, as its connection is closed.
    output, errors = command.communicate(timeout=300)
    assert command.returncode == DATA_ERROR, errors
    assert "Certificate not stored: the user has one meanwhile" in json.loads(output)[0]["note"]
    assert server.keys_file("alice").read_bytes() == keys.alice.certificate
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]


@pytest.mark.parametrize("what", ["no tree", "folder", "fifo", "link"])
def test_a_tree_that_is_none(server, what):
    path = server.tree.file("alice@example.org")
    path.parent.mkdir(parents=True, exist_ok=True)
    moved = server.tree.folder.with_name("moved")
    if what == "no tree":
        server.tree.folder.rename(moved)
    elif what == "folder":
        path.mkdir()
    elif what == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/etc/shadow")
    try:
        row = find(server, sources="wkd-dir", status=TEMPORARY)
    finally:
        if moved.exists():
            moved.rename(server.tree.folder)
        elif path.is_dir():
            path.rmdir()
    assert short(row) == ("unknown", "wkd-dir", "")
    if what != "no tree":
        assert row["where"] == str(path)


def test_the_file_with_the_password(server, publish, keys):
    """Root's alone, or it isn't used, and the message names it."""
    publish("alice", keys.alice)
    file = server.ldap_config
    for mode in (0o640, 0o604, 0o620):
        file.chmod(mode)
        row = find(server, status=TEMPORARY)
        assert row["result"] == "unknown"
        assert f"{file} must be root's, and readable for nobody else" in row["note"]
    file.chmod(0o600)
    os.chown(file, server.uid("alice"), -1)
    assert f"{file} must be root's" in find(server, status=TEMPORARY)["note"]
    os.chown(file, 0, -1)
    hidden = file.rename(file.with_name("hidden"))
    assert f"{file} can't be read" in find(server, status=TEMPORARY)["note"]
    hidden.rename(file)
    assert find(server)["result"] == "found"


def test_not_configured(server):
    """By default such a source isn't asked; who names it is told so, once."""
    place = "plugin/" if dovecot_version().startswith("2.3.") else ""
    done = server.doveadm("-f", "json", "-o", f"{place}mail_seal_ldap_config=none", "seal", "key",
                          "find", "-A", "--from", "ldap", check=False)
    assert done.returncode == TEMPORARY
    assert done.stderr.decode().count("ldap: it isn't configured") == 1
    rows = {row["username"]: row for row in json.loads(done.stdout)}
    assert short(rows["alice"]) == short(rows["bob"]) == ("unknown", "ldap", "")


@pytest.mark.parametrize("options", [
    ["--from", "foo"], ["--from", "dns,foo"], ["--from", ""], ["--timeout", "0"],
    ["--timeout", "soon"], ["--timeout", "-1"], ["--timeout", "4000"]])
def test_bad_parameters(server, options):
    done = server.doveadm("seal", "key", "find", "-u", "alice", *options, check=False)
    assert done.returncode == USAGE
    assert done.stderr.decode().startswith(f"Fatal: {options[0]}: ")


@pytest.mark.parametrize("options", [[], ["--activate"]])
def test_by_doveadm_server(server, publish, keys, other, options):
    """Which reads what only root can read, too."""
    publish("alice", keys.alice)
    server.tree.publish("bob@example.org", keys.bob.certificate)
    assert set_key(server, "carol", keys.carol.certificate).returncode == 0
    rows, _ = find_all(server, *server.doveadm_server, "-A", *options, status=DATA_ERROR)
    rows = {row["username"]: row for row in rows}
    assert short(rows["alice"]) == ("found", "ldap", keys.alice.fingerprint)
    assert short(rows["bob"]) == ("found", "wkd-dir", keys.bob.fingerprint)
    assert short(rows["carol"]) == ("active", "", keys.carol.fingerprint)
    assert sealed_to(server, "bob") == [keys.bob.fingerprint]
    assert sealed_to(server, "alice") == ([keys.alice.fingerprint] if options else [])
    assert "mail_seal: Key set by find-wkd-dir (doveadm-server" in server.log()


def test_by_doveadm_server_when_unknown(server, directory):
    directory.stop()
    try:
        row = find(server, *server.doveadm_server, status=TEMPORARY)
    finally:
        directory.start()
    assert row["result"] == "unknown"


def test_a_library_of_another_version(server, keys):
    """It was upgraded, and doveadm's module wasn't: nothing of it is used."""
    library = Path(os.environ["MAIL_SEAL_MODULEDIR"]) / "mail-seal" / f"{LIBRARY}.so"
    another = server.folder / library.name
    content, count = re.subn(rb"(\0\d+\.\d+\.\d+-[0-9a-f]{15})[0-9a-f]\0", rb"\1x\0",
                             library.read_bytes())
    assert count == 1
    server.tree.publish("alice@example.org", keys.alice.certificate)
    for what, said in ((content, "mail_seal was upgraded, restart Dovecot"),
                       (b"", "can't load the library that finds certificates")):
        another.write_bytes(what)
        with server.sandbox.mounted_over(another, library):
            done = server.doveadm("seal", "key", "find", "-u", "alice", "--from", "wkd-dir",
                                  check=False)
        assert done.returncode == DATA_ERROR
        assert said in done.stderr.decode()
    assert not server.keys_file("alice").exists()


def maps(pids):
    found = ""
    for pid in pids:
        with contextlib.suppress(OSError):      # one that ends just now
            found += Path(f"/proc/{pid}/maps").read_text()
    return found


def test_who_has_these_libraries(server, publish, keys):
    """doveadm alone: no process that handles mail."""
    publish("alice", keys.alice)
    assert find(server, "--activate")["result"] == "found"
    with server.imap("alice") as alice, server.lmtp() as lmtp:
        assert set_entry(alice, "keys", keys.alice.certificate).ok
        alice.must("SELECT INBOX")
        assert lmtp.deliver(b"Subject: x\r\n\r\nx\r\n", "alice@example.org")[0].code == 250
        for service in ("imap", "lmtp"):
            pids = server.service_pids(service)
            assert pids
            loaded = maps(pids)
            assert "libmail_seal_core" in loaded
            assert [library for library in HEAVY if library in loaded] == []
