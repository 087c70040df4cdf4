"""doveadm seal key export: the users' certificates for their correspondents."""

import base64
import hashlib
import subprocess
import tempfile

import pytest

from dovecot import Dovecot, User, dovecot_version
from seal_key import TEMPORARY, USAGE, sentence, set_key, warnings
from web import wkd_hash
from x509 import EXPIRED

ADDRESSES = {
    "alice": "alice@example.org",
    "bob": "bob@example.org,Bob.Builder@example.net",
    "carol": "carol@example.org",
    "dave": "dave@bücher.test",
    "erin": "erin@example.org,info@example.org",
    "frank": "frank@example.org,info@example.org",
    "grace": "grace",
    "heidi": "JU\u0308rgen@example.org",
    "ivan": "ivan@" + ".".join(["d" * 60] * 4),
    # as some systems write it: a letter and a diaeresis
    "henry": "JU\u0308RGEN@example.org",
}


@pytest.fixture(scope="module")
def server():
    users = [User(name, settings={"mail_seal_addresses": value})
             for name, value in ADDRESSES.items()]
    users += [User("keyring", settings={"mail_seal_keys": "gnupg:%h/.gnupg",
                                        "mail_seal_recipients": "keyring@example.org",
                                        "mail_seal_addresses": "keyring@example.org"})]
    with Dovecot(users) as dovecot:
        yield dovecot


@pytest.fixture(autouse=True)
def nobody_enrolled(server):
    yield
    for user in server.users:
        server.never_enrolled(user)


@pytest.fixture
def folder(server):
    made = server.folder / "openpgpkey"
    yield made
    server.sandbox.run("rm", "-rf", made)


def dns_label(local_part):
    """RFC 7929 section 3"""
    return hashlib.sha256(local_part.encode()).hexdigest()[:56]


def export(server, form, *options, users=("-A",), status=0):
    done = server.doveadm("seal", "key", "export", *users, "--as", form, *options, check=False)
    assert done.returncode == status, done.stderr
    return done


def records(zone):
    """{name: [type and data without blanks]}, after a name server has read it."""
    header = b"$ORIGIN .\n$TTL 60\n@ SOA ns. admin. 1 60 60 60 60\n@ NS ns.\nns. A 127.0.0.1\n"
    with tempfile.NamedTemporaryFile() as file:
        file.write(header + zone)
        file.flush()
        subprocess.run(["nsd-checkzone", ".", file.name], check=True, capture_output=True)
    found = {}
    for lines in zone.decode().split("\t)\n")[:-1]:
        name, family, kind, data = lines.split("\t", 3)
        assert family == "IN"
        assert max(map(len, data.splitlines())) < 80
        found.setdefault(name, []).append((kind, "".join(data.replace("(", "").split())))
    return found


def openpgpkeys(zone):
    """{name: certificates}"""
    return {name: [base64.b64decode(data) for kind, data in values if kind == "OPENPGPKEY"]
            for name, values in records(zone).items()}


def user_ids(gnupg, certificate):
    shown = gnupg.gpg("--with-colons", "--show-keys", stdin=certificate).stdout.decode()
    return [line.split(":")[9].replace("\\x3a", ":") for line in shown.splitlines()
            if line.startswith(("uid:", "uat:"))]


def fingerprints(gnupg, certificate):
    """Those of the primary keys, also where nothing else is left."""
    lines = [line.split(":") for line in gnupg.gpg(
        "--with-colons", "--show-keys", stdin=certificate).stdout.decode().splitlines()]
    return [after[9] for line, after in zip(lines, lines[1:]) if line[0] == "pub"]


def add_user_id(gnupg, key, user_id):
    gnupg.gpg("--quick-add-uid", key.fingerprint, user_id)
    return gnupg.key(key.address, key.fingerprint)


