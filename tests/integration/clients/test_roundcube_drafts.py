"""Roundcube with our plugin: no draft and no attachment is lost, in either of its editors."""

import pytest

import mail
from dovecot import User
from gate import Gate
from letters import FILES, SUBJECT, TEXT
from roundcube import Roundcube
from sandbox import wait_until
from webmail import Webmails
from webmail_host import (DRAFT, MESSAGE, NEEDLE, files_of, parsed, sealed_draft, text_of, uid_in,
                          webmail_host)

# The driver itself answers the browser's question, and no test sees it.
ASKED = """
window.addEventListener("beforeunload", event => {
  sessionStorage.asked = Boolean(event.defaultPrevented || event.returnValue);
});
"""
FAILURES = ["NO", "hang up"]


@pytest.fixture(scope="module")
def host(owners):
    with webmail_host(owners, others=[User("turning")]) as host:
        yield host


@pytest.fixture(scope="module")
def gate(host):
    gate = Gate(host.site.imap_port)
    yield gate
    gate.close()


@pytest.fixture(scope="module", params=[0, 1], ids=["plain", "HTML"])
def webmail(request, host, gate):
    with Roundcube(host, ["mail_seal"], draft_autosave=1, htmleditor=request.param,
                   imap_host=f"127.0.0.1:{gate.port}") as roundcube, \
            Webmails(roundcube) as webmail:
        yield webmail


@pytest.fixture(autouse=True)
def empty(host, webmail, gate):
    host.empty(*host.users)
    webmail.roundcube.sink.received.clear()
    yield
    gate.let_pass()
    assert webmail.roundcube.complaints() == []


@pytest.fixture(params=["alice", "smime"])
def owner(request, webmail):
    return webmail(request.param)


@pytest.fixture
def sink(webmail):
    return webmail.roundcube.sink


@pytest.fixture
def note(tmp_path):
    [(name, content)] = FILES.items()
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


def open_draft(webmail, uid):
    webmail.go(action="compose", mbox="Drafts", draft_uid=uid)


def write_over(webmail, uid):
    """As if a page of before the plugin, or another window, still had this draft open."""
    webmail.compose("friend@example.net", "Another", "Dear")
    webmail.saved()
    webmail.run("rcmail.env.draft_id = arguments[0];"
                "jQuery('[name=_draft_saveid]').val(arguments[0])", uid)


# What can't be shown

def test_sealed_draft_is_refused(host, owner):
    old = sealed_draft(host, owner.user)
    open_draft(owner, uid_in(host, owner.user, "Drafts"))
    assert "This draft is encrypted" in owner.refused()
    assert host.message(owner.user, "Drafts") == old


@pytest.mark.parametrize("command", ["edit", "forward-inline"])
def test_what_would_be_empty_is_refused(host, owner, command):
    host.deliver(MESSAGE, owner.user)
    owner.press(command)
    assert "This message is encrypted" in owner.refused()


def test_autosave_goes_on_in_the_editor_that_wrote_it(host, owner, owners, sink, note):
    owner.compose("friend@example.net", SUBJECT, TEXT)
    owner.attach(note)
    first = owner.saved()
    owner.type("Dear friend, ")
    owner.wait("return rcmail.env.draft_id != arguments[0]", first)
    owner.saved()
    stored = owners.unsealed(owner.user, host.message(owner.user, "Drafts"))
    assert "Dear friend, " + NEEDLE in text_of(stored)
    assert files_of(stored) == FILES
    owner.send()
    sent = sink.only()
    assert "Dear friend, " + NEEDLE in text_of(sent)
    assert files_of(sent) == FILES
    assert host.messages(owner.user, "Drafts") == []
    assert mail.is_sealed(host.message(owner.user, "Sent"))


# Drafts that this editor doesn't have

