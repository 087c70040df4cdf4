"""doveadm seal key find --from ldap: certificates in a directory, a real slapd."""

import contextlib
import json
import os
import socket
import time

import pytest

import web
from directory import (ADMIN, HOST, HOSTS, OTHER_HOST, PASSWORD, PEOPLE, READER, SUFFIX, Directory,
                       dn, readable)
from dovecot import Dovecot, User
from enrolment import sealed_to
from fake_directory import (BIND_DONE, ENTRY_X, HUGE, STARTTLS_DONE, STARTTLS_REFUSED, Fake, answers,
                            dropped, endless, silent, trickles)
from network import Authority, loopback
from patience import AMPLE, first_in_time
from ports import free_port
from seal_key import TEMPORARY
from x509 import EXPIRED, NOT_YET_VALID

USERS = ("alice", "bob", "carol", "dave")
LATE = "no answer in time"
SLOW = 30  # seconds that a command takes on a busy machine, besides those for which it waits


@pytest.fixture(scope="module")
def directory():
    slapd = Directory()
    yield slapd
    slapd.close()


@pytest.fixture(scope="module")
def server(directory):
    with Dovecot([User(name) for name in USERS],
                 seal={"mail_seal_ldap_config": str(directory.folder / "mail-seal.conf"),
                       "mail_seal_addresses": "%u@example.org"}) as dovecot:
        hosts = directory.folder / "hosts"
        # Dovecot, too, looks for this machine's own name.
        hosts.write_text(f"{HOSTS}127.0.0.1 {socket.gethostname()}\n")
        dovecot.sandbox.mount_over(hosts, "/etc/hosts")
        yield dovecot


@pytest.fixture(autouse=True)
def emptied(directory, server):
    directory.clear()
    configure(directory)
    for user in USERS:
        server.never_enrolled(user)


def settings(directory):
    return {"uri": f"ldaps://{HOST}:{directory.tls_port}", "base": PEOPLE,
            "tls_ca_cert_file": directory.ca_file, "bind_dn": READER,
            "bind_password": PASSWORD}


def configure(directory, **changes):
    """Write the file with the settings; None takes one away."""
    lines = [f"{name} = {value}\n" for name, value in (settings(directory) | changes).items()
             if value is not None]
    path = directory.folder / "mail-seal.conf"
    path.write_text("".join(lines))
    path.chmod(0o600)


def find(server, *arguments, user="alice", code=0, timeout=AMPLE):
    """The row of a user. Everything else the command says is in its `errors`."""
    done = server.doveadm("-f", "json", "seal", "key", "find", "--from", "ldap", "--timeout",
                          str(timeout), *arguments, "-u", user, check=False)
    assert done.returncode == code, (done.stdout, done.stderr)
    return Row(done)


class Row:
    def __init__(self, done):
        [row] = json.loads(done.stdout)
        self.result, self.where, self.note = row["result"], row["where"], row["note"]
        self.fingerprints = row["fingerprint"].split()
        self.errors = done.stderr.decode()

    def __repr__(self):
        return f"{self.result} {self.where} {self.note} {self.errors}"


def unknown(server, *arguments, timeout=AMPLE, **options):
    """The note of a row that has the word unknown; there is an error line as well."""
    started = time.monotonic()
    row = find(server, "-n", *arguments, code=TEMPORARY, timeout=timeout, **options)
    assert time.monotonic() - started < timeout + SLOW
    assert row.result == "unknown", row
    assert row.note in row.errors.replace("\n", " ") or row.note.split(": ", 1)[1] in row.errors
    return row.note


def unknown_in_time(server, note):
    """The same where something has a time limit: with this in the note, if not another limit."""
    return first_in_time(
        lambda seconds: unknown(server, timeout=seconds),
        lambda got: note not in got and LATE in got)


# What there is

