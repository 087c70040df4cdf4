"""The owner's state where a user can put something in its place, and what he may write into it."""

import hashlib
import os
import re
import shutil
import socket

import pytest

import mail
from dicts import Redis
from dovecot import Dovecot, User, dovecot_version
from sandbox import wait_until

MESSAGE = mail.text(mail.CANARY + b"\r\n")
IS_23 = dovecot_version().startswith("2.3")
LAYOUT_FS = {
    "Maildir": "maildir:~/Maildir:LAYOUT=fs",
    "control": "maildir:~/Maildir:LAYOUT=fs:CONTROL=~/control",
    "DIRNAME": "maildir:~/Maildir:LAYOUT=fs:DIRNAME=mAildir",
} if IS_23 else {
    "Maildir": "mailbox_list_layout = fs",
    "control": "mailbox_list_layout = fs\n  mail_control_path = ~/control",
    "DIRNAME": "mailbox_list_layout = fs\n  mailbox_directory_name = mAildir",
}


def deliver(server, user):
    [reply] = server.deliver(MESSAGE, user)
    return reply


def state(server, user):
    [file] = [file for file in server.home(user).rglob("*dovecot-mail-seal*")
              if not file.name.endswith(".new")]
    return file


@pytest.fixture(scope="module", params=LAYOUT_FS.values(), ids=LAYOUT_FS.keys())
def layout_fs(request, keys):
    location = f"location = {request.param}" if IS_23 else request.param
    with Dovecot([User("alice", keys.alice.certificate), User("bob", keys.bob.certificate),
                  User("keyless")], more=f"namespace inbox {{\n  {location}\n}}") as server:
        yield server


NAMES = ("dovecot-mail-seal", "~dovecot-mail-seal", ".dovecot-mail-seal.new",
         "~dovecot-mail-seal.new", "INBOX/~dovecot-mail-seal")


def test_renamed_by_a_client(layout_fs):
    """With LAYOUT=fs every name in the folder is a mailbox's."""
    assert deliver(layout_fs, "alice").code == 250
    file = state(layout_fs, "alice")
    before = file.read_bytes()
    with layout_fs.imap("alice") as client:
        for name in NAMES:
            for command in ("RENAME", "DELETE", "CREATE", "RENAME", "DELETE"):
                client.command(f'{command} "{name}"' + " Stolen" * (command == "RENAME"))
    assert file.read_bytes() == before
    layout_fs.keys_file("alice").unlink()
    assert deliver(layout_fs, "alice").code == 451


@pytest.mark.parametrize("user", ["keyless", "bob"])
def test_mailbox_in_its_place(layout_fs, user):
    with layout_fs.imap(user) as client:
        for name in NAMES:
            client.command(f'CREATE "{name}"')
    assert deliver(layout_fs, user).code == 250
    if user == "bob":
        layout_fs.keys_file(user).unlink()
        assert deliver(layout_fs, user).code == 451


@pytest.fixture(scope="module", params=[True, False], ids=["system-users", "one-uid"])
def server(request, keys):
    with Dovecot([User("alice", keys.alice.certificate)], system_users=request.param) as dovecot:
        yield dovecot


@pytest.fixture
def alice(server, keys):
    server.never_enrolled("alice")
    server.give("alice", server.keys_file("alice"), keys.alice.certificate)
    assert deliver(server, "alice").code == 250
    yield "alice"
    server.empty("alice")


@pytest.mark.parametrize("since", [67768036191763200, 2**63 - 1, 2**63, -1])
def test_since_when_no_calendar_has(server, alice, since):
    """It isn't to be printed: lmtp ended with signal 11."""
    file = state(server, alice)
    file.write_bytes(re.sub(rb"enrolled \d+", b"enrolled %d" % since, file.read_bytes()))
    server.keys_file(alice).unlink()
    assert deliver(server, alice).code == 451


def make_fifo(path, _victim):
    os.mkfifo(path)


def make_folder(path, _victim):
    path.mkdir()


def make_link(path, victim):
    path.symlink_to(victim)


def make_socket(path, _victim):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


@pytest.mark.parametrize("make", [make_fifo, make_folder, make_link, make_socket],
                         ids=lambda make: make.__name__)
