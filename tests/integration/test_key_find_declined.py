"""doveadm seal key find, which cron runs, and owners who don't want what is published.

An owner decides about his key: what he withdrew, rejected or stopped isn't offered again, and
what he didn't answer isn't for a long time, although it stays where it was found.
"""

import re
import time

import pytest

import dicts
from directory import Directory
from dovecot import Dovecot, User
from enrolment import challenges, code, give, sealed_to, set_entry, stop_code
from key_find import Tree, everything, find, find_all, searching, short
from seal_key import TEMPORARY, set_key

TODAY = r"\d{4}-\d\d-\d\d"
DAY = 24 * 60 * 60
WAYS = ([], ["-n"], ["--activate"])


@pytest.fixture(scope="module")
def directory():
    made = Directory()
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(directory):
    alice = User("alice", settings={"mail_seal_addresses": "alice@example.org"})
    with searching([alice], directory) as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def nobody_enrolled(request):
    if "server" not in request.fixturenames:
        return
    server = request.getfixturevalue("server")
    server.tree.clear()
    request.getfixturevalue("directory").clear()
    server.never_enrolled("alice")
    server.empty("alice")


@pytest.fixture(scope="module")
def other(gnupg):
    """Another key with alice's address."""
    return gnupg.generate("alice@example.org")


def publish(server, *keys):
    """Where its owner has proven it"""
    server.tree.publish("alice@example.org", b"".join(key.certificate for key in keys))


def publish_anywhere(directory, key):
    """Anybody may have done that."""
    directory.clear()
    directory.person("alice", ("pgpKey", key.certificate))


def metadata_nil(server, key):
    with server.imap("alice") as alice:
        assert set_entry(alice, "keys", None).ok
        assert give(alice, code(server, "alice", key)).ok


def key_unset(server, _key=None):
    server.doveadm("seal", "key", "unset", "-u", "alice")


def reject(server):
    server.doveadm("seal", "key", "reject", "-u", "alice")


def take_back(server):
    with server.imap("alice") as alice:
        assert set_entry(alice, "keys", None).ok


def declined(server, key, how, **options):
    """Now and with each run, nothing is done, and the note says why."""
    before = everything(server, "alice")
    for way in WAYS:
        row = find(server, *way, **options)
        assert row["result"] == "none" and row["fingerprint"] == ""
        assert re.search(rf"{key.fingerprint}: declined on {TODAY} \({how}", row["note"]), row
        assert row["source"] and row["where"]
    assert everything(server, "alice") == before
    assert sealed_to(server, "alice") == []


def confirm(server, user, key):
    with server.imap(user) as client:
        assert give(client, code(server, user, key)).ok


@pytest.mark.parametrize("withdraw", [metadata_nil, key_unset])
def test_withdrawn(server, keys, other, withdraw):
    publish(server, keys.alice)
    assert short(find(server)) == ("found", "wkd-dir", keys.alice.fingerprint)
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]
    withdraw(server, keys.alice)
    declined(server, keys.alice, "withdrawn")
    [row], _ = find_all(server, *server.doveadm_server, "-u", "alice")
    assert row["result"] == "none"
    # the other one is none of those, but he decides
    publish(server, keys.alice, other)
    assert short(find(server)) == ("found", "wkd-dir", other.fingerprint)
    assert sealed_to(server, "alice") == []
    confirm(server, "alice", other)
    assert sealed_to(server, "alice") == [other.fingerprint]
    # that the first one is still there is no news
    publish(server, keys.alice)
    row = find(server)
    assert row["result"] == "active" and "declined on" in row["note"]


def test_withdrawn_in_one_source_and_published_in_another(server, directory, keys):
    publish(server, keys.alice)
    find(server)
    key_unset(server)
    publish_anywhere(directory, keys.alice)
    declined(server, keys.alice, "withdrawn", sources="ldap")


@pytest.mark.parametrize("no", [reject, take_back])
def test_rejected(server, directory, keys, other, no):
    publish_anywhere(directory, keys.alice)
    assert find(server)["result"] == "found"
    no(server)
    declined(server, keys.alice, "rejected")
    assert len(challenges(server, "alice", keys.alice)) == 1
    publish_anywhere(directory, other)
    assert short(find(server)) == ("found", "ldap", other.fingerprint)
    assert len(challenges(server, "alice", other)) == 1


