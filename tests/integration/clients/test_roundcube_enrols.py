"""An owner with nothing but Roundcube gives the server a key: the plugin's settings."""

import pytest

import enrolment
from roundcube import Roundcube
from sealed_mailbox import confirm, enrol, opened, paste, press, result, section, upload
from webmail import Webmails
from webmail_host import MESSAGE, NEEDLE, webmail_host

USER = "keyless"
ADDRESS = "keyless@example.org"


@pytest.fixture(scope="module")
def webmail(host):
    with Roundcube(host, ["mail_seal"]) as roundcube, Webmails(roundcube) as webmail:
        yield webmail


@pytest.fixture(scope="module")
def key(gnupg):
    return gnupg.generate(ADDRESS)


@pytest.fixture(scope="module")
def second_key(gnupg):
    return gnupg.generate(ADDRESS)


@pytest.fixture(scope="module")
def x509_key(x509):
    return x509.generate(ADDRESS)


@pytest.fixture(autouse=True)
def never_enrolled(host):
    host.never_enrolled(USER)
    host.empty(USER)


@pytest.fixture
def owner(webmail):
    return opened(webmail(USER))


def grouped(fingerprint):
    return " ".join(fingerprint[start:start + 4] for start in range(0, len(fingerprint), 4))


def kinds(key, x509_key):
    return {"armored": key.certificate, "binary": key.opener.export(key.fingerprint, armor=False),
            "PEM": x509_key.certificate, "DER": x509_key.der}


# The whole way

@pytest.mark.parametrize("kind", ["armored", "binary", "PEM", "DER"])
def test_from_the_file_to_sealed_mail(host, owner, key, x509_key, tmp_path, kind, keep_picture):
    its = key if kind in ("armored", "binary") else x509_key
    assert "no key of yours" in section(owner, "state")
    said = upload(owner, tmp_path, kinds(key, x509_key)[kind])
    assert "a message with it comes into your inbox" in said
    assert "no confirmed key" in section(owner, "state")
    assert grouped(its.fingerprint) in section(owner, "pending")
    assert not host.keys_file(USER).exists()
    if kind == "armored":
        keep_picture("roundcube-code", owner.picture())

    assert "The code was right" in confirm(owner, enrolment.code(host, USER, its))
    assert "New mail is encrypted with this key" in section(owner, "state")
    assert grouped(its.fingerprint) in section(owner, "state")
    assert section(owner, "pending") == ""
    if kind == "armored":
        keep_picture("roundcube-active", owner.picture())
    assert enrolment.sealed_to(host, USER) == [its.fingerprint]


@pytest.mark.parametrize("kind", ["armored", "PEM"])
def test_pasted(host, owner, key, x509_key, kind):
    its = key if kind == "armored" else x509_key
    assert "a message with it comes" in paste(owner, "My key:\n" + its.certificate.decode())
    confirm(owner, enrolment.code(host, USER, its))
    assert enrolment.sealed_to(host, USER) == [its.fingerprint]


def test_wrong_code(host, owner, key):
    paste(owner, key.certificate.decode())
    said = confirm(owner, "seal-00000-00000")
    assert "This isn't the code that is awaited" in said
    assert not host.keys_file(USER).exists()
    assert "The code was right" in confirm(owner, enrolment.code(host, USER, key))


def test_taken_back(host, owner, key):
    paste(owner, key.certificate.decode())
    press(owner, "cancel")
    assert "taken back" in result(owner)
    assert "no key of yours" in section(owner, "state")
    assert not host.pending_file(USER).exists()


def test_another_key(host, owner, key, second_key):
    """Both have to agree."""
    enrol(host, owner, key)
    paste(owner, second_key.certificate.decode())
    assert grouped(second_key.fingerprint) in section(owner, "pending")
    assert grouped(key.fingerprint) in section(owner, "state")
    confirm(owner, enrolment.code(host, USER, second_key))
    assert grouped(key.fingerprint) in section(owner, "state")
    assert "present key" in section(owner, "pending")
    confirm(owner, enrolment.code(host, USER, key))
    assert grouped(second_key.fingerprint) in section(owner, "state")
    assert enrolment.sealed_to(host, USER) == [second_key.fingerprint]


def test_withdrawn(host, owner, key):
    enrol(host, owner, key)
    press(owner, "withdraw")
    owner.driver.switch_to.alert.dismiss()
    assert not host.pending_file(USER).exists()
    press(owner, "withdraw")
    owner.driver.switch_to.alert.accept()
    assert "The server has been told" in result(owner)
    assert host.keys_file(USER).exists()
    confirm(owner, enrolment.code(host, USER, key))
    assert "no key of yours" in section(owner, "state")
    assert enrolment.sealed_to(host, USER) == []


