"""Fixtures of the tests with other people's programs around Dovecot."""

import os
import subprocess
from pathlib import Path

import pytest

pytest.register_assert_rewrite("mailhost", "mbsync", "elsewhere", "thunderbird", "roundcube",
                               "browser", "webmail", "webmail_host", "webmail_requests",
                               "sealed_mailbox", "gate")

from elsewhere import Elsewhere  # noqa: E402
from mailhost import HOST  # noqa: E402
from webmail_host import Owners, webmail_host  # noqa: E402

TREE = Path(__file__).parents[3]


def pytest_addoption(parser):
    parser.addoption("--screenshots", metavar="FOLDER",
                     help="write the pictures of the users' page to this folder of the tree")


def pytest_configure():
    routes = subprocess.run(["ip", "route"], check=True, capture_output=True).stdout
    if os.uname().nodename != HOST or routes:
        raise pytest.UsageError("these tests take the ports of mail for themselves, and need a"
                                " network of their own for that; use tests/clients")


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory):
    world = Elsewhere(tmp_path_factory.mktemp("elsewhere"))
    yield world
    world.close()


@pytest.fixture(scope="session")
def authority(elsewhere):
    return elsewhere.authority


@pytest.fixture(scope="session")
def tls(authority):
    """The certificate and key of our own mail server."""
    return authority.server(HOST)


@pytest.fixture(scope="session")
def owners(gnupg, openpgp_keys, x509_keys):
    """Of the mailboxes that are read in Roundcube."""
    return Owners(gnupg, openpgp_keys, x509_keys)


@pytest.fixture(scope="module")
def host(owners):
    """Where Roundcube's users have their mail, unless a file has another."""
    with webmail_host(owners) as host:
        yield host


@pytest.fixture(autouse=True)
def fresh_world(request):
    if "elsewhere" in request.fixturenames:
        request.getfixturevalue("elsewhere").forget()


@pytest.fixture
def keep_picture(request, tmp_path):
    """Keeps a PNG under this name, with the few colours that a window has."""
    folder = request.config.getoption("--screenshots")
    folder = TREE / folder if folder else tmp_path
    folder.mkdir(parents=True, exist_ok=True)

    def keep(name, png):
        file = folder / f"{name}.png"
        file.write_bytes(png)
        subprocess.run(["pngquant", "--force", "--strip", "--output", file, "48", file],
                       check=True)
    return keep
