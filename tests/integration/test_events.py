"""Dovecot's statistics count and time what mail_seal does, and learn nothing of the messages."""

import json
import os
import socket
import time

import pytest

import fakes
import mail
from counted import counting
from dovecot import Dovecot, User
from sandbox import wait_until

SECRET = "a subject for nobody"
MESSAGE = mail.text(mail.CANARY + b"\r\n" * 500, subject=SECRET)
TIMEOUT = 2  # seconds, mail_seal_timeout of one user

OWN_FIELDS = {"result", "reason", "engine", "bytes_in", "bytes_out"}


@pytest.fixture(scope="module")
def server(gnupg, keys):
    expired = gnupg.generate_expired("expired-event@example.org").certificate
    users = [
        User("alice", keys.alice.certificate),
        User("plain"),
        User("none", keys.alice.certificate, settings={"mail_seal_keys": "none"}),
        User("expired", expired),
        User("required", settings={"mail_seal_missing_key": "tempfail"}),
        User("tolerant", expired, settings={"mail_seal_unusable_key": "store"}),
        User("mirror", keys.alice.certificate),
        User("hasty", keys.alice.certificate, settings={"mail_seal_timeout": f"{TIMEOUT}s"}),
    ]
    with Dovecot(users, metrics=True, seal={"mail_seal_openpgp_engine": "gpg",
                                             "mail_seal_exclude": "\\Drafts"}) as dovecot:
        yield dovecot


def exported(server, mark):
    """The events' fields as an exporter gets them, from the log."""
    assert wait_until(lambda: "mail_seal_finished" in server.log_since(mark))
    lines = [line for line in server.log_since(mark).splitlines() if "mail_seal_finished" in line]
    return [json.loads(line[line.index("{"):])["fields"] for line in lines]


@pytest.mark.parametrize("user, reply, expected", [
    ("alice", 250, ("sealed", "usable_key", "OpenPGP")),
    ("plain", 250, ("stored", "missing_key", "none")),
    ("none", 250, ("stored", "no_sources", "none")),
    ("tolerant", 250, ("stored", "unusable_key", "none")),
    ("expired", 451, ("failed", "unusable_key", "none")),
    ("required", 451, ("failed", "missing_key", "none")),
])
@pytest.mark.parametrize("way", ["lmtp", "append", "lda"])
def test_each_decision_is_counted_once(server, way, user, reply, expected):
    started = time.monotonic()
    with counting(server) as counted:
        if way == "lmtp":
            assert server.deliver(MESSAGE, user)[0].code == reply
        elif way == "lda":
            assert server.lda(user, message=MESSAGE).returncode == (0 if reply == 250 else 75)
        else:
            with server.imap(user) as client:
                assert client.append("INBOX", MESSAGE).ok == (reply == 250)
    [event] = counted
    assert (event.result, event.reason, event.engine) == expected
    assert 0 < event.seconds < time.monotonic() - started


def test_several_recipients_are_several_events(server):
    with counting(server, 3) as counted:
        server.deliver(MESSAGE, "alice", "plain", "expired")
    assert sorted(event.result for event in counted) == ["failed", "sealed", "stored"]


def test_copies(server):
    server.empty("alice")
    with counting(server, 4) as counted, server.imap("alice") as client:
        assert client.append("Drafts", MESSAGE).ok      # stored: excluded
        client.select("Drafts")
        client.must("COPY 1 INBOX")                     # sealed
        client.select("INBOX")
        client.must("CREATE Filed")
        client.must("COPY 1 Filed")                     # as it is
        assert client.append("Filed", client.messages()[0]).ok
    assert sorted((event.result, event.reason) for event in counted) == [
        ("encrypted", "already_encrypted"), ("encrypted", "already_encrypted"),
        ("sealed", "usable_key"), ("stored", "excluded")]


