"""A user moves to another back end: his mail store goes on knowing what it knew."""

import os

import pytest

import mail
import notices
from databases import quoted
from enrolled import MESSAGE, check_next, deliver, letters, set_key
from provider import Provider


@pytest.fixture(scope="module")
def provider(request):
    with Provider(["nobody@example.org"], postfix=False) as provider:
        yield provider


@pytest.fixture(scope="module")
def without_attributes():
    """Dovecot's own default: no place for METADATA."""
    with Provider(["nobody@example.org"], postfix=False, metadata=False) as provider:
        yield provider


@pytest.fixture(params=["provider", "without_attributes"])
def either(request):
    return request.getfixturevalue(request.param)


def new_user(provider, name, number=0):
    user = f"{name}@example.org"
    provider.add(user, number=number)
    return user


def dsync(provider, user, source, target, command="backup"):
    """Copy his mail from one back end to another, and make that his."""
    provider.backends[source].dsync(command, user, provider.backends[target])
    provider.move(user, target)


def forget_certificate(provider, user):
    """His row goes missing, and nobody has withdrawn it."""
    provider.sql(f"DELETE FROM mail_seal_keys WHERE username = {quoted(user)}")


def own_folder(provider, user):
    """His certificates are a file in his home, which dsync doesn't know."""
    provider.sql("UPDATE users SET seal_keys = 'file:HOME/.mail-seal/keys'"
                 " WHERE username = $1", user)


def check_refused(provider, user):
    before = letters(provider, user)
    [reply] = deliver(provider.proxy, user)
    assert reply.code == 451, reply
    assert letters(provider, user) == before


@pytest.mark.parametrize("command", ["backup", "sync"])
def test_what_is_lost_is_missed_there_too(either, keys, command):
    provider = either
    user = new_user(provider, f"lost-{command}")
    set_key(provider.proxy, user, keys.alice, "--force")
    check_next(provider, user, keys.alice)
    dsync(provider, user, 0, 1, command)
    forget_certificate(provider, user)
    check_refused(provider, user)
    set_key(provider.proxy, user, keys.alice, "--force")
    check_next(provider, user, keys.alice)


def test_enrolled_without_mail(provider, keys):
    """Only what goes along as an attribute tells of him."""
    user = new_user(provider, "no-mail")
    set_key(provider.proxy, user, keys.alice, "--force")
    provider.proxy.doveadm("expunge", "-u", user, "mailbox", "INBOX", "all")
    dsync(provider, user, 0, 1)
    forget_certificate(provider, user)
    check_refused(provider, user)


def test_state_goes_along(provider, gnupg):
    """Since when, to whom, and what he was told."""
    user = new_user(provider, "state")
    key = gnupg.generate(user, expires="5d")
    set_key(provider.proxy, user, key)
    check_next(provider, user, key)
    assert b"expires" in provider.proxy.doveadm("seal", "key", "notify", "-u", user).stdout
    [here] = provider.backends[0].state_files(user)
    dsync(provider, user, 0, 1)
    [there] = provider.backends[1].state_files(user)
    assert known(there) == known(here)
    assert provider.proxy.doveadm("seal", "key", "notify", "-u", user).stdout == b""
    check_next(provider, user, key)
    count = len([stored for stored in provider.messages(user) if notices.is_notice(stored)])
    # and back again
    dsync(provider, user, 1, 0)
    assert provider.proxy.doveadm("seal", "key", "notify", "-u", user).stdout == b""
    check_next(provider, user, key)
    assert count == len([stored for stored in provider.messages(user)
                         if notices.is_notice(stored)])


def known(state_file):
    """All but what the judge said, which each back end finds out for itself."""
    return [line for line in state_file.read_text().splitlines() if not line.startswith("facts")]


def test_changed_before_he_came_back(provider, keys):
    """What he is told of is the last change, not what an old state makes of it."""
    user = new_user(provider, "back")
    set_key(provider.proxy, user, keys.alice, "--force")
    check_next(provider, user, keys.alice)
    dsync(provider, user, 0, 1)
    set_key(provider.proxy, user, keys.bob, "--force")
    check_next(provider, user, keys.bob)
    dsync(provider, user, 1, 0)
    count = len(provider.messages(user))
    check_next(provider, user, keys.bob)
    assert len(provider.messages(user)) == count + 1
    assert provider.proxy.doveadm("seal", "key", "notify", "-u", user).stdout == b""


def test_withdrawn_before(either, keys):
    provider = either
    user = new_user(provider, "withdrawn")
    set_key(provider.proxy, user, keys.alice, "--force")
    check_next(provider, user, keys.alice)
    provider.proxy.doveadm("seal", "key", "unset", "-u", user)
    check_next(provider, user)
    dsync(provider, user, 0, 1)
    check_next(provider, user)
    assert not provider.backends[1].state_files(user)