def test_expired_key_is_shown_as_that(host, webmail):
    state = section(opened(webmail("expired")), "state")
    assert "has expired" in state and "mail to you waits" in state


def test_key_that_cant_be_used_is_shown_with_the_reason(host, webmail, gnupg):
    key = gnupg.generate_revoked(ADDRESS)
    host.give(USER, host.keys_file(USER), key.certificate)
    page = opened(webmail(USER))
    state = section(page, "state")
    assert "can't use your key: it is revoked." in state and "mail to you waits" in state
    assert grouped(key.fingerprint) in state
    assert section(page, "end"), "it can be taken back"


def test_several_keys_are_shown(host, webmail, key, second_key):
    host.give(USER, host.keys_file(USER), key.certificate + second_key.certificate)
    state = section(opened(webmail(USER)), "state")
    assert grouped(key.fingerprint) in state and grouped(second_key.fingerprint) in state


def test_end_is_shown(host, webmail, gnupg):
    host.give(USER, host.keys_file(USER), gnupg.generate(ADDRESS, expires="2y").certificate)
    assert "until it expires" in section(opened(webmail(USER)), "state")


# What is refused

def test_refusals_are_the_servers_sentences(host, owner, gnupg, key):
    for certificate, sentence in (
            (gnupg.generate_expired(ADDRESS).certificate, "expired"),
            (gnupg.generate("somebody@example.org").certificate, "none of the user's addresses"),
            (gnupg.generate_revoked(ADDRESS).certificate, "revoked")):
        said = paste(owner, certificate.decode())
        assert said.startswith("Certificate not stored: ") and sentence in said
        assert not host.pending_file(USER).exists()


@pytest.mark.parametrize("content", [b"", b"Dear server, take my key.\n", b"\x89PNG\r\n\x1a\n" * 40,
                                     b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n", b"a\0b\r\n\0\xff"],
                         ids=["nothing", "text", "picture", "beginning", "NULs"])
def test_what_is_no_certificate(host, owner, tmp_path, content):
    assert "it has not been sent" in upload(owner, tmp_path, content)
    assert not host.pending_file(USER).exists()
    assert not host.keys_file(USER).exists()


def test_nothing_takes_no_key_away(host, owner, key):
    """An empty form isn't the wish to end it."""
    enrol(host, owner, key)
    paste(owner, "")
    assert not host.pending_file(USER).exists()
    assert enrolment.sealed_to(host, USER) == [key.fingerprint]


def test_large_file_isnt_sent(webmail, owner, key, tmp_path):
    webmail.roundcube.recorder.forget()
    assert "too large" in upload(owner, tmp_path, key.certificate * 1000)
    assert b"mail_seal-save" not in webmail.roundcube.recorder.sent()


# Other servers

def test_where_metadata_isnt_announced(owners, key):
    """It works without what 20-imap.conf has."""
    with webmail_host(owners, metadata=False) as host, \
            Roundcube(host, ["mail_seal"]) as roundcube, Webmails(roundcube) as webmail:
        enrol(host, opened(webmail(USER)), key)


@pytest.mark.parametrize("metadata", [True, False], ids=["with METADATA", "without METADATA"])
def test_server_without_us(owners, metadata):
    """Where nobody would look at it, no key can be given."""
    with webmail_host(owners, mail_seal=False, metadata=metadata) as host, \
            Roundcube(host, ["mail_seal"]) as roundcube, Webmails(roundcube) as webmail:
        owner = opened(webmail(USER))
        assert "takes no key here" in result(owner)
        assert not owner.run("return document.querySelector('#mail-seal form')")
        host.deliver(MESSAGE, USER)
        seen = owner.show("INBOX")
        assert NEEDLE in seen["body"] and seen["mark"] == ""
        assert owner.answer("reply")["to"] == "friend@example.net"


def test_enrolment_by_imap_is_off(owners):
    with webmail_host(owners, seal={"mail_seal_imap_enrolment": "no"}) as host, \
            Roundcube(host, ["mail_seal"]) as roundcube, Webmails(roundcube) as webmail:
        owner = opened(webmail(USER))
        assert result(owner) == "Certificates can't be enrolled over IMAP here"
        assert not owner.run("return document.querySelector('#mail-seal form')")
