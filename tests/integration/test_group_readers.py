"""doveadm seal status --public: who may read a team mailbox, and who can."""

import pytest

import team
from dovecot import Dovecot, User, dovecot_version
from seal_key import NO_USER, USAGE

NO_RIGHT = "is a recipient without the right to read"
NOT_ONE = "may read, but isn't a recipient"
NO_KEY = "may read, but has no certificate"
UNKNOWN = "no such user"


@pytest.fixture(scope="module")
def server(keys, gnupg):
    users = [
        User("alice", keys.alice.certificate),
        User("bob", keys.bob.certificate),
        User("carol", keys.carol.certificate, settings={"acl_groups": "staff"}),
        User("keyless", settings={"acl_groups": "staff,guests"}),
        User("expired", gnupg.generate_expired("expired@example.org").certificate),
    ]
    acls = {
        "Named": "user=alice lr\nuser=bob lr\n",
        "Staff": "group=staff lr\nuser=alice lr\n",
        "Negative": "authenticated lr\n-user=bob r\n-group=staff r\n",
        "Override": "group-override=staff l\nuser=carol lr\nuser=alice lr\n",
        "Anyone": "anyone lr\n",
        "Owner": "owner lr\nuser=alice l\n",
        "Lookup": "user=alice l\nuser=bob i\n",
        "Gone": "user=alice lr\nuser=gone lr\n",
        "NoAcl": None,
        "Deep/Er": "user=alice lr\n",
    }
    groups = {name: f"file:FOLDER/groups/{name.replace('/', '-')}.asc" for name in acls}
    groups |= {name: f"file:FOLDER/groups/{name}.asc" for name in ("Empty", "Broken")}
    with Dovecot(users, shared=True, groups=groups) as dovecot:
        (dovecot.folder / "groups").mkdir(mode=0o755)
        for name, acl in acls.items():
            team.make(dovecot, name, acl=acl)
        team.make(dovecot, "Empty", "Broken", "Plain", acl="anyone lr\n")
        yield dovecot


def give(server, name, *members, more=b""):
    """The group's members by user name, and more text."""
    file = server.folder / "groups" / f"{name.replace('/', '-')}.asc"
    file.unlink(missing_ok=True)
    file.write_bytes(more)
    if members:
        server.doveadm("seal", "group", "add", f"Public/{name}", *members)
    return file


def readers(server, name, *options):
    """{(user, problem's first words)} of this mailbox."""
    found = server.doveadm_rows("seal", "status", "--public", *options, f"Public/{name}")
    assert {row["mailbox"] for row in found} <= {f"Public/{name}"}
    return {(row["username"], row["problem"]) for row in found}


def test_all_is_well(server):
    give(server, "Named", "alice", "bob")
    assert readers(server, "Named") == {("", "")}


def test_reader_without_certificate(server):
    give(server, "Named", "alice")
    assert readers(server, "Named") == {("bob", NOT_ONE)}


def test_recipient_without_right(server, keys):
    give(server, "Named", "alice", "bob", "carol")
    [row] = server.doveadm_rows("seal", "status", "--public", "Public/Named")
    assert (row["username"], row["problem"]) == ("carol", NO_RIGHT)
    assert (row["recipients"], row["fingerprint"]) == ("3", keys.carol.fingerprint)


CASES = {
    # mailbox: (members, problems)
    "Staff": (["alice", "bob"], {("carol", NOT_ONE), ("keyless", NO_KEY), ("bob", NO_RIGHT)}),
    "Negative": (["bob"], {("bob", NO_RIGHT), ("alice", NOT_ONE),
                           ("expired", NOT_ONE)}),
    "Override": (["carol"], {("carol", NO_RIGHT), ("alice", NOT_ONE)}),
    "Anyone": (["alice", "bob", "carol"], {("keyless", NO_KEY), ("expired", NOT_ONE)}),
    "Owner": (["alice"], {("alice", NO_RIGHT)}),
    "Lookup": (["alice", "bob"], {("alice", NO_RIGHT), ("bob", NO_RIGHT)}),
    "Gone": (["alice"], {("", "")}),
    "NoAcl": (["alice"], {("alice", NO_RIGHT)}),
    "Deep/Er": (["bob"], {("alice", NOT_ONE), ("bob", NO_RIGHT)}),
}


@pytest.mark.parametrize("name", CASES)
def test_rights(server, name):
    members, problems = CASES[name]
    give(server, name, *members)
    assert readers(server, name) == problems


