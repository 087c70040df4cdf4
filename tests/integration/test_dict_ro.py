"""Certificates in a dict that is only read: dict-ro:, with an LDAP directory behind it.

Dovecot's dict-ldap has no functions to write: the dict service of 2.3 panics over the first
attempt, and the fixture no_crash looks for that.
"""

import pytest

import mail
from directory import PASSWORD, PEOPLE, READER, Directory
from dovecot import Dovecot, User
from enrolment import get_entry, pending, set_entry
from seal_key import DATA_ERROR, TEMPORARY, sentence, set_key
from web import wkd_hash

MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")
USERS = ("alice", "bob", "carol")
ONLY = "a dict-ro: source is only read by mail_seal"
FIRST = "a dict-ro: source, which mail_seal only reads, comes first and would be used"


class LdapDict:
    """Dovecot's dict-ldap over a Directory; `attribute` is the one with the certificates."""

    def __init__(self, directory, attribute="pgpKey", pattern="priv/mail-seal/keys"):
        self.directory = directory
        self._attribute, self._pattern = attribute, pattern
        (directory.folder / f"dict-{attribute}.conf").write_text(f"""
uri = ldap://127.0.0.1:{directory.port}
bind_dn = {READER}
password = {PASSWORD}
timeout = 30
map {{
  pattern = {pattern}
  base_dn = {PEOPLE}
  scope = subtree
  username_attribute = uid
  filter = (objectClass=inetOrgPerson)
  value_attribute = {attribute}
}}
""")

    def server23(self):
        return f"ldap:{self.directory.folder}/dict-{self._attribute}.conf"

    def server24(self):
        # An entry without the attribute is an error there: the filter leaves such ones out. And
        # what isn't "safe" is escaped as for a filter.
        return f"""driver = ldap
ldap_uris = ldap://127.0.0.1:{self.directory.port}
ldap_auth_dn = {READER}
ldap_auth_dn_password = "{PASSWORD}"
ldap_timeout = 30s
dict_map {self._pattern} {{
  ldap_base = {PEOPLE}
  ldap_filter = (&(uid=%{{user}})({self._attribute}=*))
  value = %{{ldap:{self._attribute} | safe}}
}}
"""


@pytest.fixture(scope="module")
def directory():
    slapd = Directory()
    yield slapd
    slapd.close()


@pytest.fixture(scope="module")
def only(directory):
    """Nothing but the directory."""
    with Dovecot([User(name) for name in USERS], dict=LdapDict(directory), dict_keys="dict-ro:{}",
                 seal={"mail_seal_keys_mailbox": "Keys"}) as dovecot:
        yield dovecot


@pytest.fixture(scope="module")
def both(directory):
    """The directory first, then a file of each user's."""
    with Dovecot([User(name) for name in USERS], dict=LdapDict(directory),
                 dict_keys="dict-ro:{} file:%h/.mail-seal/keys") as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def emptied(request):
    if "directory" in request.fixturenames:
        request.getfixturevalue("directory").clear()
    for name in ("only", "both"):
        if name in request.fixturenames:
            server = request.getfixturevalue(name)
            server.empty(*USERS)
            for user in USERS:
                server.never_enrolled(user)


def sealed_to(server, user, gnupg, key):
    server.empty(user)
    assert server.deliver(MESSAGE, user)[0].code == 250
    mail.check_sealed(server.message(user), MESSAGE, gnupg, key)


def test_what_is_there_is_used(only, directory, gnupg, keys):
    directory.person("alice", ("pgpKey", keys.alice.certificate))
    directory.person("bob")
    sealed_to(only, "alice", gnupg, keys.alice)
    for user in ("bob", "carol"):
        assert only.deliver(MESSAGE, user)[0].code == 250
        mail.check_unchanged(only.message(user), MESSAGE)
    [row] = only.doveadm_rows("seal", "key", "show", "-u", "alice")
    assert row["fingerprint"] == keys.alice.fingerprint
    assert row["source"].startswith("dict-ro:")
    assert only.doveadm("seal", "key", "check", "-A", "--days", "5").stdout == b""
    # whoever goes missing there is still an owner
    directory.clear()
    [reply] = only.deliver(MESSAGE, "alice")
    assert reply.code == 451
    assert "it is no longer there" in reply.text
    rows = only.doveadm_rows("seal", "key", "list", "-A", "--state", "unusable")
    assert [row["username"] for row in rows] == ["alice"]


