"""doveadm seal doctor, and set-ups that are broken for it."""

import contextlib

from dovecot import dovecot_version

IS_24 = not dovecot_version().startswith("2.3")


class Doctor:
    """What the doctor says of a server, or of one user."""

    def __init__(self, server, *options):
        done = server.doveadm("-f", "tab", "seal", "doctor", *options, check=False)
        names, *rows = [line.split("\t") for line in done.stdout.decode().splitlines()]
        self.findings = [dict(zip(names, row, strict=True)) for row in rows]
        self.status = done.returncode
        self.errors = done.stderr.decode()
        # what the manual says of the exit status
        results = [finding["result"] for finding in self.findings]
        assert self.status == max(map(["ok", "warning", "error"].index, results)), self.findings
        for finding in self.findings:
            assert finding["finding"].endswith("."), finding
            assert (finding["advice"] == "") == (finding["result"] == "ok"), finding

    def of(self, check, word=""):
        """{(result, finding)} of a check, of those with this word."""
        return [(finding["result"], finding["finding"]) for finding in self.findings
                if finding["check"] == check and word in finding["finding"]]

    def result(self, check, word=""):
        """The only result of a check."""
        [(result, _)] = self.of(check, word)
        return result

    def bad(self):
        return {finding["check"] for finding in self.findings if finding["result"] != "ok"}


@contextlib.contextmanager
def configured(server, more23="", more24=None, **seal):
    """With these lines at the end of the configuration, and these mail_seal_* settings.

    Dovecot isn't told: the doctor reads the files.
    """
    before = dict(server.site.seal)
    server.site.seal |= {f"mail_seal_{name}": str(value) for name, value in seal.items()}
    more = more24 if IS_24 and more24 is not None else more23
    server.write_config(more + "\n")
    try:
        yield
    finally:
        server.site.seal.clear()
        server.site.seal |= before
        server.write_config()


def without(protocol):
    """A protocol whose list of plugins leaves mail_seal out."""
    return (f"protocol {protocol} {{\n  mail_plugins = quota\n}}",
            f"protocol {protocol} {{\n  mail_plugins {{\n    mail_seal = no\n  }}\n}}")
