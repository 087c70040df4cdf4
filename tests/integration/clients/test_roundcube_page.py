"""Roundcube's page "Sealed mailbox", without a browser: what it says of what waits or fails."""

import base64
import contextlib
import html
import re

import pytest

import enrolment
from gate import Gate
from roundcube import Roundcube
from webmail_host import webmail_host
from webmail_requests import Requests

USER = "keyless"
PAGE = {"task": "settings", "action": "plugin.mail_seal"}
SAVE = {"task": "settings", "action": "plugin.mail_seal-save"}
DAYS = 14


@pytest.fixture(scope="module")
def host(owners):
    with webmail_host(owners, seal={"mail_seal_change_delay": f"{DAYS}days"}) as host:
        yield host


@pytest.fixture(scope="module")
def gate(host):
    with contextlib.closing(Gate(host.site.imap_port)) as gate:
        yield gate


@pytest.fixture(scope="module")
def roundcube(host, gate):
    with Roundcube(host, ["mail_seal"], imap_host=f"127.0.0.1:{gate.port}") as roundcube:
        yield roundcube


@pytest.fixture(scope="module")
def key(gnupg):
    return gnupg.generate(f"{USER}@example.org")


@pytest.fixture(autouse=True)
def never_enrolled(host, gate, roundcube):
    host.never_enrolled(USER)
    host.empty(USER)
    yield
    gate.let_pass()
    assert roundcube.complaints() == []


@pytest.fixture
def owner(roundcube):
    return Requests(roundcube, USER)


def readable(markup):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def section(page, name):
    found = re.search(rf'(?s)<fieldset id="mail-seal-{name}">(.*?)</fieldset>', page)
    return readable(found[1]) if found else ""


def result(page):
    return readable(re.search(r'id="mail-seal-result"[^>]*>(<div .*?</div>)?', page)[1] or "")


def give(owner, key):
    return owner.post(SAVE, do="certificate", value=base64.b64encode(key.certificate).decode())


# A change that takes effect by itself

def test_withdrawal_that_takes_effect_by_itself(host, owner, key):
    host.give(USER, host.keys_file(USER), key.certificate)
    page = owner.post(SAVE, do="withdraw", value="")
    pending = section(page, "pending")
    assert "also without this code, unless you take it back" in pending
    assert "Without it nothing changes" not in pending
    assert re.search(r"It takes effect on \d{4}-\d\d-\d\d", pending)


def test_first_key_doesnt(owner, key):
    pending = section(give(owner, key), "pending")
    assert "Without it nothing changes. It is given up on 20" in pending


def test_new_key_that_takes_effect_by_itself(host, owner, key, gnupg):
    """Once its own code is given."""
    host.give(USER, host.keys_file(USER), key.certificate)
    new = gnupg.generate(f"{USER}@example.org")
    assert "Without it nothing changes" in section(give(owner, new), "pending")
    page = owner.post(SAVE, do="code", value=enrolment.code(host, USER, new))
    assert "It takes effect on" in section(page, "pending")


# Once

def test_page_that_is_loaded_again_does_nothing_again(host, owner, key):
    host.give(USER, host.keys_file(USER), key.certificate)
    assert "The server has been told" in result(owner.post(SAVE, do="withdraw", value=""))
    owner.post(SAVE, do="cancel", value="")
    assert owner.address.endswith("_action=plugin.mail_seal")
    assert result(owner.get(**PAGE)) == ""
    assert not host.pending_file(USER).exists()


# The server fails

@pytest.mark.parametrize("failure", ["NO", "hang up"])
@pytest.mark.parametrize("command", ["GETMETADATA", "SETMETADATA"])
def test_server_that_fails(owner, gate, key, command, failure):
    gate.fail(command, failure)
    said = result(give(owner, key) if command == "SETMETADATA" else owner.get(**PAGE))
    assert gate.failed
    assert "METADATA" not in said and "takes no key" not in said
    assert said and ("Internal error" in said
                     if (command, failure) == ("SETMETADATA", "NO")
                     else "can't be reached now" in said)


# What is wrong with a key

def test_problem_of_one_of_two_keys(host, owner, key, gnupg):
    revoked = gnupg.generate_revoked(f"{USER}@example.org")
    host.give(USER, host.keys_file(USER), key.certificate + revoked.certificate)
    assert "It can't be used: it is revoked." in section(owner.get(**PAGE), "state")


def test_key_of_enigmas_that_isnt_there(host, key):
    with Roundcube(host, ["enigma", "mail_seal"]) as roundcube:
        owner = Requests(roundcube, USER)
        for value in ("", "0123456789ABCDEF"):
            page = owner.post(SAVE, do="enigma", value=value)
            assert "couldn't be read" in result(page)
        assert not host.pending_file(USER).exists()
        assert roundcube.complaints() == []
