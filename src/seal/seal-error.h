/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef SEAL_ERROR_H
#define SEAL_ERROR_H

/* Why something couldn't be sealed. The code is what policy decides on; the
   text is for the administrator's log and never holds mail content. */

enum seal_error_code {
	SEAL_ERROR_NONE = 0,
	/* A certificate is there, but can't be used. */
	SEAL_ERROR_UNUSABLE_KEY,
	/* The engine is missing, crashed or said no. */
	SEAL_ERROR_ENGINE,
	/* The engine kept us waiting for longer than allowed. */
	SEAL_ERROR_TIMEOUT,
	/* We couldn't store what had to be held back (temporary file). */
	SEAL_ERROR_STORE
};

struct seal_error {
	enum seal_error_code code;
	char text[512];
};

/* Sets code and text, unless an error is set already: the first cause is the
   one that explains the others. */
void seal_error_set(struct seal_error *error, enum seal_error_code code,
		    const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
