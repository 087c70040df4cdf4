"""Roundcube with our plugin, without a browser: drafts that an editor may replace, and sizes."""

import contextlib
import os
import re
import threading

import pytest

import mail
from gate import Gate
from letters import TEXT_PART, letter
from roundcube import Roundcube
from webmail_host import (ATTACHMENT, DRAFT, MESSAGE, NEEDLE, files_of, parsed, sealed_draft,
                          text_of, uid_in)
from webmail_requests import Requests

USER = "keyless"
SECOND = mail.part("text/plain", b"The second text\r\n")
SLOW = """<?php
class slow extends rcube_plugin
{
    function init()
    {
        $this->add_hook('ready', function ($args) {
            // a session of less than half a second isn't read again
            while (isset($_GET['_wait']) && (!file_exists($_GET['_wait'])
                || microtime(true) - $_SERVER['REQUEST_TIME_FLOAT'] < 1)
            ) {
                touch($_GET['_wait'] . '-begun');
                usleep(10000);
                clearstatcache();
            }
            return $args;
        });
    }
}
"""


class Cut(Gate):
    """Ends a connection behind the first of these bytes that the server says."""

    after = None

    def _to_client(self, source, sink):
        while data := source.recv(1 << 16):
            if self.after and self.after in data:
                sink.sendall(data[:data.index(self.after) + len(self.after)])
                self.after = None
                return
            sink.sendall(data)


@pytest.fixture(scope="module")
def gate(host):
    with contextlib.closing(Cut(host.site.imap_port)) as gate:
        yield gate


@pytest.fixture(scope="module")
def roundcube(host, gate):
    with Roundcube(host, ["mail_seal", "slow"], own={"slow": SLOW},
                   imap_host=f"127.0.0.1:{gate.port}") as roundcube:
        yield roundcube


@pytest.fixture(autouse=True)
def empty(host, gate, roundcube):
    host.empty(*host.users)
    roundcube.sink.received.clear()
    yield
    gate.let_pass()
    assert roundcube.complaints() == []


@pytest.fixture
def owner(roundcube):
    return Requests(roundcube, USER)


def drafts(host, user=USER):
    return host.messages(user, "Drafts")


def put(host, draft):
    with host.imap(USER) as client:
        assert client.append("Drafts", draft, "(\\Draft \\Seen)").ok
    return uid_in(host, USER, "Drafts")


# The editor doesn't have all of the draft

def related(*parts, boundary="r"):
    return (f'Content-Type: multipart/related; boundary="{boundary}"\r\n\r\n'.encode()
            + mail.multipart_body(boundary, parts))


@pytest.mark.parametrize("parts, part", [
    ([TEXT_PART, SECOND], "2"), ([TEXT_PART, SECOND], "1"),
    ([related(TEXT_PART, SECOND)], r"1\.2"),
    ([related(related(TEXT_PART, SECOND, boundary="s"))], r"1\.1\.2")],
    ids=["second", "first", "deeper", "deepest"])
def test_text_that_couldnt_be_fetched(host, owner, gate, parts, part):
    uid = put(host, letter("multipart/mixed", parts, "keyless@example.org"))
    [old] = drafts(host)
    gate.fail(rf"UID FETCH .*\[{part}\]", "NO")
    editor = owner.compose(draft_uid=uid)
    assert gate.failed
    editor.save("edited")
    assert old in drafts(host) and len(drafts(host)) == 2
    editor.save("edited twice")
    assert old in drafts(host) and len(drafts(host)) == 2


def test_editor_that_is_loaded_again_with_less(host, owner, gate):
    editor = owner.compose(draft_uid=put(host, DRAFT))
    [old] = drafts(host)
    gate.fail(r"UID FETCH .*\[1\]", "NO")
    owner.get(task="mail", action="compose", id=editor.id)
    assert gate.failed
    editor.save("edited")
    assert old in drafts(host) and len(drafts(host)) == 2


