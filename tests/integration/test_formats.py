"""Every mailbox format, alone and with the other plugins that look at saved messages."""

import re

import pytest

import mail
from dovecot import Dovecot, User
from sandbox import wait_until

MESSAGE = mail.text(b"Hello,\r\n.\r\nFrom me to you.\r\n" + b"0123456789\r\n" * 2000)
FORMATS = ("maildir", "sdbox", "mdbox", "mbox")
PLUGINS = ("notify", "mail_log", "quota", "compress", "mail_crypt", "imapsieve", "sieve")
NOT_WITH_MBOX = ("compress", "mail_crypt", "imapsieve")  # Dovecot has them for the others only


def sites():
    for mail_format in FORMATS:
        plugins = [p for p in PLUGINS if mail_format != "mbox" or p not in NOT_WITH_MBOX]
        yield pytest.param((mail_format, ()), id=mail_format)
        yield pytest.param((mail_format, tuple(plugins)), id=f"{mail_format}-all-plugins")


@pytest.fixture(scope="module")
def keys(each_kind):
    return each_kind


@pytest.fixture(scope="module", params=sites())
def server(request, keys):
    mail_format, plugins = request.param
    users = [User("alice", keys.alice.certificate), User("bob", keys.bob.certificate)]
    with Dovecot(users, mail_format=mail_format, plugins=plugins,
                 seal={"mail_seal_exclude": "\\Drafts"}) as dovecot:
        yield dovecot


@pytest.fixture
def client(server):
    server.empty("alice", "bob")
    with server.imap("alice") as imap:
        yield imap


def only(messages):
    assert len(messages) == 1, f"{len(messages)} messages"
    return messages[0]


def test_lmtp(server, client, gnupg, keys):
    replies = server.deliver(MESSAGE, "alice", "bob")
    assert [reply.code for reply in replies] == [250, 250]
    mail.check_sealed(only(client.messages()), MESSAGE, gnupg, keys.alice)
    mail.check_sealed(server.message("bob"), MESSAGE, gnupg, keys.bob)


def test_lda(server, client, gnupg, keys):
    assert server.lda("alice", message=mail.lf(MESSAGE)).returncode == 0
    mail.check_sealed(only(client.messages()), MESSAGE, gnupg, keys.alice)


@pytest.mark.parametrize("mailbox", ["INBOX", "Filed"])
def test_append(server, client, gnupg, keys, mailbox):
    """imapsieve runs its script on what goes into Filed."""
    client.command(f"CREATE {mailbox}")
    assert client.append(mailbox, MESSAGE).ok
    mail.check_sealed(only(client.messages(mailbox)), MESSAGE, gnupg, keys.alice, delivered=False)
    flags = client.fetch("1", "FLAGS")[1]["FLAGS"]
    assert (b"\\Flagged" in flags) == (mailbox == "Filed" and "imapsieve" in server.site.plugins)


@pytest.mark.parametrize("mailbox", ["INBOX", "Filed"])
@pytest.mark.parametrize("command", ["COPY", "MOVE"])
def test_out_of_excluded_mailbox(server, client, gnupg, keys, command, mailbox):
    client.command(f"CREATE {mailbox}")
    assert client.append("Drafts", MESSAGE).ok
    mail.check_unchanged(only(client.messages("Drafts")), MESSAGE, delivered=False)
    client.must(f"{command} 1 {mailbox}")
    mail.check_sealed(only(client.messages(mailbox)), MESSAGE, gnupg, keys.alice, delivered=False)
    flags = client.fetch("1", "FLAGS")[1]["FLAGS"]
    assert (b"\\Flagged" in flags) == (mailbox == "Filed" and "imapsieve" in server.site.plugins)
    assert len(client.messages("Drafts")) == (1 if command == "COPY" else 0)


def test_sealed_copy_is_identical(client):
    client.command("CREATE Archive")
    assert client.append("INBOX", MESSAGE).ok
    sealed = only(client.messages())
    client.must("COPY 1 Archive")
    assert only(client.messages("Archive")) == sealed


def test_already_encrypted_is_unchanged(client, gnupg, openpgp_keys):
    encrypted = mail.pgp_mime(gnupg.encrypt(MESSAGE, openpgp_keys.alice))
    assert client.append("INBOX", encrypted).ok
    mail.check_unchanged(only(client.messages()), encrypted, delivered=False)


def test_sizes(server, client):
    """What IMAP, the quota and the log call the size is the sealed message's."""
    mark = len(server.log())
    assert client.append("INBOX", MESSAGE).ok
    sealed = only(client.messages())
    item = client.fetch("1", "RFC822.SIZE BODYSTRUCTURE")[1]
    assert int(item["RFC822.SIZE"]) == len(sealed) > len(MESSAGE)
    if "quota" in server.site.plugins:
        quota = server.doveadm("-f", "tab", "quota", "get", "-u", "alice").stdout.decode()
        [used] = re.findall(r"STORAGE\t(\d+)", quota)
        assert int(used) == -(-len(sealed) // 1024)
    if "mail_log" in server.site.plugins:
        assert wait_until(lambda: re.search(r"save: .*box=INBOX.* size=\d+",
                                            server.log_since(mark)))


def test_reads_the_same_after_index_loss(server, client):
    """No cache holds anything that the stored message doesn't."""
    assert client.append("INBOX", MESSAGE).ok
    items = "ENVELOPE BODYSTRUCTURE RFC822.SIZE BODY.PEEK[]"
    client.select()
    before = client.fetch("1", items)
    client.close()
    server.doveadm("force-resync", "-u", "alice", "INBOX")
    for cache in server.home("alice").rglob("dovecot.index.cache"):
        cache.unlink()
    with server.imap("alice") as again:
        again.select()
        assert again.fetch("1", items) == before