@pytest.mark.parametrize("command", ["save", "send"])
def test_editor_doesnt_replace_a_draft_that_it_never_had(host, owner, command):
    old = sealed_draft(host, owner.user)
    write_over(owner, uid_in(host, owner.user, "Drafts"))
    owner.type("My ")
    getattr(owner, command)()
    assert old in host.messages(owner.user, "Drafts")


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("command", ["save", "send"])
def test_draft_that_cant_be_fetched_when_it_is_replaced_stays(host, webmail, gate, command,
                                                              failure):
    """What isn't known to be readable isn't replaced."""
    alice = webmail("alice")
    old = sealed_draft(host, "alice")
    uid = uid_in(host, "alice", "Drafts")
    write_over(alice, uid)
    alice.run("rcmail.env.draft_autosave = 0; clearTimeout(rcmail.save_timer)")
    alice.type("My ")
    gate.fail(f"UID FETCH {uid} ", failure)
    if command == "save":
        # if it is fetched and the connection is gone, that fails
        alice.command("savedraft")
        alice.settle()
        alice.run("rcmail.cmp_hash = ''")
    getattr(alice, command)()
    assert old in host.messages("alice", "Drafts")


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("user", ["alice", "keyless"])
def test_draft_that_couldnt_be_fetched_when_it_was_opened_stays(host, webmail, gate, user,
                                                                failure):
    """The editor is empty, or there is none: what it saves is another draft."""
    writer = webmail(user)
    with host.imap(user) as client:
        assert client.append("Drafts", DRAFT, "(\\Draft \\Seen)").ok
    old = host.message(user, "Drafts")
    uid = uid_in(host, user, "Drafts")
    gate.fail(f"UID FETCH {uid} ", failure)
    open_draft(writer, uid)
    assert gate.failed
    if writer.run("return rcmail.env.action == 'compose'"):
        before = writer.composed()["draft"]
        writer.type("Dear")
        writer.wait("return rcmail.env.draft_id != arguments[0]", before)
        writer.saved()
    assert old in host.messages(user, "Drafts")
    writer.leave()
    open_draft(writer, uid)
    if user == "keyless":
        assert NEEDLE in writer.composed()["body"]
    else:
        writer.refused()


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("part", ["1", "2"], ids=["text", "attachment"])
def test_draft_of_which_a_part_couldnt_be_fetched_stays(host, webmail, gate, part, failure):
    """Roundcube opens it without that part, and without a word."""
    keyless = webmail("keyless")
    with host.imap("keyless") as client:
        assert client.append("Drafts", DRAFT, "(\\Draft \\Seen)").ok
    old = host.message("keyless", "Drafts")
    uid = uid_in(host, "keyless", "Drafts")
    gate.fail(rf"FETCH {uid} \(BODY\.PEEK\[{part}\]", failure)
    open_draft(keyless, uid)
    assert gate.failed
    before = keyless.composed()["draft"]
    keyless.type("Dear")
    keyless.wait("return rcmail.env.draft_id != arguments[0]", before)
    keyless.saved()
    assert old in host.messages("keyless", "Drafts")


def test_draft_that_is_gone_is_saved_anew(host, owner, owners):
    """Another program deleted it meanwhile."""
    owner.compose("friend@example.net", SUBJECT, TEXT)
    owner.saved()
    host.empty(owner.user)
    owner.type("Dear friend, ")
    owner.save()
    stored = owners.unsealed(owner.user, host.message(owner.user, "Drafts"))
    assert "Dear friend, " + NEEDLE in text_of(stored)


@pytest.mark.parametrize("same", [True, False], ids=["the same", "another"])
def test_refusal_in_another_tab_leaves_the_editors_attachments(host, owner, sink, note, same):
    """As when a tab is duplicated."""
    if not same:
        sealed_draft(host, owner.user)
        uid = uid_in(host, owner.user, "Drafts")
    owner.compose("friend@example.net", SUBJECT, TEXT)
    owner.attach(note)
    owner.save()
    address = owner.driver.current_url
    assert "_id=" in address
    with owner.another_tab():
        if same:
            owner.driver.get(address)
        else:
            open_draft(owner, uid)
        owner.refused()
    owner.type("Dear friend, ")
    owner.save()
    owner.send()
    sent = sink.only()
    assert "Dear friend, " + NEEDLE in text_of(sent)
    assert files_of(sent) == FILES


