"""A new mail_seal is installed while Dovecot runs with the old one: refused, and no crash.

And Dovecot is told to load mail_seal while IMAP sessions are open.
"""

import ctypes
import os
import re
import struct
import tempfile
from pathlib import Path

import pytest

import mail
from another_build import AnotherBuild, installed_helper
from dovecot import Dovecot, User, dovecot_version

MESSAGE = mail.text(mail.CANARY + b"\r\n")
UPGRADED = "mail_seal was upgraded, restart Dovecot"


@pytest.fixture(scope="module")
def newer():
    # not pytest's own folder, which it closes to others whenever another run begins
    with tempfile.TemporaryDirectory(prefix="mail-seal-newer-") as folder:
        Path(folder).chmod(0o755)    # mail users run the helper in it
        yield AnotherBuild(Path(folder))


@pytest.fixture
def server(keys):
    with Dovecot([User("alice", keys.alice.certificate), User("plain")]) as dovecot:
        yield dovecot


def install(server, newer, *names):
    """Put these of its modules, or all, where the server has the old ones."""
    ours = os.environ["MAIL_SEAL_MODULEDIR"]
    for name in names or (".",):
        server.sandbox.mount_over(newer.modules / name, f"{ours}/{name}")


def refused(server, mark):
    """The log says why, and nothing is stored."""
    log = server.log_since(mark)
    assert UPGRADED in log
    assert server.new_crashes() == []
    assert server.maildir_files("alice") == [] == server.leftovers("alice")


def test_lmtp_process_that_has_the_old_plugin(server, newer, gnupg, keys):
    with server.lmtp() as client:
        assert client.deliver(MESSAGE, "plain@example.org")[0].code == 250
        old = server.service_pid("lmtp")
        install(server, newer)
        mark = len(server.log())
        for _ in range(2):           # the second time the library is there
            reply = client.deliver(MESSAGE, "alice@example.org")[0]
            assert (reply.code, "Message not stored" in reply.text) == (451, True)
        assert client.deliver(MESSAGE, "plain@example.org")[0].code == 250
        assert server.service_pids("lmtp") == [old]
    refused(server, mark)
    server.restart()
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    mail.check_sealed(server.message("alice"), MESSAGE, gnupg, keys.alice)


def test_imap_session_that_has_the_old_plugin(server, newer, gnupg, keys):
    with server.imap("alice") as client:
        client.select("INBOX")
        install(server, newer)
        mark = len(server.log())
        for _ in range(2):
            answer = client.append("INBOX", MESSAGE)
            assert (answer.status, "Message not stored" in answer.text) == ("NO", True)
        client.must("NOOP")
    refused(server, mark)
    with server.imap("alice") as client:  # its process has loaded all anew
        assert client.append("INBOX", MESSAGE).ok
    mail.check_sealed(server.message("alice"), MESSAGE, gnupg, keys.alice)


def test_process_that_has_all_of_the_old_version_goes_on(server, newer, gnupg, keys):
    with server.imap("alice") as client:
        client.append("INBOX", MESSAGE)
        install(server, newer)
        assert client.append("INBOX", MESSAGE).ok
    for stored in server.messages("alice"):
        mail.check_sealed(stored, MESSAGE, gnupg, keys.alice)


def test_old_core_with_a_new_helper(server, newer):
    server.sandbox.mount_over(newer.helper, installed_helper())
    mark = len(server.log())
    assert server.deliver(MESSAGE, "alice")[0].code == 451
    refused(server, mark)


@pytest.mark.parametrize("way", ["direct", "doveadm-server"])
def test_old_doveadm_module_with_a_new_plugin(server, newer, way):
    install(server, newer, "lib15_mail_seal_plugin.so")
    options = server.doveadm_server if way == "doveadm-server" else []
    mark = len(server.log())
    done = server.doveadm("seal", "status", *options, "-u", "alice", check=False)
    assert done.returncode > 0
    assert UPGRADED in done.stderr.decode() + server.log_since(mark)
    assert server.new_crashes() == []


# inotify(7)
IN_MODIFY, IN_MOVED_TO, IN_CREATE = 0x2, 0x80, 0x100


