"""What bench/run measures besides deliveries in bursts.

Every figure that is compared was taken in turns with its counterpart.
"""

import base64
import os
import random
import re
import signal
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import mail
from deliveries import message
from dovecot import Dovecot, User
from sandbox import wait_until
from soak import measure

SEAL_PAIRS = {2_000: 80, 20_000: 80, 200_000: 40, 2_000_000: 16, 25_000_000: 8, 100_000_000: 4}
PEAK_SIZES = (1_000_000, 10_000_000, 100_000_000)


def build_programs():
    """Returns the folder of bench-detect, bench-lmtp and bench-seal."""
    build = Path(os.environ["MAIL_SEAL_BUILD"])
    subprocess.run(["make", "-s", "-C", build, "bench-programs"], check=True)
    return build / "bench"


def worst_messages(programs, effort):
    """[(name, ns per byte to detect, to seal, and that against a text)]"""
    done = subprocess.run([programs / "bench-detect", str(int(10_000_000 * min(effort, 1)))],
                          check=True, capture_output=True, text=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return [(name, *map(float, numbers)) for name, *numbers in rows]


# The sealing step and a bare gpg

@dataclass
class Step:
    """Seconds: medians of gpg's and the seal's, and of their processor times."""
    gpg: float
    seal: float
    gpg_cpu: float
    seal_cpu: float


def sealing_step(programs, certificate, size, effort, seals=1):
    """Behind each gpg there are so many seals."""
    pairs = max(3, round(SEAL_PAIRS[size] * effort))
    done = subprocess.run([programs / "bench-seal", certificate, *map(str, (size, pairs, seals))],
                          check=True, capture_output=True, text=True)
    rows = [tuple(map(float, line.split())) for line in done.stdout.splitlines()]
    return Step(*map(statistics.median, zip(*rows)))


# Team mailboxes

TEAMS = (2, 20, 200)


@dataclass
class Team:
    """Microseconds: of the first reading in a process, the later ones, the sealing step."""
    judging: float
    reading: float
    sealing: float
    more: float                      # bytes than the message had


def team(programs, certificates, size, effort):
    done = subprocess.run([programs / "bench-seal", "--group", certificates, str(size),
                           str(max(5, round(100 * effort)))],
                          check=True, capture_output=True, text=True)
    return Team(*map(float, done.stdout.split()))


# IMAP sessions that save nothing

@dataclass
class Sessions:
    milliseconds: float              # to connect and log in
    private_kb: float


def imap_sessions(effort):
    """(without the plugin, with it), and the median difference of the pairs."""
    with Dovecot([User("alice")], mail_seal=False) as plain, Dovecot([User("alice")]) as loaded:
        pairs = [(_session(plain), _session(loaded)) for _ in range(max(5, round(100 * effort)))]
    sides = [Sessions(statistics.median(one.milliseconds for one in side),
                      statistics.median(one.private_kb for one in side)) for side in zip(*pairs)]
    more = Sessions(
        statistics.median(b.milliseconds - a.milliseconds for a, b in pairs),
        statistics.median(b.private_kb - a.private_kb for a, b in pairs))
    return (*sides, more)


def _session(server):
    start = time.perf_counter()
    with server.imap("alice") as client:
        milliseconds = (time.perf_counter() - start) * 1000
        client.select()
        [pid] = server.service_pids("imap")
        private = measure(pid).private_kb
        client.must("LOGOUT")
    while server.service_pids("imap"):
        time.sleep(0.001)
    return Sessions(milliseconds, private)


# The first message of a process

def first_messages(kinds, effort):
    """{service: {kind: (milliseconds, how many more than those of "nokey")}}, medians.

    The owner's state is there: another process has sealed before. `kinds` has "nokey".
    """
    done = {"imap": [], "lmtp": []}
    with Dovecot([User(kind, keys) for kind, keys in kinds.items()]) as server:
        for kind in kinds:
            server.deliver(message(20_000), kind)
        order = list(kinds)
        for _ in range(max(5, round(60 * effort))):
            random.shuffle(order)
            done["imap"].append({kind: _first_append(server, kind) for kind in order})
            done["lmtp"].append({kind: _first_delivery(server, kind) for kind in order})
    return {service: {kind: (statistics.median(one[kind] for one in rounds),
                             statistics.median(one[kind] - one["nokey"] for one in rounds))
                      for kind in kinds} for service, rounds in done.items()}


def _first_append(server, name):
    """Milliseconds of a session that logs in, appends one message and logs out."""
    start = time.perf_counter()
    with server.imap(name) as client:
        assert client.append("INBOX", message(20_000)).ok
        client.must("LOGOUT")
        milliseconds = (time.perf_counter() - start) * 1000
    assert wait_until(lambda: not server.service_pids("imap"), interval=0.002)
    return milliseconds


def _first_delivery(server, name):
    """Milliseconds from connecting to an lmtp that has yet to be started to its answer."""
    for pid in server.service_pids("lmtp"):
        os.kill(pid, signal.SIGTERM)
    assert wait_until(lambda: not server.service_pids("lmtp"), interval=0.002)
    start = time.perf_counter()
    with server.lmtp() as client:
        [reply] = client.deliver(message(20_000), f"{name}@example.org")
        milliseconds = (time.perf_counter() - start) * 1000
    assert reply.code == 250, reply
    return milliseconds


# Memory

def lmtp_peaks(certificate):
    """{size: the most that one lmtp had resident while it sealed a message, kB}"""
    peaks = {}
    with Dovecot([User("alice", certificate)]) as server, server.lmtp() as client:
        client.deliver(message(1000), "alice@example.org")
        [pid] = server.service_pids("lmtp")
        for size in PEAK_SIZES:
            Path(f"/proc/{pid}/clear_refs").write_text("5")
            client.deliver_blocks(_blocks(size), "alice@example.org")
            status = Path(f"/proc/{pid}/status").read_text()
            peaks[size] = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])
            server.empty("alice")
    return peaks


def _blocks(size):
    block = mail.crlf(base64.encodebytes(random.Random(0).randbytes(720_000)))
    yield mail.text(b"")
    for _ in range(max(1, size // len(block))):
        yield block
