"""doveadm seal doctor on servers that are well, and that aren't: each check sees what it is for."""

import contextlib
import json
import os
import re
import shutil
import tempfile
import time
from pathlib import Path

import pytest

import mail
from another_build import TREE, installed_helper
from doctor import IS_24, Doctor, configured, without
from dovecot import Dovecot, User
from sandbox import Sandbox, wait_until

MESSAGE = mail.text(mail.CANARY + b"\r\n")
JOB = "30 6 * * * root doveadm seal key notify -A\n"
ADDRESSES = {"mail_seal_addresses": "%u@example.org"}


@pytest.fixture(scope="module")
def server(keys):
    with Dovecot([User("alice", keys.alice.certificate)], seal=dict(ADDRESSES)) as dovecot:
        dovecot.doveadm("user", "alice")      # Dovecot's own processes have read it
        dovecot.sandbox.run("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", dovecot.mail_temp)
        with fake(dovecot, "/proc/swaps", "Filename Type Size Used Priority\n"), \
                fake(dovecot, "/proc/sys/kernel/core_pattern", "core\n"), \
                job(dovecot, JOB), anchor(dovecot), running(dovecot, "cron"):
            dovecot.sandbox.run("prlimit", "--pid", master(dovecot), "--core=0:")
            yield dovecot


def master(server):
    """Its PID as it is in there."""
    return (server.folder / "run" / "master.pid").read_text().strip()


@contextlib.contextmanager
def fake(server, path, text):
    """Another file in the place of one of the system's."""
    file = server.folder / f"fake-{path.replace('/', '-')}"
    file.write_text(text)
    with server.sandbox.mounted_over(file, path):
        yield


@contextlib.contextmanager
def job(server, text, name="mail-seal", folder="/etc/cron.d"):
    place = Path(tempfile.mkdtemp(dir=server.folder))
    (place / name).write_text(text)
    server.sandbox.run("mkdir", "-p", folder)
    with server.sandbox.mounted_over(place, folder):
        yield place


@contextlib.contextmanager
def running(server, name):
    """A process of this name."""
    shutil.copy("/bin/sleep", server.folder / name)
    process = server.sandbox.start(server.folder / name, "infinity")
    assert wait_until(lambda: server.sandbox.run("pgrep", "-x", name, check=False).stdout)
    try:
        yield
    finally:
        server.sandbox.run("pkill", "-x", name)
        process.wait()


@contextlib.contextmanager
def systemd(server):
    """As where systemd is the init."""
    place = Path(tempfile.mkdtemp(dir=server.folder))
    (place / "systemd" / "system").mkdir(parents=True)
    with server.sandbox.mounted_over(place, "/run"):
        yield


@contextlib.contextmanager
def anchor(server, text=". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E88040\n"):
    (server.folder / "root.key").write_text(text)
    server.site.seal["mail_seal_dns_trust_anchor"] = f"{server.folder}/root.key"
    server.write_config()
    yield


def test_all_is_well(server):
    doctor = Doctor(server)
    assert (doctor.status, doctor.bad(), doctor.errors) == (0, set(), "")
    assert {finding["check"] for finding in doctor.findings} == {
        "configuration", "plugin", "build", "dovecot", "sessions", "mail_temp_dir", "swap",
        "core-dumps", "process-1", "apparmor", "raw-logs", "auth_username_format",
        "dns-trust-anchor", "cron"}
    user = Doctor(server, "-u", "alice")
    assert (user.status, user.bad(), user.errors) == (0, set(), "")
    assert {finding["check"] for finding in user.findings} == {
        "plugin", "settings", "source", "certificate", "certificate-owner", "trial"}
    manual = (TREE / "man" / "doveadm-seal.1").read_text().replace("\\-", "-")
    for check in {finding["check"] for finding in (*doctor.findings, *user.findings)}:
        assert re.search(rf"^\.BR? .*\b{check}\b", manual, re.M), check


