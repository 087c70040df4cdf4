"""doveadm seal key notify: which notices, to whom, in whose language, and what can go wrong."""

import re

import pytest

import mail
import notices
from dovecot import Dovecot, User
from sandbox import wait_until
from seal_key import TEMPORARY

MESSAGE = mail.text(mail.CANARY + b"\r\n")


@pytest.fixture(scope="module")
def made(gnupg, x509):
    """Keys in all states."""
    in20, in5, in1 = (gnupg.generate(f"in{days}@example.org", expires=f"{days}d")
                      for days in (20, 5, 1))
    return {"in20": in20, "in5": in5, "in1": in1,
            "in90": gnupg.generate("in90@example.org", expires="90d"),
            "expired": gnupg.generate_expired("expired@example.org"),
            "revoked": gnupg.generate_revoked("revoked@example.org")}


@pytest.fixture(scope="module")
def server(made, keys, x509_keys):
    lenient = {"mail_seal_unusable_key": "store"}
    users = [
        *(User(name, key.certificate) for name, key in made.items()),
        User("lenient", made["expired"].certificate, lenient),
        User("german", made["in20"].certificate, {"mail_seal_language": "de_AT"}),
        User("other", made["in20"].certificate, {"mail_seal_language": "xx",
                                                 "mail_seal_notice_from": "mail@example.net"}),
        User("own", made["in20"].certificate, {"mail_seal_texts": "%h/texts"}),
        User("two", made["in5"].certificate + made["in90"].certificate),
        User("both", made["in5"].certificate + made["expired"].certificate),
        User("lost", keys.alice.certificate),
        User("keyless"),
        User("smime", x509_keys.alice.certificate),
        User("none", settings={"mail_seal_keys": "none"}),
        User("seldom", made["in5"].certificate, {"mail_seal_notice_days": "3"}),
    ]
    with Dovecot(users, plugins=("quota",), quota="60k",
                 seal={"mail_seal_addresses": "%u@example.org"}) as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def fresh(server):
    server.empty(*server.users)
    for user in server.users:
        for file in server.state_files(user):
            file.unlink()


def notify(server, *arguments):
    done = server.doveadm("seal", "key", "notify", *arguments, check=False)
    return done.stdout.decode().splitlines(), done.returncode


def told(server, user, kind, key=None):
    """The only notice, which must be of this kind."""
    assert notify(server, "-u", user) == ([f"{kind} stored in INBOX"], 0)
    [notice] = notices.of(server, user, key)
    for _ in range(2):
        assert notify(server, "-u", user) == ([], 0)
    assert len(server.messages(user)) == 1
    return notice


@pytest.mark.parametrize("user", ["in20", "in5", "in1"])
def test_expires(server, made, user):
    notice = told(server, user, "expires", made[user])
    assert notice.sealed
    assert notices.names(notice, made[user])
    assert ("That is tomorrow." in notice.text) == (user == "in1")


def test_certificate_expires(server, x509_keys):
    """X.509, made for 30 days: sealed by S/MIME, and its owner can't give it a new date."""
    notice = told(server, "smime", "expires", x509_keys.alice)
    assert notice.sealed
    assert notices.names(notice, x509_keys.alice)
    assert "get a new certificate" in notice.text
    assert "new date" not in notice.text


@pytest.mark.parametrize("user", ["in90", "two", "keyless", "none", "seldom"])
def test_nothing_to_say(server, user):
    assert notify(server, "-u", user) == ([], 0)
    assert server.messages(user) == []


def test_the_one_that_can_be_used(server, made):
    """An old key beside it says nothing."""
    notice = told(server, "both", "expires", made["in5"])
    assert notices.names(notice, made["in5"])


@pytest.mark.parametrize("user,kind", [("expired", "expired"), ("revoked", "unusable")])
def test_unusable(server, made, user, kind):
    """It is stored as it is: this is the one message that must come through."""
    assert server.deliver(MESSAGE, user)[0].code == 451
    notice = told(server, user, kind)
    assert not notice.sealed
    assert notices.names(notice, made[user])
    assert "waits with those who sent it" in notice.text.replace("\n", " ")
    assert server.deliver(MESSAGE, user)[0].code == 451


def test_mail_is_stored_all_the_same(server):
    notice = told(server, "lenient", "expired")
    assert "is now stored without encryption" in notice.text


def test_key_that_has_gone(server, keys):
    server.give("lost", server.keys_file("lost"), keys.alice.certificate)
    assert server.deliver(MESSAGE, "lost")[0].code == 250
    server.keys_file("lost").unlink()
    assert notify(server, "-u", "lost")[0] == ["unusable stored in INBOX"]
    [notice] = notices.of(server, "lost")
    assert "it is no longer there" in notice.text
    assert notices.names(notice, keys.alice)
    # once, though the owner has deleted it
    server.empty("lost")
    assert notify(server, "-u", "lost") == ([], 0)
    # but again when it has been well meanwhile
    server.give("lost", server.keys_file("lost"), keys.alice.certificate)
    assert notify(server, "-u", "lost") == ([], 0)
    server.keys_file("lost").unlink()
    assert notify(server, "-u", "lost")[0] == ["unusable stored in INBOX"]
    server.give("lost", server.keys_file("lost"), keys.alice.certificate)


