"""Back ends whose clocks are a minute off, one ahead and one behind.

Nothing is refused because of that, nothing of who has a certificate becomes plaintext, and what
is withdrawn is withdrawn everywhere.
"""

import contextlib
import itertools
import time

import pytest

import enrolment
import mail
import notices
from dovecot import VMAIL_UID
from enrolled import MESSAGE, check_next, deliver, letters, set_key
from provider import Provider

AHEAD, RIGHT, BEHIND = range(3)
CLOCKS = {AHEAD: 60, RIGHT: 0, BEHIND: -60}
# how a user goes from one to the other
WAYS = list(itertools.permutations((AHEAD, RIGHT, BEHIND)))
WITHDRAWN = "mail-seal: withdrawn "
YEAR = 365 * 24 * 3600


@pytest.fixture(scope="module")
def provider():
    with Provider(["nobody@example.org"], postfix=False, clocks=CLOCKS) as provider:
        yield provider


@pytest.fixture(scope="module")
def by_gpg():
    """One back end, which is behind, where gpg seals."""
    with Provider(["nobody@example.org"], postfix=False, backends=1, clocks={0: -60},
                  seal={"mail_seal_openpgp_engine": "gpg"}) as provider:
        yield provider


def new_user(provider, number=0, shared=False):
    user = f"u{len(provider.users)}@example.org"
    provider.add(user, number=number)
    if shared:
        provider.share(user)
    return user


def own_folder(provider, user):
    """His certificates are a file in his home, which dsync doesn't know."""
    provider.sql("UPDATE users SET seal_keys = 'file:HOME/.mail-seal/keys' WHERE username = $1",
                 user)


def check_everywhere(provider, user, *keys, order=(BEHIND, RIGHT, AHEAD)):
    for number in order:
        provider.move(user, number)
        check_next(provider, user, *keys)


def check_refused(provider, user):
    before = letters(provider, user)
    [reply] = deliver(provider.proxy, user)
    assert reply.code == 451, reply
    assert letters(provider, user) == before


def dsync(provider, user, source, target):
    provider.backends[source].doveadm(
        "backup", "-u", user, f"tcp:{provider.addresses[target]}:24245")
    provider.move(user, target)


def row(provider, user, value):
    """What the dict has, as a database that isn't what it was may have it."""
    provider.sql("DELETE FROM mail_seal_keys WHERE username = $1", user)
    if value:
        provider.sql("INSERT INTO mail_seal_keys VALUES ($1, $2)", user, value)


def dict_value(provider, user):
    [[value]] = provider.sql("SELECT certificate FROM mail_seal_keys WHERE username = $1", user)
    return value


def test_clocks_are_off(provider):
    times = [int(server.sandbox.run("date", "+%s").stdout) for server in provider.backends]
    assert times[AHEAD] - times[RIGHT] in range(55, 66)
    assert times[RIGHT] - times[BEHIND] in range(55, 66)


# What was made just now


@pytest.mark.parametrize("kind", ["OpenPGP", "X.509"])
def test_made_just_now(provider, gnupg, x509, kind):
    user = new_user(provider, BEHIND)
    key = gnupg.generate(user) if kind == "OpenPGP" else x509.generate(user)
    set_key(provider.proxy, user, key)
    check_everywhere(provider, user, key)
    [entry] = provider.backends[BEHIND].doveadm_rows("seal", "key", "list", "-u", user)
    assert entry["state"] in ("active", "expiring"), entry


def test_set_where_the_clock_is_ahead(provider, gnupg):
    """By whoever has it from a clock that is ahead, too: two minutes."""
    user = new_user(provider, AHEAD)
    made = gnupg.generate(user, time_options=ahead(60))
    key = gnupg.key(user, made.fingerprint, ahead(120))
    set_key(provider.proxy, user, key)
    check_everywhere(provider, user, key)


def ahead(seconds):
    return ("--faked-system-time", f"{int(time.time()) + seconds}!")


