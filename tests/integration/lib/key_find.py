"""What the tests of doveadm seal key find share: a server that finds in a Web Key Directory and in
LDAP, and what the command says there."""

import contextlib
import json

from directory import HOST, HOSTS, PASSWORD, PEOPLE, READER
from dovecot import Dovecot
from patience import AMPLE
from web import wkd_hash


class Tree:
    """A folder as gpg-wks-server keeps it, which only it and root can read."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(mode=0o750, exist_ok=True)
        self.clear()

    def file(self, address):
        local_part, domain = address.rsplit("@", 1)
        return self.folder / domain / "hu" / wkd_hash(local_part.lower())

    def publish(self, address, content):
        file = self.file(address)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod(0o640)

    def clear(self):
        for file in self.folder.glob("*/hu/*"):
            file.unlink()


@contextlib.contextmanager
def searching(users, directory):
    """A Dovecot with a `tree` of its own and this LDAP directory, by its `ldap_config`."""
    tree, ldap_config = Tree(directory.folder / "wks"), directory.folder / "mail-seal.conf"
    ldap_config.write_text(
        f"uri = ldaps://{HOST}:{directory.tls_port}\nbase = {PEOPLE}\n"
        f"tls_ca_cert_file = {directory.ca_file}\n"
        f"bind_dn = {READER}\nbind_password = {PASSWORD}\n")
    ldap_config.chmod(0o600)
    with Dovecot(users, seal={"mail_seal_wkd_dir": str(tree.folder),
                              "mail_seal_ldap_config": str(ldap_config)}) as dovecot:
        (dovecot.folder / "hosts").write_text(HOSTS)
        dovecot.sandbox.mount_over(dovecot.folder / "hosts", "/etc/hosts")
        dovecot.tree, dovecot.ldap_config = tree, ldap_config
        yield dovecot


def find(server, *options, user="alice", sources="wkd-dir,ldap", status=0):
    """The row of a user."""
    [row] = find_all(server, "-u", user, *options, sources=sources, status=status)[0]
    return row


def find_all(server, *options, sources="wkd-dir,ldap", status=0):
    """All rows, and the lines on stderr."""
    done = server.doveadm("-f", "json", "seal", "key", "find", "--timeout", str(AMPLE), "--from",
                          sources, *options,
                          check=False)
    errors = done.stderr.decode()
    assert done.returncode == status, errors
    return json.loads(done.stdout), errors.splitlines()


def short(row):
    return row["result"], row["source"], row["fingerprint"]


def everything(server, user):
    """All that the user has: {path: content}."""
    return {path: path.read_bytes() for path in sorted(server.home(user).rglob("*"))
            if path.is_file() and "dovecot.index" not in path.name
            and path.name not in ("dovecot-uidlist", "dovecot.list.index.log", "maildirfolder")}
