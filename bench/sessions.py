"""IMAP sessions that go on beside the deliveries, each with the pace of a person."""

import multiprocessing
import random
import statistics
import time
from dataclasses import dataclass, field

PACE = 0.5                           # seconds from one look at a mailbox to the next
APPEND_EVERY = 4                     # looks


@dataclass
class Times:
    """Seconds of each command."""
    fetch: list = field(default_factory=list)
    append: list = field(default_factory=list)

    def medians(self):
        return {name: statistics.median(getattr(self, name) or [0])
                for name in ("fetch", "append")}


class Sessions:
    """In a process of its own, which is stopped and asked for what it has measured.

    `connect` is called there with each of `users` and returns an Imap that is logged in.
    """

    def __init__(self, connect, users, messages):
        self._ours, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("fork").Process(
            target=_run, args=[theirs, connect, users, messages], daemon=True)

    def __enter__(self):
        self._process.start()
        assert self._ours.recv() == "ready"
        return self

    def __exit__(self, *exc):
        self._process.kill()
        self._process.join()

    def times(self):
        """End the sessions."""
        self._ours.send("stop")
        times = self._ours.recv()
        self._process.join()
        return times


def _run(pipe, connect, users, messages):
    """Each session in turn, so that a slow server gets fewer commands, not more at once."""
    clients = [connect(user) for user in users]
    for client in clients:
        client.select()
    times, chance, looks = Times(), random.Random(0), 0
    pipe.send("ready")
    while not pipe.poll():
        start = time.monotonic()
        for client in clients:
            _look(client, times)
            looks += 1
            if looks % APPEND_EVERY == 0:
                _timed(times.append, client.append, "INBOX", chance.choice(messages))
            client.socket.sendall(b"idle IDLE\r\n")
        pipe.poll(max(0, start + PACE - time.monotonic()))
        for client in clients:
            client.socket.sendall(b"DONE\r\n")
    for client in clients:
        client.command("LOGOUT")
        client.close()
    pipe.send(times)


def _look(client, times):
    """What a client does that shows a list and opens the newest message."""
    client.must("NOOP")  # and reads what IDLE has said
    _timed(times.fetch, client.command,
           "FETCH * (UID FLAGS RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY.PEEK[])")


def _timed(times, command, *arguments):
    start = time.perf_counter()
    response = command(*arguments)
    assert response.ok, response
    times.append(time.perf_counter() - start)
