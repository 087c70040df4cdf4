"""Roundcube with our plugin, client/roundcube, and no secret key on the web server."""

import base64

import pytest

import mail
from letters import FILES, SUBJECT, TEXT, TEXT_PART, letter
from roundcube import Roundcube
from sandbox import wait_until
from webmail import Webmails
from webmail_host import (DRAFT, MESSAGE, NEEDLE, bytes_of, files_of, parsed, sealed_draft,
                          text_of, uid_in)
from x509 import openssl

EXPIRED = "the encryption key of this mailbox can't be used: it has expired"
HELP = "https://mail.example.org/sealed"
REFUSED = {"draft": "This draft is encrypted, and the key that opens it isn't here",
           "edit": "This message is encrypted, and the key that opens it isn't here",
           "forward-inline": "it would be forwarded without its text and attachments"}


@pytest.fixture(scope="module")
def webmail(host):
    with Roundcube(host, ["mail_seal"], draft_autosave=1, mail_seal_help_url=HELP) as roundcube, \
            Webmails(roundcube) as webmail:
        yield webmail


@pytest.fixture(autouse=True)
def empty(host, webmail):
    host.empty(*host.users)
    webmail.roundcube.sink.received.clear()
    yield
    assert webmail.roundcube.complaints() == []


@pytest.fixture(params=["alice", "smime"])
def owner(request, webmail):
    return webmail(request.param)


@pytest.fixture
def sink(webmail):
    return webmail.roundcube.sink


# Drafts

def by_double_click(webmail, _uid):
    webmail.list("Drafts")
    webmail.double_click()


def by_edit_button(webmail, uid):
    webmail.go(action="show", mbox="Drafts", uid=uid)
    webmail.driver.find_element("css selector", "#message-objects button, #message-objects .btn"
                                ).click()


def by_address(webmail, uid):
    webmail.go(action="compose", mbox="Drafts", draft_uid=uid)


def as_new(webmail, uid):
    webmail.go(action="compose", mbox="Drafts", uid=uid)


def in_window(webmail, uid):
    webmail.go(action="compose", mbox="Drafts", draft_uid=uid, extwin=1)


@pytest.mark.parametrize("way", [by_double_click, by_edit_button, by_address, as_new, in_window],
                         ids=lambda way: way.__name__)
def test_draft_that_cant_be_shown_stays(host, owner, way):
    old = sealed_draft(host, owner.user)
    uid = uid_in(host, owner.user, "Drafts")
    way(owner, uid)
    said = owner.refused()
    assert REFUSED["edit" if way is as_new else "draft"] in said
    assert "mail program" in said
    assert host.message(owner.user, "Drafts") == old


def test_picture_of_a_refused_draft(host, webmail, keep_picture):
    alice = webmail("alice")
    sealed_draft(host, "alice")
    by_double_click(alice, None)
    alice.refused()
    keep_picture("roundcube-draft", alice.picture())


def test_reloaded_editor_is_refused(host, owner, owners):
    """What was saved is safe, and can't be shown any more."""
    owner.compose("friend@example.net", SUBJECT, TEXT)
    owner.saved()
    stored = host.message(owner.user, "Drafts")
    owner.driver.refresh()
    owner.refused()
    assert host.message(owner.user, "Drafts") == stored
    assert NEEDLE.encode() in owners.unsealed(owner.user, stored)


def test_drafts_of_who_has_no_key(host, webmail, sink):
    keyless = webmail("keyless")
    with host.imap("keyless") as client:
        assert client.append("Drafts", DRAFT, "(\\Draft \\Seen)").ok
    opened = keyless.edit_draft()
    assert (opened["body"].strip(), opened["attachments"]) == (TEXT, ["note.txt"])
    keyless.type("Dear friend, ")
    keyless.wait("return rcmail.env.draft_id != arguments[0]", opened["draft"])
    keyless.saved()
    assert b"Dear friend, " in host.message("keyless", "Drafts")
    keyless.send()
    sent = sink.only()
    assert text_of(sent).strip() == "Dear friend, " + TEXT
    assert files_of(sent) == FILES