@pytest.mark.parametrize("enrolled", [False, True])
def test_nothing_is_written(only, directory, gnupg, keys, enrolled):
    """Whoever tries, and by whichever way: one sentence, and nothing is changed."""
    if enrolled:
        directory.person("alice", ("pgpKey", keys.alice.certificate))
        sealed_to(only, "alice", gnupg, keys.alice)
        only.empty("alice")
    reason = FIRST if enrolled else ONLY
    for way in ([], only.doveadm_server):
        done = set_key(only, "alice", keys.alice.certificate, *way)
        assert done.returncode == DATA_ERROR
        assert reason in sentence(done)
        done = set_key(only, "alice", keys.alice.certificate, "-n", *way)
        assert done.returncode == DATA_ERROR
        done = only.doveadm("seal", "key", "unset", *way, "-u", "alice", check=False)
        assert done.returncode == (DATA_ERROR if enrolled else 0)
        if enrolled:
            assert "there is one in a dict-ro: source, which mail_seal only reads" in sentence(done)
        for command in (["confirm", "-u", "alice", "seal-aaaaa-aaaaa"], ["reject", "-u", "alice"],
                        ["notify", "-u", "alice"]):
            only.doveadm("seal", "key", *command[:1], *way, *command[1:], check=False)
        assert only.doveadm_rows("seal", "key", "pending", *way, "-u", "alice") == []
    with only.imap("alice") as client:
        response = set_entry(client, "keys", keys.alice.certificate)
        assert response.status == "NO" and reason in response.text
        response = set_entry(client, "keys", None)
        assert response.status == ("NO" if enrolled else "OK")
        if enrolled:
            assert "dict-ro: source, which mail_seal only reads" in response.text
        assert set_entry(client, "code", b"seal-aaaaa-aaaaa").status == "NO"
        assert pending(client) == {}
        found = get_entry(client, "keys")
        assert found is None or keys.alice.certificate.strip() in found
    if enrolled:
        sealed_to(only, "alice", gnupg, keys.alice)
    else:
        sealed_to_nobody(only, "alice")


def sealed_to_nobody(server, user):
    server.empty(user)
    assert server.deliver(MESSAGE, user)[0].code == 250
    mail.check_unchanged(server.message(user), MESSAGE)


def test_keys_mailbox(only, keys):
    with only.imap("alice") as client:
        client.command("CREATE Keys")
        offer = mail.text(keys.alice.certificate.replace(b"\n", b"\r\n"))
        response = client.append("Keys", offer)
    assert response.status == "NO"
    assert ONLY in response.text


def test_from_dir(only, tmp_path, keys):
    (tmp_path / "alice.asc").write_bytes(keys.alice.certificate)
    rows = only.doveadm_rows("seal", "key", "set", "--from-dir", tmp_path, check=False)
    assert [(row["username"], row["result"]) for row in rows] == [("alice", "refused")]
    assert ONLY in rows[0]["reason"]


def test_what_is_found_has_no_place(only, directory, tmp_path, keys):
    """It is said, and nothing becomes of it."""
    published = tmp_path / "example.org" / "hu" / wkd_hash("alice")
    published.parent.mkdir(parents=True)
    published.write_bytes(keys.alice.certificate)
    only.site.seal |= {"mail_seal_wkd_dir": str(tmp_path),
                       "mail_seal_addresses": "%u@example.org"}
    only.write_config()
    done = only.doveadm("seal", "key", "find", "--from", "wkd-dir", "-u", "alice", check=False)
    assert done.returncode == DATA_ERROR, done
    assert ONLY in done.stderr.decode()
    sealed_to_nobody(only, "alice")


