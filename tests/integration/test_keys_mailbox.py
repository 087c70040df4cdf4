"""The Keys mailbox: owners enrol by putting a message there, and nobody else does."""

import pytest

import key_messages
import mail
from dovecot import PASSWORD, Dovecot, User
from imap import Imap, Literal
from sandbox import wait_until

FORMATS = ("maildir", "sdbox", "mdbox", "mbox")
SEAL = {"mail_seal_keys_mailbox": "Keys", "mail_seal_confirm": "no"}
MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")
MAILBOXES = ("Keys", "Sent", "Filed")


@pytest.fixture(scope="module", params=FORMATS)
def server(request):
    with Dovecot([User("alice")], mail_format=request.param, seal=SEAL) as dovecot:
        yield dovecot


@pytest.fixture(scope="module")
def site(keys):
    """Everything that brings messages into a mailbox, on maildir."""
    users = [User("alice", settings={"mail_seal_addresses": "alice@example.org"}),
             User("bob", keys.bob.certificate),
             User("unused", settings={"mail_seal_keys": "none"})]
    with Dovecot(users, plugins=("sieve", "imapsieve", "notify", "mail_log", "compress"),
                 shared=True, masters=True, seal=SEAL,
                 more="protocol lmtp {\n  lmtp_save_to_detail_mailbox = yes\n}") as dovecot:
        for user in ("alice", "bob", "unused"):
            dovecot.doveadm("mailbox", "create", "-u", user, *MAILBOXES)
        dovecot.give("alice", "Maildir/.Keys/dovecot-acl", b"authenticated lrwstipekxa\n")
        yield dovecot


def client_of(server):
    server.never_enrolled("alice")
    server.empty("alice")
    client = server.imap("alice")
    for name in MAILBOXES:
        client.command(f"CREATE {name}")
    return client


@pytest.fixture
def alice(server):
    with client_of(server) as client:
        yield client


@pytest.fixture
def owner(site):
    with client_of(site) as client:
        yield client


def bring(client, way, message):
    """A message into Keys; returns the response."""
    if way == "append":
        return client.append("Keys", message)
    assert client.append("Sent", message).ok
    client.select("Sent")
    return client.command(f'{way} * Keys')


def is_enrolled(server, user="alice"):
    return server.keys_file(user).exists()


def assert_enrolled(server, gnupg, key):
    """The next message is sealed."""
    assert is_enrolled(server)
    server.doveadm("expunge", "-u", "alice", "mailbox", "INBOX", "all")
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    mail.check_sealed(server.message("alice"), MESSAGE, gnupg, key)


def assert_refused(server, client, response, reason):
    """In a sentence for people; and nothing is kept."""
    assert response.status == "NO"
    assert response.text.startswith("[CANNOT] Certificate not stored: ")
    assert reason in response.text
    assert " /" not in response.text
    assert client.messages("Keys") == []
    assert not is_enrolled(server)


# Ways in


@pytest.mark.parametrize("way", ["append", "COPY", "MOVE"])
def test_ways(server, alice, gnupg, keys, way):
    message = key_messages.sent(keys.alice)
    assert bring(alice, way, message).ok
    mail.check_unchanged(alice.messages("Keys")[0], message, delivered=False)
    assert len(alice.messages("Sent")) == (1 if way == "COPY" else 0)
    assert_enrolled(server, gnupg, keys.alice)


@pytest.mark.parametrize("way", ["append", "COPY", "MOVE"])
def test_refused(server, alice, way):
    assert_refused(server, alice, bring(alice, way, MESSAGE), "there is no certificate in the")
    assert len(alice.messages("Sent")) == (0 if way == "append" else 1)