@pytest.mark.parametrize("who", [[], ["-u", "alice"], ["-A"]], ids=["server", "user", "all"])
def test_formats(server, who):
    """All of doveadm's say the same, but for the order of the words."""
    rows = json.loads(server.doveadm("-f", "json", "seal", "doctor", *who).stdout)
    assert {row["result"] for row in rows} == {"ok"}
    assert all(row.get("username") == "alice" for row in rows) == bool(who)
    for name in ("flow", "pager", "tab", "table"):
        text = server.doveadm("-f", name, "seal", "doctor", *who).stdout.decode()
        assert all(row["finding"] in text and row["check"] in text for row in rows), name
    plain = server.doveadm("seal", "doctor", *who).stdout.decode().splitlines()
    start = "alice ok " if who else "ok "
    assert [line.startswith(start) for line in plain if line] == [True] * len(rows)


@pytest.mark.parametrize("name", ["flow", "pager", "tab", "table", "json"])
@pytest.mark.parametrize("who", [[], ["-u", "alice"], ["-u", "nobody-of-this-name"]],
                         ids=["server", "user", "none"])
def test_exit_status_and_advice_in_all_formats(server, name, who):
    with configured(server, *without("imap")):
        done = server.doveadm("-f", name, "seal", "doctor", *who, check=False)
    text = done.stdout.decode()
    assert done.returncode == 2 and done.stderr == b""
    assert "error" in text
    advice = "doveadm user '*' lists them" if who[-1:] == ["nobody-of-this-name"] \
        else "Add mail_seal to mail_plugins"
    assert advice in text
    if name == "json":
        assert {"error"} <= {row["result"] for row in json.loads(text)}


# The configuration

@pytest.mark.parametrize("protocol", ["imap", "lmtp", "lda", "doveadm"])
def test_plugin_is_missing_in_a_protocol(server, protocol):
    with configured(server, *without(protocol)):
        for who in ([], ["-u", "alice"]):
            doctor = Doctor(server, *who)
            assert doctor.status == 2
            for each in ("imap", "lmtp", "lda", "doveadm"):
                expected = "error" if each == protocol else "ok"
                assert doctor.result("plugin", f"rotocol {each} ") == expected \
                    or expected == "error" == doctor.result("plugin", f"protocol {each} lack")


@pytest.fixture(scope="module")
def plain_server(keys):
    """Its configuration may be tried out."""
    with Dovecot([User("alice", keys.alice.certificate)]) as dovecot:
        yield dovecot


def lmtp_plugins(*lines):
    return "\n".join(["protocol lmtp {", *lines, "}\n"])


def yes(*names):
    return "\n".join(["mail_plugins {", *(f"{name} = yes" for name in names), "}\n"])


@pytest.mark.skipif(not IS_24, reason="2.3 has no blocks")
@pytest.mark.parametrize("lines, loaded", [
    (lmtp_plugins(yes("notify")), True),
    ("mail_plugins = quota mail_seal\n" + lmtp_plugins(yes("notify")), True),
    ("mail_plugins = quota\n" + lmtp_plugins(yes("notify")), False),
    ("mail_plugins = quota\n" + lmtp_plugins(yes("notify", "mail_seal")), True),
    (lmtp_plugins("mail_plugins = notify mail_seal"), True),
    (lmtp_plugins("mail_plugins = notify"), False),
    (lmtp_plugins("mail_plugins ="), False),
    (lmtp_plugins("mail_plugins = quota", yes("notify")), False),
    without("lmtp")[1:] + (False,)],
    ids=["added", "to words", "to others", "there alone", "words", "others", "none",
         "words and added", "taken out"])
