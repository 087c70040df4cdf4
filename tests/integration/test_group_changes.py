"""Teams whose members come, go and change their keys; two administrators at once; and a kill."""

import json
import os
import subprocess

import pytest

import dicts
import mail
import team
from dovecot import Dovecot, User, dovecot_version
from killing import build_killer, killed_at
from sandbox import wait_until
from seal_key import DATA_ERROR, TEMPORARY, set_key

NAME = "Public/CERT"
DICT = "dict:proxy:dict:keys" if dovecot_version().startswith("2.3") else "dict:seal"
DICT_ALONE = DICT.removeprefix("dict:")
MANY = [f"user{number}" for number in range(8)]
MESSAGE = mail.text(b"Hello\r\n")
SIEVE = 'require "fileinto"; fileinto "Public/CERT";'
EXPORT = """
metric mail_seal_group_export {
  exporter = log
  filter = event=mail_seal_group_changed
}
"""


@pytest.fixture(scope="module")
def keys(openpgp_keys, gnupg):
    openpgp_keys.many = {name: gnupg.generate(f"{name}@example.org") for name in MANY}
    return openpgp_keys


@pytest.fixture(scope="module")
def server(keys):
    users = [User("alice", keys.alice.certificate), User("bob", keys.bob.certificate),
             User("carol", keys.carol.certificate)]
    users += [User(name, keys.many[name].certificate) for name in MANY]
    with Dovecot(users, shared=True, metrics=True, more=EXPORT,
                 groups={"CERT": "file:FOLDER/groups/keys.asc",
                         "Other": "file:FOLDER/groups/other.asc"}) as dovecot:
        (dovecot.folder / "groups").mkdir(mode=0o755)
        team.make(dovecot, "CERT", "Other")
        yield dovecot


@pytest.fixture(autouse=True)
def source(request):
    if "server" not in request.fixturenames:
        return None
    folder = request.getfixturevalue("server").folder / "groups"
    for file in folder.iterdir():
        file.unlink()
    return folder / "keys.asc"


def rows(server, command, *arguments):
    return server.doveadm_rows("seal", "group", command, *arguments)


def members(server, name=NAME):
    return {row["username"]: row["fingerprint"] for row in rows(server, "show", name)}


def synced(server, *arguments):
    return {row["username"]: (row["result"], row["note"])
            for row in rows(server, "sync", *arguments)}


#
# sync
#


@pytest.fixture
def alices(server, keys):
    """What alice has is her own again afterwards."""
    yield
    server.keys_file("alice").unlink(missing_ok=True)
    server.give("alice", ".mail-seal/keys", keys.alice.certificate)


def test_sync_without_changes(server, source):
    rows(server, "add", NAME, "alice", "bob")
    before = source.read_bytes(), source.stat().st_ino
    assert synced(server) == {}
    assert (source.read_bytes(), source.stat().st_ino) == before


def test_sync_takes_over(server, keys, gnupg, alices):
    rows(server, "add", NAME, "alice", "bob")
    rows(server, "add", "Public/Other", "alice")
    new = gnupg.generate("alice@example.org")
    assert set_key(server, "alice", new.certificate).returncode == 0
    assert members(server) == {"alice": keys.alice.fingerprint, "bob": keys.bob.fingerprint}
    [first, second] = rows(server, "sync")
    assert (first["username"], first["result"], first["fingerprint"]) == (
        "alice", "changed", new.fingerprint)
    assert "the old key only" in first["note"]
    assert {first["group"], second["group"]} == {NAME, "Public/Other"}
    assert members(server) == {"alice": new.fingerprint, "bob": keys.bob.fingerprint}
    [row, _] = rows(server, "show", NAME)
    assert row["added"] and row["changed"] and row["from"] == "user"
    assert synced(server) == {}


def test_sync_of_one_group(server, keys, gnupg, alices):
    rows(server, "add", NAME, "alice")
    rows(server, "add", "Public/Other", "alice")
    new = gnupg.generate("alice@example.org")
    assert set_key(server, "alice", new.certificate).returncode == 0
    assert rows(server, "sync", "-n", NAME)[0]["result"] == "would be changed"
    assert list(synced(server, NAME)) == ["alice"]
    assert members(server, "Public/Other") == {"alice": keys.alice.fingerprint}


def test_sync_of_a_longer_life(server, source, gnupg, alices):
    """The same key with another expiry is another certificate."""
    key = gnupg.generate("alice@example.org", expires="10d")
    assert set_key(server, "alice", key.certificate).returncode == 0
    rows(server, "add", NAME, "alice")
    [before] = rows(server, "show", NAME)
    gnupg.gpg("--quick-set-expire", key.fingerprint, "20d", "*")
    gnupg.gpg("--quick-set-expire", key.fingerprint, "20d")
    assert set_key(server, "alice", gnupg.export(key.fingerprint)).returncode == 0
    assert synced(server) == {"alice": ("changed", "")}
    [after] = rows(server, "show", NAME)
    assert after["fingerprint"] == before["fingerprint"] and after["expires"] > before["expires"]
    assert source.read_text().count("BEGIN PGP") == 1