@pytest.mark.parametrize("ways", ["ldaps", "starttls"])
def test_found_and_pending(server, directory, keys, ways):
    if ways == "starttls":
        configure(directory, uri=f"ldap://{HOST}:{directory.port}", starttls="yes")
    directory.person("alice", ("pgpKey", keys.alice.certificate))
    row = find(server, "-n")
    assert (row.result, row.where) == ("found", f"{dn('alice')} pgpKey"), row
    assert row.fingerprints == [keys.alice.fingerprint]
    assert not server.pending_file("alice").exists()
    row = find(server)
    assert row.result == "found"
    assert server.pending_file("alice").exists()
    assert find(server).result == "pending"
    assert sealed_to(server, "alice") == []
    assert find(server, user="bob").result == "none"


def test_active_at_once(server, directory, gnupg, keys):
    directory.person("alice", ("pgpKey", keys.alice.certificate))
    assert find(server, "--activate").result == "found"
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]
    assert find(server).result == "active"
    directory.clear()
    assert find(server).result == "active"
    directory.person("alice", ("pgpKey", gnupg.generate("alice@example.org").certificate))
    for arguments in ([], ["--activate"]):
        assert find(server, *arguments).result == "changed"
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]


def test_binary_values_are_whole(server, directory, gnupg, x509, keys):
    """Each of the attributes, in each form that directories have."""
    alice, ecc = x509.generate("alice@example.org"), x509.generate("alice@example.org", "ec:P-256")
    binary = gnupg.export(keys.alice.fingerprint, armor=False)
    assert b"\0" in alice.der and b"\0" in binary
    for attribute, value, fingerprint in (
            ("userCertificate;binary", alice.der, alice.fingerprint),
            ("userSMIMECertificate", x509.bundle(ecc, form="DER"), ecc.fingerprint),
            ("pgpKey", binary, keys.alice.fingerprint),
            ("pgpKey", keys.alice.certificate, keys.alice.fingerprint),
            ("pgpKey", keys.alice.certificate.replace(b"\n", b"\r\n"), keys.alice.fingerprint)):
        directory.clear()
        directory.person("alice", (attribute, value))
        row = find(server, "-n")
        assert (row.result, row.fingerprints) == ("found", [fingerprint]), (attribute, row)
        assert row.where.split(" ")[1].startswith(attribute.split(";")[0])
    # and as it is in the end
    assert find(server, "--activate").result == "found"
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]


def test_several_values(server, directory, gnupg, x509, keys):
    """Of several only those of the address count; the first attribute that there is is taken."""
    one, two = x509.generate("alice@example.org"), x509.generate("alice@example.org")
    foreign = x509.generate("mallory@example.org")
    directory.person("alice", *(("userCertificate;binary", key.der)
                                for key in (foreign, one, two)),
                     ("pgpKey", keys.alice.certificate))
    assert sorted(find(server, "-n").fingerprints) == sorted([one.fingerprint, two.fingerprint])
    configure(directory, attributes="pgpKey, userCertificate;binary")
    assert find(server, "-n").fingerprints == [keys.alice.fingerprint]
    # both forms of OpenPGP beside each other
    other = gnupg.generate("alice@example.org")
    directory.person("bob", ("pgpKey", gnupg.export(other.fingerprint, armor=False)),
                     ("pgpKey", keys.bob.certificate), mail="bob@example.org")
    assert find(server, "-n", user="bob").fingerprints == [keys.bob.fingerprint]


def test_what_does_not_count(server, directory, gnupg, x509, keys):
    secret = gnupg.export_secret(keys.alice.fingerprint)
    expired = gnupg.generate_expired("alice@example.org")
    for attribute, value in (("pgpKey", keys.bob.certificate), ("pgpKey", secret),
                             ("pgpKey", expired.certificate), ("pgpKey", b"garbage\0\xff"),
                             ("pgpKey", b"\x99garbage"), ("userSMIMECertificate", b"\x30\x80\0\0"),
                             ("pgpKey", b"x" * (300 * 1024))):
        directory.clear()
        directory.person("alice", (attribute, value))
        row = find(server)
        assert row.result == "none", row
        assert row.note
        assert not server.pending_file("alice").exists()


