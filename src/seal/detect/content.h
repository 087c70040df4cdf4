/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DETECT_CONTENT_H
#define DETECT_CONTENT_H

#include <gmime/gmime.h>
#include <stdbool.h>

/* Follows the content of one body part, undoes its transfer encoding and
   checks that it is what its role in an encrypted message asks for. */

enum content_role {
	CONTENT_NONE,
	/* RFC 3156 section 4: "Version: 1" */
	CONTENT_VERSION,
	/* one encrypted OpenPGP message and nothing else: armored, or in
	   base64 */
	CONTENT_CIPHERTEXT,
	/* the same in a text: only armored */
	CONTENT_INLINE,
	/* one CMS message of type enveloped-data or authEnveloped-data */
	CONTENT_CMS,
	/* white space only: what Exchange puts in front of a PGP/MIME message
	   it mangles; and the same in HTML */
	CONTENT_EMPTY,
	CONTENT_EMPTY_HTML,
	/* Autocrypt level 1, section "Autocrypt Setup Message": instructions
	   for people, then the armored secret in a frame of text */
	CONTENT_SETUP_INSTRUCTIONS,
	CONTENT_SETUP_SECRET
};

struct content_check;

struct content_check *
content_check_new(enum content_role role, GMimeContentEncoding encoding);
void content_check_free(struct content_check **check);

/* Takes the next bytes of the part's body. Returns false once they don't fit
   the role. */
bool content_check_push(struct content_check *check, const char *data,
			size_t size);
/* The part is complete. Returns whether all of it fits. */
bool content_check_finish(struct content_check *check);

#endif