@pytest.fixture(scope="module")
def own(gnupg, x509):
    """Certificates that have more in them than is for the public."""
    class Own:
        alice = gnupg.generate("alice@example.org")
        bob = gnupg.generate("bob@example.org")
        carol = x509.generate("carol@example.org")
        dave = gnupg.generate("dave@xn--bcher-kva.test")
        erin = add_user_id(gnupg, gnupg.generate("erin@example.org"), "erin <info@example.org>")
        frank = add_user_id(gnupg, gnupg.generate("frank@example.org"), "frank <info@example.org>")
    for more in ("Alice <alice@private.example>", "Alice (at work) <alice@example.org>",
                 "Alice without an address", "Malice <alice@example.org.evil.example>"):
        Own.alice = add_user_id(gnupg, Own.alice, more)
    Own.bob = add_user_id(gnupg, Own.bob, "Bob <bob.builder@EXAMPLE.net>")
    return Own


def enrol(server, **certificates):
    for user, key in certificates.items():
        assert set_key(server, user, key.certificate, "--force").returncode == 0


# Records


def test_openpgpkey(server, gnupg, own):
    enrol(server, alice=own.alice, bob=own.bob, carol=own.carol, dave=own.dave)
    done = export(server, "openpgpkey")
    found = openpgpkeys(done.stdout)
    names = {dns_label(local_part) + f"._openpgpkey.{domain}.": key for local_part, domain, key in (
        ("alice", "example.org", own.alice), ("bob", "example.org", own.bob),
        ("Bob.Builder", "example.net", own.bob), ("bob.builder", "example.net", own.bob),
        ("dave", "xn--bcher-kva.test", own.dave))}
    assert {name: [fingerprints(gnupg, one) for one in values]
            for name, values in found.items()} == {
                name: [[key.fingerprint]] for name, key in names.items()}
    domains = [name.split(".", 2)[2] for name in found]
    assert domains == sorted(domains)
    for domain in set(domains):
        assert sorted(found) != [] and [name for name in found if name.endswith(domain)] == sorted(
            name for name in found if name.endswith(domain))
    assert done.stderr == b""
    # the same once more
    assert export(server, "openpgpkey").stdout == done.stdout


def test_local_part_as_it_is_hashed(server, gnupg):
    """Wherever it is looked for: composed (RFC 7929 section 3), and in lower case."""
    enrol(server, henry=gnupg.generate(ADDRESSES["henry"],
                                       time_options=["--charset", "utf-8"]))
    done = export(server, "openpgpkey")
    assert done.stderr == b""
    assert sorted(openpgpkeys(done.stdout)) == sorted(
        f"{dns_label(local_part)}._openpgpkey.example.org."
        for local_part in ("J\u00dcRGEN", "j\u00fcrgen"))


def test_only_this_address(server, gnupg, own):
    """Nobody learns of the others."""
    enrol(server, alice=own.alice, bob=own.bob)
    found = openpgpkeys(export(server, "openpgpkey").stdout)
    shown = {name: user_ids(gnupg, one) for name, [one] in found.items()}
    assert sorted(shown[f"{dns_label('alice')}._openpgpkey.example.org."]) == [
        "Alice (at work) <alice@example.org>", "alice <alice@example.org>"]
    assert shown[f"{dns_label('bob')}._openpgpkey.example.org."] == ["bob <bob@example.org>"]
    assert shown[f"{dns_label('bob.builder')}._openpgpkey.example.net."] == [
        "Bob <bob.builder@EXAMPLE.net>"]
    for [one] in found.values():
        assert b"private.example" not in one and b"evil.example" not in one


def test_smimea(server, own):
    enrol(server, alice=own.alice, carol=own.carol)
    assert records(export(server, "smimea").stdout) == {
        f"{dns_label('carol')}._smimecert.example.org.": [("SMIMEA", "300" + own.carol.der.hex())]}


def test_several_certificates(server, gnupg, own):
    """In DNS a record for each, in a Web Key Directory all in one file."""
    second = gnupg.generate("alice@example.org")
    assert set_key(server, "alice", own.alice.certificate + second.certificate).returncode == 0
    [found] = openpgpkeys(export(server, "openpgpkey").stdout).values()
    assert found == sorted(found)
    expected = sorted([own.alice.fingerprint, second.fingerprint])
    assert sorted(f for one in found for f in fingerprints(gnupg, one)) == expected
    folder = server.folder / "both"
    export(server, "wkd", "--to", folder)
    file = folder / "example.org" / "hu" / wkd_hash("alice")
    assert sorted(fingerprints(gnupg, file.read_bytes())) == expected


