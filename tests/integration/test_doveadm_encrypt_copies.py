"""doveadm seal encrypt believes in no copy that isn't its own, whole, and of this original."""

import os
import re
import shutil
import signal
import subprocess
from collections import Counter

import pytest

import mail
from dovecot import Dovecot, User
from halt import Halt
from stored import Mailbox, date

COUNT = 5
BEGIN, END = b"-----BEGIN PGP MESSAGE-----", b"-----END PGP MESSAGE-----"


@pytest.fixture(scope="module", params=["maildir", "sdbox", "mdbox"])
def server(request):
    with Dovecot([User("alice")], mail_format=request.param) as dovecot:
        yield dovecot


@pytest.fixture
def halt(server):
    return Halt(server)


@pytest.fixture
def inbox(server, gnupg, keys):
    server.never_enrolled("alice")
    server.empty("alice")
    server.doveadm("purge", "-u", "alice")
    inbox = Mailbox(server, gnupg, "alice")
    inbox.fill([(mail.text(b"Hello %d\r\n" % n * 50, subject=f"number {n}"), "", date(1))
                for n in range(COUNT)])
    server.give("alice", server.keys_file("alice"), keys.alice.certificate)
    return inbox


def encrypt(server):
    return server.doveadm("seal", "encrypt", "-u", "alice", "all").stderr.decode()


def numbers(server, gnupg):
    """How often each message can be read, sealed or not, and how many others there are."""
    readable, others = Counter(), 0
    for message in server.messages("alice"):
        number = re.search(rb"^Subject: number (\d+)", message, re.M)
        try:
            if mail.is_sealed(message):
                text = gnupg.decrypt(mail.unseal(message).armor).data
            else:
                text = mail.lf(message)
            assert text.count(b"Hello " + number[1]) == 50
            readable[int(number[1])] += 1
        except (AssertionError, RuntimeError, TypeError):
            others += 1
    return readable, others


def copy_files(server):
    """The files in which the sealed copies are."""
    return [file for file in server.home("alice").rglob("*")
            if file.is_file() and BEGIN in file.read_bytes()]


def change(server, how):
    """Change each sealed message in place, where it is stored."""
    for file in copy_files(server):
        content = bytearray(file.read_bytes())
        at = 0
        while (at := content.find(BEGIN, at)) >= 0:
            end = content.index(END, at)
            how(content, at + len(BEGIN), end)
            at = end
        with file.open("r+b") as target:
            target.write(content)


def garbage(content, begin, end):
    content[begin:end] = b"x" * (end - begin)


