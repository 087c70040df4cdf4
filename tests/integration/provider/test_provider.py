"""The provider itself: what the other tests build on."""

import pytest

import mail
from provider import Provider

MESSAGE = mail.text(mail.CANARY + b"\r\n")
ALICE, BOB, CAROL = USERS = [f"{name}@example.org" for name in ("alice", "bob", "carol")]


@pytest.fixture(scope="module", params=["sql", "redis"])
def provider(request):
    with Provider(USERS, dict=request.param) as provider:
        yield provider


def set_key(instance, user, key):
    instance.doveadm("seal", "key", "set", "-u", user, "-f", "-", input=key.certificate)


def test_sealed_by_the_back_end_that_it_comes_to(provider, gnupg, keys):
    set_key(provider.proxy, ALICE, keys.alice)
    set_key(provider.proxy, BOB, keys.bob)
    provider.deliver(MESSAGE, *USERS)
    for user, key in ((ALICE, keys.alice), (BOB, keys.bob)):
        mail.check_sealed(provider.message(user), MESSAGE, gnupg, key)
        mail.check_sealed(provider.home_of(user).message(user), MESSAGE, gnupg, key)
    mail.check_unchanged(provider.message(CAROL), MESSAGE)
    provider.move(ALICE, 2)
    provider.deliver(MESSAGE, ALICE)
    assert provider.home_of(ALICE) == provider.backends[2]
    mail.check_sealed(provider.backends[2].message(ALICE), MESSAGE, gnupg, keys.alice)
