/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Judges what a user has. */

#include "lib.h"
#include "time-util.h"
#include "judge.h"

static const char *day(time_t when)
{
	return t_strflocaltime("%Y-%m-%d", when);
}

void doctor_judge_certificate(struct doctor_findings *findings,
			      const struct doctor_certificate *certificate,
			      time_t soon)
{
	static const char advice[] = "Ask for a new one, and enrol it with "
		"doveadm seal key set";

	if (certificate->problem != NULL) {
		doctor_bad(findings, certificate->has_successor ?
			   DOCTOR_WARNING : DOCTOR_ERROR, "certificate",
			   certificate->has_successor ?
			   "Take it out of the file" : advice,
			   "Certificate %s can't be used: %s",
			   certificate->fingerprint, certificate->problem);
	} else if (certificate->expires != 0 && certificate->expires < soon) {
		doctor_bad(findings, DOCTOR_WARNING, "certificate", advice,
			   "Certificate %s expires on %s",
			   certificate->fingerprint,
			   day(certificate->expires));
	} else if (certificate->expires != 0) {
		doctor_ok(findings, "certificate", "Certificate %s can be "
			  "used, and expires on %s", certificate->fingerprint,
			  day(certificate->expires));
	} else {
		doctor_ok(findings, "certificate", "Certificate %s can be "
			  "used, and never expires", certificate->fingerprint);
	}
}

void doctor_judge_group(struct doctor_findings *findings,
			const struct doctor_group *group)
{
	static const char advice[] = "See doveadm seal group show and sync";

	if (group->error != NULL) {
		doctor_bad(findings, DOCTOR_ERROR, "group",
			   "Let everybody who may save there read it",
			   "The members of %s can't be read: %s", group->name,
			   group->error);
	} else if (group->usable == 0) {
		doctor_bad(findings, DOCTOR_ERROR, "group", advice,
			   "No mail is stored in %s: none of its members has "
			   "a certificate that can be used", group->name);
	} else if (group->usable < group->count) {
		doctor_bad(findings, DOCTOR_WARNING, "group", advice,
			   "Of the %u certificates of %s, %u can't be used",
			   group->count, group->name,
			   group->count - group->usable);
	} else {
		doctor_ok(findings, "group", "All %u certificates of %s can "
			  "be used", group->count, group->name);
	}
}

void doctor_judge_trial(struct doctor_findings *findings,
			const struct doctor_trial *trial)
{
	static const char advice[] = "See what Dovecot's log says of a "
		"delivery";

	if (trial->error != NULL) {
		doctor_bad(findings, DOCTOR_ERROR, "trial", advice,
			   "A message can't be sealed: %s", trial->error);
	} else if (!trial->encrypted || !trial->hidden) {
		doctor_bad(findings, DOCTOR_ERROR, "trial", advice,
			   "What should be sealed can be read");
	} else if (!trial->for_user) {
		doctor_bad(findings, DOCTOR_ERROR, "trial", advice,
			   "A message was sealed to other certificates than "
			   "the user's");
	} else {
		doctor_ok(findings, "trial", "A message was sealed to the "
			  "user's certificates");
	}
}
