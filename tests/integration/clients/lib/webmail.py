"""What a user does in Roundcube, in a browser."""

import contextlib
import urllib.parse

from selenium.webdriver.common.keys import Keys

from browser import LISTENER, SLOW, Browser
from dovecot import PASSWORD
from sandbox import wait_until

COMPOSED = """
const text = id => (document.getElementById(id) || {}).value;
return {
  subject: document.querySelector("[name=_subject]").value,
  to: document.querySelector("[name=_to]").value.trim().replace(/,$/, ""),
  body: rcmail.editor.editor ? rcmail.editor.editor.getContent({format: "text"})
    : text("composebody"),
  attachments: [...document.querySelectorAll("#attachment-list .attachment-name")]
    .map(element => element.textContent),
  draft: rcmail.env.draft_id || "",
  encrypt: (document.querySelector("[name=_enigma_encrypt]") || {}).checked,
}
"""
EDITOR_IS_READY = """
return document.readyState == "complete" && window.rcmail && rcmail.env.action == "compose"
  && rcmail.editor && (!document.querySelector(".mce_editor")
                       || rcmail.editor.editor && rcmail.editor.editor.initialized)
"""
# Puts the cursor at the beginning of the HTML editor, if it is that.
IN_HTML = """
const editor = rcmail.editor.editor;
if (editor) {
  editor.focus();
  editor.selection.setCursorLocation(editor.getBody().firstChild, 0);
}
return Boolean(editor);
"""
SHOWN = """
const text = selector => [...document.querySelectorAll(selector)]
  .map(element => element.innerText.trim()).join(" ");
return {
  subject: text("#message-header .subject"),
  body: text("#messagebody"),
  mark: text(".mail-seal-mark"),
  attachments: [...document.querySelectorAll("#attachment-list .attachment-name")]
    .map(element => element.textContent),
}
"""


class Webmails:
    """A browser for each user who is asked for, which stays logged in."""

    def __init__(self, roundcube, **options):
        self.roundcube = roundcube
        self._options = options
        self._open = {}

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        for webmail in self._open.values():
            webmail.close()

    def __call__(self, user):
        if user not in self._open:
            self._open[user] = Webmail(self.roundcube, user, **self._options)
            self._open[user].log_in()
        webmail = self._open[user]
        webmail.leave()
        webmail.said()
        return webmail


