"""The owner's state where a local dsync takes his mail to another folder, as administrators do."""

import pytest

import mail
from dovecot import Dovecot, User, dovecot_version

MESSAGE = mail.text(mail.CANARY + b"\r\n")
STATE = "~dovecot-mail-seal"
IS_23 = dovecot_version().startswith("2.3")


@pytest.fixture(scope="module", params=[False, True], ids=["without attributes", "attributes"])
def server(request, keys):
    with Dovecot([User("alice", keys.alice.certificate)], metadata=request.param) as dovecot:
        dovecot.doveadm("mailbox", "create", "-u", "alice", "Archive")
        assert dovecot.deliver(MESSAGE, "alice")[0].code == 250
        # a folder that dsync takes before INBOX
        dovecot.doveadm("copy", "-u", "alice", "Archive", "mailbox", "INBOX", "all")
        yield dovecot


@pytest.fixture
def moved(server):
    """Moves the mail, and returns the new folder and what doveadm said."""
    folders = []

    def move(*options):
        folders.append(server.home("alice") / f"moved-{len(folders)}-{id(folders)}")
        done = server.doveadm(*options, "backup", "-u", "alice", *server.location(folders[-1]))
        return folders[-1], done.stderr.decode()
    return move


def where_he_is(server):
    [file] = (server.home("alice") / "Maildir").rglob(STATE)
    return file


def read(folder):
    [file] = [file for file in folder.rglob(STATE) if file.is_file()]
    return file.read_text()


def test_enrolled_there_too(server, moved, keys):
    here = where_he_is(server)
    there = read(moved()[0])
    if server.site.metadata:
        assert there == "".join(line for line in here.read_text().splitlines(keepends=True)
                                if not line.startswith("facts"))
        assert f"keys {keys.alice.fingerprint}\n" in there
    else:
        assert "enrolled " in there and "keys" not in there


def test_state_that_cannot_be_read(server, moved):
    """The mail goes along all the same, and what its messages tell."""
    here = where_he_is(server)
    text = here.read_text()
    here.unlink()
    here.symlink_to(here.name)
    try:
        folder, errors = moved()
    finally:
        here.unlink()
        server.give("alice", here.relative_to(server.home("alice")), text.encode())
    assert len(list(folder.glob("cur/*")) + list(folder.glob("new/*"))) == 1
    assert "enrolled " in read(folder)
    assert not server.site.metadata or "vendor.dovecot/pvt/mail-seal/state: " in errors


def key_changes(server, mark):
    return [line for line in server.log_since(mark).splitlines() if "Key set by hand" in line]


def test_no_change_is_told_after_a_move(server, moved, keys, gnupg):
    """Without attributes nobody knows to what his mail was sealed before. To what it is
    from now on is known, and another certificate is a change."""
    if server.site.metadata:
        pytest.skip("they tell it")
    state = where_he_is(server)
    before = state.read_text()
    state.write_text(read(moved()[0]))
    mark = len(server.log())
    for _ in range(2):
        assert server.deliver(MESSAGE, "alice")[0].code == 250
    assert key_changes(server, mark) == []
    assert f"keys {keys.alice.fingerprint}\n" in state.read_text()
    other = gnupg.generate("alice@example.org")
    server.give("alice", server.keys_file("alice"), other.certificate)
    try:
        assert server.deliver(MESSAGE, "alice")[0].code == 250
        [line] = key_changes(server, mark)
        assert f"from {keys.alice.fingerprint} to {other.fingerprint}" in line
    finally:
        server.give("alice", server.keys_file("alice"), keys.alice.certificate)
        state.write_text(before)
        server.doveadm("expunge", "-u", "alice", "mailbox", "INBOX", "2:*")


@pytest.mark.skipif(not IS_23, reason="2.4 has a block for it")
def test_attributes_left_out(server, moved):
    """As for a server that would refuse them."""
    folder, errors = moved("-o", "mail_attribute_dict=")
    text = read(folder)
    assert "enrolled " in text and "keys" not in text and errors == ""
