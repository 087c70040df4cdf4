/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef SPLIT_ORACLE_H
#define SPLIT_ORACLE_H

#include <glib.h>
#include <stdbool.h>

/* What header-split.h and header-protect.h promise, written again for a
   message that is all in memory. */

struct split_field {
	/* lower case; NULL for lines that are no field */
	char *name;
	/* all its lines */
	GString *text;
};

struct split_oracle {
	/* of struct split_field; what is dropped isn't among them */
	GPtrArray *fields;
	/* what follows the line that ends the header section */
	GString *body;
};

struct split_oracle *split_oracle_new(const char *message, size_t size);
void split_oracle_free(struct split_oracle *oracle);

/* Appends what must stand outside and be inside. mark comes before the first
   field, behind lines that are none; or "". hidden is a field's name in lower
   case, or NULL; "subject" is replaced, others are left out. */
void split_oracle_outside(const struct split_oracle *oracle, const char *mark,
			  const char *hidden, GString *outside);
void split_oracle_inside(const struct split_oracle *oracle, GString *inside);

/* Line ends as CRLF. The caller frees it. */
GString *with_crlf(const GString *text);

#endif
