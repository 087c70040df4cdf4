"""A very large message streams through: memory doesn't grow with it."""

import base64
import os
import re
from pathlib import Path

import pytest

import mail
from dovecot import Dovecot, User

ALLOWED_GROWTH_KB = 16 * 1024
HEADER = mail.text(b"")


@pytest.fixture(scope="module")
def keys(each_kind):
    return each_kind


@pytest.fixture(scope="module")
def server(keys):
    """With the default vsz_limit: whoever holds the message in memory is ended."""
    with Dovecot([User("alice", keys.alice.certificate)]) as dovecot:
        yield dovecot


@pytest.fixture(scope="module")
def blocks():
    """A 100 MB message, of 1 MB blocks that aren't alike."""
    megabyte = mail.crlf(base64.encodebytes(os.urandom(780_000)))
    return [HEADER] + [b"block %d\r\n" % n + megabyte for n in range(96)]


def peak_memory_kb(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])


def test_100_megabytes_by_lmtp(server, blocks, gnupg, keys):
    assert sum(map(len, blocks)) > 100_000_000
    with server.lmtp() as client:
        assert client.deliver(mail.text(b"small\r\n"), "alice@example.org")[0].code == 250
        pid = server.service_pid("lmtp")
        before = peak_memory_kb(pid)
        server.empty("alice")
        replies = client.deliver_blocks(blocks, "alice@example.org")
        assert replies[0].code == 250, replies
        assert server.service_pids("lmtp") == [pid]
        growth = peak_memory_kb(pid) - before
    assert growth < ALLOWED_GROWTH_KB
    [stored] = server.maildir_files("alice")
    mail.check_sealed(stored.read_bytes(), b"".join(blocks), gnupg, keys.alice)
    server.empty("alice")


def test_100_megabytes_by_append(server, blocks, gnupg, keys):
    """The same over IMAP, where the plaintext can't be read twice."""
    message = b"".join(blocks)
    with server.imap("alice") as client:
        assert client.append("INBOX", mail.text(b"small\r\n")).ok
        pid = server.service_pid("imap")
        before = peak_memory_kb(pid)
        response = client.append("INBOX", message)
        assert response.ok, response
        growth = peak_memory_kb(pid) - before
    assert growth < ALLOWED_GROWTH_KB
    sealed = max(server.maildir_files("alice"), key=lambda file: file.stat().st_size)
    mail.check_sealed(sealed.read_bytes(), message, gnupg, keys.alice, delivered=False)
