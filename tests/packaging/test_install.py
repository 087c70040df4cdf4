"""From "apt install" on a stock server to a sealed delivery, and back by "apt purge"."""

import os
import re

import pytest

import mail
from server import Server

MESSAGE = mail.text(mail.CANARY + b"\r\n")
CONFFILE = "/etc/dovecot/conf.d/90-mail-seal.conf"
DAILY = "/usr/lib/dovecot/mail-seal-daily"
CRON = "/etc/cron.d/dovecot-mail-seal"
TIMER = "/etc/systemd/system/timers.target.wants/mail-seal-daily.timer"
OURS = ("/usr/lib/dovecot/modules", "/usr/lib/dovecot/mail-seal-exec",
        "/usr/share/dovecot-mail-seal", "/usr/share/doc/dovecot-mail-seal")


@pytest.fixture(scope="module")
def server(release):
    """With the package, and as it was before."""
    with Server(release) as server:
        server.before = configuration(server), modules(server)
        server.apt("install", server.package())
        yield server


def configuration(server):
    return server.run("doveconf", "-n")


def modules(server):
    return server.shell("find /usr/lib/dovecot /usr/share/dovecot* /usr/share/doc/dovecot* | sort")


def test_installed_alone_it_changes_nothing(server):
    """Dovecot's trigger restarted it, with the configuration that it had."""
    assert configuration(server) == server.before[0]
    assert server.status(DAILY) == (0, "")
    assert server.deliver(MESSAGE).code == 250
    [stored] = server.messages()
    mail.check_unchanged(stored, MESSAGE)
    server.expunge()


def test_what_is_installed(server):
    files = server.shell("dpkg -L dovecot-mail-seal").split()
    assert [file for file in files if file.endswith(".la")] == []
    assert [file for file in files if "conf.d-examples" in file and file.endswith(".gz")] == []
    assert CONFFILE in files and DAILY in files and CRON in files
    assert server.path(TIMER).is_symlink()           # it runs without being asked for
    assert "mail_seal" in server.read(CONFFILE)
    # a library that only "key find" needs
    assert not any("discovery" in file for file in files)
    depends = server.run("dpkg-query", "-W", "-f", "${Depends}", "dovecot-mail-seal")
    [abi] = re.findall(r"dovecot-abi-\S+?(?=,|$)", depends)
    assert abi in server.run("dpkg-query", "-W", "-f", "${Provides}", "dovecot-core").split(", ")
    for library in ("libcurl", "libunbound", "libldap"):
        assert library not in depends


def test_three_lines_and_a_key(server, gnupg, key):
    server.unloaded = server.read("/etc/dovecot/conf.d/10-mail.conf")
    server.load_plugin()
    server.enrol(key)
    assert key.fingerprint in server.run("doveadm", "seal", "key", "show", "-u", "alice")
    reply = server.deliver(MESSAGE)
    assert reply.code == 250, reply
    server.run("/usr/lib/dovecot/dovecot-lda", "-d", "alice", input=mail.lf(MESSAGE))
    with server.imap() as client:
        client.must("CREATE Sent")
        assert client.append("Sent", MESSAGE).ok
    inbox, sent = server.messages(), server.messages(mailbox="Sent")
    assert (len(inbox), len(sent)) == (2, 1), inbox
    for stored in inbox:
        mail.check_sealed(stored, MESSAGE, gnupg, key)
    mail.check_sealed(sent[0], MESSAGE, gnupg, key, delivered=False)
    assert server.plaintext() == []
    assert server.deliver(MESSAGE, "bob").code == 250
    mail.check_unchanged(server.messages("bob")[0], MESSAGE)
    assert server.plaintext() != []          # who looks for it finds it


def findings(server, *options):
    _, text = server.status("doveadm", "-f", "tab", "seal", "doctor", *options)
    names, *rows = [line.split("\t") for line in text.splitlines()]
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_doctor_sees_nothing_but_the_machine(server):
    """No warning that a package could have spared the administrator."""
    # There is no init in here, and the machine's swap and core pattern are its own.
    machine = {"mail_temp_dir", "swap", "core-dumps", "process-1", "apparmor", "sessions"}
    bad = [finding for finding in findings(server)
           if finding["result"] != "ok" and finding["check"] not in machine]
    # Debian 13 takes the domain off what LMTP is told: that is for the administrator.
    if server.is_24:
        [names] = [finding for finding in bad if finding["check"] == "auth_username_format"]
        bad.remove(names)
        assert "mail_seal_addresses" in names["advice"]
        before = server.read(CONFFILE)
        server.append(CONFFILE, "mail_seal_addresses = %{user}@example.org\n")
        assert not [finding for finding in findings(server)
                    if finding["check"] == "auth_username_format" and finding["result"] != "ok"]
        server.write(CONFFILE, before)
    assert {finding["check"] for finding in bad} == {"cron"}, bad
    assert all("neither cron nor systemd is running" in finding["finding"] for finding in bad)
    with server.systemd():
        assert [finding["result"] for finding in findings(server)
                if finding["check"] == "cron"] == ["ok"]
    assert {finding["result"] for finding in findings(server, "-u", "alice")} == {"ok"}


