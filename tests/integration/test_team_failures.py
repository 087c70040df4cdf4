"""A team mailbox that can't be sealed is refused, and nothing else opens it."""

import pytest

import mail
import team
from dovecot import Dovecot, User
from sandbox import wait_until

MESSAGE = mail.text(b"Hello,\r\n" + mail.CANARY + b"\r\n")
SIEVE = 'require "fileinto"; fileinto "Public/CERT";'
# Whatever would let an owner's own mail through
LENIENT = {"mail_seal_missing_key": "store", "mail_seal_unusable_key": "store",
           "mail_seal_exclude": "*"}


@pytest.fixture(scope="module")
def server(keys):
    users = [User("alice", keys.alice.certificate, sieve=SIEVE), User("keyless", sieve=SIEVE)]
    groups = {"CERT": "file:FOLDER/cert.asc", "Open": "none"}
    with Dovecot(users, shared=True, plugins=("sieve",), groups=groups, seal=LENIENT) as dovecot:
        team.make(dovecot, "CERT", "Open")
        yield dovecot


@pytest.fixture(scope="module")
def expired(gnupg):
    return gnupg.generate_expired("expired@example.org")


@pytest.fixture(scope="module")
def sources(gnupg, keys, expired, x509_keys):
    """{what is wrong: (content, what the one who saves is told)}"""
    certificate = keys.alice.certificate
    return {
        "missing": (None, "there is no encryption key for this mailbox"),
        "empty": (b"", "its file is empty"),
        "blank": (b"\n\n", "there is no certificate in it"),
        "comments": (b"Member: alice\n", "there is no certificate in it"),
        "cut off": (certificate[:-200], "its ASCII armor is damaged"),
        "one of two cut off": (certificate + keys.bob.certificate[:-200],
                               "its ASCII armor is damaged"),
        "secret": (certificate + gnupg.export_secret(keys.alice.fingerprint), "secret key"),
        "both kinds": (certificate + x509_keys.alice.certificate, "both OpenPGP and X.509"),
        "expired": (expired.certificate, "it has expired"),
        "revoked": (gnupg.generate_revoked("revoked@example.org").certificate, "revoked"),
        "withdrawn": (b"mail-seal: withdrawn 1700000000",
                      "there is no encryption key for this mailbox"),
        "not readable": (certificate, "its file can't be read"),
        "a folder": (None, "its file is not a regular file"),
        "too large": (b"x" * (4 * 1024 * 1024 + 1), "too large"),
    }


NAMES = ["missing", "empty", "blank", "comments", "cut off", "one of two cut off", "secret",
         "both kinds", "expired", "revoked", "withdrawn", "not readable", "a folder", "too large"]


@pytest.fixture(params=NAMES)
def broken(request, server, sources):
    content, sentence = sources[request.param]
    file = server.folder / "cert.asc"
    if request.param == "a folder":
        file.mkdir()
    elif content is not None:
        team.give(server, "cert.asc", content,
                  mode=0 if request.param == "not readable" else 0o644)
    yield sentence
    if file.is_dir():
        file.rmdir()
    else:
        file.unlink(missing_ok=True)


def check_nothing_stored(server):
    assert team.messages(server, "CERT") == []
    for file in server.site.public_maildir.rglob("*"):
        assert not file.is_file() or mail.CANARY not in file.read_bytes()


@pytest.mark.parametrize("user", ["alice", "keyless"])
def test_every_way_is_refused(server, broken, user):
    mark = len(server.log())
    with server.imap(user) as client:
        refused = client.append("Public/CERT", MESSAGE)
        assert refused.status == "NO"
        assert broken in refused.text
        assert "/" not in refused.text.replace("S/MIME", "")
        assert client.append("Public/Open", MESSAGE).ok
        client.select("Public/Open")
        for command in ("COPY", "MOVE"):
            assert client.command(f"{command} 1 Public/CERT").status == "NO"
        client.command("STORE 1:* +FLAGS (\\Deleted)")
        client.command("EXPUNGE")
    reply = server.deliver(MESSAGE, user)[0]
    assert reply.code == 451
    assert broken in reply.text
    assert server.lda(user, "-m", "Public/CERT", message=MESSAGE).returncode == 75
    assert server.doveadm("save", "-u", user, "-m", "Public/CERT", input=MESSAGE,
                          check=False).returncode == 75
    check_nothing_stored(server)
    assert server.messages(user) == []
    assert wait_until(lambda: "Mailbox Public/CERT: mail_seal: Message can't be sealed"
                      in server.log_since(mark)), server.log_since(mark)


def test_what_is_encrypted_needs_no_key(server, gnupg, keys):
    encrypted = mail.pgp_mime(gnupg.encrypt(b"Hello\r\n", keys.alice))
    with server.imap("keyless") as client:
        assert client.append("Public/CERT", encrypted).ok
    mail.check_unchanged(team.take(server, "CERT"), encrypted, delivered=False)


def test_one_member_less(server, gnupg, keys, expired):
    """The others' mail goes on, and the log names who can't read it."""
    mark = len(server.log())
    team.give(server, "cert.asc", expired.certificate, keys.alice.certificate,
              keys.bob.certificate)
    with server.imap("keyless") as client:
        assert client.append("Public/CERT", MESSAGE).ok
    mail.check_sealed(team.take(server, "CERT"), MESSAGE, gnupg, keys.alice, keys.bob,
                      delivered=False)
    assert wait_until(lambda: f"{expired.fingerprint}: it has expired" in server.log_since(mark))
    assert "Warning: Mailbox Public/CERT: mail_seal: Message isn't sealed to members whose " \
        "certificates can't be used" in server.log_since(mark)


def test_key_check(server, keys, expired):
    """Once, however many users see it."""
    def check():
        done = server.doveadm("-f", "tab", "seal", "key", "check", "-A", check=False)
        return done.returncode, [line for line in done.stdout.decode().splitlines()
                                 if "Public/CERT" in line]

    team.give(server, "cert.asc", expired.certificate, keys.alice.certificate)
    code, lines = check()
    assert (code, len(lines)) == (1, 1)
    assert expired.fingerprint in lines[0] and "it has expired" in lines[0]
    (server.folder / "cert.asc").unlink()
    code, lines = check()
    assert (code, len(lines)) == (1, 1)
    assert "there is no certificate" in lines[0]
    team.give(server, "cert.asc", keys.alice.certificate)
    assert check() == (0, [])


@pytest.fixture(scope="module")
def strict(keys):
    with Dovecot([User("alice", keys.alice.certificate)], shared=True,
                 groups={"CERT": "file:FOLDER/cert.asc"},
                 seal={"mail_seal_group_unusable": "tempfail"} | LENIENT) as dovecot:
        team.make(dovecot, "CERT")
        yield dovecot


def test_one_member_less_can_stop_all(strict, gnupg, keys, expired):
    mark = len(strict.log())
    team.give(strict, "cert.asc", expired.certificate, keys.alice.certificate)
    with strict.imap("alice") as client:
        refused = client.append("Public/CERT", MESSAGE)
        assert refused.status == "NO"
        assert "the encryption key of a member of this mailbox can't be used" in refused.text
        team.give(strict, "cert.asc", keys.alice.certificate)
        assert client.append("Public/CERT", MESSAGE).ok
    mail.check_sealed(team.take(strict, "CERT"), MESSAGE, gnupg, keys.alice, delivered=False)
    assert wait_until(lambda: f"{expired.fingerprint}: it has expired" in strict.log_since(mark))
