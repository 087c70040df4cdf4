"""A real Prometheus scrapes real Dovecots through failures: the example's alerts see them."""

import json
import re
import subprocess
import time

import pytest

import mail
from dovecot import Dovecot, User
from ports import free_port
from prometheus import MONITORING, PATIENCE, NodeExporter, Prometheus
from sandbox import wait_until

MESSAGE = mail.text(mail.CANARY + b"\r\n")
MANY = 8                             # more than what the rules take for chance


class Back:
    """A back end: its Dovecot, and what the node exporter beside it says."""

    def __init__(self, users, **site):
        self.server = Dovecot(users, metrics=True, **site)
        self.server.__enter__()
        self.node = NodeExporter(self.server.folder / "textfile")
        self.count()

    @property
    def address(self):
        return f"127.0.0.1:{self.server.site.metrics_port}"

    def count(self, *options):
        """As the job does."""
        self.server.doveadm("seal", "metrics", *options, "--to", self.node.file)

    def close(self):
        self.node.close()
        self.server.close()


class World:
    def __init__(self, good, bare, silent):
        self.good, self.bare = good, bare
        self.silent = silent
        self.prometheus = Prometheus([good.address, bare.address, self.silent_address],
                                     [good.node.address, bare.node.address])

    @property
    def silent_address(self):
        return f"127.0.0.1:{self.silent.metrics_port}"


@pytest.fixture(scope="module")
def world(gnupg, keys):
    expired = gnupg.generate_expired("expired@example.org").certificate
    good = Back([User("alice", keys.alice.certificate), User("expired", expired),
                 User("tolerant", expired, settings={"mail_seal_unusable_key": "store"}),
                 User("soon", gnupg.generate("soon@example.org", expires="5d").certificate)])
    bare = Back([User("alice", keys.alice.certificate)], mail_seal=False)
    port = free_port()
    silent = Dovecot([User("alice")],
                     more=f"service stats {{\n  inet_listener http {{\n    port = {port}\n  }}\n}}")
    with silent:
        silent.metrics_port = port
        made = World(good, bare, silent)
        made.prometheus.wait_for_scrapes(good.address, bare.address, good.node.address)
        yield made
        made.prometheus.close()
    good.close()
    bare.close()


def deliver(back, user, count=1):
    return [back.server.deliver(MESSAGE, user)[0].code for _ in range(count)]