def test_lists_of_a_protocol(plain_server, lines, loaded):
    """A block adds to the list that is global, and words replace it; and that is what LMTP does."""
    server = plain_server
    with configured(server, lines):
        assert Doctor(server).result("plugin", "rotocol lmtp ") == ("ok" if loaded else "error")
        assert Doctor(server).result("plugin", "rotocol imap ") == \
            ("error" if lines.startswith("mail_plugins = quota\n") else "ok")
        server.restart()
        server.deliver(MESSAGE, "alice")
    server.restart()
    assert (mail.CANARY not in server.messages("alice")[-1]) == loaded


def test_a_port_makes_no_proxy(server):
    """Replication has one, too: a server that stores mail and lacks us everywhere isn't well."""
    nowhere = ["\n".join(lines) for lines in zip(*map(without, ("imap", "lmtp", "lda")))]
    port = "doveadm_port = 24245\n"
    with configured(server, *(port + lines for lines in nowhere)):
        doctor = Doctor(server)
        assert doctor.status == 2 and not doctor.of("proxy")
        for protocol in ("imap", "lmtp", "lda"):
            assert doctor.result("plugin", f"rotocol {protocol} ") == "error"


def test_configuration_cannot_be_read(server):
    with configured(server, "mail_temp_dir = {{{\nno such setting\n"):
        doctor = Doctor(server)
        assert doctor.result("configuration") == "error"
        assert doctor.result("cron") == "ok"


@pytest.mark.parametrize("more", [
    ("rawlog_dir = /var/raw", None), ("lmtp_rawlog_dir = /var/raw", None),
    ("protocol imap {\n  rawlog_dir = /var/raw\n}", None),
    ("service imap {\n  executable = imap rawlog\n}", None),
    ("plugin {\n  sieve_trace_dir = /var/raw\n}", "sieve_trace_dir = /var/raw")],
    ids=["everywhere", "lmtp", "imap", "service", "sieve"])
def test_raw_logs(server, more):
    with configured(server, *more):
        assert Doctor(server).result("raw-logs") == "warning"


@pytest.mark.parametrize("value23, value24, addresses, expected", [
    ("%Lu", "%{user | lower}", "%u", "ok"),
    ("%Ln", "%{user | username | lower}", "%u@example.org", "ok"),
    ("%Ln", "%{user | username | lower}", "%u", "warning"),
    ("%u", "%{user}", "%u", "warning"),
    ("%n", "%{user | username}", "%u@example.org", "warning")])
def test_user_names(server, value23, value24, addresses, expected):
    with configured(server, f"auth_username_format = {value23}",
                    f"auth_username_format = {value24}", addresses=addresses):
        assert Doctor(server).result("auth_username_format") == expected


def test_domain_taken_off_by_lmtp_only(server):
    """As in the example of 20-lmtp.conf."""
    with configured(server, "auth_username_format = %Lu\nprotocol lmtp {\n"
                    "  auth_username_format = %Ln\n}",
                    "auth_username_format = %{user | lower}\nprotocol lmtp {\n"
                    "  auth_username_format = %{user | username | lower}\n}", addresses="%u"):
        assert {result for result, _ in Doctor(server).of("auth_username_format")} == \
            {"ok", "warning"}


@pytest.mark.parametrize("content, expected", [
    (None, "warning"), ("", "warning"), ("; only a comment: DS\n", "warning"),
    (". 172800 IN DNSKEY 257 3 8 AwEAAa==\n", "ok")])
def test_trust_anchor(server, content, expected):
    path = server.folder / "anchor"
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_text(content)
    with configured(server, dns_trust_anchor=path):
        assert Doctor(server).result("dns-trust-anchor") == expected


# What is installed

@contextlib.contextmanager
def replaced(server, path, content):
    """Another file at the place of one of mail_seal's."""
    other = server.folder / f"other-{os.path.basename(path)}"
    other.write_bytes(content)
    other.chmod(0o755)
    with server.sandbox.mounted_over(other, path):
        yield


def of_another_build(path):
    with open(path, "rb") as file:
        content = file.read()
    start = content.index(b"0.1.0-")
    build = content[start:start + 22]
    assert content.count(build)
    return content.replace(build, build[:-4] + b"beef")


