"""A mailbox that lies on another server (imapc): what is saved there is sealed, and what can't be
is refused.

alice's mail is far's, whose server knows nothing of a seal.
"""

import pytest

import mail
from dovecot import PASSWORD, Dovecot, User, dovecot_version
from sandbox import wait_until

MESSAGE = mail.text(mail.CANARY + b"\r\n")
REFUSED = "imapc storage copies messages without saving them, so they can't be sealed"


@pytest.fixture(scope="module")
def server(keys):
    where = {"mail": "imapc:%h/imapc"} if dovecot_version() < "2.4" else \
        {"mail_driver": "imapc", "mail_path": "%h/imapc"}
    dovecot = Dovecot([User("alice", keys.alice.certificate, {**where, "imapc_user": "far"}),
                       User("far")])
    dovecot.site.more = f"""
imapc_host = 127.0.0.1
imapc_port = {dovecot.site.imap_port}
imapc_password = {PASSWORD}
"""
    with dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def empty(server):
    server.empty("far")


def stored(server, mailbox="INBOX"):
    return server.messages("far", mailbox)


def test_append(server, gnupg, keys):
    with server.imap("alice") as client:
        client.append("INBOX", MESSAGE)
    [message] = stored(server)
    mail.check_sealed(message, MESSAGE, gnupg, keys.alice, delivered=False)


def test_delivery(server, gnupg, keys):
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    [message] = stored(server)
    mail.check_sealed(message, MESSAGE, gnupg, keys.alice)


@pytest.mark.parametrize("command", ["COPY", "MOVE"])
def test_plaintext_isnt_copied_there(server, command):
    """The other server would do it by itself."""
    assert server.deliver(MESSAGE, "far")[0].code == 250
    [before] = stored(server)
    mark = len(server.log())
    with server.imap("alice") as client:
        client.command("CREATE Filed")     # once
        client.select()
        done = client.command(f"{command} 1 Filed")
        assert done.status == "NO" and "imapc" not in done.text
    assert wait_until(lambda: REFUSED in server.log_since(mark))
    assert (stored(server), stored(server, "Filed")) == ([before], [])


@pytest.mark.parametrize("command", ["COPY", "MOVE"])
def test_what_is_sealed_is(server, command):
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    [before] = stored(server)
    with server.imap("alice") as client:
        client.command("CREATE Filed")     # once
        client.select()
        client.must(f"{command} 1 Filed")
    assert stored(server) == ([before] if command == "COPY" else [])
    assert stored(server, "Filed") == [before]
