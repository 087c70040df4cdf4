"""A test that fails doesn't fail those that share a Dovecot with it."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent

# The first leaves a folder where the next ones' files are to be, the second a Dovecot that is dead.
TESTS = """
import pytest
from dovecot import Dovecot, User

@pytest.fixture(scope="module")
def server():
    with Dovecot([User("alice")]) as dovecot:
        yield dovecot

@pytest.fixture(scope="module")
def log(server):
    return server.log_file

@pytest.fixture(autouse=True)
def nothing(server):
    server.never_enrolled("alice")

def test_folder_in_the_way(server):
    server.give("alice", ".mail-seal/keys/x", b"")
    assert False, "on purpose"

def test_no_dovecot(server, log):
    assert log == server.log_file
    assert server.deliver(b"Subject: x\\r\\n\\r\\n", "alice")[0].code == 250
    server.stop()
    assert False, "on purpose"

@pytest.mark.parametrize("turn", range(3))
def test_others(server, log, turn):
    assert log == server.log_file
    # all of them in one
    assert len(server.messages("alice")) == turn
    assert server.deliver(b"Subject: x\\r\\n\\r\\n", "alice")[0].code == 250
"""


def test_others_pass(tmp_path):
    (tmp_path / "test_made.py").write_text(TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "conftest", "-q",
         "--rootdir", tmp_path, "-c", os.devnull, tmp_path / "test_made.py"],
        env=os.environ | {"PYTHONPATH": f"{HERE}:{HERE / 'lib'}"}, capture_output=True, text=True)
    assert "2 failed, 3 passed" in done.stdout, done.stdout + done.stderr
    assert done.stdout.count("on purpose") >= 2
