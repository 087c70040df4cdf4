"""An LDAP directory of the test's own: a slapd with a certificate authority of its own."""

import base64
import shutil
import subprocess
import tempfile
from pathlib import Path

from network import Authority
from ports import free_port
from sandbox import wait_until

# Not "localhost": libldap takes that for this machine's own name.
HOST, OTHER_HOST = "ldap.test", "other.test"
HOSTS = f"127.0.0.1 localhost {HOST} {OTHER_HOST}\n"
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
TLSCertificateFile {certificate}
TLSCertificateKeyFile {certificate}
access to * by dn.base="{reader}" read by anonymous auth
database mdb
suffix "{suffix}"
rootdn "{admin}"
rootpw "{password}"
directory {folder}/data
"""


def dn(uid):
    return f"uid={uid},{PEOPLE}"


def readable(authority, folder):
    """A copy of its certificate in this folder, for everybody."""
    copy = folder / "authority.pem"
    shutil.copy(authority.certificate_file, copy)
    copy.chmod(0o644)
    return copy


class Directory:
    """Entries are known by their uid, below ou=people."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="mail-seal-ldap-"))
        self.folder.chmod(0o755)
        self.authority = Authority(self.folder)
        self.ca_file = readable(self.authority, self.folder)
        self.port, self.tls_port = free_port(), free_port()
        (self.folder / "data").mkdir()
        (self.folder / "slapd.conf").write_text(CONFIG.format(
            folder=self.folder, suffix=SUFFIX, admin=ADMIN, reader=READER, password=PASSWORD,
            certificate=self.authority.certificate(HOST)))
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
        assert wait_until(self._answers), (self.folder / "log").read_text()

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

    def remove(self, *names):
        self._run("ldapdelete", "-M", *names)

    def clear(self):
        """No people any more."""
        found = self._run("ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", PEOPLE, "-s", "one",
                          "1.1").stdout.decode()
        names = [line[4:] for line in found.splitlines() if line.startswith("dn: ")]
        if names:
            self.remove(*names)

    def person(self, uid, *attributes, mail=None):
        """Add one; attributes are pairs of a name and bytes."""
        lines = [f"dn: {dn(uid)}", "objectClass: inetOrgPerson", "objectClass: pgpKeyHolder",
                 f"uid: {uid}", f"cn: {uid}", f"sn: {uid}", f"mail: {mail or uid + '@example.org'}"]
        lines += [f"{name}:: {base64.b64encode(value).decode()}" for name, value in attributes]
        self.load("\n".join(lines) + "\n")
