"""Virtual mailboxes: the mailbox behind one decides, a person's or a team's."""

import shutil

import pytest

import mail
import team
from dovecot import Dovecot, User, dovecot_version

MESSAGE = mail.text(b"Hello,\r\n" + mail.CANARY + b"\r\n")
OLD = dovecot_version().startswith("2.3")
PLACE = "location = virtual:~/virtual" if OLD else \
    "mail_driver = virtual\n  mail_path = ~/virtual"
NAMESPACE = f"namespace virtual {{\n  separator = /\n  prefix = Virtual/\n  {PLACE}\n}}\n"
# {virtual mailbox: where it saves}
MAILBOXES = {"Mine": "INBOX", "Team": "Public/CERT", "Broken": "Public/Broken"}
COMMANDS = ["APPEND", "COPY", "MOVE"]


def make_virtual(server, user):
    folder = server.home(user) / "virtual"
    for name, target in MAILBOXES.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "dovecot-virtual").write_text(f"!{target}\n  all\n")
        (folder / name / "dovecot-acl").write_text(team.ACL)
    server.sandbox.run("chown", "-R", server.owner(user), folder)


@pytest.fixture(scope="module")
def server(keys):
    users = [User("alice", keys.alice.certificate), User("keyless"),
             User("off", settings={"mail_seal_keys": "none"})]
    groups = {"CERT": "file:FOLDER/cert.asc", "Broken": "file:FOLDER/missing.asc"}
    with Dovecot(users, shared=True, plugins=("virtual",), groups=groups,
                 more=NAMESPACE) as dovecot:
        team.give(dovecot, "cert.asc", keys.alice.certificate, keys.bob.certificate)
        team.make(dovecot, "CERT", "Broken")
        for user in users:
            make_virtual(dovecot, user.name)
        yield dovecot


def save(client, command, mailbox):
    """By this command, of a message that lies as plaintext where nothing is sealed."""
    if command == "APPEND":
        return client.append(mailbox, MESSAGE)
    client.select("Plain")
    return client.command(f"{command} 1 {mailbox}")


@pytest.fixture(params=["alice", "keyless", "off"])
def user(request, server):
    plain = server.home(request.param) / "Maildir" / ".Plain"
    for folder in ("cur", "new", "tmp"):
        (plain / folder).mkdir(parents=True)
    (plain / "cur" / "1.plain:2,S").write_bytes(mail.lf(MESSAGE))
    server.sandbox.run("chown", "-R", server.owner(request.param), plain.parent)
    yield request.param
    shutil.rmtree(plain)


@pytest.mark.parametrize("command", COMMANDS)
def test_to_the_team(server, gnupg, keys, user, command):
    with server.imap(user) as client:
        assert save(client, command, "Virtual/Team").ok
    mail.check_sealed(team.take(server, "CERT"), MESSAGE, gnupg, keys.alice, keys.bob,
                      delivered=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_to_oneself(server, gnupg, keys, user, command):
    with server.imap(user) as client:
        assert save(client, command, "Virtual/Mine").ok
    if user == "alice":
        mail.check_sealed(server.message(user), MESSAGE, gnupg, keys.alice, delivered=False)
    else:
        mail.check_unchanged(server.message(user), MESSAGE, delivered=False)
    server.empty(user)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_refused_behind_it(server, user, command):
    with server.imap(user) as client:
        refused = save(client, command, "Virtual/Broken")
    assert refused.status == "NO"
    assert team.messages(server, "Broken") == []


@pytest.mark.parametrize("command", ["COPY", "MOVE"])
def test_out_of_it(server, gnupg, keys, user, command):
    """What the team can read stays the team's."""
    with server.imap(user) as client:
        assert client.append("Public/CERT", MESSAGE).ok
        client.select("Virtual/Team")
        client.must(f"{command} 1 INBOX")
    mail.check_sealed(server.message(user), MESSAGE, gnupg, keys.alice, keys.bob, delivered=False)
    server.empty(user)
    if command == "COPY":
        team.take(server, "CERT")
    assert team.messages(server, "CERT") == []