def test_unset_by_an_administrator_while_it_is_pending(server, directory, keys):
    publish_anywhere(directory, keys.alice)
    find(server)
    server.doveadm("seal", "key", "unset", "-u", "alice", check=False)
    declined(server, keys.alice, "rejected")


def test_stopped(server, directory, keys, other):
    """Somebody has her password, and she stops him."""
    assert set_key(server, "alice", keys.alice.certificate).returncode == 0
    with server.imap("alice") as alice:
        assert set_entry(alice, "keys", other.certificate).ok
        assert give(alice, stop_code(server, "alice", keys.alice)).ok
    publish_anywhere(directory, other)
    row = find(server)
    assert short(row) == ("active", "ldap", keys.alice.fingerprint)
    assert "(rejected)" in row["note"]
    key_unset(server)
    declined(server, other, "rejected", sources="ldap")


def age(file, pattern, days):
    content = file.read_bytes()
    aged = re.sub(pattern, lambda found: found[1] + b"%d" % (int(found[2]) - days * DAY), content)
    assert aged != content
    file.write_bytes(aged)


def run_out(server, days):
    age(server.pending_file("alice"), rb"(?m)^(mail-seal: since=)(\d+)$", days)


def forget_for(server, days):
    [file] = server.declined_files("alice")
    age(file, rb"(?m)^(\w+ )(\d+)", days)


def test_no_answer(server, directory, keys):
    """It is given up, and that is enough for a while."""
    publish_anywhere(directory, keys.alice)
    find(server)
    run_out(server, 30)
    server.doveadm("seal", "key", "notify", "-u", "alice")
    assert not server.pending_file("alice").exists()
    declined(server, keys.alice, "no answer; offered again from ")
    forget_for(server, 89)
    declined(server, keys.alice, "no answer; offered again from ")
    forget_for(server, 2)
    assert find(server, "-n")["note"] == "would be pending"
    assert find(server)["result"] == "found"
    assert len(challenges(server, "alice", keys.alice)) == 2


def test_no_answer_and_nobody_gave_it_up(server, directory, keys, other):
    """A site where key notify isn't run"""
    publish_anywhere(directory, keys.alice)
    find(server)
    run_out(server, 30)
    declined(server, keys.alice, "no answer; offered again from ")
    # another one takes its place: it isn't forgotten
    publish_anywhere(directory, other)
    assert find(server)["result"] == "found"
    reject(server)
    publish_anywhere(directory, keys.alice)
    declined(server, keys.alice, "no answer; offered again from ")


def test_late_answer(server, directory, keys):
    """He wanted it: he gets another message.  Who only guesses doesn't answer for him."""
    publish_anywhere(directory, keys.alice)
    find(server)
    late = code(server, "alice", keys.alice)
    run_out(server, 30)
    with server.imap("alice") as alice:
        assert not give(alice, late).ok
    assert find(server)["result"] == "found"
    run_out(server, 30)
    with server.imap("alice") as alice:
        assert not give(alice, "seal-00000-00000").ok
    declined(server, keys.alice, "no answer")


def own_enrolment(server, key):
    with server.imap("alice") as alice:
        assert set_entry(alice, "keys", key.certificate).ok
        assert give(alice, code(server, "alice", key)).ok


def key_set(server, key):
    assert set_key(server, "alice", key.certificate).returncode == 0


@pytest.mark.parametrize("enrol", [own_enrolment, key_set])
@pytest.mark.parametrize("no", [reject, key_unset])
def test_whoever_wants_it_after_all(server, directory, keys, enrol, no):
    publish_anywhere(directory, keys.alice)
    assert find(server, *(["--activate"] if no == key_unset else []))["result"] == "found"
    no(server)
    enrol(server, keys.alice)
    assert server.declined_files("alice") == []
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]
    row = find(server)
    assert row["result"] == "active" and row["note"] == ""


