/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef HEADER_SPLIT_H
#define HEADER_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

/* Divides a message into what stays readable outside (the header fields of
   the message) and what goes inside (the MIME entity: Content-* fields, an
   empty line, the body). RFC 3156 section 4, RFC 5322 section 2.1.

   Every byte goes to one side, unchanged and in order, but for these:
   - the line that ends the header section becomes an empty line inside;
   - X-Mail-Seal fields are dropped, since only we may claim that we sealed;
   - a header section that ends without a line end gets one.

   Nothing is refused: a line that can't be a header field stays outside
   where it stands. */

enum header_split_side {
	HEADER_SPLIT_OUTSIDE,
	HEADER_SPLIT_INSIDE
};

/* Called for each piece, in the order of the message. */
typedef void header_split_output_t(enum header_split_side side,
				   const char *data, size_t size,
				   void *context);

/* Called before the first piece of a header field, with its name as it is
   written and the side it goes to; and with size 0 before lines that are no
   field. Continuation lines belong to the field before. */
typedef void header_split_field_t(enum header_split_side side,
				  const char *name, size_t size,
				  void *context);

struct header_split;

/* field may be NULL */
struct header_split *
header_split_new(header_split_output_t *output, header_split_field_t *field,
		 void *context);
void header_split_free(struct header_split **split);

/* Takes the next bytes of the message, in pieces of any size. */
void header_split_push(struct header_split *split, const char *data,
		       size_t size);
/* The message is complete. */
void header_split_finish(struct header_split *split);

/* The header section is complete: nothing more comes for the outside. */
bool header_split_in_body(const struct header_split *split);
/* A MIME-Version field is among what went outside. */
bool header_split_has_mime_version(const struct header_split *split);

#endif
