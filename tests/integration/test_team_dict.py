"""Team mailboxes whose certificates are in a dict: a team is a user there."""

import pytest

import dicts
import mail
import team
from dovecot import Dovecot, User, dovecot_version

MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")
OLD = dovecot_version().startswith("2.3")
REFUSED = "Message not stored: "


@pytest.fixture(scope="module", params=[dicts.Redis, dicts.Sqlite], ids=["redis", "sqlite"])
def store(request):
    store = request.param()
    yield store
    store.close()


@pytest.fixture(scope="module")
def server(store):
    groups = {"CERT": "DICT", "info*": "DICT"}
    with Dovecot([User("alice"), User("bob")], dict=store, shared=True, groups=groups) as dovecot:
        team.make(dovecot, "CERT", "info", "info-1", "Open")
        yield dovecot


@pytest.fixture(autouse=True)
def emptied(store):
    store.clear()


def give(server, store, name, *certificates):
    """What the team of this name has: put there as a user's, who is then called so."""
    text = b"".join(certificates).decode()
    if isinstance(store, dicts.Sqlite):
        store.sql(f"INSERT INTO {dicts.TABLE} VALUES('{name}', '{text}')")
        return
    server.doveadm("seal", "key", "set", "--force", "-u", "bob", "-f", "-",
                   input=certificates[0])
    key, = (key for key in store.command("KEYS", "*bob*").decode().split())
    # as dict-redis.c writes a slash in a user's name
    store.command("SET", key.replace("bob", name.replace("/", "\\-")), text)
    store.command("DEL", key)


def save(server, name, user="alice"):
    with server.imap(user) as client:
        return client.append(f"Public/{name}", MESSAGE)


def test_each_has_its_own(server, store, gnupg, keys):
    give(server, store, "Public/CERT", keys.alice.certificate, keys.carol.certificate)
    give(server, store, "Public/info*", keys.bob.certificate)
    for name, members in (("CERT", [keys.alice, keys.carol]), ("info", [keys.bob]),
                          ("info-1", [keys.bob])):
        for user in ("alice", "bob"):
            assert save(server, name, user).ok
            mail.check_sealed(team.take(server, name), MESSAGE, gnupg, *members, delivered=False)


def test_without_certificates(server, store, keys):
    """Those of who saves, and another team's, are none of theirs."""
    give(server, store, "Public/CERT", keys.alice.certificate)
    server.doveadm("seal", "key", "set", "-u", "alice", "-f", "-", input=keys.alice.certificate)
    refused = save(server, "info")
    assert refused.status == "NO"
    assert REFUSED + "there is no encryption key for this mailbox" in refused.text
    assert save(server, "Open").ok
    mail.check_unchanged(team.take(server, "Open"), MESSAGE, delivered=False)


def test_bad_value(server, store, keys):
    give(server, store, "Public/CERT", b"hello" if isinstance(store, dicts.Sqlite)
         else keys.alice.certificate)
    if isinstance(store, dicts.Redis):
        store.command("SET", store.command("KEYS", "*CERT*").decode().split()[0], "hello")
    refused = save(server, "CERT")
    assert refused.status == "NO"
    assert "there is no certificate in it" in refused.text


def test_dict_that_is_away(server, store, keys):
    give(server, store, "Public/CERT", keys.alice.certificate)
    store.stop()
    try:
        assert save(server, "CERT").status == "NO"
        assert team.messages(server, "CERT") == []
    finally:
        store.start()


def site_of_two(store, *names):
    """Each of these groups is in the dict; the settings have them in this order."""
    server = Dovecot([User("alice"), User("bob")], dict=store, shared=True,
                     groups={name: "DICT" for name in names})
    team.make(server, "info", "info-1")
    return server


@pytest.mark.parametrize("names", [("info*", "info-1"), ("info-1", "info*"), ("*", "info-1")])
def test_names_that_overlap(store, gnupg, keys, names):
    """Which group it is isn't seen in the source, which is the same. 2.4 has the last that fits,
    2.3 the longest."""
    certificates = {"info*": keys.alice, "*": keys.alice, "info-1": keys.bob}
    wide, = set(names) - {"info-1"}
    with site_of_two(store, *names) as server:
        for name in names:
            give(server, store, f"Public/{name}", certificates[name].certificate)
        expected = "info-1" if OLD or names[-1] == "info-1" or wide == "*" else wide
        for name, key in (("info", certificates[wide]), ("info-1", certificates[expected])):
            assert save(server, name).ok
            mail.check_sealed(team.take(server, name), MESSAGE, gnupg, key, delivered=False)
        rows = server.doveadm_rows("seal", "group", "list")
        assert {row["group"] for row in rows} == {f"Public/{name}" for name in names}
