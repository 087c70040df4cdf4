"""doveadm seal key: who has which certificate, and how long it will do."""

import contextlib
import os
import random
import signal
import stat
import subprocess
import time

import pytest

import mail
from dovecot import Dovecot, User
from sandbox import wait_until
from seal_key import DATA_ERROR, NO_USER, TEMPORARY, sentence, set_key

MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")


class Certificates:
    """What users bring, good and bad."""

    def __init__(self, gnupg, x509_keys):
        self.x509 = x509_keys
        self.soon = gnupg.generate("soon@example.org", expires="10d")
        self.expired = gnupg.generate_expired("old@example.org")
        self.revoked = gnupg.generate_revoked("revoked@example.org")
        self.weak = gnupg.generate("weak@example.org", "rsa1024", "rsa1024")
        self.signing = gnupg.generate("signing@example.org", encryption=None)
        self.ten = [gnupg.generate(f"user{i}@example.org") for i in range(10)]


@pytest.fixture(scope="module")
def certificates(gnupg, x509_keys):
    return Certificates(gnupg, x509_keys)


@pytest.fixture(scope="module")
def server():
    """Users with uids of their own: nobody but they may own their files."""
    with Dovecot([User(name) for name in ("alice", "bob", "anna", "carol")],
                 system_users=True) as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def unset(request):
    if "server" in request.fixturenames:
        server = request.getfixturevalue("server")
        for user in ("alice", "bob", "anna", "carol"):
            server.never_enrolled(user)
            server.empty(user)


@pytest.fixture(params=["direct", "doveadm-server"])
def way(request, server):
    """doveadm does the work itself, or asks doveadm-server."""
    return server.doveadm_server if request.param == "doveadm-server" else []


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "certificate"
        path.write_bytes(content)
        return path
    return write


def tree(folder):
    return {str(path): (path.lstat().st_mode, path.is_file() and path.read_bytes())
            for path in folder.rglob("*") if "Maildir" not in path.parts}


def check_owner(server, user):
    """The file and its folder belong to the mail user alone."""
    path = server.keys_file(user)
    for made, mode in ((path, 0o600), (path.parent, 0o700)):
        assert stat.S_IMODE(made.stat().st_mode) == mode
        assert (made.stat().st_uid, made.stat().st_gid) == (server.uid(user), server.uid(user))
    assert [entry.name for entry in path.parent.iterdir()] == ["keys"]


# set

def test_set_seals_from_then_on(server, way, gnupg, keys):
    assert set_key(server, "alice", keys.alice.certificate, *way).returncode == 0
    assert server.keys_file("alice").read_bytes() == keys.alice.certificate
    check_owner(server, "alice")
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    mail.check_sealed(server.message("alice"), MESSAGE, gnupg, keys.alice)


def test_set_from_file(server, way, file, keys):
    path = file(keys.alice.certificate)
    for option in (["-f"], ["--file"], []):
        server.never_enrolled("alice")
        server.doveadm("seal", "key", "set", *way, "-u", "alice", *option, path)
        assert server.keys_file("alice").read_bytes() == keys.alice.certificate


def test_set_from_stdin_without_option(server, way, keys):
    server.doveadm("seal", "key", "set", *way, "-u", "alice", input=keys.alice.certificate)
    assert server.keys_file("alice").read_bytes() == keys.alice.certificate


def test_set_binary(server, way, gnupg, keys):
    """A file holds text, which every source can hold."""
    binary = gnupg.export(keys.alice.fingerprint, keys.bob.fingerprint, armor=False)
    assert set_key(server, "alice", binary, *way).returncode == 0
    assert gnupg.gpg("--dearmor", stdin=server.keys_file("alice").read_bytes()).stdout == binary
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    mail.check_sealed(server.message("alice"), MESSAGE, gnupg, keys.alice, keys.bob)


@pytest.mark.parametrize("form", ["pem", "der"])
def test_set_x509(server, way, x509_keys, form):
    key = x509_keys.alice
    content = {"pem": key.certificate, "der": key.der}[form]
    assert set_key(server, "alice", content, *way).returncode == 0
    assert b"-----BEGIN CERTIFICATE-----" in server.keys_file("alice").read_bytes()
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    mail.check_sealed(server.message("alice"), MESSAGE, None, key)


def test_set_replaces_and_keeps_mode(server, way, keys):
    server.give("alice", ".mail-seal/keys", keys.bob.certificate, mode=0o644)
    assert set_key(server, "alice", keys.alice.certificate, *way).returncode == 0
    assert server.keys_file("alice").read_bytes() == keys.alice.certificate
    assert stat.S_IMODE(server.keys_file("alice").stat().st_mode) == 0o644
    assert server.keys_file("alice").stat().st_uid == server.uid("alice")


