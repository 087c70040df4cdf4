/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "crlf.h"

#include <string.h>

void crlf_init(struct crlf *crlf)
{
	crlf->cr = false;
}

/* Returns the first LF that lacks its CR, or NULL. */
static const char *
find_bare_lf(const char *data, const char *from, const char *end, bool cr)
{
	const char *lf = from;

	while ((lf = memchr(lf, '\n', end - lf)) != NULL) {
		if (lf == data ? !cr : lf[-1] != '\r')
			return lf;
		if (++lf == end)
			return NULL;
	}
	return NULL;
}

const char *crlf_convert(struct crlf *crlf, const char *data, size_t size,
			 size_t *size_r)
{
	const char *end = data + size, *done = data, *lf;
	char *out = crlf->buffer;

	*size_r = size;
	if (size == 0)
		return data;
	lf = find_bare_lf(data, data, end, crlf->cr);
	crlf->cr = end[-1] == '\r';
	if (lf == NULL)
		return data;
	/* cr counts for the first byte only, which was looked at */
	for (; lf != NULL; lf = find_bare_lf(data, lf + 1, end, true)) {
		memcpy(out, done, lf - done);
		out += lf - done;
		memcpy(out, "\r\n", 2);
		out += 2;
		done = lf + 1;
		if (done == end)
			break;
	}
	memcpy(out, done, end - done);
	out += end - done;
	*size_r = out - crlf->buffer;
	return crlf->buffer;
}
