"""Every change of a key leaves a line in the log, and an event for statistics."""

import base64
import json

import pytest

from dovecot import Dovecot, User
from imap import Literal
from sandbox import wait_until
from seal_key import set_key

LINE = "mail_seal: Key "
ENTRY = "/private/vendor/vendor.mail-seal/keys"
EXPORT = """
metric mail_seal_key_export {
  exporter = log
  filter = event=mail_seal_key_changed
}
"""


@pytest.fixture(scope="module")
def server():
    users = [User("alice"), User("bob", settings={"mail_seal_keys": "file:%h/a file:%h/b"})]
    with Dovecot(users, metadata=True, metrics=True, more=EXPORT,
                 seal={"mail_seal_confirm": "no"}) as dovecot:
        yield dovecot


@pytest.fixture(params=["direct", "doveadm-server"])
def way(request, server):
    return server.doveadm_server if request.param == "doveadm-server" else []


@pytest.fixture(autouse=True)
def unset(server):
    server.keys_file("alice").unlink(missing_ok=True)


class Changes:
    """The lines and the events since it was made."""

    def __init__(self, server):
        self._server = server
        self._mark = len(server.log())

    def _since(self):
        return self._server.log_since(self._mark).splitlines()

    def lines(self):
        return [line[line.index(LINE) + len(LINE):] for line in self._since() if LINE in line]

    def events(self, count):
        def found():
            return [json.loads(line[line.index("{"):])["fields"] for line in self._since()
                    if '"event":"mail_seal_key_changed"' in line]
        assert wait_until(lambda: len(found()) >= count)
        return [tuple(event[name] for name in ("user", "way", "who", "action", "old_keys",
                                               "new_keys")) for event in found()]


def check(server, changes, way, who, expected):
    """Whatever the way, the log and the events say the same."""
    wait_until(lambda: len(changes.lines()) >= len(expected))
    assert changes.lines() == [f"{action} by {way} ({who}): from {old} to {new}"
                               for action, old, new in expected]
    assert changes.events(len(expected)) == [("alice", way, who, *change) for change in expected]


def test_doveadm(server, way, keys, x509_keys):
    changes = Changes(server)
    alice, bob = keys.alice, keys.bob
    set_key(server, "alice", alice.certificate, *way)
    set_key(server, "alice", alice.certificate, *way)            # no change
    set_key(server, "alice", bob.certificate + alice.certificate, *way)
    set_key(server, "alice", b"hello", *way)                     # refused
    set_key(server, "alice", x509_keys.alice.certificate, *way)
    server.doveadm("seal", "key", "unset", *way, "-u", "alice")
    server.doveadm("seal", "key", "unset", *way, "-u", "alice")  # nothing there
    server.give("alice", ".mail-seal/keys", b"hello")
    set_key(server, "alice", bob.certificate, *way)
    who = "doveadm-server" if way else "root"
    both = f"{bob.fingerprint},{alice.fingerprint}"
    check(server, changes, "doveadm", who, [
        ("set", "none", alice.fingerprint),
        ("set", alice.fingerprint, both),
        ("set", both, x509_keys.alice.fingerprint),
        ("unset", x509_keys.alice.fingerprint, "none"),
        ("set", "unreadable", bob.fingerprint)])


def test_it_is_said_on_the_terminal(server, way, keys):
    done = set_key(server, "alice", keys.alice.certificate, *way)
    assert f"from none to {keys.alice.fingerprint}".encode() in done.stderr


def test_metadata(server, keys):
    changes = Changes(server)
    with server.imap("alice") as client:
        for value in (Literal(keys.alice.certificate), Literal(keys.alice.certificate),
                      Literal(keys.bob.certificate), "NIL", "NIL"):
            client.must(f'SETMETADATA "" ({ENTRY} ', value, ")")
        assert client.command(f'SETMETADATA "" ({ENTRY} ', Literal(b"hello"), ")").status == "NO"
    check(server, changes, "metadata", "alice", [
        ("set", "none", keys.alice.fingerprint),
        ("set", keys.alice.fingerprint, keys.bob.fingerprint),
        ("unset", keys.bob.fingerprint, "none")])


def test_metadata_by_doveadm(server, way, gnupg, keys):
    """It isn't alice who has done that."""
    changes = Changes(server)
    value = base64.b64encode(gnupg.export(keys.alice.fingerprint, armor=False))
    server.doveadm("mailbox", "metadata", "set", *way, "-u", "alice", "-s", "", ENTRY,
                   value.decode())
    assert changes.events(1) == [("alice", "metadata", "doveadm", "set", "none",
                                  keys.alice.fingerprint)]


def test_the_same_key_with_another_life(server, gnupg, keys):
    """The fingerprint stays, and what mail is sealed to may not."""
    key = gnupg.generate("renewed@example.org")
    set_key(server, "alice", key.certificate)
    gnupg.gpg("--quick-set-expire", key.fingerprint, "1y")
    changes = Changes(server)
    set_key(server, "alice", gnupg.export(key.fingerprint))
    check(server, changes, "doveadm", "root",
          [("set", key.fingerprint, key.fingerprint)])


def test_import(server, keys):
    home = server.give("alice", ".gnupg/gpg.conf", b"").parent
    server.sandbox.run("setpriv", f"--reuid={server.uid('alice')}", "--clear-groups",
                       f"--regid={server.uid('alice')}", "gpg", "--homedir", home, "--no-autostart",
                       "--batch", "--import", input=keys.carol.certificate)
    changes = Changes(server)
    server.doveadm("seal", "key", "import", "-u", "alice", "carol@example.org")
    check(server, changes, "doveadm", "root", [("set", "none", keys.carol.fingerprint)])


def test_what_comes_first_counts(server, keys):
    """A second source doesn't change whom mail is sealed to."""
    for name, key in (("a", keys.alice), ("b", keys.bob)):
        server.give("bob", name, key.certificate)
    changes = Changes(server)
    server.doveadm("seal", "key", "unset", "-u", "bob")
    [line] = changes.lines()
    assert line.endswith(f"from {keys.alice.fingerprint} to none")

