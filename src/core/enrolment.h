/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_CORE_CERTIFICATES_H
#define MAIL_SEAL_CORE_CERTIFICATES_H

#include "core.h"

#include <glib.h>

/* Returns the owner's certificates, as certificates_judge() says, facts or not;
   or NULL. */
GPtrArray *
core_judge_owners(const struct mail_seal_contents *contents,
		  const struct mail_seal_settings *set, const char *facts,
		  struct seal_error *error);

/* More are no owner's, but a keyring that was exported as a whole. */
#define ENROL_CERTIFICATES_MAX 5

struct certificate_list;

/* certificates_read(), for somebody who brings them or has published them */
const struct certificate_list *
core_read_brought(const buffer_t *content, unsigned int timeout_secs,
		  struct seal_error *error);
/* Has the second anything that the first hasn't? Both have certificates of one
   kind. Merging puts it behind; merged_r may be NULL. Returns 1, 0 or -1. */
int core_adds_something(const buffer_t *first, const buffer_t *second,
			const struct mail_seal_settings *set,
			buffer_t *merged_r, struct seal_error *error);

/* See struct mail_seal_core. */
int core_describe(const buffer_t *content,
		    const struct mail_seal_settings *set, time_t when,
		    pool_t pool, const struct mail_seal_certificate **list_r,
		    unsigned int *count_r, struct seal_error *error);
int core_summarize(const struct mail_seal_contents *contents,
		   const struct mail_seal_settings *set, const char *facts,
		   pool_t pool, const struct mail_seal_certificate **list_r,
		   unsigned int *count_r, struct seal_error *error);
int core_check_enrolment(const buffer_t *content,
			   const struct mail_seal_settings *set,
			   struct seal_error *error);
int core_check_addresses(const buffer_t *content,
			 const struct mail_seal_settings *set,
			 const char *const *addresses, const char **reason_r,
			 bool *nobodys_r, struct seal_error *error);
int core_to_text(buffer_t *content, unsigned int timeout_secs,
		   struct seal_error *error);
int core_add_known(buffer_t *content, const buffer_t *known,
		   const struct mail_seal_settings *set,
		   struct seal_error *error);
int core_find_certificate(struct istream *input, unsigned int timeout_secs,
			  buffer_t *certificate, struct seal_error *error);

#endif