def test_daily_work(server, gnupg):
    """As the timer and cron run it: nothing is due, then something is."""
    [line] = [line for line in server.read(CRON).splitlines() if not line.startswith("#")]
    command = line.split("root ", 1)[1]
    assert server.status("sh", "-c", command) == (0, "")
    soon = gnupg.generate("bob@example.org", expires="20d")
    server.path("/root/bob.asc").write_bytes(soon.certificate)
    server.run("doveadm", "seal", "key", "set", "-u", "bob", "-f", "/root/bob.asc", "--force")
    with server.systemd():
        assert server.status("sh", "-c", command) == (0, "")     # its timer does it
    status, text = server.status("sh", "-c", command)
    assert (status, text.split()) == (0, ["bob", "expires", "stored", "in", "INBOX"])
    assert server.status("sh", "-c", command) == (0, "")
    server.run("doveadm", "seal", "key", "unset", "-u", "bob")
    server.expunge("bob")
    unit = server.shell("cat /lib/systemd/system/mail-seal-daily.service")
    assert f"ExecStart={DAILY}\n" in unit


def test_manual_pages(server):
    for page in ("man1/doveadm-seal.1", "man7/mail_seal.7"):
        assert server.path(f"/usr/share/man/{page}.gz").exists()


def test_find_is_a_package_of_its_own(server):
    status, text = server.status("doveadm", "seal", "key", "find", "-u", "alice", "-n")
    assert status != 0 and "dovecot-mail-seal-find" in text, text
    server.apt("install", server.package(), server.package("dovecot-mail-seal-find"))
    status, text = server.status("doveadm", "seal", "key", "find", "-u", "alice", "-n")
    assert "libmail_seal_discovery" not in text and "dovecot-mail-seal-find" not in text


def test_removed_while_it_is_configured(server):
    """No mailbox opens: mail waits. Nothing is stored as plaintext, and it is all undone."""
    before = server.messages()
    text = server.apt("remove", "dovecot-mail-seal", check=False)
    assert "Dovecot's configuration still names mail_seal" in text
    assert server.installed("dovecot-mail-seal") is None
    assert server.shell(server.read(CRON).splitlines()[-1].split("root ", 1)[1]) == ""
    refused = mail.text(mail.CANARY + b" refused\r\n")
    try:
        reply = server.deliver(refused)
    except OSError:
        reply = None                 # nobody listens, or the connection is closed
    assert reply is None or 400 <= reply.code < 500, reply
    server.apt("install", server.package())
    server.restart()
    assert server.installed("dovecot-core")
    assert server.messages() == before
    assert server.deliver(MESSAGE).code == 250
    assert all(mail.is_sealed(stored) for stored in server.messages())
    assert server.crashes() == []


def test_purge_leaves_keys_and_mail(server, key):
    keys = "/home/alice/.mail-seal"
    server.shell("mkdir -p /etc/dovecot/mail-seal; cp /root/alice.asc /etc/dovecot/mail-seal/carol")
    before = server.messages(), server.shell(f"cd {keys}; find . -type f | xargs sha256sum")
    file = "/etc/dovecot/conf.d/10-mail.conf"
    server.write(file, server.unloaded)
    # as systemd does when the timer has run
    server.shell("mkdir -p /var/lib/systemd/timers; "
                 "touch /var/lib/systemd/timers/stamp-mail-seal-daily.timer")
    text = server.apt("purge", "dovecot-mail-seal")
    assert "still names mail_seal" not in text and "not empty" not in text
    server.wait_until_up()
    assert configuration(server) == server.before[0]
    assert modules(server) == server.before[1]
    for file in (CONFFILE, CRON, TIMER):
        assert not os.path.lexists(server.path(file)), file
    assert server.shell("find /etc /lib /var/lib -name '*mail-seal-daily*'") == ""
    assert server.shell(f"cd {keys}; find . -type f | xargs sha256sum") == before[1]
    assert key.certificate == server.path("/etc/dovecot/mail-seal/carol").read_bytes()
    assert server.messages() == before[0]
    assert server.deliver(MESSAGE).code == 250
    mail.check_unchanged(server.messages()[-1], MESSAGE)
