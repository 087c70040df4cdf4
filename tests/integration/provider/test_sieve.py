"""What owners' own Sieve scripts do with mail: put there through the proxy, run on the back end.

What is filed is sealed once, to its owner; what is sent on goes out as it came, and is
sealed to whom it comes to.
"""

from email.utils import make_msgid

import pytest

import mail
from enrolled import deliver, letters, set_key
from provider import Provider

ALICE, BOB, CAROL = USERS = [f"{name}@example.org" for name in ("alice", "bob", "carol")]
STRANGER = "dave@example.org"        # belongs to the first back end and is not enrolled
# Each is done by all three, of whom one back end each has the mail.
FILING = {
    "fileinto": ('fileinto :create "Filed";', ["Filed"]),
    "fileinto below": ('fileinto :create "Filed/Deep";', ["Filed/Deep"]),
    "copy": ('fileinto :copy :create "Filed";', ["INBOX", "Filed"]),
    "fileinto and keep": ('fileinto :create "Filed"; keep;', ["INBOX", "Filed"]),
    "two folders": ('fileinto :create "Filed"; fileinto :create "Second";', ["Filed", "Second"]),
    "the same twice": ('fileinto :create "Filed"; fileinto :create "Filed";', ["Filed"]),
    "with flags": ('fileinto :flags "\\\\Seen" :create "Filed"; setflag "\\\\Flagged"; keep;',
                   ["INBOX", "Filed"]),
    "what the body says": (f'if body :contains "{mail.CANARY.decode()}" {{'
                           ' fileinto :create "Filed"; stop; } discard;', ["Filed"]),
    "discard": ("discard;", []),
}
FOLDERS = ("INBOX", "Filed", "Filed/Deep", "Second")
REQUIRE = 'require ["fileinto", "mailbox", "copy", "body", "imap4flags", "vacation"];\n'


@pytest.fixture(scope="module", params=["sql", "redis"])
def provider(request, keys, x509_keys):
    """OpenPGP, S/MIME, and a user without a certificate: each of another back end."""
    with Provider([*USERS, STRANGER], dict=request.param) as provider:
        provider.way = provider.dict_sql if request.param == "sql" else provider.dict_redis
        for backend in provider.backends:
            backend.write_config(f"submission_host = 127.0.0.1:{provider.postfix.port}\n")
            backend.restart()
        provider.keys = {ALICE: [keys.alice], BOB: [x509_keys.bob], CAROL: [], STRANGER: []}
        for user in (ALICE, BOB):
            set_key(provider.proxy, user, *provider.keys[user])
        yield provider


@pytest.fixture(autouse=True)
def empty(provider):
    yield
    for user in provider.users:
        with provider.proxy.sieve(user) as client:
            client.must('SETACTIVE ""')
        provider.proxy.doveadm("expunge", "-u", user, "mailbox", "*", "all")


def put(provider, user, script):
    with provider.proxy.sieve(user) as client:
        client.put("mine", REQUIRE + script)


def letter(recipient=ALICE):
    """redirect and vacation do nothing for a Message-ID that they have seen."""
    message = mail.text(mail.CANARY + b"\r\n")
    for old, new in (("rcpt@example.org", recipient), ("sender@example.org", STRANGER),
                     ("<1@example.org>", make_msgid(domain="example.org"))):
        message = message.replace(old.encode(), new.encode())
    return message


def found(provider, user):
    """{mailbox: messages} of those mailboxes that have any."""
    with provider.imap(user) as client:
        listed = b"".join(client.must('LIST "" "*"').untagged).decode()
        there = [folder for folder in FOLDERS if folder in listed]
    return {folder: stored for folder in there if (stored := letters(provider, user, folder))}


def check_passed_on(provider, user, stored, message):
    """It came here by way of another mailbox, which put its own fields in front."""
    for key in provider.keys[user]:
        assert mail.unseal(stored).fingerprints == [key.fingerprint]
        assert mail.CANARY not in stored
        mail.assert_same_bytes(mail.decrypt(stored, key), mail.expected_entity(message))
    if not provider.keys[user]:
        assert not mail.is_sealed(stored)
        assert mail.split(stored).body == mail.split(message).body


def check_filed(provider, user, message, mailboxes):
    stored = found(provider, user)
    assert sorted(stored) == sorted(mailboxes)
    for messages in stored.values():
        assert len(messages) == 1
        if provider.keys[user]:
            mail.check_sealed(messages[0], message, None, *provider.keys[user])
        else:
            mail.check_unchanged(messages[0], message)


@pytest.mark.parametrize(("script", "mailboxes"), FILING.values(), ids=FILING.keys())
def test_filed(provider, script, mailboxes):
    """One message for all."""
    for user in USERS:
        put(provider, user, script)
    message = letter()
    provider.deliver(message, *USERS)
    for user in USERS:
        check_filed(provider, user, message, mailboxes)


