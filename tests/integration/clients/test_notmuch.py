"""notmuch over what mbsync has fetched: it finds sealed text, as doc/searching.md says."""

import json
import os
import subprocess

import pytest

import letters
import mail
from dovecot import User
from mailhost import MailHost
from mbsync import Mbsync

WORD = "xylophone"
SUBJECT = "Rehearsal"
MESSAGE = mail.text(f"Bring the {WORD}.\r\n".encode(), SUBJECT)
# As the page has it
CONFIGURE = ("config", "set", "index.decrypt", "true")


@pytest.fixture(scope="module")
def host(keys, tls, elsewhere):
    with MailHost([User("alice", keys.alice.certificate)], tls, elsewhere,
                  seal={"mail_seal_protect_headers": "Subject"}) as host:
        yield host


@pytest.fixture(scope="module")
def signed(gnupg, keys):
    return letters.signed(gnupg, keys.carol)


class Notmuch:
    def __init__(self, folder, maildir, gnupg):
        configuration = folder / "notmuch-config"     # as "notmuch setup" makes it
        configuration.write_text(f"[database]\npath={maildir}\n"
                                 "[user]\nprimary_email=alice@example.org\n")
        self._environment = {**os.environ, "GNUPGHOME": str(gnupg.home), "HOME": str(folder),
                             "NOTMUCH_CONFIG": str(configuration)}

    def run(self, *arguments):
        """A command of notmuch's; what it prints."""
        return subprocess.run(["notmuch", *arguments], check=True, capture_output=True,
                              text=True, env=self._environment, timeout=120).stdout

    def count(self, query):
        return int(self.run("count", query))

    def show(self, query):
        """The only message that matches."""
        found = json.loads(self.run("show", "--format=json", "--decrypt=true", "--verify",
                                    "--entire-thread=false", query))
        [message] = [message for thread in found for message in _messages(thread)]
        return message


def _messages(node):
    if isinstance(node, dict):
        yield node
    elif isinstance(node, list):
        for child in node:
            yield from _messages(child)


@pytest.fixture(scope="module")
def mbsync(host, authority, tmp_path_factory):
    return Mbsync(tmp_path_factory.mktemp("notmuch"), host, authority)


@pytest.fixture(scope="module")
def notmuch(host, gnupg, signed, mbsync, tmp_path_factory):
    for message in (MESSAGE, signed):
        assert host.deliver(message, "alice")[0].code == 250
    mbsync.run()
    assert not any(WORD.encode() in message for message in mbsync.messages())
    notmuch = Notmuch(tmp_path_factory.mktemp("home"), mbsync.maildir, gnupg)
    notmuch.run("new")
    assert notmuch.count(WORD) == 0      # it reads nothing sealed unless it is told to
    notmuch.run(*CONFIGURE)
    notmuch.run("reindex", "--decrypt=true", "*")
    return notmuch


def test_finds_text(notmuch):
    assert notmuch.count("*") == 2
    assert notmuch.count(WORD) == 1
    assert notmuch.count("lunch") == 1   # the Subject of the other one


def test_shows_the_protected_subject(host, notmuch):
    assert notmuch.count(f"subject:{SUBJECT}") == 1
    assert notmuch.show(WORD)["headers"]["Subject"] == SUBJECT
    assert not any(SUBJECT.encode() in message for message in host.messages("alice"))


def test_verifies_a_signature_inside(notmuch, keys):
    status = notmuch.show("lunch")["crypto"]["signed"]["status"]
    assert [signature["status"] for signature in status] == ["good"]
    assert status[0]["fingerprint"] == keys.carol.fingerprint


def test_new_mail(host, notmuch, mbsync):
    """After "index.decrypt" is set, "notmuch new" is enough."""
    later = mail.text(b"The glockenspiel, too.\r\n", "Later")
    assert host.deliver(later, "alice")[0].code == 250
    mbsync.run()
    notmuch.run("new")
    assert notmuch.count("glockenspiel") == 1