def test_draft_with_an_encrypted_message_attached(host, webmail, sink, gnupg, openpgp_keys):
    """The draft itself can be shown; what is attached needn't be."""
    inner = mail.pgp_mime(gnupg.encrypt(TEXT_PART, openpgp_keys.alice))
    draft = letter("multipart/mixed", [TEXT_PART, mail.part("message/rfc822", inner)],
                   "keyless@example.org")
    keyless = webmail("keyless")
    with host.imap("keyless") as client:
        assert client.append("Drafts", draft, "(\\Draft \\Seen)").ok
    opened = keyless.edit_draft()
    assert opened["body"].strip() == TEXT
    assert len(opened["attachments"]) == 1
    keyless.fill(to="friend@example.net")
    keyless.send()
    [attached] = parsed(sink.only()).iter_attachments()
    assert attached.get_content()["content-type"].startswith("multipart/encrypted")


def test_refused_draft(host, webmail):
    """No key that can be used: nothing is saved, the sentence says why, the text stays."""
    expired = webmail("expired")
    expired.compose("friend@example.net", SUBJECT, TEXT)
    expired.heard(EXPIRED)
    assert host.messages("expired", "Drafts") == []
    assert expired.composed()["body"].strip() == TEXT


# Answers

@pytest.mark.parametrize("command", ["edit", "forward-inline"])
def test_what_would_be_empty_is_refused(host, owner, command):
    host.deliver(MESSAGE, owner.user)
    owner.press(command)
    assert REFUSED[command] in owner.refused()


def containing(*messages):
    """A letter with these messages attached; the first is part 2."""
    return letter("multipart/mixed",
                  [TEXT_PART, *(mail.part("message/rfc822", message) for message in messages)])


@pytest.fixture(params=["OpenPGP", "S/MIME"])
def encrypted(request, gnupg, openpgp_keys, x509_keys):
    """A message that its sender encrypted."""
    if request.param == "OpenPGP":
        return letter_of(mail.pgp_mime(gnupg.encrypt(TEXT_PART, openpgp_keys.alice)))
    made = openssl("cms", "-encrypt", "-binary", "-outform", "DER",
                   x509_keys.alice.certificate_file, stdin=TEXT_PART).stdout
    return letter_of(smime(made, "smime-type=enveloped-data"))


def smime(content, parameters):
    return (f"MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; {parameters};\r\n"
            ' name="smime.p7m"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition:'
            ' attachment; filename="smime.p7m"\r\n\r\n').encode() + base64.encodebytes(content)


def compose_attached(webmail, command, uid):
    """Of an attached message, as Roundcube's own page of it does."""
    webmail.go(action="show", mbox="INBOX", uid=uid)
    webmail.command(command)


@pytest.mark.parametrize("command", ["edit", "forward-inline"])
def test_attached_message_that_can_be_read(host, webmail, encrypted, command):
    """It is opened by itself, and what stands beside it doesn't matter."""
    keyless = webmail("keyless")
    inner = mail.text(b"The inner one.\r\n", "Inner")
    host.deliver(containing(inner, encrypted), "keyless")
    compose_attached(keyless, command, uid_in(host, "keyless") + ".2")
    # Roundcube 1.6.21 takes the subject of the letter.
    assert "The inner one." in keyless.composed()["body"]


@pytest.mark.parametrize("command", ["edit", "forward-inline"])
def test_attached_message_that_cant_be_read(host, webmail, encrypted, command):
    keyless = webmail("keyless")
    host.deliver(containing(mail.text(b"The inner one.\r\n", "Inner"), encrypted), "keyless")
    compose_attached(keyless, command, uid_in(host, "keyless") + ".3")
    assert REFUSED[command] in keyless.refused()


