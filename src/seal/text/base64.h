/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef BASE64_H
#define BASE64_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes base64 (RFC 4648 section 4) in lines that end in CRLF, piece by
   piece. All of a sealed message's body goes through here, so it is done 12
   bytes at a time where the processor can shuffle bytes, and else by a table of
   what 12 bits become, where GLib has one of what six do. */

#define BASE64_LINE_MAX 57

struct base64_writer {
	/* bytes that make a line */
	size_t line;
	/* the next line's first bytes */
	uint8_t group[BASE64_LINE_MAX];
	size_t group_size;
};

/* Tests see to it that the table is as right. */
extern bool base64_may_shuffle;

/* line_length is in characters, a multiple of 4 and not above 76. */
void base64_init(struct base64_writer *writer, size_t line_length);
/* Both append to out: the lines that are full; and the last one, if it has
   anything in it. */
void base64_write(struct base64_writer *writer, const uint8_t *data,
		  size_t size, GString *out);
void base64_end(struct base64_writer *writer, GString *out);

#endif
