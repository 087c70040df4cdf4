/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_PENDING_H
#define MAIL_SEAL_PENDING_H

#include "pending-text.h"
#include "../seal/seal-error.h"

struct mail_seal_settings;
struct mail_seal_source;

/* Where what is pending lies: in the first source that can be written, beside
   the certificates. One at a time. All is from the data stack. */

struct mail_seal_pending_place {
	const struct mail_seal_settings *set;
	const struct mail_seal_source *source;
	/* what is there, as it was read or written last; empty: nothing */
	buffer_t *seen;
	/* the same, understood */
	struct mail_seal_pending pending;
};

/* Looks what is pending. Returns 1; 0 if nothing is that can be understood, or
   no source can be written (then place_r->source is NULL); or -1. */
int mail_seal_pending_open(const struct mail_seal_settings *set,
			   struct mail_seal_pending_place *place_r,
			   struct seal_error *error);

/* These change what is pending if it still is what was seen. They return 1, 0
   if somebody else was faster, or -1. */

/* Puts place->pending there. */
int mail_seal_pending_put(struct mail_seal_pending_place *place,
			  struct seal_error *error);
int mail_seal_pending_drop(struct mail_seal_pending_place *place,
			   struct seal_error *error);
/* It becomes active. It has been put there. */
int mail_seal_pending_activate(struct mail_seal_pending_place *place,
			       struct seal_error *error);

/* Reads what is pending, be it over or not: see gate.h. Returns 1, 0 if nothing
   is, or -1. */
int mail_seal_pending_get(const struct mail_seal_settings *set,
			  struct mail_seal_pending *pending_r,
			  struct seal_error *error);

#endif
