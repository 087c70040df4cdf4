"""What owners are told they are told once, whoever asks and wherever."""

import threading

import pytest

import notices
from enrolled import check_next, set_key
from provider import Provider
from sandbox import wait_until


@pytest.fixture(scope="module")
def provider():
    with Provider(["nobody@example.org"], postfix=False) as provider:
        yield provider


@pytest.fixture(scope="module")
def everybody_everywhere():
    """Back ends where -A is all users, as most are configured; homes are shared."""
    with Provider(["nobody@example.org"], postfix=False, own_users=False) as provider:
        yield provider


def expiring(provider, gnupg, names, shared):
    """Users whose certificate expires soon, and who haven't been told yet."""
    keys = {}
    for number, name in enumerate(names):
        user = f"{name}@example.org"
        provider.add(user, number=number % len(provider.backends))
        if shared:
            provider.share(user)
        keys[user] = gnupg.generate(user, expires="5d")
        set_key(provider.proxy, user, keys[user])
        check_next(provider, user, keys[user])
    return keys


def expiry_notices(provider, user, key):
    return [notice for notice in notices.of(provider, user, key) if "expire" in notice.subject]


def at_once(*calls):
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_simultaneous_runs_on_shared_storage(everybody_everywhere, gnupg):
    provider = everybody_everywhere
    keys = expiring(provider, gnupg, [f"shared{number}" for number in range(6)], shared=True)
    at_once(*(lambda backend=backend: backend.doveadm("seal", "key", "notify", "-A")
              for backend in provider.backends))
    for user, key in keys.items():
        assert len(expiry_notices(provider, user, key)) == 1, user
    provider.proxy.doveadm("seal", "key", "notify", "-A")
    for user, key in keys.items():
        assert len(expiry_notices(provider, user, key)) == 1, user


def test_simultaneous_runs_of_those_who_belong_there(provider, gnupg):
    """Own storage: each back end tells its own users, and nobody has mail elsewhere."""
    keys = expiring(provider, gnupg, [f"own{number}" for number in range(6)], shared=False)
    at_once(*(lambda backend=backend: backend.doveadm("seal", "key", "notify", "-A")
              for backend in provider.backends))
    for user, key in keys.items():
        assert len(expiry_notices(provider, user, key)) == 1, user
        homes = [backend for backend in provider.backends if backend.home(user).exists()]
        assert homes == [provider.home_of(user)]


def test_through_the_proxy_from_everywhere(provider, gnupg):
    keys = expiring(provider, gnupg, [f"proxy{number}" for number in range(3)], shared=False)
    at_once(*(lambda: provider.proxy.doveadm("seal", "key", "notify", "-A") for _ in range(2)))
    for user, key in keys.items():
        assert wait_until(lambda user=user, key=key: expiry_notices(provider, user, key))
        assert len(expiry_notices(provider, user, key)) == 1, user
