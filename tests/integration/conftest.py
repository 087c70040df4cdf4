"""Fixtures that all tests share: the keys, and the log of a Dovecot whose test failed."""

import contextlib
import os

import pytest

pytest.register_assert_rewrite("dovecot", "mail", "imap", "lmtp", "keys", "x509", "fakes",
                               "key_find")

from dovecot import Dovecot  # noqa: E402
from keys import GnuPG  # noqa: E402
from x509 import X509  # noqa: E402

# These need more packages: tests/clients, tests/monitoring and tests/provider run them.
collect_ignore = ["clients", "monitoring", "provider"]

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


class X509Keys:
    """The same for owners of X.509 certificates."""

    def __init__(self, x509):
        self.alice = x509.generate("alice@example.org")
        self.bob = x509.generate("bob@example.org", "ec:P-256")
        self.carol = x509.generate("carol@example.org", "ec:P-384")


@pytest.fixture(scope="session")
def x509():
    folder = X509()
    yield folder
    folder.close()


@pytest.fixture(scope="session")
def openpgp_keys(gnupg):
    return Keys(gnupg)


@pytest.fixture(scope="session")
def x509_keys(x509):
    return X509Keys(x509)


@pytest.fixture(scope="session")
def keys(openpgp_keys):
    """A module whose tests hold for X.509 as well has its own, which returns each_kind."""
    return openpgp_keys


@pytest.fixture(scope="session", params=["openpgp_keys", "x509_keys"], ids=["OpenPGP", "X.509"])
def each_kind(request):
    return request.getfixturevalue(request.param)


FAILED_WITH = pytest.StashKey()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Show the end of the log of every Dovecot that a failed test used."""
    report = (yield).get_result()
    if report.failed:
        item.stash[FAILED_WITH] = item._request
        for fixture in getattr(item, "funcargs", {}).values():
            if isinstance(fixture, Dovecot):
                with contextlib.suppress(RuntimeError):
                    tail = "\n".join(fixture.log().splitlines()[-LOG_TAIL:])
                    report.sections.append((f"end of {fixture.log_file}", tail))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    """End a Dovecot that a failed test shared: the next test has a new one.

    Nobody knows what is left in it, and it needn't fail those that come after.
    """
    yield
    if request := item.stash.get(FAILED_WITH, None):
        for fixture in list(request._fixture_defs.values()):
            if fixture.cached_result and isinstance(fixture.cached_result[0], Dovecot):
                fixture.finish(request)


@pytest.fixture(autouse=True)
def no_crash(request):
    """Whatever a test provokes, no process of Dovecot may crash over it."""
    yield
    for fixture in request.node.funcargs.values():
        if isinstance(fixture, Dovecot):
            assert fixture.new_crashes() == []