def test_dsync(server):
    server.empty("alice")
    server.deliver(MESSAGE, "alice")
    with counting(server) as counted:
        server.doveadm("sync", "-u", "alice", "-1",
                       *server.location(server.home("mirror") / "Maildir"))
    [event] = counted
    assert (event.result, event.reason) == ("stored", "dsync")


@pytest.mark.parametrize("behaviour, reason", [("crash", "engine"), ("half_then_killed", "engine"),
                                               ("hang", "timeout")])
def test_failing_engine(server, behaviour, reason):
    user = "hasty" if reason == "timeout" else "alice"
    started = time.monotonic()
    with counting(server) as counted, fakes.Fakes(server).gpg(behaviour):
        assert server.deliver(MESSAGE, user)[0].code == 451
    [event] = counted
    assert (event.result, event.reason, event.engine) == ("failed", reason, "OpenPGP")
    assert (TIMEOUT if reason == "timeout" else 0) <= event.seconds < time.monotonic() - started


@pytest.mark.parametrize("user", ["alice", "plain"])
def test_failing_storage(server, user):
    """The mailbox can't be written to, though all is well with the seal."""
    server.deliver(MESSAGE, user)
    unfinished = server.home(user) / "Maildir" / "tmp"
    os.chown(unfinished, 0, 0)
    with counting(server) as counted:
        assert server.deliver(MESSAGE, user)[0].code == 451
    os.chown(unfinished, server.uid(user), server.uid(user))
    [event] = counted
    assert (event.result, event.reason) == ("failed", "storage")


@pytest.mark.parametrize("user", ["alice", "plain"])
def test_client_that_gives_up(server, user):
    with counting(server) as counted, server.imap(user) as client:
        client.socket.sendall(b"x APPEND INBOX {100000+}\r\n" + MESSAGE)
        client.socket.shutdown(socket.SHUT_RDWR)
    [event] = counted
    assert (event.result, event.reason) == ("failed", "cancelled")


@pytest.mark.parametrize("way", ["lmtp", "append"])
def test_fields(server, way):
    """Sizes and the mailbox are there; of the message, nothing."""
    mark = len(server.log())
    server.empty("alice")
    if way == "lmtp":
        assert server.deliver(MESSAGE, "alice")[0].code == 250
    else:
        with server.imap("alice") as client:
            assert client.append("INBOX", MESSAGE).ok
    [fields] = exported(server, mark)
    assert fields["mailbox"] == "INBOX"
    [stored] = server.maildir_files("alice")
    added = len(stored.read_bytes().partition(b"From:")[0]) + 20 if way == "lmtp" else 0
    assert len(MESSAGE) <= fields["bytes_in"] <= len(MESSAGE) + added
    assert fields["bytes_out"] >= fields["bytes_in"]
    assert abs(fields["bytes_out"] - len(mail.crlf(stored.read_bytes()))) < 2
    assert set(fields) >= OWN_FIELDS
    assert SECRET not in json.dumps(fields)


@pytest.mark.parametrize("user", ["alice", "plain", "expired"])
def test_nothing_of_the_message(server, user):
    mark = len(server.log())
    with server.imap(user) as client:
        client.append("INBOX", MESSAGE)
    [fields] = exported(server, mark)
    said = json.dumps(fields)
    for private in (SECRET, "sender@", "rcpt@", "1@example.org", mail.CANARY.decode()):
        assert private not in said


def test_stats_dump(server):
    """The same from Dovecot's own tool, with the sizes."""
    server.deliver(MESSAGE, "alice")

    def sizes():
        lines = server.doveadm("stats", "dump").stdout.decode().splitlines()
        rows = [dict(zip(lines[0].split("\t"), line.split("\t"))) for line in lines[1:]]
        return {row["field"]: float(row["avg"]) for row in rows
                if row["metric_name"] == "mail_seal_all_sealed_usable_key_OpenPGP"}

    assert wait_until(sizes)
    assert 0 < sizes()["bytes_in"] < sizes()["bytes_out"]
    assert sizes()["duration"] > 1000  # microseconds
