"""One back end has no mail_seal, or another version: it is found, and so is what it has stored."""

import tempfile
from pathlib import Path

import pytest

import mail
from another_build import AnotherBuild
from dovecot import dovecot_version
from doctor import Doctor
from enrolled import MESSAGE, check_next, deliver, letters, set_key
from provider import Provider

ALICE, BOB, CAROL = USERS = [f"{name}@example.org" for name in ("alice", "bob", "carol")]
WITHOUT = 2


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
        provider.move(user, WITHOUT)
        [reply] = deliver(provider.proxy, user)
        assert reply.code == 250
        mail.check_unchanged(letters(provider, user)[-1], MESSAGE)
        if user == BOB:
            # two INBOXes that meet for the first time: Dovecot may ask for another run
            for check in (False, True):
                provider.backends[WITHOUT].doveadm(
                    "sync", "-u", user, f"tcp:{provider.addresses[number]}:24245", check=check)
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


@pytest.fixture
def folder():
    """Unlike pytest's own one that everybody can get to, as its helper runs as the user."""
    with tempfile.TemporaryDirectory(prefix="mail-seal-another-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(not dovecot_version().startswith("2.3."), reason="one build is enough")
def test_another_version(keys, folder):
    """It seals as the others do, and metrics tell it from them."""
    build = AnotherBuild(folder)
    with Provider(USERS, postfix=False, modules={WITHOUT: build.modules}) as provider:
        set_key(provider.proxy, ALICE, keys.alice)
        provider.share(ALICE)
        for number in (WITHOUT, 0, WITHOUT):
            provider.move(ALICE, number)
            check_next(provider, ALICE, keys.alice)
        rows = provider.proxy.doveadm_rows("seal", "key", "list", "-A")
        assert {row["username"] for row in rows} == set(USERS)
        versions = [next(name for name in metrics(backend) if name.startswith("mail_seal_info"))
                    for backend in provider.backends]
        assert versions[0] == versions[1] != versions[WITHOUT]
