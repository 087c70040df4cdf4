"""doveadm seal status --public: who may read a team mailbox, and who can."""

import pytest

from dovecot import Dovecot, User
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
    groups |= {"Empty": "file:FOLDER/groups/empty.asc", "Broken": "file:FOLDER/groups/broken.asc"}
    with Dovecot(users, shared=True, groups=groups) as dovecot:
        (dovecot.folder / "groups").mkdir(mode=0o755)
        for name, acl in acls.items():
            dovecot.make_public(name, acl=acl)
        dovecot.make_public("Empty", "Broken", "Plain", acl="anyone lr\n")
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
