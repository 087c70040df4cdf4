"""How owners enrol themselves, step by step: what they offer, and the codes they give back."""

import re

import mail
import notices
from imap import Literal

ENTRY = "/private/vendor/vendor.mail-seal/"
CODE = re.compile(r"\bseal-[0-9a-z]{5}-[0-9a-z]{5}\b")
MESSAGE = mail.text(b"Hello,\r\nhow are you?\r\n")


def set_entry(client, name, value):
    """SETMETADATA; None is NIL."""
    value = "NIL" if value is None else Literal(value)
    return client.command(f'SETMETADATA "" ({ENTRY}{name} ', value, ")")


def get_entry(client, name):
    """GETMETADATA: the value, or None."""
    for line in client.must(f'GETMETADATA "" {ENTRY}{name}').untagged:
        if found := re.match(rb'\* METADATA "" \(\S+ (?:\{(\d+)\}\r\n|"([^"]*)"\))', line):
            return found[2] if found[1] is None else line[found.end():found.end() + int(found[1])]
    return None


def pending(client):
    """The entry `pending` as {name: value}; empty if nothing is."""
    return dict(line.split("=", 1) for line in (get_entry(client, "pending") or b"").decode()
                .splitlines())


def give(client, code):
    return set_entry(client, "code", code.encode())


def challenges(server, user, key):
    """The codes in each message of ours that is sealed to this key alone, oldest first."""
    found = []
    for stored in server.messages(user):
        if notices.is_notice(stored) and mail.is_sealed(stored) \
                and mail.unseal(stored).fingerprints == [key.fingerprint]:
            codes = list(dict.fromkeys(CODE.findall(notices.read(stored, key).text)))
            if codes:
                found.append(codes)
    return found


def code(server, user, key):
    """The code of the latest challenge: with it this key's holder agrees."""
    return challenges(server, user, key)[-1][0]


def stop_code(server, user, key):
    return challenges(server, user, key)[-1][1]


def sealed_to(server, user):
    """The fingerprints to which a message that comes now is sealed; [] if it is stored as it is."""
    assert server.deliver(MESSAGE, user)[0].code == 250
    stored = [stored for stored in server.messages(user) if not notices.is_notice(stored)][-1]
    if mail.is_sealed(stored):
        return mail.unseal(stored).fingerprints
    mail.check_unchanged(stored, MESSAGE)
    return []
