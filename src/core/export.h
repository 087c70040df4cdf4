/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_CORE_EXPORT_H
#define MAIL_SEAL_CORE_EXPORT_H

#include "core.h"

/* See struct mail_seal_core. */
int core_export_for(const struct mail_seal_contents *contents,
		 const struct mail_seal_settings *set, const char *facts,
		 const char *address, pool_t pool,
		 const struct mail_seal_exported **list_r,
		 unsigned int *count_r, struct seal_error *error);

#endif
