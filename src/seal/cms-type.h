/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CMS_TYPE_H
#define CMS_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads the content type of a CMS message (RFC 5652 section 3) from its first
   bytes, and whether the message fills the data. Start with all zero. */
struct cms_type_reader {
	uint8_t start[32];
	size_t start_size;
	uint64_t total_size;
};

/* Takes the next bytes. Returns false once it can't be enveloped-data or
   authEnveloped-data. */
bool cms_type_push(struct cms_type_reader *reader, const uint8_t *data,
		   size_t size);
/* All bytes were pushed. */
bool cms_type_is_enveloped(const struct cms_type_reader *reader);

#endif