def test_each_by_his_own(provider):
    """One transaction; each has another script."""
    scripts = dict(zip(USERS, (FILING["fileinto"], FILING["copy"], FILING["two folders"])))
    for user, (script, _) in scripts.items():
        put(provider, user, script)
    message = letter()
    assert {reply.code for reply in deliver(provider.proxy, *USERS, message=message)} == {250}
    for user, (_, mailboxes) in scripts.items():
        check_filed(provider, user, message, mailboxes)


def test_script_of_a_user_who_moves(provider):
    """On shared storage it goes along, and the next back end does the same."""
    user = "moving@example.org"
    provider.add(user, number=0)
    provider.share(user)
    provider.keys[user] = provider.keys[ALICE]
    set_key(provider.proxy, user, *provider.keys[user], "--force")
    put(provider, user, FILING["copy"][0])
    for number in range(len(provider.backends)):
        provider.move(user, number)
        message = letter()
        provider.deliver(message, user)
        check_filed(provider, user, message, FILING["copy"][1])
        provider.proxy.doveadm("expunge", "-u", user, "mailbox", "*", "all")


@pytest.mark.parametrize("copy", ["", ":copy"], ids=["redirect", "redirect copy"])
@pytest.mark.parametrize(("source", "target"), [(ALICE, BOB), (BOB, ALICE), (ALICE, CAROL),
                                                (CAROL, BOB), (ALICE, STRANGER)])
def test_redirect(provider, source, target, copy):
    """To a user of another back end, or of the same."""
    put(provider, source, f'redirect {copy} "{target}";')
    message = letter()
    provider.deliver(message, source)
    check_filed(provider, source, message, ["INBOX"] if copy else [])
    [stored] = letters(provider, target)
    check_passed_on(provider, target, stored, message)


def test_redirect_beside_filing(provider):
    put(provider, ALICE, f'fileinto :create "Filed"; redirect :copy "{BOB}";')
    message = letter()
    provider.deliver(message, ALICE)
    check_filed(provider, ALICE, message, ["Filed"])
    [stored] = letters(provider, BOB)
    check_passed_on(provider, BOB, stored, message)


def test_redirected_in_turn(provider):
    """Through all three back ends."""
    put(provider, CAROL, f'redirect :copy "{ALICE}";')
    put(provider, ALICE, f'fileinto :copy :create "Filed"; redirect :copy "{BOB}";')
    message = letter()
    provider.deliver(message, CAROL)
    check_filed(provider, CAROL, message, ["INBOX"])
    stored = found(provider, ALICE)
    assert sorted(stored) == ["Filed", "INBOX"]
    for user, messages in ((ALICE, stored["INBOX"]), (ALICE, stored["Filed"]),
                           (BOB, letters(provider, BOB))):
        assert len(messages) == 1
        check_passed_on(provider, user, messages[0], message)


@pytest.mark.parametrize("owner", [ALICE, BOB])
def test_vacation_beside_filing(provider, owner):
    """The answer says nothing of the message, and goes out as it is."""
    put(provider, owner, 'vacation :subject "Away" "I am away."; fileinto :create "Filed";')
    message = letter(owner)
    provider.deliver(message, owner, sender=STRANGER)
    check_filed(provider, owner, message, ["Filed"])
    [answer] = letters(provider, STRANGER)
    assert b"I am away." in answer and mail.CANARY not in answer


def test_answer_to_an_owner_is_sealed(provider):
    put(provider, CAROL, 'vacation :subject "Away" "I am away.";')
    message = letter(CAROL).replace(STRANGER.encode(), ALICE.encode())
    provider.deliver(message, CAROL, sender=ALICE)
    [answer] = letters(provider, ALICE)
    [key] = provider.keys[ALICE]
    assert mail.unseal(answer).fingerprints == [key.fingerprint]
    assert b"I am away." in mail.decrypt(answer, key)


def test_nothing_is_sent_while_the_dict_is_down(provider):
    """451, and no redirect nor answer with each of the sender's attempts; then once."""
    put(provider, ALICE, f'vacation "I am away."; redirect :copy "{BOB}";'
                         ' fileinto :create "Filed";')
    message = letter()
    with provider.way.stopped():
        for _ in range(3):
            [reply] = deliver(provider.proxy, ALICE, message=message)
            assert reply.code == 451, reply
        assert provider.postfix.queued() == 0
    provider.deliver(message, ALICE, sender=STRANGER)
    check_filed(provider, ALICE, message, ["Filed"])
    [stored] = letters(provider, BOB)
    check_passed_on(provider, BOB, stored, message)
    assert len(letters(provider, STRANGER)) == 1
