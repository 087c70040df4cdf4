/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_GROUP_LOAD_H
#define DOVEADM_SEAL_GROUP_LOAD_H

#include "group-plan.h"
#include "../../seal/seal-error.h"

struct mail_seal_core;
struct mail_seal_group;
struct mail_seal_plugin_interface;
struct mail_seal_source;

/* A team's certificates as they were read, and as they are to be */
struct doveadm_seal_group {
	const struct mail_seal_plugin_interface *plugin;
	const struct mail_seal_core *core;
	const struct mail_seal_group *group;
	/* the one to change; NULL if none can be written */
	const struct mail_seal_source *source;
	/* its content; empty: there is none */
	buffer_t *seen;
	struct doveadm_seal_group_text text;
	/* Fingerprints of those that are there, but that nothing is sealed to:
	   of the chain of somebody's X.509 certificate */
	ARRAY_TYPE(const_string) unused;
};

/* Reads the group. Returns 0, or -1 with half a sentence. What single
   certificates have wrong is said in their entries. All is from the pool. */
int doveadm_seal_group_load(const struct mail_seal_plugin_interface *plugin,
			    const struct mail_seal_group *group, pool_t pool,
			    struct doveadm_seal_group *group_r,
			    struct seal_error *error);
/* Is nothing sealed to the certificate with this fingerprint? */
bool doveadm_seal_group_is_unused(const struct doveadm_seal_group *group,
				  const char *fingerprint);
/* Sets the error for such a one. Returns -1. */
int doveadm_seal_group_unused_error(const char *fingerprint,
				    struct seal_error *error);
/* Writes it, if the text reads as its entries say, and unless this is a dry
   run. Returns 1; 0 if somebody has changed it meanwhile; or -1 with half a
   sentence: nothing is changed. */
int doveadm_seal_group_save(struct doveadm_seal_group *group, bool dry_run,
			    struct seal_error *error);

/* One that does this at a time, on this machine: to be done before a group is
   read to be changed. Waits for the other. Returns a descriptor to close, -1 if
   nobody but root may lock and this isn't root's process, or -2 with half a
   sentence. */
int doveadm_seal_group_lock(const char **error_r);

#endif