class Webmail(Browser):
    """Logged in as `user`."""

    def __init__(self, roundcube, user, **options):
        self.roundcube = roundcube
        self.user = user
        super().__init__(**options)

    def __enter__(self):
        try:
            self.log_in()
        except BaseException:
            self.close()
            raise
        return self

    def log_in(self):
        self.driver.get(self.roundcube.url)
        self.driver.find_element("name", "_user").send_keys(self.user)
        self.driver.find_element("name", "_pass").send_keys(PASSWORD + "\n")
        self.wait("return window.rcmail && rcmail.task == 'mail'")

    def go(self, task="mail", **parameters):
        """A page by its address; its scripts have run."""
        parameters = {f"_{name}": value for name, value in {"task": task, **parameters}.items()}
        self.driver.get(f"{self.roundcube.url}?{urllib.parse.urlencode(parameters)}")
        self.settle()

    def leave(self):
        """To the inbox, without the question whether what is written may be lost."""
        self.run("window.onbeforeunload = null; location.hash = 'left'")
        self.go()

    @contextlib.contextmanager
    def another_tab(self):
        """In front until this ends; the user is logged in there, too."""
        first = self.driver.current_window_handle
        self.driver.switch_to.new_window("tab")
        try:
            self.devtools("Page.addScriptToEvaluateOnNewDocument", source=LISTENER)
            yield
            self.run("window.onbeforeunload = null")
        finally:
            self.driver.close()
            self.driver.switch_to.window(first)

    def settle(self):
        """Until nothing is being loaded."""
        self.wait("return document.readyState == 'complete' && window.rcmail && !rcmail.busy"
                  " && !jQuery.active")

    def command(self, name, properties=""):
        """What a button does."""
        self.run("rcmail.command(...arguments)", name, properties)

    def list(self, mailbox, count=1):
        """The list of a mailbox, with that many messages in it."""
        self.go(mbox=mailbox)
        self.wait("return rcmail.message_list && rcmail.message_list.rowcount == arguments[0]",
                  count)
        self.settle()

    def row(self):
        """The first row of the list."""
        return self.driver.find_element("css selector", "#messagelist tbody tr .subject a")

    def double_click(self):
        """On the first message of the list; machines that are busy click slowly."""
        self.row().click()
        self.wait("return rcmail.message_list.get_single_selection()")
        self.settle()
        self.run("rcmail.message_list.triggerEvent('dblclick')")

    def show(self, mailbox, uid=None):
        """Open a message, or the first one; what is seen of it."""
        if uid is None:
            self.list(mailbox)
            uid = self.run("return rcmail.message_list.get_first_row()")
        self.go(action="show", mbox=mailbox, uid=uid)
        return self.run(SHOWN)

    def edit_draft(self):
        """Double-click on the only draft; what the editor has then."""
        self.list("Drafts")
        self.double_click()
        return self.composed()

    def press(self, command, mailbox="INBOX"):
        """Open the first message and press Reply, Forward or the like."""
        self.show(mailbox)
        self.command(command)

    def answer(self, command, mailbox="INBOX"):
        """The same; what the editor has then."""
        self.press(command, mailbox)
        return self.composed()

    def compose(self, to="", subject="", body=""):
        self.go(action="compose")
        self.composed()
        self.fill(to=to, subject=subject)
        self.type(body)

    def composed(self):
        self.wait(EDITOR_IS_READY)
        self.settle()
        return self.run(COMPOSED)

    def fill(self, **fields):
        for name, value in fields.items():
            self.run("jQuery(`[name=_${arguments[0]}]`).val(arguments[1]).trigger('change')",
                     name, value)

    def tick(self, name):
        self.run("jQuery(`[name=${arguments[0]}]`).prop('checked', true).trigger('change')", name)

    def type(self, text):
        """At the beginning of the editor, as a user does."""
        if self.run(IN_HTML):
            self.devtools("Input.insertText", text=text)
        else:
            self.driver.find_element("id", "composebody").send_keys(
                Keys.CONTROL + Keys.HOME + Keys.NULL, text)

    def attach(self, file):
        """Upload a file for the message that is being written."""
        seconds = self.run("return rcmail.env.draft_autosave")
        self.stop_autosave()
        before = self.run(COMPOSED)["attachments"]
        self.driver.find_element("css selector", "#uploadform [type=file]").send_keys(str(file))
        self.wait("return document.querySelectorAll('#attachment-list .attachment-name').length"
                  " > arguments[0]", len(before))
        self.settle()
        self.run("rcmail.env.draft_autosave = arguments[0]; clearTimeout(rcmail.save_timer);"
                 "rcmail.auto_save_start()", seconds)

    def stop_autosave(self):
        """While a draft is being saved, buttons do nothing."""
        self.run("rcmail.env.draft_autosave = 0; clearTimeout(rcmail.save_timer)")
        self.settle()

    def saved(self):
        """Wait until the draft is saved; its UID."""
        return self.wait("return rcmail.cmp_hash == rcmail.compose_field_hash()"
                         " && !rcmail.busy && rcmail.env.draft_id")

    def save(self):
        """Press Save, if there is something to be saved."""
        self.settle()
        self.command("savedraft")
        return self.saved()

    def send(self):
        """Press Send; return when the editor is closed."""
        self.press_send()
        gone = wait_until(lambda: self.run("return window.rcmail"
                                           " && rcmail.env.action != 'compose'"), SLOW, 0.2)
        assert gone, self.said()
        self.settle()

    def press_send(self):
        self.stop_autosave()
        self.command("send")

    def heard(self, words, timeout=SLOW):
        """Wait until the page says something with these words; the whole of it."""
        heard = []

        def listen():
            heard.extend(self.said())
            return [text for text in heard if words in text]
        found = wait_until(listen, timeout, 0.2)
        assert found, f"only heard {heard}"
        return found[0]

    def refused(self):
        """What stands in place of the editor; there is none beside it."""
        text = self.wait("return (document.getElementById('mail-seal-refused') || {}).innerText",
                         timeout=SLOW)
        assert self.run("return document.querySelectorAll('#composebody, [name=_message]').length"
                        " + Number(rcmail.env.action == 'compose')") == 0
        return text

    def picture(self):
        return self.driver.get_screenshot_as_png()
