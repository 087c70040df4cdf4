/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "buffer.h"
#include "str.h"
#include "mail-user.h"
#include "enrol-private.h"
#include "keys.h"
#include "report.h"
#include "state.h"
#include "../core/core.h"

#include <time.h>

/*
 * Changing
 */

/* What is enrolled */
struct enrolled {
	/* empty if nothing is, or if it can't be read */
	buffer_t *content;
	const char *fingerprints;
};

static const char *
get_fingerprints(const struct mail_seal_settings *set, const buffer_t *content)
{
	const struct mail_seal_core *core;
	const struct mail_seal_certificate *list;
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	string_t *fingerprints = t_str_new(128);
	unsigned int count;

	core = mail_seal_core_get(&error);
	if (core == NULL ||
	    core->describe(content, set, time(NULL), pool_datastack_create(),
			   &list, &count, &error) < 0)
		return "unreadable";
	for (unsigned int i = 0; i < count; i++) {
		if (i > 0)
			str_append_c(fingerprints, ',');
		str_append(fingerprints, list[i].fingerprint);
	}
	return str_c(fingerprints);
}

static void get_enrolled(const struct mail_seal_settings *set,
			 struct enrolled *enrolled_r)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const char *where;
	int ret;

	enrolled_r->content = t_buffer_create(4096);
	ret = mail_seal_keys_read(set, enrolled_r->content, &where, &error);
	if (ret > 0) {
		enrolled_r->fingerprints =
			get_fingerprints(set, enrolled_r->content);
	} else {
		buffer_set_used_size(enrolled_r->content, 0);
		enrolled_r->fingerprints = ret == 0 ? "none" :
			"unreadable";
	}
}

static void
report_change(const struct mail_seal_enrolment *enrolment, const char *action,
	      const struct enrolled *before, const struct enrolled *after)
{
	const struct mail_seal_key_change change = {
		.way = enrolment->way,
		.who = enrolment->who,
		.action = action,
		.old_keys = before->fingerprints,
		.new_keys = after->fingerprints
	};
	const char *line;

	line = mail_seal_report_key_changed(enrolment->set->user->event,
					    &change);
	if (enrolment->trace != NULL)
		enrolment->trace(enrolment->set->user, line);
}

/* The owner's state knows at once, not only with the first message. It is no
   failure if that can't be: the certificate counts. */
static void remember(const struct mail_seal_settings *set,
		     const struct enrolled *enrolled)
{
	const char *error;

	if (mail_seal_state_enrol(set->user,
				  t_strsplit(enrolled->fingerprints, ","),
				  NULL, 0, &error) < 0) {
		e_warning(set->user->event, "mail_seal: The owner's state "
			  "can't be kept: %s", error);
	}
}

/* What has been written or removed counts from now on. The same certificates
   again are no change. */
static void
now_effective(const struct mail_seal_enrolment *enrolment, const char *action,
	      const struct enrolled *before, const struct enrolled *after)
{
	if (after->content->used == 0 ||
	    !buffer_cmp(before->content, after->content))
		report_change(enrolment, action, before, after);
}

static enum mail_seal_enrol_result
store(const struct mail_seal_enrolment *enrolment,
      const struct mail_seal_source *source, buffer_t *content,
      struct mail_seal_enrol_error *error_r)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct enrolled before, after = { .content = content };

	get_enrolled(enrolment->set, &before);
	if (mail_seal_source_write(source, enrolment->set, content,
				   &error) == 0) {
		after.fingerprints = get_fingerprints(enrolment->set, content);
		remember(enrolment->set, &after);
		now_effective(enrolment, "set", &before, &after);
		return MAIL_SEAL_ENROL_OK;
	}
	return error.code == SEAL_ERROR_UNUSABLE_KEY ?
		enrol_bad(error.text, error_r) :
		enrol_failed("Certificate not stored",
			     mail_seal_source_name(source), &error, error_r);
}

enum mail_seal_enrol_result
mail_seal_enrol_set(const struct mail_seal_enrolment *enrolment,
		    buffer_t *content, struct mail_seal_enrol_error *error_r)
{
	const struct mail_seal_source *source;
	enum mail_seal_enrol_result result;
	const char *warning;

	result = enrol_check_all(enrolment, content, &source, &warning,
				 error_r);
	if (result == MAIL_SEAL_ENROL_OK && !enrolment->dry_run)
		result = store(enrolment, source, content, error_r);
	if (result == MAIL_SEAL_ENROL_OK)
		enrol_warn(enrolment, warning);
	return result;
}