def test_no_entry_and_no_attribute(server, directory):
    row = find(server, "-n")
    assert (row.result, row.note) == ("none", "")
    directory.person("alice")
    row = find(server, "-n")
    assert (row.result, row.note) == ("none", "")


def test_several_entries(server, directory, keys):
    """Never a guess which of them is the owner's."""
    directory.person("alice", ("pgpKey", keys.alice.certificate))
    directory.person("impostor", ("pgpKey", keys.alice.certificate), mail="alice@example.org")
    assert unknown(server) == "ldap: several entries have this address"
    directory.person("third", mail="alice@example.org")
    assert unknown(server) == "ldap: several entries have this address"
    configure(directory, filter="(&(mail=%{mail})(uid=%{local}))")
    assert find(server, "-n").result == "found"


@pytest.mark.parametrize("name", ["*", "a*", "alice)(uid=*", "alice)(|(uid=*", "al\\69ce", "(", ")"])
def test_nobody_is_somebody_else(server, directory, keys, name):
    """What a user name has means nothing in a filter."""
    directory.person("alice", ("pgpKey", keys.alice.certificate))
    server.site.seal["mail_seal_addresses"] = f"{name}@example.org"
    server.write_config()
    try:
        row = find(server, "-n")
        assert (row.result, row.note) == ("none", ""), row
    finally:
        server.site.seal["mail_seal_addresses"] = "%u@example.org"
        server.write_config()


def test_all_users_by_one_connection(server, directory, keys):
    for user in ("alice", "bob", "carol"):
        directory.person(user, ("pgpKey", getattr(keys, user).certificate))
    # doveadm-server gets them one by one
    for way, connections in ([], 1), (server.doveadm_server, len(USERS)):
        before = directory.log().count("ACCEPT from")
        rows = server.doveadm_rows("seal", "key", "find", "--from", "ldap", "--timeout",
                                   str(AMPLE), "-n", *way, "-A")
        assert {row["username"]: row["result"] for row in rows} == {
            "alice": "found", "bob": "found", "carol": "found", "dave": "none"}
        assert directory.log().count("ACCEPT from") == before + connections


# The settings

def test_settings_that_are_wrong(server, directory):
    path = directory.folder / "mail-seal.conf"
    for changes, reason in (
            ({"uri": f"ldap://{HOST}:{directory.port}"}, "without encryption"),
            ({"uri": None}, "there is no uri in it"),
            ({"passwort": "x"}, "a name that isn't known"),
            ({"bind_password": None}, "with bind_dn belongs"),
            ({"bind_password": None, "bind_password_file": directory.folder / "no"}, "can't be read"),
            ({"filter": "(mail=*)"}, "neither %{mail} nor %{local}")):
        configure(directory, **changes)
        note = unknown(server)
        assert reason in note and PASSWORD not in note, note
    configure(directory)
    for mode in (0o640, 0o604):
        path.chmod(mode)
        assert f"{path} must be root's, and readable for nobody else" in unknown(server)
    path.chmod(0o600)
    os.chown(path, server.uid("alice"), 0)
    assert f"{path} must be root's, and readable for nobody else" in unknown(server)
    path.unlink()
    assert "No such file" in unknown(server)
    configure(directory)
    os.chown(path, 0, 0)
    assert find(server, "-n").result == "none"


def test_password_file(server, directory, keys):
    directory.person("alice", ("pgpKey", keys.alice.certificate))
    path = directory.folder / "password"
    path.write_text(PASSWORD + "\n")
    configure(directory, bind_password=None, bind_password_file=path)
    for mode, is_taken in ((0o600, True), (0o644, False), (0o640, False), (0o400, True)):
        path.chmod(mode)
        for way in ([], server.doveadm_server):
            if is_taken:
                assert find(server, "-n", *way).result == "found"
            else:
                assert "must be root's, and readable for nobody" in unknown(server, *way)


