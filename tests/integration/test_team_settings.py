"""What the settings say of team mailboxes: the configuration's alone, and never less sealed."""

import contextlib

import pytest

import mail
import team
from dovecot import Dovecot, User, dovecot_version
from sandbox import wait_until

MESSAGE = mail.text(b"Hello,\r\n" + mail.CANARY + b"\r\n")
OLD = dovecot_version().startswith("2.3")
only_old = pytest.mark.skipif(not OLD, reason="2.3's setting mail_seal_public")
only_new = pytest.mark.skipif(OLD, reason="2.4's blocks")
WRONG = "the server's settings for encrypting this mailbox are wrong"


@contextlib.contextmanager
def site(keys, *names, users=(), **options):
    """Public/CERT and these others; cert.asc has alice's certificate."""
    everybody = [User("alice", keys.alice.certificate), *users]
    with Dovecot(everybody, shared=True, **options) as server:
        team.give(server, "cert.asc", keys.alice.certificate)
        team.give(server, "other.asc", keys.bob.certificate)
        team.make(server, "CERT", *names)
        yield server


def save(server, user="alice", mailbox="Public/CERT"):
    with server.imap(user) as client:
        return client.append(mailbox, MESSAGE)


def check_sealed(server, gnupg, *keys, name="CERT"):
    mail.check_sealed(team.take(server, name), MESSAGE, gnupg, *keys, delivered=False)


def check_refused(server, reason, user="alice", mailbox="Public/CERT"):
    mark = len(server.log())
    refused = save(server, user, mailbox)
    assert (refused.status, WRONG in refused.text) == ("NO", True), refused
    assert wait_until(lambda: reason in server.log_since(mark)), server.log_since(mark)


def check_no_session(server, reason, user="alice"):
    mark = len(server.log())
    with contextlib.suppress(OSError, AssertionError, EOFError):
        save(server, user)
    assert wait_until(lambda: reason in server.log_since(mark)), server.log_since(mark)
    assert server.deliver(MESSAGE, user)[0].code == 451


def test_for_a_whole_namespace(keys, gnupg):
    groups = {"*": "file:FOLDER/cert.asc", "Other": "file:FOLDER/other.asc", "Open": "none"}
    with site(keys, "Other", "Open", "Any", groups=groups) as server:
        for name, key in (("CERT", "alice"), ("Any", "alice"), ("Other", "bob")):
            assert save(server, mailbox=f"Public/{name}").ok
            check_sealed(server, gnupg, getattr(keys, key), name=name)
        assert save(server, mailbox="Public/Open").ok
        mail.check_unchanged(team.take(server, "Open"), MESSAGE, delivered=False)


def test_the_same_source_as_everybodys(keys, gnupg):
    """That nothing differs doesn't mean that nothing is written there."""
    with site(keys, groups={"CERT": "file:FOLDER/cert.asc"},
              seal={"mail_seal_keys": "file:/nowhere"}) as server:
        for source in (server.folder / "cert.asc", "/nowhere", "/nowhere/else"):
            server.site.seal["mail_seal_keys"] = f"file:{source}"
            server.write_config()
            server.reload()
            assert save(server).ok
            check_sealed(server, gnupg, keys.alice)


@only_new
def test_the_same_source_as_a_protocols(keys, gnupg):
    """A protocol's settings show in each block, and aren't one's."""
    more = "protocol imap {\n  mail_seal_keys = file:FOLDER/cert.asc\n}\n"
    with site(keys, "Open", groups={"CERT": "file:FOLDER/cert.asc"}, more=more) as server:
        assert save(server).ok
        check_sealed(server, gnupg, keys.alice)
        assert save(server, mailbox="Public/Open").ok
        mail.check_unchanged(team.take(server, "Open"), MESSAGE, delivered=False)
        assert save(server, mailbox="INBOX").ok
        assert {row["group"] for row in server.doveadm_rows("seal", "group", "list")} == {
            "Public/CERT"}


