"""doveadm seal key find --from wkd: certificates in Web Key Directories."""

import gzip
import json
import ssl
import time

import pytest

import enrolment
from dovecot import Dovecot, User, dovecot_version
from network import Network, loopback
from patience import AMPLE, first_in_time
from sandbox import wait_until
from seal_key import TEMPORARY
from web import ADVANCED, DIRECT, Web, response, tls, wkd_hash
from x509 import EXPIRED

SETTING = "plugin/mail_seal_addresses" if dovecot_version().startswith("2.3.") else (
    "mail_seal_addresses")
TIMEOUT = 2
SLOW = 30  # seconds that a command takes on a busy machine, besides those for which it waits
TOO_LARGE = 300_000
LOCATION = "Location: https://ok.test/"


class World:
    """Many web servers. Each case is a domain, and a user of its own."""

    def __init__(self, sandbox, certificate, others):
        self.network = Network(sandbox)
        self.certificate = certificate
        self.answers = self._answers(certificate, others)
        authority = self.network.authority
        self.web = Web(self.answers, tls(authority.certificate(*self.answers)))
        self.webs = [self.web]
        ok = response(200, certificate)
        self._add("expired.test", ok, authority.certificate("expired.test", dates=EXPIRED))
        self._add("other.test", ok, authority.certificate("ok.test"))
        self._add("wildcard.a.test", ok, authority.certificate("*.test"))
        self._add("self-signed.test", ok,
                  authority.certificate("self-signed.test", self_signed=True))
        self._add("old-tls.test", ok, authority.certificate("old-tls.test"),
                  (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1))
        self._add("tls12.test", ok, authority.certificate("tls12.test"),
                  (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2))
        self.webs.append(Web({"http.test": ok}))
        silent, silent_address = loopback()
        silent.listen()
        self._silent = silent
        nobody, refused = loopback()
        nobody.close()
        here = self.web.address
        self.network.names([line for web in self.webs for line in web.hosts()] + [
            f"refused.test. A {refused}",
            f"openpgpkey.advanced-refused.test. A {refused}",
            f"advanced-refused.test. A {here}",
            f"silent.test. A {silent_address}",
            f"openpgpkey.advanced-silent.test. A {silent_address}",
            f"advanced-silent.test. A {here}",
            # draft-koch-openpgp-webkey-service section 3.1: where *.DOMAIN has an address
            f"*.empty.test. A {here}", 'openpgpkey.empty.test. TXT ""',
            f"two-addresses.test. A {refused}", "two-addresses.test. AAAA ::1",
        ], failing=["failing.test"])

    def close(self):
        for web in self.webs:
            web.close()
        self._silent.close()
        self.network.close()

    def _add(self, host, answer, certificate_file, versions=None):
        self.webs.append(Web({host: answer}, tls(certificate_file, versions)))

    def _answers(self, certificate, others):
        ok = response(200, certificate)
        statuses = (201, 204, 206, 400, 401, 403, 404, 410, 429, 500, 503)
        answers = {f"status-{status}.test": response(status, certificate) for status in statuses}
        answers |= {f"status-{status}.test": response(status, b"", LOCATION)
                    for status in (301, 302, 303, 307, 308)}
        answers |= {
            "ok.test": ok, "two-addresses.test": ok,
            "chunked.test": response(200, b"", "Transfer-Encoding: chunked", length=False)
            + b"%x\r\n%s\r\n0\r\n\r\n" % (len(certificate), certificate),
            "no-length.test": response(200, certificate, length=False),
            "text-html.test": response(200, certificate, "Content-Type: text/html"),
            "armored.test": response(200, others["armored"]),
            "several.test": response(200, others["stranger"] + certificate),
            "many.test": response(200, others["many"]),
            "stranger.test": response(200, others["stranger"]),
            "expired-key.test": response(200, others["expired"]),
            "secret.test": response(200, others["secret"]),
            "page.test": response(200, b"<html><body>It works!</body></html>"),
            "nothing.test": response(200),
            "no-answer.test": b"",
            "zipped.test": response(200, gzip.compress(certificate), "Content-Encoding: gzip"),
            "not-http.test": b"SSH-2.0-OpenSSH\r\n\r\n" + certificate,
            "cut.test": response(200, certificate)[:-10],
            "large.test": response(200, certificate + bytes(TOO_LARGE)),
            "endless.test": self._endless,
            "endless-header.test": self._endless_header,
            "endless-hints.test": self._endless_hints,
            "slow-header.test": self._slow_header,
            "slow-body.test": self._slow_body,
            "slow-404.test": self._slow_404,
            "large-404.test": response(404, bytes(TOO_LARGE)),
            "openpgpkey.advanced.test": ok, "advanced.test": response(500),
            "openpgpkey.advanced-404.test": response(404), "advanced-404.test": ok,
            "openpgpkey.advanced-403.test": response(403), "advanced-403.test": ok,
            "openpgpkey.advanced-large.test": response(200, bytes(TOO_LARGE)),
            "advanced-large.test": ok,
            "xn--bcher-kva.test": ok, "empty.test": ok, "kept.test": response(404),
            "advanced-refused.test": ok, "advanced-silent.test": ok,
        }
        return answers

    # None of them knows when to stop.

    def _go_on(self, send, data, pause=0.0):
        while not self.web.closing.wait(pause):
            send(data)

    def _endless(self, _request, send):
        send(response(200, self.certificate, length=False))
        self._go_on(send, bytes(16384))

    def _endless_header(self, _request, send):
        send(b"HTTP/1.1 200 OK\r\n")
        self._go_on(send, b"X: " + b"x" * 1000 + b"\r\n")

    def _endless_hints(self, _request, send):
        self._go_on(send, b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")

    def _slow_header(self, _request, send):
        send(b"HTTP/1.1 200 OK\r\n")
        self._go_on(send, b"X: x\r\n", 0.2)

    def _slow_body(self, _request, send):
        send(response(200, self.certificate, length=False)[:-100])
        self._go_on(send, b"x", 0.2)

    def _slow_404(self, _request, send):
        send(response(404, length=False))
        self._go_on(send, b"x", 0.2)


FOUND = ["ok", "chunked", "no-length", "text-html", "armored", "several", "tls12", "advanced",
         "empty", "two-addresses"]
NONE = {
    # why a certificate that is there doesn't count
    "status-404": "", "advanced-404": "", "large-404": "", "kept": "",
    "stranger": "is for mallory@example.net", "expired-key": "expired", "secret": "secret key",
    "many": "6 certificates",
}
UNKNOWN = {
    **{f"status-{status}": f"answers {status}" for status in (201, 204, 206, 400, 401, 403, 410,
                                                              429, 500, 503)},
    **{f"status-{status}": f"redirects ({status})" for status in (301, 302, 303, 307, 308)},
    "page": "isn't an OpenPGP certificate", "nothing": "isn't an OpenPGP certificate",
    "zipped": "isn't an OpenPGP certificate", "not-http": "", "no-answer": "",
    "cut": "", "large": "more than 256 kB", "endless": "more than 256 kB",
    "advanced-large": "more than 256 kB",
    "endless-header": "header is too large", "endless-hints": "header is too large",
    "advanced-403": "answers 403", "advanced-refused": "connect", "refused": "connect",
    "expired": "certificate has expired", "other": "other.test", "wildcard.a": "wildcard.a.test",
    "self-signed": "self-signed certificate", "old-tls": "protocol", "http": "",
    "nowhere": "there is no host openpgpkey.nowhere.test, and no nowhere.test",
    "failing": "no address of openpgpkey.failing.test",
}
TIMEOUTS = ["slow-header", "slow-body", "slow-404", "silent", "advanced-silent"]
KEPT = [f"kept{number}" for number in range(12)]
CASES = [*FOUND, *NONE, *UNKNOWN, *TIMEOUTS]
LOCAL_PARTS = {
    # user: (local part, as it is hashed, as it is escaped)
    "capitals": ("Joe.Doe", "joe.doe", "Joe.Doe"),
    "plus": ("joe+list", "joe+list", "joe%2Blist"),
    "signs": ("o'neil&co=x?y#z/..", "o'neil&co=x?y#z/..", "o%27neil%26co%3Dx%3Fy%23z%2F.."),
    "quoted": ('"John.Doe."', "john.doe.", "John.Doe."),
    "utf8": ("Jürgen.ÄÖ", "jürgen.ÄÖ", "J%C3%BCrgen.%C3%84%C3%96"),
}


def user_of(case):
    return case.replace(".", "-")


@pytest.fixture(scope="module")
def addresses():
    made = {user_of(case): f"joe@{case}.test" for case in CASES}
    return made | {"idn": "joe@bücher.test", "idn-a": "joe@xn--bcher-kva.test",
                   "trailing-dot": "joe@ok.test.", "upper-domain": "joe@OK.test",
                   "number": "joe@127.1", "literal": "joe@[127.0.0.1]", "enrolled": "joe@ok.test"}


@pytest.fixture(scope="module")
def server(addresses):
    users = [User(name, settings={"mail_seal_addresses": address})
             for name, address in addresses.items()]
    users += [User("somebody"), *(User(name, settings={"mail_seal_addresses": f"{name}@kept.test"})
                                  for name in KEPT)]
    with Dovecot(users) as dovecot:
        yield dovecot


@pytest.fixture(scope="module")
def key(gnupg, addresses):
    """One certificate for all of the cases."""
    made = gnupg.generate("joe@ok.test")
    for address in addresses.values():
        if address != "joe@ok.test" and address.startswith("joe@") and "[" not in address:
            gnupg.gpg("--quick-add-uid", made.fingerprint, f"joe <{address}>")
    return gnupg.key("joe@ok.test", made.fingerprint)


@pytest.fixture(scope="module")
def world(server, gnupg, key):
    expired = gnupg.generate_expired("joe@expired-key.test")
    stranger = gnupg.generate("mallory@example.net")
    many = [gnupg.generate(f"joe{number} <joe@many.test>") for number in range(6)]
    secret = gnupg.generate("joe@secret.test")
    made = World(server.sandbox, gnupg.export(key.fingerprint, armor=False), {
        "armored": key.certificate,
        "stranger": gnupg.export(stranger.fingerprint, armor=False),
        "expired": gnupg.export(expired.fingerprint, armor=False),
        "secret": gnupg.export_secret(secret.fingerprint),
        "many": gnupg.export(*(one.fingerprint for one in many), armor=False)})
    yield made
    made.close()


def find(server, *options, users=("-A",), environment=(), doveadm=(), status=0, timeout=AMPLE):
    """{user: row}, or the row of the only user; and what was said."""
    done = server.sandbox.run(
        "env", *environment, "doveadm", "-c", server.folder / "dovecot.conf", *doveadm, "-f",
        "json", "seal", "key", "find", "--from", "wkd", "--timeout", timeout, *options, *users,
        check=False)
    said = done.stderr.decode()
    assert done.returncode == status, said
    rows = json.loads(done.stdout)
    return (rows[0] if users[0] == "-u" else {row["username"]: row for row in rows}), said


@pytest.fixture(scope="module")
def run(server, world):
    """Two runs, over those who answer and those who are slow: {user: row}, and what was said."""
    slow = [user_of(case) for case in TIMEOUTS]
    answering = names(server, [user for user in server.users if user not in slow])
    rows, said = find(server, "-n", users=["-F", answering], status=TEMPORARY)
    late, also = first_in_time(lambda seconds: find_slow(server, slow, seconds), is_late)
    return rows | late, said + also


def find_slow(server, users, timeout):
    """They take their time each, and no more."""
    started = time.monotonic()
    got = find(server, "-n", users=["-F", names(server, users)], status=TEMPORARY, timeout=timeout)
    assert time.monotonic() - started < len(users) * timeout + SLOW
    return got


def is_late(got):
    """Was what comes before the answer too slow?"""
    return any("no answer in time" in row["note"] for row in got[0].values())


@pytest.mark.parametrize("case", FOUND)
def test_found(run, key, case):
    row = run[0][user_of(case)]
    assert (row["result"], row["source"]) == ("found", "wkd")
    assert row["fingerprint"] == key.fingerprint
    domain = f"{case}.test"
    path = f"{domain}{DIRECT.format(wkd_hash('joe'))}"
    if case == "advanced":
        path = f"openpgpkey.{domain}{ADVANCED.format(domain, wkd_hash('joe'))}"
    assert row["where"] == f"https://{path}?l=joe"


@pytest.mark.parametrize("case", NONE)
def test_none(run, case):
    row = run[0][user_of(case)]
    assert (row["result"], row["fingerprint"]) == ("none", "")
    assert NONE[case] in row["note"]
    assert bool(NONE[case]) == bool(row["note"])


@pytest.mark.parametrize("case", UNKNOWN)
def test_unknown(run, case):
    rows, said = run
    row = rows[user_of(case)]
    assert (row["result"], row["fingerprint"]) == ("unknown", "")
    assert row["note"].startswith("wkd: ")
    assert UNKNOWN[case] in row["note"]
    assert f"doveadm({user_of(case)})" in said


@pytest.mark.parametrize("case", TIMEOUTS)
def test_timeout(run, case):
    row = run[0][user_of(case)]
    assert (row["result"], row["note"]) == ("unknown", "wkd: no whole answer in time")


def test_an_error_line_each(run):
    rows, said = run
    unknown = [user for user, row in rows.items() if row["result"] == "unknown"]
    for user in rows:
        lines = [line for line in said.splitlines() if f"doveadm({user})" in line]
        assert len(lines) == (1 if user in unknown else 0), lines
        assert all("Error: mail_seal: Not known whether there is a certificate: wkd: https://" in
                   line for line in lines)


@pytest.mark.parametrize("case", LOCAL_PARTS)
def test_local_parts(server, world, case):
    local_part, hashed, escaped = LOCAL_PARTS[case]
    setting = f"{SETTING}={local_part}@kept.test"
    row, _ = find(server, "-n", users=["-u", "somebody"], doveadm=["-o", setting])
    assert (row["result"], row["note"]) == ("none", "")
    assert world.web.requests[-1].target == f"{DIRECT.format(wkd_hash(hashed))}?l={escaped}"


@pytest.mark.parametrize("user,host", [
    ("idn", "xn--bcher-kva.test"), ("idn-a", "xn--bcher-kva.test"), ("trailing-dot", "ok.test"),
    ("upper-domain", "ok.test")])
def test_domains(run, key, user, host):
    row = run[0][user]
    assert row["where"].startswith(f"https://{host}/.well-known/")
    assert (row["result"], row["fingerprint"]) == ("found", key.fingerprint)


@pytest.mark.parametrize("user", ["number", "literal"])
def test_no_domains(run, user):
    row = run[0][user]
    assert row["result"] == "none"
    assert "https://" not in row["where"]


def test_the_request(run, world):
    """What a server learns, and nothing more."""
    for request in world.web.requests:
        assert set(request.fields) == {"host", "user-agent", "accept"}
        assert request.fields["user-agent"] == "mail_seal"
    # no redirect was followed
    asked = [request.target for request in world.web.requests if request.host == "ok.test"]
    assert all(target.startswith("/.well-known/openpgpkey/hu/") for target in asked)


def test_a_connection_is_kept(server, world):
    """For all users of a domain."""
    world.web.keeps.add("kept.test")
    before = world.web.connections
    try:
        rows, _ = find(server, "-n", users=["-F", names(server, KEPT)])
    finally:
        world.web.keeps.clear()
    assert {row["result"] for row in rows.values()} == {"none"}
    assert world.web.connections == before + 1


def test_a_connection_is_closed(server, world):
    """The server doesn't say that it does, and libcurl wonders about that a few times only."""
    before = world.web.connections
    rows, _ = find(server, "-n", users=["-F", names(server, KEPT)])
    assert {row["result"] for row in rows.values()} == {"none"}
    assert world.web.connections >= before + len(KEPT)


def names(server, users):
    """A file of them."""
    file = server.folder / "names"
    file.write_text("".join(f"{user}\n" for user in users))
    file.chmod(0o644)
    return file


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
def test_no_proxy(server, world, key, variable):
    proxy, address = loopback(port=8080)
    with proxy:
        proxy.listen()
        proxy.settimeout(0)
        row, _ = find(server, "-n", users=["-u", "ok"],
                      environment=[f"{variable}=http://{address}:8080"])
        assert row["fingerprint"] == key.fingerprint
        with pytest.raises(BlockingIOError):
            proxy.accept()


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "CURL_CA_BUNDLE"])
def test_no_other_authorities(server, world, variable):
    """Those of the system, and nobody else's."""
    own = world.network.authority.certificate_file.parent
    row, _ = find(server, "-n", users=["-u", "self-signed"], status=TEMPORARY,
                  environment=[f"{variable}={own / 'authority.pem'}"])
    assert "self-signed certificate" in row["note"]


