/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "openpgp-body.h"

#include <glib.h>
#include <string.h>

/* RFC 9580 section 4.2: a tag in the current form */
#define TAG_BITS 0xc0
/* Section 4.2.1.4: 224 and the exponent of a part's size */
#define PART_LENGTH(exponent) (224 + (exponent))
#define PART_EXPONENT 14
G_STATIC_ASSERT(1 << PART_EXPONENT == OPENPGP_PART_SIZE);
G_STATIC_ASSERT(offsetof(struct openpgp_body, part) ==
		offsetof(struct openpgp_body, header) +
		OPENPGP_BODY_HEADER_MAX);

/* librnp, which is Thunderbird's, reads what is in a container in pieces of this
   size. If the packet in it ends with one, librnp doesn't look for the MDC, and
   says that it is missing (0.16 to 0.18; from gpg without compression, too). */
#define LIBRNP_PIECE_SIZE 32768

void openpgp_body_init(struct openpgp_body *body, uint8_t tag,
		       openpgp_body_output_t *output, void *context)
{
	body->tag = tag;
	body->output = output;
	body->context = context;
	body->written = 0;
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

/* Puts the header right before so much of the part, and both out. */
static int
body_put_part(struct openpgp_body *body, size_t part_size,
	      const uint8_t *length, size_t length_size,
	      struct seal_error *error)
{
	uint8_t *start = body->header + sizeof(body->header) - length_size;
	size_t size = length_size + part_size;

	memcpy(start, length, length_size);
	if (body->written == 0) {
		*--start = TAG_BITS | body->tag;
		size++;
	}
	body->written += size;
	body->used -= part_size;
	return body->output(start, size, body->context, error);
}

/* A part of a power of two */
static int
body_put_power(struct openpgp_body *body, unsigned int exponent,
	       struct seal_error *error)
{
	const uint8_t length = PART_LENGTH(exponent);

	return body_put_part(body, (size_t)1 << exponent, &length, 1, error);
}

uint8_t *openpgp_body_room(struct openpgp_body *body, size_t *size_r,
			   struct seal_error *error)
{
	if (body->used == sizeof(body->part) &&
	    body_put_power(body, PART_EXPONENT, error) < 0)
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

/* Takes a part out of the last one, which makes the packet another size. */
static int body_split(struct openpgp_body *body, struct seal_error *error)
{
	const unsigned int exponent = g_bit_nth_msf(MAX(body->used - 1, 1), -1);

	if (body_put_power(body, exponent, error) < 0)
		return -1;
	memmove(body->part, body->part + ((size_t)1 << exponent), body->used);
	return 0;
}

int openpgp_body_finish(struct openpgp_body *body, struct seal_error *error)
{
	uint8_t length[5];
	size_t size = openpgp_length_write(length, body->used);

	/* twice where the last length gets shorter by a part's */
	while (body->written > 0 &&
	       (body->written + size + body->used) % LIBRNP_PIECE_SIZE == 0) {
		if (body_split(body, error) < 0)
			return -1;
		size = openpgp_length_write(length, body->used);
	}
	return body_put_part(body, body->used, length, size, error);
}
