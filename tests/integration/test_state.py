"""The mail store remembers that it is sealed, whatever has become of the certificates."""

import os
import re
import shutil

import pytest

import mail
from dovecot import Dovecot, User
from sandbox import wait_until

MESSAGE = mail.text(mail.CANARY + b"\r\n")
FORMATS = ("maildir", "sdbox", "mdbox", "mbox")


@pytest.fixture(scope="module", params=FORMATS)
def server(request, keys):
    users = [
        User("alice", keys.alice.certificate),
        User("keyless"),
        User("bob"),
        User("elsewhere", settings={"mail_seal_keys": "file:%h/sub/dir/keys"}),
        User("two", settings={"mail_seal_keys": "file:%h/first gnupg:%h/.gnupg"}),
        User("off", settings={"mail_seal_keys": "none"}),
        User("lenient", keys.alice.certificate, settings={"mail_seal_unusable_key": "store"}),
    ]
    with Dovecot(users, mail_format=request.param) as dovecot:
        yield dovecot


@pytest.fixture
def alice(server, keys, gnupg):
    """alice as she is after a first sealed message."""
    server.never_enrolled("alice")
    server.give("alice", server.keys_file("alice"), keys.alice.certificate)
    server.empty("alice")
    assert deliver(server, "alice").code == 250
    mail.check_sealed(server.message("alice"), MESSAGE, gnupg, keys.alice)
    yield "alice"
    server.empty("alice")


def deliver(server, user):
    [reply] = server.deliver(MESSAGE, user)
    return reply


def append(server, user):
    with server.imap(user) as client:
        return client.append("INBOX", MESSAGE)


def stored(server, user):
    """How many messages there are, and that none of them is plaintext."""
    messages = server.messages(user)
    assert all(mail.is_sealed(message) for message in messages)
    return len(messages)


def check_refused(server, user, fingerprint):
    """Each way in is refused, and the log says since when, to which key and what to do."""
    before = stored(server, user)
    mark = len(server.log())
    reply = deliver(server, user)
    assert reply.code == 451
    assert "can't be used: it is no longer there" in reply.text
    refused = append(server, user)
    assert refused.status == "NO"
    assert "can't be used: it is no longer there" in refused.text
    assert server.lda(user, message=MESSAGE).returncode == 75
    assert stored(server, user) == before
    assert wait_until(lambda: re.search(
        rf"Error: .*mail is sealed since 20\d\d-\d\d-\d\d [\d:]+, last to {fingerprint}\..*"
        rf"doveadm seal key unset -u {user}", server.log_since(mark)))


def remove_file(server, user):
    server.keys_file(user).unlink()


def remove_folder(server, user):
    shutil.rmtree(server.keys_file(user).parent)


def rename_folder(server, user):
    folder = server.keys_file(user).parent
    shutil.rmtree(folder.with_name(".elsewhere"), ignore_errors=True)
    folder.rename(folder.with_name(".elsewhere"))


def file_for_folder(server, user):
    folder = server.keys_file(user).parent
    shutil.rmtree(folder)
    folder.write_bytes(b"")


@pytest.mark.parametrize("hide", [remove_file, remove_folder, rename_folder, file_for_folder],
                         ids=lambda hide: hide.__name__)
def test_key_that_goes_missing(server, keys, alice, gnupg, hide):
    try:
        hide(server, alice)
        check_refused(server, alice, keys.alice.fingerprint)
    finally:
        folder = server.keys_file(alice).parent
        if folder.is_file():
            folder.unlink()
    # and all is well once it is back
    server.give(alice, server.keys_file(alice), keys.alice.certificate)
    server.empty(alice)
    assert deliver(server, alice).code == 250
    mail.check_sealed(server.message(alice), MESSAGE, gnupg, keys.alice)


def test_mistyped_path(server, keys):
    """The path in the userdb was right once: what was there is what is asked now."""
    server.give("elsewhere", "sub/dir/keys", keys.alice.certificate)
    assert deliver(server, "elsewhere").code == 250
    (server.home("elsewhere") / "sub").rename(server.home("elsewhere") / "mistyped")
    check_refused(server, "elsewhere", keys.alice.fingerprint)


def test_first_of_two_sources_goes_missing(server, keys):
    server.give("two", "first", keys.alice.certificate)
    assert deliver(server, "two").code == 250
    (server.home("two") / "first").unlink()
    check_refused(server, "two", keys.alice.fingerprint)


def test_enrolled_by_command(server, keys, tmp_path):
    """No message has been sealed yet, and the key has gone already."""
    server.never_enrolled("bob")
    certificate = tmp_path / "bob.asc"
    certificate.write_bytes(keys.bob.certificate)
    server.doveadm("seal", "key", "set", "-u", "bob", "-f", certificate)
    server.keys_file("bob").unlink()
    check_refused(server, "bob", keys.bob.fingerprint)
    # withdrawal works without it
    server.doveadm("seal", "key", "unset", "-u", "bob")
    assert deliver(server, "bob").code == 250
    mail.check_unchanged(server.message("bob"), MESSAGE)
    server.empty("bob")


def test_withdrawn(server, alice):
    server.doveadm("seal", "key", "unset", "-u", alice)
    assert server.state_files(alice) == []
    server.empty(alice)
    assert deliver(server, alice).code == 250
    mail.check_unchanged(server.message(alice), MESSAGE)


def test_administrator_allows_plaintext(server):
    assert deliver(server, "lenient").code == 250
    server.keys_file("lenient").unlink()
    mark = len(server.log())
    assert deliver(server, "lenient").code == 250
    assert [mail.is_sealed(message) for message in server.messages("lenient")] == [True, False]
    assert wait_until(lambda: "Warning: " in server.log_since(mark))


