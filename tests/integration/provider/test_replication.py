"""Replication pairs, which only Dovecot 2.3 has: both sides seal, and nothing is sealed twice."""

import pytest

import mail
import notices
from databases import quoted
from dovecot import dovecot_version
from enrolled import MESSAGE, check_next, deliver, letters, set_key
from provider import Provider
from sandbox import wait_until

pytestmark = pytest.mark.skipif(not dovecot_version().startswith("2.3."),
                                reason="Dovecot 2.4 has no replication")
PORT = 24245
REPLICATION = """
service aggregator {
  fifo_listener replication-notify-fifo {
    mode = 0666
  }
  unix_listener replication-notify {
    mode = 0666
  }
}
service replicator {
  process_min_avail = 1
  unix_listener replicator-doveadm {
    mode = 0666
  }
}
replication_full_sync_interval = 1 hours
"""


@pytest.fixture(scope="module")
def provider():
    with Provider(["nobody@example.org"], backends=2, postfix=False,
                  plugins=("notify", "replication")) as provider:
        for number, backend in enumerate(provider.backends):
            other = provider.addresses[1 - number]
            backend.write_config(
                f"{REPLICATION}\nplugin {{\n  mail_replica = tcp:{other}:{PORT}\n}}\n")
            backend.restart()
        yield provider


@pytest.fixture
def user(provider):
    name = f"u{len(provider.users)}@example.org"
    provider.add(name, number=0)
    for backend in provider.backends:
        backend.doveadm("replicator", "add", name)
    return name


def has_mail(backend, user):
    """Not by IMAP, which makes an inbox where there is none: another one than that which comes,
    and 2.3's dsync never makes them one."""
    maildir = backend.home(user) / "Maildir"
    return any(file for folder in ("new", "cur") for file in (maildir / folder).glob("*"))


def wait_until_equal(provider, user):
    """Both sides have the same mail, and neither is at work."""
    def equal():
        if not all(has_mail(backend, user) for backend in provider.backends):
            return False
        here, there = (backend.messages(user) for backend in provider.backends)
        return here and sorted(here) == sorted(there)
    assert wait_until(equal, 120, 0.5), [len(b.messages(user)) for b in provider.backends]


def test_sealed_where_it_arrives(provider, keys, user):
    set_key(provider.proxy, user, keys.alice, "--force")
    check_next(provider, user, keys.alice)
    wait_until_equal(provider, user)
    provider.move(user, 1)
    check_next(provider, user, keys.alice)
    wait_until_equal(provider, user)
    for backend in provider.backends:
        found = letters(backend, user)
        assert len(found) == 2
        for stored in found:
            mail.check_sealed(stored, MESSAGE, None, keys.alice)
        assert len([stored for stored in backend.messages(user)
                    if notices.is_notice(stored)]) == 1


def test_what_is_lost_is_missed_on_both(provider, keys, user):
    set_key(provider.proxy, user, keys.alice, "--force")
    check_next(provider, user, keys.alice)
    wait_until_equal(provider, user)
    assert wait_until(lambda: provider.backends[1].state_files(user))
    provider.sql(f"DELETE FROM mail_seal_keys WHERE username = {quoted(user)}")
    for number in (0, 1):
        provider.move(user, number)
        [reply] = deliver(provider.proxy, user)
        assert reply.code == 451


def test_told_on_one_is_told(provider, gnupg, user):
    """The first synchronisation takes along what he was told."""
    key = gnupg.generate(user, expires="5d")
    set_key(provider.backends[0], user, key)
    assert b"expires" in provider.backends[0].doveadm("seal", "key", "notify", "-u", user).stdout
    wait_until_equal(provider, user)
    provider.backends[0].dsync("sync", user, provider.backends[1])
    assert provider.backends[1].doveadm("seal", "key", "notify", "-u", user).stdout == b""


def test_encrypted_on_one(provider, keys, user):
    """What was plaintext is sealed on one side, and gone from both."""
    check_next(provider, user)
    wait_until_equal(provider, user)
    set_key(provider.proxy, user, keys.alice, "--force")
    provider.proxy.doveadm("seal", "encrypt", "-u", user, "all")

    def sealed():
        return all([mail.is_sealed(stored) for stored in letters(backend, user)] == [True]
                   for backend in provider.backends)
    assert wait_until(sealed, 120, 0.5), [letters(b, user) for b in provider.backends]
