/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef ARMOR_READER_H
#define ARMOR_READER_H

#include "base64-reader.h"
#include "openpgp-message.h"

/* Follows armored text (RFC 9580 section 6) and says whether it is one
   OpenPGP message that is encrypted, and nothing else but empty lines. As
   lenient as readers are: the checksum doesn't matter (section 6.1), lines
   may be of any length, empty lines may stand anywhere. */

/* The most characters of a line that isn't base64 */
#define ARMOR_READER_LINE_MAX 128

enum armor_reader_state {
	/* empty lines */
	ARMOR_BEFORE,
	ARMOR_HEADER,
	ARMOR_DATA,
	/* padding, checksum and the last line */
	ARMOR_TAIL,
	/* empty lines again */
	ARMOR_AFTER
};

/* Start with all zero. */
struct armor_reader {
	enum armor_reader_state state;
	bool failed;
	/* what isn't base64 is looked at line by line */
	char line[ARMOR_READER_LINE_MAX];
	size_t line_size;
	/* number of characters, and of lines, of the armor header; of white
	   space around; of lines with a checksum or padding */
	size_t header_size, space_size;
	unsigned int header_lines, tail_lines;
	/* last character of what was base64 */
	char last;
	struct base64_reader base64;
	struct openpgp_message message;
};

/* Takes the next characters. Returns false once they don't fit. */
bool armor_reader_push(struct armor_reader *reader, const char *text,
		       size_t size);
/* The text has ended. Returns whether it is an encrypted message. */
bool armor_reader_finish(struct armor_reader *reader);

#endif
