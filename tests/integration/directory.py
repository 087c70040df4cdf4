"""An LDAP directory of the test's own: a slapd with a certificate authority of its own."""

import base64
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from sandbox import wait_until
from x509 import openssl

SUFFIX = "dc=example,dc=org"
PEOPLE = f"ou=people,{SUFFIX}"
ADMIN = f"cn=admin,{SUFFIX}"
READER = f"cn=reader,{SUFFIX}"
PASSWORD = "a password, with = and spaces"

# pgpKey as an octet string: armored and binary values are both found in the wild.
CONFIG = """
modulepath /usr/lib/ldap
moduleload back_mdb
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
attributetype ( 1.3.6.1.4.1.3401.8.2.11 NAME 'pgpKey'
  EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
objectclass ( 1.3.6.1.4.1.3401.8.2.24.1 NAME 'pgpKeyHolder' SUP top AUXILIARY MAY pgpKey )
pidfile {folder}/pid
TLSCACertificateFile {folder}/ca.pem
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
access to * by dn.base="{reader}" read by anonymous auth
database mdb
suffix "{suffix}"
rootdn "{admin}"
rootpw "{password}"
directory {folder}/data
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Authority:
    """A certificate authority, in a folder with what it has issued."""

    def __init__(self, folder):
        self.folder = folder
        self.file = folder / "ca.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", folder / "ca.key", "-out", self.file, "-days", 30, "-subj", "/CN=CA")
        self.file.chmod(0o644)

    def issue(self, name, alternative_names, days=30):
        """NAME.pem and NAME.key; as of yesterday if it has fewer days than none."""
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.folder / f"{name}.key", "-out", self.folder / f"{name}.pem",
                "-days", days, "-subj", f"/CN={name}", "-CA", self.file,
                "-CAkey", self.folder / "ca.key", "-addext", "basicConstraints=CA:FALSE",
                "-addext", f"subjectAltName={alternative_names}")


class Directory:
    """Entries are known by their uid, below ou=people."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="mail-seal-ldap-"))
        self.folder.chmod(0o755)
        self.authority = Authority(self.folder)
        self.authority.issue("server", "DNS:localhost")
        self.port, self.tls_port = free_port(), free_port()
        (self.folder / "data").mkdir()
        (self.folder / "slapd.conf").write_text(CONFIG.format(
            folder=self.folder, suffix=SUFFIX, admin=ADMIN, reader=READER, password=PASSWORD))
        self._process = None
        self.start()
        self.load(f"""
dn: {SUFFIX}
objectClass: dcObject
objectClass: organization
o: Example

dn: {PEOPLE}
objectClass: organizationalUnit

dn: {READER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
userPassword: {PASSWORD}
""")

    def start(self):
        self._process = subprocess.Popen(
            ["slapd", "-d", "stats", "-f", self.folder / "slapd.conf", "-h",
             f"ldap://127.0.0.1:{self.port} ldaps://127.0.0.1:{self.tls_port}"],
            stdout=subprocess.DEVNULL, stderr=(self.folder / "log").open("w"))
        assert wait_until(self._answers, timeout=30), (self.folder / "log").read_text()

    def stop(self):
        self._process.kill()
        self._process.wait()

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def _answers(self):
        return self._run("ldapwhoami", check=False).returncode == 0

    def _run(self, program, *arguments, check=True, **options):
        return subprocess.run([program, "-x", "-H", f"ldap://127.0.0.1:{self.port}", "-D", ADMIN,
                               "-w", PASSWORD, *arguments], check=check, capture_output=True,
                              **options)

    def load(self, ldif):
        self._run("ldapadd", input=ldif.encode())

    def clear(self):
        """No people any more."""
        found = self._run("ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", PEOPLE, "-s", "one",
                          "1.1").stdout.decode()
        names = [line[4:] for line in found.splitlines() if line.startswith("dn: ")]
        if names:
            self._run("ldapdelete", *names)

    def person(self, uid, mail=(), **attributes):
        """Add one; attributes are bytes or lists of them, and `;` in names is `__`."""
        lines = [f"dn: {self.dn(uid)}", "objectClass: inetOrgPerson", "objectClass: pgpKeyHolder",
                 f"uid: {uid}", f"cn: {uid}", f"sn: {uid}"]
        lines += [f"mail: {address}" for address in mail or [f"{uid}@example.org"]]
        for name, values in attributes.items():
            for value in [values] if isinstance(values, bytes) else values:
                encoded = base64.b64encode(value).decode()
                lines.append(f"{name.replace('__', ';')}:: {encoded}")
        self.load("\n".join(lines) + "\n")

    @staticmethod
    def dn(uid):
        return f"uid={uid},{PEOPLE}"
