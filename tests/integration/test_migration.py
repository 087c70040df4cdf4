"""From gpgit and encr-sent: the certificates in users' GnuPG homes are enrolled."""

import pytest

import mail
from dovecot import Dovecot, User
from sandbox import wait_until
from stored import snapshot

MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")


class Homes:
    """What is in the users' ~/.gnupg: {user: keys}; gpgit got USER@example.org."""

    def __init__(self, gnupg, keys):
        self.alice, self.bob = keys.alice, keys.bob
        self.twin = gnupg.generate("twins@example.org")
        self.twin2 = gnupg.generate("twins@example.org")
        self.good = {
            "alice": [keys.alice, gnupg.generate("malice@example.org"),
                      gnupg.generate("alice@example.org.example.com")],
            "bob": [keys.bob],
            "upper": [gnupg.generate("UPPER@Example.ORG")],
        }
        self.bad = {
            "twins": ([self.twin, self.twin2], "there are 2 certificates for twins@example.org"),
            "expired": ([gnupg.generate_expired("expired@example.org")], "it has expired"),
            "signing": ([gnupg.generate("signing@example.org", encryption=None)],
                        "it has no encryption subkey"),
            "keyboxd": ([keys.carol], "its keyring is kept by keyboxd"),
        }
        self.none = {"lookalikes": [gnupg.generate("nolookalikes@example.org")], "nothing": []}

    def all(self):
        return self.good | {user: keys for user, (keys, _) in self.bad.items()} | self.none


@pytest.fixture(scope="module")
def homes(gnupg, keys):
    return Homes(gnupg, keys)


@pytest.fixture
def server(homes):
    """As it was with procmail: users of the system, each with a home of its own."""
    with Dovecot([User(user) for user in homes.all()], system_users=True,
                 seal={"mail_seal_recipients": "%u@example.org"}) as dovecot:
        for user, home_keys in homes.all().items():
            if home_keys:
                make_home(dovecot, user, home_keys)
        dovecot.give("keyboxd", ".gnupg/public-keys.d/pubring.db", b"SQLite format 3\0")
        yield dovecot


def make_home(server, user, home_keys):
    server.give(user, ".gnupg/gpg.conf", b"default-key nobody\n")
    home = server.home(user) / ".gnupg"
    home.chmod(0o700)
    uid = str(server.uid(user))
    server.sandbox.run("setpriv", "--reuid", uid, "--regid", uid, "--clear-groups",
                       "gpg", "--homedir", home, "--batch", "--no-autostart", "--import",
                       input=b"".join(key.certificate for key in home_keys))


def imported(server, gnupg, user):
    """The fingerprints that a user is enrolled with."""
    rows = server.doveadm_rows("seal", "key", "show", "-u", user)
    return [row["fingerprint"] for row in rows]


@pytest.mark.parametrize("way", ["direct", "doveadm-server"])
def test_all_users(server, gnupg, homes, way):
    before = {user: snapshot(server.home(user) / ".gnupg") for user in homes.all()
              if homes.all()[user]}
    options = server.doveadm_server if way == "doveadm-server" else []
    done = server.doveadm("seal", "key", "import", *options, "-A", check=False)
    said = done.stderr.decode().splitlines()
    assert done.returncode == 65
    for user, home_keys in homes.good.items():
        assert imported(server, gnupg, user) == [home_keys[0].fingerprint]
        assert server.deliver(MESSAGE, user)[0].code == 250
        mail.check_sealed(server.message(user), MESSAGE, gnupg, home_keys[0])
    for user, (_, reason) in homes.bad.items():
        [line] = [line for line in said if f"({user})" in line]
        assert "Certificate not stored: " in line
        assert reason in line
    for user in [*homes.bad, *homes.none]:
        assert not server.keys_file(user).parent.exists()
    assert before == {user: snapshot(server.home(user) / ".gnupg") for user in before}
    assert wait_until(lambda: not server.foreign_processes())


def test_one_user(server, gnupg, homes):
    server.doveadm("seal", "key", "import", "-u", "bob")
    assert imported(server, gnupg, "bob") == [homes.bob.fingerprint]
    done = server.doveadm("seal", "key", "import", "-u", "nothing")
    assert b"There is no certificate for nothing@example.org" in done.stderr


def test_a_fingerprint_says_which(server, gnupg, homes):
    server.doveadm("seal", "key", "import", "-u", "twins", homes.twin2.fingerprint)
    assert imported(server, gnupg, "twins") == [homes.twin2.fingerprint]


def test_another_address_and_home(server, gnupg, homes):
    (server.home("bob") / ".gnupg").rename(server.home("bob") / "old")
    for home in ("~/old", server.home("bob") / "old"):
        server.never_enrolled("bob")
        server.doveadm("seal", "key", "import", "-u", "bob", "-g", home, "bob@example.org")
        assert imported(server, gnupg, "bob") == [homes.bob.fingerprint]


def test_what_is_enrolled_already_stays_if_the_import_fails(server, gnupg, homes, keys):
    server.give("expired", ".mail-seal/keys", keys.carol.certificate)
    done = server.doveadm("seal", "key", "import", "-u", "expired", check=False)
    assert done.returncode == 65
    assert imported(server, gnupg, "expired") == [keys.carol.fingerprint]
