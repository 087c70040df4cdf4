"""A server as Debian installs it, and mail_seal as doc/first-user.md and the examples say it."""

import re
import textwrap
from pathlib import Path

import pytest

import mail
from machine import DOMAIN, HOST, PASSWORD, Machine, example, merged_main_cf, merged_master_cf
from sandbox import wait_until

PAGE = (Path(__file__).parents[2] / "doc" / "first-user.md").read_text()
MESSAGE = mail.text(mail.CANARY + b"\r\n")


def code(start):
    """The block of code on the page that begins with this."""
    found = re.search(rf"^( +){re.escape(start)}.*\n(?:\1.*\n)*", PAGE, re.M)
    return textwrap.dedent(found[0])


def seal(machine, key):
    """Steps 1 to 6."""
    machine.path("/home/alice.asc").write_bytes(key.certificate)
    options = re.search(r"^# +tmpfs (\S+) tmpfs (\S+) ", (  # as for /etc/fstab
        Path(__file__).parents[2] / "conf.d-examples" / "10-mail.conf").read_text(), re.M)
    machine.run("install", "-d", "-m", "0700", options[1])
    machine.run("mount", "-t", "tmpfs", "-o", options[2], "tmpfs", options[1])
    for name in ("10-mail", "10-master", "15-lda", "20-imap", "20-lmtp"):
        machine.append(f"/etc/dovecot/conf.d/{name}.conf", example(f"{name}.conf"))
    for name in ("90-mail-seal", "91-mail-seal-metrics"):
        machine.write(f"/etc/dovecot/conf.d/{name}.conf", example(f"{name}.conf"))


def deliver_through_dovecot(machine):
    """Postfix's side."""
    etc = "/etc/postfix"
    machine.write(f"{etc}/main.cf", merged_main_cf(machine.read(f"{etc}/main.cf"),
                                                   example("postfix/main.cf")))
    machine.write(f"{etc}/master.cf", merged_master_cf(machine.read(f"{etc}/master.cf"),
                                                       example("postfix/master.cf")))
    machine.write(f"{etc}/tls_policy", example("postfix/tls_policy"))
    machine.shell(f"""
        mkdir {etc}/tls
        cd {etc}/tls
        openssl req -x509 -nodes -newkey rsa:2048 -subj /CN={HOST} \
            -keyout {HOST}.key -out {HOST}.pem 2>/dev/null""")
    machine.append("/etc/aliases", "root: alice\nsales: bob, alice\n")
    machine.run("newaliases")


@pytest.fixture(scope="module")
def machine(keys):
    with Machine() as machine:
        for user in ("alice", "bob"):
            machine.add_user(user)
        seal(machine, keys.alice)
        deliver_through_dovecot(machine)
        machine.start()
        machine.shell("cp /home/alice.asc /root; cd /root; " + code("doveadm seal key set"))
        # the notice is in a mailbox that root locks for the user, who may not be in /root
        assert machine.shell("doveadm search -u alice mailbox INBOX all").strip()
        yield machine


@pytest.fixture(autouse=True)
def empty(machine):
    machine.shell("for user in alice bob; do doveadm expunge -u $user mailbox INBOX all; done")


def messages(machine, user):
    """What is in INBOX, with CRLF."""
    text = machine.run("doveadm", "-f", "pager", "fetch", "-u", user, "text", "mailbox", "INBOX",
                       "all")
    return [mail.crlf(part.split("\n", 1)[1].encode()) for part in text.split("\f")
            if part.strip()]


@pytest.fixture
def check_sealed(machine, gnupg, keys):
    """alice has these messages and nothing else of them is anywhere."""
    def check(count=1):
        found = messages(machine, "alice")
        assert len(found) == count, machine.log()
        for stored in found:
            assert mail.is_sealed(stored)
            assert mail.CANARY not in stored
            armor = re.search(rb"-----BEGIN PGP MESSAGE.*END PGP MESSAGE-----\r\n", stored, re.S)
            assert mail.CANARY in gnupg.decrypt(armor[0]).data
        assert mail.CANARY.decode() not in machine.read("/var/mail/alice")
    return check


def test_nobody_complains(machine):
    assert machine.run("postfix", "check") == ""
    assert "warning" not in machine.run("postconf", "-n") + machine.run("postconf", "-M")
    assert machine.shell(code("doveconf -n >/dev/null").splitlines()[0]) == "fine\n"
    for protocol in ("lmtp", "lda", "imap"):
        assert "mail_seal" in machine.run("doveconf", "-f", f"protocol={protocol}",
                                          "mail_plugins")


