"""What is done on one back end counts on all, from the next message on."""

import pytest

import enrolment
import mail
from enrolled import MESSAGE, check_next, deliver, letters, set_key
from provider import Provider

ALICE = "alice@example.org"


@pytest.fixture(scope="module", params=["sql", "redis"])
def provider(request):
    with Provider([ALICE], dict=request.param, postfix=False) as provider:
        yield provider


@pytest.fixture(scope="module")
def keys(each_kind):
    return each_kind


@pytest.fixture
def user(provider, request):
    """One of this test's own, whose home is on all back ends."""
    name = f"u{len(provider.users)}@example.org"
    provider.add(name, number=0)
    provider.share(name)
    return name


@pytest.fixture
def key(gnupg, x509, keys, user):
    """A certificate that is this user's."""
    return new_key(gnupg, x509, keys, user)


def new_key(gnupg, x509, keys, user):
    is_openpgp = b"PGP" in keys.alice.certificate
    return gnupg.generate(user) if is_openpgp else x509.generate(user, "ec:P-256")


def check_everywhere(provider, user, *keys):
    """Each back end, one after the other, has the user's next message."""
    for number in range(len(provider.backends)):
        provider.move(user, number)
        check_next(provider, user, *keys)


def test_set_changed_withdrawn(provider, gnupg, x509, keys, user, key):
    other = new_key(gnupg, x509, keys, user)
    check_everywhere(provider, user)
    set_key(provider.backends[1], user, key)
    check_everywhere(provider, user, key)
    set_key(provider.backends[2], user, other)
    check_everywhere(provider, user, other)
    provider.backends[0].doveadm("seal", "key", "unset", "-u", user)
    check_everywhere(provider, user)


def test_sessions_that_are_open(provider, user, key):
    """On all back ends, before it happens: the next APPEND is sealed."""
    sessions = [backend.imap(user) for backend in provider.backends]
    for session in sessions:
        assert session.append("INBOX", MESSAGE).ok
    count = len(letters(provider, user))
    set_key(provider.backends[1], user, key)
    for session in sessions:
        assert session.append("INBOX", MESSAGE).ok
        session.close()
    for stored in letters(provider, user)[count:]:
        mail.check_sealed(stored, MESSAGE, None, key, delivered=False)
    assert len(letters(provider, user)) == 2 * count


def test_own_storage(provider, gnupg, x509, keys):
    """Back ends that share nothing but the dict."""
    users = [f"own{len(provider.users) + number}@example.org" for number in range(3)]
    for number, user in enumerate(users):
        provider.add(user, number=number)
        key = new_key(gnupg, x509, keys, user)
        set_key(provider.proxy, user, key)
        for elsewhere in ((number + 1) % 3, (number + 2) % 3, number):
            provider.move(user, elsewhere)
            check_next(provider, user, key)
        provider.proxy.doveadm("seal", "key", "unset", "-u", user)
        for elsewhere in ((number + 1) % 3, (number + 2) % 3, number):
            provider.move(user, elsewhere)
            check_next(provider, user)


def test_owner_offers_and_confirms_elsewhere(provider, user, key):
    """The challenge is in his INBOX once; he is moved, and gives the code on another back end."""
    with provider.imap(user) as client:
        assert enrolment.set_entry(client, "keys", key.certificate).ok
    check_everywhere(provider, user)
    challenges = enrolment.challenges(provider, user, key)
    assert len(challenges) == 1
    provider.move(user, 2)
    with provider.imap(user) as client:
        assert enrolment.pending(client)
        assert enrolment.give(client, challenges[0][0]).ok
    check_everywhere(provider, user, key)
    # it is used up, everywhere
    for number in range(3):
        provider.move(user, number)
        with provider.imap(user) as client:
            assert not enrolment.pending(client)
            assert not enrolment.give(client, challenges[0][0]).ok
    # and he withdraws: the code of the key that he has
    with provider.imap(user) as client:
        assert enrolment.set_entry(client, "keys", None).ok
    code = enrolment.code(provider, user, key)
    provider.move(user, 1)
    with provider.imap(user) as client:
        assert enrolment.give(client, code).ok
    check_everywhere(provider, user)


def test_code_as_subject_elsewhere(provider, user, key):
    with provider.imap(user) as client:
        assert enrolment.set_entry(client, "keys", key.certificate).ok
    code = enrolment.code(provider, user, key)
    provider.move(user, 1)
    [reply] = deliver(provider.proxy, user, message=mail.text(b"Yes.\r\n", code))
    assert reply.code == 250
    check_everywhere(provider, user, key)


def test_administrator_confirms_through_the_proxy(provider, user, key):
    with provider.imap(user) as client:
        assert enrolment.set_entry(client, "keys", key.certificate).ok
    code = enrolment.code(provider, user, key)
    provider.move(user, 2)
    assert len(provider.proxy.doveadm_rows("seal", "key", "pending", "-u", user)) == 1
    provider.proxy.doveadm("seal", "key", "confirm", "-u", user, code)
    check_everywhere(provider, user, key)


def test_rejected_elsewhere(provider, user, key):
    with provider.imap(user) as client:
        assert enrolment.set_entry(client, "keys", key.certificate).ok
    code = enrolment.code(provider, user, key)
    provider.move(user, 1)
    provider.proxy.doveadm("seal", "key", "reject", "-u", user)
    provider.move(user, 0)
    with provider.imap(user) as client:
        assert not enrolment.give(client, code).ok
    check_everywhere(provider, user)
