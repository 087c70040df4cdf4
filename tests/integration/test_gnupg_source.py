"""Keys from a user's GnuPG home, which is only ever read."""

import pytest

import mail
from dovecot import Dovecot, User
from sandbox import wait_until
from stored import snapshot

MESSAGE = mail.text(b"Hello\r\n")
FROM_HOME = {"mail_seal_keys": "gnupg:%h/.gnupg"}


class Homes:
    """Each user's certificates; two of them are for the same address."""

    def __init__(self, gnupg, keys):
        self.alice = keys.alice
        self.twin = gnupg.generate("alice@example.org")
        self.suffixed = gnupg.generate("alice@example.org.example.com")
        self.prefixed = gnupg.generate("malice@example.org")
        self.upper = gnupg.generate("UPPER@Example.ORG")
        self.expired = gnupg.generate_expired("old@example.org")


@pytest.fixture(scope="module")
def certificates(gnupg, keys):
    return Homes(gnupg, keys)


@pytest.fixture(scope="module")
def server(certificates):
    c = certificates
    homes = {
        "alice": [c.alice, c.prefixed, c.suffixed],
        "lookalikes": [c.prefixed, c.suffixed],
        "upper": [c.upper],
        "twins": [c.alice, c.twin],
        "picked": [c.alice, c.twin],
        "expired": [c.expired],
        "required": [c.prefixed],
        "keyboxd": [c.alice],
        "nothing": [],
    }
    recipients = {"upper": "upper@example.org", "picked": c.twin.fingerprint,
                  "expired": "old@example.org"}
    users = [User(name, settings=FROM_HOME | {
        "mail_seal_recipients": recipients.get(name, "alice@example.org")}) for name in homes]
    users[list(homes).index("required")].settings["mail_seal_missing_key"] = "tempfail"
    with Dovecot(users) as dovecot:
        for name, home_keys in homes.items():
            if home_keys:
                make_home(dovecot, name, home_keys)
        # What is in GnuPG 2.4's database, only its own daemon can tell.
        dovecot.give("keyboxd", ".gnupg/public-keys.d/pubring.db", b"SQLite format 3\0")
        yield dovecot


def make_home(server, user, home_keys):
    server.give(user, ".gnupg/gpg.conf", b"# the user's own\nthrow-keyids\ncomment mine\n")
    home = server.home(user) / ".gnupg"
    home.chmod(0o700)
    uid = str(server.uid(user))
    server.sandbox.run("setpriv", "--reuid", uid, "--regid", uid, "--clear-groups",
                       "gpg", "--homedir", home, "--batch", "--no-autostart", "--import",
                       input=b"".join(key.certificate for key in home_keys))


@pytest.mark.parametrize("user, key", [("alice", "alice"), ("upper", "upper"), ("picked", "twin")])
def test_found(server, gnupg, certificates, user, key):
    server.empty(user)
    assert server.deliver(MESSAGE, user)[0].code == 250
    mail.check_sealed(server.message(user), MESSAGE, gnupg, getattr(certificates, key))


@pytest.mark.parametrize("user", ["lookalikes", "nothing"])
def test_not_found(server, user):
    """No substring of an address is that address."""
    server.empty(user)
    assert server.deliver(MESSAGE, user)[0].code == 250
    mail.check_unchanged(server.message(user), MESSAGE)


@pytest.mark.parametrize("user", ["twins", "expired", "required", "keyboxd"])
def test_refused(server, user):
    """Two certificates for one address: somebody may have slipped in the second."""
    [reply] = server.deliver(MESSAGE, user)
    assert reply.code == 451
    assert "/" not in reply.text.split(">", 1)[-1]
    assert server.messages(user) == []


def test_home_is_only_read(server):
    home = server.home("alice") / ".gnupg"
    before = snapshot(home)
    for _ in range(3):
        assert server.deliver(MESSAGE, "alice")[0].code == 250
    with server.imap("alice") as client:
        assert client.append("INBOX", MESSAGE).ok
    assert snapshot(home) == before
    assert wait_until(lambda: not server.foreign_processes())


def test_first_source_that_has_a_key_wins(certificates, gnupg):
    sources = "file:%h/.mail-seal/keys gnupg:%h/.gnupg"
    users = [User("both", certificates.twin.certificate), User("second")]
    with Dovecot(users, seal={"mail_seal_keys": sources,
                              "mail_seal_recipients": "alice@example.org"}) as server:
        for user, key in (("both", certificates.twin), ("second", certificates.alice)):
            make_home(server, user, [certificates.alice])
            assert server.deliver(MESSAGE, user)[0].code == 250
            mail.check_sealed(server.message(user), MESSAGE, gnupg, key)


def test_what_was_found_is_for_one_user(certificates):
    """gpg runs with the user's rights: what it says decides about no other user's mail."""
    users = [User("alice"), User("bob")]
    with Dovecot(users, system_users=True) as server:
        make_home(server, "alice", [certificates.alice])
        shared = server.folder / "shared"
        server.sandbox.run("cp", "-a", server.home("alice") / ".gnupg", shared)
        shared.chmod(0o755)
        (shared / "pubring.kbx").chmod(0o600)
        server.site.seal |= {"mail_seal_keys": f"gnupg:{shared}",
                             "mail_seal_recipients": certificates.alice.fingerprint}
        server.write_config()
        server.restart()
        # The keyring is alice's, and only she can read it.
        with server.lmtp() as client:
            replies = client.deliver(MESSAGE, "alice@example.org", "bob@example.org")
        assert [reply.code for reply in replies] == [250, 451], server.log()
