/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "buffer.h"
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

#define WITHDRAWAL "mail-seal: withdrawn "

const char *mail_seal_source_withdrawal(time_t when)
{
	return t_strconcat(WITHDRAWAL, dec2str(when), NULL);
}

bool mail_seal_source_is_withdrawn(const buffer_t *content, time_t *when_r)
{
	const size_t length = strlen(WITHDRAWAL);
	const char *text = content->data;

	return content->used > length && content->used < length + 20 &&
		memcmp(text, WITHDRAWAL, length) == 0 &&
		str_to_time(t_strndup(text + length, content->used - length),
			    when_r) == 0;
}