def test_texts_that_were_fetched(host, owner):
    uid = put(host, letter("multipart/mixed", [TEXT_PART, related(TEXT_PART, SECOND)]))
    editor = owner.compose(draft_uid=uid)
    assert NEEDLE in editor.page and "The second text" in editor.page
    editor.save("edited")
    assert text_of(*drafts(host)).strip() == "edited"


@pytest.mark.parametrize("where", ["text", "file"])
def test_connection_that_breaks_in_the_midst(host, owner, gate, where):
    lines = b"a line\r\n" * 50
    content = b"Beginning\r\n" + lines + b"MIDDLE\r\n" + lines + b"end\r\n"
    file = ATTACHMENT.split(b"\r\n\r\n")[0] + b"\r\n"
    uid = put(host, letter("multipart/mixed", {
        "text": [mail.part("text/plain", content)],
        "file": [TEXT_PART, file + b"\r\n" + content]}[where], "keyless@example.org"))
    [old] = drafts(host)
    gate.after = b"MIDDLE"
    editor = owner.compose(draft_uid=uid)
    assert gate.after is None and editor.is_open
    editor.save("edited")
    assert old in drafts(host) and len(drafts(host)) == 2


def test_link_with_a_text_of_its_own(host, owner):
    """The editor has that, under the draft's number."""
    uid = put(host, DRAFT)
    [old] = drafts(host)
    editor = owner.compose(draft_uid=uid, body="from elsewhere")
    assert editor.draft == uid and NEEDLE not in editor.page
    editor.save("edited")
    assert old in drafts(host) and len(drafts(host)) == 2


# Files

def test_no_room_for_the_attachment(host, owner, roundcube):
    uid = put(host, DRAFT)
    [old] = drafts(host)
    with roundcube.no_room():
        editor = owner.compose(draft_uid=uid)
        editor.save("edited")
    assert old in drafts(host) and len(drafts(host)) == 2


@pytest.mark.parametrize("command", ["save", "send"])
def test_file_that_is_removed_while_the_draft_is_written(host, owner, roundcube, command):
    """Roundcube saves without it, and doesn't say so."""
    editor = owner.compose(draft_uid=put(host, DRAFT))
    [old] = drafts(host)
    for file in roundcube.temp.iterdir():
        file.unlink()
    assert "An attachment is no longer on the web server" in getattr(editor, command)("edited")
    assert old in drafts(host)
    if command == "save":
        # not one more each time
        assert "An attachment" not in editor.save("edited twice")
        assert old in drafts(host) and len(drafts(host)) == 2


def test_file_that_its_writer_takes_away(host, owner):
    editor = owner.compose()
    file = re.search(r"rcmfile(\w+)", owner.upload(editor, "note.txt", b"content"))[1]
    editor.save("first")
    [stored] = drafts(host)
    assert files_of(stored) == {"note.txt": b"content"}
    owner.post({"task": "mail", "action": "remove-attachment", "remote": 1}, id=editor.id,
               file=f"rcmfile{file}")
    editor.save("second")
    [stored] = drafts(host)
    assert files_of(stored) == {} and text_of(stored).strip() == "second"


# No draft stays behind that the editor has

NOTHING = b'Content-Type: text/plain; name="e"\r\nContent-Disposition: attachment; filename="e"\r\n'
EMPTY = {
    "file": [TEXT_PART, NOTHING + b"\r\n"],
    "base64": [TEXT_PART, NOTHING + b"Content-Transfer-Encoding: base64\r\n\r\n\r\n"],
    "lines": [mail.part("text/plain", b"\r\n\r\n\r\n"), ATTACHMENT],
    "forward": [b"Content-Type: text/plain\r\n\r\n",
                b"Content-Type: message/rfc822\r\n\r\n" + MESSAGE],
}


