"""A back end that is killed while certificates in the dict are changed, at each request to it."""

import contextlib
import itertools
import os
import signal
import subprocess
import threading

import mail
import pytest
from enrolment import code, give, pending, set_entry
from provider import Provider
from sandbox import wait_until

MESSAGE = mail.text(mail.CANARY + b"\r\n")
ALICE, BOB, CAROL = USERS = [f"{name}@example.org" for name in ("alice", "bob", "carol")]
# requests to the database after which it is killed
MOMENTS = range(1, 9, 2)


@pytest.fixture(scope="module", params=["sql", "redis"])
def provider(request):
    with Provider(USERS, dict=request.param, backends=1, postfix=False) as provider:
        provider.way = provider.dict_sql if request.param == "sql" else provider.dict_redis
        yield provider


@pytest.fixture(autouse=True)
def no_crash_anywhere(provider):
    """But what was killed, and the proxy notices nothing."""
    yield
    assert provider.proxy.new_crashes() == []
    provider.backends[0].new_crashes()


def kill(server, word=""):
    for pid, line in server.sandbox.processes().items():
        if word in line and not line.startswith("nsenter"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def restart(server):
    """After all of it was killed."""
    def all_killed():
        kill(server)
        return not server.sandbox.processes()

    def answers():
        with contextlib.suppress(OSError), server.imap(ALICE) as client:
            return client.login.ok
        return False
    assert wait_until(all_killed)
    server.start()
    assert wait_until(answers)


def sealed_to(server, user):
    """What a message that comes now is sealed to: the beginning of its mark; never refused."""
    server.doveadm("expunge", "-u", user, "mailbox", "*", "all")
    assert wait_until(lambda: server.deliver(MESSAGE, user)[0].code == 250)
    stored = server.message(user)
    return stored.split(b"\r\n", 1)[0] if mail.is_sealed(stored) else None


def test_during_key_set(provider, keys):
    """It has the old one or the new one, and the next try succeeds."""
    [server] = provider.backends
    new = itertools.cycle([keys.bob, keys.alice])
    server.doveadm("seal", "key", "set", "--force", "-u", ALICE, "-f", "-",
                   input=keys.alice.certificate)
    for moment in MOMENTS:
        key = next(new)
        seen = provider.way.requests
        run = server.sandbox.start(
            "doveadm", "-c", server.folder / "dovecot.conf", "seal", "key", "set", "--force",
            "-u", ALICE, "-f", "-", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        run.stdin.write(key.certificate)
        run.stdin.close()
        wait_until(lambda: provider.way.requests >= seen + moment or run.poll() is not None,
                   interval=0.001)
        kill(server, "seal key set")
        run.wait(timeout=60)
        mark = sealed_to(server, ALICE)
        assert mark and any(one.fingerprint.encode() in mark for one in (keys.alice, keys.bob))
        server.doveadm("seal", "key", "set", "--force", "-u", ALICE, "-f", "-",
                       input=key.certificate)
        assert key.fingerprint.encode() in sealed_to(server, ALICE)


def give_and_be_killed(provider, server, user, text, moment):
    seen = provider.way.requests
    ended = threading.Event()

    def owner():
        with contextlib.suppress(OSError, AssertionError, IndexError, ValueError):
            with server.imap(user) as client:
                give(client, text)
        ended.set()
    thread = threading.Thread(target=owner)
    thread.start()
    wait_until(lambda: provider.way.requests >= seen + moment or ended.is_set(), interval=0.001)
    kill(server)
    thread.join(timeout=60)
    restart(server)


def test_during_a_code(provider, keys):
    """What the code is for is done, or it can be given again: nothing between."""
    [server] = provider.backends
    for moment in MOMENTS:
        server.doveadm("seal", "key", "unset", "-u", BOB, check=False)
        server.doveadm("expunge", "-u", BOB, "mailbox", "*", "all")
        with server.imap(BOB) as client:
            assert set_entry(client, "keys", keys.bob.certificate).ok
        text = code(server, BOB, keys.bob)
        give_and_be_killed(provider, server, BOB, text, moment)
        with server.imap(BOB) as client:
            if pending(client):
                assert give(client, text).ok
            assert not pending(client)
        assert keys.bob.fingerprint.encode() in sealed_to(server, BOB)


def test_during_encrypt(provider, keys):
    """Each message is sealed once, by whichever run."""
    [server] = provider.backends
    for moment in (1, 2, 3):
        server.doveadm("seal", "key", "unset", "-u", CAROL, check=False)
        server.doveadm("expunge", "-u", CAROL, "mailbox", "*", "all")
        for _ in range(5):
            assert server.deliver(MESSAGE, CAROL)[0].code == 250
        server.doveadm("seal", "key", "set", "--force", "-u", CAROL, "-f", "-",
                       input=keys.carol.certificate)
        seen = provider.way.requests
        run = server.sandbox.start(
            "doveadm", "-c", server.folder / "dovecot.conf", "seal", "encrypt", "-u", CAROL, "all",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: provider.way.requests >= seen + moment or run.poll() is not None,
                   interval=0.001)
        kill(server)
        run.wait(timeout=60)
        restart(server)
        server.doveadm("seal", "encrypt", "-u", CAROL, "all")
        # besides them, that she has a certificate now
        stored = [message for message in server.messages(CAROL)
                  if b"\r\nMessage-ID: <mail-seal." not in message]
        assert len(stored) == 5 and all(map(mail.is_sealed, stored))
