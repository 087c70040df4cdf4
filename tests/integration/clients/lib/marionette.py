"""Marionette, the remote control of Mozilla's programs, as far as the tests need it.

Messages are JSON behind their length: commands are [0, id, name, parameters],
answers [1, id, error, result].
"""

import json
import socket


class ScriptError(Exception):
    pass


class Marionette:
    def __init__(self, port, timeout):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self._input = self._socket.makefile("rb")
        self._id = 0
        self._receive()  # the greeting

    def close(self):
        self._input.close()
        self._socket.close()

    def begin(self, script_timeout):
        """A session with the rights of the program's own code."""
        self.command("WebDriver:NewSession", {
            "capabilities": {"alwaysMatch": {"unhandledPromptBehavior": "ignore"}}})
        self.command("WebDriver:SetTimeouts", {"script": int(script_timeout * 1000)})
        self.command("Marionette:SetContext", {"value": "chrome"})

    def command(self, name, parameters=None):
        self._id += 1
        message = json.dumps([0, self._id, name, parameters or {}]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        _, answered, error, result = self._receive()
        assert answered == self._id
        if error:
            raise ScriptError(f"{error['error']}: {error['message']}\n{error['stacktrace']}")
        return result

    def run(self, script, *arguments):
        """The value of a JavaScript function's body, which may await."""
        result = self.command("WebDriver:ExecuteScript", {
            "script": f"return (async (...args) => {{{script}}})(...arguments)",
            "args": list(arguments), "sandbox": "system", "newSandbox": False})
        return result["value"]

    def _receive(self):
        length = b""
        while (digit := self._input.read(1)) != b":":
            if not digit:
                raise ConnectionError("Thunderbird closed the connection")
            length += digit
        return json.loads(self._input.read(int(length)))
