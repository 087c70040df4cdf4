"""doveadm seal encrypt while others use the mailbox, and as who runs it sees it."""

import contextlib
import os
import pty
import re
import signal
import subprocess
import threading
import time

import pytest

import mail
from dovecot import Dovecot, User
from sandbox import wait_until
from stored import Mailbox, date

COUNT = 150


@pytest.fixture(scope="module", params=["maildir", "sdbox", "mdbox", "mbox"])
def server(request, keys):
    users = [User("alice"), User("bob")]
    with Dovecot(users, mail_format=request.param, plugins=("quota", "notify", "mail_log")) as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def emptied(server):
    for user in server.users:
        server.never_enrolled(user)
    server.empty(*server.users)


def fill(server, gnupg, user, count=COUNT):
    inbox = Mailbox(server, gnupg, user)
    inbox.fill([(mail.text(b"text\r\n", subject=f"number {n:04}."), "", date(1))
                for n in range(count)])
    return inbox


def start(server, keys, user, **options):
    server.give(user, server.keys_file(user), keys.alice.certificate)
    return server.sandbox.start("doveadm", "-c", server.folder / "dovecot.conf", "seal", "encrypt",
                                "-u", user, "all", **options)


def runs_of(server):
    """The PIDs of doveadm seal encrypt."""
    return [pid for pid, line in server.sandbox.processes().items()
            if "seal encrypt" in line and not line.startswith("nsenter")]


def signal_to(pids, number):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


class Brake(threading.Thread):
    """Lets a run in the background work for a tenth of the time, until it is released.

    Nobody knows whether it would be done otherwise before its test has done anything.
    """

    def __init__(self, server, run):
        super().__init__(daemon=True)
        self._server, self._run = server, run
        self.release = threading.Event()
        self.start()

    def run(self):
        while not self.release.wait(0.01):
            pids = runs_of(self._server)
            signal_to(pids, signal.SIGSTOP)
            self.release.wait(0.1)
            signal_to(pids, signal.SIGCONT)
        # nsenter stops with what it runs, but a moment later
        while self._run.poll() is None:
            signal_to([self._run.pid], signal.SIGCONT)
            time.sleep(0.1)


def wait_until_at_work(server, user):
    """Until the run in the background has locked a mailbox."""
    assert wait_until(lambda: list(server.home(user).rglob("dovecot-mail-seal.lock")))


class Client:
    """Somebody who flags and expunges, and remembers what the server has confirmed."""

    def __init__(self, server, user):
        self.server, self.user = server, user
        self.flagged, self.expunged = set(), set()
        self.asked = set()               # to expunge: what came in between may be left

    def work(self, number):
        with self.server.imap(self.user) as client:
            client.select()
            if number % 3:
                self._flag(client, number)
            else:
                self._expunge(client, number)

    def _uids(self, client, number):
        client.must("NOOP")
        found = client.must(f'UID SEARCH SUBJECT "number {number:04}."').untagged
        return b"".join(line for line in found if line.startswith(b"* SEARCH")).decode().split()[2:]

    def _flag(self, client, number):
        for uid in self._uids(client, number):
            client.command(f"UID STORE {uid} +FLAGS (\\Flagged $Label{number % 2})")
        uids = self._uids(client, number)
        if uids and all(self._is_flagged(client, uid) for uid in uids):
            self.flagged.add(number)

    @staticmethod
    def _is_flagged(client, uid):
        lines = client.command(f"UID FETCH {uid} FLAGS").untagged
        return any(b"Flagged" in line for line in lines)

    def _expunge(self, client, number):
        for uid in self._uids(client, number):
            self.asked.add(number)
            client.command(f"UID STORE {uid} +FLAGS.SILENT \\Deleted")
        client.must("EXPUNGE")
        if not self._uids(client, number):
            self.expunged.add(number)


def number_of(item):
    return int(re.search(rb"Subject: number (\d+)\.", item["BODY[]"])[1])


def test_client_at_work(server, gnupg, keys):
    if server.site.mail_format == "mbox":
        pytest.skip("an mbox that never stands still is left for later")
    inbox = fill(server, gnupg, "alice")
    client = Client(server, "alice")
    run = start(server, keys, "alice", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    brake = Brake(server, run)
    number, delivered = 0, 0
    while run.poll() is None and number < COUNT:
        client.work(number)
        if client.flagged and client.expunged:
            brake.release.set()
        number += 1
        if number % 10 == 0:
            message = mail.text(b"text\r\n", subject=f"number {COUNT + delivered:04}.")
            assert server.deliver(message, "alice")[0].code == 250
            delivered += 1
    brake.release.set()
    errors = run.communicate(timeout=300)[1]
    assert run.returncode == 0, errors
    assert client.flagged and client.expunged, "the run was over before the client began"

    items = inbox.fetch()
    # A copy may have been made before the client expunged what it is of, and taken away then.
    there = [number_of(item) for item in items]
    assert len(there) == len(set(there))
    assert set(range(COUNT + delivered)) - client.asked <= set(there)
    assert set(there) <= set(range(COUNT + delivered)) - client.expunged
    lost = [n for n in map(number_of, filter(lambda i: b"\\flagged" not in i["FLAGS"], items))
            if n in client.flagged]
    assert lost == []
    assert inbox.plaintext() == []


def test_delivery_meanwhile(server, gnupg, keys):
    inbox = fill(server, gnupg, "alice")
    before = inbox.content()
    run = start(server, keys, "alice", stdout=subprocess.DEVNULL)
    wait_until_at_work(server, "alice")
    message = mail.text(b"text\r\n", subject="delivered")
    assert server.deliver(message, "alice")[0].code == 250
    assert run.wait(timeout=300) == 0
    after = inbox.content()
    assert before - after == {}
    assert sum((after - before).values()) == 1
    assert inbox.plaintext() == []


def test_two_users_at_once(server, gnupg, keys):
    inboxes = [fill(server, gnupg, user, 50) for user in ("alice", "bob")]
    before = [inbox.content() for inbox in inboxes]
    runs = [start(server, keys, inbox.user, stdout=subprocess.DEVNULL) for inbox in inboxes]
    assert [run.wait(timeout=300) for run in runs] == [0, 0]
    assert [inbox.content() for inbox in inboxes] == before
    assert [inbox.plaintext() for inbox in inboxes] == [[], []]


def test_interrupted(server, gnupg, keys):
    """Ctrl-C lets it finish what it has begun."""
    inbox = fill(server, gnupg, "alice", 3 * COUNT)  # several batches: it has to be in time
    before = inbox.content()
    run = start(server, keys, "alice", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    brake = Brake(server, run)
    wait_until_at_work(server, "alice")
    signal_to(runs_of(server), signal.SIGINT)
    brake.release.set()
    printed = run.communicate(timeout=300)[0]
    assert run.returncode == 75, "it was done before it was interrupted"
    assert re.search(rb" failed=[1-9]", printed)
    assert inbox.content() == before
    server.doveadm("seal", "encrypt", "-u", "alice", "all")
    assert inbox.content() == before
    assert inbox.plaintext() == []


def test_progress_on_a_terminal(server, gnupg, keys):
    fill(server, gnupg, "alice")
    ours, theirs = pty.openpty()
    run = start(server, keys, "alice", stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            shown += os.read(ours, 4096)
        except OSError:
            break
    os.close(ours)
    assert run.communicate(timeout=300)[0].decode().startswith(f"sealed={COUNT} ")
    assert re.search(rb"alice: \d+/%d messages, [\d.]+/[\d.]+ MB, [\d.]+ MB/s, \d+ s left" % COUNT,
                     shown), shown