def zeros_at_the_end(content, begin, end):
    """What a crash of the machine leaves where data were not on the disk yet."""
    content[(begin + end) // 2:end + len(END)] = bytes(end + len(END) - (begin + end) // 2)


def one_bit(content, begin, end):
    at = (begin + end) // 2
    content[at] = ord("A") if content[at] != ord("A") else ord("B")


def exchanged(server):
    """Each copy gets the ciphertext of another: whole, sealed, and of the wrong original."""
    texts = []
    change(server, lambda content, begin, end: texts.append(bytes(content[begin:end])))
    texts.append(texts.pop(0))

    def exchange(content, begin, end):
        assert len(texts[0]) == end - begin
        content[begin:end] = texts.pop(0)
    change(server, exchange)


@pytest.mark.parametrize("damage", [garbage, zeros_at_the_end, one_bit])
def test_damaged_copies(server, inbox, halt, gnupg, damage):
    halt.kill("-u", "alice", "all")
    assert numbers(server, gnupg) == ({n: 2 for n in range(COUNT)}, 0)
    change(server, damage)
    errors = encrypt(server)
    assert numbers(server, gnupg) == ({n: 1 for n in range(COUNT)}, COUNT), errors
    assert errors.count("isn't the complete sealed copy") == COUNT
    assert errors.count("Warning") == COUNT
    # They aren't spoken of again, and nothing is sealed twice.
    sealed = sum(map(mail.is_sealed, server.messages("alice")))
    encrypt(server)
    assert numbers(server, gnupg)[0] == {n: 1 for n in range(COUNT)}
    assert sum(map(mail.is_sealed, server.messages("alice"))) >= sealed


def test_copies_of_others(server, inbox, halt, gnupg):
    halt.kill("-u", "alice", "all")
    exchanged(server)
    errors = encrypt(server)
    assert errors.count("isn't the complete sealed copy") == COUNT
    assert numbers(server, gnupg) == ({n: 1 for n in range(COUNT)}, COUNT)


def test_whole_copies_are_used(server, inbox, halt, gnupg):
    halt.kill("-u", "alice", "all")
    assert encrypt(server) == ""
    assert numbers(server, gnupg) == ({n: 1 for n in range(COUNT)}, 0)
    assert inbox.plaintext() == []
    assert list(server.home("alice").rglob("dovecot-mail-seal.copies*")) == []


def journal(server):
    [file] = server.home("alice").rglob("dovecot-mail-seal.copies")
    return file


def test_journal(server, inbox, halt):
    halt.kill("-u", "alice", "all")
    assert journal(server).stat().st_mode & 0o777 == 0o600
    assert journal(server).stat().st_uid == server.uid("alice")


@pytest.mark.parametrize("change_journal", [
    lambda file: file.chmod(0o622),
    lambda file: os.chown(file, 1, 1),
    lambda file: (file.rename(file.with_suffix(".real")),
                  file.symlink_to(file.with_suffix(".real"))),
    lambda file: file.unlink(),
    lambda file: file.write_bytes(b""),
    lambda file: file.write_bytes(file.read_bytes()[:100]),
    lambda file: file.write_bytes(b"\0" * 1000),
    lambda file: file.write_bytes(re.sub(rb"\w{64}", b"0" * 64, file.read_bytes())),
], ids=["writable", "other's", "link", "gone", "empty", "short", "zeros", "digests"])
def test_journal_that_cant_be_believed(server, inbox, halt, gnupg, change_journal):
    """Then the copies are mail like any other: they stay, and nothing is expunged for them."""
    halt.kill("-u", "alice", "all")
    change_journal(journal(server))
    encrypt(server)
    assert numbers(server, gnupg) == ({n: 2 for n in range(COUNT)}, 0)
    assert inbox.plaintext() == []


def test_forged_copies(server, inbox, halt, gnupg):
    """Once a copy is there its mark is known to others who may put messages into the mailbox."""
    if server.site.mail_format != "maildir":
        pytest.skip("a GUID is forged as a file name is")
    halt.kill("-u", "alice", "all")
    for file in server.maildir_files("alice"):
        if b"BEGIN PGP" not in file.read_bytes():
            continue
        for name in (f"1.{file.name}", f"9999999999.{file.name}"):
            forged = file.with_name(name.replace(",S=", ",X="))
            shutil.copy(file, forged)
            forged.write_bytes(b"Subject: forged\n\nforged\n")
            os.chown(forged, server.uid("alice"), server.uid("alice"))
    encrypt(server)
    assert numbers(server, gnupg) == ({n: 1 for n in range(COUNT)}, 2 * COUNT)


def test_short_files(server, inbox, halt, gnupg):
    """A file that is there, but not all of its content."""
    if server.site.mail_format != "maildir":
        pytest.skip("Dovecot itself can't read the mailbox then")
    halt.kill("-u", "alice", "all")
    for number, file in enumerate(copy_files(server)):
        os.truncate(file, (0, 700, file.stat().st_size - 100)[number % 3])
    for _ in range(2):
        server.doveadm("seal", "encrypt", "-u", "alice", "all", check=False)
    assert set(numbers(server, gnupg)[0]) == set(range(COUNT))


def test_own_copies_are_read_again(server, inbox, halt, gnupg):
    """What the disk doesn't give back as it was written takes nobody's place."""
    if server.site.mail_format != "maildir":
        pytest.skip("there is a moment for it in a maildir only")
    run = halt.start("-u", "alice", "all", halt=signal.SIGSTOP, halt_fsync="/Maildir/new",
                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    halt.wait_until_stopped()
    assert len(copy_files(server)) == COUNT
    change(server, one_bit)
    halt.go_on(run)
    printed, errors = run.communicate(timeout=300)
    assert (run.returncode, errors.count(b"can't be read as it was written")) == (75, COUNT)
    assert b"sealed=0 " in printed and b"failed=%d\n" % COUNT in printed
    assert numbers(server, gnupg) == ({n: 1 for n in range(COUNT)}, 0)
    assert encrypt(server) == ""
    assert inbox.plaintext() == []


def test_interrupted_then_other_query(server, inbox, halt, gnupg):
    """Copies that a run has nothing to do with are kept in mind."""
    halt.kill("-u", "alice", "all")
    server.doveadm("seal", "encrypt", "-u", "alice", "header", "subject", "number 1")
    assert numbers(server, gnupg)[0] == {0: 2, 1: 1, 2: 2, 3: 2, 4: 2}
    assert encrypt(server) == ""
    assert numbers(server, gnupg) == ({n: 1 for n in range(COUNT)}, 0)


def test_written_for_good_before_the_expunge(keys, gnupg):
    """Also with mail_fsync = never, which leaves that to the sender's queue; here there is none."""
    for mail_format, name in (("maildir", r"/tmp/"), ("sdbox", r"/\.temp|/u\."),
                              ("mdbox", r"/storage/")):
        with Dovecot([User("alice")], mail_format=mail_format, more="mail_fsync = never") as server:
            inbox = Mailbox(server, gnupg, "alice")
            inbox.fill([(mail.text(b"Hello\r\n"), "", date(1))] * COUNT)
            server.give("alice", server.keys_file("alice"), keys.alice.certificate)
            halt = Halt(server)
            assert halt.start("-u", "alice", "all").wait(timeout=300) == 0
            before = halt.record.read_text().partition("replace")[0].splitlines()
            assert [line for line in before if re.search(name, line)], before
            assert inbox.plaintext() == []
