"""What Dovecot's statistics count of mail_seal's work."""

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path

import logger
from sandbox import wait_until


@dataclass
class Counted:
    """What the metrics grew by."""
    result: str
    reason: str
    engine: str
    seconds: float


def _has_counted_all(server):
    """The stats process sleeps, and there is nothing more for it in its sockets."""
    sockets = [line.split() for line in server.sandbox.run("ss", "-xaH").stdout.decode().splitlines()]
    path = str(server.folder / "run" / "stats-writer")
    return not any(words[2] != "0" for words in sockets if words[4] == path) and all(
        logger.sleeps(Path(f"/proc/{pid}")) for pid in server.service_pids("stats"))


@contextlib.contextmanager
def counting(server, events=1):
    """Yields a list that has one Counted for each kind of event at the end."""
    assert wait_until(lambda: _has_counted_all(server))
    before, found = server.metrics(), []
    yield found

    def grown():
        now = server.metrics()
        return {name: value - before.get(name, 0) for name, value in now.items()}

    assert wait_until(lambda: grown().get("dovecot_mail_seal_all_count", 0) >= events), "no event"
    growth = grown()
    assert growth["dovecot_mail_seal_all_count"] == events, growth
    for name, count in growth.items():
        if labels := re.fullmatch(
                r'dovecot_mail_seal_all_total\{result="(.*)",reason="(.*)",engine="(.*)"\}', name):
            seconds = growth[name.replace("_total", "_duration_seconds_total")]
            found += [Counted(*labels.groups(), seconds)] * int(count)
