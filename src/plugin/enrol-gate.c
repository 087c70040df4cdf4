/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What comes from the owner's side. */

#include "lib.h"
#include "enrol-private.h"

enum mail_seal_enrol_result
mail_seal_enrol_check(const struct mail_seal_enrolment *enrolment,
		      buffer_t *content, struct mail_seal_enrol_error *error_r)
{
	const struct mail_seal_source *source;
	const char *warning;

	return enrol_check_all(enrolment, content, &source, &warning, error_r);
}

enum mail_seal_enrol_result
mail_seal_enrol_offer(const struct mail_seal_enrolment *enrolment,
		      buffer_t *content, struct mail_seal_enrol_error *error_r)
{
	return mail_seal_enrol_set(enrolment, content, error_r);
}

enum mail_seal_enrol_result
mail_seal_enrol_withdraw(const struct mail_seal_enrolment *enrolment,
			 struct mail_seal_enrol_error *error_r)
{
	return mail_seal_enrol_unset(enrolment, error_r);
}

enum mail_seal_enrol_result
mail_seal_enrol_code(const struct mail_seal_enrolment *enrolment ATTR_UNUSED,
		     const char *text ATTR_UNUSED, const char **sentence_r,
		     struct mail_seal_enrol_error *error_r ATTR_UNUSED)
{
	*sentence_r = "No code is awaited";
	return MAIL_SEAL_ENROL_NOTHING;
}

enum mail_seal_enrol_result
mail_seal_enrol_reject(const struct mail_seal_enrolment *enrolment ATTR_UNUSED,
		       struct mail_seal_enrol_error *error_r ATTR_UNUSED)
{
	return MAIL_SEAL_ENROL_NOTHING;
}

enum mail_seal_enrol_result
mail_seal_enrol_due(const struct mail_seal_enrolment *enrolment ATTR_UNUSED,
		    const char **sentence_r ATTR_UNUSED,
		    struct mail_seal_enrol_error *error_r ATTR_UNUSED)
{
	return MAIL_SEAL_ENROL_NOTHING;
}

enum mail_seal_enrol_result
mail_seal_enrol_note(const struct mail_seal_enrolment *enrolment ATTR_UNUSED,
		     const char *notice ATTR_UNUSED,
		     struct mail_seal_enrol_error *error_r ATTR_UNUSED)
{
	return MAIL_SEAL_ENROL_NOTHING;
}
