"""doveadm seal doctor for users whose settings, sources and certificates aren't as they should be."""

import json
import os

import pytest

import mail
import team
from doctor import IS_24, Doctor, configured
from dovecot import Dovecot, User
from sandbox import wait_until

ADDRESSES = {"mail_seal_addresses": "%u@example.org"}
MESSAGE = mail.text(mail.CANARY + b"\r\n")
PROTOCOLS = 4                        # in a row each


@pytest.fixture(scope="module")
def certificates(gnupg, keys):
    ours = gnupg.generate("bob@example.org").certificate
    expired = gnupg.generate_expired("bob@example.org").certificate
    return {
        "good": ours, "expired": expired, "both": ours + expired,
        "soon": gnupg.generate("bob@example.org", expires="10d").certificate,
        "revoked": gnupg.generate_revoked("bob@example.org").certificate,
        "sign-only": gnupg.generate("bob@example.org", encryption=None).certificate,
        "foreign": keys.carol.certificate, "garbage": b"this is none\n", "none": None}


@pytest.fixture(scope="module")
def server(keys, certificates):
    """Each user's name says what is wrong; the address in the certificates is bob's."""
    bobs = {"mail_seal_addresses": "bob@example.org"}
    users = [User(name, content, settings=bobs) for name, content in certificates.items()]
    users += [
        User("new", keys.alice.certificate), User("homeless-file"),
        User("unloaded", keys.alice.certificate, settings={"mail_plugins": "quota"}),
        User("emptied", keys.alice.certificate, settings={"mail_plugins": ""}),
        User("bad-setting", keys.alice.certificate, settings={"mail_seal_keys": "xx:/y"}),
        User("bad-address", keys.alice.certificate, settings={"mail_seal_addresses": "@,"}),
        User("excluded", keys.alice.certificate, settings={"mail_seal_keys": "none"}),
        User("in-the-mail", settings={"mail_seal_keys": "file:%h/Maildir/.keys/k"}),
        User("unreadable", certificates["good"], settings=bobs),
        User("hidden-folder", certificates["good"], settings=bobs),
        User("lost", certificates["good"], settings=bobs),
        User("bad-state", certificates["good"], settings=bobs),
        User("no-extra", certificates["good"],
             settings=bobs | {"mail_seal_extra_keys": "/no/such/file"}),
        User("german", certificates["good"], settings=bobs | {"mail_seal_language": "de"}),
        User("klingon", certificates["good"], settings=bobs | {"mail_seal_language": "tlh"}),
        User("raw", certificates["good"], settings=bobs | {"rawlog_dir": "/no/such"}),
        User("waits", settings={"mail_seal_missing_key": "tempfail"}),
    ]
    with Dovecot(users, seal=dict(ADDRESSES)) as dovecot:
        dovecot.doveadm("user", "good")       # Dovecot's own processes have read it
        dovecot.keys_file("unreadable").chmod(0)
        os.chown(dovecot.keys_file("unreadable"), 0, 0)
        folder = dovecot.keys_file("hidden-folder").parent
        folder.chmod(0o700)
        os.chown(folder, 0, 0)
        yield dovecot


def bad(server, user):
    doctor = Doctor(server, "-u", user)
    return {finding["check"]: finding["result"] for finding in doctor.findings
            if finding["result"] != "ok"}


@pytest.mark.parametrize("user, expected", {
    "good": {}, "both": {"certificate": "warning"},
    "expired": {"certificate": "error", "trial": "error"},
    "revoked": {"certificate": "error", "trial": "error"},
    "sign-only": {"certificate": "error", "trial": "error"},
    "soon": {"certificate": "warning"},
    "foreign": {"certificate-owner": "warning"},
    "garbage": {"certificate": "error"},
    "none": {}, "excluded": {}, "waits": {},
    "unloaded": {"plugin": "error", "session": "error"},
    "emptied": {"plugin": "error", "session": "error"},
    "bad-setting": {"session": "error"},
    "in-the-mail": {"source-place": "error"},
    "unreadable": {"source": "error"}, 
    "hidden-folder": {"source": "error", "pending": "warning"},
    "no-extra": {"extra-keys": "error"},
    "raw": {"raw-logs": "warning"},
    "german": {}, "klingon": {"texts": "warning"},
}.items())
def test_user(server, user, expected):
    assert bad(server, user) == expected


def test_trial_is_for_the_user(server):
    """All that is well says so."""
    doctor = Doctor(server, "-u", "good")
    assert (doctor.result("trial"), doctor.result("source"), doctor.result("settings")) == \
        ("ok",) * 3
    assert "never expires" in doctor.of("certificate")[0][1]


def test_unloaded(server):
    doctor = Doctor(server, "-u", "unloaded")
    assert len(doctor.of("plugin", "A userdb field takes mail_seal away")) == PROTOCOLS


