"""key set leaves a file that the mail user can read, or says that it can't."""

import os
import stat

import pytest

import mail
from dovecot import Dovecot, User
from seal_key import TEMPORARY, sentence, set_key

MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")


@pytest.fixture
def server():
    """Keys in a folder of the administrator's: keys/USER below FOLDER/admin."""
    dovecot = Dovecot([User("alice")])
    dovecot.site.seal["mail_seal_keys"] = f"file:{dovecot.folder}/admin/keys/%u"
    with dovecot:
        folder(dovecot).mkdir(parents=True)
        for made in (folder(dovecot), folder(dovecot).parent):
            made.chmod(0o755)
        yield dovecot


@pytest.fixture(params=["direct", "doveadm-server"])
def way(request, server):
    return server.doveadm_server if request.param == "doveadm-server" else []


def folder(server):
    return server.folder / "admin" / "keys"


def snapshot(server):
    return {path.name: (path.lstat().st_mode, path.lstat().st_uid, path.read_bytes())
            for path in folder(server).iterdir()}


def check_sealed(server, gnupg, key):
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    mail.check_sealed(server.message("alice"), MESSAGE, gnupg, key)


@pytest.mark.parametrize("mode", [0o600, 0o000, 0o400, 0o200, 0o604])
def test_a_file_of_roots_becomes_readable(server, way, gnupg, keys, mode):
    """What an administrator has copied there with his umask was of no use."""
    path = folder(server) / "alice"
    path.write_bytes(keys.bob.certificate)
    path.chmod(mode)
    assert set_key(server, "alice", keys.alice.certificate, *way).returncode == 0
    assert path.read_bytes() == keys.alice.certificate
    if mode == 0o604:                               # was readable: stays as it was
        assert stat.S_IMODE(path.stat().st_mode) == mode
    check_sealed(server, gnupg, keys.alice)


def test_a_file_of_another_user(server, way, gnupg, keys):
    path = folder(server) / "alice"
    path.write_bytes(keys.bob.certificate)
    path.chmod(0o600)
    os.chown(path, server.uid("alice") + 1, 0)
    assert set_key(server, "alice", keys.alice.certificate, *way).returncode == 0
    check_sealed(server, gnupg, keys.alice)


@pytest.mark.parametrize("closed", ["admin", "keys"])
@pytest.mark.parametrize("mode", [0o700, 0o750, 0o744])
def test_a_folder_that_is_closed(server, way, keys, closed, mode):
    """Neither written nor believed: the old file stays as it was."""
    locked = {"admin": folder(server).parent, "keys": folder(server)}[closed]
    for enrolled in (None, keys.bob.certificate):
        if enrolled:
            (folder(server) / "alice").write_bytes(enrolled)
        locked.chmod(mode)
        before = snapshot(server)
        done = set_key(server, "alice", keys.alice.certificate, *way)
        assert done.returncode == TEMPORARY
        assert "Certificate not stored" in sentence(done)
        assert f", because of {locked}: Permission denied" in sentence(done)
        assert snapshot(server) == before


def test_ones_own_file_without_a_mode(server, way, gnupg, keys):
    folder(server).chmod(0o755)
    os.chown(folder(server), server.uid("alice"), server.uid("alice"))
    path = folder(server) / "alice"
    path.write_bytes(keys.bob.certificate)
    os.chown(path, server.uid("alice"), server.uid("alice"))
    path.chmod(0)
    assert set_key(server, "alice", keys.alice.certificate, *way).returncode == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    check_sealed(server, gnupg, keys.alice)
