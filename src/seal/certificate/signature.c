/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "signature.h"
#include "openpgp-keys.h"

#include <string.h>

/* RFC 9580 section 5.2.3.7 */
enum {
	SUBPACKET_CREATED = 2,
	SUBPACKET_LIFETIME = 3,
	SUBPACKET_KEY_LIFETIME = 9,
	SUBPACKET_REVOKER = 12,
	SUBPACKET_ISSUER = 16,
	SUBPACKET_ISSUER_FINGERPRINT = 33
};

/* One area of subpackets, being read */
struct area {
	const uint8_t *data;
	size_t size;
};

struct subpacket {
	unsigned int type;
	const uint8_t *data;
	size_t size;
};

static uint32_t read_number(const uint8_t *data, size_t size)
{
	uint32_t number = 0;

	for (size_t i = 0; i < size; i++)
		number = number << 8 | data[i];
	return number;
}

/* The areas of version 4 to 6, hashed and unhashed. Returns false if there
   are none. */
static bool
signature_areas(const uint8_t *body, size_t size, struct area areas_r[2])
{
	size_t length_size, offset = 4;

	if (size < 4 || body[0] < 4 || body[0] > 6)
		return false;
	length_size = body[0] == 6 ? 4 : 2;
	for (int i = 0; i < 2; i++) {
		size_t area_size;

		if (size - offset < length_size)
			return false;
		area_size = read_number(body + offset, length_size);
		offset += length_size;
		if (area_size > size - offset)
			return false;
		areas_r[i].data = body + offset;
		areas_r[i].size = area_size;
		offset += area_size;
	}
	return true;
}

/* RFC 9580 section 5.2.3.7: the length includes the type. */
static bool area_next(struct area *area, struct subpacket *subpacket_r)
{
	const uint8_t *data = area->data;
	size_t length_size, length;

	if (area->size == 0)
		return false;
	length_size = data[0] < 192 ? 1 : data[0] < 255 ? 2 : 5;
	if (area->size < length_size)
		return false;
	length = length_size == 1 ? data[0] : length_size == 2 ?
		(size_t)(data[0] - 192) * 256 + data[1] + 192 :
		read_number(data + 1, 4);
	if (length == 0 || length > area->size - length_size)
		return false;
	subpacket_r->type = data[length_size] & 0x7f;
	subpacket_r->data = data + length_size + 1;
	subpacket_r->size = length - 1;
	area->data += length_size + length;
	area->size -= length_size + length;
	return true;
}

bool signature_times_read(const uint8_t *body, size_t size,
			  struct signature_times *times_r)
{
	struct area areas[2];
	struct subpacket subpacket;

	memset(times_r, 0, sizeof(*times_r));
	if (size >= 7 && body[0] == 3) {
		times_r->created = read_number(body + 3, 4);
		return true;
	}
	if (!signature_areas(body, size, areas))
		return false;
	/* only what is hashed is the signer's word */
	while (area_next(&areas[0], &subpacket)) {
		if (subpacket.size != 4)
			continue;
		if (subpacket.type == SUBPACKET_CREATED)
			times_r->created = read_number(subpacket.data, 4);
		else if (subpacket.type == SUBPACKET_LIFETIME)
			times_r->lifetime = read_number(subpacket.data, 4);
		else if (subpacket.type == SUBPACKET_KEY_LIFETIME)
			times_r->key_lifetime = read_number(subpacket.data, 4);
	}
	return true;
}

static bool
is_key_id(const uint8_t *id, const uint8_t *fingerprint, size_t size)
{
	uint64_t value = openpgp_key_id(fingerprint, size);

	return ((uint64_t)read_number(id, 4) << 32 |
		read_number(id + 4, 4)) == value;
}

bool signature_is_certification(const uint8_t *body, size_t size)
{
	/* version 3 has the length of what is hashed before it */
	const size_t type = size > 0 && body[0] == 3 ? 2 : 1;

	return size > type && body[type] >= 0x10 && body[type] <= 0x13;
}

bool signature_is_anothers_certification(const uint8_t *body, size_t size,
					 const uint8_t *fingerprint,
					 size_t fingerprint_size)
{
	struct area areas[2];
	struct subpacket subpacket;
	bool named = false;

	if (!signature_is_certification(body, size))
		return false;
	if (size >= 15 && body[0] == 3)
		return !is_key_id(body + 7, fingerprint, fingerprint_size);
	if (!signature_areas(body, size, areas))
		return false;
	/* any word that it is the certificate's own will do */
	for (int i = 0; i < 2; i++) {
		while (area_next(&areas[i], &subpacket)) {
			if (subpacket.type == SUBPACKET_ISSUER &&
			    subpacket.size == 8) {
				named = true;
				if (is_key_id(subpacket.data, fingerprint,
					      fingerprint_size))
					return false;
			} else if (subpacket.type ==
				   SUBPACKET_ISSUER_FINGERPRINT &&
				   subpacket.size == 1 + fingerprint_size) {
				named = true;
				if (memcmp(subpacket.data + 1, fingerprint,
					   fingerprint_size) == 0)
					return false;
			}
		}
	}
	return named;
}

void signature_revokers(const uint8_t *body, size_t size,
			void (*found)(const uint8_t *fingerprint, size_t size,
				      void *context),
			void *context)
{
	struct area areas[2];
	struct subpacket subpacket;

	if (!signature_areas(body, size, areas))
		return;
	while (area_next(&areas[0], &subpacket)) {
		/* class, algorithm, fingerprint */
		if (subpacket.type == SUBPACKET_REVOKER &&
		    (subpacket.size == 22 || subpacket.size == 34)) {
			found(subpacket.data + 2, subpacket.size - 2,
			      context);
		}
	}
}
