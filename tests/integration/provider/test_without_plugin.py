"""One back end has no mail_seal, or another version: it is found, and so is what it has stored."""

import tempfile
from pathlib import Path

import pytest

import mail
from another_build import AnotherBuild
from doctor import Doctor
from enrolled import MESSAGE, check_next, deliver, letters, set_key
from provider import PLUGIN, Provider
from sandbox import wait_until

ALICE, BOB, CAROL = USERS = [f"{name}@example.org" for name in ("alice", "bob", "carol")]
WITHOUT = ANOTHER = 2


@pytest.fixture(scope="module")
def provider(keys):
    """carol belongs to the one without."""
    with Provider(USERS, postfix=False, modules={WITHOUT: None}) as provider:
        for user, key in ((ALICE, keys.alice), (BOB, keys.bob)):
            set_key(provider.proxy, user, key)
        yield provider


@pytest.mark.parametrize("command", [("key", "list"), ("key", "check"), ("key", "notify"),
                                     ("status", "-t"), ("key", "show")],
                         ids=lambda command: " ".join(command))
def test_commands_for_all_find_it(provider, command):
    done = provider.proxy.doveadm("seal", *command, "-A", check=False)
    assert done.returncode != 0
    errors = done.stderr.decode()
    assert f"remote({provider.addresses[WITHOUT]}:24245)" in errors and "unknown command" in errors
    for number in set(range(3)) - {WITHOUT}:
        assert f"remote({provider.addresses[number]}" not in errors


def test_doctor_there(provider):
    """It can't be asked, which monitoring sees; the others have nothing to complain about."""
    for number, backend in enumerate(provider.backends):
        done = backend.doveadm("seal", "doctor", check=False)
        if number == WITHOUT:
            assert done.returncode not in (0, 1) and done.stdout == b""
        else:
            check_doctor(backend)


def check_doctor(instance):
    """Whatever it says of the machine that the tests run on."""
    doctor = Doctor(instance)
    assert doctor.of("plugin") and doctor.of("build")
    assert not doctor.bad() & {"plugin", "build", "dovecot", "sessions"}, doctor.findings


def test_counted_by_dovecot(provider):
    """What the alert MailSealServerWithoutPlugin compares: deliveries, and messages by us."""
    before = [counted(backend) for backend in provider.backends]
    for user in USERS:
        assert {reply.code for reply in deliver(provider.proxy, user)} == {250}
    for number, backend in enumerate(provider.backends):
        expected = (1, 0 if number == WITHOUT else 1)
        # a process tells of it when it has answered
        assert wait_until(lambda number=number, backend=backend, expected=expected: tuple(
            now - then for now, then in zip(counted(backend), before[number])) == expected)


def counted(backend):
    found = backend.metrics()
    return found["dovecot_mail_deliveries_total"], found["dovecot_mail_seal_total"]


def test_enrolling_there_fails(provider, keys):
    done = provider.proxy.doveadm("seal", "key", "set", "-u", CAROL, "-f", "-", check=False,
                                  input=keys.carol.certificate)
    assert done.returncode != 0


def metrics(instance, *options):
    lines = instance.doveadm("seal", "metrics", *options).stdout.decode().splitlines()
    return {name: value for name, _, value in
            (line.rpartition(" ") for line in lines if not line.startswith("#"))}


def test_plaintext_of_an_owner_is_seen(provider, keys):
    """He is there for a while, by mistake: on shared storage, and with his mail moved back."""
    provider.share(ALICE)
    set_key(provider.proxy, ALICE, keys.alice)
    check_next(provider, ALICE, keys.alice)
    for user, number in ((ALICE, 0), (BOB, 1)):
        home = provider.backends[number]
        assert metrics(home, "-u", user, "--plaintext")["mail_seal_plaintext_messages"] == "0"
        if user == BOB:
            # two inboxes that know nothing of each other 2.3 never makes one (dsync swaps their
            # GUIDs each time), with us or without
            home.dsync("backup", user, provider.backends[WITHOUT])
        provider.move(user, WITHOUT)
        [reply] = deliver(provider.proxy, user)
        assert reply.code == 250
        mail.check_unchanged(letters(provider, user)[-1], MESSAGE)
        if user == BOB:
            provider.backends[WITHOUT].dsync("sync", user, home)
        provider.move(user, number)
        found = metrics(home, "-u", user, "--plaintext")
        assert found["mail_seal_plaintext_messages"] == "1"
        assert found["mail_seal_plaintext_owners"] == "1"
        [row] = provider.proxy.doveadm_rows("seal", "status", "-t", "-u", user)
        assert row["plaintext"] == 1
        # and is mended
        provider.proxy.doveadm("seal", "encrypt", "-u", user, "all")
        found = metrics(home, "-u", user, "--plaintext")
        assert found["mail_seal_plaintext_messages"] == "0"
        check_next(provider, user, keys.alice if user == ALICE else keys.bob)


