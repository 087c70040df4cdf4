/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef ENVELOPE_H
#define ENVELOPE_H

#include <glib.h>
#include <stdbool.h>

/* What stands around the ciphertext: our header fields and the PGP/MIME
   structure (RFC 3156 section 4), in the shape Thunderbird itself writes. */

/* Random bits as hexadecimal digits, and the terminating NUL */
#define ENVELOPE_BOUNDARY_SIZE (128 / 4 + 1)

/* Returns 0, or -1 with errno set if the system has no random numbers. */
int envelope_boundary_generate(char boundary_r[ENVELOPE_BOUNDARY_SIZE]);

/* Appends all from behind the message's own header fields up to the
   ciphertext. fingerprints is NULL-terminated. */
void envelope_pgp_mime_begin(GString *out, bool add_mime_version,
			     const char *const *fingerprints,
			     const char *boundary);
/* Appends what follows the ciphertext. */
void envelope_pgp_mime_end(GString *out, const char *boundary);

#endif
