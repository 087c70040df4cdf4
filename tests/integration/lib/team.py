"""Team mailboxes for tests: in Public/, where every user may do everything."""

import os

ACL = "authenticated lrwstipekxa\n"


def make(server, *names, acl=ACL):
    """Mailboxes in Public/, with the rights of the first user, and this ACL or none."""
    root = server.site.public_maildir
    for mailbox in (root, *(root / f".{name.replace('/', '.')}" for name in names)):
        for folder in ("cur", "new", "tmp"):
            (mailbox / folder).mkdir(parents=True, exist_ok=True)
        if acl is not None and (mailbox != root or acl == ACL):
            (mailbox / "dovecot-acl").write_text(acl)
    uid = server.uid(next(iter(server.users)))
    for folder, _folders, files in os.walk(root):
        for path in (folder, *(os.path.join(folder, file) for file in files)):
            os.chown(path, uid, uid)


def give(server, name, *certificates, mode=0o644):
    """A source of certificates; none: without content."""
    file = server.folder / name
    file.write_bytes(b"".join(certificates))
    file.chmod(mode)


def messages(server, name, user=None):
    with server.imap(user or next(iter(server.users))) as client:
        return client.messages(f"Public/{name}")


def take(server, name, user=None):
    """The only message, which is then expunged."""
    with server.imap(user or next(iter(server.users))) as client:
        found = client.messages(f"Public/{name}")
        client.command("STORE 1:* +FLAGS (\\Deleted)")
        client.command("EXPUNGE")
    assert len(found) == 1, f"{len(found)} messages"
    return found[0]