@only_new
def test_a_block_without_keys(keys, gnupg):
    """It is no team's; the namespace is."""
    with site(keys, "Trash", groups={"*": "file:FOLDER/cert.asc"},
              more="mailbox Trash {\n  special_use = \\Trash\n}\n") as server:
        assert {row["group"] for row in server.doveadm_rows("seal", "group", "list")} == {
            "Public/*"}
        assert save(server, mailbox="Public/Trash").ok
        check_sealed(server, gnupg, keys.alice, name="Trash")


@only_new
def test_other_ways_to_write_a_name(keys, gnupg):
    with site(keys, groups={"CERT": "file:FOLDER/cert.asc"},
              more="mailbox_list_visible_escape_char = %\n") as server:
        for name in ("CERT", "%43ERT", "C%45%52T"):
            assert save(server, mailbox=f"Public/{name}").ok
            check_sealed(server, gnupg, keys.alice)


def test_additional_keys_and_hidden_fields(keys, gnupg):
    seal = {"mail_seal_protect_headers": "Subject"}
    with site(keys, groups={"CERT": "file:FOLDER/cert.asc"}, seal=seal) as server:
        server.site.seal["mail_seal_extra_keys"] = str(server.folder / "other.asc")
        server.write_config()
        server.reload()
        assert save(server).ok
        stored = team.take(server, "CERT")
        assert b"\nSubject: [...]\n" in mail.lf(stored)
        assert mail.unseal(stored).fingerprints == [keys.alice.fingerprint, keys.bob.fingerprint]


def test_variables(keys, gnupg):
    """Those of the user who opens the mailbox, for sites where each domain has its teams."""
    source = "file:FOLDER/%u.asc" if OLD else "file:FOLDER/%{user}.asc"
    with site(keys, groups={"CERT": source}) as server:
        team.give(server, "alice.asc", keys.carol.certificate)
        assert save(server).ok
        check_sealed(server, gnupg, keys.carol)


def test_as_the_example_writes_it(keys, gnupg):
    """Without quotes, and a mailbox with those below it."""
    more = ("plugin {\n  mail_seal_public = Public/CERT*=file:FOLDER/cert.asc\n}\n" if OLD else
            "namespace public {\n  mailbox CERT* {\n"
            "    mail_seal_keys = file:FOLDER/cert.asc\n  }\n}\n")
    with site(keys, "CERT/2026", "Other", more=more) as server:
        for name in ("CERT", "CERT/2026"):
            assert save(server, mailbox=f"Public/{name}").ok
            check_sealed(server, gnupg, keys.alice, name=name)
        assert save(server, mailbox="Public/Other").ok
        mail.check_unchanged(team.take(server, "Other"), MESSAGE, delivered=False)


@pytest.mark.parametrize("source, reason", [
    ("file:FOLDER/home/alice/keys", "its file is in the home of the user who opens the mailbox"),
    ("gnupg:FOLDER/gnupg", "gnupg: is for one user's certificates"),
])
def test_sources_that_are_one_users(keys, source, reason):
    with site(keys, groups={"CERT": source}) as server:
        server.give("alice", "keys", keys.alice.certificate)
        check_refused(server, reason)


@pytest.mark.parametrize("where", ["%h/seal-dict", "~/seal-dict", "FOLDER/seal-dict"])
def test_a_dict_that_is_a_file(keys, where):
    """It has one value for all, or for each home: another team's, or that of who saves."""
    if OLD:
        more = (f"plugin {{\n  mail_seal_keys = dict:file:{where}\n"
                f"  mail_seal_public = Public/CERT=dict:file:{where}\n}}\n")
    else:
        where = where.replace("%h", "%{home}")
        more = (f"dict seal {{\n  driver = file\n  dict_file_path = {where}\n}}\n"
                "mail_seal_keys = dict:seal\nnamespace public {\n  mailbox CERT {\n"
                "    mail_seal_keys = dict:seal\n  }\n}\n")
    with site(keys, more=more) as server:
        server.folder.chmod(0o777)
        server.doveadm("seal", "key", "set", "--force", "-u", "alice", "-f", "-",
                       input=keys.alice.certificate)
        refused = save(server)
        assert refused.status == "NO"
        assert "a dict that is a file can't tell teams apart" in refused.text
        done = server.doveadm("seal", "group", "add", "Public/CERT", "alice", check=False)
        assert done.returncode == 65
        assert b"a dict that is a file can't tell teams apart" in done.stderr


