"""Who has the password, a key of his own and every message of the mailbox, but not the owner's
key, neither ends nor redirects sealing."""

import re
from dataclasses import replace

import pytest

import mail
import notices
from dovecot import Dovecot, User
from enrolment import (CODE, MESSAGE, challenges, code, get_entry, give, pending, sealed_to,
                       set_entry)
from imap import Literal
from seal_key import set_key

FORMATS = ("maildir", "mbox")


@pytest.fixture(scope="module", params=FORMATS)
def server(request):
    users = [User("alice"),
             User("patient", settings={"mail_seal_change_delay": "7days",
                                       "mail_seal_addresses": "alice@example.org"})]
    with Dovecot(users, mail_format=request.param) as dovecot:
        yield dovecot


@pytest.fixture(scope="module")
def own(gnupg):
    """The attacker's key says that it is alice's: everybody can make one."""
    return gnupg.generate("alice@example.org")


@pytest.fixture(params=["alice", "patient"])
def victim(request, server, keys):
    user = request.param
    server.never_enrolled(user)
    assert set_key(server, user, keys.alice.certificate).returncode == 0
    server.empty(user)
    return user


def readable(server, user, own):
    """All codes that the attacker gets to see: in plaintext, or sealed to his key."""
    found = set()
    for stored in server.messages(user):
        text = stored.decode(errors="replace")
        if mail.is_sealed(stored) and own.fingerprint in mail.unseal(stored).fingerprints:
            text += mail.decrypt(stored, own).decode()
        found.update(CODE.findall(text))
    return found


def test_password_and_own_key(server, victim, keys, own):
    """Everything that can be done over IMAP, in every order that came to mind."""
    with server.imap(victim) as client:
        for _ in range(2):
            # his own key, proven; both keys at once; none
            assert set_entry(client, "keys", own.certificate).ok
            assert give(client, code(server, victim, own)).ok
            assert give(client, code(server, victim, own)).ok
            for seen in readable(server, victim, own):
                give(client, seen)
            assert pending(client)["missing"] == "old"
            assert set_entry(client, "keys", keys.alice.certificate + own.certificate).ok
            assert pending(client)["missing"] == "new,old"
            assert set_entry(client, "keys", None).ok
            for seen in readable(server, victim, own):
                assert not give(client, seen).ok or pending(client)
            # nothing that was asked for, then asked for again
            set_entry(client, "pending", None)
            assert set_entry(client, "keys", own.certificate).ok
            for seen in readable(server, victim, own):
                give(client, seen)
            # what is kept beside the mail isn't a mailbox
            for name in (".mail-seal", "mail-seal", "keys", "keys.pending", "~dovecot-mail-seal",
                         "INBOX/keys", "../.mail-seal"):
                client.command(f'CREATE "{name}"')
                client.command(f'RENAME "{name}" Elsewhere')
                client.command(f'DELETE "{name}"')
            client.command("DELETE Elsewhere")
            # other names for the entries
            for entry in ("/shared/vendor/vendor.mail-seal/code", "/private/code",
                          "/private/vendor/vendor.mail-seal/pending",
                          "/private/vendor/vendor.dovecot/pvt/server/vendor/vendor.mail-seal/keys"):
                client.command(f'SETMETADATA "" ({entry} ', Literal(own.certificate), ")")
            # and the traces away
            client.select()
            client.must("STORE 1:* +FLAGS (\\Deleted)")
            client.must("EXPUNGE")
        assert get_entry(client, "keys") == keys.alice.certificate
    assert sealed_to(server, victim) == [keys.alice.fingerprint]
    # the owner can still do what he wants
    with server.imap(victim) as client:
        assert set_entry(client, "keys", None).ok
        assert give(client, code(server, victim, keys.alice)).ok
    assert sealed_to(server, victim) == []


def test_no_code_is_stored_or_sent_in_plaintext(server, victim, keys, own):
    """Neither in a message that is sealed to another key, nor in a file, nor in the log."""
    mark = len(server.log())
    with server.imap(victim) as client:
        assert set_entry(client, "keys", own.certificate).ok
    [[agree, stop]] = challenges(server, victim, keys.alice)
    [[prove]] = challenges(server, victim, own)
    assert readable(server, victim, own) == {prove}
    for file in server.home(victim).rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not [one for one in (agree, stop, prove) if one.encode() in content], file
    assert not CODE.search(server.log_since(mark))


def test_forged_head(server, victim, keys, own):
    """A head of ours within the certificate's text is text."""
    import hashlib
    known = "seal-00000-00000"
    digest = hashlib.sha256(known.encode()).hexdigest()
    forged = (f"mail-seal: pending 1\nmail-seal: code=old {digest}\n"
              f"mail-seal: given=old 1764102000\nmail-seal: end\n").encode()
    with server.imap(victim) as client:
        for offered in (forged + own.certificate, own.certificate + forged):
            assert set_entry(client, "keys", offered).ok
            assert give(client, known).status == "NO"
            assert give(client, code(server, victim, own)).ok
            assert pending(client)["missing"] == "old"
            assert sealed_to(server, victim) == [keys.alice.fingerprint]