def test_not_configured(keys):
    with Dovecot([User("alice")], seal={"mail_seal_addresses": "%u@example.org"}) as server:
        assert "it isn't configured" in unknown(server)


# The directory refuses

def test_bind_refused(server, directory):
    configure(directory, bind_password="wrong")
    note = unknown(server)
    assert "bind refused: Invalid credentials" in note
    configure(directory, bind_dn=f"cn=nobody,{SUFFIX}")
    assert "bind refused: Invalid credentials" in unknown(server)
    # who isn't anybody may read nothing here
    configure(directory, bind_dn=None, bind_password=None)
    assert "Insufficient access" in unknown(server)
    configure(directory, bind_dn=ADMIN)
    assert find(server, "-n").result == "none"


def test_base_that_is_not_there(server, directory):
    """A mistyped base must not look as if nobody had a certificate."""
    configure(directory, base=f"ou=peple,{SUFFIX}")
    assert "there is no such base" in unknown(server)
    configure(directory, base="dc=example,dc=com")
    assert unknown(server)
    configure(directory, base="not a DN")
    assert "Invalid DN syntax" in unknown(server)
    configure(directory, filter="(&(mail=%{mail})(!))")
    assert "filter" in unknown(server)


def test_referrals_are_not_followed(server, directory, keys):
    """A server that is named in an answer is asked nothing, and told no password."""
    with Fake(silent) as other:
        directory.load(f"""
dn: ou=elsewhere,{PEOPLE}
objectClass: referral
objectClass: extensibleObject
ou: elsewhere
ref: ldap://{HOST}:{other.port}/ou=elsewhere,{PEOPLE}??sub
""")
        try:
            row = find(server, "-n")
            assert (row.result, row.note) == (
                "none", "ldap: part of it is on other servers, which aren't asked")
            directory.person("alice", ("pgpKey", keys.alice.certificate))
            assert find(server, "-n").result == "found"
            configure(directory, base=f"ou=elsewhere,{PEOPLE}")
            assert "it is on another server, which isn't asked" in unknown(server)
            assert other.connections == 0
        finally:
            directory.remove(f"ou=elsewhere,{PEOPLE}")


# TLS

def open_folders(path):
    """pytest makes them for root only."""
    for folder in (path, *path.parents):
        folder.chmod(folder.stat().st_mode | 0o555)


def test_whom_to_trust(server, directory, tmp_path):
    other = readable(Authority(tmp_path), tmp_path)
    open_folders(tmp_path)
    for uri in (f"ldaps://{HOST}:{directory.tls_port}", f"ldap://{HOST}:{directory.port}"):
        for changes in ({"tls_ca_cert_file": other},
                        {"tls_ca_cert_file": None},
                        {"tls_ca_cert_file": "/nowhere"},
                        {"tls_ca_cert_file": "/dev/null"},
                        {"uri": uri.replace(HOST, OTHER_HOST)}):
            mark = len(directory.log())
            configure(directory, **({"uri": uri, "starttls": "yes"} | changes))
            note = unknown(server)
            assert "no TLS that can be trusted" in note or "tls_ca_cert_file" in note, note
            assert " BIND " not in directory.log()[mark:]


@pytest.mark.parametrize("wrong", [{"dates": EXPIRED}, {"dates": NOT_YET_VALID},
                                   {"self_signed": True}], ids=["expired", "early", "self-signed"])
def test_certificates_that_do_not_count(server, directory, wrong):
    context = web.tls(directory.authority.certificate(HOST, **wrong))
    with Fake(answers(BIND_DONE), context) as fake:
        configure(directory, uri=f"ldaps://{HOST}:{fake.port}")
        assert "no TLS that can be trusted" in unknown(server)


