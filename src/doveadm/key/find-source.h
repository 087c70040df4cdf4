/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_FIND_SOURCE_H
#define DOVEADM_SEAL_FIND_SOURCE_H

#include "../../discovery/discovery.h"

struct mail_seal_settings;

/* The sources of certificates as they are configured for a user. They stay open
   for the next one if he has the same settings. Who didn't answer in time isn't
   asked again about the same domain for some minutes. */

struct doveadm_seal_find_source {
	const char *name;
	const struct discovery_source *source;
	/* NULL until it is asked for the first time */
	void *state;
	/* why it can't be asked at all, half a sentence, or NULL */
	const char *problem;
	/* and that has been said */
	bool said;
};

struct doveadm_seal_find_sources {
	pool_t pool;
	const struct discovery_interface *discovery;
	struct discovery_settings set;
	struct doveadm_seal_find_source *list;
	unsigned int count;
};

/* What there is for an address, from the data stack */
struct doveadm_seal_find_answer {
	enum discovery_result result;
	const buffer_t *data;
	const char *where;
	/* "" if there is nothing to say */
	const char *note;
	/* it is news to the administrator's log that it is unknown */
	bool must_be_said;
};

/* Opens those with these names (NULL-terminated), in their order; or, if it is
   NULL, those that are configured. If they are open with these settings
   already, does nothing. *sources must be NULL at first. */
void doveadm_seal_find_sources_open(
	struct doveadm_seal_find_sources **sources,
	const struct discovery_interface *discovery,
	const struct mail_seal_settings *set, const char *const *names,
	unsigned int timeout_secs);
void doveadm_seal_find_sources_close(
	struct doveadm_seal_find_sources **sources);

/* Forgets who didn't answer in time. */
void doveadm_seal_find_skip_nobody(void);

/* Asks this source. The address is a user's as it is written. */
void doveadm_seal_find_ask(const struct doveadm_seal_find_sources *sources,
			   struct doveadm_seal_find_source *source,
			   const char *address,
			   struct doveadm_seal_find_answer *answer_r);

#endif