@pytest.mark.parametrize("options", [[], ["-n"]], ids=["", "-n"])
@pytest.mark.parametrize("members", [["alice"], ["alice", "bob"]], ids=" ".join)
def test_the_last_member_stays(server, source, alices, members, options):
    """Without one the team's mail would be refused: it is said what to do instead."""
    rows(server, "add", NAME, *members)
    before = source.read_bytes()
    done = server.doveadm("seal", "group", "remove", *options, NAME, *members, check=False)
    assert done.returncode == DATA_ERROR and b"removed" not in done.stdout
    assert b"add another member first, or take its source out" in done.stdout
    assert source.read_bytes() == before


LOST = {
    "withdrawn": (lambda server, gnupg: server.doveadm("seal", "key", "unset", "-u", "alice"),
                  "the user has no certificate"),
    "expired": (lambda server, gnupg: server.give(
        "alice", ".mail-seal/keys", gnupg.generate_expired("alice@example.org").certificate),
        "it has expired"),
    "damaged": (lambda server, gnupg: server.give("alice", ".mail-seal/keys", b"x"),
                "there is no certificate in it"),
}


@pytest.mark.parametrize("how", LOST)
def test_sync_keeps(server, source, gnupg, alices, how):
    lose, note = LOST[how]
    rows(server, "add", NAME, "alice", "bob")
    before = source.read_bytes()
    lose(server, gnupg)
    assert synced(server) == {"alice": ("kept", note)}
    assert source.read_bytes() == before


def test_sync_keeps_the_form(server, source, x509_keys, alices):
    """Who changes to S/MIME stays a member with the old certificate, and that is said."""
    rows(server, "add", NAME, "alice", "bob")
    before = source.read_bytes()
    server.give("alice", ".mail-seal/keys", x509_keys.alice.certificate)
    [(result, note)] = synced(server).values()
    assert result == "kept" and "one form" in note
    assert source.read_bytes() == before


def test_sync_of_what_cant_be_read(server, source, keys):
    rows(server, "add", NAME, "alice")
    source.write_bytes(keys.alice.certificate[:-50])
    rows(server, "add", "Public/Other", "bob")
    done = server.doveadm("seal", "group", "sync", check=False)
    assert done.returncode == DATA_ERROR and b"has no end" in done.stderr


def test_event(server, keys):
    mark = len(server.log())
    rows(server, "add", NAME, "alice")

    def events():
        return [json.loads(line[line.index("{"):])["fields"]
                for line in server.log_since(mark).splitlines()
                if '"event":"mail_seal_group_changed"' in line]
    assert wait_until(events)
    [event] = events()
    assert {name: event[name] for name in ("group", "action", "member", "way", "who", "old_keys",
                                           "new_keys")} == {
        "group": NAME, "action": "add", "member": "alice", "way": "doveadm", "who": "root",
        "old_keys": "none", "new_keys": keys.alice.fingerprint}


#
# At once
#


def at_once(server, *commands):
    running = [server.sandbox.start("doveadm", "-c", server.folder / "dovecot.conf", "seal",
                                    "group", *command, stdout=subprocess.DEVNULL,
                                    stderr=subprocess.PIPE) for command in commands]
    for run in running:
        errors = run.communicate(timeout=300)[1]
        assert run.returncode == 0, errors


def test_many_at_once(server, source):
    rows(server, "add", NAME, "alice", "bob", "carol")
    at_once(server, *(["add", NAME, name] for name in MANY), ["remove", NAME, "bob"],
            ["sync"], ["sync", NAME])
    assert set(members(server)) == {"alice", "carol", *MANY}
    assert [file.name for file in source.parent.iterdir()] == [source.name]


@pytest.fixture(scope="module", params=[dicts.Redis, dicts.Sqlite], ids=["redis", "sqlite"])
def store(request):
    found = request.param()
    yield found
    found.close()


@pytest.fixture(scope="module")
def with_dict(store, keys):
    """Groups and users have their certificates in a dict."""
    with Dovecot([User(name) for name in ("alice", *MANY)], shared=True, dict=store,
                 groups={"CERT": DICT, "Big": DICT,
                         "ReadOnly": DICT.replace("dict:", "dict-ro:", 1)}) as dovecot:
        team.make(dovecot, "CERT", "Big", "ReadOnly")
        set_key(dovecot, "alice", keys.alice.certificate)
        for name in MANY:
            set_key(dovecot, name, keys.many[name].certificate)
        yield dovecot


def test_dict(with_dict, keys):
    server = with_dict
    rows(server, "add", NAME, "alice", MANY[0])
    at_once(server, *(["add", NAME, name] for name in MANY[1:]), ["remove", NAME, MANY[0]])
    assert set(members(server)) == {"alice", *MANY[1:]}
    rows(server, "add", "Public/Big", "alice")
    assert members(server, "Public/Big") == {"alice": keys.alice.fingerprint}
    rows(server, "remove", NAME, *MANY[1:])
    assert members(server) == {"alice": keys.alice.fingerprint}


