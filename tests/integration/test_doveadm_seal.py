"""doveadm seal on servers where it can't do its work."""

import pytest

import mail
from dovecot import Dovecot, User
from stored import Mailbox, mixture


@pytest.mark.parametrize("command", [["status"], ["encrypt", "all"]])
@pytest.mark.parametrize("way", ["doveadm", "doveadm-server"])
def test_plugin_not_loaded(keys, command, way):
    """The plugin is loaded for protocols only, and doveadm isn't one of them."""
    with Dovecot([User("alice", keys.alice.certificate)], seal_in_doveadm=False) as server:
        with server.imap("alice") as client:
            assert client.append("INBOX", mail.text(b"Hello\r\n")).ok
        assert mail.is_sealed(server.message("alice"))
        options = server.doveadm_server if way == "doveadm-server" else []
        done = server.doveadm("seal", command[0], *options, "-u", "alice", *command[1:], check=False)
        assert done.returncode != 0
        assert b"mail_seal isn't loaded in doveadm" in done.stderr


def test_over_quota(keys, gnupg):
    messages = mixture(20)
    room = sum(len(message) for message, _, _ in messages) // 1024 + 10
    with Dovecot([User("alice")], plugins=("quota",), quota=f"{room}K") as server:
        inbox = Mailbox(server, gnupg, "alice")
        inbox.fill(messages)
        before = inbox.content()
        server.give("alice", server.keys_file("alice"), keys.alice.certificate)
        done = server.doveadm("seal", "encrypt", "-u", "alice", "all", check=False)
        assert done.returncode == 75, done.stderr
        assert done.stderr.decode().count("There is no room for a sealed copy") == 1
        assert inbox.content() == before
