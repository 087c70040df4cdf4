/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What counts: an owner's certificates are set, or taken away. Whether they
   may be is asked elsewhere: enrol-check.c, enrol-gate.c. */

#include "lib.h"
#include "buffer.h"
#include "mail-user.h"
#include "declined.h"
#include "enrol-private.h"
#include "keys.h"
#include "owner-time.h"
#include "pending.h"
#include "report.h"
#include "state.h"
#include "../core/core.h"

#include <time.h>

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

/* The same certificates again are no change. */
static void
now_effective(const struct mail_seal_enrolment *enrolment, const char *action,
	      const struct enrolled *before, const struct enrolled *after)
{
	if (after->content->used > 0 &&
	    buffer_cmp(before->content, after->content))
		return;
	report_change(enrolment, action, before, after);
	enrol_tell_change(enrolment, before, after);
}

/* What was pending is over. What can't be read, because a dict has no place
   for it, can't become active either. Returns the fingerprints of what it was,
   or NULL. */
static const char *const *drop_pending(const struct mail_seal_settings *set)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct mail_seal_pending_place place;

	if (mail_seal_pending_open(set, &place, &error) < 0 ||
	    (place.seen->used > 0 &&
	     mail_seal_pending_drop(&place, &error) < 0)) {
		e_debug(set->user->event, "mail_seal: What is pending stays: "
			"%s", error.text);
		return NULL;
	}
	return place.pending.keys;
}

/*
 * Setting
 */

/* What the judge has said of what is there now: whoever lists keys needs not
   ask again. */
static const char *facts_now(const struct mail_seal_settings *set)
{
	struct mail_seal_keys keys;

	mail_seal_keys_get(set, NULL, FALSE, &keys);
	if (keys.recipients != NULL)
		mail_seal_core_get_loaded()->recipients_unref(&keys.recipients);
	return keys.new_facts;
}

/* The owner's state knows at once, not only with the first message; also that
   this withdrawal (or 0) is over, which a replica that lags may yet show. It is
   no failure if that can't be: the certificate counts. */
static void remember(const struct mail_seal_enrolment *enrolment,
		     const struct enrolled *enrolled, time_t withdrawn)
{
	struct mail_user *user = enrolment->set->user;
	const char *error;

	if (mail_seal_state_enrol(user, enrolled->keys,
				  facts_now(enrolment->set), withdrawn,
				  enrolment->way, &error) < 0) {
		e_warning(user->event, "mail_seal: The owner's state can't be "
			  "kept: %s", error);
	}
}

void enrol_has_set(const struct mail_seal_enrolment *enrolment,
		   const struct enrolled *before, buffer_t *content)
{
	struct enrolled after = {
		.content = content,
		.keys = enrol_fingerprints(enrolment->set, content)
	};

	after.known = after.keys != NULL;
	after.fingerprints = after.keys == NULL ? "unreadable" :
		t_strarray_join(after.keys, ",");
	remember(enrolment, &after, before->withdrawn);
	mail_seal_declined_forget(enrolment->set->user, after.keys);
	now_effective(enrolment, "set", before, &after);
}

enum mail_seal_enrol_result
enrol_store(const struct mail_seal_enrolment *enrolment,
	    const struct mail_seal_source *source, buffer_t *content,
	    struct mail_seal_enrol_error *error_r)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct enrolled before;

	/* what can't be read is no reason not to replace it, but for those
	   who mustn't */
	if (enrolled_get(enrolment->set, &before, &error) < 0 &&
	    enrolment->only_first) {
		return enrol_failed("Certificate not stored", NULL, &error,
				    error_r);
	}
	error.code = SEAL_ERROR_NONE;
	if (enrol_check_first(enrolment, &before, error_r) !=
	    MAIL_SEAL_ENROL_OK)
		return MAIL_SEAL_ENROL_IMPOSSIBLE;
	(void)drop_pending(enrolment->set);
	if (mail_seal_source_write(source, enrolment->set, content,
				   &error) == 0) {
		enrol_has_set(enrolment, &before, content);
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
		result = enrol_store(enrolment, source, content, error_r);
	if (result == MAIL_SEAL_ENROL_OK)
		enrol_warn(enrolment, warning);
	return result;
}

/*
 * Removing
 */

enum mail_seal_enrol_result
enrol_remove(const struct mail_seal_settings *set,
	     const struct mail_seal_source *but,
	     struct mail_seal_enrol_error *error_r)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	bool removed = FALSE;

	for (unsigned int i = 0; i < set->source_count; i++) {
		const struct mail_seal_source *source = &set->sources[i];
		int ret;

		if (source == but || !mail_seal_source_is_writable(source))
			continue;
		ret = mail_seal_source_remove(source, set, &error);
		if (ret < 0) {
			return enrol_failed("Certificate not removed",
					    mail_seal_source_name(source),
					    &error, error_r);
		}
		removed = removed || ret > 0;
	}
	return removed ? MAIL_SEAL_ENROL_OK : MAIL_SEAL_ENROL_NOTHING;
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

void enrol_has_removed(const struct mail_seal_enrolment *enrolment,
		       bool removed, struct enrolled *before,
		       enum mail_seal_enrol_result *result,
		       struct mail_seal_enrol_error *error_r)
{
	/* before it is forgotten when he got it */
	const time_t now = mail_seal_owner_time(enrolment->set->user);
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct enrolled after;

	if ((*result == MAIL_SEAL_ENROL_OK ||
	     *result == MAIL_SEAL_ENROL_NOTHING) &&
	    forget(enrolment->set, before, result, error_r))
		removed = TRUE;
	if (removed) {
		mail_seal_declined_note(enrolment->set->user,
					MAIL_SEAL_DECLINED_WITHDRAWN, now,
					before->keys);
		(void)enrolled_get(enrolment->set, &after, &error);
		now_effective(enrolment, "unset", before, &after);
	}
}

enum mail_seal_enrol_result
mail_seal_enrol_unset(const struct mail_seal_enrolment *enrolment,
		      struct mail_seal_enrol_error *error_r)
{
	const struct mail_seal_settings *set = enrolment->set;
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	enum mail_seal_enrol_result result, left;
	struct enrolled before;
	bool removed;

	(void)enrolled_get(set, &before, &error);
	mail_seal_declined_note(set->user, MAIL_SEAL_DECLINED_REJECTED,
				time(NULL), drop_pending(set));
	result = enrol_remove(set, NULL, error_r);
	removed = result == MAIL_SEAL_ENROL_OK;
	if (result != MAIL_SEAL_ENROL_FAILED) {
		left = enrol_check_removable(set, removed ? "Certificate "
			"removed, but mail is still sealed" :
			"Certificate not removed", error_r);
		if (left != MAIL_SEAL_ENROL_OK)
			result = left;
	}
	enrol_has_removed(enrolment, removed, &before, &result, error_r);
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
