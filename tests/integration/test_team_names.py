"""Which mailboxes are a team's: by their names, whatever the namespace's root and separator are."""

import pytest

import mail
from dovecot import Dovecot, User, dovecot_version

MESSAGE = mail.text(b"Hello,\r\n" + mail.CANARY + b"\r\n")
OLD = dovecot_version().startswith("2.3")
only_old = pytest.mark.skipif(not OLD, reason="2.3's setting mail_seal_public")

NAMESPACE = """
namespace inbox {{
  separator = {separator}
}}
namespace teams {{
  type = public
  separator = {separator}
  prefix = Teams{separator}
  {place}
  subscriptions = no
  list = children
  {block}
}}
"""


def site(keys, *patterns, separator="/", tree=True):
    """Teams/, where these patterns are alice's, with a mailbox of its own and some more."""
    if OLD:
        place = "location = maildir:FOLDER/teams:INDEX=~/teams" + (":LAYOUT=fs" if tree else "")
        block = ""
        groups = " ".join(f'"{pattern}=file:FOLDER/cert.asc"' for pattern in patterns)
        after = f"plugin {{\n  mail_seal_public = '{groups}'\n}}\n"
    else:
        place = ("mail_path = FOLDER/teams\n  mail_index_path = ~/teams\n"
                 + ("  mailbox_list_layout = fs\n" if tree else ""))
        prefix = f"Teams{separator}"
        block = "\n".join(f'  mailbox "{pattern.removeprefix(prefix)}" {{\n'
                          "    mail_seal_keys = file:FOLDER/cert.asc\n  }"
                          for pattern in patterns)
        after = ""
    more = NAMESPACE.format(separator=separator, place=place, block=block) + after
    server = Dovecot([User("alice"), User("bob")], more=more)
    root = server.folder / "teams"
    names = ["", "Sub", "Sub/below", "Two words", "Uml&AOQ-ut"]
    for name in names if tree else ["", *(f".{name.replace('/', '.')}" for name in names[1:])]:
        for folder in ("cur", "new", "tmp"):
            (root / name / folder).mkdir(parents=True, exist_ok=True)
    uid = server.uid("alice")
    server.sandbox.run("chown", "-R", f"{uid}:{uid}", root)
    file = server.folder / "cert.asc"
    file.write_bytes(keys.alice.certificate)
    file.chmod(0o644)
    return server


def is_sealed(server, name):
    with server.imap("bob") as client:
        assert client.append(name, MESSAGE).ok
        stored = client.messages(name)[-1]
    assert stored.startswith(b"X-Mail-Seal: ") != (mail.CANARY in stored)
    return mail.CANARY not in stored


@pytest.mark.parametrize("separator", ["/", ".", "^"])
def test_all_of_a_namespace(keys, separator):
    """That is its own mailbox, too, which has no separator in its name."""
    with site(keys, f"Teams{separator}*", separator=separator) as server:
        for name in ("Teams", "Teams/Sub", "Teams/Sub/below", "Teams/Two words",
                     "Teams/Uml&AOQ-ut"):
            assert is_sealed(server, name.replace("/", separator)), name


@pytest.mark.parametrize("separator", ["/", ".", "^"])
def test_what_is_below(keys, separator):
    with site(keys, f"Teams{separator}Sub{separator}*", separator=separator) as server:
        for name, sealed in (("Teams", False), ("Teams/Sub", False), ("Teams/Sub/below", True)):
            assert is_sealed(server, name.replace("/", separator)) == sealed, name


def test_names_that_arent_ascii(keys):
    """As they are read, not as IMAP and folders write them."""
    with site(keys, "Teams/Umläut", "Teams/Two words") as server:
        for name, sealed in (("Teams/Uml&AOQ-ut", True), ("Teams/Two words", True),
                             ("Teams/Sub", False)):
            assert is_sealed(server, name) == sealed, name


@only_old
@pytest.mark.parametrize("pattern", ["Teams/%", "Teams%", "Teams*", "*", "Teams"])
def test_the_namespaces_own_mailbox(keys, pattern):
    with site(keys, pattern.replace("%", "%%")) as server:
        assert is_sealed(server, "Teams")
        assert is_sealed(server, "Teams/Sub") == (pattern not in ("Teams", "Teams%"))


def test_renamed_with_what_is_below(keys):
    """Each that is another's mailbox then, or nobody's, is a line in the log."""
    with site(keys, "Teams/Sub/*", "Teams/Sub/*/more", tree=False) as server:
        server.doveadm("mailbox", "create", "-u", "alice", "Teams/Sub/below/more")
        log = server.doveadm("mailbox", "rename", "-u", "alice", "Teams/Sub",
                             "Teams/New").stderr.decode()
        assert log.count("is none: what comes isn't sealed any more") == 2, log
        assert "Mailbox Teams/Sub/below, which is Teams/Sub/* of the team" in log
        log = server.doveadm("mailbox", "rename", "-u", "alice", "Teams/New/below",
                             "Teams/Sub").stderr.decode()
        assert log.count("Mailbox Teams/Sub/more is the team mailbox Teams/Sub/* now") == 1, log
        assert log.count("mail_seal: ") == 1, log


@only_old
@pytest.mark.parametrize("pattern, reached", [
    ("Teams/None", True), ("Teams", True), ("Tea*", True), ("*", True), ("T%%", True),
    ("Sub", False), ("teams/Sub", False), ("INBOX", False), ("Team", False), ("Teamster*", False),
])
def test_a_pattern_that_nothing_can_match(keys, pattern, reached):
    """A slip of the pen would leave mail open: two commands tell."""
    with site(keys, pattern) as server:
        [row] = server.doveadm_rows("seal", "group", "list")
        check = server.doveadm("seal", "key", "check", "-u", "bob", check=False)
        assert ("no public namespace has such a mailbox" in row["problem"]) != reached, row
        assert (b"no public namespace has such a mailbox" in check.stdout) != reached
        assert check.returncode == (0 if reached else 1)


def test_a_source_among_the_mailboxes(keys):
    """Who may rename mailboxes could put another file there."""
    with site(keys, "Teams/*") as server:
        check = server.doveadm("seal", "key", "check", "-u", "bob", check=False)
        assert (check.returncode, check.stdout.count(b"among the mailboxes")) == (0, 0)
        below = server.folder / "teams" / "Sub" / "cert.asc"
        below.write_bytes(keys.alice.certificate)
        (server.folder / "cert.asc").unlink()
        (server.folder / "cert.asc").symlink_to(below)
        check = server.doveadm("seal", "key", "check", "-u", "bob", check=False)
        assert check.returncode == 1
        assert b"it is among the mailboxes" in check.stdout


def test_names_that_would_move_the_cursor(keys):
    """Who can write in the tree can name a mailbox anything."""
    with site(keys, "Teams/*") as server:
        for folder in ("cur", "new", "tmp"):
            (server.folder / "teams" / "a\x1b[2Jb" / folder).mkdir(parents=True)
        server.sandbox.run("chown", "-R", "--reference", server.folder / "teams" / "Sub",
                           server.folder / "teams")
        done = server.doveadm("seal", "status", "--public")
        assert b"Teams/Sub/below" in done.stdout
        assert b"\x1b" not in done.stdout + done.stderr
