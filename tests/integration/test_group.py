"""doveadm seal group: who is a member of a team mailbox, and with which certificates."""

import os
import re
import stat

import pytest

import mail
import team
from dovecot import Dovecot, User
from seal_key import DATA_ERROR, NO_USER, USAGE

MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ by \S+")
NAME = "Public/CERT"


@pytest.fixture(scope="module")
def server(keys, gnupg, x509_keys):
    users = [
        User("alice", keys.alice.certificate),
        User("bob", keys.bob.certificate),
        User("carol", keys.carol.certificate),
        User("smime", x509_keys.alice.certificate),
        User("smime2", x509_keys.bob.certificate),
        User("expired", gnupg.generate_expired("expired@example.org").certificate),
        User("revoked", gnupg.generate_revoked("revoked@example.org").certificate),
        User("keyless"),
        User("off", keys.alice.certificate, settings={"mail_seal_keys": "none"}),
        User("broken", b"no certificate at all\n"),
    ]
    groups = {"CERT": "file:FOLDER/groups/cert.asc", "info*": "file:FOLDER/groups/info.asc"}
    with Dovecot(users, shared=True, groups=groups) as dovecot:
        (dovecot.folder / "groups").mkdir(mode=0o755)
        team.make(dovecot, "CERT", "info", "info-1")
        yield dovecot


@pytest.fixture(autouse=True)
def source(server):
    """The file of the group CERT, which isn't there."""
    folder = server.folder / "groups"
    for file in folder.iterdir():
        file.unlink()
    return folder / "cert.asc"


def group(server, command, *arguments, **options):
    return server.doveadm("seal", "group", command, *arguments, check=False, **options)


def rows(server, command, *arguments):
    return server.doveadm_rows("seal", "group", command, *arguments)


def members(server, name=NAME):
    """{member: [fingerprint, ...]}, in their order."""
    found = {}
    for row in rows(server, "show", name):
        found.setdefault(row["username"], []).append(row["fingerprint"])
    return found


def sealed_to(server, name="CERT"):
    with server.imap("alice") as client:
        assert client.append(f"Public/{name}", MESSAGE).ok
    return mail.unseal(team.take(server, name)).fingerprints


def test_add(server, source, keys, gnupg):
    done = rows(server, "add", NAME, "alice", "bob")
    assert [(row["username"], row["result"], row["fingerprint"]) for row in done] == [
        ("alice", "added", keys.alice.fingerprint), ("bob", "added", keys.bob.fingerprint)]
    assert all("stays unreadable" in row["note"] for row in done)
    assert members(server) == {"alice": [keys.alice.fingerprint], "bob": [keys.bob.fingerprint]}
    assert sealed_to(server) == [keys.alice.fingerprint, keys.bob.fingerprint]
    text = source.read_text()
    assert re.findall(r"^Member: (.*)", text, re.M) == ["alice", "bob"]
    assert len(STAMP.findall(text)) == 2
    assert gnupg.gpg("--show-keys", stdin=source.read_bytes()).stdout.count(b"pub ") == 2
    assert stat.S_IMODE(source.stat().st_mode) == 0o644


def test_by_name_of_the_mailbox(server, keys):
    """A pattern's group is also named by one of its mailboxes."""
    assert rows(server, "add", "Public/info*", "alice")[0]["group"] == "Public/info*"
    assert members(server, "Public/info-1") == {"alice": [keys.alice.fingerprint]}
    found = {row["group"]: row for row in rows(server, "list")}
    assert set(found) == {"Public/CERT", "Public/info*"}
    assert found["Public/info*"]["certificates"] == "1" and not found["Public/info*"]["problem"]
    assert "no mail is stored" in found["Public/CERT"]["problem"]
    assert found["Public/CERT"]["source"].endswith("groups/cert.asc")


def test_added_again(server, source):
    rows(server, "add", NAME, "alice")
    before = source.read_bytes(), source.stat().st_ino
    assert [row["result"] for row in rows(server, "add", NAME, "alice")] == ["unchanged"]
    assert (source.read_bytes(), source.stat().st_ino) == before


