"""Teams of many members, and how their messages come out."""

import re

import pytest

import mail
import packets
import team
from dovecot import Dovecot, User
from sandbox import wait_until

MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")
SIEVE = 'require "fileinto"; fileinto "Public/CERT";'
MANY = 500
NAMED = 32
MARK = re.compile(rb"X-Mail-Seal: v=1;\s+keys=([0-9A-F]+(?:,\s*[0-9A-F]+)*)(?:;\s+keys=(\d+))?\n")


@pytest.fixture(scope="module")
def members(gnupg):
    return gnupg.generate_many(MANY)


@pytest.fixture(scope="module")
def server(keys):
    users = [User("alice", keys.alice.certificate, sieve=SIEVE)]
    with Dovecot(users, shared=True, plugins=("sieve",),
                 groups={"CERT": "file:FOLDER/cert.asc"}) as dovecot:
        team.make(dovecot, "CERT", "Other")
        yield dovecot


def check_mark(stored, fingerprints):
    """The first header field; of many some are named, and then how many there are."""
    found = MARK.match(mail.lf(stored))
    assert found, stored[:200]
    named = [name.decode() for name in re.split(rb",\s*", found[1])]
    assert named == list(fingerprints[:NAMED])
    assert found[2] == (str(len(fingerprints)).encode() if len(fingerprints) > NAMED else None)
    assert max(map(len, mail.lf(found[0]).split(b"\n"))) <= 78


def unseal(stored):
    """mail.unseal() of a message whose mark is of one."""
    stored = mail.lf(stored)
    return mail.unseal(b"X-Mail-Seal: v=1; keys=00\n" + stored[MARK.match(stored).end():])


@pytest.mark.parametrize("count", [2, NAMED, NAMED + 1, 50, MANY])
def test_many_members(server, gnupg, keys, members, count):
    some = members[:count]
    fingerprints = [fingerprint for fingerprint, _ in some]
    team.give(server, "cert.asc", gnupg.export(*fingerprints))
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    with server.imap("alice") as client:
        assert client.append("Public/CERT", MESSAGE).ok
        delivered, appended = client.messages("Public/CERT")
        # It is known as encrypted, and stays as it is.
        client.select("Public/CERT")
        client.must("MOVE 1:2 Public/Other")
        assert client.messages("Public/Other") == [delivered, appended]
        client.command("STORE 1:* +FLAGS (\\Deleted)")
        client.command("EXPUNGE")
    for stored in (delivered, appended):
        check_mark(stored, fingerprints)
        decrypted = gnupg.decrypt(unseal(stored).ciphertext)
        assert sorted(decrypted.recipients) == sorted(key_id for _, key_id in some)
        mail.assert_same_bytes(decrypted.data, mail.expected_entity(MESSAGE))


def test_status_knows_it(server, gnupg, members):
    team.give(server, "cert.asc", gnupg.export(*(name for name, _ in members[:50])))
    with server.imap("alice") as client:
        assert client.append("Public/CERT", MESSAGE).ok
    row, = server.doveadm_rows("seal", "status", "-u", "alice", "Public/CERT")
    assert (row["sealed"], row["plaintext"]) == (1, 0)
    assert f"{members[0][0]}:1" in row["keys"]
    team.take(server, "CERT")


def test_one_more_is_refused(server, gnupg, keys, members):
    team.give(server, "cert.asc", gnupg.export(*(name for name, _ in members)),
              keys.alice.certificate)
    with server.imap("alice") as client:
        refused = client.append("Public/CERT", MESSAGE)
    assert refused.status == "NO"
    assert "it holds more than 500 certificates" in refused.text
    assert team.messages(server, "CERT") == []


def test_an_owner_may_not_have_as_many(server, gnupg, members):
    """What is known of a team's file isn't known of an owner's."""
    some = gnupg.export(*(name for name, _ in members[:NAMED + 1]))
    team.give(server, "cert.asc", some)
    server.give("alice", ".mail-seal/keys", some)
    with server.imap("alice") as client:
        assert client.append("Public/CERT", MESSAGE).ok
        refused = client.append("INBOX", MESSAGE)
        assert "it holds more than 32 certificates" in refused.text
    team.take(server, "CERT")


