"""A certificate that can't be written: what was there stays as it was, and doveadm says why."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

import mail
from dovecot import Dovecot, User
from enrolment import MESSAGE, code, give, pending, sealed_to, set_entry
from sandbox import wait_until
from seal_key import TEMPORARY, sentence, set_key

LOCK_SECS = 10          # replace-file.c


@pytest.fixture(scope="module")
def server():
    """Users with uids of their own: nobody but they may write there.

    On a disk of its own, so that what is mounted within is seen from here.
    """
    with Dovecot([User("alice"), User("bob")], system_users=True, disk="64M") as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def folder(server):
    """alice's folder for keys, which is empty."""
    shutil.rmtree(server.keys_file("alice").parent, ignore_errors=True)
    server.never_enrolled("alice")
    server.empty("alice")
    server.give("alice", ".mail-seal/x", b"").unlink()
    return server.keys_file("alice").parent


@pytest.fixture(params=["direct", "doveadm-server"])
def way(request, server):
    return server.doveadm_server if request.param == "doveadm-server" else []


def content(folder):
    return {path.name: (path.lstat().st_mode, path.is_file() and path.read_bytes())
            for path in folder.iterdir()}


def inside(server):
    """alice's folder for keys, as the sandbox has it."""
    return server.folder / "home" / "alice" / ".mail-seal"


@contextlib.contextmanager
def small_disk(server):
    """alice's folder is on a disk of its own, on which nothing more has room."""
    path = inside(server)
    uid = server.uid("alice")
    before = content(server.keys_file("alice").parent)
    server.sandbox.run("mount", "-t", "tmpfs", "-o",
                       f"size=64k,mode=700,uid={uid},gid={uid}", "tmpfs", path)
    try:
        for name, (_mode, data) in before.items():
            server.give("alice", f".mail-seal/{name}", data)
        full = server.sandbox.run("dd", "if=/dev/zero", f"of={path}/filler", "bs=4k", "count=32",
                                  check=False)
        assert b"No space left" in full.stderr
        yield server.keys_file("alice").with_name("filler")
    finally:
        server.sandbox.run("umount", path)


@contextlib.contextmanager
def read_only(server):
    path = inside(server)
    server.sandbox.run("mount", "--bind", path, path)
    server.sandbox.run("mount", "-o", "remount,bind,ro", path)
    try:
        yield
    finally:
        server.sandbox.run("umount", path)


def refused(server, way, key, folder, reason):
    """Nothing is changed, and nothing is left beside it."""
    before = content(folder)
    done = set_key(server, "alice", key.certificate, *way)
    assert done.returncode == TEMPORARY
    assert "Certificate not stored" in sentence(done) and reason in sentence(done)
    assert content(folder) == before


def test_no_room(server, way, folder, keys):
    server.give("alice", ".mail-seal/keys", keys.alice.certificate)
    with small_disk(server) as filler:
        refused(server, way, keys.carol, folder,
                "it can't be written: No space left on device")
        assert sealed_to(server, "alice") == [keys.alice.fingerprint]
        filler.unlink()
        assert set_key(server, "alice", keys.carol.certificate, *way).returncode == 0
        assert sealed_to(server, "alice") == [keys.carol.fingerprint]


def test_no_room_for_what_the_owner_offers(server, folder, keys):
    with small_disk(server), server.imap("alice") as client:
        before = content(folder)
        done = set_entry(client, "keys", keys.alice.certificate)
        assert done.status == "NO" and "please try again later" in done.text
        assert content(folder) == before and pending(client) == {}
    assert server.messages("alice") == []           # and no code for it


def test_a_disk_that_is_read_only(server, way, folder, keys):
    server.give("alice", ".mail-seal/keys", keys.alice.certificate)
    with read_only(server):
        refused(server, way, keys.carol, folder, "it can't be written: Read-only file system")
        done = server.doveadm("seal", "key", "unset", *way, "-u", "alice", check=False)
        assert done.returncode == TEMPORARY
        assert "Certificate not removed" in sentence(done)
        assert "it can't be removed: Read-only file system" in sentence(done)
        assert sealed_to(server, "alice") == [keys.alice.fingerprint]


def test_a_file_in_place_of_the_folder(server, way, folder, keys):
    folder.rmdir()
    folder.write_bytes(b"precious")
    done = set_key(server, "alice", keys.alice.certificate, *way)
    assert done.returncode == TEMPORARY
    assert "its folder can't be opened: Not a directory" in sentence(done)
    assert folder.read_bytes() == b"precious"
    folder.unlink()


