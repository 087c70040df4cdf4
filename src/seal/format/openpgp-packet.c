/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "openpgp-packet.h"

/* RFC 9580 section 4.2.1 */
static bool
read_length(const uint8_t *data, size_t size,
	    struct openpgp_packet_header *header)
{
	if (size < 1)
		return false;
	if (data[0] < 192) {
		header->header_size = 2;
		header->body_size = data[0];
	} else if (data[0] < 224) {
		if (size < 2)
			return false;
		header->header_size = 3;
		header->body_size = ((data[0] - 192) << 8) + data[1] + 192;
	} else if (data[0] == 255) {
		if (size < 5)
			return false;
		header->header_size = 6;
		header->body_size = ((size_t)data[1] << 24) |
			(data[2] << 16) | (data[3] << 8) | data[4];
	} else {
		header->header_size = 2;
		header->body_size = (size_t)1 << (data[0] & 0x1f);
		header->partial = true;
	}
	return true;
}

/* RFC 9580 section 4.2.2 */
static bool
read_legacy_length(const uint8_t *data, size_t size, unsigned int length_type,
		   struct openpgp_packet_header *header)
{
	size_t length_size = (size_t)1 << length_type;

	if (length_type == 3) {
		header->header_size = 1;
		header->body_size = size;
		header->partial = true;
		return true;
	}
	if (size < length_size)
		return false;
	header->header_size = 1 + length_size;
	header->body_size = 0;
	for (size_t i = 0; i < length_size; i++)
		header->body_size = header->body_size << 8 | data[i];
	return true;
}

bool openpgp_packet_read(const uint8_t *data, size_t size,
			 struct openpgp_packet_header *header_r)
{
	if (size < 2 || (data[0] & 0x80) == 0)
		return false;
	header_r->partial = false;
	if ((data[0] & 0x40) != 0) {
		header_r->tag = data[0] & 0x3f;
		return read_length(data + 1, size - 1, header_r);
	}
	header_r->tag = (data[0] >> 2) & 0x0f;
	return read_legacy_length(data + 1, size - 1, data[0] & 3, header_r);
}

/* A session key for RSA of 16384 bits takes 2 kB. */
#define SESSION_KEY_MAX 4096

static bool walker_packet(struct openpgp_message_walker *walker,
			  const struct openpgp_packet_header *header)
{
	switch (header->tag) {
	case OPENPGP_PKESK:
	case OPENPGP_SKESK:
	case OPENPGP_MARKER:
		walker->body_left = header->body_size;
		return !header->partial && header->body_size > 0 &&
			header->body_size <= SESSION_KEY_MAX;
	case OPENPGP_SED:
	case OPENPGP_SEIPD:
	case OPENPGP_AED:
		walker->in_container = true;
		walker->partial = header->partial;
		walker->body_left = header->body_size;
		if (header->partial && header->header_size == 1) {
			/* legacy: it goes on to the end of the data */
			walker->partial = false;
			walker->body_left = UINT64_MAX;
		}
		return true;
	default:
		return false;
	}
}

/* One more byte of a packet's header, or of a part's length. */
static bool walker_header(struct openpgp_message_walker *walker, uint8_t byte)
{
	struct openpgp_packet_header header = { .partial = false };

	if (walker->in_container) {
		if (!walker->partial) {
			/* nothing may follow */
			return false;
		}
		if (walker->header_size == 0) {
			/* a length is read behind a tag */
			walker->header[walker->header_size++] =
				0xc0 | OPENPGP_SEIPD;
		}
	} else if (walker->header_size == 0 && (byte & 0x80) == 0) {
		return false;
	}
	walker->header[walker->header_size++] = byte;
	if (!openpgp_packet_read(walker->header, walker->header_size,
				 &header))
		return walker->header_size < OPENPGP_HEADER_MAX;
	walker->header_size = 0;
	if (walker->in_container) {
		walker->partial = header.partial;
		walker->body_left = header.body_size;
		return true;
	}
	return walker_packet(walker, &header);
}

bool openpgp_message_walk(struct openpgp_message_walker *walker,
			  const uint8_t *data, size_t size)
{
	while (size > 0 && !walker->failed) {
		size_t take = 1;

		if (walker->body_left == 0)
			walker->failed = !walker_header(walker, *data);
		else if (walker->body_left != UINT64_MAX) {
			take = walker->body_left < size ?
				walker->body_left : size;
			walker->body_left -= take;
		} else {
			take = size;
		}
		data += take;
		size -= take;
	}
	return !walker->failed;
}

bool openpgp_message_is_encrypted(const struct openpgp_message_walker *walker)
{
	return !walker->failed && walker->in_container && !walker->partial &&
		(walker->body_left == 0 || walker->body_left == UINT64_MAX);
}

/* Version, key id and algorithm. Version 3 goes with containers of version 1
   (RFC 9580 section 5.1). */
#define PKESK_V3_MIN 10

int openpgp_message_check(const uint8_t *data, size_t size)
{
	struct openpgp_packet_header header;
	size_t offset = 0;

	for (;;) {
		const size_t left = size - offset;

		if (left > 0 && (data[offset] & 0x80) == 0)
			return 0;
		if (!openpgp_packet_read(data + offset, left, &header) ||
		    left <= header.header_size)
			return -1;
		if (header.tag != OPENPGP_PKESK)
			break;
		if (header.partial || header.body_size < PKESK_V3_MIN ||
		    data[offset + header.header_size] != 3)
			return 0;
		if (header.body_size > left - header.header_size)
			return -1;
		offset += header.header_size + header.body_size;
	}
	return offset > 0 && header.tag == OPENPGP_SEIPD &&
		data[offset + header.header_size] == 1 ? 1 : 0;
}

bool openpgp_message_next_recipient(const uint8_t *data, size_t size,
				    size_t *offset, uint64_t *key_id_r)
{
	struct openpgp_packet_header header;

	if (!openpgp_packet_read(data + *offset, size - *offset, &header) ||
	    header.tag != OPENPGP_PKESK)
		return false;
	*key_id_r = 0;
	for (size_t i = 1; i < 9; i++) {
		*key_id_r = *key_id_r << 8 |
			data[*offset + header.header_size + i];
	}
	*offset += header.header_size + header.body_size;
	return true;
}

size_t openpgp_certificate_size(const uint8_t *data, size_t size,
				bool *has_secret_r)
{
	struct openpgp_packet_header header;
	size_t offset = 0;

	*has_secret_r = false;
	while (offset < size) {
		if (!openpgp_packet_read(data + offset, size - offset,
					 &header) ||
		    header.partial ||
		    header.body_size > size - offset - header.header_size)
			return 0;
		if (header.tag == OPENPGP_SECRET_KEY ||
		    header.tag == OPENPGP_SECRET_SUBKEY)
			*has_secret_r = true;
		if (offset == 0) {
			if (header.tag != OPENPGP_PUBLIC_KEY)
				return 0;
		} else if (header.tag == OPENPGP_PUBLIC_KEY ||
			   header.tag == OPENPGP_SECRET_KEY) {
			break;
		}
		offset += header.header_size + header.body_size;
	}
	return offset;
}
