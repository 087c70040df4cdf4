/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "buffer.h"
#include "str.h"
#include "mail-user.h"
#include "enrol.h"
#include "source.h"
#include "keys.h"
#include "mail-root.h"
#include "report.h"
#include "state.h"
#include "../core/core.h"

#include <time.h>

static enum mail_seal_enrol_result
enrol_bad(const char *reason, struct mail_seal_enrol_error *error_r)
{
	error_r->sentence = error_r->log_error =
		t_strdup_printf("Certificate not stored: %s", reason);
	return MAIL_SEAL_ENROL_BAD;
}

static enum mail_seal_enrol_result
enrol_impossible(const char *what, const char *sentence, const char *where,
		 struct mail_seal_enrol_error *error_r)
{
	error_r->sentence = t_strdup_printf("%s: %s", what, sentence);
	error_r->log_error = where == NULL ? error_r->sentence :
		t_strdup_printf("%s (%s)", error_r->sentence, where);
	return MAIL_SEAL_ENROL_IMPOSSIBLE;
}

static enum mail_seal_enrol_result
enrol_failed(const char *what, const char *where,
	     const struct seal_error *error,
	     struct mail_seal_enrol_error *error_r)
{
	error_r->sentence = t_strdup_printf("%s: the server failed, "
		"please try again later", what);
	error_r->log_error = where == NULL ?
		t_strdup_printf("%s: %s", what, error->text) :
		t_strdup_printf("%s: %s: %s", what, where, error->text);
	return MAIL_SEAL_ENROL_FAILED;
}

/* Finds the first source that can be written. One before it that can't be,
   but has a certificate, would hide what is written. */
static enum mail_seal_enrol_result
find_writable(const struct mail_seal_settings *set,
	      const struct mail_seal_source **source_r,
	      struct mail_seal_enrol_error *error_r)
{
	static const char what[] = "Certificate not stored";
	struct seal_error error = { .code = SEAL_ERROR_NONE };

	if (set->source_count == 0) {
		return enrol_impossible(what, "mail_seal isn't used for this "
			"user", "mail_seal_keys is none", error_r);
	}
	for (unsigned int i = 0; i < set->source_count; i++) {
		const struct mail_seal_source *source = &set->sources[i];
		int ret;

		if (mail_seal_source_is_writable(source)) {
			*source_r = source;
			return MAIL_SEAL_ENROL_OK;
		}
		ret = mail_seal_source_read(source, set, t_buffer_create(1024),
					    &error);
		if (ret != 0) {
			return enrol_impossible(what, "a GnuPG keyring, which "
				"mail_seal only reads, comes first and would "
				"be used", mail_seal_source_name(source),
				error_r);
		}
	}
	return enrol_impossible(what, "a GnuPG keyring is only read by "
		"mail_seal", "no file: or dict: in mail_seal_keys", error_r);
}

/* A file that is within a mailbox, or is one, could be renamed away. */
static enum mail_seal_enrol_result
check_place(const struct mail_seal_settings *set,
	    const struct mail_seal_source *source,
	    struct mail_seal_enrol_error *error_r)
{
	const char *root = mail_seal_source_mail_root(source, set->user);

	if (root == NULL)
		return MAIL_SEAL_ENROL_OK;
	return enrol_impossible("Certificate not stored", "its place would be "
		"among the mailboxes, where a mail client can rename or "
		"delete it", t_strdup_printf("%s is below the mail root %s; "
		"name a place outside in mail_seal_keys, or put the mail into "
		"a folder of the home: ~/Maildir",
		mail_seal_source_name(source), root), error_r);
}

static enum mail_seal_enrol_result
check_content(const struct mail_seal_settings *set, buffer_t *content,
	      struct mail_seal_enrol_error *error_r)
{
	const struct mail_seal_core *core;
	struct seal_error error = { .code = SEAL_ERROR_NONE };

	if (content->used == 0)
		return enrol_bad("it is empty", error_r);
	if (content->used > MAIL_SEAL_ENROL_SIZE_MAX)
		return enrol_bad(MAIL_SEAL_ENROL_TOO_LARGE, error_r);
	core = mail_seal_core_get(&error);
	if (core != NULL &&
	    core->to_text(content, set->timeout_secs, &error) == 0 &&
	    core->check_enrolment(content, set, &error) == 0)
		return MAIL_SEAL_ENROL_OK;
	return error.code == SEAL_ERROR_UNUSABLE_KEY ?
		enrol_bad(error.text, error_r) :
		enrol_failed("Certificate not stored", NULL, &error, error_r);
}

