"""seal key find --from dns: certificates in signed zones, and what isn't one, or isn't sure."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

import resolvers
from dovecot import Dovecot, User
from patience import AMPLE, first_in_time
from ports import free_port
from sandbox import wait_until
from seal_key import TEMPORARY
from zones import (FULL_CERTIFICATE, FUTURE, OPENPGPKEY, PAST, SMIMEA, NameServer, owner_name,
                   record)

UNSIGNED = "isn't signed (DNSSEC)"
BOGUS = "the answer is bogus (DNSSEC)"
HASH = bytes(32)


class Publisher:
    """Zones with certificates, and the users for whom they are looked for."""

    def __init__(self, gnupg, x509):
        self.server = NameServer()
        self._gnupg = gnupg
        self._x509 = x509
        self.users = {}
        self.keys = {}

    def look_for(self, user, address, **settings):
        """A user with this address."""
        settings["addresses"] = address
        self.users[user] = User(user, settings={f"mail_seal_{name}": str(value)
                                                for name, value in settings.items()})

    def key(self, user, address, **options):
        """A user's key; returns its certificate as DNS has it."""
        self.keys[user] = self._gnupg.generate(address, **options)
        return self._gnupg.export(self.keys[user].fingerprint, armor=False)

    def zone_of(self, address):
        return self.server.zones[address.rsplit("@", 1)[1].encode("idna").decode() + "."]

    def publish(self, user, address, *records, at=None):
        """A user with an OPENPGPKEY record, or with others, as (type, data)."""
        self.look_for(user, address)
        for rrtype, data in records or [(OPENPGPKEY, self.key(user, address))]:
            self.zone_of(at or address).publish(at or address, rrtype, data)

    def publish_x509(self, user, address, before=FULL_CERTIFICATE):
        self.keys[user] = self._x509.generate(address)
        self.publish(user, address, (SMIMEA, before + self.keys[user].der))

    def alias(self, user, address, target, data=None):
        """A user whose name is an alias of another's, where his certificate is, or this data."""
        self.look_for(user, address)
        self.zone_of(address).alias(address, OPENPGPKEY, owner_name(target, OPENPGPKEY))
        if target != address:
            self.zone_of(target).publish(
                target, OPENPGPKEY, self.key(user, address) if data is None else data)

    def dovecot(self, **more):
        return Dovecot(self.users.values(), seal={
            "mail_seal_dns_trust_anchor": str(self.server.anchor()),
            "mail_seal_dns_servers": self.server.address}, **more)


def find(dovecot, *arguments, timeout=AMPLE, **options):
    """{user: row} of what a run would do, and the run."""
    done = dovecot.doveadm("-f", "json", "seal", "key", "find", "-n", "--from", "dns", "--timeout",
                           str(timeout), *arguments, check=False, **options)
    assert done.stdout, done.stderr.decode()
    return {row.get("username"): row for row in json.loads(done.stdout)}, done


# What is published; and of each user the result, and a part of the note

def secure(dns):
    """Signed certificates, in zones of all kinds."""
    dns.server.zone("good.example.")
    dns.publish("alice", "alice@good.example")
    yield "alice", "found", "would be pending"
    dns.publish("lower", "Lower.Case@good.example", at="lower.case@good.example")
    yield "lower", "found", ""
    dns.publish("written", "Written@good.example")
    dns.zone_of("a@good.example").publish(
        "written@good.example", OPENPGPKEY, dns.key("other", "written@good.example"))
    dns.look_for("other", "other@good.example")
    yield "written", "found", ""
    dns.publish("large", "large@good.example", (OPENPGPKEY, dns.key(
        "large", "large@good.example", algorithm="rsa4096", encryption="rsa4096")))
    yield "large", "found", ""
    dns.publish_x509("smime", "smime@good.example")
    yield "smime", "found", ""
    dns.publish("three", "three@good.example", *(
        (OPENPGPKEY, dns.key(user, f"{user}@good.example")) for user in ("one", "two", "three")))
    yield "three", "found", ""
    for name, flags in ("nsec3", ["-n"]), ("optout", ["-n", "-p"]):
        dns.server.zone(f"{name}.example.", flags)
        dns.publish(name, f"{name}@{name}.example")
        yield name, "found", ""
    dns.server.zone("xn--bcher-kva.example.")
    dns.publish("idn", "idn@bücher.example", (OPENPGPKEY, dns.key(
        "idn", "idn@bücher.example", time_options=["--charset", "utf-8"])))
    yield "idn", "found", ""


