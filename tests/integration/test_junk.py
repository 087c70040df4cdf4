"""Spam training by imapsieve, with the example's scripts: sealed mail doesn't reach the filter."""

import re

import pytest

import mail
from machine import Machine, example

SPAM = mail.text(mail.CANARY + b"\r\n")
# Records what it is given, as sa-learn would learn it.
SA_LEARN = """#!/bin/sh
file=$(mktemp /var/learnt/XXXXXX)
{ echo "$*"; cat; } >"$file.part"
mv "$file.part" "$file"
"""
PROGRAMS = "/usr/local/lib/dovecot/sieve-pipe"


@pytest.fixture(scope="module")
def machine(keys):
    with Machine() as machine:
        conf = "/etc/dovecot/conf.d"
        for user in ("alice", "bob"):
            machine.add_user(user)
        machine.append(f"{conf}/10-mail.conf", re.sub(r"(?m)^mail_temp_dir.*", "",
                                                      example("10-mail.conf")))
        for name in ("90-mail-seal", "92-mail-seal-junk"):
            machine.write(f"{conf}/{name}.conf", example(f"{name}.conf"))
        excluded = "mail_seal_exclude = \\Junk\n"
        machine.append(f"{conf}/90-mail-seal.conf",
                       excluded if machine.is_24 else f"plugin {{\n{excluded}}}\n")
        machine.shell(f"mkdir -p /etc/dovecot/sieve {PROGRAMS} /var/learnt; chmod 1777 /var/learnt")
        machine.write(f"{PROGRAMS}/sa-learn", SA_LEARN)
        machine.path(f"{PROGRAMS}/sa-learn").chmod(0o755)
        machine.start()
        for name in ("learn-spam", "learn-ham"):
            machine.write(f"/etc/dovecot/sieve/{name}.sieve", example(f"sieve/{name}.sieve"))
            said = machine.run("sievec", f"/etc/dovecot/sieve/{name}.sieve")
            assert "rror" not in said, said
        machine.path("/home/alice.asc").write_bytes(keys.alice.certificate)
        machine.run("doveadm", "seal", "key", "set", "-u", "alice", "-f", "/home/alice.asc")
        yield machine


@pytest.fixture(autouse=True)
def empty(machine):
    for user in ("alice", "bob"):
        machine.shell(f"""
            for box in INBOX Junk Trash Other; do
                doveadm mailbox create -u {user} $box 2>/dev/null || :
                doveadm expunge -u {user} mailbox $box all
            done
            rm -f /var/learnt/*""")


def imap(machine, user, *commands):
    """A session of these commands; bytes are a literal."""
    lines = b""
    for number, parts in enumerate(commands):
        lines += b"a%d " % number
        for part in parts if isinstance(parts, tuple) else (parts,):
            lines += part.encode() if isinstance(part, str) else b"{%d+}\r\n%s" % (len(part), part)
        lines += b"\r\n"
    said = machine.run("doveadm", "exec", "imap", "-u", user, input=lines + b"z LOGOUT\r\n")
    assert all(f"\na{n} OK" in said for n in range(len(commands))), said + machine.log()
    return said


def learnt(machine):
    """[(arguments, is it plaintext?)] of what the filter was given."""
    found = [path.read_bytes().partition(b"\n") for path in machine.path("/var/learnt").iterdir()]
    assert all(b"MESSAGE" not in message for _, _, message in found)
    return sorted((arguments.decode(), mail.CANARY in message) for arguments, _, message in found)


def deliver(machine, user, message=SPAM):
    machine.run("doveadm", "save", "-u", user, input=message)


def move(source, target):
    return (f"SELECT {source}", f"MOVE 1 {target}")


def test_sealed_spam_is_not_learnt(machine):
    deliver(machine, "alice")
    imap(machine, "alice", *move("INBOX", "Junk"))
    assert learnt(machine) == []


def test_plaintext_in_an_excluded_junk_is_learnt(machine):
    imap(machine, "alice", ("APPEND Junk ", SPAM))
    assert learnt(machine) == [("--spam", True)]


def test_what_leaves_junk_is_sealed_and_not_learnt(machine):
    imap(machine, "alice", ("APPEND Junk ", SPAM), *move("Junk", "INBOX"))
    assert learnt(machine) == [("--spam", True)]


def test_user_without_a_key(machine):
    deliver(machine, "bob")
    imap(machine, "bob", *move("INBOX", "Junk"), *move("Junk", "INBOX"))
    assert learnt(machine) == [("--ham", True), ("--spam", True)]


def test_thrown_away_is_not_ham(machine):
    imap(machine, "bob", ("APPEND Junk ", SPAM), *move("Junk", "Trash"))
    assert learnt(machine) == [("--spam", True)]


@pytest.mark.parametrize("kind", ["OpenPGP", "S/MIME"])
def test_encrypted_by_the_sender(machine, gnupg, keys, kind):
    if kind == "OpenPGP":
        message = mail.pgp_mime(gnupg.encrypt(SPAM, keys.bob))
    else:
        message = mail.message(b"MIAGCSqGSIb3DQEHA6CAMIACAQAxAA==\r\n", headers=[
            ("MIME-Version", "1.0"), ("Content-Transfer-Encoding", "base64"),
            ("Content-Type", "application/pkcs7-mime; smime-type=enveloped-data")])
    imap(machine, "bob", ("APPEND Junk ", message), *move("Junk", "Other"))
    assert learnt(machine) == []


def test_a_forged_field_keeps_nothing_from_being_learnt(machine):
    forged = b"X-Mail-Seal: v=1; keys=00\r\n" + SPAM
    imap(machine, "bob", ("APPEND Junk ", forged), ("APPEND Junk ", SPAM))
    assert learnt(machine) == [("--spam", True)] * 2