def test_new_subkey(provider, gnupg):
    """Whoever reads has it, and the newest is taken, as by gpg."""
    user = new_user(provider, BEHIND)
    old = gnupg.generate(user)
    set_key(provider.proxy, user, old)
    gnupg.gpg(*ahead(30), "--quick-add-key", old.fingerprint, "cv25519", "encr", "never")
    new = gnupg.key(user, old.fingerprint, ahead(60))
    set_key(provider.proxy, user, new)
    [reply] = deliver(provider.proxy, user)
    assert reply.code == 250
    sealed = mail.unseal(letters(provider, user)[-1])
    assert new.opener.decrypt(sealed.ciphertext).recipients == [new.encryption_ids[-1]]


def test_sealed_by_gpg(by_gpg, gnupg):
    user = new_user(by_gpg)
    key = gnupg.generate(user)
    set_key(by_gpg.proxy, user, key)
    check_next(by_gpg, user, key)


def test_in_a_gnupg_home(by_gpg, gnupg):
    user = new_user(by_gpg)
    check_next(by_gpg, user)
    key = gnupg.generate(user)
    [server] = by_gpg.backends
    home = server.home(user) / ".gnupg"
    home.mkdir(mode=0o700)
    gnupg.gpg("--homedir", home, "--import", stdin=key.certificate)
    server.sandbox.run("chown", "-R", f"{VMAIL_UID}:{VMAIL_UID}", home)
    by_gpg.sql("UPDATE users SET seal_keys = 'gnupg:HOME/.gnupg' WHERE username = $1", user)
    check_next(by_gpg, user, key)


def test_too_far_in_the_future(provider, gnupg):
    """That isn't how clocks differ."""
    user = new_user(provider, AHEAD)
    key = gnupg.generate(user, time_options=ahead(900))
    done = provider.proxy.doveadm("seal", "key", "set", "-u", user, "-f", "-", check=False,
                                  input=key.certificate)
    assert done.returncode != 0 and b"it is from the future" in done.stderr
    check_everywhere(provider, user)


def test_offered_by_the_owner(provider, gnupg):
    """The code is sealed to what was made just now; and given elsewhere."""
    for here, there, _ in WAYS:
        user = new_user(provider, here, shared=True)
        key = gnupg.generate(user)
        with provider.imap(user) as client:
            assert enrolment.set_entry(client, "keys", key.certificate).ok
        [[code, *_]] = enrolment.challenges(provider, user, key)
        provider.move(user, there)
        with provider.imap(user) as client:
            # again: it is the same
            assert enrolment.set_entry(client, "keys", key.certificate).ok
            assert len(enrolment.challenges(provider, user, key)) == 1
            assert enrolment.give(client, code).ok
            assert enrolment.set_entry(client, "keys", None).ok
        check_next(provider, user, key)
        code = enrolment.code(provider, user, key)
        provider.move(user, here)
        with provider.imap(user) as client:
            assert enrolment.give(client, code).ok
        check_everywhere(provider, user)


# One thing after the other


def old_key(gnupg, user, **options):
    """It isn't about when that was made."""
    return gnupg.generate(user, time_options=ahead(-3600), **options)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_one_after_the_other(provider, gnupg, way, shared):
    """Each on another back end, with nothing between, and then with mail between."""
    for between in (False, True):
        user = new_user(provider, way[0], shared)
        one, other = old_key(gnupg, user), old_key(gnupg, user)

        def step(number, *expected, key=None):
            provider.move(user, number)
            if key:
                set_key(provider.proxy, user, key)
            else:
                provider.proxy.doveadm("seal", "key", "unset", "-u", user)
            if between:
                check_everywhere(provider, user, *expected, order=way)

        step(way[0], one, key=one)
        step(way[1], other, key=other)
        step(way[2])
        step(way[0], one, key=one)
        step(way[1])
        step(way[2], other, key=other)
        check_everywhere(provider, user, other)
        step(way[0])
        check_everywhere(provider, user)