def test_the_first_that_can_be_written(both, directory, gnupg, keys):
    """Beside a dict-ro: the file is enrolled into, as long as the dict has nothing."""
    for way in ([], both.doveadm_server):
        assert set_key(both, "alice", keys.alice.certificate, *way).returncode == 0
        assert both.keys_file("alice").read_bytes() == keys.alice.certificate
        sealed_to(both, "alice", gnupg, keys.alice)
        both.doveadm("seal", "key", "unset", *way, "-u", "alice")
        sealed_to_nobody(both, "alice")
    # an owner's offer waits beside the file
    with both.imap("alice") as client:
        assert set_entry(client, "keys", keys.alice.certificate).ok
        assert pending(client) != {}
    assert both.pending_file("alice").exists()
    both.doveadm("seal", "key", "reject", "-u", "alice")
    # once the directory has one, the file's wouldn't be used
    assert set_key(both, "alice", keys.alice.certificate).returncode == 0
    directory.person("alice", ("pgpKey", keys.bob.certificate))
    done = set_key(both, "alice", keys.alice.certificate)
    assert done.returncode == DATA_ERROR
    assert FIRST in sentence(done)
    sealed_to(both, "alice", gnupg, keys.bob)
    # what can be taken away is
    done = both.doveadm("seal", "key", "unset", "-u", "alice", check=False)
    assert done.returncode == DATA_ERROR
    assert "Certificate removed, but mail is still sealed" in sentence(done)
    assert not both.keys_file("alice").exists()
    sealed_to(both, "alice", gnupg, keys.bob)


def test_directory_that_is_down(both, directory, keys):
    """Nothing is stored, enrolled or withdrawn while it can't be asked: it may come first."""
    assert set_key(both, "alice", keys.alice.certificate).returncode == 0
    assert both.deliver(MESSAGE, "alice")[0].code == 250
    both.empty("alice")
    directory.stop()
    try:
        assert both.deliver(MESSAGE, "alice")[0].code == 451
        assert both.messages("alice") == []
        done = set_key(both, "bob", keys.bob.certificate)
        assert done.returncode == TEMPORARY
        assert b"the dict can't be read" in done.stderr
        done = both.doveadm("seal", "key", "unset", "-u", "alice", check=False)
        assert done.returncode == TEMPORARY
    finally:
        directory.start()
    # he is an owner even without his certificate
    assert not both.keys_file("alice").exists()
    assert both.deliver(MESSAGE, "alice")[0].code == 451


def test_mistake_in_its_configuration(directory, gnupg, keys):
    """dict-ldap says that there is no certificate: hence the advice to have tempfail."""
    directory.person("alice", ("pgpKey", keys.alice.certificate))
    directory.person("bob", ("pgpKey", keys.bob.certificate))
    with Dovecot([User(name) for name in USERS], dict=LdapDict(directory),
                 dict_keys="dict-ro:{}") as server:
        sealed_to(server, "alice", gnupg, keys.alice)
        server.empty("alice")
        server.site.dict = LdapDict(directory, pattern="priv/mail-seal/kyes")
        for missing_key, code in (("store", 250), ("tempfail", 451)):
            server.site.seal = {"mail_seal_missing_key": missing_key}
            server.write_config()
            server.restart()
            # whoever was enrolled is never stored as plaintext
            assert server.deliver(MESSAGE, "alice")[0].code == 451
            assert server.deliver(MESSAGE, "bob")[0].code == code
        assert server.messages("alice") == []


@pytest.mark.parametrize("attribute", ["pgpKey", "userCertificate;binary"])
def test_binary_values_are_cut(directory, gnupg, keys, x509, attribute):
    """dict-ldap ends a value at its first NUL: that is an unusable key, and never plaintext."""
    value = (gnupg.export(keys.alice.fingerprint, armor=False) if attribute == "pgpKey" else
             x509.generate("alice@example.org").der)
    assert b"\0" in value
    directory.person("alice", (attribute, value))
    with Dovecot([User("alice")], dict=LdapDict(directory, attribute),
                 dict_keys="dict-ro:{}") as server:
        [reply] = server.deliver(MESSAGE, "alice")
        assert reply.code == 451
        assert server.messages("alice") == []
        done = server.doveadm("seal", "key", "check", "-u", "alice", check=False)
        assert done.returncode == 1
        assert b"binary" in done.stdout