def test_as_the_userdb_has_the_name(server, keys):
    """auth_username_format makes it lower case."""
    assert [row["username"] for row in rows(server, "add", NAME, "ALICE", "bob")] == [
        "alice", "bob"]
    assert set(members(server)) == {"alice", "bob"}
    assert rows(server, "add", NAME, "Alice")[0]["result"] == "unchanged"
    assert rows(server, "remove", NAME, "ALICE")[0]["username"] == "alice"
    assert members(server) == {"bob": [keys.bob.fingerprint]}


REFUSED = {
    "keyless": (DATA_ERROR, "has no certificate"),
    "off": (DATA_ERROR, "isn't used for this user"),
    "expired": (DATA_ERROR, "expired"),
    "revoked": (DATA_ERROR, "revoked"),
    "broken": (DATA_ERROR, "no certificate in it"),
    "nobody": (NO_USER, "no such user"),
    "smime": (DATA_ERROR, "only be sealed in one form"),
}


@pytest.mark.parametrize("user", REFUSED)
def test_who_cant_be_a_member(server, source, user):
    """And with him nobody."""
    rows(server, "add", NAME, "alice")
    before = source.read_bytes()
    done = group(server, "add", NAME, "bob", user)
    status, reason = REFUSED[user]
    assert done.returncode == status, done.stderr
    assert reason in done.stdout.decode()
    assert b"added" not in done.stdout
    assert source.read_bytes() == before


def test_smime(server, x509_keys):
    rows(server, "add", NAME, "smime", "smime2")
    expected = [x509_keys.alice.fingerprint, x509_keys.bob.fingerprint]
    assert members(server) == {"smime": expected[:1], "smime2": expected[1:]}
    assert sealed_to(server) == expected
    done = group(server, "add", NAME, "alice")
    assert done.returncode == DATA_ERROR and b"one form" in done.stdout


def test_smime_of_an_authority(server, source, x509):
    """Who is self-signed, as openssl makes it, is a member beside whom an authority knows."""
    authority = x509.generate("ca@example.org")
    known = x509.generate("known@example.org", issuer=authority,
                          extensions=("basicConstraints=CA:FALSE",))
    own = x509.generate("own@example.org")
    source.write_bytes(known.certificate + b"\n" + authority.certificate)
    assert [row["usable"] for row in rows(server, "show", NAME)] == [
        "yes", "no: it is a certificate authority's"]
    server.doveadm_rows("seal", "group", "add", NAME, "-f", "-", "--as", "own",
                        input=own.certificate)
    assert sealed_to(server) == [known.fingerprint, own.fingerprint]
    # nothing would be sealed to the authority itself
    for before in (source.read_bytes(), known.certificate):
        source.write_bytes(before)
        done = group(server, "add", NAME, "-f", "-", "--as", "ca", input=authority.certificate)
        assert done.returncode == DATA_ERROR and b"certificate authority's" in done.stderr
        assert source.read_bytes() == before


def test_remove(server, source, keys):
    rows(server, "add", NAME, "alice", "bob", "carol")
    [row] = rows(server, "remove", NAME, "bob")
    assert (row["result"], row["fingerprint"]) == ("removed", keys.bob.fingerprint)
    assert "stays readable" in row["note"]
    assert sealed_to(server) == [keys.alice.fingerprint, keys.carol.fingerprint]
    rows(server, "remove", NAME, keys.carol.fingerprint.lower())
    assert members(server) == {"alice": [keys.alice.fingerprint]}
    before = source.read_bytes()
    for who, reason in (("alice", b"nobody would be left"), ("bob", b"no such member")):
        done = group(server, "remove", NAME, who)
        assert done.returncode == DATA_ERROR and reason in done.stdout
    assert source.read_bytes() == before


def test_who_is_no_user_any_more(server, source, keys):
    source.write_text(f"Member: gone@example.org\n{keys.bob.certificate.decode()}")
    rows(server, "add", NAME, "alice")
    [row] = rows(server, "sync")
    assert (row["username"], row["result"]) == ("gone@example.org", "kept")
    assert "no such user" in row["note"]
    rows(server, "remove", NAME, "gone@example.org")
    assert members(server) == {"alice": [keys.alice.fingerprint]}