def test_large_keys(server):
    """Of which the session keys take more than is looked at of an owner's message."""
    count, modulus = 150, (1 << 16383) + 12345
    certificates = []
    for n in range(count):
        primary = packets.Primary(1600000000 + n)
        subkey = packets.key_body(packets.RSA, packets.rsa(modulus), 1600000000 + n)
        certificates.append(packets.armor(
            primary.packet + primary.user(f"member{n}@example.org", primary.created)
            + primary.bind(subkey, {"created": primary.created, "flags": packets.ENCRYPT})))
    team.give(server, "cert.asc", *certificates)
    with server.imap("alice") as client:
        assert client.append("Public/CERT", MESSAGE).ok
        client.select("Public/CERT")
        client.must("COPY 1 Public/Other")
        assert client.messages("Public/Other") == client.messages("Public/CERT")
    stored = team.take(server, "CERT")
    assert b"; keys=%d\n" % count in mail.lf(stored)
    assert len(stored) > count * 2048
    team.take(server, "Other")


@pytest.fixture(scope="module")
def x509_members(x509):
    return x509.generate_many(MANY)


@pytest.mark.parametrize("count", [2, 50, MANY])
def test_many_x509_members(server, x509_members, count):
    team.give(server, "cert.asc", *(key.certificate for key in x509_members[:count]))
    with server.imap("alice") as client:
        assert client.append("Public/CERT", MESSAGE).ok
        client.select("Public/CERT")
        client.must("COPY 1 Public/Other")
        assert client.messages("Public/Other") == client.messages("Public/CERT")
    stored = team.take(server, "CERT")
    team.take(server, "Other")
    der = unseal(stored).ciphertext if count > NAMED else mail.unseal(stored).ciphertext
    for n in (0, count - 1):
        mail.assert_same_bytes(x509_members[n].opener.decrypt(der).data,
                               mail.expected_entity(MESSAGE))


def test_a_self_signed_member_is_no_authority(server, x509, x509_keys):
    """Beside others' certificates that somebody has issued."""
    authority = x509.generate("ca@example.org")
    issued = x509.generate("issued@example.org", issuer=authority,
                           extensions=["basicConstraints=critical,CA:FALSE"])
    team.give(server, "cert.asc", x509_keys.alice.certificate, issued.certificate,
              authority.certificate)
    with server.imap("alice") as client:
        assert client.append("Public/CERT", MESSAGE).ok
    assert mail.unseal(team.take(server, "CERT")).fingerprints == [
        x509_keys.alice.fingerprint, issued.fingerprint]


def test_whose_name_another_member_has_as_issuer(server, x509, x509_keys):
    """Anybody can have any name written there: it makes nobody an authority."""
    impostor = x509.generate(x509_keys.alice.address)
    other = x509.generate("other@example.org", issuer=impostor,
                          extensions=["basicConstraints=critical,CA:FALSE"])
    team.give(server, "cert.asc", x509_keys.alice.certificate, other.certificate)
    with server.imap("alice") as client:
        assert client.append("Public/CERT", MESSAGE).ok
    assert mail.unseal(team.take(server, "CERT")).fingerprints == [
        x509_keys.alice.fingerprint, other.fingerprint]


def test_one_persons_two_certificates(server, x509):
    """The one for signing is no recipient, but nobody else's is left out for it unseen."""
    usage = "keyUsage=critical,digitalSignature"
    both = x509.generate("both@example.org")
    signing = x509.generate("both@example.org", extensions=[usage])
    alone = x509.generate("alone@example.org", extensions=[usage])
    mark = len(server.log())
    team.give(server, "cert.asc", both.certificate, signing.certificate, alone.certificate)
    with server.imap("alice") as client:
        assert client.append("Public/CERT", MESSAGE).ok
    assert mail.unseal(team.take(server, "CERT")).fingerprints == [both.fingerprint]
    assert wait_until(lambda: f"{alone.fingerprint}: its key usage doesn't allow encryption"
                      in server.log_since(mark)), server.log_since(mark)
    assert signing.fingerprint not in server.log_since(mark)


def test_by_gpg(gnupg, keys, members):
    """The engine for what libcrypto doesn't know, or for all if the administrator wants it."""
    with Dovecot([User("alice", keys.alice.certificate)], shared=True,
                 groups={"CERT": "file:FOLDER/cert.asc"},
                 seal={"mail_seal_openpgp_engine": "gpg"}) as server:
        team.make(server, "CERT")
        team.give(server, "cert.asc", gnupg.export(*(name for name, _ in members)))
        with server.imap("alice") as client:
            assert client.append("Public/CERT", MESSAGE).ok
        decrypted = gnupg.decrypt(unseal(team.take(server, "CERT")).ciphertext)
        assert sorted(decrypted.recipients) == sorted(key_id for _, key_id in members)
        mail.assert_same_bytes(decrypted.data, mail.expected_entity(MESSAGE))
        assert wait_until(lambda: server.new_crashes() == [])