@pytest.mark.parametrize("name, word", [
    ("lib15_mail_seal_plugin.so", "plugin"),
    ("mail-seal/libmail_seal_core.so", "sealing library"),
    ("mail-seal/libmail_seal_discovery.so", "library that finds")])
@pytest.mark.parametrize("damage", ["another build", "empty"])
def test_modules(server, name, word, damage):
    path = f"{os.environ['MAIL_SEAL_MODULEDIR']}/{name}"
    content = of_another_build(path) if damage == "another build" else b""
    with replaced(server, path, content):
        doctor = Doctor(server)
        assert doctor.result("build", f"The {word} ") == "error"
        assert len([one for one in doctor.of("build") if one[0] == "error"]) == 1
        if "core" in name:
            assert Doctor(server, "-u", "alice").result("build") == "error"


def test_plugin_is_gone(server):
    """doveadm itself ends with a fatal error when it wants to load it."""
    link = server.folder / "modules" / "lib15_mail_seal_plugin.so"
    target = os.readlink(link)
    link.unlink()
    try:
        doctor = Doctor(server)
        assert doctor.result("build", "plugin") == "error"
        assert doctor.result("plugin", "imap") == "ok"
    finally:
        link.symlink_to(target)


def test_without_the_library_that_finds(server):
    """In Debian it is a package of its own: what only it needs isn't looked at."""
    folder = Path(os.environ["MAIL_SEAL_MODULEDIR"]) / "mail-seal"
    place = Path(tempfile.mkdtemp(dir=server.folder))
    shutil.copy(folder / "libmail_seal_core.so", place)
    with server.sandbox.mounted_over(place, folder), \
            configured(server, dns_trust_anchor="/no/such"):
        doctor = Doctor(server)
        assert doctor.result("build", "isn't installed") == "ok"
        assert (doctor.status, doctor.of("dns-trust-anchor")) == (0, [])
        (place / "libmail_seal_core.so").unlink()
        assert Doctor(server).result("build", "sealing library") == "error"


def test_helper(server):
    with replaced(server, installed_helper(), b"#!"):
        server.sandbox.run("chmod", "0644", installed_helper())
        assert Doctor(server).result("build", "runs gpg") == "error"


# The machine

def test_mail_temp_dir(server):
    with configured(server, "mail_temp_dir = FOLDER/state".replace("FOLDER", str(server.folder))):
        assert Doctor(server).result("mail_temp_dir") == "error"     # 0755: not for mail users
        (server.folder / "state").chmod(0o1777)
        assert Doctor(server).result("mail_temp_dir") == "warning"   # on the disk
        (server.folder / "state").chmod(0o755)
    with configured(server, "mail_temp_dir = /no/such"):
        assert Doctor(server).result("mail_temp_dir") == "error"


@pytest.mark.parametrize("device, expected", [
    ("/dev/vda2", "warning"), ("/swapfile", "warning"), ("/dev/zram0", "ok"),
    ("/dev/dm-7", "warning")])
def test_swap(server, device, expected):
    with fake(server, "/proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n"
              f"{device}   partition\t1048572\t0\t-2\n"):
        assert Doctor(server).result("swap") == expected


@pytest.mark.parametrize("limit, pattern, expected", [
    ("0:", "core", "ok"), ("0:", "|/usr/lib/systemd/systemd-coredump %P", "ok"),
    ("0:", "|/usr/share/apport/apport %p", "warning"), ("4096:", "", "ok"),
    ("4096:", "core", "warning"),
    ("4096:", "|/usr/lib/systemd/systemd-coredump %P", "warning")])
def test_core_dumps(server, limit, pattern, expected):
    server.sandbox.run("prlimit", "--pid", master(server), f"--core={limit}")
    with fake(server, "/proc/sys/kernel/core_pattern", pattern + "\n"):
        assert Doctor(server).result("core-dumps") == expected
    server.sandbox.run("prlimit", "--pid", master(server), "--core=0:")