def test_from_a_file(server, gnupg, keys):
    archive = gnupg.generate("archive@example.org")
    rows(server, "add", NAME, "alice")
    [row] = server.doveadm_rows("seal", "group", "add", NAME, "--file", "-", "--as", "the archive",
                                input=archive.certificate)
    assert (row["username"], row["result"]) == ("the archive", "added")
    assert members(server) == {"alice": [keys.alice.fingerprint],
                               "the archive": [archive.fingerprint]}
    # it isn't asked for, as there is no such user
    assert rows(server, "sync") == []
    assert sealed_to(server) == [keys.alice.fingerprint, archive.fingerprint]
    rows(server, "remove", NAME, "the archive")
    # without a name it is known by its user ID
    server.doveadm_rows("seal", "group", "add", NAME, "-f", "-", input=archive.certificate)
    [_, row] = rows(server, "show", NAME)
    assert (row["username"], row["fingerprint"]) == ("", archive.fingerprint)
    assert row["names"] == "archive <archive@example.org>"
    rows(server, "remove", NAME, archive.fingerprint)
    assert list(members(server)) == ["alice"]


BAD_FILES = {
    "secret": (lambda gnupg, keys: gnupg.export_secret(keys.alice.fingerprint), b"secret key"),
    "nothing": (lambda gnupg, keys: b"", b"empty"),
    "no-certificate": (lambda gnupg, keys: b"Member: alice\n", b"no certificate"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_file(server, source, gnupg, keys, name):
    make, reason = BAD_FILES[name]
    rows(server, "add", NAME, "alice")
    before = source.read_bytes()
    done = group(server, "add", NAME, "--file", "-", "--as", "x", input=make(gnupg, keys))
    assert done.returncode == DATA_ERROR
    assert reason in done.stdout + done.stderr
    assert source.read_bytes() == before


def test_written_by_hand(server, source, keys, gnupg):
    """Comments stay, two certificates in one block are two members, who is added has his."""
    both = gnupg.gpg("--armor", "--export", keys.alice.fingerprint, keys.bob.fingerprint).stdout
    source.write_bytes(b"# The CERT's.\n# Ask carol.\n\n" + both + b"\n# the end\n")
    assert members(server) == {"": [keys.alice.fingerprint, keys.bob.fingerprint]}
    [row] = rows(server, "add", NAME, "bob")
    assert (row["result"], row["note"]) == ("changed", "")
    rows(server, "add", NAME, "carol")
    assert members(server) == {"": [keys.alice.fingerprint], "bob": [keys.bob.fingerprint],
                               "carol": [keys.carol.fingerprint]}
    text = source.read_text()
    assert text.startswith("# The CERT's.\n# Ask carol.\n\n") and "\n# the end\n" in text
    rows(server, "remove", NAME, keys.alice.fingerprint)
    assert sealed_to(server) == [keys.bob.fingerprint, keys.carol.fingerprint]


def test_binary(server, source, keys, gnupg):
    source.write_bytes(gnupg.export(keys.alice.fingerprint, keys.bob.fingerprint, armor=False))
    rows(server, "add", NAME, "carol")
    assert len(members(server)[""]) == 2
    assert sealed_to(server) == [key.fingerprint for key in (keys.alice, keys.bob,
                                                                     keys.carol)]


def test_only_the_certificate_is_taken(server, source, keys):
    """What else a user's file says is nobody's record."""
    file = server.keys_file("bob")
    file.write_bytes(b"Member: alice\nFrom: file\n" + keys.bob.certificate
                     + b"\nMember: carol\n" + b"x" * 1000)
    try:
        rows(server, "add", NAME, "bob", "alice")
    finally:
        file.write_bytes(keys.bob.certificate)
    assert members(server) == {"bob": [keys.bob.fingerprint], "alice": [keys.alice.fingerprint]}
    assert "carol" not in source.read_text() and "xxx" not in source.read_text()


def test_damaged(server, source, keys):
    """Nothing is written into what can't be read; a damaged member can be taken away."""
    damaged = re.sub(r"\n[A-Za-z0-9+/]{30}", "\n!!!!", keys.bob.certificate.decode(), count=1)
    source.write_text(keys.alice.certificate.decode() + f"Member: bob\n{damaged}")
    before = source.read_bytes()
    done = group(server, "add", NAME, "carol")
    assert done.returncode == DATA_ERROR and b"damaged" in done.stderr
    assert source.read_bytes() == before
    [_, row] = rows(server, "show", NAME)
    assert row["username"] == "bob" and row["usable"].startswith("no: ")
    rows(server, "remove", NAME, "bob")
    assert members(server) == {"": [keys.alice.fingerprint]}
    source.write_text(keys.alice.certificate.decode()[:-60])
    done = group(server, "add", NAME, "carol")
    assert done.returncode == DATA_ERROR and b"has no end" in done.stderr


def test_list_says_what_cant_be_used(server, source, keys):
    expired = server.keys_file("expired").read_bytes()
    source.write_bytes(keys.alice.certificate + expired)
    found = {row["group"]: row for row in rows(server, "list")}
    assert found[NAME]["problem"] == "1 of its certificates can't be used"
    source.write_bytes(expired)
    found = {row["group"]: row for row in rows(server, "list")}
    assert found[NAME]["problem"].startswith("none of its certificates can be used")
    source.write_bytes(b"x")
    found = {row["group"]: row for row in rows(server, "list")}
    assert "no mail is stored" in found[NAME]["problem"]


def test_mode_and_owner_stay(server, source, keys):
    source.write_bytes(keys.alice.certificate)
    source.chmod(0o664)
    os.chown(source, 7, 8)
    rows(server, "add", NAME, "bob")
    found = source.stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (0o664, 7, 8)
    assert [file.name for file in source.parent.iterdir()] == [source.name]


def test_dry_run(server, source):
    [row] = rows(server, "add", "-n", NAME, "alice")
    assert row["result"] == "would be added" and not source.exists()
    rows(server, "add", NAME, "alice", "bob")
    before = source.read_bytes()
    [row] = rows(server, "remove", "-n", NAME, "bob")
    assert row["result"] == "would be removed" and source.read_bytes() == before


def test_log(server, keys):
    mark = len(server.log())
    rows(server, "add", NAME, "alice", "bob")
    rows(server, "remove", NAME, "bob")
    lines = [line.split("mail_seal: ")[1] for line in server.log_since(mark).splitlines()
             if "mail_seal: Group" in line]
    assert lines == [
        f"Group Public/CERT: add alice by doveadm (root): from none to {keys.alice.fingerprint}",
        f"Group Public/CERT: add bob by doveadm (root): from none to {keys.bob.fingerprint}",
        f"Group Public/CERT: remove bob by doveadm (root): from {keys.bob.fingerprint} to none"]


def test_no_such_group(server):
    for command, *more in (("add", "alice"), ("remove", "alice"), ("show",), ("sync",)):
        done = group(server, command, "Public/Nothing", *more)
        assert done.returncode == DATA_ERROR
        assert b"no group Public/Nothing" in done.stderr


WRONG = {
    "no-group": ["add"], "nobody": ["add", NAME],
    "as-without-file": ["add", NAME, "a", "--as", "x"],
    "all": ["show", "-A", NAME], "name": ["add", NAME, "--file", "-", "--as", "a\nb"],
    "remove-nobody": ["remove", NAME], "show-nothing": ["show"],
    "server": ["show", "-S", "/run/dovecot/doveadm-server", NAME],
}


@pytest.mark.parametrize("name", WRONG)
def test_usage(server, name):
    done = group(server, *WRONG[name], input=b"x")
    assert done.returncode == USAGE, done
    assert len(done.stderr.decode().splitlines()) == 1


def test_viewer(server):
    done = group(server, "list", "-u", "nobody")
    assert done.returncode == NO_USER and b"no such user" in done.stderr
    assert rows(server, "list", "-u", "bob")[0]["username"] == "bob"


def test_many(server, source, gnupg, keys):
    """500 members, as gpg exports them: in one block."""
    many = [fingerprint for fingerprint, _ in gnupg.generate_many(499)]
    source.write_bytes(gnupg.export(*many))
    rows(server, "add", NAME, "alice")
    found = rows(server, "show", NAME)
    assert [row["fingerprint"] for row in found] == [*many, keys.alice.fingerprint]
    assert {row["usable"] for row in found} == {"yes"}
    done = group(server, "add", NAME, "bob")
    assert done.returncode == DATA_ERROR and b"500 members at the most" in done.stdout
    rows(server, "remove", NAME, many[100])
    rows(server, "add", NAME, "bob")
    assert rows(server, "sync") == []
