/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "openpgp-body.h"

#include <glib.h>
#include <string.h>

/* RFC 9580 section 4.2: a tag in the current form */
#define TAG_BITS 0xc0
/* Section 4.2.1.4: 224 and the exponent of a part's size */
#define PART_LENGTH (224 + 14)
G_STATIC_ASSERT(1 << (PART_LENGTH & 0x1f) == OPENPGP_PART_SIZE);
G_STATIC_ASSERT(offsetof(struct openpgp_body, part) ==
		offsetof(struct openpgp_body, header) +
		OPENPGP_BODY_HEADER_MAX);

void openpgp_body_init(struct openpgp_body *body, uint8_t tag,
		       openpgp_body_output_t *output, void *context)
{
	body->tag = tag;
	body->output = output;
	body->context = context;
	body->begun = false;
	body->used = 0;
}

size_t openpgp_length_write(uint8_t *data, uint32_t size)
{
	if (size < 192) {
		data[0] = size;
		return 1;
	}
	if (size < 8384) {
		data[0] = ((size - 192) >> 8) + 192;
		data[1] = (size - 192) & 0xff;
		return 2;
	}
	data[0] = 255;
	data[1] = size >> 24;
	data[2] = size >> 16;
	data[3] = size >> 8;
	data[4] = size;
	return 5;
}

/* Puts the header right before the part, and both out. */
static int
body_put_part(struct openpgp_body *body, const uint8_t *length,
	      size_t length_size, struct seal_error *error)
{
	uint8_t *start = body->header + sizeof(body->header) - length_size;
	size_t size = length_size + body->used;

	memcpy(start, length, length_size);
	if (!body->begun) {
		*--start = TAG_BITS | body->tag;
		size++;
	}
	body->begun = true;
	body->used = 0;
	return body->output(start, size, body->context, error);
}

uint8_t *openpgp_body_room(struct openpgp_body *body, size_t *size_r,
			   struct seal_error *error)
{
	static const uint8_t length[] = { PART_LENGTH };

	if (body->used == sizeof(body->part) &&
	    body_put_part(body, length, sizeof(length), error) < 0)
		return NULL;
	*size_r = sizeof(body->part) - body->used;
	return body->part + body->used;
}

void openpgp_body_wrote(struct openpgp_body *body, size_t size)
{
	body->used += size;
}

int openpgp_body_append(struct openpgp_body *body, const void *data,
			size_t size, struct seal_error *error)
{
	const uint8_t *next = data;

	while (size > 0) {
		size_t take;
		uint8_t *room = openpgp_body_room(body, &take, error);

		if (room == NULL)
			return -1;
		take = MIN(take, size);
		memcpy(room, next, take);
		openpgp_body_wrote(body, take);
		next += take;
		size -= take;
	}
	return 0;
}

int openpgp_body_finish(struct openpgp_body *body, struct seal_error *error)
{
	uint8_t length[5];

	return body_put_part(body, length,
			     openpgp_length_write(length, body->used), error);
}
