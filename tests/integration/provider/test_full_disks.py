"""A disk on which not a byte more has room: the databases', and a back end's own.

Nothing is lost, nothing of who has a certificate becomes plaintext: 451, or NO with its sentence.
When there is room again, all is well by itself, or by who starts the database again.
"""

import contextlib

import pytest

import enrolment
import mail
import notices
import seal_key
from enrolled import MESSAGE, check_next, letters
from provider import Provider
from sandbox import wait_until

MANY = 40
DATABASES = {
    "sql": {"sql": {"disk": "96m"}},
    "redis": {"redis": {"disk": "1m", "fsync": "everysec"}},
    "redis-always": {"redis": {"disk": "1m", "fsync": "always"}}
}


def set_key(server, user, key):
    return seal_key.set_key(server, user, key.certificate, "--force").returncode


# The databases'


@pytest.fixture(params=DATABASES)
def provider(request):
    users = [f"u{number}@example.org" for number in range(MANY)]
    with Provider(users, dict=request.param.partition("-")[0], backends=1, postfix=False,
                  databases=DATABASES[request.param]) as provider:
        provider.database = provider.postgresql if request.param == "sql" else \
            provider.redis_server
        yield provider


@pytest.fixture(autouse=True)
def no_crash_anywhere(request):
    """But Dovecot's driver for PostgreSQL, when its connection breaks (2.3.19)."""
    yield
    for name in ("provider", "small"):
        if name in request.node.funcargs:
            crashes = request.node.funcargs[name].new_crashes()
            assert [line for line in crashes if "service(dict): child" not in line] == []


def check_one(server, user, *keys):
    """A message comes later, or is sealed to one of these; without any it may be as it came."""
    count = len(letters(server, user))
    [reply] = server.deliver(MESSAGE, user)
    stored = letters(server, user)[count:]
    if reply.code == 451:
        assert stored == []
        return False
    assert reply.code == 250, reply
    [stored] = stored
    if mail.is_sealed(stored):
        assert any(key.fingerprint.encode() in stored[:200] for key in keys)
    else:
        assert None in keys
        mail.check_unchanged(stored, MESSAGE)
    return True


def start_again(database):
    """What its administrator does."""
    if not wait_until(database.answers, timeout=20):
        with contextlib.suppress(ProcessLookupError):
            database.stop()
        database.start()


def test_of_the_database(provider, keys):
    """Certificates are set until there is no room for one; what isn't refused is there."""
    [server] = provider.backends
    users = list(provider.users)
    old, new = keys.alice, keys.bob
    for user in users[:MANY // 2]:
        assert set_key(server, user, old) == 0
    has = {}
    with provider.database.full():
        for user in users:
            before = old if user in users[:MANY // 2] else None
            status = set_key(server, user, new)
            assert status in (0, seal_key.TEMPORARY), status
            has[user] = [new] if status == 0 else [before, new]
            check_one(server, user, *has[user])
        assert any(len(keys) == 2 for keys in has.values()), "it had room for all"
        with server.imap(users[0]) as client:
            response = client.append("INBOX", MESSAGE)
            assert response.ok or response.status == "NO" and "try again later" in response.text
        # nor can anything be withdrawn, as long as nothing can be written
        done = server.doveadm("seal", "key", "unset", "-u", users[-1], check=False)
        if done.returncode == 0:
            has[users[-1]] = [None]
    start_again(provider.database)
    for user in users:
        assert wait_until(lambda user=user: check_one(server, user, *has[user]))
        assert wait_until(lambda user=user: set_key(server, user, new) == 0)
        check_next(provider, user, new)


# A back end's own


@pytest.fixture(scope="module")
def small():
    with Provider(["nobody@example.org"], backends=1, postfix=False, disk="32m") as provider:
        yield provider


@pytest.fixture
def server(small):
    return small.backends[0]


@contextlib.contextmanager
def full(server):
    filler = server.folder / "home" / "filler"
    server.sandbox.run("dd", "if=/dev/zero", f"of={filler}", "bs=4k", check=False)
    try:
        yield
    finally:
        server.sandbox.run("rm", filler)


@pytest.fixture
def user(small):
    """Who has mail there already."""
    name = f"u{len(small.users)}@example.org"
    small.add(name)
    check_next(small, name)
    return name


def refused(server, user):
    before = letters(server, user)
    [reply] = server.deliver(MESSAGE, user)
    assert reply.code in (451, 452), reply
    with server.imap(user) as client:
        response = client.append("INBOX", MESSAGE)
        assert response.status == "NO" and "/" not in response.text
    assert letters(server, user) == before


def test_while_mail_comes(small, server, user, keys):
    assert set_key(server, user, keys.alice) == 0
    check_next(small, user, keys.alice)
    with full(server):
        refused(server, user)
    check_next(small, user, keys.alice)


def test_while_a_certificate_is_set(small, server, user, keys):
    """It is in the dict, and counts, also if nothing else could be written."""
    with full(server):
        assert set_key(server, user, keys.alice) == 0
        refused(server, user)
    check_next(small, user, keys.alice)
    # and from now on the store knows
    assert server.state_files(user)
    small.sql("DELETE FROM mail_seal_keys WHERE username = $1", user)
    [reply] = server.deliver(MESSAGE, user)
    assert reply.code == 451


def test_while_one_is_withdrawn(small, server, user, keys):
    assert set_key(server, user, keys.alice) == 0
    check_next(small, user, keys.alice)
    with full(server):
        done = server.doveadm("seal", "key", "unset", "-u", user, check=False)
        assert done.returncode in (0, seal_key.TEMPORARY)
    server.doveadm("seal", "key", "unset", "-u", user)
    check_next(small, user)


def test_while_the_owner_offers_one(small, server, user, gnupg):
    """There is no room for its code: nothing waits, and he can do it again."""
    key = gnupg.generate(user)
    with full(server), server.imap(user) as client:
        response = enrolment.set_entry(client, "keys", key.certificate)
        assert response.status == "NO" and "/" not in response.text
        assert not enrolment.pending(client)
    check_next(small, user)
    with server.imap(user) as client:
        assert enrolment.set_entry(client, "keys", key.certificate).ok
        [[code, *_]] = enrolment.challenges(server, user, key)
        with full(server):
            assert enrolment.give(client, code).ok
    check_next(small, user, key)


def test_while_mail_of_before_is_sealed(small, server, user, keys):
    for _ in range(3):
        check_next(small, user)
    assert set_key(server, user, keys.alice) == 0
    before = letters(server, user)
    with full(server):
        server.doveadm("seal", "encrypt", "-u", user, "all", check=False)
        assert len(letters(server, user)) == len(before)
    server.doveadm("seal", "encrypt", "-u", user, "all")
    after = letters(server, user)
    assert len(after) == len(before) and all(map(mail.is_sealed, after))


def test_while_something_is_to_be_told(small, server, user, gnupg):
    """He is told when there is room, once."""
    key = gnupg.generate(user, expires="5d")
    assert set_key(server, user, key) == 0
    check_next(small, user, key)
    with full(server):
        server.doveadm("seal", "key", "notify", "-u", user, check=False)
    for _ in range(2):
        server.doveadm("seal", "key", "notify", "-u", user)
    told = [notice for notice in notices.of(server, user, key) if "expire" in notice.subject]
    assert len(told) == 1