def test_domain(server, own):
    """For who has a zone file for each; written in any way."""
    enrol(server, alice=own.alice, bob=own.bob, dave=own.dave)
    for domain, names in (("example.net", ["Bob.Builder", "bob.builder"]),
                          ("Example.ORG.", ["alice", "bob"]), ("bücher.test", ["dave"]),
                          ("org", [])):
        found = records(export(server, "openpgpkey", "--domain", domain).stdout)
        assert {name.split(".")[0] for name in found} == {dns_label(name) for name in names}


def test_one_user(server, own):
    enrol(server, alice=own.alice, bob=own.bob)
    [name] = records(export(server, "openpgpkey", users=["-u", "alice"]).stdout)
    assert name.startswith(dns_label("alice"))


def test_as_the_state_remembers_it(server, own):
    """What mail_seal knows of a certificate since mail was sealed to it makes no difference."""
    enrol(server, alice=own.alice)
    before = export(server, "openpgpkey").stdout
    assert server.deliver(b"Subject: x\r\n\r\n", "alice")[0].code == 250
    assert any(b"mail-seal-facts" in file.read_bytes() for file in server.state_files("alice"))
    assert export(server, "openpgpkey").stdout == before != b""


def test_from_a_keyring(server, gnupg):
    """Whatever the source is."""
    key = gnupg.generate("keyring@example.org")
    home = server.give("keyring", ".gnupg/x", b"").parent
    home.chmod(0o700)
    server.sandbox.run("gpg", "--homedir", home, "--batch", "--import", input=key.certificate)
    server.sandbox.run("chown", "-R", server.owner("keyring"), home)
    try:
        [[found]] = openpgpkeys(export(server, "openpgpkey").stdout).values()
    finally:
        server.sandbox.run("rm", "-r", home)
    assert fingerprints(gnupg, found) == [key.fingerprint]


# What isn't published


def prefix():
    """Of a setting in -o."""
    return "plugin/" if dovecot_version().startswith("2.3.") else ""


def nothing(server, reason, user="alice"):
    """Nothing comes out, and a warning says why; that isn't a failure."""
    for form in ("openpgpkey", "smimea"):
        done = export(server, form)
        assert done.stdout == b""
        if done.stderr:
            break
    [line] = warnings(done)
    assert f"doveadm({user})" in line and reason in line


def test_what_cannot_be_used(server, gnupg, x509):
    for key, reason in ((gnupg.generate_expired("alice@example.org"), "it has expired"),
                        (gnupg.generate_revoked("alice@example.org"), "revoked"),
                        (x509.generate_dated("alice@example.org", *EXPIRED), "it has expired")):
        server.give("alice", ".mail-seal/keys", key.certificate)
        nothing(server, reason)


def test_beside_a_recovery_key(server, own):
    """Which is nobody's, and whatever is wrong with it."""
    enrol(server, alice=own.alice)
    extra = server.give("bob", "extra", own.bob.certificate)
    for content in (own.bob.certificate, b"hello"):
        extra.write_bytes(content)
        done = server.doveadm("-o", f"{prefix()}mail_seal_extra_keys={extra}", "seal", "key",
                              "export", "-u", "alice", "--as", "openpgpkey")
        [name] = openpgpkeys(done.stdout)
        assert name.startswith(dns_label("alice"))


def test_exempt(server, own):
    """Sealing was switched off by an administrator; that isn't a key that has gone."""
    enrol(server, alice=own.alice)
    assert server.deliver(b"Subject: x\r\n\r\n", "alice")[0].code == 250
    assert server.state_files("alice")
    done = server.doveadm("-o", f"{prefix()}mail_seal_keys=none", "seal", "key", "export", "-u",
                          "alice", "--as", "openpgpkey")
    assert done.stdout == b""


