"""Codes that come back by a mail client: what was pending becomes active by them."""

import base64
import contextlib

import pytest

import dicts
import key_messages
import mail
from dovecot import PASSWORD, Dovecot, User
from enrolment import MESSAGE, challenges, stop_code
from enrolment import code as code_for
from imap import Imap, Literal
from sandbox import wait_until

FORMATS = ("maildir", "sdbox", "mdbox", "mbox")
SEAL = {"mail_seal_keys_mailbox": "Keys"}
MAILBOXES = ("Keys", "Sent", "Drafts", "Filed")
WRONG = "seal-00000-00000"


@pytest.fixture(scope="module", params=FORMATS)
def server(request):
    with Dovecot([User("alice")], mail_format=request.param, masters=True,
                 seal=SEAL) as dovecot:
        yield dovecot


@pytest.fixture(scope="module")
def site():
    users = [User("alice"),
             User("hidden", settings={"mail_seal_protect_headers": "Subject"}), User("bob")]
    with Dovecot(users, shared=True, quota="150k", plugins=("quota", "sieve"),
                 seal=SEAL) as dovecot:
        for user in users:
            dovecot.doveadm("mailbox", "create", "-u", user.name, *MAILBOXES)
        dovecot.give("alice", "Maildir/.Sent/dovecot-acl", b"authenticated lrwstipekxa\n")
        yield dovecot


def client_of(server, user="alice"):
    server.never_enrolled(user)
    server.empty(user)
    client = server.imap(user)
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


def offer(server, client, key):
    """Put a certificate into Keys; return the code."""
    assert client.append("Keys", key_messages.sent(key)).ok
    assert server.pending_file("alice").exists()
    assert not server.keys_file("alice").exists()
    return code_for(server, "alice", key)


def is_active(server, key, user="alice"):
    file = server.keys_file(user)
    return file.exists() and not server.pending_file(user).exists() and \
        mail.lf(key.certificate).split(b"\n")[2] in file.read_bytes()


def note(subject):
    """A message to oneself."""
    return mail.text(b"", subject)


def by_delivery(server, _client, text):
    assert server.deliver(note(text), "alice")[0].code == 250


def by_draft(_server, client, text):
    assert client.append("Drafts", note(text)).ok


def by_sent(_server, client, text):
    assert client.append("Sent", note(text), "(\\Seen)", sync=False).ok


def by_pieces(_server, client, text):
    """As a slow line brings it; behind a header that is as long as Autocrypt's."""
    message = mail.text(b"x\r\n", text).replace(b"Subject:", b"X-Long: " + b"x" * 9000 + b"\r\nSubject:", 1)
    assert client.append("Drafts", message, piece=700).ok
    assert mail.crlf(client.messages("Drafts")[-1]) == message


def by_name(_server, client, text):
    response = client.command(f'CREATE "{text}"')
    assert response.status == "NO", response
    assert "Done: " in response.text
    assert text.encode() not in b"".join(client.must('LIST "" *').untagged)


WAYS = {name[3:]: function for name, function in list(globals().items())
        if name.startswith("by_")}


@pytest.mark.parametrize("way", WAYS)
def test_the_whole_way(server, alice, gnupg, way):
    """A message into Keys, the code back, and the next message is sealed."""
    key = gnupg.generate("alice@example.org")
    code = offer(server, alice, key)
    WAYS[way](server, alice, code)
    assert wait_until(lambda: is_active(server, key))
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    mail.check_sealed(server.messages("alice")[-1], MESSAGE, gnupg, key)


def test_delivered_message_is_sealed(site, owner, gnupg):
    """The very one with the code."""
    key = gnupg.generate("alice@example.org")
    code = offer(site, owner, key)
    by_delivery(site, owner, code)
    mail.check_sealed(owner.messages()[-1], note(code), gnupg, key)


FULL_WIDTH = {ord("!") + i: ord("\N{FULLWIDTH EXCLAMATION MARK}") + i for i in range(94)}


def encoded_word(text):
    return f"=?utf-8?B?{base64.b64encode(text.encode()).decode()}?="