def test_file_in_the_home(either, keys):
    """The worst: the certificate stays behind with the home."""
    provider = either
    user = new_user(provider, "file")
    own_folder(provider, user)
    set_key(provider.proxy, user, keys.alice, "--force")
    check_next(provider, user, keys.alice)
    dsync(provider, user, 0, 1)
    check_refused(provider, user)
    set_key(provider.proxy, user, keys.alice, "--force")
    check_next(provider, user, keys.alice)


def received_later(backend, user, seconds):
    """All messages of his inbox, as if this back end had been slow."""
    maildir = backend.home(user) / "Maildir"
    for file in [*maildir.glob("new/*"), *maildir.glob("cur/*")]:
        when = file.stat().st_mtime + seconds
        os.utime(file, (when, when))
    for cache in maildir.glob("dovecot.index.cache"):
        cache.unlink()


@pytest.mark.parametrize("late", [0, 2, 100])
def test_file_in_the_home_withdrawn(provider, keys, late):
    """What tells him of it is sealed, too, and saved after it, by some seconds or none."""
    user = new_user(provider, f"file-withdrawn-{late}")
    own_folder(provider, user)
    set_key(provider.proxy, user, keys.alice, "--force")
    provider.proxy.doveadm("mailbox", "create", "-u", user, "Archive")
    check_next(provider, user, keys.alice)
    provider.proxy.doveadm("copy", "-u", user, "Archive", "mailbox", "INBOX", "all")
    provider.proxy.doveadm("seal", "key", "unset", "-u", user)
    if late:
        received_later(provider.backends[0], user, late)
    dsync(provider, user, 0, 1)
    check_next(provider, user)


def test_never_enrolled(either):
    provider = either
    user = new_user(provider, "never")
    check_next(provider, user)
    dsync(provider, user, 0, 1)
    check_next(provider, user)
    assert not provider.backends[1].state_files(user)


def test_nothing_is_sealed_twice(provider, keys):
    user = new_user(provider, "twice")
    check_next(provider, user)
    set_key(provider.proxy, user, keys.alice, "--force")
    provider.proxy.doveadm("seal", "encrypt", "-u", user, "all")
    check_next(provider, user, keys.alice)
    before = provider.messages(user)
    dsync(provider, user, 0, 1)
    assert provider.messages(user) == before
    rows = provider.proxy.doveadm_rows("seal", "encrypt", "-u", user, "all")
    assert [(row["sealed"], row["failed"]) for row in rows] == [(0, 0)]
    assert provider.messages(user) == before
    for stored in letters(provider, user):
        mail.check_sealed(stored, MESSAGE, None, keys.alice)


def test_shared_storage(provider, keys):
    """His home is on all back ends, and so is his state."""
    user = new_user(provider, "shared")
    provider.share(user)
    set_key(provider.proxy, user, keys.alice, "--force")
    for number in (1, 2, 0):
        check_next(provider, user, keys.alice)
        provider.move(user, number)
    assert len(letters(provider, user)) == 3
    forget_certificate(provider, user)
    for number in (1, 2):
        provider.move(user, number)
        check_refused(provider, user)


def test_server_without_us(keys):
    """Nobody knows whether it has a place for it: it is sent the mail alone, and back again
    that says that he was enrolled."""
    with Provider(["nobody@example.org"], postfix=False, modules={1: None}) as provider:
        user = new_user(provider, "elsewhere")
        set_key(provider.proxy, user, keys.alice, "--force")
        check_next(provider, user, keys.alice)
        stored = provider.messages(user)
        dsync(provider, user, 0, 1)
        assert provider.messages(user) == stored
        dsync(provider, user, 1, 2)
        [state] = provider.backends[2].state_files(user)
        assert "enrolled " in state.read_text()
        assert provider.messages(user) == stored
        forget_certificate(provider, user)
        check_refused(provider, user)


def test_server_without_us_or_attributes(keys):
    """There, nothing is as it is by us."""
    with Provider(["nobody@example.org"], postfix=False, metadata=False,
                  modules={1: None}) as provider:
        user = new_user(provider, "elsewhere")
        set_key(provider.proxy, user, keys.alice, "--force")
        check_next(provider, user, keys.alice)
        stored = provider.messages(user)
        dsync(provider, user, 0, 1)
        assert provider.messages(user) == stored
        assert not [line for line in provider.backends[1].log().splitlines() if "Error" in line]
        dsync(provider, user, 1, 2)
        assert provider.messages(user) == stored
        forget_certificate(provider, user)
        check_refused(provider, user)
