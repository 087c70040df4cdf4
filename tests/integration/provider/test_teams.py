"""The two team mailboxes: on storage that all back ends have, with certificates in the dict."""

import types

import mail
import pytest
import team
from enrolled import MESSAGE, deliver, set_key
from provider import TEAMS, Provider
from sandbox import wait_until

ALICE, BOB, CAROL, DAVE = USERS = [f"{name}@example.org" for name in
                                   ("alice", "bob", "carol", "dave")]
INFO, SUPPORT = NAMES = [f"Public/{name}" for name in TEAMS]
REFUSED = "Message not stored: encrypting it failed on the server, please try again later"
NO_KEY = "there is no encryption key for this mailbox"
FILING = """require ["fileinto"];
if header :contains "Subject" "both" { fileinto "Public/info"; fileinto "Public/support"; stop; }
fileinto "Public/info";
"""


@pytest.fixture(scope="module", params=["sql", "redis"])
def provider(request, keys):
    """Alice, bob and carol belong to a back end each, and dave, who has no key, to the first."""
    with Provider(USERS, dict=request.param, postfix=False) as provider:
        provider.way = provider.dict_sql if request.param == "sql" else provider.dict_redis
        team.make(provider.backends[0], *TEAMS)
        for user, key in ((ALICE, keys.alice), (BOB, keys.bob), (CAROL, keys.carol)):
            set_key(provider.proxy, user, key)
        yield provider


@pytest.fixture(autouse=True)
def emptied(provider):
    """A team's last certificate can be taken out of the database only."""
    for name in NAMES:
        take(provider, name)
        provider.sql("DELETE FROM mail_seal_keys WHERE username = $1", name)
    for key in provider.redis("KEYS", "*Public*").decode().split():
        provider.redis("DEL", key)


@pytest.fixture
def members(provider, keys):
    """Of info alice, bob and carol; of support alice alone. Each was added on another back end."""
    for backend, user in zip(provider.backends, (ALICE, BOB, CAROL)):
        group(backend, "add", INFO, user)
    group(provider.backends[1], "add", SUPPORT, ALICE)
    return types.SimpleNamespace(info=[keys.alice, keys.bob, keys.carol], support=[keys.alice])


def group(instance, *command, **options):
    return instance.doveadm_rows("seal", "group", *command, **options)


def append(server, user, mailbox):
    with server.imap(user) as client:
        return client.append(mailbox, MESSAGE)


def take(provider, mailbox):
    """All messages, which are then expunged."""
    with provider.imap(ALICE) as client:
        found = client.messages(mailbox)
        client.command("STORE 1:* +FLAGS (\\Deleted)")
        client.command("EXPUNGE")
    return found


def check_saved(provider, mailbox, *keys):
    """Saved by one of each back end, who may be no member."""
    for user in (ALICE, BOB, CAROL, DAVE):
        response = append(provider, user, mailbox)
        assert response.ok, response
    # each of them sees all
    for user in USERS:
        assert len(provider.messages(user, mailbox)) == len(USERS)
    for stored in take(provider, mailbox):
        mail.check_sealed(stored, MESSAGE, None, *keys, delivered=False)


def test_sealed_to_all_members_everywhere(provider, members):
    check_saved(provider, INFO, *members.info)
    check_saved(provider, SUPPORT, *members.support)
    for backend in provider.backends:
        assert {row["group"]: int(row["certificates"]) for row in group(backend, "list")} == {
            INFO: 3, SUPPORT: 1}


def test_filed_by_sieve(provider, members):
    """Put there through the proxy, and done on each back end."""
    for user in (ALICE, BOB, CAROL):
        with provider.proxy.sieve(user) as client:
            client.put("team", FILING)
        for subject in ("both", "one"):
            [reply] = deliver(provider.proxy, user, message=mail.text(mail.CANARY, subject))
            assert reply.code == 250, reply
    for mailbox, count, keys in ((INFO, 6, members.info), (SUPPORT, 3, members.support)):
        found = take(provider, mailbox)
        assert len(found) == count
        for stored in found:
            assert mail.unseal(stored).fingerprints == [key.fingerprint for key in keys]
            assert mail.CANARY not in stored
    for user in (ALICE, BOB, CAROL):
        with provider.proxy.sieve(user) as client:
            client.must('SETACTIVE ""')


def test_certificate_that_a_member_changes(provider, members, gnupg, keys):
    """It counts for the team with the next sync, on whichever back end, and then on all."""
    new = gnupg.generate(BOB)
    set_key(provider.backends[2], BOB, new)
    try:
        check_saved(provider, INFO, *members.info)
        [row] = group(provider.backends[0], "sync")
        assert (row["username"], row["result"], row["fingerprint"]) == (
            BOB, "changed", new.fingerprint)
        for backend in provider.backends:
            assert group(backend, "sync") == []
        check_saved(provider, INFO, keys.alice, new, keys.carol)
        check_saved(provider, SUPPORT, *members.support)
    finally:
        set_key(provider.backends[2], BOB, keys.bob)
        group(provider.backends[1], "sync")
    check_saved(provider, INFO, *members.info)


def test_member_who_leaves(provider, members, keys):
    """A session that is open on another back end uses what it knows for some seconds at most."""
    with provider.imap(CAROL) as client:
        assert client.append(INFO, MESSAGE).ok
        group(provider.backends[0], "remove", INFO, BOB)

        def without_bob():
            assert client.append(INFO, MESSAGE).ok
            fingerprints = [mail.unseal(stored).fingerprints for stored in take(provider, INFO)]
            return fingerprints[-1] == [key.fingerprint for key in (keys.alice, keys.carol)]
        assert wait_until(without_bob)
    check_saved(provider, INFO, keys.alice, keys.carol)


def test_team_without_members(provider):
    for user in USERS:
        for mailbox in NAMES:
            response = append(provider, user, mailbox)
            assert response.status == "NO" and NO_KEY in response.text
            assert provider.messages(user, mailbox) == []


def test_dict_that_is_down(provider, members):
    """Refused, whoever saves: also of who is no member, and what Sieve files."""
    with provider.proxy.sieve(DAVE) as client:
        client.put("team", FILING)
    try:
        with provider.way.stopped():
            for user in USERS:
                for mailbox in NAMES:
                    response = append(provider, user, mailbox)
                    assert response.status == "NO" and REFUSED in response.text
            [reply] = deliver(provider.proxy, DAVE)
            assert reply.code == 451, reply
        for mailbox in NAMES:
            assert provider.messages(ALICE, mailbox) == []
        assert provider.messages(DAVE) == []
        # each process finds out that its connection is a new one
        for user in USERS:
            assert wait_until(lambda user=user: append(provider, user, INFO).ok)
        take(provider, INFO)
        check_saved(provider, INFO, *members.info)
        check_saved(provider, SUPPORT, *members.support)
    finally:
        with provider.proxy.sieve(DAVE) as client:
            client.must('SETACTIVE ""')
