"""Team mailboxes: in a public namespace, sealed to all members, whoever puts something there."""

import shutil

import pytest

import mail
import team
from dovecot import Dovecot, User, dovecot_version
from sandbox import wait_until

MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")
ENCRYPTED = "only those it was encrypted to can read it"
SIEVE = "\n".join(["require [\"fileinto\"];"] + [
    f'if header :contains "Subject" "[{name}]" {{ fileinto "Public/{name}"; stop; }}'
    for name in ("CERT", "Open")])
EVERYBODY = ["alice", "carol", "keyless", "off", "excluding", "broken"]


@pytest.fixture(scope="module")
def server(gnupg, keys):
    expired = gnupg.generate_expired("broken@example.org").certificate
    users = [
        User("alice", keys.alice.certificate, sieve=SIEVE),     # a member
        User("carol", keys.carol.certificate, sieve=SIEVE),     # not one
        User("keyless", sieve=SIEVE),
        User("off", settings={"mail_seal_keys": "none"}, sieve=SIEVE),
        User("excluding", keys.carol.certificate, sieve=SIEVE,
             settings={"mail_seal_exclude": "* \\Drafts", "mail_seal_unusable_key": "store"}),
        User("broken", expired, sieve=SIEVE),
    ]
    groups = {"CERT": "file:FOLDER/cert.asc", "info*": "file:FOLDER/info.asc",
              "info-open": "none"}
    with Dovecot(users, shared=True, plugins=("sieve",), groups=groups,
                 more="protocol lmtp {\n  lmtp_save_to_detail_mailbox = yes\n}") as dovecot:
        team.give(dovecot, "cert.asc", keys.alice.certificate, keys.bob.certificate)
        team.give(dovecot, "info.asc", keys.bob.certificate)
        team.make(dovecot, "CERT", "Open", "info", "info-1", "info-open")
        yield dovecot


@pytest.fixture
def check(server, gnupg, keys):
    """What is in CERT is this message, sealed to its members."""
    def check(message=MESSAGE, delivered=False):
        mail.check_sealed(team.take(server, "CERT"), message, gnupg, keys.alice, keys.bob,
                          delivered=delivered)
    return check


@pytest.mark.parametrize("user", EVERYBODY)
def test_append(server, check, user):
    with server.imap(user) as client:
        assert client.append("Public/CERT", MESSAGE).ok
    check()


@pytest.mark.parametrize("user", EVERYBODY)
def test_sieve(server, check, user):
    """Also of who couldn't get this message himself: no member's key stops the others' mail."""
    message = mail.text(b"Hello\r\n", subject="[CERT] alarm")
    assert server.deliver(message, user)[0].code == 250
    check(message, delivered=True)


@pytest.mark.parametrize("user", EVERYBODY)
def test_lda(server, check, user):
    assert server.lda(user, "-m", "Public/CERT", message=mail.lf(MESSAGE)).returncode == 0
    check(delivered=True)


def test_senders_choice_is_sealed_too(server, check, gnupg, keys):
    """And what was stored so is no source for the next recipient."""
    with server.lmtp() as client:
        replies = client.deliver(MESSAGE, "keyless+Public/CERT@example.org",
                                 "keyless@example.org", "carol@example.org")
    assert [reply.code for reply in replies] == [250] * 3
    check(delivered=True)
    mail.check_unchanged(server.message("keyless"), MESSAGE)
    mail.check_sealed(server.message("carol"), MESSAGE, gnupg, keys.carol)
    server.empty("keyless", "carol")


@pytest.mark.parametrize("command", ["COPY", "MOVE"])
def test_plaintext_is_sealed_on_its_way(server, check, command):
    with server.imap("keyless") as client:
        assert client.append("INBOX", MESSAGE).ok
        client.select("INBOX")
        client.must(f"{command} 1 Public/CERT")
    check()
    server.empty("keyless")


@pytest.mark.parametrize("command", ["COPY", "MOVE"])
@pytest.mark.parametrize("source", ["INBOX", "Public/info"])
def test_what_is_sealed_stays_so(server, gnupg, keys, command, source):
    """The client must decrypt it first; the log says that it hasn't."""
    key = keys.carol if source == "INBOX" else keys.bob
    mark = len(server.log())
    with server.imap("carol") as client:
        assert client.append(source, MESSAGE).ok
        client.select(source)
        client.must(f"{command} 1 Public/CERT")
        client.command("STORE 1:* +FLAGS (\\Deleted)")
        client.command("EXPUNGE")
    mail.check_sealed(team.take(server, "CERT"), MESSAGE, gnupg, key, delivered=False)
    assert wait_until(lambda: server.log_since(mark).count(ENCRYPTED) == 1), server.log_since(mark)


def test_copy_within_the_group_is_not_worth_a_line(server, gnupg, keys):
    mark = len(server.log())
    with server.imap("carol") as client:
        assert client.append("Public/info", MESSAGE).ok
        client.select("Public/info")
        client.must("MOVE 1 Public/info-1")
    mail.check_sealed(team.take(server, "info-1"), MESSAGE, gnupg, keys.bob, delivered=False)
    assert ENCRYPTED not in server.log_since(mark)


