"""Fixtures of the tests with a small provider: many back ends behind a proxy."""

import pytest

pytest.register_assert_rewrite("provider")

import own_network  # noqa: E402
from provider import Provider  # noqa: E402

LOG_TAIL = 40


def pytest_configure():
    own_network.enter()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Show the end of the logs of a provider whose test failed."""
    report = (yield).get_result()
    if not report.failed:
        return
    for fixture in getattr(item, "funcargs", {}).values():
        if isinstance(fixture, Provider):
            for instance in fixture.instances():
                if instance:
                    tail = "\n".join(instance.log().splitlines()[-LOG_TAIL:])
                    report.sections.append((f"end of {instance.log_file}", tail))


@pytest.fixture(autouse=True)
def no_crash_anywhere(request):
    yield
    for fixture in request.node.funcargs.values():
        if isinstance(fixture, Provider):
            assert fixture.new_crashes() == []