def test_something_where_it_is_written(server, alice, make):
    file = state(server, alice)
    temporary = file.with_name(file.name + ".new")
    file.unlink()
    victim = server.folder / "victim"
    victim.write_bytes(b"precious")
    victim.chmod(0o666)
    make(temporary, victim)
    os.lchown(temporary, server.uid(alice), server.uid(alice))
    assert deliver(server, alice).code == 250
    assert victim.read_bytes() == b"precious"
    server.keys_file(alice).unlink()
    assert deliver(server, alice).code == 451


def test_no_news_with_each_message(server, keys, alice):
    """Where the state can't be kept that is told, and not a change of keys."""
    file = state(server, alice)
    file.unlink()
    file.with_name(file.name + ".new").mkdir()
    (file.with_name(file.name + ".new") / "x").touch()
    mark = len(server.log())
    for _ in range(2):
        assert deliver(server, alice).code == 250
    assert wait_until(lambda: server.log_since(mark).count("state can't be kept") == 2)
    # what comes before that may still be of the message before
    assert "Key set" not in server.log_since(mark).partition("state can't be kept")[2]
    shutil.rmtree(file.with_name(file.name + ".new"))


def forge(facts):
    """What the judge said, but that each key is revoked."""
    text = re.sub(rb"(?m)^(key(?: \S+){4} \S+)(?= )", rb"\1r", facts)
    assert text != facts
    body = text[:text.rindex(b"end ")]
    return body + b"end " + hashlib.sha256(body).hexdigest().encode() + b"\n"


def test_facts_of_a_shared_mailbox(keys):
    """What another owner's state says of a certificate isn't believed for one's own mailbox."""
    with Dovecot([User("alice", keys.bob.certificate), User("bob", keys.bob.certificate)],
                 shared=True) as server:
        server.doveadm("mailbox", "create", "-u", "alice", "Common")
        server.give("alice", "Maildir/.Common/dovecot-acl", b"authenticated lrwstipekxa\n")
        assert deliver(server, "alice").code == 250
        file = state(server, "alice")
        lines = file.read_bytes().split(b"\n")
        facts = b"".join(line[6:] + b"\n" for line in lines if line.startswith(b"facts "))
        forged = [b"facts " + line for line in forge(facts).rstrip(b"\n").split(b"\n")]
        rest = [line for line in lines if not line.startswith(b"facts ")]
        file.write_bytes(b"\n".join(rest[:-2] + forged + rest[-2:]))
        with server.imap("bob") as client:
            client.append("shared/alice/Common", MESSAGE)
            assert client.append("INBOX", MESSAGE).ok
        # they were well forged: for her own mail they count, in a process that knows no better
        assert server.lda("alice", message=MESSAGE).returncode == 75


@pytest.mark.skipif(not IS_23, reason="the settings are 2.3's")
def test_old_withdrawal_from_another_source(keys, tmp_path):
    """Mail was sealed after it, by what the second source has."""
    store = Redis()
    certificate = tmp_path / "alice.asc"
    certificate.write_bytes(keys.alice.certificate)
    sources = "dict:proxy:dict:keys file:%h/second"
    try:
        with Dovecot([User("alice")], seal={"mail_seal_keys": sources},
                     more=f"dict {{\n  keys = {store.server23()}\n}}") as server:
            server.doveadm("seal", "key", "set", "-u", "alice", "-f", certificate)
            server.doveadm("seal", "key", "unset", "-u", "alice")
            server.empty("alice")  # of what she was told
            assert store.command("GET", "seal/alice/mail-seal/keys").startswith(b"mail-seal: with")
            assert deliver(server, "alice").code == 250
            server.give("alice", "second", keys.alice.certificate)
            assert deliver(server, "alice").code == 250
            assert [mail.is_sealed(stored) for stored in server.messages("alice")] == [False, True]
            (server.home("alice") / "second").unlink()
            assert deliver(server, "alice").code == 451
            # a new withdrawal counts, as before
            server.doveadm("seal", "key", "unset", "-u", "alice")
            assert deliver(server, "alice").code == 250
    finally:
        store.close()
