"""DER and OpenPGP packets, as far as tests have to take them apart and make them."""


def encode(tag, *contents):
    content = b"".join(contents)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + content


def members(data):
    """[(tag, content)] of the elements that stand in data."""
    found = []
    while data:
        tag, size, start = data[0], data[1], 2
        if size >= 0x80:
            start += size & 0x7f
            size = int.from_bytes(data[2:start])
        found.append((tag, data[start:start + size]))
        data = data[start + size:]
    return found


def change_envelope(content_info, change):
    """The CMS message with change(list of the EnvelopedData's elements), which are as members()
    gives them."""
    [(_, content)] = members(content_info)
    (_, oid), (_, explicit) = members(content)
    [(_, envelope)] = members(explicit)
    elements = members(envelope)
    change(elements)
    return encode(0x30, encode(0x06, oid),
                  encode(0xa0, encode(0x30, *(encode(*element) for element in elements))))


def packet(tag, body):
    """An OpenPGP packet, RFC 9580 section 4.2.1."""
    return bytes([0xc0 | tag, 0xff]) + len(body).to_bytes(4) + body


def packets(data):
    """[(tag, the whole packet)] of a message of packets whose lengths are known."""
    found = []
    while data:
        if data[0] & 0x40:
            tag, size, start = data[0] & 0x3f, data[1], 2
            if 192 <= size < 224:
                size, start = (size - 192 << 8) + data[2] + 192, 3
            elif size == 255:
                size, start = int.from_bytes(data[2:6]), 6
            assert size < 224 or start > 2, "a packet in parts"
        else:
            tag, start = data[0] >> 2 & 15, 1 + (1, 2, 4)[data[0] & 3]
            size = int.from_bytes(data[1:start])
        found.append((tag, data[:start + size]))
        data = data[start + size:]
    return found