def test_a_home_that_is_somebody_elses(server, way, folder, keys):
    folder.rmdir()
    home = server.home("alice")
    os.chown(home, server.uid("bob"), -1)
    home.chmod(0o755)
    try:
        done = set_key(server, "alice", keys.alice.certificate, *way)
        assert done.returncode == TEMPORARY
        assert "its folder can't be made: Permission denied" in sentence(done)
        assert not folder.exists()
    finally:
        os.chown(home, server.uid("alice"), -1)


def test_a_folder_made_for_nothing_goes_again(server, folder, keys):
    """There is room for the folder on the way, but not for the file."""
    folder.rmdir()
    home = server.home("alice")
    limit = ["prlimit", "--fsize=0", "doveadm", "-c", server.folder / "dovecot.conf"]
    done = server.sandbox.run(*limit, "seal", "key", "set", "-u", "alice", check=False,
                              input=keys.alice.certificate)
    assert done.returncode != 0
    assert not folder.exists() and home.exists()


def make_folder(path):
    path.mkdir()


def make_fifo(path):
    os.mkfifo(path)


def make_link(path):
    path.symlink_to(path.with_name("victim"))


def make_closed_file(path):
    """Of another one's run, as root"""
    path.write_bytes(b"x")
    path.chmod(0)


@pytest.mark.parametrize("make", [make_folder, make_fifo, make_link, make_closed_file],
                         ids=lambda make: make.__name__)
def test_something_has_the_temporary_name(server, folder, keys, make):
    victim = server.give("alice", ".mail-seal/victim", b"precious")
    make(folder / ".keys.new")
    assert set_key(server, "alice", keys.alice.certificate).returncode == 0
    assert victim.read_bytes() == b"precious"
    assert sorted(content(folder)) == ["keys", "victim"]
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]


def test_a_full_folder_has_the_temporary_name(server, folder, keys):
    """It may be anything: it isn't taken away."""
    server.give("alice", ".mail-seal/.keys.new/x", b"precious")
    refused(server, [], keys.alice, folder, "it can't be written: Is a directory")
    assert (folder / ".keys.new" / "x").read_bytes() == b"precious"


@contextlib.contextmanager
def another_writer(server):
    """Has the lock, as replace-file.c takes it."""
    path = server.give("alice", ".mail-seal/.keys.new", b"half of")
    with path.open("rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file, path


def start_set(server, key):
    started = server.sandbox.start("doveadm", "-c", server.folder / "dovecot.conf", "seal", "key", "set",
                                   "-u", "alice", stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    started.stdin.write(key.certificate)
    started.stdin.close()
    return started


def sleeps(server, name):
    """Does a process of this name wait for a moment to pass, as one does for a lock?"""
    for pid, command in server.sandbox.processes().items():
        with contextlib.suppress(OSError):      # it has ended
            if name in command.split()[0] and \
                    "nanosleep" in Path(f"/proc/{pid}/wchan").read_text():
                return True
    return False


def test_another_writer_comes_first(server, folder, keys):
    """Then its certificate is there for a moment, and ours is the last word."""
    with another_writer(server) as (file, path):
        started = start_set(server, keys.carol)
        assert wait_until(lambda: sleeps(server, "doveadm"))
        file.truncate(0)
        file.write(keys.alice.certificate)
        file.flush()
        path.rename(folder / "keys")
        assert (folder / "keys").read_bytes() == keys.alice.certificate
    assert started.wait(timeout=60) == 0
    assert sorted(content(folder)) == ["keys"]
    assert sealed_to(server, "alice") == [keys.carol.fingerprint]


def test_another_writer_never_ends(server, folder, keys):
    server.give("alice", ".mail-seal/keys", keys.alice.certificate)
    with another_writer(server):
        began = time.monotonic()
        refused(server, [], keys.carol, folder, "somebody else is writing it")
        assert time.monotonic() - began >= LOCK_SECS
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]


def test_a_folder_where_a_proven_certificate_goes(server, folder, keys):
    """What was offered is taken back, as if the owner had another certificate by now."""
    with server.imap("alice") as client:
        assert set_entry(client, "keys", keys.alice.certificate).status == "OK"
        secret = code(server, "alice", keys.alice)
        server.give("alice", ".mail-seal/keys/x", b"precious")
        refusal = give(client, secret)
        assert refusal.status == "NO" and "changed meanwhile" in refusal.text
        assert (folder / "keys" / "x").read_bytes() == b"precious"
        shutil.rmtree(folder / "keys")
        assert pending(client) == {}
    assert sealed_to(server, "alice") == []


def test_a_message_while_nothing_can_be_written(server, folder, keys):
    """The state of the owner isn't in that folder: mail is sealed."""
    server.give("alice", ".mail-seal/keys", keys.alice.certificate)
    with read_only(server):
        assert server.deliver(MESSAGE, "alice")[0].code == 250
        assert mail.is_sealed(server.message("alice"))
