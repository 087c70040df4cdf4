"""What the dict's database can do to a back end: be slow, silent, full, behind, or too small.

Nothing is lost and nothing of who has a certificate becomes plaintext: 451, or NO with its
sentence. Users who have no dict notice nothing. When the database is well again, so is all.
"""

import concurrent.futures
import time

import databases
import mail
import pytest
import seal_key
from enrolment import set_entry
from provider import Provider
from sandbox import wait_until

MESSAGE = mail.text(mail.CANARY + b"\r\n")
ALICE, BOB, CAROL, DORA, NODICT = USERS = [
    f"{name}@example.org" for name in ("alice", "bob", "carol", "dora", "nodict")]
REFUSED = "Message not stored: encrypting it failed on the server, please try again later"
LOST = "it is no longer there"
SLOW = 5                             # seconds, a look-up
# Dovecot's dict-client.c waits 30 seconds for an answer, and asks once more.
SILENCE = 75


@pytest.fixture(scope="module", params=["sql", "redis"])
def provider(request):
    with Provider(USERS, dict=request.param, backends=1, postfix=False) as provider:
        provider.kind = request.param
        provider.sql("UPDATE users SET seal_keys = 'none' WHERE username = $1", NODICT)
        yield provider


@pytest.fixture
def server(provider, keys):
    """Alice has a certificate."""
    [server] = provider.backends
    for user in USERS:
        server.doveadm("seal", "key", "unset", "-u", user, check=False)
    set_key(server, ALICE, keys.alice)
    server.doveadm("expunge", "-A", "mailbox", "*", "all")
    return server


@pytest.fixture
def way(provider):
    """To the database"""
    return provider.dict_sql if provider.kind == "sql" else provider.dict_redis


def set_key(server, user, key):
    done = seal_key.set_key(server, user, key.certificate, "--force")
    assert done.returncode == 0, done.stderr


def deliver(server, user):
    """The reply, and the seconds until it came."""
    started = time.monotonic()
    [reply] = server.deliver(MESSAGE, user)
    return reply, time.monotonic() - started


def append(server, user):
    started = time.monotonic()
    with server.imap(user) as client:
        response = client.append("INBOX", MESSAGE)
    return response, time.monotonic() - started


def sealed(server, user, key):
    return all(mail.is_sealed(message) and key.fingerprint.encode() in message[:200]
               for message in server.messages(user)
               if b"\r\nMessage-ID: <mail-seal." not in message)


def is_well(server, key):
    """Everybody's mail comes, and alice's is sealed.

    Each process of the dict service has to find out that its connection is broken.
    """
    for user in (ALICE, CAROL, NODICT):
        assert wait_until(lambda: deliver(server, user)[0].code == 250)
    assert wait_until(lambda: append(server, ALICE)[0].ok)
    assert sealed(server, ALICE, key)


def test_slow(server, way, keys):
    """Mail waits and is stored."""
    is_well(server, keys.alice)
    before = len(server.messages(ALICE))
    with way.slow(SLOW):
        asked = way.requests
        reply, seconds = deliver(server, NODICT)
        assert reply.code == 250 and seconds < SLOW and way.requests == asked
        with concurrent.futures.ThreadPoolExecutor() as pool:
            others = pool.submit(deliver, server, CAROL)
            mine = pool.submit(append, server, ALICE)
            reply, seconds = deliver(server, ALICE)
            assert reply.code == 250 and seconds >= SLOW
            assert others.result()[0].code == 250
            assert mine.result()[0].ok
    assert len(server.messages(ALICE)) == before + 2
    is_well(server, keys.alice)


def refused(server):
    reply, _ = deliver(server, ALICE)
    assert reply.code == 451 and REFUSED in reply.text
    # nobody knows that she has none
    reply, _ = deliver(server, CAROL)
    assert reply.code == 451 and REFUSED in reply.text
    response, _ = append(server, ALICE)
    assert response.status == "NO" and REFUSED in response.text
    assert deliver(server, NODICT)[0].code == 250
    assert server.messages(ALICE) == server.messages(CAROL) == []


def test_stopped(server, way, keys):
    with way.stopped():
        refused(server)
        done = seal_key.set_key(server, BOB, keys.bob.certificate, "--force")
        assert done.returncode == seal_key.TEMPORARY
        with server.imap(BOB) as client:
            assert set_entry(client, "keys", keys.bob.certificate).status == "NO"
    is_well(server, keys.alice)
    assert deliver(server, BOB)[0].code == 250
    assert not mail.is_sealed(server.messages(BOB)[-1])


def test_silent(server, way, keys):
    with way.paused():
        with concurrent.futures.ThreadPoolExecutor() as pool:
            alice, carol = (pool.submit(deliver, server, user) for user in (ALICE, CAROL))
            appended = pool.submit(append, server, ALICE)
            reply, seconds = deliver(server, NODICT)
            assert reply.code == 250 and seconds < SILENCE / 2
            for waiting in (alice, carol):
                reply, seconds = waiting.result()
                assert reply.code == 451 and REFUSED in reply.text
                assert seconds < SILENCE
            response, seconds = appended.result()
            assert response.status == "NO" and REFUSED in response.text
            assert seconds < SILENCE
    assert server.messages(ALICE) == server.messages(CAROL) == []
    is_well(server, keys.alice)