@pytest.mark.parametrize("way", WAYS)
def test_withdrawn_where_nobody_knows_him(provider, gnupg, way):
    """He has never been on the back end where he withdraws the second time."""
    user = new_user(provider, way[0])
    key = old_key(gnupg, user)
    set_key(provider.proxy, user, key)
    provider.proxy.doveadm("seal", "key", "unset", "-u", user)
    provider.move(user, way[1])
    set_key(provider.proxy, user, key)
    check_next(provider, user, key)
    provider.move(user, way[2])
    provider.proxy.doveadm("seal", "key", "unset", "-u", user)
    check_everywhere(provider, user)


@pytest.mark.parametrize("way", WAYS)
def test_old_withdrawal_is_over(provider, gnupg, way):
    """The database is one that lags: he has a certificate, it shows the withdrawal before it."""
    user = new_user(provider, way[0])
    key = old_key(gnupg, user)
    set_key(provider.proxy, user, key)
    provider.proxy.doveadm("seal", "key", "unset", "-u", user)
    withdrawn = dict_value(provider, user)
    assert withdrawn.startswith(WITHDRAWN)
    provider.move(user, way[1])
    set_key(provider.proxy, user, key)
    check_everywhere(provider, user, key)
    now = dict_value(provider, user)
    for value in (withdrawn, None):
        row(provider, user, value)
        for number in way:
            provider.move(user, number)
            check_refused(provider, user)
    row(provider, user, now)
    check_everywhere(provider, user, key)


def test_another_version_reads_it(provider, gnupg):
    """The head before a certificate is what those before it had in files."""
    user = new_user(provider, AHEAD)
    key = old_key(gnupg, user)
    set_key(provider.proxy, user, key)
    provider.proxy.doveadm("seal", "key", "unset", "-u", user)
    set_key(provider.proxy, user, key)
    value = dict_value(provider, user)
    head, end, certificate = value.partition("mail-seal: end\n")
    assert head.startswith("mail-seal: pending 1\n") and end
    assert certificate.startswith("-----BEGIN PGP PUBLIC KEY BLOCK-----")
    with provider.imap(user) as client:
        shown = enrolment.get_entry(client, "keys")
    assert shown.startswith(b"-----BEGIN PGP PUBLIC KEY BLOCK-----")


# A clock that was a year ahead, and was mended


def set_clock(server, seconds):
    """Dovecot's processes end themselves where it jumps."""
    server.stop()
    server.clock.set(seconds)
    server.start()


@contextlib.contextmanager
def far_ahead(provider):
    """The clock of the first back end; what it writes then stays as it is."""
    server = provider.backends[AHEAD]
    set_clock(server, YEAR)
    try:
        yield
    finally:
        set_clock(server, CLOCKS[AHEAD])
        server.sandbox.run("find", server.folder / "home", "-name", "*dovecot-mail-seal*",
                           "-exec", "touch", "-d", "+1 year", "{}", "+")


@pytest.mark.parametrize("way", WAYS)
def test_withdrawn_by_a_clock_far_ahead(provider, gnupg, way):
    """The withdrawals that follow count, for whoever has seen the word of then or not."""
    user = new_user(provider, way[0])
    key = old_key(gnupg, user)
    row(provider, user, f"{WITHDRAWN}{int(time.time()) + YEAR}")
    set_key(provider.proxy, user, key)
    check_everywhere(provider, user, key, order=way)
    for number in (*way[1:], way[0]):
        provider.move(user, number)
        provider.proxy.doveadm("seal", "key", "unset", "-u", user)
        check_everywhere(provider, user)
        set_key(provider.proxy, user, key)
        check_everywhere(provider, user, key, order=way)


def test_latest_withdrawal(provider, gnupg):
    """There is none later than this one, and certificates can follow it."""
    user = new_user(provider, RIGHT)
    key = old_key(gnupg, user)
    row(provider, user, f"{WITHDRAWN}253402300799")
    set_key(provider.proxy, user, key)
    check_next(provider, user, key)
    provider.proxy.doveadm("seal", "key", "unset", "-u", user)
    assert dict_value(provider, user) == f"{WITHDRAWN}253402300799"
    check_next(provider, user)