def test_never_enrolled(server):
    """For who never had a key nothing changes, whatever is missing."""
    mark = len(server.log())
    assert deliver(server, "keyless").code == 250
    mail.check_unchanged(server.message("keyless"), MESSAGE)
    assert server.state_files("keyless") == []
    assert "mail_seal" not in server.log_since(mark)
    server.empty("keyless")


@pytest.fixture(scope="module")
def homeless():
    with Dovecot([User("homeless", homeless=True)]) as dovecot:
        yield dovecot


def test_without_a_home(homeless):
    """There is nothing below the home of who has none."""
    mark = len(homeless.log())
    assert deliver(homeless, "homeless").code == 250
    assert append(homeless, "homeless").ok
    for message in homeless.messages("homeless"):
        mail.check_unchanged(message, MESSAGE)
    assert "mail_seal" not in homeless.log_since(mark)


def test_enrolled_without_a_home(homeless, keys):
    done = homeless.doveadm("seal", "key", "set", "--force", "-u", "homeless", "-", check=False,
                            input=keys.alice.certificate)
    assert done.returncode != 0
    assert b"the user has no home directory" in done.stderr


def test_owner_has_it(server, alice):
    [file] = server.state_files(alice)
    assert (file.stat().st_uid, file.stat().st_mode & 0o777) == (server.uid(alice), 0o600)


def test_no_mailbox_of_it(server, alice):
    """Neither LIST shows it, nor can a mailbox be named like it."""
    [file] = server.state_files(alice)
    before = file.read_bytes()
    with server.imap(alice) as client:
        for pattern in ("*", "%", ".%", "*seal*"):
            for command in ("LIST", "LSUB"):
                for line in client.must(f'{command} "" "{pattern}"').untagged:
                    assert b"seal" not in line
        for name in ("~dovecot-mail-seal", "dovecot-mail-seal-state.lock", "dovecot-mail-seal-state",
                     ".imap/dovecot-mail-seal-state.lock"):
            client.command(f'CREATE "{name}"')
            client.append(name, mail.text(b"x\r\n"))
            client.command(f'DELETE "{name}"')
    assert file.read_bytes() == before


def line_of_keys(file):
    [line] = re.findall(rb"^keys .*$", file.read_bytes(), re.M)
    return line


@pytest.mark.parametrize("damage", [b"", b"garbage\n", b"mail-seal-state 1\nenrolled 5\n",
                                    b"\0" * 512], ids=["empty", "garbage", "cut", "zeros"])
def test_damaged(server, keys, alice, damage):
    [file] = server.state_files(alice)
    good = line_of_keys(file)
    file.write_bytes(damage)
    mark = len(server.log())
    assert deliver(server, alice).code == 250
    assert wait_until(lambda: "state was damaged" in server.log_since(mark))
    assert line_of_keys(server.state_files(alice)[0]) == good
    # without the key it isn't known any more since when; but it is refused
    file.write_bytes(damage)
    server.keys_file(alice).unlink()
    mark = len(server.log())
    assert deliver(server, alice).code == 451
    assert wait_until(lambda: "sealed since an unknown time" in server.log_since(mark))


def test_lost(server, keys, alice, gnupg):
    """It is made again by the next message."""
    server.state_files(alice)[0].unlink()
    server.empty(alice)
    assert deliver(server, alice).code == 250
    mail.check_sealed(server.message(alice), MESSAGE, gnupg, keys.alice)
    assert len(server.state_files(alice)) == 1


def test_cannot_be_read(server, alice):
    """Not knowing is no reason to store plaintext."""
    [file] = server.state_files(alice)
    server.keys_file(alice).unlink()
    os.chown(file, 0, 0)
    before = stored(server, alice)
    assert deliver(server, alice).code == 451
    assert not append(server, alice).ok
    assert stored(server, alice) == before


def test_change_by_hand_is_logged_once(server, keys, alice):
    mark = len(server.log())
    server.give(alice, server.keys_file(alice), keys.bob.certificate)
    for _ in range(3):
        assert deliver(server, alice).code == 250
    lines = [line for line in server.log_since(mark).splitlines() if "Key set" in line]
    assert len(lines) == 1
    assert f"Key set by hand (unknown): from {keys.alice.fingerprint} to " \
           f"{keys.bob.fingerprint}" in lines[0]


def test_switched_off(server, keys, alice):
    """The administrator's word counts, and is noted."""
    [file] = server.state_files(alice)
    server.give("off", file.relative_to(server.home(alice)), file.read_bytes())
    mark = len(server.log())
    for _ in range(2):
        assert deliver(server, "off").code == 250
    for message in server.messages("off"):
        mail.check_unchanged(message, MESSAGE)
    assert wait_until(lambda: re.search(rf"Warning: .*Mail isn't sealed any more.*"
                                        rf"{keys.alice.fingerprint}", server.log_since(mark)))
    server.empty("off")


def test_refused_copy_leaves_the_message(server, keys, alice):
    """MOVE and COPY of plaintext from before are refused like a save."""
    server.never_enrolled(alice)
    server.empty(alice)
    assert deliver(server, alice).code == 250
    server.give(alice, server.keys_file(alice), keys.alice.certificate)
    assert append(server, alice).ok
    server.keys_file(alice).unlink()
    with server.imap(alice) as client:
        client.command("CREATE Other")
        client.select()
        assert client.command("COPY 1 Other").status == "NO"
        assert client.command("MOVE 1 Other").status == "NO"
        assert client.command("COPY 2 Other").ok
    assert [mail.is_sealed(message) for message in server.messages(alice)] == [False, True]
    assert [mail.is_sealed(message) for message in server.messages(alice, "Other")] == [True]
    server.empty(alice)