def test_a_foreign_certificate(server, own):
    """An administrator has given it to alice."""
    enrol(server, alice=own.bob, carol=own.carol)
    assert export(server, "openpgpkey").stdout == b""


def test_an_address_that_is_revoked_in_the_certificate(server, gnupg):
    key = add_user_id(gnupg, gnupg.generate("alice@private.example"), "Alice <alice@example.org>")
    gnupg.gpg("--quick-revoke-uid", key.fingerprint, "Alice <alice@example.org>")
    enrol(server, alice=gnupg.key(key.address, key.fingerprint))
    assert export(server, "openpgpkey").stdout == b""


def test_what_is_left_must_be_usable(server, gnupg):
    """The certificate's expiry can be in the one user ID or in the other."""
    key = add_user_id(gnupg, gnupg.generate("alice@private.example"), "Alice <alice@example.org>")
    made = gnupg.key(key.address, key.fingerprint)
    enrol(server, alice=made)
    [[found]] = openpgpkeys(export(server, "openpgpkey").stdout).values()
    assert user_ids(gnupg, found) == ["Alice <alice@example.org>"]
    shown = gnupg.gpg("--with-colons", "--show-keys", stdin=found).stdout.decode()
    assert [line.split(":")[1] for line in shown.splitlines() if line.startswith("sub:")] == ["-"]


def test_an_address_of_two(server, own):
    """It would be chance whom a correspondent encrypts to. Their own addresses are found."""
    enrol(server, erin=own.erin, frank=own.frank)
    for form in ("openpgpkey", "wkd"):
        options = ["--to", server.folder / "two"] if form == "wkd" else []
        done = export(server, form, *options)
        assert "info@example.org is an address of the users erin and frank" in sentence(done)
    assert {name.split(".")[0] for name in records(export(server, "openpgpkey").stdout)} == {
        dns_label("erin"), dns_label("frank")}
    files = {file.name for file in (server.folder / "two").glob("*/hu/*")}
    assert files == {wkd_hash("erin"), wkd_hash("frank")}


def test_no_address(server, gnupg, own):
    """Neither the user nor a certificate has to have one."""
    enrol(server, grace=own.alice)
    assert export(server, "openpgpkey").stdout == b""
    done = gnupg.gpg("--status-fd", "1", "--allow-freeform-uid", "--yes", "--quick-generate-key",
                     "nobody", "ed25519", "cert,sign", "never")
    fingerprint = done.stdout.decode().split("KEY_CREATED P ")[1].split()[0]
    gnupg.gpg("--quick-add-key", fingerprint, "cv25519", "encr", "never")
    enrol(server, alice=gnupg.key("nobody", fingerprint))
    nothing(server, "it has no address")


def test_too_large_for_dns(server, gnupg, folder):
    """A Web Key Directory can have it."""
    key = gnupg.generate("alice@example.org")
    for number in range(32):
        gnupg.gpg("--quick-add-uid", key.fingerprint, f"{'x' * 1900}{number} <alice@example.org>")
    server.give("alice", ".mail-seal/keys", gnupg.export(key.fingerprint))
    done = export(server, "openpgpkey")
    assert done.stdout == b""
    assert "alice@example.org are too large for DNS" in sentence(done)
    export(server, "wkd", "--to", folder)
    assert (folder / "example.org" / "hu" / wkd_hash("alice")).stat().st_size > 60_000


def test_name_too_long_for_dns(server, gnupg, x509, own):
    """With such a line nobody would have a zone."""
    for key, form, read in ((gnupg.generate(ADDRESSES["ivan"]), "openpgpkey", openpgpkeys),
                            (x509.generate_named("/CN=ivan", f"email:{ADDRESSES['ivan']}"),
                             "smimea", records)):
        enrol(server, alice=own.alice, carol=own.carol, ivan=key)
        done = export(server, form)
        assert len(read(done.stdout)) == 1
        assert "the name would be too long for DNS" in sentence(done)


