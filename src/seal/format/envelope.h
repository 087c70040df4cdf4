/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef ENVELOPE_H
#define ENVELOPE_H

#include "../seal-error.h"
#include "check.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* What stands around the ciphertext: our header fields and the MIME structure
   of the sealed message. Line ends are CRLF, and no line has more than 76
   characters. */

struct envelope;

/* A form of sealed message */
struct envelope_format {
	/* Readers look for protected header fields in it. */
	bool shows_protected_headers;
	/* What the ciphertext must be */
	const struct check_form *check;

	/* Returns NULL if the system has no random numbers. */
	struct envelope *(*alloc)(struct seal_error *error);
	void (*free)(struct envelope *envelope);

	/* These append to out. First what stands between the message's fields
	   (MIME-Version among them) and the ciphertext; it doesn't depend on
	   that, so ciphertext may be written before it is known where the
	   header section ends. */
	void (*begin)(struct envelope *envelope, GString *out);
	/* Ciphertext, as an engine gives it. */
	void (*write)(struct envelope *envelope, const uint8_t *data,
		      size_t size, GString *out);
	/* What is left of the ciphertext, and what follows it. */
	void (*end)(struct envelope *envelope, GString *out);
};

/* RFC 3156 section 4, in the shape Thunderbird itself writes */
extern const struct envelope_format envelope_pgp_mime;
/* RFC 8551 section 3.3 */
extern const struct envelope_format envelope_smime;

/* Appends X-Mail-Seal, by which readers know that a server sealed the message.
   They believe it only as the first header field, where a sender can't write:
   what receives the message adds its own fields above his. fingerprints is
   NULL-terminated. Of many, the first MARK_FINGERPRINTS_MAX are named and then
   "keys=N" says how many they all are. */
#define MARK_FINGERPRINTS_MAX 32
void envelope_append_mark(GString *out, const char *const *fingerprints);
/* Appends what follows the message's own fields if it isn't among them. */
void envelope_append_mime_version(GString *out);

#endif
