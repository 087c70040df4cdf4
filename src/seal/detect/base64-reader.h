/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef BASE64_READER_H
#define BASE64_READER_H

#include <stddef.h>
#include <stdint.h>

/* Decodes base64 and skips white space, nothing else: what a decoder would
   pass over (RFC 2045 section 6.8) may be readable text. Start with all
   zero. */
struct base64_reader {
	uint32_t bits;
	/* characters of the group that is incomplete */
	unsigned int count;
};

/* Bytes that this many characters become at the most, with those of the group
   before */
#define BASE64_DECODED_MAX(size) ((size) / 4 * 3 + 6)

/* Returns how many characters were taken: all, or those before the first that
   is neither base64 nor white space; a "=" isn't taken. */
size_t base64_reader_take(struct base64_reader *reader, const char *text,
			  size_t size, uint8_t *out, size_t *out_size_r);
/* The text has ended. Returns how many more bytes out got: up to 2. */
size_t base64_reader_finish(struct base64_reader *reader, uint8_t *out);

#endif