def elsewhere(dns):
    """Aliases and wildcards."""
    dns.server.zone("alias.example.").lines += \
        "_openpgpkey.alias.example. 60 IN DNAME _openpgpkey.target.example.\n"
    dns.server.zone("target.example.")
    dns.publish("dname", "dname@alias.example", at="dname@target.example")
    yield "dname", "found", ""
    dns.alias("cname", "cname@good.example", "target@good.example")
    yield "cname", "found", ""
    dns.alias("around", "around@good.example", "around@good.example")
    yield "around", "unknown", "no server has an answer"
    dns.look_for("wild", "wild@wild.example")
    dns.server.zone("wild.example.").lines += record(
        "*._openpgpkey.wild.example.", OPENPGPKEY, dns.key("wild", "wild@wild.example"))
    yield "wild", "found", ""


def absent(dns):
    """It is sure that there is no certificate."""
    for name in "good", "nsec3", "no-such-zone":
        dns.look_for(f"no-{name}", f"nobody@{name}.example")
        yield f"no-{name}", "none", ""
    # of those that the zone's NSEC3 records leave out, nothing is said
    dns.look_for("no-optout", "nobody@optout.example")
    yield "no-optout", "none", UNSIGNED
    dns.look_for("no-domain", f"a@{'x.' * 100}example")
    yield "no-domain", "none", "too long"


def useless(dns):
    """Records that hold no certificate of an owner's."""
    for user, rrtype, data, note in [
            ("hash", SMIMEA, bytes([3, 0, 1]) + HASH, "only a hash"),
            ("hash-of-key", SMIMEA, bytes([3, 1, 1]) + HASH, "only a hash"),
            ("junk", OPENPGPKEY, b"junk", "isn't a certificate"),
            ("no-der", SMIMEA, FULL_CERTIFICATE + b"junk", "isn't a certificate"),
            ("packet", OPENPGPKEY, b"\x99\x00\x01\x04", "")]:
        dns.publish(user, f"{user}@good.example", (rrtype, data))
        yield user, "none", note
    for usage in 0, 1, 2:
        dns.publish_x509(f"usage{usage}", f"usage{usage}@good.example", bytes([usage, 0, 0]))
        yield f"usage{usage}", "none", "an authority's certificate or a bare key"
    dns.publish("stranger", "stranger@good.example",
                (OPENPGPKEY, dns.key("stranger", "somebody@good.example")))
    yield "stranger", "none", ""
    dns.publish("huge", "huge@good.example", *(
        (OPENPGPKEY, b"\x99\x13\x80" + bytes([number]) + bytes(4900)) for number in range(12)))
    yield "huge", "none", ""
    dns.publish("six", "six@good.example", *(
        (OPENPGPKEY, dns.key("six", "six@good.example")) for _ in range(6)))
    yield "six", "none", ""


def insecure(dns):
    """What nobody vouches for is ignored."""
    dns.server.zone("unsigned.example.", flags=None)
    dns.server.zone("island.example.", ds="")
    dns.server.zone("algorithm.example.", ds="unknown")
    for name in "unsigned", "island", "algorithm":
        dns.publish(name, f"{name}@{name}.example")
        yield name, "none", UNSIGNED
        dns.look_for(f"no-{name}", f"nobody@{name}.example")
        yield f"no-{name}", "none", UNSIGNED
    dns.alias("to-unsigned", "to-unsigned@good.example", "alias@unsigned.example")
    yield "to-unsigned", "none", UNSIGNED


