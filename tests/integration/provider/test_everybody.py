"""300 users, half of them enrolled, OpenPGP and S/MIME: one command for all back ends."""

from collections import Counter

import pytest

import notices
from enrolled import MESSAGE, deliver, letters
import mail
from provider import Provider

COUNT, ENROLLED = 300, 150
OPENPGP = ENROLLED // 2
BATCH = 50


def name(number):
    return f"member{number}@example.org"


EVERYBODY = [name(number) for number in range(COUNT)]


@pytest.fixture(scope="module")
def provider(gnupg, x509, tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    gnupg.generate_many(OPENPGP)
    for number in range(OPENPGP):
        (folder / f"{name(number)}.asc").write_bytes(gnupg.export(name(number)))
    for number, key in enumerate(x509.generate_many(OPENPGP, first=OPENPGP), OPENPGP):
        (folder / f"{name(number)}.pem").write_bytes(key.certificate)
    with Provider(EVERYBODY, postfix=False) as provider:
        for path in folder.iterdir():
            path.chmod(0o644)
        folder.chmod(0o755)
        for backend in provider.backends:
            enrol_all(provider, backend, folder)
        yield provider


def enrol_all(provider, backend, folder):
    """By --from-dir, those who belong there."""
    own = {row[0] for row in provider.sql("SELECT username FROM users WHERE host = $1",
                                          backend.address)}
    part = folder / backend.folder.name
    part.mkdir()
    for path in list(folder.iterdir()):
        if path.stem in own:
            path.rename(part / path.name)
    part.chmod(0o755)
    backend.doveadm("seal", "key", "set", "--from-dir", part)


@pytest.fixture(params=["proxy", "doveadm-server"])
def rows(request, provider):
    """A function: a command for everybody, as rows; by both ways that lead to all back ends."""
    def rows(*command, check=True):
        command, rest = list(command), []
        if command[-1] == "all":
            rest = [command.pop()]
        server = ["-S", provider.proxy.folder / "run" / "doveadm-server"] \
            if request.param == "doveadm-server" else []
        return provider.proxy.doveadm_rows("seal", *command, "-A", *server, *rest, check=check)
    return rows


def test_deliveries_and_status(provider, rows):
    before = count_mail(rows)
    for start in range(0, COUNT, BATCH):
        replies = deliver(provider.proxy, *EVERYBODY[start:start + BATCH])
        assert {reply.code for reply in replies} == {250}, replies
    after = count_mail(rows)
    assert after["sealed"] - before["sealed"] == ENROLLED
    assert after["plaintext"] - before["plaintext"] == COUNT - ENROLLED
    assert before["excluded"] == after["excluded"] == 0


def count_mail(rows):
    found = Counter()
    names = []
    for row in rows("status", "-t"):
        names.append(row["username"])
        for column in ("sealed", "encrypted", "plaintext", "excluded"):
            found[column] += int(row[column])
    assert sorted(names) == sorted(EVERYBODY)
    return found


def test_key_list(rows):
    found = {row["username"]: row for row in rows("key", "list")}
    assert sorted(found) == sorted(EVERYBODY)
    for number, user in enumerate(EVERYBODY):
        expected = ("active", "OpenPGP") if number < OPENPGP else \
            ("expiring", "X.509") if number < ENROLLED else ("none", "")
        assert (found[user]["state"], found[user]["kind"]) == expected, found[user]


def test_key_show(rows):
    assert sorted(row["username"] for row in rows("key", "show")) == sorted(EVERYBODY[:ENROLLED])


def test_notify_and_encrypt(rows):
    """The certificates of 30 days: their owners are told once, by whichever way comes first."""
    told = sorted(row["username"] for row in rows("key", "notify"))
    assert told in ([], sorted(EVERYBODY[OPENPGP:ENROLLED]))
    assert rows("key", "notify") == []
    found = rows("encrypt", "-n", "all")
    assert {row["username"] for row in found} <= set(EVERYBODY)
    assert sum(int(row["to_seal"]) for row in found) == 0
    assert sum(int(row["failed"]) for row in found) == 0


def test_each_back_end_has_its_own(provider):
    """Without the proxy -A is who belongs there, and nobody is missed or done twice."""
    found = Counter()
    for backend in provider.backends:
        found.update(row["username"] for row in backend.doveadm_rows("seal", "key", "list", "-A"))
    assert found == Counter(EVERYBODY)


def test_code_on_paper(provider, gnupg):
    """A message for all, one of each kind read with its key."""
    user = name(0)
    [reply] = deliver(provider.proxy, user)
    assert reply.code == 250
    fingerprint = provider.proxy.doveadm_rows("seal", "key", "show", "-u", user)[0]["fingerprint"]
    mail.check_sealed(letters(provider, user)[-1], MESSAGE, gnupg, gnupg.key(user, fingerprint))
    assert not any(notices.is_notice(stored) for stored in provider.messages(name(COUNT - 1)))
