/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef TEXT_BLOCK_H
#define TEXT_BLOCK_H

#include <stdbool.h>
#include <stddef.h>

/* Finds the blocks in text that a key file is made of: from a line
   "-----BEGIN LABEL-----" to "-----END LABEL-----" (RFC 7468; ASCII armor, RFC
   9580 section 6, looks alike). What stands around them is ignored. */

struct text_block {
	/* not NUL-terminated */
	const char *label;
	size_t label_size;
	/* what is between the two lines, up to the next block or the text's end
	   if there is no last line */
	const char *content;
	size_t content_size;
	bool complete;
};

/* Finds the first block in text. Search for the next one behind its
   content. */
bool text_block_find(const char *text, size_t size,
		     struct text_block *block_r);

bool text_block_label_is(const struct text_block *block, const char *label);
bool text_block_label_begins(const struct text_block *block,
			     const char *prefix);

#endif