def test_the_name_server_is_silent(server, world):
    """One time-out for a domain, then it is skipped."""
    with world.network.silent_name_server():
        started = time.monotonic()
        rows, said = find(server, "-n", status=TEMPORARY, timeout=TIMEOUT,
                          users=["-F", names(server, ["ok", *KEPT])])
        took = time.monotonic() - started
    assert {row["result"] for row in rows.values()} == {"unknown"}
    assert rows["ok"]["note"] == "wkd: no address of openpgpkey.ok.test: no answer in time"
    skipped = [user for user, row in rows.items() if "skipped: " in row["note"]]
    assert len(skipped) == len(KEPT) - 1
    assert took < 2 * TIMEOUT + SLOW
    assert said.count("Error: ") == 2
    assert wait_until(lambda: not server.foreign_processes())


def test_there_is_no_name_server(server, world):
    with world.network.no_name_server():
        row, _ = find(server, "-n", users=["-u", "ok"], status=TEMPORARY)
    assert row["result"] == "unknown"
    assert row["note"].startswith("wkd: no address of openpgpkey.ok.test: ")


def test_the_search_list_is_not_used(server, world):
    """ok.test.test isn't ok.test."""
    world.network.ask(world.network.name_server, search="test")
    try:
        row, _ = find(server, "-n", users=["-u", "nowhere"], status=TEMPORARY)
    finally:
        world.network.ask(world.network.name_server)
    assert "there is no host openpgpkey.nowhere.test" in row["note"]


