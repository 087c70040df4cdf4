"""Chromium without a display, driven by WebDriver."""

import json
import shutil
import tempfile
import urllib.request
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chromium.remote_connection import ChromiumRemoteConnection
from selenium.webdriver.remote.file_detector import UselessFileDetector

from dovecot import free_port
from sandbox import Sandbox, wait_until

SLOW = 120
SIZE = "1000,760"

# Messages come and go: what the page says is kept in the tab's storage.
LISTENER = """
const places = "#messagestack, .ui-dialog, .alert, .boxinformation, .boxwarning, .boxerror";
new MutationObserver(changes => {
  const said = JSON.parse(sessionStorage.said || "[]");
  for (const node of changes.flatMap(change => [...change.addedNodes])) {
    const element = node.nodeType == Node.ELEMENT_NODE ? node : node.parentElement;
    const text = element && element.closest(places) && element.innerText.trim();
    if (text && !said.includes(text)) {
      said.push(text);
    }
  }
  sessionStorage.said = JSON.stringify(said);
}).observe(document, { childList: true, subtree: true });
"""


class Browser:
    def __init__(self, language="en-US"):
        self.folder = Path(tempfile.mkdtemp(prefix="mail-seal-browser-"))
        self.downloads = self.folder / "downloads"
        self.downloads.mkdir()
        self._sandbox = Sandbox()
        self.driver = None
        try:
            self._start(language)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.close()

    def close(self):
        self._sandbox.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def run(self, script, *arguments):
        """The value of a JavaScript function's body in the page."""
        return self.driver.execute_script(script, *arguments)

    def devtools(self, command, **parameters):
        """A command of the Chrome DevTools protocol."""
        return self.driver.execute("executeCdpCommand", {"cmd": command, "params": parameters})

    def said(self):
        """All that the pages said in messages and dialogs since the last call."""
        return self.run("const said = JSON.parse(sessionStorage.said || '[]');"
                        "sessionStorage.removeItem('said'); return said")

    def wait(self, script, *arguments, timeout=SLOW):
        """Run it until the result is true; return that."""
        result = wait_until(lambda: self.run(script, *arguments), timeout, 0.2)
        assert result, f"{script} {json.dumps(arguments)} is still {result!r}"
        return result

    def _start(self, language):
        port = free_port()
        log = (self.folder / "log").open("ab")
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "LC_ALL": "C.UTF-8",
                       "TZ": "UTC"}
        driver = self._sandbox.start("chromedriver", f"--port={port}", env=environment,
                                     stdout=log, stderr=log)
        options = Options()
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage",
                         "--disable-gpu", "--disable-background-networking", "--no-first-run",
                         "--force-prefers-reduced-motion", f"--window-size={SIZE}",
                         f"--lang={language}", f"--user-data-dir={self.folder}/profile"):
            options.add_argument(argument)
        options.add_experimental_option("prefs", {
            "download.default_directory": str(self.downloads),
            "intl.accept_languages": language})
        options.unhandled_prompt_behavior = "ignore"

        connection = ChromiumRemoteConnection(f"http://127.0.0.1:{port}", "goog", "chrome")
        if not wait_until(lambda: self._is_ready(driver, port), SLOW, 0.2):
            raise RuntimeError("chromedriver doesn't start: " + self.log())
        self.driver = webdriver.Remote(connection, options=options)
        self.driver.file_detector = UselessFileDetector()  # files are where the browser is
        self.driver.set_page_load_timeout(SLOW)
        self.driver.set_script_timeout(SLOW)
        self.devtools("Page.addScriptToEvaluateOnNewDocument", source=LISTENER)

    def _is_ready(self, driver, port):
        if driver.poll() is not None:
            raise RuntimeError("chromedriver ended: " + self.log())
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/status") as answer:
                return json.load(answer)["value"]["ready"]
        except OSError:
            return False
