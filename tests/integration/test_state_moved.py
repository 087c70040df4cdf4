"""The owner's state where dsync takes his mail to another folder, or to another server."""

import contextlib

import pytest

import mail
from dovecot import Dovecot, User
from ports import free_port

MESSAGE = mail.text(mail.CANARY + b"\r\n")
STATE = "~dovecot-mail-seal"


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
    assert there == "".join(line for line in here.read_text().splitlines(keepends=True)
                            if not line.startswith("facts"))
    assert f"keys {keys.alice.fingerprint}\n" in there


@contextlib.contextmanager
def unreadable_state(server):
    here = where_he_is(server)
    text = here.read_text()
    here.unlink()
    here.symlink_to(here.name)
    try:
        yield
    finally:
        here.unlink()
        server.give("alice", here.relative_to(server.home("alice")), text.encode())


def test_state_that_cannot_be_read(server, moved):
    """The mail goes along all the same, and what its messages tell."""
    with unreadable_state(server):
        folder, errors = moved()
    assert len(list(folder.glob("cur/*")) + list(folder.glob("new/*"))) == 1
    assert "enrolled " in read(folder)
    assert "vendor.dovecot/pvt/mail-seal/state: " in errors


def key_changes(server, mark):
    return [line for line in server.log_since(mark).splitlines() if "Key set by hand" in line]


def test_no_change_is_told_after_a_move(server, moved, keys, gnupg):
    """By the messages alone nobody knows to what his mail was sealed before. To what it is
    from now on is known, and another certificate is a change."""
    state = where_he_is(server)
    before = state.read_text()
    with unreadable_state(server):
        folder, _ = moved()
    assert "keys" not in read(folder)
    state.write_text(read(folder))
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


# To another server

ENTRY = "/private/vendor/vendor.example/note"


def remote(users, **site):
    """A server that dsync can connect to."""
    dovecot = Dovecot(users, **site)
    dovecot.port = free_port()
    dovecot.site.more += f"""
doveadm_password = secret
service doveadm {{
  inet_listener doveadm {{
    port = {dovecot.port}
  }}
}}
"""
    return dovecot


@pytest.fixture(scope="module", params=[
    (ours, metadata) for ours in (True, False) for metadata in (True, False)],
    ids=lambda value: " and ".join((("without us", "ours")[value[0]],
                                    ("no attributes", "attributes")[value[1]])))
def target(request):
    ours, metadata = request.param
    with remote([User("alice"), User("keyless"), User("noted")], mail_seal=ours, metadata=metadata) as dovecot:
        yield dovecot


@pytest.fixture(scope="module", params=[False, True], ids=["from no attributes", "from attributes"])
def source(request, keys):
    key = keys.alice.certificate
    with remote([User("alice", key), User("noted", key), User("keyless")],
                metadata=request.param) as dovecot:
        for user in dovecot.users:
            assert dovecot.deliver(MESSAGE, user)[0].code == 250
        yield dovecot


@pytest.fixture(params=["backup", "sync", "backup -R"])
def transfer(request, source, target):
    """Returns the finished command; the mail is gone from the target afterwards."""
    def run(user):
        if request.param == "backup -R":  # the other one is called
            return target.doveadm("backup", "-R", "-u", user, f"tcp:127.0.0.1:{source.port}",
                                  check=False)
        return source.doveadm(request.param, "-u", user, f"tcp:127.0.0.1:{target.port}",
                              check=False)
    yield run
    for user in target.users:
        for file in sorted((target.home(user)).rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()


def stored(target, user):
    return [file for part in ("cur", "new") for file in (target.home(user) / "Maildir" / part)
            .glob("*")]


@pytest.mark.parametrize("user", ["alice", "keyless"])
def test_without_metadata_of_his_own(source, target, transfer, keys, user):
    """As it is without us: that never fails. Whoever is ours gets the state."""
    done = transfer(user)
    assert done.returncode == 0, done.stderr
    assert len(stored(target, user)) == 1
    if target.site.mail_seal and user == "alice":
        assert f"keys {keys.alice.fingerprint}\n" in read(target.home(user))
    # no trace of how two of us know each other
    assert not any(b"mail_seal" in file.read_bytes()
                   for server in (source, target)
                   for file in server.home(user).rglob("dovecot.index.cache"))


def test_with_metadata_of_his_own(source, target, transfer):
    """It is refused or not, as without us, and the state goes along."""
    if not source.site.metadata:
        pytest.skip("there can be none")
    source.doveadm("mailbox", "metadata", "set", "-u", "noted", "INBOX", ENTRY, "mine")
    done = transfer("noted")
    assert (done.returncode == 0) == target.site.metadata, done.stderr
    if target.site.metadata and not target.site.mail_seal:
        attributes = b"".join(file.read_bytes() for file in
                              target.home("noted").rglob("attributes"))
        assert b"mail-seal/state" in attributes and b"mine" in attributes