def test_draft_of_the_same_number_in_another_folder_stays(host, owners, webmail, request):
    """An editor is open while the user makes another folder that for drafts."""
    if "HTML" in request.node.name:
        pytest.skip("the editor has no part in it")
    with Roundcube(host, ["mail_seal"], draft_autosave=1) as roundcube, \
            Webmails(roundcube) as another:
        alice = another("alice")
        alice.compose("friend@example.net", SUBJECT, TEXT)
        number = int(alice.saved())
        with host.imap("alice") as client:
            client.command("DELETE Entwuerfe")
            client.must("CREATE Entwuerfe")
            client.must("SUBSCRIBE Entwuerfe")
            for _ in range(number):
                assert client.append("Entwuerfe", DRAFT, "(\\Draft \\Seen)").ok
        before = host.messages("alice", "Entwuerfe")
        with alice.another_tab():
            alice.go("settings", action="edit-prefs", section="folders")
            alice.run("jQuery('[name=_drafts_mbox]').val('Entwuerfe')")
            alice.command("save")
            alice.heard("saved")
        alice.type("Dear friend, ")
        alice.wait("return rcmail.env.draft_id != arguments[0]", str(number))
        alice.saved()
        after = host.messages("alice", "Entwuerfe")
        assert after[:number] == before
        assert len(after) == number + 1


# Sent copies that are refused

@pytest.mark.parametrize("key", [True, False], ids=["sealed", "readable"])
def test_refused_sent_copy_leaves_the_draft(host, webmail, sink, note, owners, key):
    """The key expires while the message is being written."""
    give = {True: owners.certificates["alice"], False: None}
    host.never_enrolled("turning")
    if give[key]:
        host.give("turning", host.keys_file("turning"), give[key])
    turning = webmail("turning")
    turning.compose("friend@example.net", SUBJECT, TEXT)
    turning.attach(note)
    turning.save()
    draft = host.message("turning", "Drafts")
    assert mail.is_sealed(draft) == key

    host.give("turning", host.keys_file("turning"), owners.certificates["expired"])
    turning.press_send()
    link = turning.wait("return document.querySelector('#mail-seal-unsaved a')")
    sent = sink.only()
    assert files_of(sent) == FILES
    assert host.messages("turning", "Drafts") == [draft], "the only copy is in the page"
    assert turning.run("return window.onbeforeunload && window.onbeforeunload()")

    link.click()
    assert wait_until(lambda: list(turning.downloads.glob("*.eml")), 60, 0.2)
    [file] = turning.downloads.glob("*.eml")
    assert wait_until(lambda: files_of(file.read_bytes()) == FILES, 60, 0.2)
    kept = file.read_bytes()
    file.unlink()
    assert parsed(kept)["message-id"] == parsed(sent)["message-id"]
    assert NEEDLE in text_of(kept)

    # With a new key the copy can be saved after all, and nothing is sent again.
    host.give("turning", host.keys_file("turning"), owners.certificates["alice"])
    turning.run("rcmail.submit_messageform(false, true)")
    assert wait_until(lambda: host.messages("turning", "Sent"), 60, 0.2)
    turning.settle()
    assert files_of(owners.unsealed("turning", host.message("turning", "Sent"))) == FILES
    assert sink.received == [], "sent twice"


def test_page_asks_before_it_is_left_after_a_refused_copy(host, webmail, sink):
    """Also where Roundcube itself goes on to a list."""
    expired = webmail("expired")
    expired.compose("friend@example.net", SUBJECT, TEXT)
    expired.press_send()
    expired.wait("return document.querySelector('#mail-seal-unsaved a')")
    sink.only()
    expired.run(ASKED)
    expired.command("list", "INBOX")
    assert expired.wait("return document.querySelector('.ui-dialog') ? 'dialog'"
                        " : sessionStorage.asked") in ("dialog", "true")