def test_doctor(machine):
    """Nothing is wrong, but for what the page hasn't come to yet."""
    assert wait_until(machine.path("/run/dovecot/master.pid").exists)
    for who in ("", "-u alice", "-A"):
        rows = [line.split("\t") for line in machine.shell(
            f"doveadm -f tab seal doctor {who} || true").splitlines()[1:]]
        assert rows
        bad = {tuple(row) for row in rows if "ok" not in row[:2]}
        assert {row[-3] for row in bad} <= {
            "auth_username_format", "cron", "dns-trust-anchor", "process-1"}, bad
        assert not any("error" in row[:2] for row in bad), bad


def test_page_names_the_user(machine):
    assert machine.run("doveadm", "user", "alice").startswith("field\tvalue")


def test_page_tries_it_without_the_mta(machine, keys):
    shown = machine.shell(code("printf 'Subject: seal test\\n\\nhello\\n' |\n"))
    assert keys.alice.fingerprint in shown and "-----BEGIN PGP MESSAGE-----" in shown
    assert "hello" not in shown


def test_page_tries_lmtp(machine):
    said = machine.shell(code("swaks --protocol LMTP"))
    assert re.search(r"^<-  250 2\.0\.0 <alice@example\.org> \S+ Saved", said, re.M), said
    [stored] = messages(machine, "alice")
    assert mail.is_sealed(stored)


def test_page_sends_through_the_mta(machine):
    machine.shell(code("printf 'Subject: seal test\\n\\nhello\\n' | sendmail"))
    machine.wait_until_empty()
    [stored] = messages(machine, "alice")
    assert mail.is_sealed(stored) and b"hello" not in stored


@pytest.mark.parametrize("recipient", ["alice", f"alice@{HOST}", f"alice@{DOMAIN}",
                                       "alice@localhost", f"alice+detail@{DOMAIN}", f"Alice@{DOMAIN}",
                                       "root", "postmaster", f"postmaster@{DOMAIN}"])
def test_local_mail_and_aliases(machine, check_sealed, recipient):
    machine.run("sendmail", "-i", "-f", "bob", recipient, input=mail.lf(MESSAGE).decode())
    machine.wait_until_empty()
    check_sealed()


def test_alias_of_several(machine, check_sealed):
    machine.run("sendmail", "-i", "sales", input=mail.lf(MESSAGE).decode())
    machine.wait_until_empty()
    check_sealed()
    [stored] = messages(machine, "bob")
    assert mail.CANARY in stored     # who has no key gets it as before


def test_forward_file(machine, check_sealed):
    machine.shell("echo alice >/home/bob/.forward; chown bob: /home/bob/.forward")
    machine.run("sendmail", "-i", "bob", input=mail.lf(MESSAGE).decode())
    machine.wait_until_empty()
    machine.run("rm", "/home/bob/.forward")
    check_sealed()
    assert messages(machine, "bob") == []


def swaks(machine, *arguments):
    return machine.run("swaks", "--server", "127.0.0.1", "--from", "friend@example.net",
                       *arguments, check=False)


def test_mail_from_other_servers(machine, check_sealed):
    swaks(machine, "--to", f"alice@{DOMAIN}", "--body", mail.CANARY.decode())
    machine.wait_until_empty()
    check_sealed()


def test_unknown_users_are_refused(machine):
    assert "550 5.1.1" in swaks(machine, "--to", f"nobody-there@{DOMAIN}")


SUBMIT = f"""
import smtplib, sys
with smtplib.SMTP("127.0.0.1", 587, timeout=300) as client:
    client.starttls()
    client.login("bob", "{PASSWORD}")
    client.sendmail("bob@{DOMAIN}", ["alice@{DOMAIN}"], sys.stdin.buffer.read())
"""


def test_users_who_send(machine, check_sealed):
    """Port 587, with the password of the machine's user."""
    machine.run("/usr/bin/python3", "-c", SUBMIT, input=MESSAGE)
    machine.wait_until_empty()
    check_sealed()


def test_refused_mail_waits_in_the_queue(machine, gnupg, check_sealed):
    keys = machine.path("/home/alice/.mail-seal/keys")
    good = keys.read_bytes()
    keys.write_bytes(gnupg.generate_expired("alice@x.org").certificate)
    machine.run("sendmail", "-i", "alice", input=mail.lf(MESSAGE).decode())
    assert wait_until(lambda: "Message not stored" in machine.run("postqueue", "-p"), interval=0.2), \
        machine.log()
    assert messages(machine, "alice") == []
    keys.write_bytes(good)
    machine.run("postqueue", "-f")
    machine.wait_until_empty()
    check_sealed()