@pytest.mark.parametrize("command", ["edit", "forward-inline", "reply"])
def test_message_with_an_encrypted_one_attached(host, webmail, encrypted, command):
    """The message itself can be read."""
    keyless = webmail("keyless")
    host.deliver(containing(encrypted), "keyless")
    assert NEEDLE in keyless.answer(command)["body"]


@pytest.fixture(params=["signed-data", "without a name"])
def opaque(request, x509_keys):
    """A message that its sender signed, and didn't encrypt (RFC 8551, section 3.5.2)."""
    made = openssl("cms", "-sign", "-nodetach", "-binary", "-outform", "DER",
                   "-signer", x509_keys.bob.certificate_file, "-inkey", x509_keys.bob.key_file,
                   stdin=TEXT_PART).stdout
    message = smime(made, "smime-type=signed-data")
    if request.param == "without a name":
        message = message.replace(b';\r\n name="smime.p7m"', b"")
    return letter_of(message), made


@pytest.mark.parametrize("command", ["reply", "forward-inline", "edit"])
def test_opaque_signed_message_is_answered(host, webmail, opaque, sink, command):
    keyless = webmail("keyless")
    message, content = opaque
    host.deliver(message, "keyless")
    opened = keyless.answer(command)
    assert SUBJECT in opened["subject"]
    if command != "reply":
        assert opened["attachments"] == ["smime.p7m"]
        keyless.fill(to="friend@example.net")
        keyless.type("See this.")
        keyless.send()
        [sent] = [part for part in parsed(sink.only()).walk()
                  if part.get_filename() == "smime.p7m"]
        assert sent.get_payload(decode=True) == content


def test_opaque_signed_message_isnt_called_encrypted(host, webmail, opaque):
    keyless = webmail("keyless")
    host.deliver(opaque[0], "keyless")
    seen = keyless.show("INBOX")
    assert "encrypted" not in seen["body"]
    assert seen["mark"] == ""


def test_opaque_signed_draft_opens(host, webmail, opaque):
    keyless = webmail("keyless")
    with host.imap("keyless") as client:
        assert client.append("Drafts", opaque[0], "(\\Draft \\Seen)").ok
    assert keyless.edit_draft()["attachments"] == ["smime.p7m"]


def test_forward_as_attachment_warns(host, owner, sink):
    host.deliver(MESSAGE, owner.user)
    owner.answer("forward-attachment")
    owner.heard("the recipient can't open it")
    owner.fill(to="friend@example.net")
    owner.type("Look at this.")
    owner.send()
    [attached] = parsed(sink.only()).iter_attachments()
    assert mail.is_sealed(attached.get_content().as_bytes())


