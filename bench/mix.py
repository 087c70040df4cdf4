"""Messages of the sizes that real mail has.

How many are how large: the count of a FreeBSD mailing list's readers, 2002, as J. Buchner
gives it in "Modelling realistic email traffic" (2009); one in two is smaller than 4 kB, one
in thirty larger than 256 kB. Its mean of 53 kB is near the 75 kB with which Microsoft plans
(Sizing Exchange 2013 Deployments). A measured list of sizes can take its place: see SIZES.
"""

import base64
import random

import mail

# Of all messages, how many are smaller than so many bytes
SIZES = ((900, 0), (2 << 10, .2353), (4 << 10, .4917), (8 << 10, .676), (16 << 10, .7958),
         (32 << 10, .8536), (64 << 10, .9047), (128 << 10, .933), (256 << 10, .9574),
         (512 << 10, .9724), (1 << 20, .9849), (2 << 20, 1))
# What is larger has an attachment.
ATTACHMENT = 24 << 10
HEADER = (
    b"Received: from mx.example.org (mx.example.org [192.0.2.1])\r\n"
    b"\tby store.example.org (Postfix) with ESMTPS id 4Xy1Zq2Wn7z9sTr\r\n"
    b"\tfor <user@example.org>; Thu, 26 Nov 2026 07:12:05 +0100 (CET)\r\n"
    b"Received: from out.example.net (out.example.net [198.51.100.7])\r\n"
    b"\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\r\n"
    b"\tby mx.example.org (Postfix) with ESMTPS id 4Xy1Zp0Jb3z9sTq\r\n"
    b"\tfor <user@example.org>; Thu, 26 Nov 2026 07:12:04 +0100 (CET)\r\n"
    b"From: A Sender <sender@example.net>\r\nTo: user@example.org\r\n"
    b"Subject: Minutes of the meeting\r\nDate: Thu, 26 Nov 2026 07:12:00 +0100\r\n"
    b"Message-ID: <%d.bench@example.net>\r\nMIME-Version: 1.0\r\n")


def sizes(count, chance):
    """So many sizes, as even as can be over the distribution, in random order."""
    found = [_size((number + 0.5) / count) for number in range(count)]
    chance.shuffle(found)
    return found


def _size(share):
    """The size than which this share of all messages is smaller."""
    for (low, before), (high, after) in zip(SIZES, SIZES[1:]):
        if share <= after:
            return round(low * (high / low) ** ((share - before) / (after - before)))
    return SIZES[-1][0]


def messages(count, seed=0):
    """So many messages with CRLF line ends."""
    chance = random.Random(seed)
    letters = mail.crlf(base64.encodebytes(chance.randbytes(SIZES[-1][0] * 3 // 4)))
    return [_message(number, size, letters, chance)
            for number, size in enumerate(sizes(count, chance))]


def _message(number, size, letters, chance):
    header = HEADER % (chance.getrandbits(64) + number)
    start = chance.randrange(0, len(letters) // 78 // 2) * 78
    if size < ATTACHMENT:
        header += b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
        return header + _lines(letters, start, size - len(header))
    text = mail.part("text/plain; charset=utf-8", b"The minutes are attached.\r\n")
    attached = (b"Content-Type: application/pdf; name=minutes.pdf\r\n"
                b"Content-Transfer-Encoding: base64\r\n\r\n"
                + _lines(letters, start, size - len(header) - 500))
    return (header + b'Content-Type: multipart/mixed; boundary="=_bench"\r\n\r\n'
            + mail.multipart_body("=_bench", [text, attached]))


def _lines(letters, start, size):
    """About so many bytes of whole lines."""
    return (letters + letters)[start:start + max(1, size // 78) * 78]
