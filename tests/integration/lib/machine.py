"""A freshly installed Debian server, of the packages that are on this machine.

Everything in /etc, /usr, /var and /home can be changed and is forgotten at the
end; Dovecot's and Postfix's configuration are what the packages install.
"""

import os
import re
import shutil
import tempfile
from pathlib import Path

from dovecot import dovecot_version, system_module_folder
from sandbox import Sandbox, wait_until

DOMAIN = "example.org"
HOST = f"mail.{DOMAIN}"
PASSWORD = "secret"
EXAMPLES = Path(__file__).parents[3] / "conf.d-examples"
WRITABLE = ("/etc", "/usr", "/var", "/home")
# What the installer's "Internet Site" says
DEBCONF = f"""
postfix postfix/main_mailer_type select Internet Site
postfix postfix/mailname string {DOMAIN}
postfix postfix/destinations string $myhostname, {DOMAIN}, localhost
"""
FORBIDDEN = 101                      # policy-rc.d: nothing is started


class Machine:
    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="mail-seal-machine-"))
        self.folder.chmod(0o755)
        self.sandbox = Sandbox("net", "uts")
        self.is_24 = not dovecot_version().startswith("2.3.")

    def __enter__(self):
        try:
            self._make_writable()
            self.run("hostname", HOST)
            self.write("/etc/hostname", f"{HOST}\n")
            self.write("/etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {HOST} mail\n")
            self.run("ip", "link", "set", "lo", "up")
            self._install_postfix()
            self._install_dovecot()
            self._install_mail_seal()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exc):
        self.sandbox.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *command, **options):
        """A command as root; what it prints."""
        if isinstance(options.get("input"), str):
            options["input"] = options["input"].encode()
        done = self.sandbox.run(*command, **options)
        return (done.stdout + done.stderr).decode(errors="replace")

    def shell(self, script):
        return self.run("bash", "-euo", "pipefail", "-c", script)

    def path(self, path):
        return self.sandbox.seen_from_outside(path)

    def read(self, path):
        return self.path(path).read_text(errors="replace")

    def write(self, path, text):
        self.path(path).write_text(text)

    def append(self, path, text):
        self.write(path, self.read(path) + "\n" + text)

    def add_user(self, name):
        self.run("useradd", "--create-home", "--shell", "/bin/sh", name)
        self.run("chpasswd", input=f"{name}:{PASSWORD}\n")

    def start(self):
        """Both without the output that the tests read: they would hold it open."""
        self.shell("dovecot >/dev/null 2>&1; postfix start >/dev/null 2>&1")
        lmtp = self.path("/run/dovecot/lmtp")
        assert wait_until(lmtp.exists), self.log()

    def log(self):
        return "".join(self.read(file) for file in ("/var/log/dovecot.log", "/var/log/postfix.log")
                       if self.path(file).exists())

    def wait_until_empty(self):
        """Postfix has delivered all it had. A message that changes its place can be overlooked."""
        def is_empty():
            return all("is empty" in self.run("postqueue", "-p") for _ in range(3))
        assert wait_until(is_empty, interval=0.2), self.run("postqueue", "-p") + self.log()

    # Setting up

    def _make_writable(self):
        """tmpfs, for where the tests run it may all be an overlay already."""
        self.run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", self.folder)
        for path in WRITABLE:
            upper, work = self.folder / f"upper{path}", self.folder / f"work{path}"
            self.run("mkdir", "-p", upper, work)
            self.run("mount", "-t", "overlay", "-o",
                     f"lowerdir={path},upperdir={upper},workdir={work}", "overlay", path)
        # Nothing in here may talk to this machine's services.
        self.run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
        self.shell("rm -rf /var/mail/* /var/log/*.log; mkdir -p /run/lock")

    def _install_postfix(self):
        self.write("/usr/sbin/policy-rc.d", f"#!/bin/sh\nexit {FORBIDDEN}\n")
        self.path("/usr/sbin/policy-rc.d").chmod(0o755)
        self.shell("rm -f /etc/postfix/main.cf /etc/postfix/master.cf /etc/aliases* /etc/mailname;"
                   "find /var/spool/postfix -type f -delete")
        self.run("debconf-set-selections", input=DEBCONF)
        self.run("env", "DEBIAN_FRONTEND=noninteractive", "dpkg-reconfigure", "postfix")
        # There is no syslog here, and what isn't in a file would be lost.
        self.run("postconf", "maillog_file = /var/log/postfix.log")
        # As after each installation: its folders are there.
        self.shell("postfix start >/dev/null 2>&1; postfix stop >/dev/null 2>&1")

    def _install_dovecot(self):
        """What ucf puts there: the package's files; and a certificate if ssl-cert isn't there."""
        self.shell("""
            rm -rf /etc/dovecot/conf.d /etc/dovecot/*.conf* /var/lib/dovecot
            cp -r /usr/share/dovecot/conf.d /usr/share/dovecot/dovecot.conf /etc/dovecot
            rm -f /etc/dovecot/conf.d/99-local.conf
            mkdir -p /var/lib/dovecot /etc/dovecot/private
            cd /etc/dovecot/private
            [ -e dovecot.pem -a -e dovecot.key ] || { rm -f dovecot.*
                openssl req -x509 -nodes -newkey rsa:2048 -subj /CN=localhost \
                    -keyout dovecot.key -out dovecot.pem 2>/dev/null; }""")
        self.write("/etc/dovecot/conf.d/99-log.conf", "log_path = /var/log/dovecot.log\n")
        self.shell("touch /var/log/dovecot.log; chmod 666 /var/log/dovecot.log")

    def _install_mail_seal(self):
        modules = os.environ["MAIL_SEAL_MODULEDIR"]
        self.run("cp", "-r", f"{modules}/.", system_module_folder())


def example(name):
    """An example file for this Dovecot, or of Postfix's."""
    folder = EXAMPLES
    if not name.startswith(("postfix/", "sieve/")) and not dovecot_version().startswith("2.3."):
        folder /= "dovecot-2.4"
    return (folder / name).read_text()


def merged_main_cf(stock, excerpt):
    """As the excerpt says: parameters that it has are removed from what is there."""
    names = set(re.findall(r"^(\w+)\s*=", excerpt, re.M))
    kept, keep = [], True
    for line in stock.splitlines():
        if parameter := re.match(r"(\w+)\s*=", line):
            keep = parameter[1] not in names
        elif not line[:1].isspace():
            keep = True
        if keep:
            kept.append(line)
    return "\n".join(kept) + "\n\n" + excerpt


def services(text):
    """{(name, type): the service's lines} of a master.cf, comments left out."""
    found, service = {}, None
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0].isspace():
            found[service] += "\n" + line
        else:
            service = tuple(line.split()[:2])
            found[service] = line
    return found


def merged_master_cf(stock, excerpt):
    """The excerpt's services in place of those of the same name."""
    replaced = services(excerpt).keys()
    kept = [entry for service, entry in services(stock).items() if service not in replaced]
    return "\n".join(kept) + "\n" + excerpt