def test_apparmor(server):
    current = f"/proc/{master(server)}/attr/current"
    for text, expected in (("unconfined\n", "ok"), ("dovecot (complain)\n", "ok"),
                           ("dovecot (enforce)\n", "warning")):
        with fake(server, current, text):
            assert Doctor(server).result("apparmor") == expected


@pytest.mark.parametrize("text, expected", [
    ("30 6 * * * root doveadm  seal key notify -A | mail\n", "ok"),
    ("# 30 6 * * * root doveadm seal key notify -A\n", "warning"),
    ("30 6 * * * root doveadm seal key check -A\n", "warning")])
def test_cron(server, text, expected):
    with job(server, text):
        assert Doctor(server).result("cron") == expected


def test_cron_is_not_running(keys):
    with Dovecot([User("alice", keys.alice.certificate)]) as server, job(server, JOB):
        [(result, text)] = Doctor(server).of("cron")
        assert (result, "neither cron nor systemd is running" in text) == ("warning", True), text
        with systemd(server):
            assert Doctor(server).result("cron") == "ok"
        with running(server, "crond"):
            assert Doctor(server).result("cron") == "ok"


COMMANDS = ["doveadm seal key notify -A", "/usr/lib/dovecot/mail-seal-daily"]


@pytest.mark.parametrize("command", COMMANDS)
def test_timer(server, command):
    with job(server, ""), systemd(server), job(server, f"[Service]\nExecStart={command}\n",
                                               "seal.service", "/etc/systemd/system") as place:
        assert Doctor(server).result("cron") == "warning"      # nothing starts it
        (place / "timers.target.wants").mkdir()
        (place / "timers.target.wants" / "seal.timer").symlink_to("/lib/seal.timer")
        assert Doctor(server).result("cron") == "ok"


def test_timer_without_systemd(server):
    with job(server, ""), job(server, f"[Service]\nExecStart={COMMANDS[1]}\n", "seal.service",
                              "/etc/systemd/system") as place:
        (place / "timers.target.wants").mkdir()
        (place / "timers.target.wants" / "seal.timer").symlink_to("/lib/seal.timer")
        assert Doctor(server).result("cron") == "warning"


@pytest.mark.parametrize("command", COMMANDS)
def test_cron_where_systemd_has_a_timer(server, command):
    """As Debian's packages write it: the line does nothing where there is systemd."""
    with job(server, f"30 6 * * * root [ -d /run/systemd/system ] || {command}\n"):
        assert Doctor(server).result("cron") == "ok"
        with systemd(server):
            assert Doctor(server).result("cron") == "warning"


@pytest.mark.parametrize("more, expected", [
    ("", ["ok", "warning"]), ("35 6 * * * root doveadm seal group sync\n", ["ok", "ok"]),
    (f"30 6 * * * root {COMMANDS[1]}\n", ["ok", "ok"])])
def test_job_for_teams(server, more, expected):
    with job(server, JOB + more):
        assert len(Doctor(server).of("cron")) == 1
        server.site.shared, server.site.groups = True, {"CERT": "file:/etc/cert.asc"}
        try:
            with configured(server):
                assert [result for result, _ in Doctor(server).of("cron")] == expected
        finally:
            server.site.shared, server.site.groups = False, {}
            server.write_config()


def test_process_1_that_waits_for_nobody(keys, monkeypatch):
    monkeypatch.setattr(Sandbox, "INIT", ["sleep", "infinity"])
    with Dovecot([User("alice", keys.alice.certificate)]) as server:
        [(result, text)] = Doctor(server).of("process-1")
        assert (result, "waits for nobody" in text) == ("warning", True)
        # what has ended and whose parent has gone
        server.sandbox.run("sh", "-c", "(sh -c 'sleep 0.1' & exit) & exit")
        assert wait_until(server.sandbox.zombies)
        [(result, text)] = Doctor(server).of("process-1")
        assert (result, "doesn't wait" in text) == ("warning", True)