ALIAS = """
namespace old {{
  type = public
  separator = {separator}
  prefix = Old{separator}
  {place}
  subscriptions = no
  list = no
  alias_for = {target}
}}
"""


@contextlib.contextmanager
def site_with_alias(keys, separator, more="", **options):
    """Old/ is another prefix of Public/."""
    with site(keys, "CERT/sub", **options) as server:
        public = server.site.public_maildir
        place = f"location = maildir:{public}:INDEX=~/public" if OLD else \
            f"mail_path = {public}\n  mail_index_path = ~/public"
        server.site.more += more + ALIAS.format(separator=separator, place=place,
                                                target="Public/" if OLD else "public")
        server.write_config()
        server.reload()
        yield server


@pytest.mark.parametrize("separator", ["/", "."])
def test_another_prefix_of_the_same_mailboxes(keys, gnupg, separator):
    groups = dict.fromkeys(["CERT", "CERT/sub"], "file:FOLDER/cert.asc")
    with site_with_alias(keys, separator, groups=groups) as server:
        for name in ("CERT", "CERT/sub"):
            assert save(server, mailbox=f"Old/{name}".replace("/", separator)).ok
            check_sealed(server, gnupg, keys.alice, name=name)


@pytest.mark.parametrize("separator", ["/", "."])
def test_named_by_the_other_prefix(keys, gnupg, separator):
    """It is the same mailbox, by whichever of its names the settings have it."""
    pattern = f"Old{separator}CERT{separator}*"
    if OLD:
        more = f"plugin {{\n  mail_seal_public = {pattern}=file:FOLDER/cert.asc\n}}\n"
    else:
        more = (f"namespace old {{\n  mailbox \"CERT{separator}*\" {{\n"
                "    mail_seal_keys = file:FOLDER/cert.asc\n  }\n}\n")
    with site_with_alias(keys, separator, more=more) as server:
        for name in ("Public/CERT/sub", f"Old{separator}CERT{separator}sub"):
            assert save(server, mailbox=name).ok
            check_sealed(server, gnupg, keys.alice, name="CERT/sub")
        assert save(server, mailbox="Public/CERT").ok
        mail.check_unchanged(team.take(server, "CERT"), MESSAGE, delivered=False)


@only_old
def test_a_private_mailbox_is_no_teams(keys, gnupg):
    more = "plugin {\n  mail_seal_public = *=file:FOLDER/other.asc INBOX=file:FOLDER/other.asc\n}\n"
    with site(keys, more=more) as server:
        assert save(server, mailbox="INBOX").ok
        mail.check_sealed(server.message("alice"), MESSAGE, gnupg, keys.alice, delivered=False)
        assert save(server).ok
        check_sealed(server, gnupg, keys.bob)


@only_old
def test_sources_are_tried_in_order(keys, gnupg):
    more = ("plugin {\n  mail_seal_public = Public/CERT=file:FOLDER/none.asc "
            "Public/CERT=file:FOLDER/other.asc\n}\n")
    with site(keys, more=more) as server:
        assert save(server).ok
        check_sealed(server, gnupg, keys.bob)


@only_old
@pytest.mark.parametrize("setting", ["mail_seal_extra_keys", "mail_seal_group_unusable",
                                     "mail_seal_min_rsa_bits", "mail_seal_protect_headers"])
def test_one_users_settings_hide_everybodys(keys, gnupg, setting):
    value = {"mail_seal_extra_keys": "/nowhere", "mail_seal_group_unusable": "skip",
             "mail_seal_min_rsa_bits": "1024", "mail_seal_protect_headers": "X-Any"}[setting]
    users = [User("odd", settings={setting: value}),
             User("other", settings={"mail_seal_timeout": "50s", "mail_seal_keys": "none"})]
    with site(keys, users=users, groups={"CERT": "file:FOLDER/cert.asc"}) as server:
        check_refused(server, f"{setting} is set in the userdb for odd", "odd")
        assert save(server, "other").ok
        check_sealed(server, gnupg, keys.alice)


