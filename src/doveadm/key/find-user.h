/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_FIND_USER_H
#define DOVEADM_SEAL_FIND_USER_H

#include "../../plugin/enrol.h"
#include "find-policy.h"

struct doveadm_mail_cmd_context;
struct doveadm_seal_find_sources;
struct mail_seal_plugin_interface;

/* What "doveadm seal key find" was told */
struct doveadm_seal_find_options {
	/* gets the exit status */
	struct doveadm_mail_cmd_context *ctx;
	bool dry_run, activate;
};

/* What there is to say of a user. What is published anybody may have written:
   it isn't fit for a terminal. */
struct doveadm_seal_find_row {
	enum doveadm_seal_find_result result;
	/* of the result, or of the first note; or "" */
	const char *source, *where;
	/* fingerprints: of what was found, is pending or active; or "" */
	const char *keys;
	string_t *notes;
};

/* Looks for this user's certificates, and does what is to be done. What is
   unknown or fails becomes a line in the log, too. From the data stack. */
void doveadm_seal_find_user(const struct doveadm_seal_find_options *options,
			    struct doveadm_seal_find_sources *sources,
			    const struct mail_seal_plugin_interface *plugin,
			    const struct mail_seal_enrolment *enrolment,
			    struct doveadm_seal_find_row *row_r);

#endif