def test_before_the_first_enrolment(server, keys, own):
    """What the attacker has asked for doesn't wait for the owner's certificate to come."""
    server.never_enrolled("alice")
    server.empty("alice")
    with server.imap("alice") as client:
        assert set_entry(client, "keys", own.certificate).ok
        kept_back = code(server, "alice", own)
        # the owner comes, and is asked for both: he sees that his key isn't the first
        assert set_entry(client, "keys", keys.alice.certificate).ok
        assert give(client, kept_back).status == "NO"
        assert give(client, code(server, "alice", keys.alice)).ok
        assert give(client, kept_back).status == "NO"
    assert sealed_to(server, "alice") == [keys.alice.fingerprint]


def test_guessing(server, victim, own):
    """What is nearly right is wrong."""
    with server.imap(victim) as client:
        assert set_entry(client, "keys", own.certificate).ok
        right = code(server, victim, own)
        for position, letter in enumerate(right):
            if letter != "-" and position > 4:
                near = right[:position] + ("0" if letter != "0" else "1") + right[position + 1:]
                assert give(client, near).status == "NO"
        # nor are many at once; two are as people write them
        many = " ".join(f"seal-00000-{number:05}" for number in range(1000))
        assert give(client, f"{many} {right}").status == "NO"
        assert re.fullmatch(r"seal-[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{5}", right)
        assert pending(client)["missing"] == "new,old"
    assert server.deliver(MESSAGE, victim)[0].code == 250



LONG_AGO = ("--faked-system-time", "20250101T000000!")


def export_with(gnupg, subkey):
    """The certificate with no other subkey."""
    return gnupg.export(f"{subkey}!")


@pytest.mark.parametrize("former", ["revoked", "left out"])
def test_former_subkey(server, gnupg, former):
    """Who has got hold of a subkey that its owner has replaced offers the certificate as it was:
    it is the same primary key, whose holder is asked for one code only."""
    old = gnupg.generate("alice@example.org", time_options=LONG_AGO)
    [stolen] = old.encryption_ids
    gnupg.gpg("--quick-add-key", old.fingerprint, "cv25519", "encr", "never")
    [current] = set(gnupg.key(old.address, old.fingerprint).encryption_ids) - {stolen}
    if former == "revoked":
        gnupg.gpg("--command-fd", "0", "--edit-key", old.fingerprint,
                  stdin=b"key 1\nrevkey\ny\n1\n\ny\nsave\n")
        active = gnupg.export(old.fingerprint)
    else:
        active = export_with(gnupg, current)
    server.never_enrolled("alice")
    assert set_key(server, "alice", active).returncode == 0
    server.empty("alice")

    def recipients(stored):
        return gnupg.decrypt(mail.unseal(stored).ciphertext).recipients
    with server.imap("alice") as client:
        assert set_entry(client, "keys", old.certificate).ok
        if former == "revoked":
            assert pending(client) == {} and server.messages("alice") == []
        else:
            # what is new is taken, and what was known is kept
            [challenge] = server.messages("alice")
            assert recipients(challenge) == [current]
            assert give(client, code(server, "alice", replace(old, encryption_ids=(current,)))).ok
    server.empty("alice")
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    assert recipients(server.message("alice")) == [current]


def test_former_subkey_that_waits(server, gnupg):
    """What was offered before the owner's certificate was replaced by hand is void."""
    old = gnupg.generate("alice@example.org", time_options=LONG_AGO)
    [stolen] = old.encryption_ids
    server.never_enrolled("alice")
    assert set_key(server, "alice", old.certificate).returncode == 0
    server.empty("alice")
    gnupg.gpg("--quick-add-uid", old.fingerprint, "Alice <alice@example.net>")
    offered = gnupg.export(old.fingerprint)
    gnupg.gpg("--quick-add-key", old.fingerprint, "cv25519", "encr", "never")
    renewed = gnupg.key(old.address, old.fingerprint)
    [current] = set(renewed.encryption_ids) - {stolen}
    with server.imap("alice") as client:
        assert set_entry(client, "keys", offered).ok
        waiting = code(server, "alice", old)
        server.give("alice", ".mail-seal/keys", renewed.certificate)
        assert "changed meanwhile" in give(client, waiting).text
        assert get_entry(client, "keys") == renewed.certificate
    server.empty("alice")
    assert server.deliver(MESSAGE, "alice")[0].code == 250
    stored = [one for one in server.messages("alice") if not notices.is_notice(one)][-1]
    assert gnupg.decrypt(mail.unseal(stored).ciphertext).recipients == [current]
