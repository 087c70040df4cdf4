/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_METADATA_STATUS_H
#define MAIL_SEAL_METADATA_STATUS_H

#include <time.h>

struct mail_seal_settings;

/* Appends how it stands with the owner, as mail_seal(7) describes the entry:
   lines "name=value". The source is asked once, what is pending only where
   nothing is enrolled, and gpg only for certificates that the owner's state
   doesn't know. Returns 0; or -1 if that can't be found out now, and why, from
   the data stack. */
int mail_seal_metadata_status(const struct mail_seal_settings *set,
			      string_t *text, const char **log_error_r);

/* A time as our entries have it (RFC 3339, UTC), from the data stack */
const char *mail_seal_metadata_time(time_t when);

#endif