/* Removes what can be. A source that can't be written, but has something, is
   named. */
static enum mail_seal_enrol_result
remove_all(const struct mail_seal_settings *set, bool *removed_r,
	   struct mail_seal_enrol_error *error_r)
{
	static const char what[] = "Certificate not removed";
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_source *source, *read_only = NULL;
	int ret;

	*removed_r = FALSE;

	for (unsigned int i = 0; i < set->source_count; i++) {
		source = &set->sources[i];
		if (!mail_seal_source_is_writable(source)) {
			if (mail_seal_source_read(source, set,
						  t_buffer_create(1024),
						  &error) != 0)
				read_only = source;
			error.code = SEAL_ERROR_NONE;
			continue;
		}
		ret = mail_seal_source_remove(source, set, &error);
		if (ret < 0) {
			return enrol_failed(what,
					    mail_seal_source_name(source),
					    &error, error_r);
		}
		if (ret > 0)
			*removed_r = TRUE;
	}
	if (read_only != NULL) {
		return enrol_impossible(*removed_r ? "Certificate removed, but "
			"mail is still sealed" : what, "there is one in a "
			"GnuPG keyring, which mail_seal only reads",
			mail_seal_source_name(read_only), error_r);
	}
	return *removed_r ? MAIL_SEAL_ENROL_OK : MAIL_SEAL_ENROL_NOTHING;
}

/* Also where the certificate had gone already: this is how an owner withdraws
   who has none any more. Returns TRUE if he was enrolled. */
static bool
forget(const struct mail_seal_settings *set, struct enrolled *before,
       enum mail_seal_enrol_result *result,
       struct mail_seal_enrol_error *error_r)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct mail_seal_state state;
	const char *state_error;
	int ret = mail_seal_state_read(set->user, &state, &state_error);

	if (ret > 0 && state.fingerprints != NULL && before->content->used == 0)
		before->fingerprints = t_strarray_join(state.fingerprints, ",");
	ret = mail_seal_state_withdraw(set->user, &state_error);
	if (ret < 0) {
		seal_error_set(&error, SEAL_ERROR_STORE, "%s", state_error);
		*result = enrol_failed("Certificate removed, but mail isn't "
			"stored without it", NULL, &error, error_r);
	} else if (ret > 0) {
		*result = MAIL_SEAL_ENROL_OK;
	}
	return ret > 0;
}

enum mail_seal_enrol_result
mail_seal_enrol_unset(const struct mail_seal_enrolment *enrolment,
		      struct mail_seal_enrol_error *error_r)
{
	enum mail_seal_enrol_result result;
	struct enrolled before, after;
	bool removed;

	get_enrolled(enrolment->set, &before);
	result = remove_all(enrolment->set, &removed, error_r);
	if ((result == MAIL_SEAL_ENROL_OK ||
	     result == MAIL_SEAL_ENROL_NOTHING) &&
	    forget(enrolment->set, &before, &result, error_r))
		removed = TRUE;
	if (removed) {
		get_enrolled(enrolment->set, &after);
		now_effective(enrolment, "unset", &before, &after);
	}
	return result;
}

enum mail_seal_enrol_result
mail_seal_enrol_find(const struct mail_seal_settings *set, const char *home,
		     const char *const *names, buffer_t *content,
		     struct mail_seal_enrol_error *error_r)
{
	struct mail_seal_settings home_set = *set;
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	int ret;

	if (names != NULL)
		home_set.recipients = names;
	ret = mail_seal_source_gnupg.read(home, &home_set, content, &error);
	if (ret > 0)
		return MAIL_SEAL_ENROL_OK;
	if (ret == 0)
		return MAIL_SEAL_ENROL_NOTHING;
	(void)enrol_failed("Certificate not stored", home, &error, error_r);
	return error.code == SEAL_ERROR_UNUSABLE_KEY ?
		MAIL_SEAL_ENROL_BAD : MAIL_SEAL_ENROL_FAILED;
}

int mail_seal_enrol_get(const struct mail_seal_settings *set, buffer_t *text,
			struct mail_seal_enrol_error *error_r)
{
	const struct mail_seal_core *core;
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const char *where = NULL;
	int ret;

	ret = mail_seal_keys_read(set, text, &where, &error);
	if (ret > 0) {
		core = mail_seal_core_get(&error);
		if (core == NULL ||
		    core->to_text(text, set->timeout_secs, &error) < 0)
			ret = -1;
	}
	if (ret < 0)
		(void)enrol_failed("Certificate not shown", where, &error,
				   error_r);
	return ret;
}
