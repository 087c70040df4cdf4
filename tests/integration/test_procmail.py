"""The recipe for procmail in doc/from-gpgit.md, as it is printed: sealed, or kept by the MTA."""

import re
import textwrap
from pathlib import Path

import pytest

import mail
from dovecot import Dovecot, User

TEXT = (Path(__file__).parents[2] / "doc" / "from-gpgit.md").read_text()
MESSAGE = mail.lf(mail.text(mail.CANARY + b"\n"))
EX_TEMPFAIL = 75
OTHERS = {
    "alone": "",
    "after others": ":0 fr\n| cat\n\n:0\n* ^Subject: something else\n/dev/null\n\n",
    "after a copy": ":0 c\n| cat >/dev/null\n\n",
}


def printed(start):
    """The block of code on the page that begins with this."""
    lines = TEXT[TEXT.index(f"    {start}"):].split("\n")
    end = next(n for n, line in enumerate(lines) if line and not line.startswith("    "))
    return textwrap.dedent("\n".join(lines[:end])).strip() + "\n"


RECIPE = printed(":0 rw\n")
COMMAND = re.search(r"mailbox_command =\s+(/usr/bin/procmail.*)", TEXT)[1].split()


@pytest.fixture(scope="module")
def server(gnupg, keys):
    expired = gnupg.generate_expired("expired@example.org").certificate
    users = [User("alice", keys.alice.certificate), User("plain"), User("expired", expired)]
    with Dovecot(users, system_users=True) as dovecot:
        dovecot.sandbox.mount_over(dovecot.folder / "dovecot.conf", "/etc/dovecot/dovecot.conf")
        spool = dovecot.folder / "var-mail"
        spool.mkdir()
        spool.chmod(0o1777)
        dovecot.sandbox.mount_over(spool, "/var/mail")
        yield dovecot


def procmail(server, user, command=("/usr/bin/procmail",), message=MESSAGE):
    """As Postfix runs it: by the user, and nothing in the environment but its own."""
    server.empty(user)
    uid = server.uid(user)
    return server.sandbox.run(
        "setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups",
        "env", "-i", "PATH=/usr/bin:/bin", f"HOME={server.home(user)}", f"LOGNAME={user}",
        f"USER={user}", "SHELL=/bin/sh", "SENDER=sender@example.org",
        *command, input=message, check=False).returncode


def plaintext_files(server):
    """Where the message is in the clear, in homes and in /var/mail."""
    return [path for folder in ("home", "var-mail", "tmp")
            for path in (server.folder / folder).rglob("*")
            if path.is_file() and mail.CANARY in path.read_bytes()]


def nothing_in_var_mail(server):
    """procmail makes the file before it has read anything."""
    return sum(path.stat().st_size for path in (server.folder / "var-mail").iterdir()) == 0


@pytest.fixture(params=[["/usr/bin/procmail"], COMMAND], ids=["default", "as printed"])
def command(request):
    return request.param


@pytest.mark.parametrize("before", OTHERS.values(), ids=OTHERS.keys())
def test_sealed(server, gnupg, keys, command, before):
    server.give("alice", ".procmailrc", (before + RECIPE).encode())
    assert procmail(server, "alice", command) == 0
    mail.check_sealed(server.message("alice"), MESSAGE, gnupg, keys.alice)
    assert plaintext_files(server) == [] and nothing_in_var_mail(server)


@pytest.mark.parametrize("before", OTHERS.values(), ids=OTHERS.keys())
def test_refused(server, command, before):
    server.give("expired", ".procmailrc", (before + RECIPE).encode())
    assert procmail(server, "expired", command) == EX_TEMPFAIL
    assert server.messages("expired") == []
    assert plaintext_files(server) == [] and nothing_in_var_mail(server)


def test_user_without_a_key(server, command):
    server.give("plain", ".procmailrc", RECIPE.encode())
    assert procmail(server, "plain", command) == 0
    stored = server.message("plain")
    server.empty("plain")
    mail.check_unchanged(stored, MESSAGE)
    assert nothing_in_var_mail(server)


def test_dovecot_lda_fails_otherwise(server, command):
    server.give("alice", ".procmailrc", RECIPE.encode())
    with server.sandbox.mounted_over("/usr/bin/false", "/usr/lib/dovecot/dovecot-lda"):
        assert procmail(server, "alice", command) == EX_TEMPFAIL
    assert plaintext_files(server) == [] and nothing_in_var_mail(server)


@pytest.mark.parametrize("rcfile", [None, b"", b"HOST=\n\xff{{{"])
def test_no_recipe(server, rcfile):
    """A user who has no recipe, or a broken one, gets nothing, and Postfix keeps it."""
    (server.home("alice") / ".procmailrc").unlink(missing_ok=True)
    if rcfile is not None:
        server.give("alice", ".procmailrc", rcfile, mode=0o666)  # it isn't trusted
    assert procmail(server, "alice", COMMAND) == EX_TEMPFAIL
    assert plaintext_files(server) == [] and nothing_in_var_mail(server)
