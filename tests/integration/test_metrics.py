"""The example's metrics: sums are right, and what may fail is there before it does."""

import re

import pytest

import mail
from dovecot import Dovecot, User
from sandbox import wait_until

MESSAGE = mail.text(mail.CANARY + b"\r\n" * 50)
RESULTS = ("sealed", "encrypted", "stored", "failed", "cancelled")
FROM_THE_START = ("", *(f"_{result}" for result in RESULTS), "_stored_unusable_key")


@pytest.fixture
def server(gnupg, x509_keys, keys):
    expired = gnupg.generate_expired("expired@example.org").certificate
    users = [User("alice", keys.alice.certificate), User("bob", x509_keys.bob.certificate),
             User("plain"), User("expired", expired),
             User("tolerant", expired, settings={"mail_seal_unusable_key": "store"})]
    with Dovecot(users, metrics=True) as dovecot:
        yield dovecot


def total(metrics, name):
    """sum(dovecot_mail_seal_NAME_total)"""
    pattern = re.compile(rf"dovecot_mail_seal{name}_total(\{{.*\}})?")
    values = [value for series, value in metrics.items() if pattern.fullmatch(series)]
    assert values, name
    return sum(values)


def test_before_the_first_message(server):
    metrics = server.metrics()
    assert {name: metrics[f"dovecot_mail_seal{name}_total"] for name in FROM_THE_START} == \
        dict.fromkeys(FROM_THE_START, 0)


def test_sums(server):
    deliveries = ["alice"] * 3 + ["bob"] * 2 + ["plain", "tolerant"] + ["expired"] * 2
    for user in deliveries:
        server.deliver(MESSAGE, user)
    [sealed] = server.messages("alice")[:1]
    with server.imap("alice") as client:
        assert client.append("INBOX", sealed).ok
        client.socket.sendall(b"x APPEND INBOX {100000+}\r\n" + MESSAGE)
    expected = {"": len(deliveries) + 2, "_sealed": 5, "_encrypted": 1, "_stored": 2, "_failed": 2,
                "_cancelled": 1, "_stored_unusable_key": 1,
                "_failed_by": 3, "_stored_by": 2, "_sealed_by": 5}
    assert wait_until(lambda: total(server.metrics(), "") >= expected[""]), server.metrics()
    metrics = server.metrics()
    assert {name: total(metrics, name) for name in expected} == expected
    assert sum(expected[f"_{result}"] for result in RESULTS) == expected[""]
    assert metrics['dovecot_mail_seal_failed_by_total{reason="unusable_key"}'] == 2
    assert metrics['dovecot_mail_seal_sealed_by_total{engine="OpenPGP"}'] == 3
    assert metrics['dovecot_mail_seal_sealed_by_total{engine="S/MIME"}'] == 2
    assert metrics['dovecot_mail_seal_time_bucket{result="sealed",le="+Inf"}'] == 5
    assert sum(value for name, value in metrics.items() if 'le="+Inf"' in name
               and name.startswith("dovecot_mail_seal_time_bucket")) == expected[""]
