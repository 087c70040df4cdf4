"""Random messages, most of them broken in some of the ways that real mail is.

A message depends on its seed alone: message(seed).  Bodies' readable text is
mail.CANARY, so that a test can tell when a message must not pass unsealed.
"""

import random

import mail

ARMOR = (b"-----BEGIN PGP MESSAGE-----\n\nwQMDqrvSBQERIjNE\n=G7rI\n"
         b"-----END PGP MESSAGE-----\n")  # a session key and a container, as short as they get

WORDS = [mail.CANARY, b"Hello", "Gr\u00fc\u00dfe".encode(), "Gr\u00fc\u00dfe".encode("latin-1"),
         b"=?utf-8?Q?=C3=A9?=", b"=?utf-8?B?w6k=", b"<a@b>", b'"', b"(", b"\\", b";", b"=20", b"%s",
         b"\0", b"\r", b"\x1a", b"\xff\xfe", b"{10}", b":", b","]
NASTY = [b"\r", b"\n", b"\r\n", b"\r\r\n", b"\n\r", b"\n\n", b"\r\n\r\n", b"\0", b":", b" ", b"\t",
         b"\n ", b"\r\n\t", b"\n.\n", b"\n--b\n", b"\n--b--\n", b"\nFrom ", b"\xff", b"\x80",
         b"Content-", b"\nContent-Type: text/html\n", b"\nMIME-Version: 1.0\n",
         b"\nX-Mail-Seal: v=1\n", b"\n\n-----BEGIN PGP MESSAGE-----\n\n",
         *[b"\n" + mail.CANARY + b"\n"] * 5]

ORDINARY = [b"Received", b"Received", b"DKIM-Signature", b"From", b"To", b"Cc", b"Subject", b"Date",
            b"Message-ID", b"References", b"X-Spam", b"List-Id", b"Resent-From", b"subject"]
CONTENT = [b"Content-Type", b"Content-Type", b"content-type", b"Content-Type ", b"CONTENT-TYPE\t",
           b"Content-Transfer-Encoding", b"Content-Transfer-Encoding", b"Content-Disposition",
           b"Content-ID", b"Content-Description", b"Content-Language", b"Content-MD5", b"Content-"]
ALMOST = [b"Content", b"Contents-Type", b"X-Content-Type", b"Content Type", b"Content\0-Type",
          b"Content-\x01", "Content-\u00e9".encode(), b" Content-Type", b"\tContent-ID",
          b"Content-Type\r", b"MIME-Version", b"Mime-Version ", b"X-Mail-Seal", b"x-mail-seal ",
          b"X-Mail-Seal-Old", b"X-Mail-Sea"]
JUNK = [b"", b":", b": x", b"no colon here", b">From x", b"From x Mon Feb  3 10:11:12 2025",
        b"From: ", b"\0\0:", b"\xff\xff", b"\r x", b"\r\r\rX: y", b" ", b"\t", b" folded from nothing",
        b"Content-Type", b"--b", b".", b"(comment) Subject: x"]
TYPES = [b"text/plain", b"text/plain; charset=utf-8", b"text/html; charset=\"iso-8859-1\"", b"text",
         b"", b";;;", b"multipart/mixed; boundary=b", b"multipart/mixed", b"multipart/alternative;"
         b" boundary=\"b\"", b"multipart/encrypted; boundary=b; protocol=\"application/pgp-encrypted\"",
         b"multipart/signed; boundary=b; protocol=\"application/pgp-signature\"; micalg=pgp-sha1",
         b"message/rfc822", b"application/pkcs7-mime; smime-type=enveloped-data",
         b"application/octet-stream; name*0*=utf-8''%C3%A9; name*1=b", b"multipart/mixed; boundary=\"",
         b"multipart/report; report-type=delivery-status; boundary=b", b"\xe4/\xf6", b"a/b/c; =; x"]
ENCODINGS = [b"7bit", b"8bit", b"base64", b"quoted-printable", b"binary", b"x-uuencode", b"bogus", b""]


