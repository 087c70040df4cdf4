"""Messages to send, and an oracle for what must be stored of them.

The oracle is written from doc/format.md section 4 alone and shares no code or
library with the plugin, so that a mistake has to be made twice to go unseen.
"""

import base64
import re
from dataclasses import dataclass

CANARY = b"Canary-6f1d-plaintext"

# What Dovecot's LMTP and LDA put in front of a message.
TRACE_FIELDS = ("return-path", "delivered-to", "received")


def message(body=b"Hello.\r\n", subject="Test", headers=()):
    """An ordinary message; `headers` are more (name, value) pairs."""
    fields = [("From", "Sender <sender@example.org>"), ("To", "rcpt@example.org"),
              ("Subject", subject), ("Date", "Mon, 03 Feb 2025 10:11:12 +0000"),
              ("Message-ID", "<1@example.org>"), *headers]
    return b"".join(f"{name}: {value}\r\n".encode() for name, value in fields) + b"\r\n" + body


def text(body, subject="Test"):
    """A text/plain message with MIME fields."""
    return message(body, subject, [("MIME-Version", "1.0"),
                                   ("Content-Type", "text/plain; charset=utf-8"),
                                   ("Content-Transfer-Encoding", "8bit")])


def multipart(content_type, parts):
    """A message of this multipart type (with parameters); parts are bytes with their header."""
    return message(multipart_body("frontier", parts),
                   headers=[("MIME-Version", "1.0"),
                            ("Content-Type", f'{content_type}; boundary="frontier"')])


def multipart_body(boundary, parts):
    delimiter = b"--" + boundary.encode()
    return b"".join(delimiter + b"\r\n" + part + b"\r\n" for part in parts) + delimiter + b"--\r\n"


def part_headers(content_type, encoding):
    return (f"Content-Type: {content_type}\r\n"
            f"Content-Transfer-Encoding: {encoding}\r\n\r\n").encode()


def part(content_type, content):
    return f"Content-Type: {content_type}\r\n\r\n".encode() + content


def pgp_mime(armor, parameters='; protocol="application/pgp-encrypted"'):
    """The PGP/MIME message (RFC 3156) of an armored OpenPGP message."""
    return multipart(f"multipart/encrypted{parameters}",
                     [part("application/pgp-encrypted", b"Version: 1\r\n"),
                      part("application/octet-stream", crlf(armor))])


def attachment_canary():
    """The canary as it looks in a base64 attachment at each of the three alignments."""
    encoded = []
    for shift in range(3):
        whole = base64.b64encode(b"x" * shift + CANARY)
        # Leave out the characters that also depend on the neighbours.
        encoded.append(whole[(0, 4, 4)[shift]:-4])
    return encoded


def crlf(data):
    """CRLF line ends as RFC 3156 section 4 wants; a bare CR is no line end and stays."""
    return re.sub(rb"(?<!\r)\n", b"\r\n", data)


def lf(data):
    return data.replace(b"\r\n", b"\n")


@dataclass
class Split:
    fields: list                     # of the header section: bytes with line ends
    body: bytes


def split(data):
    """Header fields (folded lines kept together) and body of a message."""
    fields, position = [], 0
    while position < len(data):
        end = data.find(b"\n", position) + 1 or len(data)
        line = data[position:end]
        position = end
        if not line.strip(b"\r\n"):
            break
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1] += line
        else:
            fields.append(line)
    return Split(fields, data[position:])


# RFC 5322 section 3.6.8, with section 4.5's space before the colon, and no longer than a line
# may be (section 2.1.1).  Anything else isn't a field, whatever it looks like.
FIELD = re.compile(rb"(?=[^:]{1,998}:)(?P<name>[!-9;-~]+)[ \t]*:")


def field_name(field):
    """In lower case; of what is no field, an empty one."""
    found = FIELD.match(field)
    return found["name"].lower().decode() if found else ""


def is_content(field):
    return field_name(field).startswith("content-")


def has_mime_version(data):
    return any(field_name(field) == "mime-version" for field in split(data).fields)


def _ended(field):
    """A header section that ends in the middle of a line, or of a line end, gets the rest."""
    if field.endswith(b"\n"):
        return field
    return field + (b"\n" if field.endswith(b"\r") else b"\r\n")


def expected_entity(original):
    """What must come out of the decryption."""
    inner = split(original)
    content = b"".join(_ended(field) for field in inner.fields if is_content(field))
    return crlf(content) + b"\r\n" + crlf(inner.body)


def expected_outer(original):
    """The original's fields that stay outside, with LF line ends."""
    return [lf(field) for field in _outer_fields(original)]


def expected_outer_bytes(original, mark=b""):
    """The same as they came, with the server's mark where it belongs."""
    front = leading_lines(original)
    fields = _outer_fields(original)
    return b"".join([*fields[:front], mark, *fields[front:]])


def leading_lines(data):
    """How many of split()'s fields come before the first that really is one."""
    names = [bool(field_name(field)) for field in split(data).fields]
    return names.index(True) if True in names else len(names)


def _outer_fields(original):
    return [_ended(field) for field in split(original).fields
            if not is_content(field) and field_name(field) != "x-mail-seal"]


