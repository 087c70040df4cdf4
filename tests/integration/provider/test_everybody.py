"""300 users, half of them enrolled, OpenPGP and S/MIME: one command for all back ends."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

import mail
import notices
import team
from enrolled import deliver
from provider import TEAMS, Provider

COUNT, ENROLLED = 300, 150
OPENPGP = ENROLLED // 2
CONNECTIONS, BATCH = 4, 25           # deliveries at once, and recipients of each
PATIENCE = 600                       # seconds, for a command that Dovecot could get stuck with
BY_THE_PROXY, BY_DOVEADM_SERVER = WAYS = ["proxy", "doveadm-server"]
# What has come before the users were enrolled: a message for each of these ways to seal it.
EARLIER = {way: mail.text(mail.CANARY + b"\r\n", f"for {way}") for way in WAYS}
LATER = mail.text(mail.CANARY + b"\r\n", "later")


def name(number):
    return f"member{number}@example.org"


EVERYBODY = [name(number) for number in range(COUNT)]
OWNERS = {"OpenPGP": EVERYBODY[:OPENPGP], "X.509": EVERYBODY[OPENPGP:ENROLLED]}
MEMBERS = {f"Public/{mailbox}": owners[:5] for mailbox, owners in zip(TEAMS, OWNERS.values())}


@pytest.fixture(scope="module")
def keys(gnupg, x509):
    """{owner: his key}"""
    openpgp = [gnupg.key(owner, fingerprint) for owner, (fingerprint, _) in
               zip(OWNERS["OpenPGP"], gnupg.generate_many(OPENPGP))]
    smime = map(x509.with_details, x509.generate_many(OPENPGP, first=OPENPGP))
    return {key.address: key for key in (*openpgp, *smime)}


@pytest.fixture(scope="module")
def provider(keys):
    with Provider(EVERYBODY, postfix=False) as provider:
        for message in EARLIER.values():
            deliver_to_all(provider, message)
        enrol(provider, keys, provider.folder / "certificates")
        deliver_to_all(provider, LATER)
        team.make(provider.backends[0], *TEAMS)
        for mailbox, members in MEMBERS.items():
            # the dict has their certificates, wherever they belong
            provider.backends[0].doveadm("seal", "group", "add", mailbox, *members)
        yield provider


def deliver_to_all(provider, message):
    batches = [EVERYBODY[start:start + BATCH] for start in range(0, COUNT, BATCH)]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for replies in pool.map(lambda batch: deliver(provider.proxy, *batch, message=message),
                                batches):
            assert {reply.code for reply in replies} == {250}, replies


def enrol(provider, keys, folder):
    """By --from-dir, on each back end those who belong there."""
    for backend in provider.backends:
        (folder / backend.folder.name).mkdir(parents=True)
    for owner, key in keys.items():
        kind = "asc" if owner in OWNERS["OpenPGP"] else "pem"
        home = provider.home_of(owner).folder.name
        (folder / home / f"{owner}.{kind}").write_bytes(key.certificate)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda backend: backend.doveadm(
            "seal", "key", "set", "--from-dir", folder / backend.folder.name), provider.backends))


class Everybody:
    """A command for all users, by one of the ways that lead to all back ends."""

    def __init__(self, provider, way):
        self._proxy, self.way = provider.proxy, way
        self._options, self._server = [], []
        if way == BY_DOVEADM_SERVER:
            # without the port doveadm asks the server, and that the back ends
            self._options = ["-o", "doveadm_port=0"]
            self._server = provider.proxy.doveadm_server

    def run(self, *command, query=(), formatter="json", check=True):
        return self._proxy.doveadm("-f", formatter, *self._options, "seal", *command, "-A",
                                   *self._server, *query, check=check, timeout=PATIENCE)

    def rows(self, *command, query=()):
        return json.loads(self.run(*command, query=query).stdout)


@pytest.fixture(params=WAYS)
def everybody(request, provider):
    return Everybody(provider, request.param)


def users(rows):
    return sorted(row["username"] for row in rows)


def test_key_list(everybody):
    rows = everybody.rows("key", "list")
    assert users(rows) == sorted(EVERYBODY)
    for row in rows:
        expected = ("active", "OpenPGP") if row["username"] in OWNERS["OpenPGP"] else \
            ("expiring", "X.509") if row["username"] in OWNERS["X.509"] else ("none", "")
        assert (row["state"], row["kind"]) == expected, row


def test_key_show(everybody, keys):
    found = {row["username"]: row["fingerprint"] for row in everybody.rows("key", "show")}
    assert found == {owner: key.fingerprint for owner, key in keys.items()}


@pytest.mark.parametrize("formatter", ["tab", "table"])
def test_one_table(everybody, formatter):
    """With one header, though each back end has one of its own."""
    head, *lines = everybody.run("key", "list", formatter=formatter).stdout.decode().splitlines()
    assert head.split()[0].lower() == "username"
    assert sorted(line.split()[0] for line in lines) == sorted(EVERYBODY)


def test_key_check(everybody):
    """The certificates of 30 days, if that is asked for, and its exit status."""
    done = everybody.run("key", "check")
    assert (json.loads(done.stdout), done.stderr) == ([], b"")
    done = everybody.run("key", "check", "--days", "60", check=False)
    assert done.returncode == 1
    # besides, those of the teams, for each user who may put mail there
    own = [row for row in json.loads(done.stdout) if not row["source"].startswith("Public/")]
    assert users(own) == sorted(OWNERS["X.509"])


def test_status(everybody):
    rows = [row for row in everybody.rows("status", "-t") if row["username"] != "TOTAL"]
    assert users(rows) == sorted(EVERYBODY)
    for row in rows:
        owner = row["username"] in EVERYBODY[:ENROLLED]
        letters = len(EARLIER) + 1
        assert row["sealed"] + row["plaintext"] >= letters, row
        assert (row["sealed"] >= 1) == owner, row
        assert owner or row["plaintext"] == letters, row
        assert (row["encrypted"], row["excluded"]) == (0, 0), row


def test_encrypt(everybody, provider):
    """What came before they were enrolled: of each owner the one message, and once."""
    query = ("subject", f"for {everybody.way}")
    found = [row for row in everybody.rows("encrypt", "-n", query=query)
             if row["username"] != "TOTAL"]
    assert sum(row["to_seal"] for row in found) == ENROLLED
    assert sum(row["no_key"] for row in found) == COUNT - ENROLLED
    for sealed in (1, 0):
        rows = [row for row in everybody.rows("encrypt", query=query)
                if row["username"] != "TOTAL"]
        assert users(rows) == sorted(EVERYBODY)
        for row in rows:
            owner = row["username"] in EVERYBODY[:ENROLLED]
            assert (row["sealed"], row["encrypted"], row["no_key"], row["failed"]) == (
                (sealed, 1 - sealed, 0, 0) if owner else (0, 0, 1, 0)), row


def test_notify(everybody, provider, keys):
    """The owners are told once, by whichever way comes first."""
    assert users(everybody.rows("key", "notify")) in ([], sorted(OWNERS["X.509"]))
    assert everybody.rows("key", "notify") == []
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for owner, found in zip(keys, pool.map(provider.messages, keys)):
            told = [notices.read(stored, keys[owner]).subject for stored in found
                    if notices.is_notice(stored)]
            expected = 1 if owner in OWNERS["X.509"] else 0
            assert len([subject for subject in told if "expire" in subject]) == expected, told


def test_each_back_end_has_its_own(provider):
    """Without the proxy -A is who belongs there, and nobody is missed or done twice."""
    found = Counter()
    for backend in provider.backends:
        found.update(users(backend.doveadm_rows("seal", "key", "list", "-A")))
    assert found == Counter(EVERYBODY)


def test_each_to_his_own_key(provider, keys):
    """All that came since they were enrolled, read with the owner's key."""
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for user, found in zip(EVERYBODY, pool.map(provider.messages, EVERYBODY)):
            [stored] = [stored for stored in found if b"Subject: later" in stored]
            if user in keys:
                mail.check_sealed(stored, LATER, None, keys[user])
            else:
                mail.check_unchanged(stored, LATER)


def test_team_mailboxes(provider, keys):
    """Members and others of all back ends put mail there."""
    for mailbox, members in MEMBERS.items():
        for number, user in enumerate((*members, *EVERYBODY[-3:]), 1):
            with provider.imap(user) as client:
                assert client.append(mailbox, LATER).ok
            stored = provider.messages(user, mailbox)
            assert len(stored) == number
            mail.check_sealed(stored[-1], LATER, None, *(keys[member] for member in members),
                              delivered=False)