def test_german(server, made):
    notice = told(server, "german", "expires", made["in20"])
    assert re.match(r"Ihr Schlüssel läuft am \d+\. \w+ \d{4} ab$", notice.subject)
    assert "wartet bei" in notice.text


def test_unknown_language_and_another_sender(server, made):
    notice = told(server, "other", "expires", made["in20"])
    assert notice.subject.startswith("Your encryption key expires")
    assert notice.header["From"] == "mail@example.net"


def test_own_texts(server, made):
    """A file that is wrong costs a warning, and no message."""
    server.give("own", "texts/en/expires.txt", b"Subject: Look at $date\n\nFor $owner\n")
    assert told(server, "own", "expires", made["in20"]).text == "For own@example.org\n"
    server.empty("own")
    server.give("own", "texts/en/expires.txt", b"Subject: Look at $dates\n\nFor $owner\n")
    done = server.doveadm("seal", "key", "notify", "-u", "own")
    assert b'texts/en/expires.txt: there is no "dates" to fill in' in done.stderr
    [notice] = notices.of(server, "own", made["in20"])
    assert notice.subject.startswith("Your encryption key expires")


def test_all_users(server):
    """A line for each that says whose it is; who can't be told fails the command."""
    lines, code = notify(server, "-A")
    assert code == 0
    assert sorted(line.split(" ", 2)[:2] for line in lines) == sorted([
        ["in20", "expires"], ["in5", "expires"], ["in1", "expires"], ["expired", "expired"],
        ["revoked", "unusable"], ["lenient", "expired"], ["german", "expires"],
        ["other", "expires"], ["own", "expires"], ["both", "expires"], ["smime", "expires"]])
    assert all(line.endswith("stored in INBOX") for line in lines)


def test_quota_exceeded(server, made):
    filler = mail.text(b"0123456789abcdef\r\n" * 2400)
    assert server.deliver(filler, "in5")[0].code == 250
    lines, code = notify(server, "-u", "in*")
    assert code == TEMPORARY
    [failed] = [line for line in lines if "not stored" in line]
    assert failed.startswith("in5 expires not stored: Quota exceeded")
    assert len(lines) == 3
    server.empty("in5")
    assert notify(server, "-u", "in5") == (["expires stored in INBOX"], 0)


def test_a_message_that_looks_like_ours_is_sealed(server, made):
    """What the plugin writes is known by a flag in the process, and by nothing else."""
    told(server, "in5", "expires", made["in5"])
    [ours] = server.messages("in5")
    with server.imap("in5") as client:
        assert client.append("INBOX", ours.split(b"\r\n\r\n")[0].replace(
            b"multipart/encrypted", b"text/plain") + b"\r\n\r\n" + mail.CANARY).ok
    assert all(mail.is_sealed(stored) for stored in server.messages("in5"))
    # the same when nothing can be sealed
    told(server, "expired", "expired")
    [plain] = server.messages("expired")
    with server.imap("expired") as client:
        assert client.append("INBOX", plain).status == "NO"


def test_a_sender_cannot_suppress_a_notice(server, made):
    """Its Message-ID can be known: from a certificate that everybody has."""
    told(server, "in5", "expires", made["in5"])
    [ours] = server.messages("in5")
    message_id = re.search(rb"(?m)^Message-ID: \S+\r\n", ours)[0]
    for file in server.state_files("in5"):
        file.unlink()
    server.empty("in5")
    assert server.deliver(message_id + MESSAGE, "in5")[0].code == 250
    assert notify(server, "-u", "in5") == (["expires stored in INBOX"], 0)
    assert len(server.messages("in5")) == 2


def test_notice_that_cannot_be_stored_fails_no_mail(server, keys):
    """It waits in the owner's state until it can be."""
    server.give("lost", server.keys_file("lost"), keys.alice.certificate)
    assert server.deliver(MESSAGE, "lost")[0].code == 250
    server.empty("lost")
    server.give("lost", server.keys_file("lost"), keys.bob.certificate)
    inbox = server.home("lost") / "Maildir" / "tmp"
    mark = len(server.log())
    with server.imap("lost") as client:
        client.must("CREATE Other")
        inbox.rename(inbox.with_name("tmp-away"))
        inbox.write_bytes(b"")
        try:
            assert client.append("Other", MESSAGE).ok
        finally:
            inbox.unlink()
            inbox.with_name("tmp-away").rename(inbox)
        assert wait_until(lambda: 'notice "changed" waits' in server.log_since(mark))
        assert server.messages("lost") == []
        assert client.append("Other", MESSAGE).ok
    [notice] = notices.of(server, "lost")
    assert notices.names(notice, keys.bob)
    server.give("lost", server.keys_file("lost"), keys.alice.certificate)
