"""The add-on for Thunderbird, client/thunderbird: answers to sealed mail, with it and without."""

import base64
import email
import email.policy

import pytest

import mail
from dovecot import User
from letters import TEXT, TEXT_PART, letter, signed
from mailhost import MAILBOXES, MailHost
from sandbox import wait_until
from thunderbird import ADDON, Thunderbird, policies
from x509 import openssl

WAYS = {"reply": "cmd_reply", "reply to all": "cmd_replyall", "forward": "cmd_forwardInline",
        "forward as attachment": "cmd_forwardAttachment", "redirect": "cmd_redirect",
        "edit as new": "cmd_editAsNew"}
OFF = {"encrypt": False, "sign": False}
ON = {"encrypt": True, "sign": True}


@pytest.fixture(scope="module")
def host(openpgp_keys, x509_keys, tls, elsewhere):
    users = [User("alice", openpgp_keys.alice.certificate),
             User("carol", x509_keys.alice.certificate)]
    with MailHost(users, tls, elsewhere, seal={"mail_seal_exclude": "Plain"},
                  more=MAILBOXES + "namespace inbox {\n mailbox Plain {\n auto = subscribe\n }\n}\n"
                  ) as host:
        yield host


# The two kinds of owners

class OpenPGP:
    user = "alice"

    def __init__(self, gnupg, keys, _x509_keys):
        self.gnupg, self.keys = gnupg, keys

    def encrypt(self, entity):
        """The header and body of a message that its sender encrypted."""
        return mail.pgp_mime(self.gnupg.encrypt(entity, self.keys.alice))

    def enter(self, thunderbird):
        fingerprint = self.keys.alice.fingerprint
        thunderbird.call("addSecretKey", self.gnupg.export_secret(fingerprint).decode(), fingerprint)
        thunderbird.call("chooseKey", fingerprint)


class SMIME:
    user = "carol"

    def __init__(self, _gnupg, _keys, x509_keys):
        self.key = x509_keys.alice

    def encrypt(self, entity):
        der = openssl("cms", "-encrypt", "-binary", "-aes-256-cbc", "-outform", "DER",
                      self.key.certificate_file, stdin=entity).stdout
        return (b"MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; "
                b'smime-type=enveloped-data;\r\n name="smime.p7m"\r\n'
                b"Content-Transfer-Encoding: base64\r\n\r\n" + mail.crlf(base64.encodebytes(der)))

    def enter(self, thunderbird):
        file = thunderbird.folder / "carol.p12"
        file.write_bytes(self.key.pkcs12("password"))
        thunderbird.call("addPkcs12", str(file), "password")
        assert thunderbird.call("chooseCertificate", self.key.address) > 0


@pytest.fixture(scope="module", params=[OpenPGP, SMIME], ids=["OpenPGP", "S-MIME"])
def owner(request, gnupg, openpgp_keys, x509_keys):
    return request.param(gnupg, openpgp_keys, x509_keys)


# Messages

MARK = b"X-Mail-Seal: v=1; keys=0123456789ABCDEF0123456789ABCDEF01234567\r\n"


def without_type(message):
    """The fields of a letter that stay outside, and the entity."""
    inner = mail.split(message)
    outside = [field for field in inner.fields
               if not mail.is_content(field) and mail.field_name(field) != "mime-version"]
    return b"".join(outside), mail.expected_entity(message)


def titled(message, subject):
    return message.replace(b"Subject: Lunch on Friday", b"Subject: " + subject.encode())


def messages(owner, gnupg, keys):
    """{subject: (message, is it encrypted when answered?)}"""
    text = letter("multipart/mixed", [TEXT_PART])
    outside, entity = without_type(text)
    encrypted = outside + owner.encrypt(entity)
    head, empty, body = encrypted.partition(b"\r\n\r\n")
    armor = mail.crlf(gnupg.encrypt(b"the innermost\n", keys.alice))
    inline = b"See what I got:\r\n" + armor + b"Bye\r\n"
    nested = owner.encrypt(entity).partition(b"MIME-Version: 1.0\r\n")
    assert nested[1]
    made = {
        "sealed": (text, False),
        "encrypted": (encrypted, True),
        "forged on top": (MARK + encrypted, True),
        "forged at the bottom": (head + b"\r\n" + MARK.rstrip() + empty + body, True),
        "armor inside": (outside + b"Content-Type: text/plain\r\n\r\n" + inline, True),
        "armor in a part": (letter("multipart/mixed", [mail.part("text/plain", inline)]), True),
        "encrypted inside": (letter("multipart/mixed", [TEXT_PART, nested[2]]), True),
        "signed inside": (signed(gnupg, keys.bob), False),
    }
    return {subject: (titled(message, subject), state) for subject, (message, state) in made.items()}


