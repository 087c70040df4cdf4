/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MULTIPART_H
#define MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

/* Follows the body of a multipart message (RFC 2046 section 5.1) and checks
   that its parts are those of an encrypted one, with nothing readable before,
   between or behind them. */

enum multipart_kind {
	/* RFC 3156 section 4 */
	MULTIPART_PGP_MIME,
	/* the same as Exchange mangles it: multipart/mixed, and an empty text
	   first */
	MULTIPART_MANGLED,
	/* Autocrypt level 1, section "Autocrypt Setup Message" */
	MULTIPART_SETUP
};

/* RFC 2046 section 5.1.1 says 70; mail programs know it, and others needn't
   have it compared with each line. */
#define MULTIPART_BOUNDARY_MAX 256

struct multipart;

struct multipart *
multipart_new(enum multipart_kind kind, const char *boundary);
void multipart_free(struct multipart **multipart);

/* Takes the next bytes of the body. Returns false once they don't fit. */
bool multipart_push(struct multipart *multipart, const char *data,
		    size_t size);
/* The body is complete. Returns whether it is encrypted. */
bool multipart_finish(struct multipart *multipart);

#endif