@pytest.mark.parametrize("environment", [{"LDAPTLS_REQCERT": "never"}, {"LDAPCONF": "FILE"}, {}])
def test_nothing_else_switches_the_check_off(server, directory, tmp_path, environment):
    """libldap's own settings, of which some are anybody's."""
    open_folders(tmp_path)
    conf = tmp_path / "ldap.conf"
    conf.write_text(f"TLS_REQCERT never\nTLS_CACERT {directory.ca_file}\n")
    configure(directory, tls_ca_cert_file=readable(Authority(tmp_path), tmp_path))
    environment = {name: str(conf) if value == "FILE" else value
                   for name, value in environment.items()}
    with contextlib.ExitStack() as stack:
        if not environment:
            stack.enter_context(server.sandbox.mounted_over(tmp_path, "/etc/ldap"))
        done = server.doveadm("seal", "key", "find", "--from", "ldap", "--timeout", str(AMPLE),
                              "-n", "-u", "alice", check=False,
                              env={**os.environ, **environment})
    assert done.returncode == TEMPORARY
    assert b"no TLS that can be trusted" in done.stderr


@pytest.mark.parametrize("serve, tls, note", [
    (silent, False, "no answer in time"),
    (silent, True, "bind: no answer in time"),
    (trickles(b"\x16\x03\x03\x40\x00" + bytes(100)), False, "no answer in time"),
    (trickles(b"\x30\x84\x00\x00\x10\x00" + bytes(100)), True, "no answer in time"),
    (answers(BIND_DONE), True, "no answer in time"),
    (answers(BIND_DONE, ENTRY_X), True, "no answer in time"),
    (answers(BIND_DONE, ENTRY_X[:5]), True, "no answer in time"),
    (dropped, False, "no TLS that can be trusted"),
    (dropped, True, "bind: Can't contact LDAP server"),
    (answers(b"HTTP/1.1 400 Bad\r\n\r\n"), False, "no TLS that can be trusted"),
    (answers(b"HTTP/1.1 400 Bad\r\n\r\n"), True, "bind: no answer in time"),
    (answers(BIND_DONE, b"\0" * 100), True, ""),
    (answers(BIND_DONE, HUGE), True, ""),
    (answers(BIND_DONE, then=endless(ENTRY_X)), True, ""),
    (answers(BIND_DONE, then=dropped), True, "Can't contact LDAP server"),
], ids=["silent", "silent TLS", "trickling TLS", "trickling", "silent after bind", "no end",
        "half a packet", "dropped", "dropped TLS", "another protocol", "another protocol by TLS",
        "garbage", "huge", "endless", "dropped after bind"])
def test_servers_that_are_not_what_they_should_be(server, directory, serve, tls, note):
    context = web.tls(directory.authority.certificate(HOST)) if tls else None
    with Fake(serve, context) as fake:
        configure(directory, uri=f"ldaps://{HOST}:{fake.port}")
        got = unknown_in_time(server, note)
        assert note in got, got
        assert fake.connections > 0


@pytest.mark.parametrize("serve, note", [
    (answers(STARTTLS_REFUSED), "no TLS that can be trusted: Protocol error"),
    (answers(STARTTLS_DONE), "no answer in time"),
    # what was said before TLS is no answer to what is asked afterwards
    (answers(STARTTLS_DONE + BIND_DONE), "no TLS that can be trusted"),
    (answers(STARTTLS_DONE, b"no TLS\r\n"), "no TLS that can be trusted"),
    (answers(b"\x30\x02\x02\x00"), ""),
    (dropped, "no TLS that can be trusted"),
    (silent, "no answer in time"),
], ids=["refused", "silent afterwards", "more than asked", "no TLS", "garbage", "dropped", "silent"])
def test_starttls_that_does_not_start(server, directory, serve, note):
    seen = []

    def watched(connection, closing):
        class Watched:
            def recv(self, size):
                seen.append(connection.recv(size))
                return seen[-1]
            sendall = connection.sendall
        serve(Watched(), closing)
    with Fake(watched) as fake:
        configure(directory, uri=f"ldap://{HOST}:{fake.port}", starttls="yes")
        got = unknown_in_time(server, note)
    assert note in got, got
    assert not any(PASSWORD.encode() in data for data in seen)


