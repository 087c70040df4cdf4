"""Fixtures that all tests share: the keys, and the log of a Dovecot whose test failed."""

import os

import pytest

pytest.register_assert_rewrite("dovecot", "mail", "imap", "lmtp", "keys", "fakes")

from dovecot import Dovecot  # noqa: E402
from keys import GnuPG  # noqa: E402

LOG_TAIL = 40


def pytest_configure(config):
    if "MAIL_SEAL_MODULEDIR" not in os.environ:
        raise pytest.UsageError("MAIL_SEAL_MODULEDIR must be the folder of the plugin under test;"
                                " use tests/run")
    if os.geteuid() != 0:
        raise pytest.UsageError("the integration tests need root for their namespaces")


class Keys:
    """The keys most tests need, made once; anything else is made by `gnupg`."""

    def __init__(self, gnupg):
        self.alice = gnupg.generate("alice@example.org")
        self.bob = gnupg.generate("bob@example.org", algorithm="rsa2048", encryption="rsa2048")
        self.carol = gnupg.generate("carol@example.org")


@pytest.fixture(scope="session")
def gnupg():
    home = GnuPG()
    yield home
    home.close()


@pytest.fixture(scope="session")
def keys(gnupg):
    return Keys(gnupg)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Show the end of the log of every Dovecot that a failed test used."""
    report = (yield).get_result()
    if report.failed:
        for fixture in getattr(item, "funcargs", {}).values():
            if isinstance(fixture, Dovecot):
                tail = "\n".join(fixture.log().splitlines()[-LOG_TAIL:])
                report.sections.append((f"end of {fixture.log_file}", tail))


@pytest.fixture(autouse=True)
def no_crash(request):
    """Whatever a test provokes, no process of Dovecot may crash over it."""
    yield
    for fixture in request.node.funcargs.values():
        if isinstance(fixture, Dovecot):
            assert fixture.new_crashes() == []
