"""doveadm seal key set --from-dir: a folder of certificates, each named after its owner."""

import json
import os

import pytest

from dovecot import Dovecot, User
from seal_key import DATA_ERROR, USAGE, sentence

OWN = {name: {"mail_seal_addresses": f"{name}@example.org"} for name in ("alice", "bob", "carol")}


@pytest.fixture(scope="module")
def server():
    """Users with uids of their own, whose certificates only root can read."""
    users = [User(name, settings=settings) for name, settings in OWN.items()]
    users += [User("first.last"), User("asc"), User("broken", settings={
        "mail_seal_timeout": "soon"}), User("keyring", settings={
            "mail_seal_keys": "gnupg:%h/.gnupg"})]
    with Dovecot(users) as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def unset(server):
    for user in server.users:
        server.keys_file(user).unlink(missing_ok=True)


@pytest.fixture
def folder(server):
    made = server.folder / "certificates"
    made.mkdir(mode=0o700)
    yield made
    server.sandbox.run("rm", "-r", made)


def run(server, folder, *options):
    """The exit status, {file: (user, result, fingerprint, reason)}, and stderr."""
    done = server.doveadm("-f", "json", "seal", "key", "set", "--from-dir", folder, *options,
                          check=False)
    rows = json.loads(done.stdout)
    names = ("username", "result", "fingerprint", "reason")
    assert [row["file"] for row in rows] == sorted(row["file"] for row in rows)
    return done.returncode, {row["file"]: tuple(row[name] for name in names)
                             for row in rows}, done.stderr.decode()


def enrolled(server):
    return {user for user in server.users if server.keys_file(user).exists()}


def test_all_is_well(server, folder, gnupg, keys, x509_keys):
    dotted = gnupg.generate("first.last@example.org")
    files = {"alice.asc": (keys.alice, keys.alice.certificate),
             "bob@example.org.gpg": (keys.bob, gnupg.export(keys.bob.fingerprint, armor=False)),
             "carol.pem": (x509_keys.carol, x509_keys.carol.certificate),
             "first.last.ASC": (dotted, dotted.certificate),
             "asc.der": (x509_keys.bob, x509_keys.bob.der)}
    for name, (_, content) in files.items():
        (folder / name).write_bytes(content)
    status, rows, errors = run(server, folder, "-n")
    assert status == 0, errors
    assert {row[1] for row in rows.values()} == {"would be stored"}
    assert enrolled(server) == set()
    assert "mail_seal: Key set" not in errors
    status, rows, errors = run(server, folder)
    assert status == 0, errors
    users = {"bob@example.org.gpg": "bob", "first.last.ASC": "first.last"}
    assert rows == {name: (users.get(name, name.split(".")[0]), "stored", key.fingerprint, "")
                    for name, (key, _) in files.items()}
    assert enrolled(server) == {"alice", "bob", "carol", "first.last", "asc"}
    assert server.keys_file("alice").read_bytes() == keys.alice.certificate
    for user in enrolled(server):
        assert server.keys_file(user).stat().st_uid == server.uid(user)
    assert errors.count("mail_seal: Key set by doveadm (root): from none to") == 5


def test_each_file_has_a_row(server, folder, gnupg, keys):
    expired = gnupg.generate_expired("asc@example.org")
    secret = server.folder / "secret.asc"
    secret.write_bytes(keys.carol.certificate)
    contents = {"alice.asc": keys.alice.certificate, "bob.asc": keys.carol.certificate,
                "nobody.asc": keys.alice.certificate, "README": b"hello",
                "first.last": keys.alice.certificate, ".asc": keys.alice.certificate,
                "asc.asc": expired.certificate, "broken.asc": keys.alice.certificate,
                "keyring.asc": keys.alice.certificate, "first.last.pem": b"",
                "carol.asc.bak": b""}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "carol.asc").symlink_to(secret)
    (folder / "d.asc").mkdir()
    expected = {
        "alice.asc": ("alice", "stored", keys.alice.fingerprint, ""),
        "bob.asc": ("bob", "refused", keys.carol.fingerprint, "none of the user's addresses"),
        "nobody.asc": ("nobody", "refused", "", "there is no such user"),
        "README": ("", "refused", "", "its name isn't"),
        "first.last": ("", "refused", "", "its name isn't"),
        ".asc": ("", "refused", "", "its name isn't"),
        "carol.asc.bak": ("", "refused", "", "its name isn't"),
        "asc.asc": ("asc", "refused", expired.fingerprint, "it has expired"),
        "broken.asc": ("broken", "refused", "", "the user's session can't begin"),
        "keyring.asc": ("keyring", "refused", keys.alice.fingerprint, "a GnuPG keyring"),
        "first.last.pem": ("first.last", "refused", "", "it is empty"),
        "carol.asc": ("carol", "refused", "", "it is a symbolic link"),
        "d.asc": ("d", "refused", "", "there is no such user"),
    }
    status, rows, _ = run(server, folder)
    assert status == DATA_ERROR
    assert {name: row[:3] for name, row in rows.items()} == {
        name: row[:3] for name, row in expected.items()}
    for name, row in expected.items():
        assert row[3] in rows[name][3]
        assert "Certificate not stored" not in rows[name][3]
    assert enrolled(server) == {"alice"}


