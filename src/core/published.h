/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_CORE_PUBLISHED_H
#define MAIL_SEAL_CORE_PUBLISHED_H

#include "core.h"

/* See struct mail_seal_core. */
int core_choose_published(const buffer_t *content,
			  const struct mail_seal_settings *set,
			  const char *address, const char *const *known,
			  const char *const *refused, buffer_t *text,
			  const char **reason_r, struct seal_error *error);
int core_has_news(const buffer_t *first, const char *const *fingerprints,
		  const buffer_t *second,
		  const struct mail_seal_settings *set,
		  struct seal_error *error);

#endif