# The running Dovecot

def test_dovecot_is_not_running(keys):
    with Dovecot([User("alice", keys.alice.certificate)]) as server:
        server.stop()
        doctor = Doctor(server)
        assert (doctor.result("dovecot"), doctor.of("sessions")) == ("warning", [])
        server.start()


def test_sessions(keys):
    """Those that began before mail_seal was loaded, and before another was installed."""
    with Dovecot([User("alice", keys.alice.certificate)], mail_seal=False,
                 plugins=("quota",)) as server:
        with server.imap("alice"):
            server.site.mail_seal = True
            server.write_config()
            server.reload()
            assert Doctor(server).result("sessions") == "error"
        assert wait_until(lambda: Doctor(server).result("sessions") == "ok")
        plugin = server.folder / "modules" / "lib15_mail_seal_plugin.so"
        copies = [plugin.with_name(name) for name in ("first", "second")]
        for copy in copies:
            shutil.copy(plugin, copy)
        copies[0].rename(plugin)     # in the place of the link
        with server.imap("alice"), server.lmtp() as client:
            assert client.deliver(MESSAGE, "alice@example.org")[0].code == 250
            assert Doctor(server).result("sessions", "2 open") == "ok"
            copies[1].rename(plugin)     # as an upgrade does it
            assert Doctor(server).result("sessions", "2 of 2") == "warning"
        server.restart()
        assert Doctor(server).result("sessions") == "ok"


def test_sessions_that_survive_a_restart(keys):
    with Dovecot([User("alice", keys.alice.certificate)], more="shutdown_clients = no") as server:
        with server.imap("alice") as client:
            assert Doctor(server).result("sessions", "1 open") == "ok"
            server.doveadm("stop")
            assert wait_until(lambda: not server.is_running())
            server.start()
            assert client.command("NOOP").ok
            assert Doctor(server).result("sessions", "1 of 1") == "warning"
        assert wait_until(lambda: Doctor(server).result("sessions") == "ok")


def test_another_dovecot_is_not_ours(server, keys):
    """Its sessions are its own, whatever they have loaded."""
    with Dovecot([User("alice", keys.alice.certificate)], mail_seal=False) as other:
        with other.imap("alice"):
            assert Doctor(server).result("sessions", "0 open") == "ok"


def test_engine(server):
    """Sealing itself doesn't work: the trial sees that."""
    with configured(server, openpgp_engine="gpg"):
        assert Doctor(server, "-u", "alice").result("trial") == "ok"
        with replaced(server, installed_helper(), b"#!/bin/false\n"):
            assert Doctor(server, "-u", "alice").status == 2


def test_without_roots_rights(server):
    done = server.sandbox.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                              "doveadm", "-c", server.folder / "dovecot.conf", "-f", "tab", "seal",
                              "doctor", check=False)
    assert done.returncode in (1, 2)
    assert b"Run it as root.\n" in done.stdout or b"configuration" in done.stdout


def test_other_commands_of_that_name(server):
    """Only the command itself is taken over before doveadm reads its settings."""
    done = server.doveadm("user", "seal", "doctor", check=False)
    assert b"plugin" not in done.stdout and done.returncode == 67
    done = server.doveadm("-o", "mail_temp_dir=/no/such", "-ftab", "seal", "doctor", check=False)
    assert done.returncode == 2 and b"/no/such" in done.stdout


def test_time(server):
    """A command for monitoring may not take long."""
    started = time.monotonic()
    Doctor(server)
    assert time.monotonic() - started < 60


def test_usage(server):
    done = server.doveadm("seal", "doctor", "alice", check=False)
    assert (done.returncode, done.stdout) == (64, b"")
    assert IS_24 or b"Extraneous" in done.stderr