def test_one_of_several_refused(server, alice, keys):
    """MULTIAPPEND is all or nothing."""
    good = key_messages.sent(keys.alice)
    response = alice.command('APPEND "Keys" ', Literal(good), " ", Literal(MESSAGE))
    assert_refused(server, alice, response, "there is no certificate")
    for other in (key_messages.pasted(keys.alice), good):
        assert alice.append("Sent", other).ok
    assert alice.append("Sent", MESSAGE).ok
    alice.select("Sent")
    assert_refused(server, alice, alice.command("COPY 1:* Keys"), "there is no certificate")
    alice.select("Sent")
    assert alice.command("COPY 1:2 Keys").ok
    assert len(alice.messages("Keys")) == 2


KINDS = {
    "pasted": key_messages.pasted,
    "attached": key_messages.attached,
    "file": lambda key: key_messages.attached(key, "application/octet-stream", "Alice.ASC"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(site, owner, gnupg, keys, kind):
    assert owner.append("Keys", KINDS[kind](keys.alice)).ok
    assert_enrolled(site, gnupg, keys.alice)


@pytest.mark.parametrize("kind", ["signed", "opaque", "file"])
def test_x509_kinds(site, owner, gnupg, x509_keys, kind):
    key = x509_keys.alice
    message = key_messages.attached(key, "application/octet-stream", "me.crt") \
        if kind == "file" else key_messages.signed(key, kind == "opaque")
    assert owner.append("Keys", message).ok
    assert_enrolled(site, gnupg, key)


def test_from_sent_when_sealed(site, owner, gnupg, keys):
    """Renewal: what is in Sent is sealed, and its field is outside."""
    assert owner.append("Keys", key_messages.sent(keys.alice)).ok
    new = gnupg.generate("alice@example.org")
    message = key_messages.sent(new)
    assert owner.append("Sent", message).ok
    mail.check_sealed(owner.messages("Sent")[0], message, gnupg, keys.alice, delivered=False)
    owner.select("Sent")
    assert owner.command("MOVE * Keys").ok
    mail.check_sealed(owner.messages("Keys")[-1], message, gnupg, keys.alice, delivered=False)
    assert_enrolled(site, gnupg, new)


# Bad input


def two_fields(key):
    field = key_messages.autocrypt_field(
        key.opener.export(key.fingerprint, armor=False), key.address)
    return key_messages.sent(key, more=field)


BAD = {
    "two fields": (lambda make, keys: two_fields(keys.alice), "more than one Autocrypt field"),
    "20 MB": (lambda make, keys: key_messages.sent(keys.alice, b"x" * 998 + b"\r\n" * 10500000),
              "larger than 4 MB"),
    "many fields": (lambda make, keys: key_messages.sent(keys.alice, more=b"a: b\r\n" * 500000),
                    "too many fields and parts"),
    "many parts": (lambda make, keys: mail.multipart("multipart/mixed", [b"\r\n"] * 200000),
                   "too many fields and parts"),
    "attached message": (lambda make, keys: mail.multipart("multipart/mixed", [
        mail.part("message/rfc822", key_messages.sent(keys.alice))]), "there is no certificate"),
    "two people's": (lambda make, keys: key_messages.sent(
        keys.alice, mail.crlf(keys.bob.certificate)), "several keys"),
    "another's": (lambda make, keys: key_messages.sent(keys.bob),
                  "none of the user's addresses"),
    "expired": (lambda make, keys: key_messages.sent(make.generate_expired("alice@example.org")),
                "it has expired"),
    "revoked": (lambda make, keys: key_messages.sent(make.generate_revoked("alice@example.org")),
                "it is revoked"),
    "cannot encrypt": (lambda make, keys: key_messages.sent(
        make.generate("alice@example.org", encryption=None)), "encrypt"),
    "secret": (lambda make, keys: key_messages.attached(
        keys.alice, content=make.export_secret(keys.alice.fingerprint)), "make a new key"),
    "broken": (lambda make, keys: key_messages.pasted(keys.alice)[:-200], "damaged"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad(site, owner, gnupg, keys, what):
    make, reason = BAD[what]
    assert_refused(site, owner, owner.append("Keys", make(gnupg, keys)), reason)
    assert owner.command("NOOP").ok


def test_forged_signature(site, owner, x509_keys):
    message = key_messages.signed(x509_keys.alice).replace(b"Hello", b"Hallo", 1)
    assert_refused(site, owner, owner.append("Keys", message), "signature isn't good")


def test_bad_changes_nothing(site, owner, keys):
    assert owner.append("Keys", key_messages.sent(keys.alice)).ok
    before = site.keys_file("alice").read_bytes()
    for message in (MESSAGE, key_messages.sent(keys.bob)):
        assert not owner.append("Keys", message).ok
    assert site.keys_file("alice").read_bytes() == before
    assert len(owner.messages("Keys")) == 1


def test_different_ones_at_once(site, owner, gnupg, keys):
    other = gnupg.generate("alice@example.org")
    response = owner.command('APPEND "Keys" ', Literal(key_messages.sent(keys.alice)), " ",
                             Literal(key_messages.sent(other)))
    assert_refused(site, owner, response, "differ")


# What is no act of the owner's


def by_lmtp(site, _owner, message):
    with site.lmtp() as client:
        assert client.deliver(message, "alice+Keys@example.org")[0].code == 250


def by_sieve(site, _owner, message):
    site.give("alice", ".dovecot.sieve", b'require "fileinto"; fileinto "Keys";')
    try:
        assert site.deliver(message, "alice")[0].code == 250
    finally:
        (site.home("alice") / ".dovecot.sieve").unlink()


def by_imapsieve(site, owner, message):
    site.site.imapsieve_script.write_text('require ["fileinto", "copy"]; fileinto :copy "Keys";')
    assert owner.append("Filed", message).ok


def by_doveadm_save(site, _owner, message):
    site.doveadm("save", "-u", "alice", "-m", "Keys", input=mail.lf(message))


def by_doveadm_move(site, owner, message):
    assert owner.append("Sent", message).ok
    site.doveadm("move", "-u", "alice", "Keys", "mailbox", "Sent", "all")


def by_dsync(site, _owner, message):
    """Each time all that was there before, and one more."""
    old = site.home("alice") / "old"
    for folder in (old, old / ".Keys"):
        for part in ("cur", "new", "tmp"):
            (folder / part).mkdir(parents=True, exist_ok=True)
    count = len(list((old / ".Keys" / "cur").iterdir()))
    (old / ".Keys" / "cur" / f"{count + 1}.2.3:2,S").write_bytes(mail.lf(message))
    site.sandbox.run("chown", "-R", site.owner("alice"), old)
    site.doveadm("sync", "-1", "-R", "-u", "alice", *site.location(old))


def by_master(site, _owner, message):
    with Imap(site.site.imap_port, "alice*master", PASSWORD) as client:
        assert client.login.ok
        assert client.append("Keys", message).ok


def by_another(site, _owner, message):
    with site.imap("bob") as client:
        assert client.append("shared/alice/Keys", message).ok


IGNORED = {name[3:]: function for name, function in list(globals().items())
           if name.startswith("by_")}


@pytest.mark.parametrize("way", IGNORED)
def test_ignored(site, owner, keys, way):
    """It is stored, whatever is in it, and says nothing."""
    for message in (key_messages.sent(keys.alice), MESSAGE):
        IGNORED[way](site, owner, message)
    assert wait_until(lambda: len(owner.messages("Keys")) == 2)
    assert not is_enrolled(site)


def test_other_mailboxes(site, owner, keys):
    """In any case, and for a user whom mail_seal leaves alone."""
    owner.command("CREATE keys")
    owner.command("CREATE Keys/Old")
    for mailbox in ("keys", "Keys/Old", "INBOX", "Sent"):
        assert owner.append(mailbox, key_messages.sent(keys.alice)).ok
    assert not is_enrolled(site)
    with site.imap("unused") as client:
        assert client.append("Keys", MESSAGE).ok


# What is in there


def test_never_sealed(site, owner, gnupg, keys):
    """But for what a sender puts there by the address's detail, or a script, which who has the
    password could have written."""
    site.give("alice", ".mail-seal/keys", keys.alice.certificate)
    message = key_messages.sent(keys.alice)
    assert owner.append("Keys", message).ok
    by_doveadm_save(site, owner, MESSAGE)
    for stored, original in zip(owner.messages("Keys"), (message, MESSAGE)):
        mail.check_unchanged(stored, original, delivered=False)
    site.doveadm("seal", "encrypt", "-u", "alice", "all")
    assert not any(map(mail.is_sealed, owner.messages("Keys")))
    by_lmtp(site, owner, MESSAGE)
    mail.check_sealed(owner.messages("Keys")[-1], MESSAGE, gnupg, keys.alice)
    for number, way in enumerate((by_sieve, by_imapsieve), 4):
        way(site, owner, MESSAGE)
        assert wait_until(lambda number=number: len(owner.messages("Keys")) == number)
        assert mail.is_sealed(owner.messages("Keys")[-1])


def test_out_of_there(site, owner, gnupg, keys):
    message = key_messages.sent(keys.alice)
    assert owner.append("Keys", message).ok
    owner.select("Keys")
    assert owner.command("COPY 1 Filed").ok
    mail.check_sealed(owner.messages("Filed")[0], message, gnupg, keys.alice, delivered=False)


def test_deleting_withdraws_nothing(site, owner, gnupg, keys):
    assert owner.append("Keys", key_messages.sent(keys.alice)).ok
    owner.select("Keys")
    owner.must(r"STORE 1:* +FLAGS (\Deleted)")
    owner.must("EXPUNGE")
    assert_enrolled(site, gnupg, keys.alice)
    owner.select("INBOX")
    owner.must("DELETE Keys")
    assert_enrolled(site, gnupg, keys.alice)
    owner.must("CREATE Keys")


def test_renamed(site, owner, keys):
    """What is in there stays as it is, and that is said."""
    mark = len(site.log())
    site.give("alice", ".mail-seal/keys", keys.alice.certificate)
    owner.must("RENAME Keys Old")
    assert wait_until(lambda: "Mailbox Keys, which mail_seal_keys_mailbox names, is Old now"
                      in site.log_since(mark))
    owner.must("DELETE Old")
    owner.must("CREATE Keys")


def test_every_change_is_logged(site, owner, keys):
    mark = len(site.log())
    assert owner.append("Keys", key_messages.sent(keys.alice)).ok
    line = f"Key set by keys-mailbox (alice): from none to {keys.alice.fingerprint}"
    assert wait_until(lambda: line in site.log_since(mark))


# What is stored can't be read back yet, or not here


@pytest.mark.parametrize("mail_format", ["maildir", "sdbox", "mdbox"])
def test_attachments_in_files_of_their_own(keys, mail_format):
    with Dovecot([User("alice")], mail_format=mail_format, seal=SEAL,
                 attachments=True) as server, client_of(server) as client:
        assert client.append("Keys", key_messages.attached(keys.alice)).ok
        assert is_enrolled(server)
        assert mail_format == "maildir" or server.attachments() != []


def test_mail_crypt_without_its_private_key(keys):
    with Dovecot([User("alice")], plugins=("mail_crypt",), crypt_private=False,
                 seal=SEAL) as server, client_of(server) as client:
        assert client.append("Keys", key_messages.sent(keys.alice)).ok
        assert is_enrolled(server)


@pytest.mark.parametrize("name", ["INBOX", "inbox"])
def test_inbox_is_refused(name):
    """All mail would be plaintext."""
    with Dovecot([User("alice", settings={"mail_seal_keys_mailbox": name})]) as dovecot:
        dovecot.imap("alice").close()
        assert wait_until(lambda: "is not another mailbox than INBOX" in dovecot.log())
