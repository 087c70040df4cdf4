"""Fixtures of the tests with other people's programs around Dovecot."""

import os
import smtplib
import ssl
import subprocess

import pytest

pytest.register_assert_rewrite("mailhost", "elsewhere", "thunderbird")

from certificates import Authority  # noqa: E402
from dovecot import PASSWORD  # noqa: E402
from elsewhere import Elsewhere  # noqa: E402
from mailhost import HOST  # noqa: E402


def pytest_configure(config):
    interfaces = os.listdir("/sys/class/net")
    if os.uname().nodename != HOST or _routes():
        raise pytest.UsageError("these tests take the ports of mail for themselves, in a network"
                                f" of their own ({interfaces} is here); use tests/clients")


def _routes():
    return subprocess.run(["ip", "route"], check=True, capture_output=True).stdout.strip()


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


@pytest.fixture(autouse=True)
def fresh_world(request):
    if "elsewhere" in request.fixturenames:
        request.getfixturevalue("elsewhere").forget()