FORMS = {
    "upper case": lambda code: code.upper(),
    "answer": lambda code: f"Re: {code}",
    "answers": lambda code: f"AW: Re: {code} ",
    "quotes": lambda code: f'"{code}"',
    "angle": lambda code: f"<{code}>",
    "within text": lambda code: f"the code is {code}, I think",
    "encoded": lambda code: f"=?utf-8?Q?{code.replace('-', '=2D')}?=",
    "encoded quotes": lambda code: f"=?utf-8?Q?=E2=80=9E{code}=E2=80=9C?=",
    "folded": lambda code: f"Code:\r\n {code}",
    "folded within": lambda code: f"{code[:11]}\r\n {code[11:]}",
    "spaces": lambda code: code.replace("-", " - "),
    "soft hyphens": lambda code: encoded_word(code.replace("-", "\N{SOFT HYPHEN}-")),
    "no-break spaces": lambda code: encoded_word(code.replace("-", "\N{NO-BREAK SPACE}-")),
    "full width": lambda code: encoded_word(code.translate(FULL_WIDTH)),
}


@pytest.mark.parametrize("way", ["delivery", "draft"])
@pytest.mark.parametrize("form", FORMS)
def test_forms(site, owner, gnupg, way, form):
    key = gnupg.generate("alice@example.org")
    WAYS[way](site, owner, FORMS[form](offer(site, owner, key)))
    assert wait_until(lambda: is_active(site, key))


@pytest.mark.parametrize("form", ["{}", "{} ", "INBOX/{}", "Folders/{}", "Re: {}"])
def test_forms_of_names(site, owner, gnupg, form):
    key = gnupg.generate("alice@example.org")
    name = form.format(offer(site, owner, key).upper())
    response = owner.command(f'CREATE "{name}"')
    assert response.status == "NO" and "Done: " in response.text
    assert is_active(site, key)
    assert name.encode() not in b"".join(owner.must('LIST "" *').untagged)


@pytest.mark.parametrize("command", ["COPY", "MOVE"])
def test_from_inbox(server, alice, gnupg, command):
    """The mailbox that the answer goes to is open meanwhile."""
    key = gnupg.generate("alice@example.org")
    assert alice.append("INBOX", key_messages.sent(key)).ok
    alice.select("INBOX")
    assert alice.command(f"{command} 1 Keys").ok
    by_draft(server, alice, code_for(server, "alice", key))
    assert is_active(server, key)


@pytest.fixture(scope="module", params=["maildir", "mbox"])
def strict(request):
    """Nothing is stored without a key."""
    with Dovecot([User("alice")], mail_format=request.param,
                 seal={**SEAL, "mail_seal_missing_key": "tempfail"}) as dovecot:
        yield dovecot


@pytest.mark.parametrize("mailbox", ["Drafts", "INBOX"])
@pytest.mark.parametrize("why", ["missing", "expired"])
def test_message_refused_for_want_of_a_key(strict, gnupg, why, mailbox):
    """Its code is what gives the owner one."""
    new = gnupg.generate("alice@example.org")
    challenged = [new]
    with client_of(strict) as client:
        if why == "expired":
            challenged.append(gnupg.generate_expired("alice@example.org"))
            strict.give("alice", ".mail-seal/keys", challenged[1].certificate)
        assert client.append("Keys", key_messages.sent(new)).ok
        for key in challenged:
            response = client.append(mailbox, note(code_for(strict, "alice", key)), piece=50)
            assert response.status == "NO" and "Message not stored" in response.text
        assert wait_until(lambda: is_active(strict, new))
        assert client.append(mailbox, note("Lunch")).ok


@pytest.mark.parametrize("kind", [dicts.Redis, dicts.Sqlite], ids=["redis", "sqlite"])
def test_with_a_dict(gnupg, kind):
    key = gnupg.generate("alice@example.org")
    with contextlib.closing(kind()) as store, \
            Dovecot([User("alice")], dict=store, seal=SEAL) as dovecot:
        with dovecot.imap("alice") as client:
            client.must("CREATE Keys")
            assert client.append("Keys", key_messages.sent(key)).ok
            by_draft(dovecot, client, WRONG)
            by_draft(dovecot, client, code_for(dovecot, "alice", key))
        assert dovecot.deliver(MESSAGE, "alice")[0].code == 250
        mail.check_sealed(dovecot.messages("alice")[-1], MESSAGE, gnupg, key)