class _Writer:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.line_ends = self.random.choice([
            [b"\r\n"], [b"\r\n"], [b"\r\n"], [b"\n"], [b"\n"], [b"\r\n", b"\n"],
            [b"\r\n", b"\n", b"\r\r\n", b"\r"]])

    def end(self):
        return self.random.choice(self.line_ends)

    def often(self, share):
        return self.random.random() < share

    # Header section

    def words(self, most=8):
        return b" ".join(self.random.choices(WORDS[1:], k=self.random.randint(0, most)))

    def value(self, name):
        bare = name.strip().lower()
        if bare == b"content-type":
            return self.random.choice(TYPES)
        if bare == b"content-transfer-encoding":
            return self.random.choice(ENCODINGS)
        if bare == b"mime-version":
            return b"1.0"
        if bare == b"x-mail-seal":
            return b"v=1; keys=ABCDEF"
        if self.often(0.03):
            return b"z" * self.random.choice([900, 998, 4096, 8191, 70_000])
        return self.words()

    def folded(self, value):
        """The value with line ends before some of its spaces, or more lines behind it."""
        value = b"".join(self.end() + b" " if byte == 32 and self.often(0.2) else bytes([byte])
                         for byte in value[:2000]) + value[2000:]
        while self.often(0.15):
            value += self.end() + self.random.choice([b" ", b"\t", b"   "]) + self.words(3)
        return value

    def field(self):
        if self.often(0.06):
            return self.random.choice(JUNK) + self.end()
        if self.often(0.01):
            length = self.random.choice([989, 990, 991, 4000, 40_000])
            return b"Content-" + b"a" * length + b": x" + self.end()
        names = self.random.choices([ORDINARY, CONTENT, ALMOST], [5, 4, 1])[0]
        name = self.random.choice(names)
        space = self.random.choice([b" ", b" ", b" ", b"", b"\t", b"  "])
        return name + b":" + space + self.folded(self.value(name)) + self.end()

    def header(self):
        fields = [self.field() for _ in range(self.random.choice([0, 1, 3, 6, 6, 12, 30]))]
        if self.often(0.1):
            fields.insert(0, b"From someone Mon Feb  3 10:11:12 2025" + self.end())
        header = b"".join(fields)
        if self.often(0.003):
            header *= 3_000_000 // (len(header) + 1)
        return header

    def separator(self):
        """What ends the header section, usually an empty line."""
        if self.often(0.85):
            return self.end()
        return self.random.choice([b"", b"\r", b"\n\r", b"\r\r\r\n", b" \n", b"\r \n", b"\0\n"])

    # Body

    def line(self):
        if self.often(0.7):
            return b" ".join(self.random.choices(WORDS, k=self.random.randint(0, 9)))
        return self.random.choice([
            b".", b"..", b"--", b"-- ", b"--b", b"--b--", b"From me", b">From", b" ", b"\t",
            b"Content-Type: text/html", b"X-Mail-Seal: v=1", b"trailing ", b"=", b"=\r"])

    def text(self):
        return b"".join(self.line() + self.end() for _ in range(self.random.choice([0, 1, 5, 20])))

    def noise(self):
        return self.random.randbytes(self.random.choice([1, 100, 5000]))

    def endless_line(self):
        return mail.CANARY + b"y" * self.random.choice([998, 4096, 8191, 100_000])

    def multipart(self, depth=0):
        """Parts between delimiters of nested multiparts; any piece may be missing."""
        boundary = b"b" if depth == 0 else b"b%d" % depth
        pieces = []
        for _ in range(self.random.choice([0, 1, 2, 3])):
            pieces += [b"--", boundary, self.end()]
            if depth < self.random.choice([1, 3, 100]):
                pieces += [b"Content-Type: multipart/mixed; boundary=b%d" % (depth + 1),
                           self.end(), self.end(), self.multipart(depth + 1)]
            else:
                pieces += [self.header() if depth < 3 else b"", self.separator(), self.text()]
            if depth > 3:
                break
        pieces += [b"--", boundary, b"--", self.end()]
        if self.often(0.1):
            del pieces[self.random.randrange(len(pieces)):]
        return b"".join(pieces)

    def body(self):
        return self.random.choices(
            [self.text, self.noise, self.endless_line, self.multipart, lambda: b""],
            [8, 1, 1, 3, 1])[0]()

    # Messages

    def ordinary(self):
        return self.header() + self.separator() + self.body()

    def encrypted(self):
        """Already encrypted, or text that claims so."""
        armor = self.random.choice([ARMOR, ARMOR, ARMOR.replace(b"wQMD", b"owQM"), mail.CANARY])
        container = self.random.choice([
            mail.pgp_mime(armor),
            mail.pgp_mime(armor, self.random.choice(["", "; protocol=x"])),
            mail.message(armor),
            mail.multipart("multipart/mixed", [
                mail.part("text/plain", self.random.choice([b"", mail.CANARY])),
                mail.part("application/pgp-encrypted", b"Version: 1\r\n"),
                mail.part("application/octet-stream", armor)])])
        if self.often(0.4):
            lines = container.splitlines(keepends=True)
            lines.insert(self.random.randrange(len(lines) + 1), mail.CANARY + self.end())
            container = b"".join(lines)
        return self.header() + container if self.often(0.2) else container

    def mutated(self, message):
        for _ in range(self.random.choice([1, 1, 2, 4, 16])):
            start = self.random.randrange(len(message) + 1)
            length = self.random.choice([0, 1, 1, 2, 10, 100])
            slice_ = message[start:start + length]
            new = self.random.choice([b"", slice_ * 2, self.random.randbytes(1),
                                      *self.random.sample(NASTY, 5)])
            message = message[:start] + new + message[start + length:]
        if self.often(0.1):
            del_from = self.random.randrange(len(message) + 1)
            message = message[:del_from]
        return message

    def message(self):
        message = self.random.choices([self.ordinary, self.encrypted], [4, 1])[0]()
        return self.mutated(message) if self.often(0.5) else message


def message(seed):
    return _Writer(seed).message()
