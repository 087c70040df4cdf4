"""Thunderbird on a display of its own, with a fresh profile and one IMAP account.

What runs inside Thunderbird is in thunderbird.js.
"""

import base64
import json
import os
import shutil
import tempfile
from pathlib import Path

from dovecot import PASSWORD
from marionette import Marionette, ScriptError
from mailhost import EXAMPLES, HOST
from sandbox import Sandbox, wait_until

SCRIPTS = Path(__file__).with_name("thunderbird.js").read_text()
PORT = 2828
SCREEN = "1080x720x24"
FOLDERS = ["INBOX", "Drafts", "Sent"]
SLOW = 180                           # seconds; two cores, a debug display, other tests

# A mail program that does what it is told and nothing else.
QUIET = {
    "app.normandy.enabled": False,
    "app.donation.eoy.version.viewed": 999,
    "app.update.enabled": False,
    "browser.cache.disk.enable": False,
    "datareporting.healthreport.uploadEnabled": False,
    "datareporting.policy.bypassNotification": True,
    "extensions.update.enabled": False,
    "intl.locale.requested": "en-US",
    "mail.biff.play_sound": False,
    "mail.biff.show_alert": False,
    "mail.biff.show_tray_icon": False,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.rights.version": 1,
    "mail.shell.checkDefaultClient": False,
    "mail.spotlight.firstRunDone": True,
    "mail.startup.enabledMailCheckOnce": True,
    "mail.winsearch.firstRunDone": True,
    "mailnews.start_page.enabled": False,
    "mailnews.start_page_override.mstone": "ignore",
    "messenger.options.messagesStyle.enabled": False,
    "services.settings.server": "http://127.0.0.1:9/",
    "toolkit.telemetry.enabled": False,
    "ui.prefersReducedMotion": 1,
}


ADDON = "mail-seal@dovecot.plugin"


def policies(**settings):
    """The example's, with the add-on that was built for this test, and these settings of it."""
    example = json.loads((EXAMPLES / "thunderbird" / "policies.json").read_text())
    addon = example["policies"]["ExtensionSettings"][ADDON]
    assert addon["install_url"] == "file:///usr/share/dovecot-mail-seal/mail-seal.xpi"
    addon["install_url"] = (Path(os.environ["MAIL_SEAL_BUILD"]) / "mail-seal.xpi").resolve().as_uri()
    example["policies"]["3rdparty"]["Extensions"][ADDON] |= settings
    return example


def account(user, imap_port):
    """Preferences: one account, STARTTLS with a password for both protocols."""
    starttls, password = 2, 3
    folders = f"imap://{user.name}@{HOST}"
    return {
        "mail.accountmanager.accounts": "account1,account2",
        "mail.accountmanager.defaultaccount": "account1",
        "mail.accountmanager.localfoldersserver": "server2",
        "mail.account.account1.identities": "id1",
        "mail.account.account1.server": "server1",
        "mail.account.account2.server": "server2",
        "mail.identity.id1.useremail": user.address,
        "mail.identity.id1.fullName": user.name.capitalize(),
        "mail.identity.id1.smtpServer": "smtp1",
        "mail.identity.id1.valid": True,
        "mail.identity.id1.compose_html": False,
        "mail.identity.id1.fcc_folder": f"{folders}/Sent",
        "mail.identity.id1.fcc_folder_picker_mode": "0",
        "mail.identity.id1.draft_folder": f"{folders}/Drafts",
        "mail.identity.id1.drafts_folder_picker_mode": "0",
        "mail.server.server1.type": "imap",
        "mail.server.server1.hostname": HOST,
        "mail.server.server1.port": imap_port,
        "mail.server.server1.socketType": starttls,
        "mail.server.server1.authMethod": password,
        "mail.server.server1.userName": user.name,
        "mail.server.server1.name": user.address,
        "mail.server.server1.login_at_startup": False,
        "mail.server.server1.check_new_mail": False,
        "mail.server.server2.type": "none",
        "mail.server.server2.hostname": "Local Folders",
        "mail.server.server2.userName": "nobody",
        "mail.server.server2.name": "Local Folders",
        "mail.smtpservers": "smtp1",
        "mail.smtp.defaultserver": "smtp1",
        "mail.smtpserver.smtp1.hostname": HOST,
        "mail.smtpserver.smtp1.port": 587,
        "mail.smtpserver.smtp1.try_ssl": starttls,
        "mail.smtpserver.smtp1.authMethod": password,
        "mail.smtpserver.smtp1.username": user.name,
    }