@pytest.mark.parametrize("kind", EMPTY)
def test_draft_with_something_empty(host, owner, roundcube, kind):
    editor = owner.compose(draft_uid=put(host, letter("multipart/mixed", EMPTY[kind])))
    editor.send("with text")
    assert drafts(host) == []
    assert len(list(parsed(roundcube.sink.only()).iter_attachments())) == 1


def test_request_at_the_same_time(host, owner, tmp_path_factory):
    """Of another tab: it writes the whole session back as it was when it began."""
    folder = tmp_path_factory.mktemp("slow")
    folder.chmod(0o777)
    for parent in list(folder.parents)[:2]:
        parent.chmod(0o755)
    editor = owner.compose()
    editor.save("one")
    for at, save in enumerate(("two", "three")):
        file = folder / str(at)
        other = threading.Thread(target=owner.get, kwargs={
            "task": "mail", "action": "refresh", "mbox": "INBOX", "remote": 1, "wait": file})
        other.start()
        while not file.with_name(f"{at}-begun").exists():
            assert other.is_alive()
        editor.save(save)
        file.touch()
        other.join()
    editor.save("four")
    assert [text_of(draft).strip() for draft in drafts(host)] == ["four"]
    editor.send("four")
    assert drafts(host) == []


def test_editor_without_text_goes_on_in_a_window(host, roundcube):
    """What was typed isn't lost, though its draft can't be shown."""
    for user in ("alice", "smime"):
        owner = Requests(roundcube, user)
        editor = owner.compose()
        owner.upload(editor, "note.txt", b"content")
        editor.save("")
        editor.to_window("", "changed since")
        assert editor.is_open and "changed since" in editor.page
        assert editor.page.count('class="attachment-name"') == 1
        editor.send("text")
        assert files_of(roundcube.sink.only()) == {"note.txt": b"content"}
        assert drafts(host, user) == []


def test_sealed_draft_by_a_link_with_a_text(host, roundcube):
    old = sealed_draft(host, "alice")
    uid = uid_in(host, "alice", "Drafts")
    editor = Requests(roundcube, "alice").compose(draft_uid=uid, body="from elsewhere")
    if editor.is_open:
        editor.save("edited")
    assert old in drafts(host, "alice")


# Large messages, with PHP's usual limit

def large(megabytes):
    return (b'Content-Type: application/octet-stream; name="f"\r\n'
            b'Content-Disposition: attachment; filename="f"\r\n\r\n'
            + (b"x" * 76 + b"\r\n") * (megabytes * 1_000_000 // 78))


@pytest.mark.parametrize("user", [USER, "alice"])
def test_large_message_is_forwarded_as_attachment(host, roundcube, user):
    with host.imap(user) as client:
        assert client.append("INBOX", letter("multipart/mixed", [TEXT_PART, large(30)])).ok
    editor = Requests(roundcube, user).compose(mbox="INBOX", forward_uid=uid_in(host, user),
                                               attachment=1)
    assert editor.is_open and editor.page.count('class="attachment-name"') == 1
    assert ("The forwarded message is encrypted" in editor.page) == (user == "alice")


def test_several_messages_are_warned_of_once(host, roundcube):
    for _ in range(3):
        host.deliver(MESSAGE, "alice")
    uid = int(uid_in(host, "alice"))
    editor = Requests(roundcube, "alice").compose(
        mbox="INBOX", forward_uid=f"{uid},{uid + 1},{uid + 2}", attachment=1)
    assert editor.page.count('class="attachment-name"') == 3
    assert editor.page.count("The forwarded message is encrypted") == 1


@pytest.mark.parametrize("megabytes", [1, 18])
def test_sent_copy_that_is_refused(roundcube, megabytes):
    """The page gets the message, or says that it hasn't."""
    expired = Requests(roundcube, "expired")
    editor = expired.compose()
    expired.upload(editor, "f", os.urandom(megabytes << 20))
    answer = editor.send("Hello")
    [given] = re.findall(r"mail_seal_unsaved\('([^']*)'\)", answer)
    assert bool(given) == (megabytes == 1)
