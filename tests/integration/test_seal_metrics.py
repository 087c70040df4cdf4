"""doveadm seal metrics: the numbers are right, and all are there from the start."""

import math
import re
import stat

import pytest

import mail
from doctor import configured, without
from dovecot import Dovecot, User
from enrolment import set_entry

MESSAGE = mail.text(mail.CANARY + b"\r\n")
STATES = ("none", "pending", "active", "expiring", "expired", "unusable", "excluded")


def parse(text):
    """{'name{label="value"}': number}; each has its help and type before it."""
    series, described = {}, set()
    for line in text.decode().splitlines():
        if (comment := re.fullmatch(r"# (HELP|TYPE) (\w+) (.+)", line)):
            described.add((comment[1], comment[2]))
            continue
        name, value = re.fullmatch(r'(\w+(?:\{\w+="[^"]+"\})?) (\S+)', line).groups()
        assert name not in series
        assert {("HELP", name.split("{")[0]), ("TYPE", name.split("{")[0])} <= described
        series[name] = float(value)
    return series


def metrics(server, *options):
    done = server.doveadm("seal", "metrics", *options)
    assert done.stderr == b""
    return parse(done.stdout)


@pytest.fixture
def server(gnupg, keys):
    expired = gnupg.generate_expired("expired@example.org").certificate
    soon = gnupg.generate("soon@example.org", expires="10d").certificate
    later = gnupg.generate("later@example.org", expires="300d").certificate
    users = [User("alice", keys.alice.certificate), User("bob", keys.bob.certificate),
             User("soon", soon), User("later", later), User("expired", expired), User("plain"),
             User("excluded", keys.bob.certificate, settings={"mail_seal_keys": "none"}),
             User("garbage", b"none\n"),
             User("unloaded", keys.alice.certificate, settings={"mail_plugins": "quota"}),
             User("broken", keys.alice.certificate, settings={"mail_seal_timeout": "long"})]
    with Dovecot(users) as dovecot:
        yield dovecot


def test_numbers(server):
    counted = metrics(server)
    owners = {state: counted[f'mail_seal_owners{{state="{state}"}}'] for state in STATES}
    assert owners == {"none": 1, "pending": 0, "active": 3, "expiring": 1, "expired": 1,
                      "unusable": 1, "excluded": 1}
    assert counted["mail_seal_owners_failed"] == 2
    assert sum(owners.values()) + 2 == len(server.users)
    assert 9 < counted["mail_seal_next_expiry_days"] <= 10
    assert counted["mail_seal_owners_pending"] == 0
    assert not any("plaintext" in name for name in counted)
    assert counted == pytest.approx(metrics(server, "-A"), abs=120)


def test_some_users(server):
    counted = metrics(server, "-u", "alice")
    assert counted['mail_seal_owners{state="active"}'] == 1
    assert counted['mail_seal_owners{state="expired"}'] == 0
    assert counted["mail_seal_next_expiry_days"] == math.inf


def test_pending(server, gnupg):
    other = gnupg.generate("plain@example.org").certificate
    with server.imap("plain") as client:
        assert set_entry(client, "keys", other).ok
    counted = metrics(server)
    assert counted["mail_seal_owners_pending"] == 1
    assert counted['mail_seal_owners{state="pending"}'] == 1


def test_plaintext(server):
    """Only what would be sealed now: of users with a certificate, not in excluded mailboxes."""
    key = server.keys_file("alice").read_bytes()
    server.never_enrolled("alice")
    for _ in range(3):
        assert server.deliver(MESSAGE, "alice")[0].code == 250
    assert server.deliver(MESSAGE, "plain")[0].code == 250
    server.give("alice", ".mail-seal/keys", key)
    assert server.deliver(MESSAGE, "alice", "bob")[0].code == 250
    counted = metrics(server, "--plaintext")
    assert (counted["mail_seal_plaintext_messages"], counted["mail_seal_plaintext_owners"],
            counted["mail_seal_plaintext_failed"]) == (3, 1, 0)
    with configured(server, exclude="INBOX"):
        assert metrics(server, "--plaintext")["mail_seal_plaintext_messages"] == 0
    server.doveadm("seal", "encrypt", "-u", "alice", "all")
    assert metrics(server, "--plaintext")["mail_seal_plaintext_messages"] == 0


def test_server(server):
    protocols = ("imap", "lmtp", "lda", "doveadm")
    counted = metrics(server)
    assert [counted[f'mail_seal_plugin_configured{{protocol="{name}"}}'] for name in protocols] \
        == [1, 1, 1, 1]
    assert counted['mail_seal_doctor_findings{result="error"}'] == 0
    with configured(server, *without("lmtp")):
        counted = metrics(server)
        assert [counted[f'mail_seal_plugin_configured{{protocol="{name}"}}']
                for name in protocols] == [1, 0, 1, 1]
        assert counted['mail_seal_doctor_findings{result="error"}'] == 1


def test_file(server):
    """Whole or as it was, and the node exporter can read it."""
    folder = server.folder / "textfile"
    folder.mkdir()
    path = folder / "mail_seal.prom"
    path.write_text("old\n")
    for _ in range(2):
        done = server.doveadm("seal", "metrics", "--to", path)
        assert (done.stdout, done.stderr) == (b"", b"")
        assert parse(path.read_bytes())['mail_seal_owners{state="active"}'] == 3
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
        assert [file.name for file in folder.iterdir()] == ["mail_seal.prom"]
    done = server.doveadm("seal", "metrics", "--to", server.folder / "no" / "x.prom", check=False)
    assert done.returncode == 73
    # nobody can be listed: what is there stays
    before = path.read_bytes()
    server.stop()
    done = server.doveadm("seal", "metrics", "--to", path, check=False)
    assert (done.returncode, path.read_bytes()) == (75, before)
    server.start()