def test_files_are_right():
    """Debian's own tools read them."""
    for arguments in (("rules", "mail-seal.rules.yml"), ("config", "prometheus.yml")):
        done = subprocess.run(["promtool", "check", *arguments], cwd=MONITORING,
                              capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


def test_nothing_is_wrong(world):
    assert deliver(world.good, "alice", MANY) == [250] * MANY
    world.prometheus.wait_for_scrapes(world.good.address, world.good.node.address, count=3)
    assert world.prometheus.alerts(world.good.address) == set()
    increase = world.prometheus.number(
        f'increase(dovecot_mail_seal_sealed_total{{instance="{world.good.address}"}}[15m])')
    assert increase > MANY - 1


def test_failures(world):
    """The first is seen, which the counter with labels can't do: it begins at 1."""
    assert deliver(world.good, "expired") == [451]
    world.prometheus.wait_for_alert(world.good.address, "MailSealFailures")
    world.prometheus.wait_for_scrapes(world.good.address)
    labelled = f'dovecot_mail_seal_failed_by_total{{instance="{world.good.address}"}}'
    assert world.prometheus.number(labelled) == 1
    assert world.prometheus.number(f"increase({labelled}[15m])") == 0


def test_stored_as_plaintext(world):
    assert deliver(world.good, "tolerant") == [250]
    world.prometheus.wait_for_alert(world.good.address, "MailSealPlaintextOfUnusableKey")


def test_server_without_the_plugin(world):
    assert deliver(world.bare, "alice", MANY) == [250] * MANY
    for name in ("MailSealServerWithoutPlugin", "MailSealNothingSealed"):
        world.prometheus.wait_for_alert(world.bare.address, name)
        assert name not in world.prometheus.alerts(world.good.address)
    world.prometheus.wait_for_alert(world.bare.node.address, "MailSealPluginNotConfigured")
    world.prometheus.wait_for_alert(world.bare.node.address, "MailSealDoctor")
    world.prometheus.wait_for_alert(world.bare.node.address, "MailSealOwnersUnknown")


def test_server_without_statistics(world):
    world.prometheus.wait_for_alert(world.silent_address, "MailSealNoStatistics")
    assert "MailSealNoStatistics" not in world.prometheus.alerts(world.good.address)


def test_owners(world):
    world.prometheus.wait_for_alert(world.good.node.address, "MailSealCertificatesUnusable")
    world.prometheus.wait_for_alert(world.good.node.address, "MailSealCertificateExpires")
    assert world.prometheus.alerts(world.good.node.address).isdisjoint(
        {"MailSealPluginNotConfigured", "MailSealDoctor", "MailSealOwnersUnknown",
         "MailSealMetricsOld", "MailSealPlaintextLeft", "MailSealMetricsMissing"})


def test_plaintext_that_is_left(world):
    """Of an owner who got his certificate later."""
    key = world.good.server.keys_file("alice").read_bytes()
    world.good.server.never_enrolled("alice")
    assert deliver(world.good, "alice") == [250]
    world.good.server.give("alice", ".mail-seal/keys", key)
    world.good.count("--plaintext")
    world.prometheus.wait_for_alert(world.good.node.address, "MailSealPlaintextLeft")


def test_reload(world):
    """Counters begin again, and those with labels are gone; the alerts aren't fooled."""
    failed = f'dovecot_mail_seal_failed_total{{instance="{world.good.address}"}}'
    labelled = failed.replace("failed_total", "failed_by_total")
    before = world.prometheus.number(f"increase({failed}[15m])")
    assert before > 0
    world.good.server.reload()
    # the old process answers for some seconds on the connection that Prometheus keeps
    assert wait_until(lambda: world.prometheus.number(failed) == 0, timeout=PATIENCE)
    assert world.prometheus.query(labelled) == []
    assert deliver(world.good, "expired") == [451]
    world.prometheus.wait_for_scrapes(world.good.address, count=3)
    assert world.prometheus.number(failed) == 1
    assert world.prometheus.number(f"increase({failed}[15m])") > before + 0.5
    assert "MailSealFailures" in world.prometheus.alerts(world.good.address)


def test_levels_of_groups(world):
    """A metric that groups by more fields than one counts a message for each level."""
    assert deliver(world.good, "alice") == [250]
    world.prometheus.wait_for_scrapes(world.good.address, count=3)
    one = f'{{instance="{world.good.address}"}}'
    total = world.prometheus.number(f"dovecot_mail_seal_total{one}")
    assert world.prometheus.number(f"sum(dovecot_mail_seal_all_total{one})") >= 3 * total
    for name in ("sealed", "stored", "failed"):
        counted = world.prometheus.number(f"dovecot_mail_seal_{name}_total{one}")
        by = world.prometheus.number(f"sum(dovecot_mail_seal_{name}_by_total{one})")
        assert (by or 0) == counted, name


def test_dashboard(world):
    """Each of its expressions is one, and finds something."""
    dashboard = json.loads((MONITORING / "grafana-dashboard.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(expressions) > 10
    for expression in expressions:
        plain = expression.replace("$instance", ".*").replace("$__rate_interval", "15m")
        assert "$" not in plain
        assert world.prometheus.query(plain) != [], plain


def test_other_version(world):
    """An upgrade left one server out."""
    name = "MailSealVersionsDiffer"
    world.prometheus.wait_for_scrapes(world.bare.node.address)
    assert name not in world.prometheus.alerts(world.bare.node.address)
    text = world.bare.node.file.read_text()
    other = re.sub(r'(mail_seal_info{version=)"[^"]*"', r'\1"0.0.9-other"', text)
    assert other != text
    world.bare.node.file.write_text(other)
    world.prometheus.wait_for_alert(world.bare.node.address, name)
    world.bare.node.file.write_text(text)


def test_old_file(world):
    """The job doesn't run any more; later the file is gone."""
    text = world.bare.node.file.read_text()
    old = re.sub(r"(?m)^(mail_seal_metrics_timestamp_seconds) .*$",
                 rf"\1 {int(time.time()) - 4 * 3600}", text)
    world.bare.node.file.write_text(old)
    world.prometheus.wait_for_alert(world.bare.node.address, "MailSealMetricsOld")
    for back in (world.bare, world.good):
        back.node.file.unlink()
    world.prometheus.wait_for_alert(world.bare.node.address, "MailSealMetricsMissing")