def bogus(dns):
    """What is vouched for, and false."""
    dns.server.zone("expired.example.", PAST)
    dns.server.zone("early.example.", FUTURE)
    dns.server.zone("replaced.example.", ds="other")
    dns.server.zone("stripped.example.").forged.append((r"(?m)^.*\tRRSIG\tOPENPGPKEY .*\n", ""))
    dns.server.zone("changed.example.").forged.append((r"(\tOPENPGPKEY\tmDM..)...", r"\1AAA"))
    for name in "expired", "early", "replaced", "stripped", "changed":
        dns.publish(name, f"{name}@{name}.example")
        yield name, "unknown", BOGUS
    for name in "expired", "early", "replaced":
        dns.look_for(f"no-{name}", f"nobody@{name}.example")
        yield f"no-{name}", "unknown", BOGUS
    # somebody puts a record into a zone whose key he doesn't have
    dns.look_for("added", "added@added.example")
    dns.server.zone("added.example.").forged.append(
        (r"\Z", record(owner_name("added@added.example", OPENPGPKEY), OPENPGPKEY,
                      dns.key("added", "added@added.example")).replace("\\", r"\\")))
    yield "added", "unknown", BOGUS
    dns.alias("to-bogus", "to-bogus@good.example", "alias@replaced.example")
    yield "to-bogus", "unknown", BOGUS


def anchors(dns):
    """What the trust anchor's file may be."""
    server = dns.server
    for user, text, result, note in [
            ("key-record", server.root.key_record(), "found", ""),
            ("two-anchors", server.root.key_ds() + f"other. IN DS 1 13 2 {64 * '0'}\n",
             "found", ""),
            ("only-zone", server.zones["good.example."].key_ds(), "found", ""),
            ("no-anchor", "; none\n", "unknown", "there is no trust anchor in it"),
            ("no-record", ". IN TXT yes\n", "unknown", "isn't a DS or DNSKEY record"),
            ("no-hash", ". IN DS 1 13 2 no\n", "unknown", "can't read the trust anchors"),
            ("wrong", f". IN DS 1 13 2 {64 * '0'}\n", "unknown", BOGUS),
            ("new-algorithm", f". IN DS 1 250 2 {64 * '0'}\n", "unknown", "of a kind"),
            ("new-digest", f". IN DS 1 13 250 {64 * '0'}\n", "unknown", "of a kind"),
            ("not-above", f"other. IN DS 1 13 2 {64 * '0'}\n", "unknown", "no trust anchor")]:
        dns.look_for(user, "alice@good.example", dns_trust_anchor=server.anchor(text))
        dns.keys[user] = dns.keys["alice"]
        yield user, result, note
    dns.look_for("no-file", "alice@good.example", dns_trust_anchor="/nonexistent/anchor")
    yield "no-file", "unknown", "can't be read"


GROUPS = [secure, elsewhere, absent, useless, insecure, bogus, anchors]


class Found:
    """What one run says of all of them."""

    def __init__(self, publisher, dovecot, cases, rows, done):
        self.publisher = publisher
        self.dovecot = dovecot
        self.cases = cases
        self.rows = rows
        self.done = done


@pytest.fixture(scope="module")
def found(gnupg, x509):
    publisher = Publisher(gnupg, x509)
    try:
        cases = {group: list(group(publisher)) for group in GROUPS}
        publisher.server.start()
        with publisher.dovecot() as dovecot:
            yield Found(publisher, dovecot, cases, *find(dovecot, "-A"))
    finally:
        publisher.server.close()


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_what_is_found(found, group):
    wrong = [(user, result, note, found.rows[user]) for user, result, note in found.cases[group]
             if found.rows[user]["result"] != result or note not in found.rows[user]["note"]
             or (result == "found" and
                 found.rows[user]["fingerprint"] != found.publisher.keys[user].fingerprint)]
    assert not wrong, wrong


