/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef READABLE_H
#define READABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Tells bytes that are text from bytes that came out of a cipher. Only what
   is plain to see: whoever wants to hide his text can. */

/* How many bytes of ASCII text stand in a row. Start with all zero. */
struct readable_run {
	size_t length;
};

/* Returns false once more than max do. NULs don't count: in UTF-16 they are
   every second byte. */
bool readable_run_push(struct readable_run *run, const uint8_t *data,
		       size_t size, size_t max);

/* How much of what stands in ciphertext's place is ASCII text. Start with all
   zero. */
struct readable_share {
	unsigned int size, text;
};

/* Looks at the first READABLE_SHARE_MAX bytes only. */
#define READABLE_SHARE_MAX 1024
void readable_share_push(struct readable_share *share, const uint8_t *data,
			 size_t size);
/* A cipher's output is text to 3/8; it is to 7/8 in one of 10^14 cases of the
   64 bytes that are the least to judge by. */
bool readable_share_is_text(const struct readable_share *share);

#endif