def test_out_of_the_team(server, gnupg, keys):
    """What the members can read stays theirs; what was open is the owner's then."""
    with server.imap("carol") as client:
        for name in ("CERT", "Open"):
            assert client.append(f"Public/{name}", MESSAGE).ok
            client.select(f"Public/{name}")
            client.must("MOVE 1 INBOX")
    first, second = server.messages("carol")
    mail.check_sealed(first, MESSAGE, gnupg, keys.alice, keys.bob, delivered=False)
    mail.check_sealed(second, MESSAGE, gnupg, keys.carol, delivered=False)
    server.empty("carol")


def test_doveadm_save(server, check):
    server.doveadm("save", "-u", "keyless", "-m", "Public/CERT", input=mail.lf(MESSAGE))
    check()


@pytest.mark.parametrize("command", ["copy", "move"])
def test_doveadm_copy(server, check, command):
    with server.imap("keyless") as client:
        assert client.append("INBOX", MESSAGE).ok
    server.doveadm(command, "-u", "keyless", "Public/CERT", "mailbox", "INBOX", "all")
    check()
    server.empty("keyless")


def test_doveadm_import(server, check):
    with server.imap("keyless") as client:
        client.must("CREATE CERT")
        assert client.append("CERT", MESSAGE).ok
    source = server.home("keyless") / "to-import"
    shutil.copytree(server.home("keyless") / "Maildir", source)
    server.sandbox.run("chown", "-R", server.owner("keyless"), source)
    # 2.4 finds no right to create what is there already
    no_acl = () if dovecot_version().startswith("2.3") else ("-o", "acl_ignore=yes")
    server.doveadm(*no_acl, "import", "-u", "keyless", f"maildir:{source}", "Public",
                   "mailbox", "CERT")
    check()


@pytest.mark.parametrize("name, key", [("info", "bob"), ("info-1", "bob"), ("info-open", None),
                                       ("Open", None)])
def test_the_longest_pattern_counts(server, gnupg, keys, name, key):
    with server.imap("carol") as client:
        assert client.append(f"Public/{name}", MESSAGE).ok
    message = team.take(server, name)
    if key is None:
        mail.check_unchanged(message, MESSAGE, delivered=False)
    else:
        mail.check_sealed(message, MESSAGE, gnupg, getattr(keys, key), delivered=False)


def test_another_name_is_another_mailbox(server, gnupg, keys):
    """Whoever may rename it may take it from the team; the log says what that means."""
    mark = len(server.log())
    with server.imap("carol") as client:
        client.must("CREATE Public/info-2")
        client.must("RENAME Public/info-2 Public/Else")
        assert client.append("Public/Else", MESSAGE).ok
        mail.check_unchanged(client.messages("Public/Else")[0], MESSAGE, delivered=False)
        client.must("CLOSE")
        client.must("RENAME Public/Else Public/info-2")
        client.must("RENAME Public/info-2 Public/info-3")
        assert client.append("Public/info-3", MESSAGE).ok
        mail.check_sealed(client.messages("Public/info-3")[1], MESSAGE, gnupg, keys.bob,
                          delivered=False)
        client.must("CLOSE")
        client.must("DELETE Public/info-3")
    assert wait_until(lambda: server.log_since(mark).count("of the team mailboxes, is") == 1)
    log = server.log_since(mark)
    assert "is Public/Else now, which is none: what comes isn't sealed any more" in log
    assert log.count("is the team mailbox Public/info* now") == 1


def test_changed_members_count_at_once(server, check, gnupg, keys):
    with server.imap("carol") as client:
        team.give(server, "cert.asc", keys.carol.certificate)
        assert client.append("Public/CERT", MESSAGE).ok
        mail.check_sealed(team.take(server, "CERT"), MESSAGE, gnupg, keys.carol, delivered=False)
        team.give(server, "cert.asc", keys.alice.certificate, keys.bob.certificate)
        assert client.append("Public/CERT", MESSAGE).ok
    check()


def test_encrypt_what_was_there_before(server, check):
    file = server.site.public_maildir / ".CERT" / "cur" / "1.plain:2,S"
    file.write_bytes(MESSAGE)
    shutil.chown(file, server.uid("alice"), server.uid("alice"))
    status = server.doveadm_rows("seal", "status", "-u", "keyless", "Public/*")
    assert {row["mailbox"]: row["plaintext"] for row in status}["Public/CERT"] == 1
    assert {row["mailbox"]: row["excluded"] for row in status}["Public/Open"] == 0
    server.doveadm("seal", "encrypt", "-u", "keyless", "mailbox", "Public/CERT", "all")
    check()


def test_the_source_is_only_read(server, keys):
    """Nothing of an owner's is kept for a team: no state, nothing pending, no notice."""
    assert not list(server.folder.glob("*.pending"))
    assert (server.folder / "cert.asc").read_bytes() == (
        keys.alice.certificate + keys.bob.certificate)
    assert not list(server.site.public_maildir.rglob("*mail-seal*"))
    assert server.messages("alice") == []