def test_whom_no_user_has(server, keys, gnupg):
    """Names that aren't users, and certificates without a name."""
    archive = gnupg.generate("archive@example.org")
    gone = gnupg.generate("gone@example.org")
    give(server, "Gone", "alice", more=b"Member: gone\n" + gone.certificate + b"\n"
         + archive.certificate + b"\n" + keys.bob.certificate)
    assert readers(server, "Gone") == {
        ("bob", NO_RIGHT), ("gone", f"{NO_RIGHT}: there is no such user"),
        ("", f"{NO_RIGHT}: whose it is isn't known")}


def test_whose_certificate_has_changed(server, keys):
    give(server, "Named", "bob", more=b"Member: alice\n" + keys.carol.certificate)
    assert readers(server, "Named") == {
        ("alice", "has another certificate by now (seal group sync)"), ("carol", NO_RIGHT)}


def test_whose_certificate_was_given(server, gnupg):
    """The administrator's word counts: it is a user's, whatever he has enrolled."""
    own = gnupg.generate("alice@other.example")
    give(server, "Named", "bob",
         more=b"Member: alice\nFrom: file\n" + own.certificate)
    assert readers(server, "Named") == {("", "")}


def test_certificate_that_cant_be_used(server):
    expired = server.keys_file("expired").read_bytes()
    give(server, "Anyone", "alice", "bob", "carol", more=b"Member: expired\n" + expired)
    assert readers(server, "Anyone") == {
        ("keyless", NO_KEY), ("expired", "may read, but the certificate can't be used: it has "
                                         "expired")}


def test_nobody_is_a_member(server, keys):
    give(server, "Empty").write_bytes(b"")
    assert ("", "no mail is stored: there are no recipients") in readers(server, "Empty")
    give(server, "Broken", more=keys.alice.certificate[:-50])
    assert ("", "no mail is stored: one of its certificates has no end") \
        in readers(server, "Broken")


def test_only_team_mailboxes(server):
    found = server.doveadm_rows("seal", "status", "--public")
    assert "Public/Plain" not in {row["mailbox"] for row in found}
    assert {"Public/Named", "Public/Deep/Er", "Public/NoAcl"} <= {row["mailbox"] for row in found}


def test_of_one_user(server):
    """He is asked, and who is met: members, and whom an ACL names."""
    give(server, "Named", "alice", "carol")
    assert readers(server, "Named", "-u", "keyless") == {("bob", NOT_ONE), ("carol", NO_RIGHT)}
    give(server, "Staff", "alice", "bob")
    assert readers(server, "Staff", "-u", "keyless") == {
        ("keyless", NO_KEY), ("bob", NO_RIGHT),
        ("group=staff", "may read; without -u and -F everybody is asked")}


def test_of_some_users(server):
    give(server, "Staff", "alice")
    group_row = ("group=staff", "may read; without -u and -F everybody is asked")
    assert readers(server, "Staff", "-u", "c*") == {group_row, ("carol", NOT_ONE)}
    users = server.folder / "some-users"
    users.write_text("keyless\nbob\n")
    assert readers(server, "Staff", "-F", users) == {group_row, ("keyless", NO_KEY)}
    assert readers(server, "Staff", "-A") == {("carol", NOT_ONE), ("keyless", NO_KEY)}


def test_of_nobody(server):
    done = server.doveadm("seal", "status", "--public", "-u", "nobody", check=False)
    assert done.returncode == NO_USER


def test_not_by_doveadm_server(server):
    done = server.doveadm("seal", "status", "--public", *server.doveadm_server, check=False)
    assert done.returncode == USAGE


def test_without_acl_plugin(server):
    """Where doveadm doesn't know the rights, that is said."""
    give(server, "Named", "alice")
    option = "mail_plugins=mail_seal" if dovecot_version().startswith("2.3") \
        else "mail_plugins/acl=no"
    done = server.doveadm("-o", option, "seal", "status", "--public", "Public/Named")
    assert b"ACL plugin isn't loaded" in done.stderr
    done = server.doveadm("seal", "status", "--public", "Public/Named")
    assert done.stderr == b""


def test_out_of_date_list(server):
    """What Dovecot keeps of whose mailboxes are visible isn't asked."""
    file = server.site.public_maildir / "dovecot-acl-list"
    file.write_text("0 Other\n")
    give(server, "Named", "alice")
    try:
        assert readers(server, "Named") == {("bob", NOT_ONE)}
    finally:
        file.unlink(missing_ok=True)


def test_nothing_is_opened(server):
    """Nobody gets an index of a mailbox that he never opened."""
    def indexes():
        return sorted(server.folder.rglob("dovecot.index*"))
    before = indexes()
    server.doveadm("seal", "status", "--public")
    assert indexes() == before
