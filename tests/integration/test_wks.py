"""The Web Key Service as a whole: a mail program publishes a key by mail, and mail is sealed to it.

Postfix, gpg-wks-server, gpg-wks-client and gpg as Debian has them, set up as the example says.
"""

import contextlib
import os
import re
import types

import pytest

import mail
import notices
from config import EXAMPLES
from dovecot import Dovecot, User
from enrolment import sealed_to
from keys import GnuPG
from network import Network
from postfix import Postfix
from sandbox import wait_until
from web import Web, response, tls, wkd_hash

SUBMISSION = "key-submission@example.org"
WEB_HOST = "openpgpkey.example.org"
WEB_PATH = "/.well-known/openpgpkey/example.org/"
TREE = "/var/lib/gnupg/wks"
WEBKEY_UID = 5900
CLIENT = "/usr/lib/gnupg/gpg-wks-client"
USERS = ("alice", "bob")


@pytest.fixture(scope="module")
def server():
    users = [User(name, settings={"mail_seal_addresses": f"{name}@example.org"})
             for name in USERS]
    with Dovecot(users, seal={"mail_seal_wkd_dir": TREE}) as dovecot:
        yield dovecot


class Service:
    """gpg-wks-server's user, and what the example has it do."""

    def __init__(self, sandbox, folder):
        self.sandbox = sandbox
        self.home, tree = folder / "webkey", folder / "tree"
        self.domain = tree / "example.org"
        for made in (self.home, tree):
            made.mkdir(mode=0o2750)
            os.chown(made, WEBKEY_UID, WEBKEY_UID)
        self._add_user(folder)
        self._show_tree(tree)
        example = (EXAMPLES / "postfix" / "wks.cf").read_text()
        steps = re.findall(r"^#   (.*)$", example, re.M)
        for step in steps[steps.index("su -s /bin/sh webkey") + 1:]:
            self.run(step.replace("FINGERPRINT", self._fingerprint()))

    def _add_user(self, folder):
        for name, line in (("passwd", f"webkey:x:{WEBKEY_UID}:{WEBKEY_UID}::{self.home}:/bin/sh"),
                           ("group", f"webkey:x:{WEBKEY_UID}:")):
            copy = folder / f"{name}-webkey"
            present = self.sandbox.seen_from_outside(f"/etc/{name}").read_text()
            copy.write_text(f"{present}{line}\n")
            self.sandbox.mount_over(copy, f"/etc/{name}")

    def _show_tree(self, tree):
        """In the place that the package means, which needn't be there."""
        self.sandbox.run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/var/lib")
        self.sandbox.run("mkdir", "-p", TREE)
        self.sandbox.mount_over(tree, TREE)

    def _fingerprint(self):
        listing = self.run("gpg --batch --with-colons --list-keys").stdout.decode()
        found = re.search(r"^fpr:+(\w+):", listing, re.M)
        return found[1] if found else ""

    def run(self, command):
        return self.sandbox.run(
            "setpriv", f"--reuid={WEBKEY_UID}", f"--regid={WEBKEY_UID}", "--clear-groups",
            "env", "-i", f"HOME={self.home}", "PATH=/usr/bin:/bin", "sh", "-c",
            f"cd {TREE}/example.org 2>/dev/null; {command}")

    def answer(self, request, send):
        """As the site's web server."""
        file = self.domain / request.target.split("?")[0].removeprefix(WEB_PATH)
        send(response(200, file.read_bytes()) if file.is_file() else response(404))


@pytest.fixture(scope="module")
def gnupg():
    """A person's own home: gpg-wks-client goes by addresses, which other tests' keys have too."""
    home = GnuPG()
    yield home
    home.close()


@pytest.fixture(scope="module")
def keys(gnupg):
    return types.SimpleNamespace(alice=gnupg.generate("alice@example.org"))


@pytest.fixture(scope="module")
def world(server):
    """The network around the server: names, the site's web server, Postfix."""
    with contextlib.ExitStack() as stack:
        service = Service(server.sandbox, server.folder)
        network = Network(server.sandbox)
        stack.callback(network.close)
        web = Web({WEB_HOST: service.answer}, tls(network.authority.certificate(WEB_HOST)))
        stack.callback(web.close)
        network.names(web.hosts())
        text = (EXAMPLES / "postfix" / "wks.cf").read_text()
        _, main, master = re.split(r"## /etc/postfix/(?:main|master)\.cf\n##\n", text)
        server.sandbox.mount_over(EXAMPLES / "postfix", "/usr/local/sbin")
        yield stack.enter_context(Postfix(server, main=main, master=master, system=True))


