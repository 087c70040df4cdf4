"""What doveadm seal key export writes is found by correspondents, and by doveadm seal key find."""

import json

import pytest

import keys
from dovecot import Dovecot, User, dovecot_version
from network import Network
from patience import AMPLE
from seal_key import set_key
from web import Web, response, tls
from zones import NameServer

WELL_KNOWN = "/.well-known/openpgpkey/"
PUBLISHED = {"alice": "alice@example.org", "bob": "Bob.Builder@example.org",
             "carol": "carol@bücher.test"}
USERS = PUBLISHED | {"dave": "Dave@example.org"}
DOMAINS = ("example.org", "xn--bcher-kva.test")


@pytest.fixture(scope="module")
def zones():
    """A root of their own, and zones that are still empty."""
    made = NameServer()
    for name in ("org.", "test.", *(f"{domain}." for domain in DOMAINS)):
        made.zone(name)
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(zones):
    """Each user is there twice: as a user of another site, who has the same address there."""
    users = [User(f"{name}{there}", settings={"mail_seal_addresses": address})
             for name, address in USERS.items() for there in ("", "-there")]
    with Dovecot(users, seal={"mail_seal_dns_trust_anchor": str(zones.anchor()),
                              "mail_seal_dns_servers": zones.address}) as dovecot:
        yield dovecot


@pytest.fixture(scope="module")
def own(server, gnupg, x509):
    made = {name: gnupg.generate(address.replace("bücher", "xn--bcher-kva"))
            for name, address in PUBLISHED.items()}
    made["dave"] = x509.generate(USERS["dave"])
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
    for domain in DOMAINS:
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


def check_found(server, source, own):
    """By whom it is from, and by others."""
    done = server.doveadm("-f", "json", "seal", "key", "find", "-n", "--timeout", str(AMPLE),
                          "--from", source, "-A")
    rows = {row["username"]: row for row in json.loads(done.stdout)}
    for name, key in own.items():
        assert rows[name]["result"] == "active", rows[name]
        there = rows[f"{name}-there"]
        assert (there["result"], there["fingerprint"]) == ("found", key.fingerprint)
        assert there["note"].endswith("would be pending")


def test_found_in_wkd(server, own, published):
    check_found(server, "wkd", {name: own[name] for name in PUBLISHED})


def test_found_in_dns(server, own, zones):
    """The lines of each domain in its zone, which is signed then."""
    for form in ("openpgpkey", "smimea"):
        for domain in DOMAINS:
            done = server.doveadm("seal", "key", "export", "-A", "--as", form, "--domain", domain)
            zones.zones[f"{domain}."].lines += done.stdout.decode()
    zones.start()
    check_found(server, "dns", own)


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
    for name in ("alice", "bob"):  # gpg doesn't look for internationalized domains
        done = correspondent("--with-colons", "--locate-external-keys", PUBLISHED[name])
        assert done.returncode == 0, done.stderr
        assert f"fpr:::::::::{own[name].fingerprint}:" in done.stdout.decode()
    done = correspondent("--trust-model", "always", "--encrypt", "--recipient",
                         own["alice"].fingerprint, "--output", "-", "/etc/hosts")
    assert own["alice"].opener.decrypt(done.stdout).recipients == list(own["alice"].encryption_ids)
    assert correspondent("--locate-external-keys", "nobody@example.org").returncode != 0


def test_users_with_uids_of_their_own(gnupg):
    """One doveadm, which is each of them in turn, asks by one connection, and root writes."""
    user = "%u" if dovecot_version().startswith("2.3.") else "%{user}"
    names = ("alice", "bob", "carol", "dave")
    made = {name: gnupg.generate(f"{name}@example.org") for name in names}
    with Dovecot([User(name) for name in names], system_users=True,
                 seal={"mail_seal_addresses": f"{user}@example.org"}) as server:
        for name in names[:2]:
            assert set_key(server, name, made[name].certificate).returncode == 0
        folder = server.folder / "openpgpkey"
        server.doveadm("seal", "key", "export", "-A", "--as", "wkd", "--to", folder)
        files = list(folder.rglob("*"))
        assert len([file for file in files if file.parent.name == "hu"]) == 2
        assert {(file.stat().st_uid, file.stat().st_gid) for file in files} == {(0, 0)}
        network = Network(server.sandbox)
        host = "openpgpkey.example.org"
        web = Web({host: Files(folder)}, tls(network.authority.certificate(host)))
        web.keeps.add(host)
        network.names(web.hosts())
        try:
            done = server.doveadm("-f", "json", "seal", "key", "find", "-A", "--timeout",
                                  str(AMPLE), "--from", "wkd", check=False)
        finally:
            web.close()
            network.close()
        rows = {row["username"]: row["result"] for row in json.loads(done.stdout)}
        assert [rows[name] for name in names] == ["active", "active", "none", "none"]
        assert web.connections == 1
