/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_METRICS_TEXT_H
#define DOVEADM_SEAL_METRICS_TEXT_H

#include "../doctor/findings.h"
#include "../key/list-state.h"

/* What "doveadm seal metrics" counts, and how Prometheus reads it: the text
   format, version 0.0.4. Every series is always there, also when it is 0, so
   that a rule can rely on it. */

#define METRICS_RESULT_COUNT (DOCTOR_ERROR + 1)

struct metrics_protocol {
	const char *name;
	bool has_plugin;
};

struct metrics {
	unsigned int owners[DOVEADM_SEAL_LIST_STATE_COUNT];
	/* something waits for a code */
	unsigned int pending;
	/* how it stands with them can't be told */
	unsigned int failed;
	/* of certificates that are used; 0: none ever expires */
	time_t next_expiry;

	/* if messages were counted */
	bool plaintext_counted;
	uint64_t plaintext;
	/* who has any, and who couldn't be counted completely */
	unsigned int plaintext_owners, plaintext_failed;

	/* of doveadm seal doctor, for the server */
	unsigned int findings[METRICS_RESULT_COUNT];
	const struct metrics_protocol *protocols;
	unsigned int protocol_count;

	const char *version;
	time_t now;
};

void metrics_write(const struct metrics *metrics, string_t *text);

#endif