def test_local_part_beyond_ascii(server, gnupg):
    """Names are of the normalized spelling, and of that in lower case, as find makes them."""
    enrol(server, heidi=gnupg.generate(ADDRESSES["heidi"], time_options=["--utf8-strings"]))
    assert set(openpgpkeys(export(server, "openpgpkey").stdout)) == {
        f"{dns_label(local_part)}._openpgpkey.example.org."
        for local_part in ("J\u00dcrgen", "j\u00fcrgen")}


# Trees


@pytest.mark.parametrize("umask", ["022", "077"])
def test_tree(server, own, folder, umask):
    enrol(server, alice=own.alice, bob=own.bob, carol=own.carol, dave=own.dave)
    command = ["doveadm", "-c", server.folder / "dovecot.conf", "seal", "key", "export", "-A",
               "--as", "wkd", "--to", folder]
    server.sandbox.run("sh", "-c", f'umask {umask} && exec "$@"', "sh", *command)
    expected = {f"{domain}/hu/{wkd_hash(local_part)}" for local_part, domain in (
        ("alice", "example.org"), ("bob", "example.org"), ("bob.builder", "example.net"),
        ("dave", "xn--bcher-kva.test"))}
    expected |= {f"{domain}/policy" for domain in ("example.org", "example.net",
                                                   "xn--bcher-kva.test")}
    assert files_in(folder) == expected
    for path in (folder, *folder.rglob("*")):
        assert (path.stat().st_uid, path.stat().st_gid) == (0, 0)
        if path.name != ".mail-seal-export":
            assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644)


def files_in(folder):
    return {str(file.relative_to(folder)) for file in folder.rglob("*")
            if file.is_file() and file.name != ".mail-seal-export"}


def test_direct(server, own, folder):
    enrol(server, alice=own.alice, bob=own.bob)
    export(server, "wkd", "--to", folder, "--direct", "--domain", "example.org")
    assert files_in(folder) == {"policy", f"hu/{wkd_hash('alice')}", f"hu/{wkd_hash('bob')}"}


