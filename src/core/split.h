/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_CORE_SPLIT_H
#define MAIL_SEAL_CORE_SPLIT_H

#include "core.h"

/* See struct mail_seal_core. */
int core_split(const buffer_t *content,
	       const struct mail_seal_settings *set, pool_t pool,
	       const struct mail_seal_certificate_text **list_r,
	       unsigned int *count_r, struct seal_error *error);

#endif
