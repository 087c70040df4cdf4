"""Team mailboxes of each storage format, also of another than the users' own."""

import os

import pytest

import mail
from dovecot import Dovecot, User, dovecot_version

MESSAGE = mail.text(b"Hello,\r\n" + mail.CANARY + b"\r\n")
OLD = dovecot_version().startswith("2.3")
NAMESPACE = """
namespace team {{
  type = public
  separator = /
  prefix = Team/
  {location}
  subscriptions = no
  {keys}
}}
{old_keys}
mbox_write_locks = dotlock fcntl
"""


def namespace(form, sealed):
    """In 2.3's and in 2.4's words."""
    location = f"location = {form}:FOLDER/team" if OLD else \
        f"mail_driver = {form}\n mail_path = FOLDER/team"
    keys = "mail_seal_keys = file:FOLDER/team.asc" if sealed and not OLD else ""
    old_keys = "plugin {\n mail_seal_public = Team/*=file:FOLDER/team.asc\n}" if sealed and OLD \
        else ""
    return NAMESPACE.format(location=location, keys=keys, old_keys=old_keys)


@pytest.fixture(params=["maildir", "sdbox", "mdbox", "mbox"])
def server(request, keys):
    with Dovecot([User("alice", keys.alice.certificate), User("keyless")],
                 more=namespace(request.param, sealed=False)) as dovecot:
        folder = dovecot.folder / "team"
        folder.mkdir()
        os.chown(folder, dovecot.uid("alice"), dovecot.uid("alice"))
        (dovecot.folder / "team.asc").write_bytes(keys.bob.certificate + keys.carol.certificate)
        (dovecot.folder / "team.asc").chmod(0o644)
        with dovecot.imap("keyless") as client:
            client.must("CREATE Team/CERT")
            client.must("CREATE Team/Other")
            assert client.append("Team/CERT", MESSAGE).ok
            mail.check_unchanged(client.messages("Team/CERT")[0], MESSAGE, delivered=False)
        dovecot.site.more = namespace(request.param, sealed=True)
        dovecot.write_config()
        dovecot.reload()
        yield dovecot


def plaintext(server):
    return [file for file in (server.folder / "team").rglob("*")
            if file.is_file() and mail.CANARY in file.read_bytes()]


def test_every_format(server, gnupg, keys):
    members = (keys.bob, keys.carol)
    assert plaintext(server)
    with server.imap("keyless") as client:
        # what is there is open, until it is copied
        client.select("Team/CERT")
        client.must("COPY 1 Team/Other")
        assert client.append("INBOX", MESSAGE).ok
        client.select("INBOX")
        client.must("MOVE 1 Team/Other")
        assert client.append("Team/Other", MESSAGE).ok
        client.select("Team/Other")
        client.must("COPY 1:3 Team/CERT")
        for name, count in (("Other", 3), ("CERT", 4)):
            stored = client.messages(f"Team/{name}")
            assert len(stored) == count
            for message in stored[count - 3:]:
                mail.check_sealed(message, MESSAGE, gnupg, *members, delivered=False)
    server.doveadm("seal", "encrypt", "-u", "keyless", "mailbox", "Team/*", "all")
    with server.imap("alice") as client:
        stored = client.messages("Team/CERT")
        assert len(stored) == 4
        for message in stored:
            mail.check_sealed(message, MESSAGE, gnupg, *members, delivered=False)
    assert plaintext(server) == []