@pytest.mark.parametrize("way", WAYS)
def test_word_of_far_ahead_and_moved(provider, gnupg, way):
    """The back end that has learned of it remembers who was enrolled later elsewhere."""
    first, second, _ = way
    user = new_user(provider, first)
    key = old_key(gnupg, user)
    set_key(provider.proxy, user, key)
    check_next(provider, user, key)
    row(provider, user, f"{WITHDRAWN}{int(time.time()) + YEAR}")
    check_next(provider, user)
    own_folder(provider, user)
    dsync(provider, user, first, second)
    set_key(provider.proxy, user, key)
    check_next(provider, user, key)
    dsync(provider, user, second, first)
    check_refused(provider, user)


def test_set_where_the_clock_was_far_ahead(provider, gnupg):
    user = new_user(provider, AHEAD)
    key = old_key(gnupg, user)
    with far_ahead(provider):
        set_key(provider.proxy, user, key)
        check_next(provider, user, key)
    check_everywhere(provider, user, key)
    provider.move(user, BEHIND)
    provider.proxy.doveadm("seal", "key", "unset", "-u", user)
    check_everywhere(provider, user)


@pytest.mark.parametrize("right", [RIGHT, BEHIND])
def test_changed_after_far_ahead(provider, gnupg, right):
    """What was set then isn't brought back by each dsync, nor told as news."""
    user = new_user(provider, AHEAD)
    one, other = old_key(gnupg, user), old_key(gnupg, user)
    with far_ahead(provider):
        set_key(provider.proxy, user, one)
        check_next(provider, user, one)
        dsync(provider, user, AHEAD, right)
    check_next(provider, user, one)
    set_key(provider.proxy, user, other)
    check_next(provider, user, other)
    count = len(provider.messages(user))
    marks = [len(server.log()) for server in provider.backends]
    for source, target in ((right, AHEAD), (AHEAD, right), (right, AHEAD)):
        dsync(provider, user, source, target)
        check_next(provider, user, other)
        count += 1
        assert len(provider.messages(user)) == count
    for server, mark in zip(provider.backends, marks, strict=True):
        assert "mail_seal: Key set" not in server.log_since(mark)
    provider.proxy.doveadm("seal", "key", "unset", "-u", user)
    check_everywhere(provider, user)


# What is offered


def heads():
    """Such as are in front of certificates in a dict (pending-text.h), of a withdrawal to come."""
    head = (f"mail-seal: pending 1\nmail-seal: withdrawn={int(time.time()) + 290}\n"
            "mail-seal: end\n").encode()
    return [head, head + head, b"\xef\xbb\xbf" + head, head + b"\xef\xbb\xbf" + head]


@pytest.mark.parametrize("after", [False, True])
def test_head_in_what_is_set(provider, gnupg, after):
    """None of it is stored, also behind the one that a withdrawal leaves."""
    user = new_user(provider, RIGHT)
    key = old_key(gnupg, user)
    if after:
        set_key(provider.proxy, user, key)
        provider.proxy.doveadm("seal", "key", "unset", "-u", user)
    for head in heads():
        provider.move(user, RIGHT)
        provider.proxy.doveadm("seal", "key", "set", "-u", user, "-f", "-",
                               input=head + key.certificate)
        assert dict_value(provider, user).count("mail-seal: withdrawn=") == int(after)
        check_everywhere(provider, user, key)
        provider.move(user, BEHIND)
        provider.proxy.doveadm("seal", "key", "unset", "-u", user)
        check_everywhere(provider, user)
        after = True