@pytest.fixture(autouse=True)
def nobody_enrolled(server, world):
    for file in (server.folder / "tree" / "example.org").glob("hu/*"):
        if file.name != wkd_hash(SUBMISSION.split("@")[0]):
            file.unlink()
    for user in USERS:
        server.never_enrolled(user)
    server.empty(*USERS)


class Client:
    """A mail program's part, with gpg's help."""

    def __init__(self, server, postfix, user, home):
        self.server = server
        self.postfix = postfix
        self.user = user
        self.home = home

    def _run(self, *arguments, stdin=b""):
        return self.server.sandbox.run("env", f"GNUPGHOME={self.home}", CLIENT, *arguments,
                                       input=stdin).stdout

    def _submit(self, message):
        self.postfix.send(message, SUBMISSION, sender=f"{self.user}@example.org")

    def publish(self, key):
        self._submit(self._run("--create", key.fingerprint, key.address))

    def from_service(self, count=1):
        """What the service has sent, when there are so many."""
        def received():
            return [stored for stored in self.server.messages(self.user)
                    if b"From: key-submission@" in stored.split(b"\r\n\r\n")[0]]
        assert wait_until(lambda: len(received()) == count), self.postfix.log()
        return received()

    def answer(self, message):
        self._submit(self._run("--receive", stdin=message))


def find(server, *options):
    rows = server.doveadm_rows("seal", "key", "find", "-A", "--from", "wkd-dir", *options)
    return {row["username"]: row for row in rows}


def test_published_by_mail(server, world, gnupg, keys):
    client = Client(server, world, "alice", gnupg.home)
    client.publish(keys.alice)
    [request] = client.from_service()
    # nothing is proven yet
    assert find(server)["alice"]["result"] == "none"
    client.answer(request)
    client.from_service(2)
    assert sealed_to(server, "alice") == []
    row = find(server)["alice"]
    assert (row["result"], row["fingerprint"]) == ("found", keys.alice.fingerprint)
    assert row["where"].startswith(TREE + "/example.org/hu/")
    assert find(server)["bob"]["result"] == "none"
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]
    [notice] = notices.of(server, "alice", keys.alice)
    assert notice.subject == "Your mail is encrypted from now on"
    assert "It is the key that is published for your address." in notice.text
    assert find(server)["alice"]["result"] == "active"
    assert len(notices.of(server, "alice", keys.alice)) == 1


def test_published_by_somebody_else(server, world, keys):
    """He can't read what the service sends to alice, and which is sealed to his key."""
    mallory = GnuPG()
    try:
        key = mallory.generate("alice@example.org")
        client = Client(server, world, "alice", mallory.home)
        client.publish(key)
        client.from_service()
        assert find(server)["alice"]["result"] == "none"
        assert sealed_to(server, "alice") == []
    finally:
        mallory.close()


def test_enrolled_owner_publishes_another(server, world, gnupg, keys):
    """What the service sends him is sealed as any other message, and he can answer it."""
    another = gnupg.generate("alice@example.org")
    assert server.doveadm("seal", "key", "set", "-u", "alice", "-f", "-",
                          input=keys.alice.certificate)
    client = Client(server, world, "alice", gnupg.home)
    client.publish(another)
    [request] = client.from_service()
    assert mail.unseal(request).fingerprints == [keys.alice.fingerprint]
    client.answer(request)
    client.from_service(2)
    row = find(server)["alice"]
    assert (row["result"], row["fingerprint"]) == ("changed", another.fingerprint)
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]


def test_what_is_no_message_for_it(server, world):
    """Is answered to nobody: not to who is named as its sender either."""
    delivered = "(delivered via wks service)"
    before = world.log().count(delivered)
    world.send(mail.text(b"Buy now!\r\n"), SUBMISSION, sender="bob@example.org")
    assert wait_until(lambda: world.log().count(delivered) > before and world.queued() == 0), \
        world.log()
    assert server.messages("bob") == []
