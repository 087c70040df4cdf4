/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_DOCTOR_FINDINGS_H
#define DOVEADM_SEAL_DOCTOR_FINDINGS_H

/* What "doveadm seal doctor" has found: a list, in the order of the checks. */

enum doctor_result {
	DOCTOR_OK,
	/* to be looked into: plaintext could get somewhere, or soon mail won't
	   be sealed */
	DOCTOR_WARNING,
	/* mail isn't sealed, or waits; or something can't work */
	DOCTOR_ERROR
};

struct doctor_finding {
	enum doctor_result result;
	/* the name of the check, a word that never changes */
	const char *check;
	/* how it is, and what to do about that, or "" */
	const char *what, *advice;
};

struct doctor_findings {
	/* of the list and its strings */
	pool_t pool;
	ARRAY(struct doctor_finding) list;
};

void doctor_findings_init(struct doctor_findings *findings, pool_t pool);

/* Add a finding, once. Texts are sentences without their full stop, and are
   copied. */
void doctor_ok(struct doctor_findings *findings, const char *check,
	       const char *format, ...) ATTR_FORMAT(3, 4);
void doctor_bad(struct doctor_findings *findings, enum doctor_result result,
		const char *check, const char *advice, const char *format, ...)
	ATTR_FORMAT(5, 6);

/* "ok", "warning" or "error" */
const char *doctor_result_name(enum doctor_result result);
/* The worst of them */
enum doctor_result doctor_findings_worst(const struct doctor_findings *findings);

#endif