def test_what_is_unknown_is_said(found):
    """A line of the log, and the exit status: cron tells the administrator."""
    notes = [row["note"].removeprefix("dns: ") for row in found.rows.values()
             if row["result"] == "unknown"]
    lines = found.done.stderr.decode().splitlines()
    assert found.done.returncode == TEMPORARY
    for note in notes:
        assert any(line.endswith(note) for line in lines), (note, lines)
    for line in lines:
        assert "Error: " in line and "dns" in line
        assert any(line.endswith(note) for note in notes), line


def test_where(found):
    """The row names the record."""
    rows, name = found.rows, owner_name
    assert rows["alice"]["where"] == name("alice@good.example", OPENPGPKEY)[:-1] + " OPENPGPKEY"
    assert rows["lower"]["where"] == \
        name("lower.case@good.example", OPENPGPKEY)[:-1] + " OPENPGPKEY"
    assert rows["smime"]["where"] == name("smime@good.example", SMIMEA)[:-1] + " SMIMEA"
    assert rows["expired"]["where"] == \
        name("expired@expired.example", OPENPGPKEY)[:-1] + " OPENPGPKEY"


def test_by_doveadm_server(found):
    """The same under its memory limit, in one process that takes other identities."""
    rows, done = find(found.dovecot, *found.dovecot.doveadm_server, "-A")
    assert done.returncode == TEMPORARY
    for user, row in rows.items():
        for column in "result", "source", "where", "fingerprint":
            assert row[column] == found.rows[user][column], row
    assert found.dovecot.new_crashes() == []


# Servers that don't answer, and resolvers that lie

TIMEOUT = 2
LATE = "no answer in time"
SLOW = 30  # seconds that a command takes on a busy machine, besides those for which it waits

ALICE, UNSIGNED_OWNER = "alice@good.example", "unsigned@unsigned.example"
SMALL = "junk@good.example"          # fits where there is no TCP
LIARS = [
    (resolvers.silent, ALICE, "unknown", "no answer in time"),
    (resolvers.failing, ALICE, "unknown", "no server has an answer"),
    (resolvers.refusing, ALICE, "unknown", "no server has an answer"),
    (resolvers.without_dnssec, SMALL, "unknown", BOGUS),
    (resolvers.authenticating, SMALL, "unknown", BOGUS),
    (resolvers.saying_authentic, UNSIGNED_OWNER, "none", UNSIGNED),
    (resolvers.erring, SMALL, "unknown", ""),
    (resolvers.erring, UNSIGNED_OWNER, "unknown", ""),
    # whose data libunbound 1.17 hands on as it is, and says nothing of it: without a look at the
    # code it would count as unsigned, as none; 1.26 has no answer then
    (resolvers.erring_in_the_end, SMALL, "unknown", ""),
    (resolvers.erring_in_the_end, UNSIGNED_OWNER, "unknown", ""),
    (resolvers.denying, ALICE, "unknown", ""),
    (resolvers.denying, UNSIGNED_OWNER, "unknown", ""),
    (resolvers.emptying, ALICE, "unknown", ""),
    (resolvers.cutting, ALICE, "unknown", ""),
    (resolvers.mistaking, ALICE, "unknown", "no answer in time"),
    (resolvers.mangling, ALICE, "unknown", ""),
    (resolvers.babbling, ALICE, "unknown", ""),
    (resolvers.heading, ALICE, "unknown", "")]


class Askers:
    """A Dovecot whose users are looked for by other servers each."""

    def __init__(self, server):
        self.server = server
        self.resolvers = []
        self.users = {}
        for number, (answer, address, *_) in enumerate(LIARS):
            self.add(f"liar{number}", address, self.start_resolver(answer).address)
        self.silent = self.start_resolver(resolvers.silent)
        self.add("dead", ALICE, f"127.0.0.1@{free_port()}")
        self.add("silent-first", ALICE, f"{self.silent.address},{server.address}")
        self.add("silent-last", ALICE, f"{server.address},{self.silent.address}")
        self.add("silent", ALICE, self.silent.address)
        self.add("default", ALICE)
        self.dovecot = Dovecot(self.users.values(),
                               seal={"mail_seal_dns_trust_anchor": str(server.anchor())})

    def start_resolver(self, answer):
        self.resolvers.append(resolvers.Resolver(self.server.port, answer))
        return self.resolvers[-1]

    def add(self, user, address, servers=None):
        self.users[user] = User(user, settings={"mail_seal_addresses": address})
        if servers:
            self.users[user].settings["mail_seal_dns_servers"] = servers

    def look_for(self, user, timeout=AMPLE):
        """The user's row."""
        started = time.monotonic()
        rows, _ = find(self.dovecot, "-u", user, timeout=timeout)
        assert time.monotonic() - started < timeout + SLOW
        return rows[None]


