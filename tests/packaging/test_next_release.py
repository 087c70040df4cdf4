"""Debian itself is upgraded to its next release."""

import re

import pytest

import mail
from server import ALLOWED, FORBIDDEN, PACKAGES, Server

NEXT = {"debian-12": ("debian-13", "trixie"), "debian-13": ("debian-testing", "testing")}
CODENAMES = {"debian-12": "bookworm", "debian-13": "trixie"}
MESSAGE = mail.text(mail.CANARY + b"\r\n")
OURS = "dovecot-mail-seal"


@pytest.fixture(scope="module")
def server(release, key):
    """Set up, one message in it, and with the next release's sources."""
    if release not in NEXT:
        pytest.skip("the last one")
    following, codename = NEXT[release]
    if not (PACKAGES / following).is_dir():
        pytest.skip(f"{following} was not built")
    with Server(release) as server:
        server.apt("install", "--no-install-recommends", server.package())
        server.load_plugin()
        server.enrol(key)
        assert server.deliver(MESSAGE).code == 250
        file = "/etc/apt/sources.list"
        server.write(file, server.read(file).replace(CODENAMES[release], codename))
        server.write("/etc/apt/apt.conf.d/99date", 'Acquire::Check-Valid-Until "false";\n')
        server.update()
        server.following, server.old_core = following, server.installed("dovecot-core")
        server.old_base = server.installed("base-files")
        yield server


def abi(server):
    """What it has and what the next release's has."""
    text = server.run("apt-cache", "show", "dovecot-core")
    return re.findall(r"dovecot-abi-[^, \n]+", text)


def simulated(server, *arguments):
    """{package: version, or None if it is removed}"""
    text = server.run("apt-get", "-s", *arguments)
    found = {name: None for name in re.findall(r"^Remv (\S+) ", text, re.M)}
    found |= dict(re.findall(r"^Inst (\S+) (?:\[\S+\] )?\((\S+)", text, re.M))
    return found


def check_sealed(server, gnupg, key, count):
    stored = server.messages()
    assert len(stored) == count
    for message in stored:
        mail.check_sealed(message, MESSAGE, gnupg, key)
    assert server.plaintext() == []


def test_upgrade_keeps_dovecot(server):
    """What "apt upgrade" would do: it never removes, so Dovecot stays where it is."""
    changes = simulated(server, "upgrade")
    if len(set(abi(server))) == 1:
        pytest.skip("both have the same ABI")
    assert OURS not in changes
    assert not [name for name in changes if name.startswith("dovecot")]


def test_full_upgrade_removes_the_package(server):
    """What README.Debian warns of: alone, "apt full-upgrade" takes the new Dovecot."""
    if len(set(abi(server))) == 1:
        pytest.skip("both have the same ABI")
    changes = simulated(server, "full-upgrade")
    assert changes[OURS] is None
    assert changes["dovecot-core"]


def test_held_it_keeps_dovecot(server, gnupg, key):
    """The old Dovecot and the package go on, on what is the next release but for them."""
    if len(set(abi(server))) == 1:
        pytest.skip("both have the same ABI")
    server.run("apt-mark", "hold", OURS)
    server.services(FORBIDDEN)
    server.apt("full-upgrade")
    server.services(ALLOWED)
    server.run("apt-mark", "unhold", OURS)
    assert server.installed("base-files") != server.old_base
    assert server.installed(OURS) in server.package()
    assert server.installed("dovecot-core") == server.old_core
    assert server.deliver(MESSAGE).code == 250       # still the process from before
    server.restart()
    assert server.deliver(MESSAGE).code == 250
    check_sealed(server, gnupg, key, 3)
    assert server.crashes() == []


def test_full_upgrade_with_the_new_package(server, gnupg, key):
    """Both at once. Then the administrator's part: Dovecot's configuration."""
    new = server.package(release=server.following)
    server.services(FORBIDDEN)           # it doesn't start before its configuration is new
    server.apt("full-upgrade", new)
    assert server.installed(OURS) in new
    assert server.installed("dovecot-core") != server.old_core
    version = server.run("dovecot", "--version")[:3]
    assert f"Dovecot {version}." in server.read("/etc/dovecot/conf.d/90-mail-seal.conf")
    server.services(ALLOWED)
    server.shell("cp /usr/share/dovecot/conf.d/10-mail.conf /etc/dovecot/conf.d/")
    server.shell("invoke-rc.d dovecot stop >/dev/null 2>&1 || true")
    server.load_plugin()
    before = len(server.messages())
    assert before > 0
    assert server.deliver(MESSAGE).code == 250
    check_sealed(server, gnupg, key, before + 1)
    assert server.crashes() == []
