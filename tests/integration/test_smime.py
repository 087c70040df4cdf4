"""What is particular to owners of X.509 certificates: key files, algorithms, other programs."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

import fakes
import mail
import x509 as x509_module
from dovecot import Dovecot, User
from sandbox import wait_until

MESSAGE = mail.text(mail.CANARY + b"\r\nHello \xc3\xa9\r\n" + b"0123456789\r\n" * 2000)
SECRET = "it holds a secret key, which doesn't belong on a server"
EXTRA = {"mail_seal_extra_keys": "%h/extra"}


class Certificates:
    """More than x509_keys has."""

    def __init__(self, x509):
        expired = x509.generate_dated("alice@example.org", *x509_module.EXPIRED)
        self.new = x509.generate("alice@example.org")
        self.old = expired
        self.authority = x509.generate("ca@example.org")
        self.issued = x509.generate("alice@example.org", issuer=self.authority,
                                    extensions=["basicConstraints=CA:FALSE",
                                                "keyUsage=keyEncipherment",
                                                "extendedKeyUsage=emailProtection"])
        self.recovery = x509.generate("recovery@example.org", "ec:P-256")


@pytest.fixture(scope="module")
def certificates(x509):
    return Certificates(x509)


@pytest.fixture(scope="module")
def usable(x509, x509_keys, certificates):
    """{user: (key file, the keys its messages are sealed to)}"""
    alice, bob, carol = x509_keys.alice, x509_keys.bob, x509_keys.carol
    issued, authority = certificates.issued, certificates.authority
    return {
        "pem": (alice.certificate, [alice]),
        "der": (alice.der, [alice]),
        "ec": (bob.certificate, [bob]),
        "several": (alice.certificate + bob.certificate + carol.certificate, [alice, bob, carol]),
        "several-der": (alice.der + carol.der, [alice, carol]),
        "renewed": (certificates.old.certificate + certificates.new.certificate,
                    [certificates.new]),
        "chain": (issued.certificate + authority.certificate, [issued]),
        "chain-backwards": (authority.certificate + issued.certificate, [issued]),
        "bundle": (x509.bundle(issued, authority), [issued]),
        "bundle-der": (x509.bundle(issued, authority, form="DER"), [issued]),
        "twice": (alice.certificate * 2, [alice]),
        "with-text": (b"Bag Attributes\r\nsubject=CN = alice\r\n"
                      + mail.crlf(alice.certificate), [alice]),
    }


@pytest.fixture(scope="module")
def unusable(x509, x509_keys, certificates, openpgp_keys):
    """{user: (key file, what the log says)}"""
    alice = x509_keys.alice

    def made(*extensions, algorithm="rsa:2048"):
        return x509.generate("alice@example.org", algorithm, extensions).certificate

    future = x509.generate_dated("alice@example.org", *x509_module.NOT_YET_VALID)
    return {
        "expired": (certificates.old.certificate, "it has expired"),
        "not-yet-valid": (future.certificate, "it isn't valid yet"),
        "weak": (made(algorithm="rsa:1024"), "it is too weak"),
        "ed25519": (made(algorithm="ed25519"), "its key is neither RSA nor EC"),
        "signing": (made("keyUsage=digitalSignature"), "its key usage doesn't allow encryption"),
        "web-server": (made("extendedKeyUsage=serverAuth"),
                       "its extended key usage doesn't allow mail"),
        "damaged": (alice.certificate[:400], "its PEM text is damaged"),
        "cut-off": (alice.der[:400], "it is no X.509 certificate"),
        "secret": (alice.certificate + alice.secret, SECRET),
        "pkcs12": (alice.pkcs12("x"), SECRET),
        "both-kinds": (alice.certificate + openpgp_keys.alice.certificate,
                       "it holds both OpenPGP and X.509 certificates"),
    }


@pytest.fixture(scope="module")
def server(usable, unusable, x509_keys, openpgp_keys):
    alice = x509_keys.alice.certificate
    users = [User(name, content) for name, (content, _) in (usable | unusable).items()]
    users += [User("oaep", alice + x509_keys.bob.certificate,
                   settings={"mail_seal_smime_rsa": "oaep"}),
              User("extra", alice, settings=EXTRA),
              User("extra-both", alice, settings=EXTRA),
              User("extra-other", alice, settings=EXTRA),
              User("extra-openpgp", openpgp_keys.alice.certificate, settings=EXTRA),
              User("compressed", alice, settings={"mail_seal_compress": "yes"}),
              User("plain")]
    with Dovecot(users) as dovecot:
        yield dovecot


def seal(server, user):
    server.empty(user)
    [reply] = server.deliver(MESSAGE, user)
    assert reply.code == 250, reply
    return server.message(user)


USABLE = ("pem", "der", "ec", "several", "several-der", "renewed", "chain", "chain-backwards",
          "bundle", "bundle-der", "twice", "with-text")
UNUSABLE = ("expired", "not-yet-valid", "weak", "ed25519", "signing", "web-server", "damaged",
            "cut-off", "secret", "pkcs12", "both-kinds")


@pytest.mark.parametrize("user", USABLE)
def test_key_file(server, usable, user):
    """It is sealed to exactly the owner's keys, and each of them opens it."""
    stored = seal(server, user)
    keys = usable[user][1]
    for key in keys:
        assert mail.decrypt(stored, key) == mail.expected_entity(MESSAGE)
    mail.check_sealed(stored, MESSAGE, None, *keys)


