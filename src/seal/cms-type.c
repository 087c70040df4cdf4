/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "cms-type.h"

#include <string.h>

/* RFC 5652 section 6.1, id-envelopedData */
static const uint8_t oid_enveloped[] = {
	0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03
};
/* RFC 5083 section 2.1, id-ct-authEnvelopedData */
static const uint8_t oid_auth_enveloped[] = {
	0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10,
	0x01, 0x17
};

/* X.690 section 8.1.3: reads tag and length of a SEQUENCE. Returns the bytes
   they take, 0 if they aren't there. *content_size_r is -1 where the end is
   marked in the data. */
static size_t
read_sequence(const uint8_t *data, size_t size, int64_t *content_size_r)
{
	size_t length_size;

	if (size < 2 || data[0] != 0x30)
		return 0;
	if (data[1] == 0x80) {
		*content_size_r = -1;
		return 2;
	}
	if (data[1] < 0x80) {
		*content_size_r = data[1];
		return 2;
	}
	length_size = data[1] & 0x7f;
	if (length_size > 7 || size < 2 + length_size)
		return 0;
	*content_size_r = 0;
	for (size_t i = 0; i < length_size; i++)
		*content_size_r = *content_size_r << 8 | data[2 + i];
	return 2 + length_size;
}

static bool
has_oid(const uint8_t *data, size_t size, const uint8_t *oid, size_t oid_size)
{
	return size >= oid_size && memcmp(data, oid, oid_size) == 0;
}

static bool type_is_enveloped(const struct cms_type_reader *reader,
			      uint64_t *message_size_r)
{
	const uint8_t *data = reader->start;
	size_t size = reader->start_size, header_size;
	int64_t content_size;

	header_size = read_sequence(data, size, &content_size);
	if (header_size == 0)
		return false;
	*message_size_r = content_size < 0 ? 0 : header_size + content_size;
	data += header_size;
	size -= header_size;
	return has_oid(data, size, oid_enveloped, sizeof(oid_enveloped)) ||
		has_oid(data, size, oid_auth_enveloped,
			sizeof(oid_auth_enveloped));
}

bool cms_type_push(struct cms_type_reader *reader, const uint8_t *data,
		   size_t size)
{
	size_t take = sizeof(reader->start) - reader->start_size;
	uint64_t message_size;

	reader->total_size += size;
	if (take == 0)
		return true;
	if (take > size)
		take = size;
	memcpy(reader->start + reader->start_size, data, take);
	reader->start_size += take;
	return reader->start_size < sizeof(reader->start) ||
		type_is_enveloped(reader, &message_size);
}

bool cms_type_is_enveloped(const struct cms_type_reader *reader)
{
	uint64_t message_size;

	if (!type_is_enveloped(reader, &message_size))
		return false;
	/* a binary body may have got a line end behind it */
	return message_size == 0 ||
		(reader->total_size >= message_size &&
		 reader->total_size <= message_size + 2);
}