@only_old
def test_not_from_the_userdb(keys):
    users = [User("odd", settings={"mail_seal_public": "none"})]
    with site(keys, users=users, groups={"CERT": "file:FOLDER/cert.asc"}) as server:
        check_no_session(server, "mail_seal_public: it can't be a field of the userdb", "odd")
        assert save(server).ok


@only_old
@pytest.mark.parametrize("value, reason", [
    ("Public/CERT", '"Public/CERT" is not MAILBOX-PATTERN=SOURCE'),
    ("Public/CERT=/etc/cert.asc", "is not MAILBOX-PATTERN=SOURCE"),
    ("Public/CERT=file:cert.asc", "is not a source with an absolute path"),
    ("=file:/etc/cert.asc", "is not MAILBOX-PATTERN=SOURCE"),
    ("Public/CERT=none Public/CERT=file:/etc/cert.asc", "stands there twice"),
])
def test_wrong_values(keys, value, reason):
    with site(keys, more=f"plugin {{\n  mail_seal_public = {value}\n}}\n") as server:
        check_no_session(server, reason)


@only_new
def test_the_setting_of_2_3(keys):
    with site(keys, seal={"mail_seal_public": "Public/CERT=file:/etc/cert.asc"}) as server:
        check_no_session(server, "mail_seal_public is for Dovecot 2.3")


@only_new
@pytest.mark.parametrize("block, reason", [
    ("mail_seal_missing_key = store", "set it outside"),
    ("mail_seal_group_unusable = tempfail", "mail_seal_keys isn't set there"),
    ("mail_seal_keys = file:FOLDER/cert.asc\nmail_seal_exclude = *", "set it outside"),
    ("mailbox CERT {\nmail_seal_keys =\n}", "the word for no sealing is none"),
    ("mail_seal_keys =", "the word for no sealing is none"),
])
def test_blocks_without_sense_are_refused(keys, block, reason):
    with site(keys, more=f"namespace public {{\n{block}\n}}\n") as server:
        check_refused(server, reason)
        assert save(server, mailbox="INBOX").ok


@only_new
def test_settings_of_one_team(keys, gnupg):
    """They are the block's, whatever everybody's are and this user's."""
    more = ("mail_seal_group_unusable = skip\n"
            "namespace public {\nmailbox CERT {\nmail_seal_keys = file:FOLDER/cert.asc\n"
            "mail_seal_extra_keys = FOLDER/other.asc\nmail_seal_group_unusable = tempfail\n}\n}\n")
    users = [User("odd", settings={"mail_seal_extra_keys": "/nowhere", "mail_seal_keys": "none",
                                   "mail_seal_group_unusable": "skip"})]
    with site(keys, users=users, more=more) as server:
        assert save(server, "odd").ok
        check_sealed(server, gnupg, keys.alice, keys.bob)
        expired = gnupg.generate_expired("gone@example.org").certificate
        team.give(server, "cert.asc", keys.alice.certificate, expired)
        refused = save(server, "odd")
        assert refused.status == "NO"
        assert "the encryption key of a member of this mailbox can't be used" in refused.text


@only_new
def test_a_block_of_the_userdb(keys):
    users = [User("odd", settings={"namespace/public/mailbox/CERT/mail_seal_keys": "none"})]
    with site(keys, users=users, groups={"CERT": "file:FOLDER/cert.asc"}) as server:
        check_refused(server, "it is one of the userdb", "odd")


@only_new
def test_a_mailbox_block_for_all_namespaces(keys, gnupg):
    """In the private one it is refused, as it always was."""
    more = "mailbox CERT {\nmail_seal_keys = file:FOLDER/cert.asc\n}\n"
    with site(keys, more=more) as server:
        assert save(server).ok
        check_sealed(server, gnupg, keys.alice)
        with server.imap("alice") as client:
            client.must("CREATE CERT")
        check_refused(server, "the namespace isn't public", mailbox="CERT")