# What isn't the code


def test_wrong_code(site, owner, gnupg):
    """It changes nothing, and no message is refused for it."""
    key = gnupg.generate("alice@example.org")
    code = offer(site, owner, key)
    by_delivery(site, owner, WRONG)
    response = owner.append("Drafts", note(WRONG))
    assert response.ok
    assert b"* NO [ALERT] This isn't the code" in b"".join(response.untagged)
    response = owner.command(f"CREATE {WRONG}")
    assert response.status == "NO" and "This isn't the code" in response.text
    assert not site.keys_file("alice").exists()
    by_draft(site, owner, code)
    assert is_active(site, key)


def test_used_code(site, owner, gnupg):
    key = gnupg.generate("alice@example.org")
    code = offer(site, owner, key)
    by_delivery(site, owner, code)
    # the copy in Sent, which is no mistake
    response = owner.append("Sent", note(code))
    assert response.ok and b"ALERT" not in b"".join(response.untagged)
    response = owner.command(f"CREATE {code}")
    assert response.status == "NO" and "No code is awaited" in response.text
    assert is_active(site, key)


def test_names_without_a_code(site, owner):
    """Are created as ever."""
    for name in ("seal", "Sealed", "seal-12345", "On seal-12345-67890", "xseal-12345-67890",
                 "Seal-green-paper", "Filed/seal-watch-notes"):
        owner.must(f'CREATE "{name}"')
        owner.must(f'DELETE "{name}"')


def test_old_code(site, owner, gnupg):
    """A new certificate replaces what was pending, and its code."""
    first, second = (gnupg.generate("alice@example.org") for _ in range(2))
    old = offer(site, owner, first)
    new = offer(site, owner, second)
    for code in (old, WRONG):
        by_draft(site, owner, code)
    assert not site.keys_file("alice").exists()
    by_draft(site, owner, new)
    assert is_active(site, second)


def test_the_same_again(site, owner, gnupg):
    """As imapsync or a client that synchronises anew does: one challenge."""
    key = gnupg.generate("alice@example.org")
    once = offer(site, owner, key)
    for _ in range(3):
        assert owner.append("Keys", key_messages.sent(key)).ok
    owner.select("Keys")
    assert owner.command("COPY 1:* Keys").ok
    assert challenges(site, "alice", key) == [[once]]
    by_draft(site, owner, once)
    assert is_active(site, key)
    count = len(owner.messages())
    assert owner.append("Keys", key_messages.sent(key)).ok
    assert len(owner.messages()) == count


# Whose act it is


def copied(site, owner, code):
    """Within the mailboxes; the message came before."""
    site.doveadm("save", "-u", "alice", "-m", "Sent", input=mail.lf(note(code)))
    owner.select("Sent")
    owner.must("COPY * Filed")


def saved_by_doveadm(site, _owner, code):
    site.doveadm("save", "-u", "alice", "-m", "Drafts", input=mail.lf(note(code)))


def created_by_doveadm(site, _owner, code):
    site.doveadm("mailbox", "create", "-u", "alice", code)
    site.doveadm("mailbox", "delete", "-u", "alice", code)


def appended_by_another(site, _owner, code):
    with site.imap("bob") as client:
        assert client.append("shared/alice/Sent", note(code)).ok


def in_the_text(site, owner, code):
    message = mail.text(f"{code}\r\n".encode(), "Hello")
    assert owner.append("Drafts", message).ok
    assert site.deliver(message, "alice")[0].code == 250


def to_another(site, _owner, code):
    assert site.deliver(note(code), "bob")[0].code == 250


IGNORED = (copied, saved_by_doveadm, created_by_doveadm, appended_by_another, in_the_text,
           to_another)


