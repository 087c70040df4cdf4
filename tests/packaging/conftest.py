"""What the tests of the packages share. tests/packages runs them."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "integration/lib"))
pytest.register_assert_rewrite("mail", "imap", "lmtp", "keys", "server")

from keys import GnuPG  # noqa: E402
from server import Server  # noqa: E402

RELEASES = os.environ.get("MAIL_SEAL_RELEASES", "").split()


def pytest_configure(config):
    if not RELEASES:
        raise pytest.UsageError("use tests/packages")


def pytest_generate_tests(metafunc):
    if "release" in metafunc.fixturenames:
        metafunc.parametrize("release", RELEASES, scope="module")


@pytest.fixture(scope="session")
def gnupg():
    home = GnuPG()
    yield home
    home.close()


@pytest.fixture(scope="session")
def key(gnupg):
    """Of alice, whose address is her name on this host."""
    return gnupg.generate("alice@example.org")


@pytest.fixture
def server(release):
    with Server(release) as server:
        yield server
