/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "seal-error.h"

#include <stdarg.h>
#include <stdio.h>

void seal_error_set(struct seal_error *error, enum seal_error_code code,
		    const char *format, ...)
{
	va_list args;

	if (error->code != SEAL_ERROR_NONE)
		return;
	error->code = code;
	va_start(args, format);
	(void)vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
}