@pytest.mark.parametrize("way", IGNORED, ids=lambda way: way.__name__)
def test_ignored(site, owner, gnupg, way):
    key = gnupg.generate("alice@example.org")
    code = offer(site, owner, key)
    way(site, owner, code)
    assert not site.keys_file("alice").exists()
    by_draft(site, owner, code)
    assert is_active(site, key)


def test_master_user(server, alice, gnupg):
    """Who logs in as the owner with a password of his own; ACLs would refuse it anyway."""
    key = gnupg.generate("alice@example.org")
    code = offer(server, alice, key)
    with Imap(server.site.imap_port, "alice*master", PASSWORD) as client:
        assert client.append("Drafts", note(code)).ok
        client.must(f"CREATE {code}")
        client.must(f"DELETE {code}")
    assert not server.keys_file("alice").exists()
    by_draft(server, alice, code)
    assert is_active(server, key)


# Changing


def change(site, owner, gnupg, user="alice"):
    """Two keys, the second pending; returns both and their codes."""
    old, new = (gnupg.generate("alice@example.org") for _ in range(2))
    site.give(user, ".mail-seal/keys", old.certificate)
    assert owner.append("Keys", key_messages.sent(new)).ok
    return old, new, code_for(site, user, old), code_for(site, user, new)


@pytest.mark.parametrize("order", ["old first", "new first"])
def test_two_codes(site, owner, gnupg, order):
    old, new, *both = change(site, owner, gnupg)
    if order == "new first":
        both.reverse()
    for code in both:
        assert is_active(site, old) or not is_active(site, new)
        response = owner.append("Drafts", note(code))
        assert response.ok and b"ALERT" not in b"".join(response.untagged)
    assert is_active(site, new)


def test_hidden_subject(site, gnupg):
    """It is read before it is hidden."""
    with client_of(site, "hidden") as client:
        old, new, *both = change(site, client, gnupg, "hidden")
        for code in both:
            assert client.append("Sent", note(code)).ok
            stored = client.messages("Sent")[-1]
            assert code.encode() not in stored
            # it counts once it is stored
            assert code.encode() in mail.decrypt(stored, old)
        assert is_active(site, new, "hidden")


def test_stopped(site, owner, gnupg):
    old, new, _agree, _new_code = change(site, owner, gnupg)
    assert "Done: " in owner.command(f"CREATE {stop_code(site, 'alice', old)}").text
    assert not site.pending_file("alice").exists()
    assert not is_active(site, new)


# Failures


def test_inbox_over_quota(site, owner, gnupg):
    """There is room for the message, but not for the answer: nothing is kept."""
    key = gnupg.generate("alice@example.org")
    message = key_messages.sent(key)
    for lines in (200, 5):
        filler = mail.text((b"x" * 76 + b"\r\n") * lines)
        while owner.append("Filed", filler).ok:
            pass
    owner.select("Filed")
    room = len(message) // len(filler) + 1
    owner.must(rf"STORE *:{len(owner.messages('Filed')) - room + 1} +FLAGS (\Deleted)")
    owner.must("EXPUNGE")
    response = owner.append("Keys", message)
    assert response.status == "NO"
    assert "Certificate not stored: " in response.text
    assert owner.messages("Keys") == []
    assert not site.pending_file("alice").exists()
    assert owner.append("Filed", message).ok


def test_multiappend(site, owner, gnupg):
    """Both codes at once, and what else."""
    _old, new, *both = change(site, owner, gnupg)
    parts = ['APPEND "Drafts"', *(part for subject in (*both, WRONG, "Lunch")
                                   for part in (" ", Literal(note(subject))))]
    assert owner.command(*parts).ok
    assert len(owner.messages("Drafts")) == 4
    assert is_active(site, new)


def test_refused_append_gives_no_code(site, owner, gnupg):
    """One that is rolled back was never saved."""
    key = gnupg.generate("alice@example.org")
    code = offer(site, owner, key)
    response = owner.command('APPEND "Keys" ', Literal(key_messages.sent(key, subject=code)), " ",
                             Literal(MESSAGE))
    assert response.status == "NO"
    assert not site.keys_file("alice").exists()