# As IMAP has them: modified UTF-7 (RFC 3501, section 5.1.3).
FOLDERS = ["INBOX", "R&-D <all>", "Entw&APw-rfe", "it's 100% + #1", "a&-lt;b", "x>y"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_redirect_is_refused(host, owner, sink, folder):
    """It would send what the server encrypted for its owner."""
    with host.imap(owner.user) as client:
        client.command(f'CREATE "{folder}"')
        assert client.append(folder, MESSAGE).ok
    owner.show(folder)
    owner.run("rcmail.command('bounce', '', document.body, new Event('click'))")
    owner.heard("the recipient can't open it")
    owner.run("rcmail.clear_messages(); rcmail.http_post('bounce', {_uid: rcmail.env.uid,"
              " _mbox: rcmail.env.mailbox, _from: 1, _to: 'friend@example.net'})")
    owner.heard("the recipient can't open it")
    owner.settle()
    assert sink.received == []


def test_uploaded_sealed_message_warns(host, owner, sink, tmp_path):
    host.deliver(MESSAGE, owner.user)
    (tmp_path / "message.eml").write_bytes(host.message(owner.user))
    owner.compose("friend@example.net", SUBJECT, TEXT)
    owner.attach(tmp_path / "message.eml")
    owner.heard("the recipient can't open it")
    owner.send()
    [attached] = parsed(sink.only()).iter_attachments()
    assert mail.is_sealed(bytes_of(attached))


def test_uploaded_plain_message_doesnt_warn(webmail, tmp_path):
    keyless = webmail("keyless")
    (tmp_path / "message.eml").write_bytes(MESSAGE)
    keyless.compose("friend@example.net", SUBJECT, TEXT)
    keyless.attach(tmp_path / "message.eml")
    assert not [text for text in keyless.said() if "can't open it" in text]


def test_forward_of_plaintext_doesnt_warn(host, webmail, sink):
    keyless = webmail("keyless")
    host.deliver(MESSAGE, "keyless")
    keyless.answer("forward-attachment")
    assert not [text for text in keyless.said() if "can't open it" in text]
    keyless.fill(to="friend@example.net")
    keyless.type("Look at this.")
    keyless.send()
    [attached] = parsed(sink.only()).iter_attachments()
    assert FILES["note.txt"] in mail.lf(attached.get_content().as_bytes())


def test_forward_of_plaintext_inline(host, webmail, sink):
    keyless = webmail("keyless")
    host.deliver(MESSAGE, "keyless")
    keyless.answer("forward-inline")
    keyless.fill(to="friend@example.net")
    keyless.send()
    sent = sink.only()
    assert NEEDLE in text_of(sent)
    assert files_of(sent) == FILES


def test_reply(host, owner, sink):
    host.deliver(MESSAGE, owner.user)
    opened = owner.answer("reply")
    assert (opened["to"], opened["subject"]) == ("friend@example.net", f"Re: {SUBJECT}")
    owner.type("At one, then.")
    owner.send()
    sent = sink.only()
    assert "At one, then." in text_of(sent)
    assert b"BEGIN PGP" not in sent and files_of(sent) == {}
    assert mail.is_sealed(host.message(owner.user, "Sent"))


# Reading

def test_sealed_message_says_who_sealed_it(host, owner, keep_picture):
    host.deliver(MESSAGE, owner.user)
    seen = owner.show("INBOX")
    assert seen["mark"].startswith("Sealed by your server")
    assert "Your key isn't here" in seen["body"] and "Sorry" not in seen["body"]
    assert owner.run("return document.querySelector('.mail-seal-mark a').href") == HELP
    if owner.user == "alice":
        keep_picture("roundcube-message", owner.picture())


def test_message_that_its_sender_encrypted_has_no_mark(host, webmail, gnupg, openpgp_keys):
    message = letter_of(mail.pgp_mime(gnupg.encrypt(TEXT_PART, openpgp_keys.alice)))
    host.deliver(message, "alice")
    assert not mail.is_sealed(host.message("alice"))
    seen = webmail("alice").show("INBOX")
    assert seen["mark"] == ""


def letter_of(entity):
    return (b"From: friend@example.net\r\nTo: alice@example.org\r\nSubject: "
            + SUBJECT.encode() + b"\r\n" + mail.crlf(entity))


def test_mark_of_a_sender_doesnt_count(host, webmail):
    """A sealed message of somebody else, sent on as it is, to who has no key."""
    forged = (b"X-Mail-Seal: v=1; keys=0123456789ABCDEF0123456789ABCDEF01234567\r\n"
              + mail.text(b"Your server sealed this. Really.\r\n"))
    host.deliver(forged, "keyless")
    keyless = webmail("keyless")
    seen = keyless.show("INBOX")
    assert seen["mark"] == ""
    keyless.list("INBOX")
    assert not keyless.run("return document.querySelector('#messagelist .mail-seal')")


def test_mark_in_another_folder_with_the_same_number(host, webmail):
    """A search in all folders lists both: one is sealed, the other only says so."""
    with host.imap("alice") as client:
        for folder in ("Real", "Forged"):
            client.command(f"DELETE {folder}")
            client.must(f"CREATE {folder}")
            client.must(f"SUBSCRIBE {folder}")
        assert client.append("Real", MESSAGE).ok
        sealed = client.messages("Real")[0]
        assert client.append("Forged", b"X-Spam: no\r\n" + sealed).ok
        assert uid_in(host, "alice", "Real") == uid_in(host, "alice", "Forged")
    alice = webmail("alice")
    alice.list("INBOX", 0)
    alice.run("rcmail.env.search_scope = 'all'")
    search(alice, SUBJECT, "subject")
    alice.wait("return rcmail.message_list.rowcount == 2")
    assert alice.run("return document.querySelectorAll('#messagelist .mail-seal').length") == 1
    with host.imap("alice") as client:
        client.must("DELETE Real")
        client.must("DELETE Forged")


def test_padlock_in_the_list(host, webmail):
    alice = webmail("alice")
    host.deliver(MESSAGE, "alice")
    alice.list("INBOX")
    assert alice.run("return document.querySelectorAll('#messagelist .mail-seal').length") == 1
    assert not alice.run("return document.querySelector('#messagelist .with-attachment')")


def test_empty_search_in_texts_says_what_it_searched(host, owner):
    host.deliver(MESSAGE, owner.user)
    owner.list("INBOX")
    search(owner, "meet at one", "text")
    assert "only header fields are searched" in owner.heard("header fields")


def test_empty_search_in_headers_says_nothing(host, owner):
    host.deliver(MESSAGE, owner.user)
    owner.list("INBOX")
    search(owner, "nothing of the kind", "subject")
    owner.heard("returned no matches")
    assert not [text for text in owner.said() if "header fields" in text]


def search(webmail, words, where):
    webmail.run("rcmail.env.search_mods = {'*': {[arguments[1]]: 1}};"
                "rcmail.gui_objects.qsearchbox.value = arguments[0]; rcmail.command('search')",
                words, where)


# Sent copies

def test_sent_copy_that_is_refused_can_be_kept(host, webmail, sink):
    expired = webmail("expired")
    expired.compose("friend@example.net", SUBJECT, TEXT)
    expired.heard(EXPIRED)
    expired.press_send()
    expired.wait("return document.querySelector('#mail-seal-unsaved a')")
    sent = sink.only()
    assert expired.run("return window.onbeforeunload && window.onbeforeunload()")
    expired.run("document.querySelector('#mail-seal-unsaved a').click()")
    assert wait_until(lambda: list(expired.downloads.glob("*.eml")), 30, 0.2)
    [file] = expired.downloads.glob("*.eml")
    assert wait_until(lambda: parsed(file.read_bytes())["message-id"] == parsed(sent)["message-id"])
    kept = parsed(file.read_bytes())
    assert (kept["subject"], text_of(file.read_bytes()).strip()) == (SUBJECT, TEXT)
    assert host.messages("expired", "Sent") == []
    expired.press_send()
    expired.settle()
    assert sink.received == [], "sent twice"


def test_sent_copy_is_sealed(host, owner, sink, owners):
    owner.compose("friend@example.net", SUBJECT, TEXT)
    owner.send()
    assert text_of(sink.only()).strip() == TEXT
    assert NEEDLE.encode() in owners.unsealed(owner.user, host.message(owner.user, "Sent"))


# Other languages

def test_german(host, openpgp_keys):
    with Roundcube(host, ["mail_seal"], language="de_DE") as roundcube, \
            Webmails(roundcube, language="de-DE") as webmail:
        alice = webmail("alice")
        host.deliver(MESSAGE, "alice")
        seen = alice.show("INBOX")
        assert seen["mark"] == "Von Ihrem Server versiegelt"
        sealed_draft(host, "alice")
        by_double_click(alice, None)
        assert "Dieser Entwurf ist verschlüsselt" in alice.refused()
        alice.go("settings", action="plugin.mail_seal")
        assert "Versiegeltes Postfach" in alice.run("return document.body.innerText")