def test_set_doesnt_follow_a_link(server, way, file, keys):
    victim = file(b"not to be touched")
    victim.chmod(0o666)
    for parent in victim.parents:
        parent.chmod(parent.stat().st_mode | 0o555)
    server.give("alice", ".mail-seal/keys", b"")
    server.keys_file("alice").unlink()
    server.keys_file("alice").symlink_to(victim)
    assert set_key(server, "alice", keys.alice.certificate, *way).returncode == 0
    assert victim.read_bytes() == b"not to be touched"
    assert not server.keys_file("alice").is_symlink()


def test_set_after_a_killed_one(server, keys):
    """What one that was killed left behind is neither in the way nor used."""
    left = server.give("alice", ".mail-seal/.keys.new", b"-----BEGIN PGP PUB")
    left.parent.chmod(0o700)
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    mail.check_unchanged(server.message("alice"), MESSAGE)
    assert set_key(server, "alice", keys.alice.certificate).returncode == 0
    assert not left.exists()
    check_owner(server, "alice")


def test_a_folder_of_the_administrators(keys):
    """Where only root writes, doveadm writes as root and the mail user reads."""
    dovecot = Dovecot([User("alice")])
    admin = dovecot.folder / "admin"
    dovecot.site.seal["mail_seal_keys"] = f"file:{admin}/%u"
    with dovecot as server:
        admin.mkdir(mode=0o755)
        path = admin / "alice"
        for way in ([], server.doveadm_server):
            users = [*way, "-u", "alice"]
            server.doveadm("seal", "key", "set", *users, "-f", "-", input=keys.alice.certificate)
            assert path.read_bytes() == keys.alice.certificate
            made = path.stat()
            assert (made.st_uid, made.st_gid) == (0, server.uid("alice"))
            assert stat.S_IMODE(made.st_mode) == 0o640
            [row] = server.doveadm_rows("seal", "key", "show", "-u", "alice")
            assert row["usable"] == "yes"
            with server.imap("alice") as client:
                assert client.command('SETMETADATA "" (/private/vendor/vendor.mail-seal/keys NIL)'
                                      ).status == "NO"
            server.doveadm("seal", "key", "unset", *users)
            assert list(admin.iterdir()) == []


def test_root_writes_where_only_root_does(keys):
    """Elsewhere somebody could have put a link in the way."""
    dovecot = Dovecot([User("alice")])
    shared = dovecot.folder / "shared"
    dovecot.site.seal["mail_seal_keys"] = f"file:{shared}/%u"
    with dovecot as server:
        shared.mkdir()
        for mode, group in ((0o775, server.uid("alice") + 1), (0o1777, 0), (0o755, 0)):
            os.chown(shared, 0 if mode != 0o755 else server.uid("alice") + 1, group)
            shared.chmod(mode)
            done = set_key(server, "alice", keys.alice.certificate)
            if mode == 0o1777:
                assert (shared / "alice").stat().st_uid == server.uid("alice")
                (shared / "alice").unlink()
            else:
                assert done.returncode == TEMPORARY
                assert "Permission denied" in sentence(done)
            assert list(shared.iterdir()) == []