def test_dict_that_is_only_read(with_dict, keys):
    server = with_dict
    for content in (None, keys.bob.certificate.decode()):
        if content:
            server.doveadm("dict", "set", "-u", "Public/ReadOnly", DICT_ALONE,
                           "priv/mail-seal/keys", "\n" + content)
        done = server.doveadm("seal", "group", "add", "Public/ReadOnly", "alice", check=False)
        assert done.returncode == DATA_ERROR
        assert b"its source is only read by mail_seal" in done.stderr
    assert members(server, "Public/ReadOnly") == {"": keys.bob.fingerprint}


def test_dict_holds_so_much(with_dict, keys):
    """What a dict can't hold is refused, and what it has stays."""
    server = with_dict
    comment = "".join(f"{'x' * 70}\n" for _ in range(840))
    server.doveadm("dict", "set", "-u", "Public/Big", DICT_ALONE, "priv/mail-seal/keys",
                   f"{comment}\n{keys.alice.certificate.decode()}")
    done = server.doveadm("seal", "group", "add", "Public/Big", MANY[0], MANY[1], check=False)
    assert done.returncode == DATA_ERROR and b"too large for a dict" in done.stderr
    assert members(server, "Public/Big") == {"": keys.alice.fingerprint}


#
# Killed
#


def test_killed(server, source):
    """The old text or the new one, and it can be done again."""
    build_killer(server)
    rows(server, "add", NAME, "alice")
    old = source.read_bytes()
    found, step, was_killed = set(), 0, True
    while was_killed:
        step += 1
        source.write_bytes(old)
        was_killed = killed_at(server, step, "seal", "group", "add", NAME, "bob")
        found.add((was_killed, source.read_bytes() == old))
        assert set(members(server)) in ({"alice"}, {"alice", "bob"})
        rows(server, "add", NAME, "bob")
        assert set(members(server)) == {"alice", "bob"}
        assert [file.name for file in source.parent.iterdir()] == [source.name]
    assert found == {(True, True), (True, False), (False, False)}


#
# Where the source lies
#


def test_users_with_ids_of_their_own(keys):
    """All who deliver can read what root has written."""
    users = [User(name, getattr(keys, name).certificate, sieve=SIEVE)
             for name in ("alice", "bob", "carol")]
    with Dovecot(users, shared=True, system_users=True, plugins=("sieve",),
                 groups={"CERT": "file:FOLDER/cert.asc"}) as server:
        team.make(server, "CERT")
        for path in (server.site.public_maildir, *server.site.public_maildir.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)
        rows(server, "add", NAME, "alice", "bob")
        rows(server, "add", "-u", "bob", NAME, "carol")
        found = (server.folder / "cert.asc").stat()
        assert (found.st_uid, found.st_mode & 0o777) == (0, 0o644)
        for user in ("alice", "bob", "carol"):
            [reply] = server.deliver(MESSAGE, user)
            assert reply.code == 250
        with server.imap("alice") as client:
            stored = client.messages("Public/CERT")
        assert [mail.unseal(one).fingerprints for one in stored] == [
            [key.fingerprint for key in (keys.alice, keys.bob, keys.carol)]] * 3


def test_not_through_a_users_link(server, source, keys):
    """A folder that somebody else may write to is no place to write to as root."""
    other = server.folder / "groups-of-bobs"
    other.mkdir(exist_ok=True)
    (other / "keys.asc").write_bytes(keys.alice.certificate)
    before = (other / "keys.asc").read_bytes()
    os.chown(source.parent, 4711, 4711)
    try:
        done = server.doveadm("seal", "group", "add", NAME, "bob", check=False)
        assert done.returncode == TEMPORARY, done.stderr
        assert b"Permission denied" in done.stderr
        assert not source.exists() and (other / "keys.asc").read_bytes() == before
    finally:
        os.chown(source.parent, 0, 0)


def test_link(server, source, keys):
    target = server.folder / "target.asc"
    target.write_bytes(keys.alice.certificate)
    source.symlink_to(target)
    done = server.doveadm("seal", "group", "add", NAME, "bob", check=False)
    assert done.returncode == TEMPORARY and b"symbolic link" in done.stderr
    assert target.read_bytes() == keys.alice.certificate and source.is_symlink()


def test_where_mail_users_may_write(server, source):
    """There the mail user writes it."""
    os.chown(source.parent, server.uid("alice"), server.uid("alice"))
    try:
        rows(server, "add", NAME, "alice")
        assert source.stat().st_uid == server.uid("alice")
    finally:
        os.chown(source.parent, 0, 0)


def test_closed_folder(server, source):
    """Nobody could read it."""
    source.parent.chmod(0o700)
    try:
        done = server.doveadm("seal", "group", "add", NAME, "alice", check=False)
        assert done.returncode != 0 and not list(source.parent.iterdir())
    finally:
        source.parent.chmod(0o755)