# Several servers

def found_in_time(server):
    """A server that hangs leaves time for those behind it."""
    def ask(seconds):
        started = time.monotonic()
        done = server.doveadm("-f", "json", "seal", "key", "find", "--from", "ldap", "-n", "-u",
                              "alice", "--timeout", str(seconds), check=False)
        assert time.monotonic() - started < seconds + SLOW
        return Row(done)
    return first_in_time(ask, lambda row: row.result == "unknown" and LATE in row.note)


def test_in_order_and_within_the_time(server, directory, keys):
    directory.person("alice", ("pgpKey", keys.alice.certificate))
    good = f"ldaps://{HOST}:{directory.tls_port}"
    closed = f"ldaps://{HOST}:{free_port()}"
    with Fake(silent) as fake, Fake(silent) as unused:
        hanging, behind = (f"ldaps://{HOST}:{one.port}" for one in (fake, unused))
        for uris in (f"{closed} {good}", f"{hanging} {good}", f"{hanging}, {closed}, {good}",
                     f"{good} {behind}"):
            configure(directory, uri=uris)
            assert found_in_time(server).result == "found"
        assert unused.connections == 0
        # one that has hung is asked once for all users
        configure(directory, uri=f"{hanging} {good}")
        def find_all(seconds):
            before = fake.connections
            rows = server.doveadm_rows("seal", "key", "find", "--from", "ldap", "-n", "--timeout",
                                       str(seconds), "-A")
            assert fake.connections == before + 1
            return [row["result"] for row in rows]
        assert first_in_time(find_all, lambda got: "unknown" in got).count("found") == 1
        configure(directory, uri=f"{hanging} {closed}")
        note = unknown_in_time(server, "Connection refused")
        assert f"{hanging}: " in note and f"{closed}: can't connect: Connection refused" in note


def test_host_that_is_not_there(server, directory):
    configure(directory, uri="ldaps://ldap.nowhere.invalid")
    assert "host" in unknown(server, timeout=5)


def test_name_servers_that_are_silent(server, directory, keys, tmp_path):
    """Whoever is in /etc/hosts is found, and what isn't has its time limit."""
    directory.person("alice", ("pgpKey", keys.alice.certificate))
    made, address = loopback(socket.SOCK_DGRAM, 53)
    open_folders(tmp_path)
    resolv = tmp_path / "resolv.conf"
    resolv.write_text(f"nameserver {address}\n")
    with made, server.sandbox.mounted_over(resolv, "/etc/resolv.conf"):
        assert find(server, "-n").result == "found"
        configure(directory, uri="ldaps://ldap.example.org")
        assert LATE in unknown(server, timeout=2)


def test_whole_run_is_bounded(server, directory):
    """A directory that is silent costs one time limit, and not one for each user."""
    with Fake(silent) as fake:
        configure(directory, uri=f"ldaps://{HOST}:{fake.port}")
        started = time.monotonic()
        done = server.doveadm("-f", "json", "seal", "key", "find", "--from", "ldap", "-n", "-A",
                              "--timeout", "2", check=False)
        assert done.returncode == TEMPORARY
        assert time.monotonic() - started < 2 + SLOW
        assert done.stdout.count(b"unknown") == len(USERS)
        assert b"skipped" in done.stdout
        assert fake.connections == 1


def test_directory_that_goes_away_and_comes_back(server, directory, keys):
    directory.person("alice", ("pgpKey", keys.alice.certificate))
    directory.stop()
    try:
        assert "Connection refused" in unknown(server)
    finally:
        directory.start()
    assert find(server, "-n").result == "found"
