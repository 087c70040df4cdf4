/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CRLF_H
#define CRLF_H

#include <stdbool.h>
#include <stddef.h>

/* Makes every line end CRLF, piece by piece: an LF without CR gets one. A CR
   alone is no line end and stays as it is. */

/* As much is taken at a time, bytes. */
#define CRLF_STEP 8192

struct crlf {
	/* the last byte was CR */
	bool cr;
	char buffer[2 * CRLF_STEP];
};

void crlf_init(struct crlf *crlf);
/* size is CRLF_STEP at the most. Returns the text, which is data itself if its
   line ends are right, else valid until the next call. */
const char *crlf_convert(struct crlf *crlf, const char *data, size_t size,
			 size_t *size_r);

#endif
