"""What doveadm seal key export writes is found by correspondents, and by doveadm seal key find."""

import json

import pytest

import keys
from dovecot import Dovecot, User
from network import Network
from seal_key import set_key
from web import Web, response, tls

WELL_KNOWN = "/.well-known/openpgpkey/"
PUBLISHED = {"alice": "alice@example.org", "bob": "Bob.Builder@example.org",
             "carol": "carol@bücher.test"}
USERS = PUBLISHED | {
    # users of another site, who have the same addresses there
    f"{name}-there": address for name, address in PUBLISHED.items()}


@pytest.fixture(scope="module")
def server():
    users = [User(name, settings={"mail_seal_addresses": address})
             for name, address in USERS.items()]
    with Dovecot(users) as dovecot:
        yield dovecot


@pytest.fixture(scope="module")
def own(server, gnupg):
    made = {name: gnupg.generate(address.replace("bücher", "xn--bcher-kva"))
            for name, address in PUBLISHED.items()}
    for name, key in made.items():
        assert set_key(server, name, key.certificate).returncode == 0
    return made


class Files:
    """A web server's answers: files below a folder."""

    def __init__(self, folder):
        self._folder = folder

    def __call__(self, request, send):
        path = request.target.split("?")[0]
        assert path.startswith(WELL_KNOWN) and ".." not in path
        file = self._folder / path[len(WELL_KNOWN):]
        if file.is_file():
            send(response(200, file.read_bytes(), "Content-Type: application/octet-stream"))
        else:
            send(response(404))


@pytest.fixture(scope="module", params=["advanced", "direct"])
def published(request, server, own):
    """A web server with the trees, and what their users have."""
    folder = server.folder / request.param
    hosts = {}
    for domain in ("example.org", "xn--bcher-kva.test"):
        if request.param == "direct":
            tree = folder / domain
            folder.mkdir(exist_ok=True)
            options = ["--direct", "--domain", domain]
            hosts[domain] = Files(tree)
        else:
            tree, options = folder, []
            hosts[f"openpgpkey.{domain}"] = Files(tree)
        server.doveadm("seal", "key", "export", "-A", "--as", "wkd", "--to", tree, *options)
    network = Network(server.sandbox)
    web = Web(hosts, tls(network.authority.certificate(*hosts)))
    network.names(web.hosts())
    yield web
    web.close()
    network.close()


def test_found_in_wkd(server, own, published):
    done = server.doveadm("-f", "json", "seal", "key", "find", "-n", "--from", "wkd", "-A")
    rows = {row["username"]: row for row in json.loads(done.stdout)}
    for name, key in own.items():
        assert rows[name]["result"] == "active"
        assert (rows[f"{name}-there"]["result"], rows[f"{name}-there"]["fingerprint"]) == (
            "found", key.fingerprint)


@pytest.fixture
def correspondent(server):
    """A GnuPG home in the sandbox, with nothing in it."""
    gnupg = keys.GnuPG()
    yield lambda *arguments: server.sandbox.run(
        "gpg", "--homedir", gnupg.home, "--batch", "--auto-key-locate", "clear,nodefault,wkd",
        *arguments, check=False)
    server.sandbox.run("gpgconf", "--homedir", gnupg.home, "--kill", "all")
    gnupg.close()


def test_found_by_gpg(server, own, published, correspondent):
    for name in ("alice", "bob"):
        done = correspondent("--with-colons", "--locate-external-keys", PUBLISHED[name])
        assert done.returncode == 0, done.stderr
        assert f"fpr:::::::::{own[name].fingerprint}:" in done.stdout.decode()
    done = correspondent("--trust-model", "always", "--encrypt", "--recipient",
                         own["alice"].fingerprint, "--output", "-", "/etc/hosts")
    assert own["alice"].opener.decrypt(done.stdout).recipients == list(own["alice"].encryption_ids)
    assert correspondent("--locate-external-keys", "nobody@example.org").returncode != 0