def test_make_install_renames_into_place(newer):
    """Who loads a module just then gets all of the old one or all of the new one."""
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_NONBLOCK)
    watched = {}
    for file in (*newer.modules.rglob("*.so"), newer.helper):
        number = libc.inotify_add_watch(watch, bytes(file.parent),
                                        IN_MODIFY | IN_MOVED_TO | IN_CREATE)
        watched.setdefault(number, []).append(file.name)
    newer.install()
    events, position = os.read(watch, 1 << 20), 0
    os.close(watch)
    seen = {}
    while position < len(events):
        number, mask, _, length = struct.unpack_from("iIII", events, position)
        name = events[position + 16:position + 16 + length].rstrip(b"\0").decode()
        if name in watched[number]:
            seen.setdefault(name, set()).add(mask)
        position += 16 + length
    assert seen == {name: {IN_MOVED_TO} for names in watched.values() for name in names}


# Dovecot is new to mail_seal

def rebuilt_for(server, change):
    """The installed files, as if they had been built for another Dovecot's ABI."""
    ours = Path(os.environ["MAIL_SEAL_MODULEDIR"])
    for file in (ours / "lib15_mail_seal_plugin.so", ours / "mail-seal" / "libmail_seal_core.so"):
        copy = server.folder / file.name
        text, count = re.subn(rb"(2\.\d\.ABIv)(\d+)(\(\d\.\d)?", change, file.read_bytes())
        assert count > 0
        copy.write_bytes(text)
        copy.chmod(0o755)
        server.sandbox.mount_over(copy, file)


def test_dovecot_of_another_abi(server):
    rebuilt_for(server, lambda found: found[1] + b"9" * len(found[2]) + (found[3] or b""))
    mark = len(server.log())
    for user in ("alice", "plain"):
        with pytest.raises((OSError, AssertionError)):  # no reply, or 4xx
            server.deliver(MESSAGE, user)
    with server.imap("alice") as client, pytest.raises(OSError):
        client.command("SELECT INBOX")
        client.append("INBOX", MESSAGE)
    assert "different ABI version" in server.log_since(mark)
    # the master says it once more, of the process
    assert [line for line in server.new_crashes()
            if "different ABI version" not in line and "returned error 89" not in line] == []
    assert server.maildir_files("alice") == [] == server.maildir_files("plain")


@pytest.mark.skipif(not dovecot_version().startswith("2.3."), reason="2.4's number has no more")
def test_dovecot_with_the_same_abi_number(server, gnupg, keys):
    """doc/upgrade.md: what follows the number doesn't matter."""
    rebuilt_for(server, lambda found: found[1] + found[2] + b"(9.9")
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    mail.check_sealed(server.message("alice"), MESSAGE, gnupg, keys.alice)


# mail_seal is new to this Dovecot

@pytest.fixture
def without(keys):
    with Dovecot([User("alice", keys.alice.certificate)], mail_seal=False) as dovecot:
        yield dovecot


def enable(server):
    server.site.mail_seal = True
    server.write_config()


def test_reload_leaves_open_sessions_without_it(without, gnupg, keys):
    """What doc/upgrade.md says of it; "doveadm kick" is the end of such a session."""
    with without.imap("alice") as client:
        enable(without)
        without.reload()
        assert client.append("INBOX", MESSAGE).ok
        assert mail.CANARY in client.messages("INBOX")[0]
        without.doveadm("kick", "*")
        with pytest.raises(OSError):
            client.append("INBOX", MESSAGE)
    without.empty("alice")
    with without.imap("alice") as client:
        assert client.append("INBOX", MESSAGE).ok
    mail.check_sealed(without.message("alice"), MESSAGE, gnupg, keys.alice)


def test_restart_ends_open_sessions(without, gnupg, keys):
    with without.imap("alice") as client:
        enable(without)
        without.restart()
        with pytest.raises(OSError):
            client.append("INBOX", MESSAGE)
    assert without.deliver(MESSAGE, "alice")[0].code == 250
    mail.check_sealed(without.message("alice"), MESSAGE, gnupg, keys.alice)
