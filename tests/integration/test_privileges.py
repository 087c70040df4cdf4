"""Every program the plugin runs has the user's ids only, and can't be root again."""

import pytest

import fakes
import mail
from dovecot import Dovecot, User

MESSAGE = mail.text(b"Hello\r\n")
SITES = {
    "root-lmtp-system-users": {"system_users": True},
    "root-lmtp-one-uid": {},
    "vmail-lmtp": {"lmtp_user": "vmail"},
}


@pytest.fixture(scope="module", params=SITES.values(), ids=SITES.keys())
def server(request, keys):
    users = [User("alice", keys.alice.certificate), User("bob", keys.bob.certificate)]
    # gpg for each message, not only for its certificate
    seal = {"mail_seal_exclude": "\\Drafts", "mail_seal_openpgp_engine": "gpg"}
    with Dovecot(users, seal=seal, **request.param) as dovecot:
        yield dovecot


@pytest.fixture
def recorder(server):
    """A gpg that notes its ids at every call, also at those that don't encrypt."""
    fake = fakes.Fakes(server)
    fake.forget_recorded()
    with fake.gpg("record_ids", every_call=True):
        yield fake


def check_ids(server, user, recorder):
    calls = recorder.recorded()
    assert calls, "gpg was never run"
    uid = server.uid(user)
    for call in calls:
        assert call["uids"] == f"{uid},{uid},{uid}"
        assert call["gids"] == f"{uid},{uid},{uid}"
        assert (call["setuid0"], call["seteuid0"]) == ("no", "no")
        assert call["HOME"] != "/root"
    recorder.forget_recorded()


def test_lmtp(server, recorder, gnupg, keys):
    server.empty("alice", "bob")
    with server.lmtp() as client:
        for user in ("alice", "bob", "alice"):
            assert client.deliver(MESSAGE, server.users[user].address)[0].code == 250
            check_ids(server, user, recorder)
    mail.check_sealed(server.message("bob"), MESSAGE, gnupg, keys.bob)


def test_lmtp_two_recipients(server, recorder):
    """In one transaction one process serves two users: no id of the first stays."""
    server.empty("alice", "bob")
    assert [r.code for r in server.deliver(MESSAGE, "alice", "bob")] == [250, 250]
    uids = {call["uids"].split(",")[0] for call in recorder.recorded()}
    assert uids == {str(server.uid("alice")), str(server.uid("bob"))}
    assert {call["setuid0"] for call in recorder.recorded()} == {"no"}


def test_lda(server, recorder):
    assert server.lda("alice", message=MESSAGE).returncode == 0
    check_ids(server, "alice", recorder)


def test_append_and_copy(server, recorder):
    with server.imap("alice") as client:
        assert client.append("INBOX", MESSAGE).ok
        check_ids(server, "alice", recorder)
        assert client.append("Drafts", MESSAGE).ok
        client.select("Drafts")
        client.must("COPY 1 INBOX")
        check_ids(server, "alice", recorder)


def test_doveadm_of_one_user(server, recorder):
    server.doveadm("save", "-u", "alice", "-m", "INBOX", input=mail.lf(MESSAGE))
    check_ids(server, "alice", recorder)


def test_doveadm_of_many_users(server, recorder):
    """With a user mask doveadm stays root behind the user's effective ids."""
    server.doveadm("save", "-u", "ali*", "-m", "INBOX", input=mail.lf(MESSAGE))
    check_ids(server, "alice", recorder)