def test_what_it_was_is_not_known(server, keys, other):
    """The key file can't be read any more: it is what is published when it is next looked."""
    file = server.keys_file("alice")
    file.parent.mkdir(parents=True, exist_ok=True)
    server.give("alice", file.relative_to(server.home("alice")), b"rubbish")
    key_unset(server)
    publish(server, keys.alice)
    before = everything(server, "alice")
    assert "(withdrawn)" in find(server, "-n")["note"]
    assert everything(server, "alice") == before
    assert find(server)["result"] == "none"
    declined(server, keys.alice, "withdrawn")
    publish(server, other)
    assert find(server)["result"] == "found"
    assert server.declined_files("alice") != []


@pytest.mark.parametrize("content", [
    b"", b"\0\xff rubbish\n", b"mail-seal-declined 1\nwithdr", b"x" * 300_000],
    ids=["empty", "rubbish", "cut off", "large"])
def test_damaged(server, keys, content):
    """Is no error: the worst is that she is asked once more."""
    publish(server, keys.alice)
    find(server)
    key_unset(server)
    [file] = server.declined_files("alice")
    file.write_bytes(content)
    assert find(server)["result"] == "found"
    key_unset(server)
    declined(server, keys.alice, "withdrawn")


def test_not_readable(server, keys):
    """Then it isn't known what she wants, and nothing is done."""
    publish(server, keys.alice)
    find(server)
    key_unset(server)
    [file] = server.declined_files("alice")
    file.unlink()
    file.mkdir()
    try:
        assert find(server, status=TEMPORARY)["result"] == "unknown"
        assert not server.keys_file("alice").exists()
        # and sealing is as it was
        key_set(server, keys.alice)
        assert sealed_to(server, "alice") == [keys.alice.fingerprint]
    finally:
        file.rmdir()


def test_no_mailbox(server, directory, keys):
    publish_anywhere(directory, keys.alice)
    find(server)
    reject(server)
    assert server.declined_files("alice") != []
    with server.imap("alice") as alice:
        names = b"".join(alice.must('LIST "" "*"').untagged)
    assert b"declined" not in names


@pytest.fixture(scope="module", params=[dicts.Redis, dicts.Sqlite], ids=["redis", "sqlite"])
def store(request):
    store = request.param()
    yield store
    store.close()


@pytest.fixture(scope="module")
def back_ends(store, tmp_path_factory):
    """Two with the same dict, and the same tree of proven keys."""
    tree = Tree(tmp_path_factory.mktemp("tree") / "wks")
    options = {"dict": store, "seal": {"mail_seal_wkd_dir": str(tree.folder)}}
    users = [User(name, settings={"mail_seal_addresses": "alice@example.org"})
             for name in ("alice", "bob")]
    with Dovecot(users, **options) as one, Dovecot(users, **options) as another:
        one.tree = tree
        yield one, another


@pytest.mark.parametrize("user", ["alice", "bob"])
def test_back_ends_that_share_a_dict(back_ends, keys, other, user):
    """Withdrawn on one of them, it is withdrawn on the other, whether that has sealed or not."""
    one, another = back_ends
    options = {"user": user, "sources": "wkd-dir"}
    publish(one, keys.alice)
    assert find(one, **options)["result"] == "found"
    if user == "alice":
        assert sealed_to(another, user) == [keys.alice.fingerprint]
    one.doveadm("seal", "key", "unset", "-u", user)
    for server in (one, another, one):
        for way in WAYS:
            row = find(server, *way, **options)
            assert row["result"] == "none", row
            assert f"{keys.alice.fingerprint}: declined on " in row["note"]
            assert "(withdrawn)" in row["note"]
    publish(one, other)
    assert find(another, **options)["result"] == "found"
    confirm(another, user, other)
    assert sealed_to(one, user) == sealed_to(another, user) == [other.fingerprint]
    # after a while, so that it isn't the withdrawal that is known
    for server in back_ends:
        for file in server.declined_files(user):
            age(file, rb"(?m)^(\w+ )(\d+)", 1)
    time.sleep(1)
    another.doveadm("seal", "key", "unset", "-u", user)
    row = find(one, **options)
    assert row["result"] == "none" and "(withdrawn)" in row["note"]