def test_installed_later(gnupg):
    """Who was enrolled elsewhere meanwhile: his plaintext is seen as soon as it can be."""
    owners, other = ("erin@example.org", "frank@example.org"), "grace@example.org"
    with Provider([*owners, other], backends=2, postfix=False, modules={0: None}) as provider:
        late, equipped = provider.backends
        keys = {owner: gnupg.generate(owner) for owner in owners}
        for owner, key in keys.items():
            set_key(equipped, owner, key)
        for user in provider.users:
            provider.move(user, 0)
            with provider.imap(user) as client:
                assert client.append("Drafts", MESSAGE).ok
            assert [reply.code for reply in deliver(provider.proxy, user)] == [250]
            mail.check_unchanged(provider.message(user), MESSAGE)
        late.install(PLUGIN)
        check_doctor(late)
        found = metrics(late, "--plaintext")
        assert (found["mail_seal_plaintext_messages"], found["mail_seal_plaintext_owners"]) == (
            "4", "2")
        provider.proxy.doveadm("seal", "encrypt", "-A", "all")
        assert metrics(late, "--plaintext")["mail_seal_plaintext_messages"] == "0"
        for owner, key in keys.items():
            [draft] = provider.messages(owner, "Drafts")
            mail.check_sealed(draft, MESSAGE, None, key, delivered=False)
            check_next(provider, owner, key)
        check_next(provider, other)


def test_doctor_on_the_proxy(provider):
    """Nothing is wrong with it for storing no mail; whose doctor to ask it says."""
    doctor = Doctor(provider.proxy)
    assert doctor.result("proxy") == "ok"
    assert doctor.of("plugin") == [("ok", "Protocol doveadm has mail_seal.")]
    doctor = Doctor(provider.proxy, "-A")
    assert doctor.status == 0
    assert {(finding["username"], finding["check"]) for finding in doctor.findings} == {
        (user, "proxy") for user in USERS}
    for user in USERS:
        assert any(provider.home_of(user).address in finding["finding"]
                   for finding in doctor.findings if finding["username"] == user)
    doctor = Doctor(provider.backends[0])
    assert doctor.of("proxy") == [] and len(doctor.of("plugin")) == 4


def test_metrics_on_the_proxy(provider):
    """Its users are counted where they are, and there only."""
    counted = metrics(provider.proxy)
    assert {value for name, value in counted.items() if name.startswith("mail_seal_owners")} \
        == {"0"}
    assert metrics(provider.backends[0])['mail_seal_owners{state="active"}'] == "1"


@pytest.fixture(scope="module")
def mixed(keys):
    """The last back end has another version."""
    # unlike pytest's own folders one that everybody can get to, as its helper runs as the user
    with tempfile.TemporaryDirectory(prefix="mail-seal-another-") as name:
        Path(name).chmod(0o755)
        build = AnotherBuild(Path(name))
        with Provider(USERS, postfix=False, modules={ANOTHER: build.modules}) as provider:
            set_key(provider.proxy, ALICE, keys.alice)
            provider.share(ALICE)
            yield provider


def versions(provider):
    return [next(name for name in metrics(backend) if name.startswith("mail_seal_info"))
            for backend in provider.backends]


def test_another_version_is_found(mixed):
    """By its metrics; the doctor has nothing against it, nor have commands for all."""
    found = versions(mixed)
    assert found[0] == found[1] != found[ANOTHER]
    for backend in mixed.backends:
        check_doctor(backend)
    for command in (("key", "list"), ("status", "-t")):
        rows = mixed.proxy.doveadm_rows("seal", *command, "-A")
        assert {row["username"] for row in rows} - {"TOTAL"} == set(USERS)


def test_another_version_seals(mixed, keys):
    """As the others do, and with what they remember."""
    for number in (ANOTHER, 0, ANOTHER):
        mixed.move(ALICE, number)
        check_next(mixed, ALICE, keys.alice)
        with mixed.imap(ALICE) as client:
            assert client.append("Drafts", MESSAGE).ok
    for stored in mixed.messages(ALICE, "Drafts"):
        mail.check_sealed(stored, MESSAGE, None, keys.alice, delivered=False)
    assert metrics(mixed.backends[ANOTHER], "-u", ALICE, "--plaintext")[
        "mail_seal_plaintext_messages"] == "0"


def test_another_version_refuses(mixed, keys):
    """What it can't seal: without the dict, and when the certificate has gone missing."""
    mixed.move(ALICE, ANOTHER)
    before = len(letters(mixed, ALICE))
    with mixed.dict_sql.stopped():
        assert [reply.code for reply in deliver(mixed.proxy, ALICE)] == [451]
    assert wait_until(lambda: [reply.code for reply in deliver(mixed.proxy, ALICE)] == [250])
    [[certificate]] = mixed.sql("SELECT certificate FROM mail_seal_keys WHERE username = $1", ALICE)
    mixed.sql("DELETE FROM mail_seal_keys WHERE username = $1", ALICE)
    for number in (ANOTHER, 0):
        mixed.move(ALICE, number)
        assert [reply.code for reply in deliver(mixed.proxy, ALICE)] == [451]
    mixed.sql("INSERT INTO mail_seal_keys VALUES ($1, $2)", ALICE, certificate)
    after = letters(mixed, ALICE)
    assert len(after) == before + 1 and all(map(mail.is_sealed, after))


def test_another_version_that_is_upgraded(mixed, keys):
    mixed.move(ALICE, ANOTHER)
    mixed.backends[ANOTHER].install(PLUGIN)
    assert len(set(versions(mixed))) == 1
    check_next(mixed, ALICE, keys.alice)