@pytest.mark.parametrize("user", UNUSABLE)
def test_unusable_key_file(server, unusable, user):
    mark = len(server.log())
    [reply] = server.deliver(MESSAGE, user)
    assert reply.code == 451
    assert server.messages(user) == []
    assert wait_until(lambda: unusable[user][1] in server.log_since(mark)), server.log_since(mark)
    with server.imap(user) as client:
        assert client.append("INBOX", MESSAGE).status == "NO"


def algorithms(stored):
    """The objects that the message names, as openssl calls them."""
    der = mail.unseal(stored).ciphertext
    parsed = x509_module.openssl("asn1parse", "-inform", "DER", stdin=der[:x509_module.START],
                                 check=False).stdout.decode(errors="replace")
    return set(re.findall(r"OBJECT +:(\S+)", parsed))


def test_algorithms(server, usable):
    found = algorithms(seal(server, "several"))
    assert {"pkcs7-envelopedData", "pkcs7-data", "aes-256-cbc", "rsaEncryption", "id-aes256-wrap",
            "dhSinglePass-stdDH-sha256kdf-scheme"} <= found
    assert "rsaesOaep" not in found


def test_oaep(server, x509_keys):
    """For RSA; a key of the other kind beside it stays as it is."""
    stored = seal(server, "oaep")
    mail.check_sealed(stored, MESSAGE, None, x509_keys.alice, x509_keys.bob)
    assert mail.decrypt(stored, x509_keys.bob) == mail.expected_entity(MESSAGE)
    found = algorithms(stored)
    assert {"rsaesOaep", "sha256", "mgf1"} <= found
    assert "rsaEncryption" not in found


def test_compression_is_for_openpgp(server, x509_keys):
    mail.check_sealed(seal(server, "compressed"), MESSAGE, None, x509_keys.alice)


def test_extra_keys(server, gnupg, x509_keys, openpgp_keys, certificates):
    """An organisation's key file may have both kinds: the owner's kind is used."""
    recovery = certificates.recovery
    server.give("extra", "extra", recovery.certificate)
    mail.check_sealed(seal(server, "extra"), MESSAGE, None, x509_keys.alice, recovery)
    both = recovery.certificate + openpgp_keys.carol.certificate
    server.give("extra-both", "extra", both)
    mail.check_sealed(seal(server, "extra-both"), MESSAGE, None, x509_keys.alice, recovery)
    server.give("extra-openpgp", "extra", both)
    mail.check_sealed(seal(server, "extra-openpgp"), MESSAGE, gnupg, openpgp_keys.alice,
                      openpgp_keys.carol)


def test_extra_keys_of_the_other_kind(server, openpgp_keys):
    server.give("extra-other", "extra", openpgp_keys.carol.certificate)
    mark = len(server.log())
    assert server.deliver(MESSAGE, "extra-other")[0].code == 451
    assert wait_until(lambda: "the recovery key: there is no X.509 certificate in it"
                      in server.log_since(mark))


def test_no_gpg_is_run(server, x509_keys):
    """Whatever gpg does, it is no concern of these owners."""
    fake = fakes.Fakes(server)
    with fake.gpg("crash", every_call=True):
        mail.check_sealed(seal(server, "pem"), MESSAGE, None, x509_keys.alice)
    assert wait_until(lambda: not server.foreign_processes())
    with fake.gpg_missing():
        mail.check_sealed(seal(server, "ec"), MESSAGE, None, x509_keys.bob)