def test_head_in_what_an_owner_offers(provider, gnupg):
    user = new_user(provider, RIGHT)
    key = old_key(gnupg, user)
    for head in heads():
        with provider.imap(user) as client:
            assert enrolment.set_entry(client, "keys", head + key.certificate).ok
            assert enrolment.give(client, enrolment.code(provider, user, key)).ok
            assert enrolment.get_entry(client, "keys") == key.certificate
        assert str(dict_value(provider, user)).count("withdrawn=") <= 1
        check_everywhere(provider, user, key)
        provider.move(user, BEHIND)
        provider.proxy.doveadm("seal", "key", "unset", "-u", user)
        check_everywhere(provider, user)
        provider.move(user, RIGHT)


# With his mail from one to the other


@pytest.mark.parametrize("way", WAYS)
def test_enrolled_again_and_moved(provider, gnupg, way):
    """The worst: the certificate stays behind with the home, and a withdrawal was before it."""
    first, second, third = way
    user = new_user(provider, first)
    own_folder(provider, user)
    key = old_key(gnupg, user)
    set_key(provider.proxy, user, key)
    check_next(provider, user, key)
    provider.proxy.doveadm("seal", "key", "unset", "-u", user)
    check_next(provider, user)
    dsync(provider, user, first, second)
    check_next(provider, user)
    set_key(provider.proxy, user, key)
    check_next(provider, user, key)
    for target in (third, first):
        dsync(provider, user, second, target)
        check_refused(provider, user)


@pytest.mark.parametrize("way", WAYS)
def test_withdrawn_and_moved(provider, gnupg, way):
    """He has withdrawn, on the one or the other; who knows him as he was before learns of it."""
    first, second, third = way
    user = new_user(provider, first)
    key = old_key(gnupg, user)
    set_key(provider.proxy, user, key)
    check_next(provider, user, key)
    dsync(provider, user, first, second)
    check_next(provider, user, key)
    provider.proxy.doveadm("seal", "key", "unset", "-u", user)
    check_next(provider, user)
    dsync(provider, user, second, third)
    check_next(provider, user)
    dsync(provider, user, third, first)
    check_everywhere(provider, user)


@pytest.mark.parametrize("way", WAYS)
def test_changed_before_he_came_back(provider, gnupg, way):
    """He is told once, and what the first back end knew isn't taken for what is new."""
    here, there, _ = way
    user = new_user(provider, here)
    one, other = old_key(gnupg, user), old_key(gnupg, user)
    set_key(provider.proxy, user, one)
    check_next(provider, user, one)
    dsync(provider, user, here, there)
    set_key(provider.proxy, user, other)
    check_next(provider, user, other)
    dsync(provider, user, there, here)
    count = len(provider.messages(user))
    mark = len(provider.backends[here].log())
    check_next(provider, user, other)
    assert "mail_seal: Key set" not in provider.backends[here].log_since(mark)
    assert len(provider.messages(user)) == count + 1
    assert provider.proxy.doveadm("seal", "key", "notify", "-u", user).stdout == b""


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_notices_once(provider, gnupg, way, shared):
    """Whichever back end is asked, and however he comes there."""
    user = new_user(provider, way[0], shared)
    key = old_key(gnupg, user, expires="5d")
    set_key(provider.proxy, user, key)
    check_next(provider, user, key)
    assert b"expires" in provider.proxy.doveadm("seal", "key", "notify", "-u", user).stdout
    for source, target in itertools.pairwise((*way, *way)):
        if shared:
            provider.move(user, target)
        else:
            dsync(provider, user, source, target)
        provider.proxy.doveadm("seal", "key", "notify", "-u", user)
        check_next(provider, user, key)
    told = [notice for notice in notices.of(provider, user, key) if "expire" in notice.subject]
    assert len(told) == 1


def test_message_in_an_open_session(provider, gnupg):
    """A session of before, on the back end that is behind."""
    user = new_user(provider, BEHIND)
    with provider.imap(user) as client:
        assert client.append("INBOX", MESSAGE).ok
        key = gnupg.generate(user)
        set_key(provider.backends[AHEAD], user, key)
        assert client.append("INBOX", MESSAGE).ok
    mail.check_sealed(letters(provider, user)[-1], MESSAGE, None, key, delivered=False)
