/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef OPENPGP_BODY_H
#define OPENPGP_BODY_H

#include "../seal-error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes a packet whose size isn't known when it begins (RFC 9580 section
   4.2.1.4): in parts of a fixed size, whatever the size of the message, but
   for the end. A body that fits into one part gets a length that says so. */

/* A power of two, and not below 512, bytes */
#define OPENPGP_PART_SIZE (16*1024)
/* Tag and length take this many bytes at the most. */
#define OPENPGP_BODY_HEADER_MAX 6

/* Takes a part with its header. Returns 0, or -1 with error set. */
typedef int openpgp_body_output_t(const uint8_t *data, size_t size,
				  void *context, struct seal_error *error);

struct openpgp_body {
	uint8_t tag;
	openpgp_body_output_t *output;
	void *context;
	/* bytes that are out already, with their headers */
	uint64_t written;
	size_t used;
	uint8_t header[OPENPGP_BODY_HEADER_MAX];
	/* right behind the header */
	uint8_t part[OPENPGP_PART_SIZE];
};

void openpgp_body_init(struct openpgp_body *body, uint8_t tag,
		       openpgp_body_output_t *output, void *context);
/* Where the next bytes go, one at least; a full part is put out first.
   Returns NULL if that failed. */
uint8_t *openpgp_body_room(struct openpgp_body *body, size_t *size_r,
			   struct seal_error *error);
/* So many bytes were written there. */
void openpgp_body_wrote(struct openpgp_body *body, size_t size);
/* Both in one. Returns 0 or -1. */
int openpgp_body_append(struct openpgp_body *body, const void *data,
			size_t size, struct seal_error *error);
/* The body is complete. Returns 0 or -1. */
int openpgp_body_finish(struct openpgp_body *body, struct seal_error *error);

/* Writes the length of a body that is whole, or of its last part, and returns
   how many bytes that takes, five at the most (section 4.2.1). */
size_t openpgp_length_write(uint8_t *data, uint32_t size);

#endif