def test_key_of_the_other_kind_in_a_connection_that_stays(server, gnupg, x509_keys, openpgp_keys):
    with server.lmtp() as client:
        server.empty("plain")
        for key in (x509_keys.alice, openpgp_keys.alice, x509_keys.bob):
            server.give("plain", ".mail-seal/keys", key.certificate)
            assert client.deliver(MESSAGE, "plain@example.org")[0].code == 250
            mail.check_sealed(server.message("plain"), MESSAGE, gnupg, key)
            server.empty("plain")


def test_recipients_of_both_kinds(server, gnupg, x509_keys, openpgp_keys, certificates):
    server.give("extra-openpgp", "extra", openpgp_keys.bob.certificate)
    server.empty("pem", "extra-openpgp", "ec")
    replies = server.deliver(MESSAGE, "pem", "extra-openpgp", "ec")
    assert [reply.code for reply in replies] == [250] * 3
    mail.check_sealed(server.message("pem"), MESSAGE, None, x509_keys.alice)
    mail.check_sealed(server.message("extra-openpgp"), MESSAGE, gnupg, openpgp_keys.alice,
                      openpgp_keys.bob)
    mail.check_sealed(server.message("ec"), MESSAGE, None, x509_keys.bob)


def test_encrypted_already_stays(server, gnupg, openpgp_keys):
    """Of either kind, and sealed only once."""
    encrypted = mail.pgp_mime(gnupg.encrypt(MESSAGE, openpgp_keys.carol))
    sealed = seal(server, "ec")
    server.empty("pem")
    for message in (encrypted, sealed):
        assert server.deliver(message, "pem")[0].code == 250
        mail.check_unchanged(server.message("pem"), message)
        server.empty("pem")


# Other programs

class Gpgsm:
    def __init__(self, home):
        self.home = home
        home.chmod(0o700)

    def run(self, *arguments, stdin=b""):
        return subprocess.run(
            ["gpgsm", "--homedir", self.home, "--batch", "--disable-dirmngr",
             "--disable-crl-checks", "--pinentry-mode", "loopback", "--passphrase-fd", "0",
             *arguments], input=stdin, capture_output=True, check=False)

    def version(self):
        numbers = re.search(rb"(\d+)\.(\d+)\.\d+", self.run("--version").stdout)
        return tuple(map(int, numbers.groups()))

    def give(self, key):
        file = self.home / "key.p12"
        file.write_bytes(key.pkcs12("x"))
        done = self.run("--import", file, stdin=b"x\n")
        assert b"imported: 1" in done.stderr, done.stderr

    def decrypt(self, der):
        file = self.home / "message.der"
        file.write_bytes(der)
        done = self.run("--decrypt", file, stdin=b"x\n")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def close(self):
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], check=False)
        shutil.rmtree(self.home, ignore_errors=True)


@pytest.fixture
def gpgsm():
    # /tmp, not pytest's longer path: the agent's socket name has 107 bytes.
    program = Gpgsm(Path(tempfile.mkdtemp(prefix="mail-seal-gpgsm-")))
    yield program
    program.close()


@pytest.mark.parametrize("user", ["pem", "ec"])
def test_gpgsm_decrypts(server, gpgsm, x509_keys, user):
    if user == "ec" and gpgsm.version() < (2, 4):
        pytest.skip("this gpgsm doesn't know ECDH")
    gpgsm.give(x509_keys.bob if user == "ec" else x509_keys.alice)
    stored = seal(server, user)
    assert gpgsm.decrypt(mail.unseal(stored).ciphertext) == mail.expected_entity(MESSAGE)


@pytest.mark.parametrize("user", ["pem", "ec", "oaep"])
def test_openssl_reads_the_message_as_it_is_stored(server, x509_keys, user):
    """With its header fields, as a client would hand it over."""
    key = x509_keys.bob if user == "ec" else x509_keys.alice
    opened = x509_module.openssl("cms", "-decrypt", "-inform", "SMIME", "-binary",
                                 "-recip", key.certificate_file, "-inkey", key.key_file,
                                 stdin=seal(server, user)).stdout
    assert opened == mail.expected_entity(MESSAGE)