@pytest.fixture(scope="module")
def stored(host, owner, gnupg, openpgp_keys):
    """The messages' (mailbox, encrypted when answered?), when they are in the mailbox."""
    host.empty(owner.user)
    found = {}
    for subject, (message, state) in messages(owner, gnupg, openpgp_keys).items():
        host.smtp(message, f"{owner.user}@example.org")
        found[subject] = ("INBOX", state)
    with host.imap(owner.user) as client:
        plain = titled(letter("multipart/mixed", [TEXT_PART]), "plain")
        assert client.append("Plain", plain).ok
    host.postfix.wait_until_empty()
    return {**found, "plain": ("Plain", False)}


@pytest.fixture(scope="module", params=[True, False], ids=["with", "without"])
def thunderbird(request, host, owner, elsewhere, stored):
    """(Thunderbird with the owner's key, has it the add-on?)"""
    with Thunderbird(host, owner.user, elsewhere,
                     policies=policies() if request.param else None) as thunderbird:
        owner.enter(thunderbird)
        thunderbird.call("findFolders", ["INBOX", "Drafts", "Sent", "Plain"])
        if request.param:
            thunderbird.wait("hasAddon", ADDON)
        yield thunderbird, request.param


def answer(thunderbird, way):
    """Begin it, and return its security; the window stays."""
    thunderbird.call("answer", WAYS[way])
    state = thunderbird.call("security")
    return {name: state[name] for name in ("encrypt", "sign")}


def close(thunderbird):
    thunderbird.call("closeCompose")
    if thunderbird.call("dialogs"):
        thunderbird.call("pressInDialog", "Discard changes")
    thunderbird.wait("noWindows")


def test_ways_of_answering(thunderbird, stored):
    thunderbird, addon = thunderbird
    seen, expected = {}, {}
    for subject, (mailbox, encrypted) in stored.items():
        thunderbird.open(mailbox, subject)
        for way in WAYS if addon or subject == "sealed" else ["reply"]:
            seen[subject, way] = answer(thunderbird, way)
            close(thunderbird)
            is_off = not encrypted if addon else subject == "plain"
            expected[subject, way] = OFF if is_off else ON
    assert seen == expected


def test_mark(thunderbird, stored):
    thunderbird, addon = thunderbird
    if not addon:
        pytest.skip("there is none")
    for subject, (mailbox, _) in stored.items():
        thunderbird.open(mailbox, subject)
        sealed = subject == "sealed" or "inside" in subject or "in a part" in subject
        expected = "Sealed by your server" if sealed else ""
        assert wait_until(lambda e=expected: thunderbird.call("mark", ADDON) == e, 10, 0.2), subject


# What goes out over SMTP

def test_answer_goes_out(thunderbird, owner, stored, elsewhere):
    thunderbird, addon = thunderbird
    thunderbird.open("INBOX", "sealed")
    answer(thunderbird, "reply")
    if addon:
        thunderbird.send()
        sent = email.message_from_bytes(elsewhere.wait_for("friend@example.net"),
                                        policy=email.policy.default)
        assert sent.get_content_type() == "text/plain"
        assert "> Shall we meet at one?" in sent.get_content()
    else:
        thunderbird.call("begin", "cmd_sendNow")
        problem = "Cannot Encrypt" if owner.user == "alice" else "Sending of the message failed"
        thunderbird.wait("dialogsWith", problem)
        assert elsewhere.received == []
        thunderbird.call("pressInDialog", "Close" if owner.user == "alice" else "OK")
        close(thunderbird)


def test_forward_as_attachment_goes_out(thunderbird, stored, elsewhere):
    """Several at once too: what was sealed is opened."""
    thunderbird, addon = thunderbird
    if not addon:
        pytest.skip("it sends what only its owner can read")
    thunderbird.call("select", "INBOX", ["sealed", "signed inside"])
    answer(thunderbird, "forward as attachment")
    thunderbird.call("addRecipient", "friend@example.net")
    thunderbird.send()
    sent = email.message_from_bytes(elsewhere.wait_for("friend@example.net"),
                                    policy=email.policy.default)
    attached = [part.get_content() for part in sent.iter_attachments()]
    assert sorted(one["subject"] for one in attached) == ["sealed", "signed inside"]
    for one in attached:
        assert "x-mozilla-status" not in one
        assert "x-mail-seal" not in one
        assert TEXT.splitlines()[0] in one.get_body(("plain",)).get_content()


# What the user wants

def test_own_switch_stays(thunderbird, stored):
    thunderbird, addon = thunderbird
    if not addon:
        pytest.skip("nothing switches")
    thunderbird.open("INBOX", "sealed")
    assert answer(thunderbird, "reply") == OFF
    thunderbird.call("switchEncryption")
    assert thunderbird.call("security")["encrypt"]
    close(thunderbird)
    thunderbird.open("INBOX", "encrypted")
    assert answer(thunderbird, "reply") == ON
    thunderbird.call("switchEncryption")
    assert not thunderbird.call("security")["encrypt"]
    close(thunderbird)


