"""The messages that the scripts of as_without_us/ name."""

import mail

_MIME = [("MIME-Version", "1.0")]


def _message(number, subject, body, headers=(), sender="Sender <sender@example.org>",
             day="Mon, 03 Feb 2025 10:11:12 +0000"):
    fields = [("From", sender), ("To", "Recipient <rcpt@example.org>"), ("Subject", subject),
              ("Date", day), ("Message-ID", f"<{number}@example.org>"), *headers]
    return b"".join(f"{name}: {value}\r\n".encode() for name, value in fields) + b"\r\n" + body


def _multipart():
    body = mail.multipart_body("frontier", [
        mail.part("text/plain; charset=utf-8", b"The walrus in plain text."),
        mail.part("text/html", b"<p>The <b>walrus</b> in HTML.</p>"),
        mail.part_headers("application/octet-stream", "base64") + b"AAECAwQFBgc="])
    return _message(3, "Parts", body, [*_MIME, ("Content-Type",
                                                'multipart/mixed; boundary="frontier"')])


LETTERS = {
    "plain": _message(1, "Plain", b"The walrus and the carpenter.\r\n"),
    "other": _message(2, "Other words", b"Nothing of the kind.\r\n", [("X-Spam", "no")],
                      "Alice <alice@example.com>", "Tue, 04 Feb 2025 10:11:12 +0000"),
    "parts": _multipart(),
    "reply": _message(4, "Re: Plain", b"Answer.\r\n",
                      [("In-Reply-To", "<1@example.org>"), ("References", "<1@example.org>")],
                      "Zoe <zoe@example.net>", "Wed, 05 Feb 2025 10:11:12 +0000"),
    "umlaut": _message(5, "=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Schöne Grüße.\r\n".encode(),
                       [*_MIME, ("Content-Type", "text/plain; charset=utf-8"),
                        ("Content-Transfer-Encoding", "8bit")]),
    "binary": _message(6, "Binary", b"\x00\x01\x02 and more\r\n",
                       [*_MIME, ("Content-Type", "application/octet-stream"),
                        ("Content-Transfer-Encoding", "binary")]),
    "big": _message(7, "Big", (b"x" * 70 + b"\r\n") * (1250 * 1024 // 72)),
    "dots": _message(8, "Dots", b".\r\n..\r\nlast\r\n"),
    "footer": b"-- \r\nThe footer.\r\n",
    "empty": b"",
    "keep": b'require "fileinto"; if header :is "x-spam" "yes" { fileinto "Junk"; }\r\n',
    "broken": b'require "nothing"; keep\r\n',
}
LETTERS |= {
    "umlautword": "Grüße".encode(),
    "binaryword": b"\x01\xff",
    "spam": LETTERS["other"].replace(b"X-Spam: no", b"X-Spam: yes"),
}
