"""Debian's Prometheus and node exporter, with the example's rules and configuration."""

import contextlib
import json
import re
import shutil
import subprocess
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path

from config import EXAMPLES
from ports import free_port
from sandbox import wait_until

MONITORING = EXAMPLES / "monitoring"
PATIENCE = 60                        # seconds for something to show


def _get(url):
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        return answer.read()


class NodeExporter:
    """Only with the textfile collector."""

    def __init__(self, folder):
        self.address = f"127.0.0.1:{free_port()}"
        folder.mkdir(exist_ok=True)
        self.file = folder / "mail_seal.prom"
        self._process = subprocess.Popen(
            ["prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile",
             f"--collector.textfile.directory={folder}", f"--web.listen-address={self.address}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def close(self):
        self._process.kill()
        self._process.wait()


class Prometheus:
    def __init__(self, dovecots, nodes):
        self.folder = Path(tempfile.mkdtemp(prefix="mail-seal-prometheus-"))
        self.address = f"127.0.0.1:{free_port()}"
        self.log = self.folder / "log"
        self._write_config({"9900": dovecots, "9100": nodes})
        with open(self.log, "wb") as log:
            self._process = subprocess.Popen(
                ["prometheus", f"--config.file={self.folder}/prometheus.yml",
                 f"--storage.tsdb.path={self.folder}/data",
                 f"--web.listen-address={self.address}"], stdout=log, stderr=log)
        assert wait_until(self._is_ready, timeout=PATIENCE), self.log.read_text()

    def _write_config(self, targets):
        """The examples, with these targets and a short interval."""
        text = (MONITORING / "prometheus.yml").read_text()
        for port, addresses in targets.items():
            lines = "".join(f"          - {address}\n" for address in addresses)
            text, count = re.subn(rf"(?:          - mail\d\.example\.org:{port}\n)+", lines, text)
            assert count == 1
        text += "\nglobal:\n  scrape_interval: 1s\n  evaluation_interval: 1s\n"
        (self.folder / "prometheus.yml").write_text(text)
        shutil.copy(MONITORING / "mail-seal.rules.yml", self.folder)

    def _is_ready(self):
        with contextlib.suppress(OSError):
            return _get(f"http://{self.address}/-/ready")
        return None

    def close(self):
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def query(self, expression):
        """[(labels, number)] of what it says now."""
        url = f"http://{self.address}/api/v1/query?" + urllib.parse.urlencode(
            {"query": expression})
        answer = json.loads(_get(url))
        assert answer["status"] == "success", answer
        return [(one["metric"], float(one["value"][1])) for one in answer["data"]["result"]]

    def number(self, expression):
        """The only number, or None."""
        found = self.query(expression)
        assert len(found) <= 1, found
        return found[0][1] if found else None

    def scrapes(self, address):
        return self.number(f'count_over_time(up{{instance="{address}"}}[1h])') or 0

    def wait_for_scrapes(self, *addresses, count=2):
        """What is there now has been seen, in each place."""
        for address in addresses:
            enough = self.scrapes(address) + count
            assert wait_until(lambda: self.scrapes(address) >= enough, timeout=PATIENCE), address

    def alerts(self, address):
        """{name} of those of this instance, also those that wait for their `for`."""
        answer = json.loads(_get(f"http://{self.address}/api/v1/alerts"))
        return {alert["labels"]["alertname"] for alert in answer["data"]["alerts"]
                if alert["labels"].get("instance") in (address, None)}

    def wait_for_alert(self, address, name):
        assert wait_until(lambda: name in self.alerts(address), timeout=PATIENCE), \
            self.alerts(address)
