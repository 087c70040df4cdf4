/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_ENROL_PRIVATE_H
#define MAIL_SEAL_ENROL_PRIVATE_H

#include "enrol.h"
#include "source.h"

/* What the files behind enrol.h share. Strings are from the data stack. */

/* They set the error and return the result of their name. The reason is half
   a sentence for the owner, "what" begins the sentence, "where" is for the log
   and can be NULL. */
enum mail_seal_enrol_result
enrol_bad(const char *reason, struct mail_seal_enrol_error *error_r);
enum mail_seal_enrol_result
enrol_impossible(const char *what, const char *sentence, const char *where,
		 struct mail_seal_enrol_error *error_r);
enum mail_seal_enrol_result
enrol_failed(const char *what, const char *where,
	     const struct seal_error *error,
	     struct mail_seal_enrol_error *error_r);

/* Is the content, which becomes text, what may be enrolled for this owner, and
   which source is to have it? The warning is NULL, or says what couldn't be
   found out. */
enum mail_seal_enrol_result
enrol_check_all(const struct mail_seal_enrolment *enrolment, buffer_t *content,
		const struct mail_seal_source **source_r,
		const char **warning_r, struct mail_seal_enrol_error *error_r);
/* Logs the warning, if there is one. */
void enrol_warn(const struct mail_seal_enrolment *enrolment,
		const char *warning);

#endif