def test_names_with_control_characters(server, folder, keys):
    (folder / "evil\x1b[31m.asc").write_bytes(keys.alice.certificate)
    (folder / "evil\x1b[31m").write_bytes(b"")
    for formatter in ("table", "tab", "flow", "pager"):
        done = server.doveadm("-f", formatter, "seal", "key", "set", "--from-dir", folder,
                              check=False)
        assert done.returncode == DATA_ERROR
        assert b"evil" in done.stdout
        assert b"\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["fifo", "folder", "device", "endless", "large"])
def test_what_is_no_file(server, folder, keys, kind):
    path = folder / "alice.asc"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        server.sandbox.run("mknod", path, "c", "1", "5")  # /dev/zero
    elif kind == "endless":
        with path.open("wb") as file:
            file.truncate(1 << 40)
    else:
        path.write_bytes(os.urandom(300_000))
    (folder / "bob.asc").write_bytes(keys.bob.certificate)
    status, rows, _ = run(server, folder)
    assert status == DATA_ERROR
    assert rows["alice.asc"][1] == "refused"
    assert rows["alice.asc"][3].startswith({"endless": "it is too large for a certificate",
                                            "large": "it is too large for a certificate"}.get(
                                                kind, "it is not a regular file"))
    assert enrolled(server) == {"bob"}


@pytest.mark.parametrize("second", ["alice.pem", "alice@example.org.asc", "Alice.asc",
                                    "alice@example.net.asc"])
def test_two_files_for_a_user(server, folder, keys, second):
    """Also where the userdb makes the names equal."""
    for name in ("alice.asc", second):
        (folder / name).write_bytes(keys.alice.certificate)
    (folder / "bob.asc").write_bytes(keys.bob.certificate)
    status, rows, _ = run(server, folder)
    assert status == DATA_ERROR
    for name in ("alice.asc", second):
        assert rows[name][1:] == ("refused", "", "there is more than one file for this user")
    assert enrolled(server) == {"bob"}


def test_force(server, folder, keys):
    (folder / "alice.asc").write_bytes(keys.carol.certificate)
    status, rows, errors = run(server, folder, "--force")
    assert (status, rows["alice.asc"][1]) == (0, "stored")
    assert "Warning: mail_seal: Certificate stored without knowing" in errors


def test_an_empty_folder(server, folder):
    assert run(server, folder)[:2] == (0, {})


@pytest.mark.parametrize("others", [["-u", "alice"], ["-A"], ["-F", "/dev/null"], ["-f", "-"]])
def test_with_other_options(server, folder, keys, others):
    done = server.doveadm("seal", "key", "set", "--from-dir", folder, *others, check=False,
                          input=keys.alice.certificate)
    assert done.returncode == USAGE
    assert "--from-dir goes without" in sentence(done)


def test_not_by_doveadm_server(server, folder, keys):
    (folder / "alice.asc").write_bytes(keys.alice.certificate)
    done = server.doveadm("seal", "key", "set", *server.doveadm_server, "--from-dir", folder,
                          check=False)
    assert done.returncode == USAGE
    done = server.doveadm("-o", "doveadm_worker_count=1", "seal", "key", "set", "--from-dir",
                          folder, check=False)
    assert done.returncode == USAGE
    assert "where the mail is" in sentence(done)
    assert enrolled(server) == set()


@pytest.mark.parametrize("what", ["missing", "file"])
def test_no_folder(server, folder, what):
    path = folder / "x"
    if what == "file":
        path.write_bytes(b"")
    done = server.doveadm("seal", "key", "set", "--from-dir", path, check=False)
    assert done.returncode == DATA_ERROR
    assert f"{path} can't be read" in sentence(done)


@pytest.mark.parametrize("formatter", ["table", "tab", "flow", "pager"])
def test_formats(server, folder, keys, formatter):
    (folder / "alice.asc").write_bytes(keys.alice.certificate)
    (folder / "nobody.asc").write_bytes(keys.alice.certificate)
    done = server.doveadm("-f", formatter, "seal", "key", "set", "--from-dir", folder, check=False)
    assert keys.alice.fingerprint.encode() in done.stdout
    assert b"there is no such user" in done.stdout


def test_dry_run_of_one(server, keys):
    for user, status in (("alice", 0), ("bob", DATA_ERROR)):
        done = server.doveadm("seal", "key", "set", "-n", "-u", user, "-f", "-", check=False,
                              input=keys.alice.certificate)
        assert done.returncode == status
    assert enrolled(server) == set()