def test_by_doveadm_server(server, world, key):
    for user, result, status in (("ok", "found", 0), ("status-404", "none", 0),
                                 ("expired", "unknown", TEMPORARY)):
        row, _ = find(server, "-n", *server.doveadm_server, users=["-u", user], status=status)
        assert row["result"] == result
    row, _ = find(server, "-n", *server.doveadm_server, users=["-u", "slow-body"],
                  status=TEMPORARY, timeout=TIMEOUT)
    assert row["result"] == "unknown"


def test_what_is_found_waits_for_its_owner(server, world, key):
    """A certificate that somebody else has put there locks nobody out."""
    row, _ = find(server, users=["-u", "ok"])
    assert row["result"] == "found"
    assert not server.keys_file("ok").exists()
    assert enrolment.sealed_to(server, "ok") == []
    with server.imap("ok") as client:
        assert enrolment.give(client, enrolment.code(server, "ok", key)).status == "OK"
    assert enrolment.sealed_to(server, "ok") == [key.fingerprint]
    row, _ = find(server, users=["-u", "ok"])
    assert row["result"] == "active"


def test_activate(server, world, key):
    row, _ = find(server, "--activate", users=["-u", "advanced"])
    assert row["result"] == "found"
    assert enrolment.sealed_to(server, "advanced") == [key.fingerprint]


def test_somebody_enrolled_is_left_alone(server, world, gnupg, key):
    """Also where another certificate is found, or something is wrong."""
    own = gnupg.generate("joe@ok.test")
    server.give("enrolled", ".mail-seal/keys", own.certificate)
    row, _ = find(server, "--activate", users=["-u", "enrolled"])
    assert (row["result"], row["fingerprint"]) == ("changed", key.fingerprint)
    assert server.keys_file("enrolled").read_bytes() == own.certificate
    assert not server.pending_file("enrolled").exists()