@dataclass
class Sealed:
    """A stored message taken apart; the constructor below checks its form."""
    outer: list                      # fields but for our own, LF line ends
    fingerprints: list
    armor: bytes                     # the part that is ciphertext, as it stands there
    ciphertext: bytes                # what its owner's programs decrypt


MARK = re.compile(rb"X-Mail-Seal: v=1;\s+keys=(?P<keys>[0-9A-F]+(?:,\s*[0-9A-F]+)*)\n")
ENVELOPE = re.compile(
    rb"(?m:^)(?:Content-Type: multipart/encrypted;\n"
    rb' protocol="application/pgp-encrypted";\n'
    rb' boundary="(?P<boundary>[^"]{16,70})"\n'
    rb"|Content-Type: application/pkcs7-mime; smime-type=enveloped-data;\n"
    rb' name="smime.p7m"\n'
    rb"Content-Transfer-Encoding: base64\n"
    rb'Content-Disposition: attachment; filename="smime.p7m"\n)'
    rb"\n")

FRAME = (b"This is an OpenPGP/MIME encrypted message (RFC 3156)\n"
         b"--%(b)s\n"
         b"Content-Type: application/pgp-encrypted\n"
         b"Content-Description: PGP/MIME version identification\n"
         b"\n"
         b"Version: 1\n"
         b"\n"
         b"--%(b)s\n"
         b'Content-Type: application/octet-stream; name="encrypted.asc"\n'
         b"Content-Description: OpenPGP encrypted message\n"
         b'Content-Disposition: inline; filename="encrypted.asc"\n'
         b"\n")

ARMOR = re.compile(rb"-----BEGIN PGP MESSAGE-----\n\n(?:[A-Za-z0-9+/=]{1,76}\n)+"
                   rb"-----END PGP MESSAGE-----\n")
BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{76}\n)*[A-Za-z0-9+/]{1,76}={0,2}\n")


def unseal(stored):
    """Take a sealed message apart, checking every byte that isn't ciphertext."""
    stored = lf(stored)
    mark, ours = _own_fields(stored)
    assert mark and ours, "not sealed:\n" + stored[:300].decode(errors="replace")
    outer = split(stored[:mark.start()] + stored[mark.end():ours.start()]).fields
    rest = stored[ours.end():]
    assert "x-mail-seal" not in map(field_name, outer)
    keys = re.split(r",\s*", mark.group("keys").decode())
    if not ours.group("boundary"):
        assert BASE64.fullmatch(rest), (rest[:100], rest[-100:])
        return Sealed(outer, keys, rest, base64.b64decode(rest))
    frame = FRAME % {b"b": ours.group("boundary")}
    assert rest.startswith(frame), rest[:len(frame)].decode(errors="replace")
    end = b"\n--%s--\n" % ours.group("boundary")
    assert rest.endswith(end), rest[-200:]
    armor = rest[len(frame):-len(end)]
    assert ARMOR.fullmatch(armor), (armor[:100], armor[-100:])
    return Sealed(outer, keys, armor, armor)


def is_sealed(stored):
    return all(_own_fields(lf(stored)))


def _own_fields(stored):
    """Where the mark is, which is the first field, and the envelope's fields."""
    front = b"".join(split(stored).fields[:leading_lines(stored)])
    return MARK.match(stored, len(front)), ENVELOPE.search(stored)


def without_trace(fields, expected):
    """Fields after those that delivery put in front, if any, of the `expected` ones."""
    added = len(fields) - len(expected)
    assert added >= 0 and {field_name(field) for field in fields[:added]} <= set(TRACE_FIELDS), \
        fields[:added]
    return fields[added:]


def decrypt(stored, key):
    """The entity inside."""
    return key.opener.decrypt(unseal(stored).ciphertext).data


def check_sealed(stored, original, _gnupg, *keys, delivered=True):
    """`stored` must be `original` sealed to exactly `keys`; return the decrypted entity."""
    sealed = unseal(stored)
    expected = expected_outer(original)
    if not any(field_name(field) == "mime-version" for field in expected):
        expected.append(b"MIME-Version: 1.0\n")
    outer = without_trace(sealed.outer, expected) if delivered else sealed.outer
    assert outer == expected
    assert sealed.fingerprints == [key.fingerprint for key in keys]
    decrypted = keys[0].opener.decrypt(sealed.ciphertext)
    assert sorted(decrypted.recipients) == sorted(i for key in keys for i in key.encryption_ids)
    assert decrypted.cipher == keys[0].opener.cipher
    assert_same_bytes(decrypted.data, expected_entity(original))
    return decrypted.data


def check_unchanged(stored, original, delivered=True):
    """`stored` must be `original` as it came, behind the delivery's trace fields."""
    stored, original = crlf(stored), crlf(original)
    if delivered:
        found = split(stored)
        stored = b"".join(without_trace(found.fields, split(original).fields))
        stored += b"\r\n" + found.body
    assert_same_bytes(stored, original)


def assert_same_bytes(found, expected):
    """Like assert ==, but shows where two long byte strings part."""
    if found == expected:
        return
    where = next((i for i, (a, b) in enumerate(zip(found, expected)) if a != b),
                 min(len(found), len(expected)))
    around = slice(max(where - 40, 0), where + 40)
    raise AssertionError(f"{len(found)} bytes, expected {len(expected)}; first difference at "
                         f"{where}: {found[around]!r}, expected {expected[around]!r}")
