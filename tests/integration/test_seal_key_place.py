"""A key file that a mail client could rename or delete is refused, and nothing else is."""

import pytest

import mail
from dovecot import Dovecot, User, dovecot_version
from imap import Literal
from seal_key import DATA_ERROR, sentence, set_key

MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")
NEW = tuple(map(int, dovecot_version().split(".")[:2])) >= (2, 4)


def location(driver, path, layout=None, **more):
    """The userdb fields of a mail location: inbox, index, control."""
    if not NEW:
        names = {"inbox": "INBOX", "index": "INDEX", "control": "CONTROL"}
        value = f"{driver}:{path}" + (f":LAYOUT={layout}" if layout else "") + "".join(
            f":{names[name]}={where}" for name, where in more.items())
        return {"mail": value}
    fields = {f"mail_{name}_path": where for name, where in more.items()}
    return fields | {"mail_driver": driver, "mail_path": path} | (
        {"mailbox_list_layout": layout} if layout else {})


def keys(where):
    return {"mail_seal_keys": f"file:{where}"}


REFUSED = {
    # name: (settings, the key, what takes it away)
    "home-is-maildir": (location("maildir", "~"), ".mail-seal/keys", "mail-seal"),
    "slash": (location("maildir", "~/"), ".mail-seal/keys", "mail-seal"),
    "dotfile": (location("maildir", "~") | keys("%h/.key"), ".key", "key"),
    "maildir-fs": (location("maildir", "~", "fs"), ".mail-seal/keys", ".mail-seal"),
    "in-maildir": (location("maildir", "~/Maildir") | keys("%h/Maildir/.seal/k"),
                   "Maildir/.seal/k", "seal"),
    "in-maildir-fs": (location("maildir", "~/Maildir", "fs") | keys("%h/Maildir/seal/k"),
                      "Maildir/seal/k", "seal"),
    "in-a-message-folder": (location("maildir", "~/Maildir") | keys("%h/Maildir/cur/k"),
                            "Maildir/cur/k", None),
    "home-is-mbox": (location("mbox", "~", inbox="~/inbox"), ".mail-seal/keys", ".mail-seal"),
    "mbox-file": (location("mbox", "~/mail", inbox="~/inbox") | keys("%h/mail/key"),
                  "mail/key", "key"),
    "in-sdbox": (location("sdbox", "~/sdbox") | keys("%h/sdbox/mailboxes/seal/keys"),
                 "sdbox/mailboxes/seal/keys", "seal"),
    "around-the-corner": (location("maildir", "~") | keys("%h/x/..//./.mail-seal/keys"),
                          ".mail-seal/keys", "mail-seal"),
    "index-root": (location("maildir", "~/Maildir", index="~"), ".mail-seal/keys", None),
    "control-root": (location("maildir", "~/Maildir", "fs", control="~/c") | keys("%h/c/x/keys"),
                     "c/x/keys", None),
}
ALLOWED = {
    "stock-maildir": (location("maildir", "~/Maildir"), ".mail-seal/keys"),
    "stock-mbox": (location("mbox", "~/mail", inbox="~/inbox"), ".mail-seal/keys"),
    "similar-name": (location("maildir", "~/.mail") | keys("%h/.mail-seal/keys"),
                     ".mail-seal/keys"),
    "home-is-sdbox": (location("sdbox", "~"), ".mail-seal/keys"),
    "home-is-mdbox": (location("mdbox", "~"), ".mail-seal/keys"),
    "in-sdbox-root": (location("sdbox", "~/sdbox") | keys("%h/sdbox/keys"), "sdbox/keys"),
    "no-dot": (location("maildir", "~") | keys("%h/seal/keys"), "seal/keys"),
    "indexes-elsewhere": (location("maildir", "~/Maildir", index="~/index", control="~/control"),
                          ".mail-seal/keys"),
}


@pytest.fixture(scope="module")
def server():
    users = [User(name, settings=settings) for name, (settings, *_) in
             (REFUSED | ALLOWED).items()]
    users += [User("linked", settings=location("maildir", "~/Mail") | keys("%h/link/.seal/keys"))]
    with Dovecot(users, metadata=True) as dovecot:
        for name in ("around-the-corner",):
            dovecot.give(name, "x/y", b"")
        yield dovecot


@pytest.fixture(params=["direct", "doveadm-server"])
def way(request, server):
    return server.doveadm_server if request.param == "doveadm-server" else []


def check(server, user):
    done = server.doveadm("seal", "key", "check", "-u", user, check=False)
    return done.returncode, done.stdout.decode()


@pytest.mark.parametrize("user", REFUSED)
def test_refused(server, way, openpgp_keys, user):
    settings, path, _ = REFUSED[user]
    done = set_key(server, user, openpgp_keys.alice.certificate, *way)
    assert done.returncode == DATA_ERROR
    assert "a mail client can rename or delete it" in sentence(done)
    assert not (server.home(user) / path).exists()
    status, problem = check(server, user)
    assert status == 1
    assert "where a mail client can rename or delete it" in problem


@pytest.mark.parametrize("user", [name for name, case in REFUSED.items() if case[2]])
def test_what_is_refused_can_be_taken_away(server, openpgp_keys, user):
    """By IMAP: the rule is as strict as it must be."""
    _, path, mailbox = REFUSED[user]
    file = server.give(user, path, openpgp_keys.alice.certificate)
    with server.imap(user) as client:
        client.command(f'RENAME "{mailbox}" "gone"')
    assert not file.exists()


@pytest.mark.parametrize("user", ALLOWED)
def test_allowed(server, way, openpgp_keys, user):
    """And no stricter: whatever name a client uses, the key stays."""
    path = ALLOWED[user][1]
    assert set_key(server, user, openpgp_keys.alice.certificate, *way).returncode == 0
    assert check(server, user) == (0, "")
    with server.imap(user) as client:
        for name in ("mail-seal", ".mail-seal", ".mail-seal/keys", "seal", "seal/keys", "keys"):
            client.command(f'RENAME "{name}" "gone-{name.replace("/", "-")}"')
            client.command(f'DELETE "{name}"')
        assert b"seal" not in b"".join(client.must('LIST "" *').untagged)
    assert (server.home(user) / path).exists()
    server.doveadm("seal", "key", "unset", *way, "-u", user)


def test_a_link_into_the_mail(server, openpgp_keys):
    server.give("linked", "Mail/cur/x", b"")
    (server.home("linked") / "link").symlink_to("Mail")
    done = set_key(server, "linked", openpgp_keys.alice.certificate)
    assert done.returncode == DATA_ERROR
    assert "a mail client can rename or delete it" in sentence(done)


def test_over_imap(server, openpgp_keys):
    with server.imap("home-is-maildir") as client:
        reply = client.command('SETMETADATA "" (/private/vendor/vendor.mail-seal/keys ',
                               Literal(openpgp_keys.alice.certificate), ")")
    assert reply.status == "NO"
    assert "a mail client can rename or delete it" in reply.text
    assert str(server.folder) not in reply.text