def test_idle_and_restarted(thunderbird, stored):
    thunderbird, addon = thunderbird
    if not addon:
        pytest.skip("there is none")
    thunderbird.wait("idle", ADDON)
    thunderbird.open("INBOX", "sealed")
    assert answer(thunderbird, "reply") == OFF
    close(thunderbird)
    thunderbird.restart()
    thunderbird.open("INBOX", "sealed")
    assert answer(thunderbird, "reply") == OFF
    close(thunderbird)
    thunderbird.open("INBOX", "encrypted")
    assert answer(thunderbird, "reply") == ON
    close(thunderbird)


# For who encrypts or signs by default it begins anew, as after a change of the settings.
@pytest.mark.parametrize(("encrypt", "sign"), [(True, True), (False, True)],
                         ids=["encrypts by default", "signs by default"])
def test_identity_has_its_way(thunderbird, stored, encrypt, sign):
    thunderbird, addon = thunderbird
    if not addon:
        pytest.skip("nothing switches")
    thunderbird.call("openEncryptionSettings")
    thunderbird.call("newMessages", encrypt, sign)
    thunderbird.call("closeSettings")
    try:
        thunderbird.open("INBOX", "sealed")
        for way in ("reply", "forward"):
            assert answer(thunderbird, way) == {"encrypt": encrypt, "sign": sign}
            close(thunderbird)
    finally:
        thunderbird.call("openEncryptionSettings")
        thunderbird.call("newMessages", False, False)
        thunderbird.call("closeSettings")


# Drafts

DRAFT = titled(letter("multipart/mixed", [TEXT_PART]), "begun elsewhere")


def save_draft(thunderbird, host, owner, encrypt):
    """As its user wrote it, with encryption on or off; the window is closed."""
    host.doveadm("expunge", "-u", owner.user, "mailbox", "Drafts", "all")
    thunderbird.call("encryptDrafts", False)
    thunderbird.call("compose", "friend@example.net", "begun here", TEXT, [])
    if encrypt:
        thunderbird.call("switchEncryption")
    thunderbird.call("begin", "cmd_saveAsDraft")
    assert wait_until(lambda: host.messages(owner.user, "Drafts"), 60, 0.5)
    thunderbird.wait("isSaved")
    close(thunderbird)
    assert mail.is_sealed(host.message(owner.user, "Drafts"))


@pytest.mark.parametrize("encrypt", [False, True], ids=["readable", "encrypted"])
def test_draft_opens_as_it_was(thunderbird, host, owner, encrypt):
    thunderbird, addon = thunderbird
    save_draft(thunderbird, host, owner, encrypt)
    thunderbird.restart(forget=True)     # it has kept the readable one
    thunderbird.open("Drafts", "begun here")
    thunderbird.call("editDraft")
    state = thunderbird.call("security")["encrypt"]
    close(thunderbird)
    # Without the add-on every S/MIME draft is taken for an encrypted one.
    assert state == (encrypt if addon or owner.user == "alice" else True)


def test_draft_of_another_program(thunderbird, host, owner):
    thunderbird, addon = thunderbird
    host.doveadm("expunge", "-u", owner.user, "mailbox", "Drafts", "all")
    with host.imap(owner.user) as client:
        assert client.append("Drafts", DRAFT).ok
    thunderbird.open("Drafts", "begun elsewhere")
    thunderbird.call("editDraft")
    state = thunderbird.call("security")["encrypt"]
    close(thunderbird)
    assert state == (not addon)


# The rest

def test_no_key_is_chosen(thunderbird, owner, stored, elsewhere):
    """Says what to choose."""
    thunderbird, addon = thunderbird
    if not addon or owner.user != "alice":
        pytest.skip("S/MIME doesn't open without")
    thunderbird.call("chooseKey", "")
    try:
        thunderbird.open("INBOX", "sealed")
        answer(thunderbird, "reply")
        thunderbird.call("begin", "cmd_sendNow")
        thunderbird.wait("hasWindow", "extensionPopup.xhtml")
        thunderbird.wait("popupHas", "Not sent: no key is chosen", "no-key.html?alice%40example.org")
        assert elsewhere.received == []
        thunderbird.call("closeWindow", "extensionPopup.xhtml")
        close(thunderbird)
    finally:
        owner.enter(thunderbird)


def test_installed_by_policy(thunderbird):
    thunderbird, addon = thunderbird
    if addon:
        assert not thunderbird.call("canBeRemoved", ADDON)