/*
 * Whose certificates
 */

/* IMAP's answers are ASCII (RFC 3501 section 9, resp-text), addresses needn't
   be. */
static const char *to_ascii(const char *text)
{
	char *ascii = t_strdup_noconst(text);

	for (char *pos = ascii; *pos != '\0'; pos++) {
		if ((*pos & 0x80) != 0)
			*pos = '?';
	}
	return ascii;
}

static enum mail_seal_enrol_result
owner_foreign(const struct mail_seal_enrolment *enrolment, const char *reason,
	      const char **warning_r, struct mail_seal_enrol_error *error_r)
{
	if (enrolment->force) {
		*warning_r = reason;
		return MAIL_SEAL_ENROL_OK;
	}
	(void)enrol_bad(reason, error_r);
	error_r->log_error = t_strconcat(error_r->sentence,
		" (mail_seal_addresses says which are; "
		"\"doveadm seal key set --force\" stores it all the same)",
		NULL);
	error_r->sentence = to_ascii(error_r->sentence);
	return MAIL_SEAL_ENROL_BAD;
}

static enum mail_seal_enrol_result
check_addresses(const struct mail_seal_enrolment *enrolment,
		const buffer_t *content, const char *const *addresses,
		const char **warning_r, struct mail_seal_enrol_error *error_r)
{
	const struct mail_seal_core *core;
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const char *reason;
	bool nobodys;
	int ret = -1;

	core = mail_seal_core_get(&error);
	if (core != NULL) {
		ret = core->check_addresses(content, enrolment->set, addresses,
					    &reason, &nobodys, &error);
	}
	if (ret < 0) {
		return enrol_failed("Certificate not stored", NULL, &error,
				    error_r);
	}
	if (ret == 0)
		return owner_foreign(enrolment, reason, warning_r, error_r);
	if (nobodys) {
		*warning_r = "there is no address in it that says whose it "
			"is";
	}
	return MAIL_SEAL_ENROL_OK;
}

/* Finds mistakes: a file that is somebody else's. Who makes a certificate can
   write any address into it. */
static enum mail_seal_enrol_result
check_owner(const struct mail_seal_enrolment *enrolment,
	    const buffer_t *content, const char **warning_r,
	    struct mail_seal_enrol_error *error_r)
{
	const struct mail_seal_settings *set = enrolment->set;
	const char *const *addresses;
	const char *error;

	*warning_r = NULL;
	if (set->addresses == NULL || enrolment->known)
		return MAIL_SEAL_ENROL_OK;
	if (mail_seal_settings_addresses(set, &addresses, &error) < 0) {
		return enrol_impossible("Certificate not stored", "the "
			"server's configuration is wrong", error, error_r);
	}
	if (*addresses == NULL) {
		*warning_r = "no address of the user's is known "
			"(mail_seal_addresses)";
		return MAIL_SEAL_ENROL_OK;
	}
	return check_addresses(enrolment, content, addresses, warning_r,
			       error_r);
}

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
	const struct mail_seal_settings *set = enrolment->set;
	const struct mail_seal_source *source;
	enum mail_seal_enrol_result result;
	const char *warning;

	result = check_content(set, content, error_r);
	if (result == MAIL_SEAL_ENROL_OK)
		result = find_writable(set, &source, error_r);
	if (result == MAIL_SEAL_ENROL_OK)
		result = check_place(set, source, error_r);
	if (result == MAIL_SEAL_ENROL_OK)
		result = check_owner(enrolment, content, &warning, error_r);
	if (result == MAIL_SEAL_ENROL_OK && !enrolment->dry_run)
		result = store(enrolment, source, content, error_r);
	if (result == MAIL_SEAL_ENROL_OK && warning != NULL) {
		e_warning(set->user->event, "mail_seal: Certificate %s "
			  "without knowing that it is the user's: %s",
			  enrolment->dry_run ? "would be stored" : "stored",
			  warning);
	}
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