BAD = {
    "empty": (lambda c, g, k: b"", "it is empty"),
    "noise": (lambda c, g, k: os.urandom(10 << 20), "which has 256 kB at the most: export"),
    "little-noise": (lambda c, g, k: b"\x01\0" + os.urandom(4000), "there is no"),
    "text": (lambda c, g, k: b"hello\n", "there is no"),
    "secret": (lambda c, g, k: g.export_secret(k.alice.fingerprint),
               "make a new key, and enrol only its public part"),
    "secret-beside": (lambda c, g, k: k.alice.certificate + g.export_secret(k.alice.fingerprint),
                      "make a new key, and enrol only its public part"),
    "secret-binary": (lambda c, g, k: g.gpg("--export-secret-keys", k.alice.fingerprint).stdout,
                      "make a new key, and enrol only its public part"),
    "expired": (lambda c, g, k: c.expired.certificate, "it has expired"),
    "revoked": (lambda c, g, k: c.revoked.certificate, "it is revoked"),
    "weak": (lambda c, g, k: c.weak.certificate, "it is too weak"),
    "signing-only": (lambda c, g, k: c.signing.certificate, "it has no encryption subkey"),
    "one-of-two": (lambda c, g, k: k.alice.certificate + c.expired.certificate,
                   "it has expired"),
    "ten": (lambda c, g, k: b"".join(key.certificate for key in c.ten),
            "it holds 10 certificates"),
    "x509-secret": (lambda c, g, k: c.x509.alice.secret,
                    "make a new key, and enrol only its public part"),
    "pkcs12": (lambda c, g, k: c.x509.alice.pkcs12("x"),
               "make a new key, and enrol only its public part"),
    "both-kinds": (lambda c, g, k: k.alice.certificate + c.x509.alice.certificate,
                   "it holds both OpenPGP and X.509 certificates"),
    "damaged": (lambda c, g, k: k.alice.certificate.replace(b"\n\n", b"\n\n!", 1),
                "its ASCII armor is damaged"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_changes_nothing(server, way, gnupg, certificates, keys, name):
    make, reason = BAD[name]
    for enrolled in (None, keys.bob.certificate):
        if enrolled is not None:
            server.give("alice", ".mail-seal/keys", enrolled)
        before = tree(server.home("alice"))
        done = set_key(server, "alice", make(certificates, gnupg, keys), *way)
        assert done.returncode == DATA_ERROR
        assert "Certificate not stored: " in sentence(done)
        assert reason in sentence(done)
        assert tree(server.home("alice")) == before


def test_one_of_two_is_named(server, certificates, keys):
    done = set_key(server, "alice", keys.alice.certificate + certificates.expired.certificate)
    assert f"{certificates.expired.fingerprint}: it has expired" in sentence(done)


@pytest.mark.parametrize("what", ["missing", "directory", "unreadable"])
def test_file_that_cant_be_read(server, way, tmp_path, what):
    path = {"missing": tmp_path / "missing", "directory": tmp_path,
            "unreadable": "/proc/self/mem"}[what]
    done = server.doveadm("seal", "key", "set", *way, "-u", "alice", "-f", path, check=False)
    assert done.returncode == DATA_ERROR
    assert str(path) in sentence(done)
    assert not server.keys_file("alice").exists()


def test_no_such_user(server, way, keys):
    for command in (["set", "-f", "-"], ["unset"], ["show"], ["check"], ["import"]):
        done = server.doveadm("seal", "key", command[0], *way, "-u", "nobody-here", *command[1:],
                              input=keys.alice.certificate, check=False)
        assert done.returncode == NO_USER
        assert len(done.stderr.splitlines()) == (2 if way else 1)  # Dovecot's own


def test_full_disk_changes_nothing(server, way, keys):
    folder = server.give("alice", ".mail-seal/keys", keys.bob.certificate).parent
    server.sandbox.run("mount", "-t", "tmpfs", "-o", f"size=16k,mode=700,uid={server.uid('alice')},"
                       f"gid={server.uid('alice')}", "tmpfs", folder)
    try:
        assert set_key(server, "alice", keys.bob.certificate, *way).returncode == 0
        server.sandbox.run("dd", "if=/dev/zero", f"of={folder}/filler", check=False)
        done = set_key(server, "alice", keys.alice.certificate, *way)
        assert done.returncode == TEMPORARY
        assert "No space left on device" in sentence(done)
        listing = server.sandbox.run("ls", "-A", folder).stdout.split()
        assert listing == [b"filler", b"keys"]
        assert server.sandbox.run("cat", folder / "keys").stdout == keys.bob.certificate
    finally:
        server.sandbox.run("umount", folder)


def test_where_nothing_can_be_written(keys):
    users = [User("exempt", settings={"mail_seal_keys": "none"}),
             User("keyring", settings={"mail_seal_keys": "gnupg:%h/.gnupg"})]
    with Dovecot(users) as server:
        for user, reason in (("exempt", "mail_seal isn't used for this user"),
                             ("keyring", "a GnuPG keyring is only read")):
            for way in ([], server.doveadm_server):
                done = set_key(server, user, keys.alice.certificate, *way)
                assert done.returncode == DATA_ERROR
                assert reason in sentence(done)


def test_keys_is_a_directory(server, way, keys):
    path = server.give("alice", ".mail-seal/keys/x", b"").parent
    done = set_key(server, "alice", keys.alice.certificate, *way)
    assert done.returncode == TEMPORARY
    assert "it is a folder" in sentence(done)
    (path / "x").unlink()
    path.rmdir()


def test_a_reader_sees_the_old_or_the_new(server, keys):
    """Deliveries while the certificate is replaced again and again."""
    both = [keys.alice.certificate, keys.bob.certificate]
    files = [server.give("alice", name, content) for name, content in zip("ab", both)]
    assert set_key(server, "alice", both[0]).returncode == 0
    setting = " && ".join(f"doveadm -c {server.folder}/dovecot.conf seal key set -u alice -f {file}"
                          for file in files)
    end = server.folder / "end"
    writer = server.sandbox.start("sh", "-c", f"until [ -e {end} ]; do {setting} || exit; done")
    seen, deliveries = set(), 0

    def is_enough():
        nonlocal deliveries
        assert server.deliver(MESSAGE, "alice")[0].code == 250
        deliveries += 1
        for _ in range(100):
            seen.add(server.keys_file("alice").read_bytes())
        return deliveries >= 30 and len(seen) > 1
    try:
        assert wait_until(is_enough)
        assert writer.poll() is None
    finally:
        end.touch()
        assert writer.wait(timeout=300) == 0
        end.unlink()
    assert seen == set(both)
    # A delivery that notices the change before its notice is there knows nothing of the old key
    # but its fingerprint: then the owner is told in plain text.
    assert [message for message in server.messages("alice")
            if b"BEGIN PGP MESSAGE" not in message
            and b"\r\nMessage-ID: <mail-seal." not in message] == []


def test_killed_at_any_moment(server, keys):
    both = [keys.alice.certificate, keys.bob.certificate]
    files = [server.give("alice", name, content) for name, content in zip("ab", both)]
    assert set_key(server, "alice", keys.alice.certificate).returncode == 0
    for turn in range(40):
        setting = server.sandbox.start(
            "doveadm", "-c", server.folder / "dovecot.conf", "seal", "key", "set", "-u", "alice",
            "-f", files[turn % 2], stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0, 0.15))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(setting.pid, signal.SIGKILL)
        setting.wait()
        assert server.keys_file("alice").read_bytes() in both
    # The owner is told in his INBOX. Killed before its PID is in Maildir's lock, a process leaves
    # one of nobody's, which Dovecot waits two minutes for.
    for lock in server.home("alice").glob("Maildir/*.lock"):
        lock.unlink()
    assert set_key(server, "alice", keys.alice.certificate).returncode == 0
    check_owner(server, "alice")


# unset

def test_unset(server, way, keys):
    for user in ("alice", "anna", "bob"):
        assert set_key(server, user, keys.alice.certificate).returncode == 0
    server.doveadm("seal", "key", "unset", *way, "-u", "a*")
    assert [server.keys_file(user).exists() for user in ("alice", "anna", "bob")] == [
        False, False, True]
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    mail.check_unchanged(server.message("alice"), MESSAGE)


def test_unset_twice(server, way):
    server.doveadm("seal", "key", "unset", *way, "-u", "alice")


# show

def test_show(server, way, gnupg, certificates, keys):
    content = keys.bob.certificate + certificates.soon.certificate + certificates.expired.certificate
    path = server.give("alice", ".mail-seal/keys", content)
    rows = server.doveadm_rows("seal", "key", "show", *way, "-u", "alice")
    assert [row["fingerprint"] for row in rows] == [
        keys.bob.fingerprint, certificates.soon.fingerprint, certificates.expired.fingerprint]
    assert {row["source"] for row in rows} == {f"file:{path}"}
    assert {row["kind"] for row in rows} == {"OpenPGP"}
    assert [row["algorithm"] for row in rows] == [
        "rsa2048+rsa2048", "ed25519+cv25519", "ed25519+cv25519"]
    assert [row["names"] for row in rows] == [
        "bob <bob@example.org>", "soon <soon@example.org>", "old <old@example.org>"]
    assert [row["usable"] for row in rows] == ["yes", "yes", "no: it has expired"]
    assert rows[0]["expires"] == "never"
    assert rows[2]["created"].startswith("2020-01-0")
    assert rows[2]["expires"].startswith("2020-01-0")


def test_show_x509(server, way, x509_keys):
    for key, algorithm in ((x509_keys.alice, "rsa2048"), (x509_keys.carol, "secp384r1")):
        server.give("alice", ".mail-seal/keys", key.certificate)
        [row] = server.doveadm_rows("seal", "key", "show", *way, "-u", "alice")
        assert (row["kind"], row["fingerprint"]) == ("X.509", key.fingerprint)
        assert (row["algorithm"], row["usable"]) == (algorithm, "yes")
        assert key.address in row["names"]


def test_show_what_cant_be_read(server, way):
    server.give("alice", ".mail-seal/keys", b"hello\n")
    [row] = server.doveadm_rows("seal", "key", "show", *way, "-u", "alice")
    assert row["fingerprint"] == ""
    assert row["usable"].startswith("no: there is no")


def test_show_all_users(server, way, keys):
    for user, key in (("alice", keys.alice), ("bob", keys.bob)):
        server.give(user, ".mail-seal/keys", key.certificate)
    rows = server.doveadm_rows("seal", "key", "show", *way, "-A")
    assert {row["username"]: row["fingerprint"] for row in rows} == {
        "alice": keys.alice.fingerprint, "bob": keys.bob.fingerprint}


@pytest.mark.parametrize("formatter", ["flow", "json", "pager", "tab", "table"])
def test_formats(server, way, keys, formatter):
    server.give("alice", ".mail-seal/keys", keys.alice.certificate)
    for command in (["show", "-u", "alice"], ["show", "-A"], ["check", "-A", "-d", "3"]):
        done = server.doveadm("-f", formatter, "seal", "key", *command, *way)
        assert done.stderr == b""
        if command[0] == "show":
            assert keys.alice.fingerprint.encode() in done.stdout


def test_control_characters_dont_reach_the_terminal(server, gnupg):
    evil = gnupg.generate("evil\x1b[31m@example.org")
    server.give("alice", ".mail-seal/keys", evil.certificate)
    done = server.doveadm("seal", "key", "show", "-u", "alice")
    assert b"\x1b" not in done.stdout


# check

def check(server, *options):
    done = server.doveadm("seal", "key", "check", *options, check=False)
    return done.returncode, done.stdout.decode().splitlines()


def test_check_is_silent_when_all_is_well(server, way, keys):
    server.give("alice", ".mail-seal/keys", keys.alice.certificate)
    for users in (["-u", "alice"], ["-u", "bob"], ["-u", "a*"], ["-A"]):
        assert check(server, *way, *users, "--days", "100") == (0, [])


def test_check_looks_ahead(server, way, certificates):
    server.give("alice", ".mail-seal/keys", certificates.soon.certificate)
    for users in (["-u", "alice"], ["-u", "a*"], ["-A"]):
        assert check(server, *way, *users) == (0, [])
        assert check(server, *way, *users, "--days", "9") == (0, [])
        for days in (["--days", "11"], ["-d", "11"], ["--days=11"]):
            status, [line] = check(server, *way, *users, *days)
            assert status == 1
            assert f"{certificates.soon.fingerprint} it expires on" in line
            assert users == ["-u", "alice"] or line.startswith("alice ")


@pytest.mark.parametrize("bad", ["expired", "secret", "text", "unreadable"])
def test_check_names_everybody(server, way, gnupg, certificates, keys, bad):
    content, reason = {
        "expired": (certificates.expired.certificate, "it has expired"),
        "secret": (gnupg.export_secret(keys.alice.fingerprint), "it holds a secret key"),
        "text": (b"hello\n", "there is no"),
        "unreadable": (b"", "its file is empty"),
    }[bad]
    server.give("alice", ".mail-seal/keys", content)
    server.give("anna", ".mail-seal/keys", content)
    server.give("bob", ".mail-seal/keys", keys.bob.certificate)
    for users in (["-u", "a*"], ["-A"]):
        status, lines = check(server, *way, *users, "--days", "1")
        assert status == 1
        assert sorted(line.split()[0] for line in lines) == ["alice", "anna"]
        assert all(reason in line for line in lines)


@pytest.mark.parametrize("days", ["soon", "-1", "1d", ""])
def test_check_days_that_are_none(server, way, days):
    done = server.doveadm("seal", "key", "check", *way, "-u", "alice", f"--days={days}", check=False)
    assert done.returncode == 64
    assert "is not a number of days" in sentence(done)


def test_check_fails_for_a_session_that_cant_begin(keys):
    users = [User("alice", keys.alice.certificate),
             User("broken", settings={"mail_seal_timeout": "soon"})]
    with Dovecot(users) as server:
        for way in ([], server.doveadm_server):
            assert check(server, *way, "-A")[0] == 1


def test_check_of_the_extra_keys(gnupg, certificates, keys, tmp_path):
    """All mail waits for them, but only of those who are enrolled."""
    recovery = tmp_path / "recovery"
    recovery.write_bytes(certificates.soon.certificate)
    for folder in recovery.parents:
        folder.chmod(folder.stat().st_mode | 0o555)
    with Dovecot([User("alice", keys.alice.certificate), User("bob")],
                 seal={"mail_seal_extra_keys": str(recovery)}) as server:
        assert check(server, "-A", "--days", "5") == (0, [])
        status, [line] = check(server, "-A", "--days", "20")
        assert status == 1
        assert line.startswith(f"alice {certificates.soon.fingerprint} it expires on ")
        assert line.endswith(f"mail_seal_extra_keys {recovery}")
        recovery.write_bytes(b"hello")
        status, [line] = check(server, "-u", "alice")
        assert status == 1
        assert "there is no certificate in it" in line