@pytest.mark.skipif(not IS_24, reason="2.3 has no blocks in userdb fields")
def test_unloaded_by_a_word(server):
    server.users["word"] = User("word", settings={"mail_plugins/mail_seal": "no"})
    server.write_config()
    assert wait_until(lambda: Doctor(server, "-u", "word").of("plugin"))
    assert Doctor(server, "-u", "word").of("plugin", "A userdb field")


def test_why(server):
    """The sentences name what is wrong."""
    for user, check, word in (("bad-setting", "session", "mail_seal_keys"),
                              ("expired", "certificate", "expired"),
                              ("foreign", "certificate-owner", "carol@example.org"),
                              ("in-the-mail", "source-place", "Maildir"),
                              ("none", "source", "stored as it comes"),
                              ("waits", "source", "waits")):
        assert Doctor(server, "-u", user).of(check, word), user


def test_lost(server):
    assert server.deliver(MESSAGE, "lost")[0].code == 250
    assert bad(server, "lost") == {}
    server.keys_file("lost").unlink()
    assert bad(server, "lost") == {"source": "error"}


def test_state_that_cannot_be_read(server):
    assert server.deliver(MESSAGE, "bad-state")[0].code == 250
    [state] = server.state_files("bad-state")
    state.chmod(0)
    assert bad(server, "bad-state") == {"state": "warning"}


def test_all(server):
    """One session that can't begin doesn't end it, and each user has rows."""
    doctor = Doctor(server, "-A")
    assert doctor.status == 2
    assert {finding["username"] for finding in doctor.findings} == set(server.users)
    some = Doctor(server, "-u", "*ed")
    assert {finding["username"] for finding in some.findings} == \
        {name for name in server.users if name.endswith("ed")}
    names = server.folder / "names"
    names.write_text("good\nnobody\nsoon\n")
    listed = Doctor(server, "-F", str(names))
    assert [finding["username"] for finding in listed.findings
            if finding["check"] in ("trial", "user")] == ["good", "nobody", "soon"]
    assert listed.result("user") == "error"


@pytest.mark.parametrize("form", ["json", "table", "flow", "pager", "tab"])
def test_formats(server, form):
    """Of many users, of whom some have more rows than others."""
    done = server.doveadm("-f", form, "seal", "doctor", "-A", check=False)
    assert (done.returncode, done.stderr) == (2, b"")
    if form == "json":
        assert {row["username"] for row in json.loads(done.stdout)} == set(server.users)
    assert all(name.encode() in done.stdout for name in server.users)


def test_nothing_is_made(server):
    """Also not for a user who has never had mail, nor where the home isn't there."""
    (server.home("homeless-file")).rmdir()

    def everything():
        return {path: (path.lstat().st_mtime_ns, path.lstat().st_size)
                for place in ("home", "state", "tmp") for path in (server.folder / place, *(
                    server.folder / place).rglob("*"))}
    before = everything()
    mark = len(server.log())
    Doctor(server)
    Doctor(server, "-A")
    for name in ("new", "homeless-file", "unreadable"):
        Doctor(server, "-u", name)
    assert everything() == before
    assert wait_until(lambda: not server.sandbox.zombies())
    assert "mail_seal" not in server.log_since(mark)


def test_dovecot_is_not_running(keys):
    """Without it nobody can be looked up; the doctor says so, and ends."""
    with Dovecot([User("alice", keys.alice.certificate)]) as stopped:
        stopped.stop()
        assert Doctor(stopped, "-u", "alice").result("session") == "error"
        everybody = Doctor(stopped, "-A")
        assert everybody.result("users") == "error"
        assert "Can't list all users" in everybody.errors
        stopped.start()


def test_dict(server):
    """One that doesn't answer (2.3), one that isn't configured (2.4)."""
    with configured(server, keys="dict:nosuch" if IS_24 else "dict:proxy:/no/such:keys"):
        assert "source" in bad(server, "new")


def test_settings_of_the_site(server):
    with configured(server, timeout="long"):
        assert bad(server, "new").items() >= {"session": "error"}.items()




def test_groups(gnupg, keys):
    """Team mailboxes whose members' certificates can't be read, or not all be used."""
    expired = gnupg.generate_expired("expired@example.org").certificate
    groups = {name: f"file:FOLDER/{name}.asc" for name in ("Good", "Some", "Bad", "Gone", "Hidden")}
    with Dovecot([User("alice", keys.alice.certificate)], shared=True, groups=groups) as server:
        team.make(server, *groups)
        for name, content in (("Good", keys.alice.certificate),
                              ("Some", keys.alice.certificate + expired), ("Bad", expired),
                              ("Hidden", keys.alice.certificate)):
            team.give(server, f"{name}.asc", content, mode=0o600 if name == "Hidden" else 0o644)
        doctor = Doctor(server, "-u", "alice")
        assert {name: doctor.result("group", f"Public/{name}") for name in groups} == {
            "Good": "ok", "Some": "warning", "Bad": "error", "Gone": "error", "Hidden": "error"}