@pytest.fixture(scope="module")
def askers(found):
    made = Askers(found.publisher.server)
    try:
        with made.dovecot:
            yield made
    finally:
        for resolver in made.resolvers:
            resolver.close()


@pytest.mark.parametrize("number", range(len(LIARS)),
                         ids=[f"{answer.__name__}-{address}" for answer, address, *_ in LIARS])
def test_resolver_that_lies(askers, number):
    *_, result, note = LIARS[number]
    row = first_in_time(lambda seconds: askers.look_for(f"liar{number}", seconds),
                        lambda row: LATE in row["note"] and note != LATE)
    assert (row["result"], note in row["note"]) == (result, True), row
    assert wait_until(lambda: not askers.dovecot.foreign_processes())


def test_dead_server(askers):
    assert askers.look_for("dead", 2)["result"] == "unknown"


@pytest.mark.parametrize("user", ["silent-first", "silent-last"])
def test_one_of_two_servers(askers, user):
    """The other one is asked."""
    row = askers.look_for(user)
    assert row["result"] == "found", row


def test_servers_of_resolv_conf(askers):
    conf = askers.dovecot.folder / "resolv.conf"
    conf.write_text(f"search example\nnameserver {askers.server.resolver_address}\n"
                    "options edns0\n")
    with askers.dovecot.sandbox.mounted_over(conf, "/etc/resolv.conf"):
        row = askers.look_for("default")
    assert row["result"] == "found", row


def test_nothing_else_is_started(askers):
    """While it waits it is one thread of one process; and it can be ended."""
    dovecot = askers.dovecot
    askers.silent.asked.clear()
    doveadm = dovecot.sandbox.start(
        "doveadm", "-c", dovecot.folder / "dovecot.conf", "seal", "key", "find", "-n", "--from",
        "dns", "--timeout", "60", "-u", "silent")
    assert askers.silent.asked.wait(300)
    [pid] = [pid for pid, command in dovecot.sandbox.processes().items()
             if " seal key find " in command and not command.startswith("nsenter ")]
    assert [task.name for task in Path(f"/proc/{pid}/task").iterdir()] == [str(pid)]
    assert Path(f"/proc/{pid}/task/{pid}/children").read_text() == ""
    os.kill(pid, signal.SIGKILL)
    doveadm.wait()
    assert wait_until(lambda: not dovecot.foreign_processes())


def test_silence_is_not_waited_for_again_and_again(found, askers):
    """Each domain once, and not even that where no server answers anything."""
    anchor = found.publisher.server.anchor()
    users = [User(f"{user}{domain}", settings={
        "mail_seal_addresses": f"{user}@silent{domain}.example"})
        for domain in range(10) for user in "ab"]
    with Dovecot(users, seal={"mail_seal_dns_trust_anchor": str(anchor),
                              "mail_seal_dns_servers": askers.silent.address}) as dovecot:
        started = time.monotonic()
        rows, done = find(dovecot, "-A", timeout=TIMEOUT)
        took = time.monotonic() - started
    assert done.returncode == TEMPORARY
    assert {row["result"] for row in rows.values()} == {"unknown"}
    # three domains are waited for, and then nobody but for a look whether anybody is there
    notes = [row["note"] for row in rows.values()]
    assert [sum(what in note for note in notes) for what in (
        LATE, "no name server answers", "skipped: ")] == [3, 7, 10], notes
    assert 4 * TIMEOUT <= took < 4 * TIMEOUT + SLOW
