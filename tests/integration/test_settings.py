"""What settings and key files of every allowed kind do."""

import pytest

import mail
from dovecot import Dovecot, User

MESSAGE = mail.text(b"0123456789abcdef\r\n" * 10_000)


@pytest.fixture(scope="module")
def recovery(gnupg):
    """An organisation's key that everything is also sealed to."""
    return gnupg.generate("recovery@example.org")


@pytest.fixture(scope="module")
def weak(gnupg):
    return gnupg.generate("weak-but-allowed@example.org", "rsa1024", "rsa1024")


@pytest.fixture(scope="module")
def expected(keys, recovery, weak):
    """The keys that each user's mail must be sealed to."""
    return {
        "armored": [keys.alice],
        "binary": [keys.alice],
        "rsa": [keys.bob],
        "two": [keys.alice, keys.bob],
        "two-binary": [keys.alice, keys.bob],
        "extra": [keys.alice, recovery],
        "weak": [weak],
        "squeezed": [keys.alice],
        "elsewhere": [keys.carol],
    }


@pytest.fixture(scope="module")
def server(gnupg, keys, recovery, weak, tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    recovery_file = folder / "recovery.asc"
    recovery_file.write_bytes(recovery.certificate)
    for parent in (folder, *folder.parents):
        parent.chmod(parent.stat().st_mode | 0o555)
    both = [key.fingerprint for key in (keys.alice, keys.bob)]
    users = [
        User("armored", b"A comment before the armor.\n\n" + keys.alice.certificate),
        User("binary", gnupg.export(keys.alice.fingerprint, armor=False)),
        User("rsa", keys.bob.certificate),
        User("two", keys.alice.certificate + keys.bob.certificate),
        User("two-binary", b"".join(gnupg.export(f, armor=False) for f in both)),
        User("extra", keys.alice.certificate, {"mail_seal_extra_keys": str(recovery_file)}),
        User("weak", weak.certificate, {"mail_seal_min_rsa_bits": "1024"}),
        User("squeezed", keys.alice.certificate, {"mail_seal_compress": "yes"}),
        User("elsewhere", keys.alice.certificate, {"mail_seal_keys": "file:%h/other-key"}),
        User("keyless-extra", settings={"mail_seal_extra_keys": str(recovery_file)}),
    ]
    with Dovecot(users) as dovecot:
        dovecot.give("elsewhere", "other-key", keys.carol.certificate)
        yield dovecot


@pytest.mark.parametrize("user", ["armored", "binary", "rsa", "two", "two-binary", "extra", "weak",
                                  "squeezed", "elsewhere"])
def test_sealed_to(server, gnupg, expected, user):
    server.empty(user)
    assert server.deliver(MESSAGE, user)[0].code == 250
    mail.check_sealed(server.message(user), MESSAGE, gnupg, *expected[user])


def test_extra_key_alone_seals_nothing(server):
    """Who has no key of their own could never read what only the organisation can."""
    server.empty("keyless-extra")
    assert server.deliver(MESSAGE, "keyless-extra")[0].code == 250
    mail.check_unchanged(server.message("keyless-extra"), MESSAGE)


def test_empty_keys_setting_leaves_users_alone(keys):
    with Dovecot([User("alice", keys.alice.certificate)], seal={"mail_seal_keys": ""}) as server:
        assert server.deliver(MESSAGE, "alice")[0].code == 250
        mail.check_unchanged(server.message("alice"), MESSAGE)


def test_compression(server):
    sizes = {}
    for user in ("armored", "squeezed"):
        server.empty(user)
        assert server.deliver(MESSAGE, user)[0].code == 250
        sizes[user] = len(server.message(user))
    assert sizes["armored"] > len(MESSAGE) > 10 * sizes["squeezed"]
