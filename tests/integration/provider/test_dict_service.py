"""Dovecot's own part of the dict: its service's limits, and where its block stands (2.4)."""

import concurrent.futures

import mail
import pytest
from dovecot import dovecot_version
from enrolled import MESSAGE, check_next, deliver, letters, set_key
from provider import Provider
from sandbox import wait_until

USERS = [f"u{number}@example.org" for number in range(8)]
LIMITS = """
service dict {
  client_limit = 1
  process_limit = 2
}
"""


@pytest.fixture(scope="module", params=["sql", "redis"])
def few(request):
    """No more than two sessions can ask the dict at a time."""
    with Provider(USERS, dict=request.param, backends=1, postfix=False, more=LIMITS) as provider:
        provider.way = provider.dict_sql if request.param == "sql" else provider.dict_redis
        yield provider


def at_once(server, users):
    """Messages to all of these; the codes in their order."""
    with concurrent.futures.ThreadPoolExecutor(len(users)) as pool:
        return [reply.code for [reply] in pool.map(lambda user: deliver(server, user), users)]


def test_limits_of_the_dict_service(few, keys):
    """Who can't ask is refused or waits, and nobody's mail becomes plaintext."""
    [server] = few.backends
    enrolled = USERS[::2]
    for user in enrolled:
        assert wait_until(lambda user=user: server.doveadm(
            "seal", "key", "set", "--force", "-u", user, "-f", "-", check=False,
            input=keys.alice.certificate).returncode == 0)
    stored = dict.fromkeys(USERS, 0)
    with few.way.slow(0.5):
        for _ in range(2):
            codes = at_once(server, USERS)
            assert set(codes) <= {250, 451}
            for user, code in zip(USERS, codes):
                stored[user] += code == 250
    assert wait_until(lambda: [deliver(server, user)[0].code for user in USERS]
                      == [250] * len(USERS))
    for user in USERS:
        found = letters(server, user)
        assert len(found) >= stored[user] + 1
        for message in found:
            if user in enrolled:
                assert mail.is_sealed(message)
                assert keys.alice.fingerprint.encode() in message[:200]
            else:
                mail.check_unchanged(message, MESSAGE)


# Where METADATA has a dict of its own, Dovecot itself takes this one for it, and fails.
@pytest.mark.skipif(dovecot_version().startswith("2.3."), reason="2.3 has no such blocks")
def test_block_outside_of_all_others(keys):
    """As the example had it once."""
    with Provider(["nobody@example.org"], backends=2, postfix=False, metadata=False,
                  dict_outside=True) as provider:
        user = "outside@example.org"
        provider.add(user, number=0)
        provider.share(user)

        def everywhere(*keys):
            for number in range(2):
                provider.move(user, number)
                check_next(provider, user, *keys)
        everywhere()
        set_key(provider.backends[0], user, keys.alice, "--force")
        everywhere(keys.alice)
        set_key(provider.backends[1], user, keys.bob, "--force")
        everywhere(keys.bob)
        provider.sql("DELETE FROM mail_seal_keys WHERE username = $1", user)
        [reply] = deliver(provider.proxy, user)
        assert reply.code == 451
        set_key(provider.backends[1], user, keys.bob, "--force")
        provider.backends[0].doveadm("seal", "key", "unset", "-u", user)
        everywhere()
