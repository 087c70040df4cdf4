"""What others' MIME parsers make of a sealed message."""

import email
import email.policy
import mailbox
import shutil
import subprocess

import pytest

import corpus
import mail
from dovecot import Dovecot, User

# Where the header section is broken, parsers disagree about where it ends, sealed or not.
MESSAGES = {name: message for name, message in corpus.ALL.items()
            if corpus.has_clean_header(message) and message != b""}


@pytest.fixture(scope="module")
def sealed(keys):
    """{name: what IMAP returns}"""
    with Dovecot([User("alice", keys.alice.certificate)]) as server:
        with server.imap("alice") as client:
            for name, message in MESSAGES.items():
                assert client.append("INBOX", message).ok, name
            stored = dict(zip(MESSAGES, client.messages()))
    return {name: data for name, data in stored.items() if mail.is_sealed(data)}


def for_all(sealed, check):
    failed = {}
    for name, stored in sealed.items():
        try:
            check(stored, MESSAGES[name])
        except AssertionError as error:
            failed[name] = str(error)[:1000]
    assert len(sealed) > 70
    assert failed == {}


@pytest.mark.parametrize("policy", [email.policy.compat32, email.policy.default],
                         ids=["compat32", "default"])
def test_python(sealed, policy):
    def check(stored, original):
        parsed = email.message_from_bytes(stored, policy=policy)
        assert [part.defects for part in parsed.walk()] == [[], [], []]
        assert [part.get_content_type() for part in parsed.walk()] == [
            "multipart/encrypted", "application/pgp-encrypted", "application/octet-stream"]
        assert parsed.get_param("protocol") == "application/pgp-encrypted"
        version, armor = parsed.get_payload()
        assert version.get_payload() == "Version: 1\r\n"
        assert mail.lf(armor.get_payload().encode()) == mail.unseal(stored).armor
        assert (armor.get_filename(), armor.get_content_disposition()) == ("encrypted.asc", "inline")
        names = [mail.field_name(field) for field in mail.expected_outer(original)]
        assert [name.lower() for name in parsed.keys()][:len(names) + 1] == ["x-mail-seal", *names]
    for_all(sealed, check)


@pytest.fixture
def gnupg_home(gnupg, monkeypatch):
    monkeypatch.setenv("GNUPGHOME", str(gnupg.home))
    return gnupg.home


@pytest.fixture
def gmime():
    gi = pytest.importorskip("gi")
    gi.require_version("GMime", "3.0")
    from gi.repository import GMime
    GMime.init()
    return GMime


def test_gmime(sealed, gnupg_home, gmime):
    """GMime finds the form of RFC 3156, opens it and reads in it what it reads in the entity."""
    def parse(data):
        stream = gmime.StreamMem.new_with_buffer(data)
        return gmime.Parser.new_with_stream(stream).construct_message().get_mime_part()

    def write(part):
        """Without CRs: GMime takes some of them away when it decrypts."""
        stream = gmime.StreamMem.new()
        part.write_to_stream(None, stream)
        return stream.get_byte_array().replace(b"\r", b"")

    def check(stored, original):
        part = parse(stored)
        assert isinstance(part, gmime.MultipartEncrypted)
        opened, _ = part.decrypt(gmime.DecryptFlags.NONE, "")
        assert write(opened) == write(parse(mail.expected_entity(original)))
    for_all(sealed, check)


def leaves(message):
    """(type, decoded content) of all parts that aren't multipart."""
    return [(part.get_content_type(), mail.lf(part.get_payload(decode=True)))
            for part in message.walk() if not part.is_multipart()]


@pytest.mark.skipif(not shutil.which("mutt"), reason="mutt is not installed")
def test_mutt(sealed, gnupg_home, tmp_path):
    """mutt decrypts all messages of a mailbox and copies them to another."""
    # Of a multipart without parts it makes a text.
    names = [name for name in corpus.STRUCTURES if name != "no parts"]
    box, copies, settings = tmp_path / "box", tmp_path / "copies", tmp_path / "muttrc"
    box.write_bytes(b"".join(b"From a@b Mon Feb  3 10:11:12 2025\n" + mail.lf(sealed[name]) + b"\n"
                             for name in names))
    settings.write_text(f"""
set folder={tmp_path} spoolfile={box} confirmcreate=no confirmappend=no move=no wait_key=no
set mbox_type=mbox sort=mailbox-order quit=yes crypt_use_gpgme=yes
push '<tag-pattern>~A<enter><tag-prefix><decrypt-copy>{copies}<enter><quit>'
""")
    command = f"stty rows 24 cols 80; exec mutt -n -R -F {settings} -f {box}"
    subprocess.run(["script", "-qec", command, "/dev/null"],
                   env={"TERM": "vt100", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8",
                        "PATH": "/usr/bin:/bin", "GNUPGHOME": str(gnupg_home)},
                   stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=True)
    box = mailbox.mbox(copies)
    opened = [email.message_from_bytes(box.get_bytes(key)) for key in box.iterkeys()]
    assert len(opened) == len(names)
    for name, message in zip(names, opened):
        assert leaves(message) == leaves(email.message_from_bytes(MESSAGES[name])), name
