/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "source.h"

static bool errno_is_of_source(void)
{
	switch (errno) {
	case EACCES:
	case EPERM:
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
	case ELOOP:
	case ENAMETOOLONG:
	case ENXIO:
	case ENODEV:
		return TRUE;
	default:
		return FALSE;
	}
}

int mail_seal_key_source_failed(struct seal_error *error, const char *what)
{
	seal_error_set(error, errno_is_of_source() ?
		       SEAL_ERROR_UNUSABLE_KEY : SEAL_ERROR_ENGINE,
		       "%s: %s", what, strerror(errno));
	return -1;
}