def test_who_is_gone(server, own, folder):
    """What nobody has any more goes; what isn't ours stays, and what is as it was."""
    enrol(server, alice=own.alice, bob=own.bob)
    export(server, "wkd", "--to", folder)
    hu = folder / "example.org" / "hu"
    others = {hu / wkd_hash("zoe"): b"zoe", folder / "example.org" / "policy": b"mailbox-only\n",
              hu / "note": b"", folder / "note": b""}
    for file, content in others.items():
        file.write_bytes(content)
    bob = hu / wkd_hash("bob")
    before = bob.stat()
    server.never_enrolled("alice")
    export(server, "wkd", "--to", folder)
    assert not (hu / wkd_hash("alice")).exists()
    assert {file: file.read_bytes() for file in others} == others
    assert (bob.stat().st_ino, bob.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    server.never_enrolled("bob")
    export(server, "wkd", "--to", folder)
    assert not bob.exists()
    assert files_in(folder) == {str(file.relative_to(folder)) for file in others} | {
        "example.net/policy"}


def test_some_users_only(server, own, folder):
    """Of the others nothing is known."""
    enrol(server, alice=own.alice, bob=own.bob)
    export(server, "wkd", "--to", folder)
    everybody = files_in(folder)
    export(server, "wkd", "--to", folder, users=["-u", "alice"])
    assert files_in(folder) == everybody
    export(server, "wkd", "--to", folder, "--domain", "example.net")
    assert files_in(folder) == everybody
    server.never_enrolled("bob")
    export(server, "wkd", "--to", folder, "--domain", "example.net")
    assert files_in(folder) == {file for file in everybody
                                if file != f"example.net/hu/{wkd_hash('bob.builder')}"}
    export(server, "wkd", "--to", folder)
    assert wkd_hash("bob") not in "".join(files_in(folder))


def test_nothing_goes_when_not_all_is_known(server, own, folder):
    """A key file that can't be read now isn't one that has gone."""
    enrol(server, alice=own.alice, bob=own.bob)
    export(server, "wkd", "--to", folder)
    everybody = files_in(folder)
    server.never_enrolled("alice")
    bob = server.keys_file("bob")
    moved = bob.with_name("moved")
    for hide, show in (((bob.rename, moved), (moved.rename, bob)),
                       ((bob.chmod, 0), (bob.chmod, 0o600)),
                       ((bob.write_bytes, b"hello"), (bob.write_bytes, bob.read_bytes()))):
        hide[0](hide[1])
        done = export(server, "wkd", "--to", folder, status=TEMPORARY)
        assert b"doveadm(bob): Error: Not known what to publish: " in done.stderr
        show[0](show[1])
        assert files_in(folder) == everybody
    export(server, "wkd", "--to", folder)
    assert files_in(folder) < everybody


def test_nothing_goes_when_a_session_cannot_begin(server, own, folder):
    enrol(server, alice=own.alice, bob=own.bob)
    export(server, "wkd", "--to", folder)
    everybody = files_in(folder)
    server.never_enrolled("alice")
    users = server.site.users_file
    before = users.read_text()
    users.write_text(before.replace("mail_seal_addresses=bob", "mail_seal_timeout=soon "
                                    "userdb_mail_seal_addresses=bob"))
    server.reload()
    try:
        export(server, "wkd", "--to", folder, status=TEMPORARY)
    finally:
        users.write_text(before)
        server.reload()
    assert files_in(folder) == everybody


def test_no_way_out_of_the_folder(server, own, folder):
    """Whoever can write in there can't have root write or remove elsewhere."""
    enrol(server, alice=own.alice)
    export(server, "wkd", "--to", folder)
    target = server.folder / "target"
    (target / "hu").mkdir(parents=True)
    victim = target / "hu" / wkd_hash("bob")
    victim.write_bytes(b"")
    (folder / "evil").symlink_to(target)
    with (folder / ".mail-seal-export").open("a") as lines:
        lines.write(f"evil/{wkd_hash('bob')}\n../target/{wkd_hash('bob')}\n../../etc/passwd\n")
    server.sandbox.run("rm", "-r", folder / "example.org")
    (folder / "example.org").symlink_to(target)
    done = export(server, "wkd", "--to", folder, status=TEMPORARY)
    assert b"can't be written" in done.stderr
    assert [file.name for file in target.rglob("*")] == ["hu", wkd_hash("bob")]


def test_no_folder(server, own, folder):
    enrol(server, alice=own.alice)
    folder.write_bytes(b"")
    assert "can't be opened" in sentence(export(server, "wkd", "--to", folder, status=TEMPORARY))


def test_not_where_users_publish(server, own, folder):
    """By the Web Key Service: what they have there can be newer."""
    enrol(server, alice=own.alice)
    folder.mkdir()
    link = server.folder / "link"
    link.symlink_to(folder)
    done = server.doveadm("-o", f"{prefix()}mail_seal_wkd_dir={folder}", "seal", "key", "export",
                          "-A", "--as", "wkd", "--to", link, check=False)
    assert done.returncode == TEMPORARY
    assert "--to is mail_seal_wkd_dir" in sentence(done)
    assert files_in(folder) == set()


@pytest.mark.parametrize("options,reason", [
    ([], "--as"), (["--as", "html"], "--as"), (["--as", "wkd"], "--to"),
    (["--as", "openpgpkey", "--to", "/x"], "--to"), (["--as", "smimea", "--direct"], "--direct"),
    (["--as", "wkd", "--to", "/x", "--direct"], "--direct"),
    (["--as", "openpgpkey", "--domain", "a b"], "--domain")])
def test_usage(server, options, reason):
    done = server.doveadm("seal", "key", "export", "-A", *options, check=False)
    assert done.returncode == USAGE
    assert reason in sentence(done)


def test_not_by_doveadm_server(server):
    done = server.doveadm("seal", "key", "export", *server.doveadm_server, "-u", "alice", "--as",
                          "openpgpkey", check=False)
    assert done.returncode == USAGE
    assert done.stdout == b""
