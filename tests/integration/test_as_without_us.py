"""Whatever isn't sealing answers exactly as without mail_seal.

The scripts are as_without_us/*.txt; what may differ, and why, is
differences.py.
"""

import pytest

import differences
from differential import STATES, Pair, scripts

SCRIPTS = {script.name: script for script in scripts()}


@pytest.fixture(scope="module", params=["maildir", "sdbox", "mdbox", "mbox"])
def pair(request, gnupg, keys):
    expired = gnupg.generate_expired("old@example.org").certificate
    with Pair(request.param, keys.alice.certificate, expired) as servers:
        yield servers


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("script", SCRIPTS)
def test_same_answers(pair, script, state):
    if not pair.runs(SCRIPTS[script], state):
        pytest.skip("not here")
    if differing := pair.result(SCRIPTS[script], state):
        pytest.fail("\n".join(differing), pytrace=False)
    for server in pair.servers:
        assert server.new_crashes() == []


def test_every_allowed_difference_occurs(pair):
    """What no longer occurs must not stay allowed. Maildir has them all."""
    if pair.mail_format != "maildir":
        pytest.skip("one storage format is enough")
    for script in SCRIPTS.values():
        for state in STATES:
            if pair.runs(script, state):
                pair.result(script, state)
    assert [name for name in differences.NAMES if not pair.used[name]] == []


def test_every_capability_is_tried(pair):
    """Fails when Dovecot announces what no script knows."""
    covered = set().union(*(script.covers for script in SCRIPTS.values()))
    announced = pair.capabilities()
    assert announced[0] == announced[1]
    assert announced[0] - covered == set()


# RFC 9051 section 6, and what RFC 3501 had besides
COMMANDS = """
CAPABILITY NOOP LOGOUT STARTTLS AUTHENTICATE LOGIN ENABLE SELECT EXAMINE CREATE DELETE RENAME
SUBSCRIBE UNSUBSCRIBE LIST NAMESPACE STATUS APPEND IDLE CLOSE UNSELECT EXPUNGE SEARCH FETCH STORE
COPY MOVE CHECK LSUB
""".split() + [f"UID {command}" for command in "FETCH STORE COPY MOVE SEARCH EXPUNGE".split()]


def test_every_command_is_tried():
    lines = [step.line.removeprefix("bare ") for script in SCRIPTS.values()
             for step in script.steps if step.where.startswith("imap")]
    assert [command for command in COMMANDS
            if not any(f"{line} ".startswith(f"{command} ") for line in lines)] == []