class Full:
    """No room, or rights, for anything new: reading goes on."""

    RIGHTS = "INSERT, UPDATE, DELETE ON mail_seal_keys, mail_seal_pending"

    def __init__(self, provider):
        self._provider = provider

    def __enter__(self):
        if self._provider.kind == "sql":
            self._provider.sql(f"REVOKE {self.RIGHTS} FROM {databases.USER}")
        else:
            self._provider.redis("CONFIG", "SET", "maxmemory-policy", "noeviction")
            self._provider.redis("CONFIG", "SET", "maxmemory", "1")

    def __exit__(self, *_exc):
        if self._provider.kind == "sql":
            self._provider.sql(f"GRANT {self.RIGHTS} TO {databases.USER}")
        else:
            self._provider.redis("CONFIG", "SET", "maxmemory", "0")


def test_full(provider, server, keys):
    """Mail comes; certificates stay what they are, and who would change them is told."""
    with Full(provider):
        is_well(server, keys.alice)
        for user, key in ((ALICE, keys.carol), (BOB, keys.bob)):
            done = seal_key.set_key(server, user, key.certificate, "--force")
            assert done.returncode == seal_key.TEMPORARY, done.stderr
            with server.imap(user) as client:
                assert set_entry(client, "keys", key.certificate).status == "NO"
        done = server.doveadm("seal", "key", "unset", "-u", ALICE, check=False)
        assert done.returncode == seal_key.TEMPORARY
        is_well(server, keys.alice)
        assert deliver(server, BOB)[0].code == 250
        assert not mail.is_sealed(server.messages(BOB)[-1])
    is_well(server, keys.alice)
    set_key(server, BOB, keys.bob)
    assert deliver(server, BOB)[0].code == 250
    assert mail.is_sealed(server.messages(BOB)[-1])


class Behind:
    """A copy of the database as it is now, from which nothing that comes later can be seen."""

    ADDRESS = "127.0.0.40"

    def __init__(self, provider):
        self._provider = provider
        self._folder = provider.folder / "behind"
        if provider.kind == "sql":
            self._server = databases.PostgreSQL(self._folder, self.ADDRESS)
            for table in ("mail_seal_keys", "mail_seal_pending"):
                self._server.load(table, provider.sql(f"SELECT * FROM {table}"))
            self._way, self._port = provider.dict_sql, 5432
        else:
            self._server = databases.Redis(self._folder, self.ADDRESS)
            self._server.command("REPLICAOF", provider.redis_server.address, 6379)
            assert wait_until(lambda: b"master_link_status:up" in self._server.command(
                "INFO", "replication"))
            # its line to the master breaks: it answers with what it has, and takes nothing
            self._server.command("REPLICAOF", "127.0.0.99", 6379)
            self._way, self._port = provider.dict_redis, 6379
        self._master = self._way.target

    def close(self):
        self._server.close()

    def __enter__(self):
        self._way.lead_to((self.ADDRESS, self._port))

    def __exit__(self, *_exc):
        self._way.lead_to(self._master)


def refused_text(server, user):
    response, _ = append(server, user)
    assert response.status == "NO"
    return response.text


def test_replica_that_lags(provider, server, keys):
    """It has an older certificate, or none yet, or a withdrawal that is over."""
    set_key(server, DORA, keys.alice)
    server.doveadm("seal", "key", "unset", "-u", DORA)
    behind = Behind(provider)
    try:
        set_key(server, ALICE, keys.bob)
        for user in (BOB, DORA):
            set_key(server, user, keys.bob)
        server.doveadm("expunge", "-A", "mailbox", "*", "all")
        with behind:
            assert wait_until(lambda: deliver(server, ALICE)[0].code == 250)
            for user in (BOB, DORA):
                assert wait_until(lambda: LOST in deliver(server, user)[0].text)
                # by another process of the dict's, perhaps
                assert wait_until(lambda: LOST in refused_text(server, user))
                assert server.messages(user) == []
            assert wait_until(lambda: deliver(server, CAROL)[0].code == 250)
            # hers of before, never none
            assert sealed(server, ALICE, keys.alice)
        server.doveadm("expunge", "-A", "mailbox", "*", "all")
        is_well(server, keys.bob)
        for user in (BOB, DORA):
            assert wait_until(lambda: deliver(server, user)[0].code == 250)
            assert sealed(server, user, keys.bob)
    finally:
        behind.close()


def many(server, number):
    """Deliveries at once; the codes."""
    with concurrent.futures.ThreadPoolExecutor(number) as pool:
        return [reply.code for reply, _ in pool.map(lambda _: deliver(server, ALICE),
                                                    range(number))]


def test_no_more_connections(provider, server, way, keys):
    """Of the database: what gets none is refused, and comes again."""
    is_well(server, keys.alice)
    server.doveadm("expunge", "-A", "mailbox", "*", "all")
    if provider.kind == "sql":
        def limit(number):
            # the users' connections are the same role's, and stay
            provider.sql(f"ALTER ROLE {databases.USER} CONNECTION LIMIT {number}")
    else:
        def limit(number):
            number = 10000 if number == -1 else number + 1
            # one of these clients sets it
            assert wait_until(lambda: way.cut() or provider.redis(
                "CONFIG", "SET", "maxclients", number) == b"OK\n")
    limit(1)
    way.cut()
    try:
        codes = many(server, 12)
        assert set(codes) <= {250, 451}
        assert 451 in codes
        assert len(server.messages(ALICE)) == codes.count(250)
        assert sealed(server, ALICE, keys.alice)
    finally:
        limit(-1)
    assert wait_until(lambda: set(many(server, 12)) == {250})
    assert sealed(server, ALICE, keys.alice)
    is_well(server, keys.alice)