class Thunderbird:
    """As `user` of the mail server `host`."""

    def __init__(self, host, user, elsewhere, policies=None, preferences=None):
        self.folder = Path(tempfile.mkdtemp(prefix="mail-seal-thunderbird-"))
        self.profile = self.folder / "profile"
        self.profile.mkdir(mode=0o700)
        self._user = user
        self._elsewhere = elsewhere
        self._policies = policies
        self._write_preferences({**QUIET, "marionette.port": PORT, **(preferences or {}),
                                 **account(host.users[user], host.site.imap_port)})
        self._sandbox = None
        self._program = None
        self._marionette = None

    def __enter__(self):
        try:
            self.start()
            self._enter_account()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_exc):
        self.close()

    def close(self):
        if self._marionette:
            self._marionette.close()
        if self._sandbox:
            self._sandbox.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        self._sandbox = Sandbox()
        self._elsewhere.show(self._sandbox)
        if self._policies:
            self._show_policies()
        log = (self.folder / "log").open("ab")
        display = self._start_display(log)
        environment = {
            "PATH": "/usr/bin:/bin", "HOME": str(self.folder), "DISPLAY": f":{display}",
            "LC_ALL": "C.UTF-8", "TZ": "UTC", "MOZ_CRASHREPORTER_DISABLE": "1",
            "GDK_BACKEND": "x11", "NO_AT_BRIDGE": "1"}
        self._program = self._sandbox.start(
            "thunderbird", "--profile", self.profile, "--no-remote", "--marionette",
            "--remote-allow-system-access", env=environment, stdout=log, stderr=log)
        self._marionette = wait_until(self._connect, timeout=SLOW, interval=0.5)
        if not self._marionette:
            raise RuntimeError("Thunderbird doesn't start: " + self.log())
        self._marionette.begin(SLOW)
        self._marionette.run(SCRIPTS)

    def stop(self):
        """Quit as a user does."""
        self._marionette.command("Marionette:Quit", {"flags": ["eAttemptQuit"]})
        self._marionette.close()
        self._program.wait(timeout=SLOW)
        self._sandbox.close()

    def restart(self, forget=False):
        """Quit and start again; forget: also what was downloaded."""
        self.stop()
        if forget:
            shutil.rmtree(self.profile / "ImapMail")
        self.start()
        self.call("findFolders", FOLDERS)

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def call(self, function, *arguments):
        """Call a function of thunderbird.js."""
        return self._marionette.run(f"return Test.{function}(...args)", *arguments)

    def wait(self, function, *arguments, timeout=60):
        """Call it until the result is true; return that."""
        result = wait_until(lambda: self.call(function, *arguments), timeout, 0.5)
        assert result, f"{function}{arguments} is still {result!r}; {self.call('openWindows')}"
        return result

    def open(self, folder, subject=None):
        """Fetch what is new, open the message or the newest, and return what is seen."""
        self.call("update", folder)
        return self.call("open", folder, subject)

    def send(self):
        """Press Send; return when the window is closed."""
        self.call("begin", "cmd_sendNow")
        self.wait("noWindows")

    def alert(self):
        """The text of a dialog over the main window, which stops all scripts; it is closed."""
        text = wait_until(self._alert_text, 60, 0.5)
        self._marionette.command("WebDriver:DismissAlert")
        return text

    def picture(self, window="messenger.xhtml"):
        """PNG of the main window, or of another one."""
        return base64.b64decode(self.call("picture", window))

    def _show_policies(self):
        """In the sandbox, where an administrator puts them."""
        etc = self.folder / "etc-thunderbird"
        shutil.copytree("/etc/thunderbird", etc, dirs_exist_ok=True)
        (etc / "policies").mkdir(exist_ok=True)
        (etc / "policies" / "policies.json").write_text(json.dumps(self._policies))
        self._sandbox.mount_over(etc, "/etc/thunderbird")

    def _enter_account(self):
        """What the account assistant would do."""
        lines = self._elsewhere.authority.certificate.read_text().splitlines()
        self.call("addAuthority", "".join(line for line in lines if "-" not in line))
        for protocol in ("imap", "smtp"):
            self.call("addPassword", f"{protocol}://{HOST}", self._user, PASSWORD)
        self.call("findFolders", FOLDERS)

    def _alert_text(self):
        try:
            return self._marionette.command("WebDriver:GetAlertText")["value"]
        except ScriptError:
            return None

    def _start_display(self, log):
        reading, writing = os.pipe()
        self._sandbox.start("Xvfb", "-displayfd", writing, "-screen", "0", SCREEN,
                            "-nolisten", "tcp", pass_fds=[writing], stdout=log, stderr=log)
        os.close(writing)
        with os.fdopen(reading) as answer:
            return int(answer.readline())

    def _connect(self):
        if self._program.poll() is not None:
            raise RuntimeError("Thunderbird ended: " + self.log())
        try:
            return Marionette(PORT, SLOW)
        except OSError:
            return None

    def _write_preferences(self, preferences):
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
                 for name, value in preferences.items()]
        (self.profile / "user.js").write_text("".join(lines))
