/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#define _GNU_SOURCE /* memmem() */
#include "lib.h"
#include "buffer.h"
#include "istream.h"
#include "str.h"
#include "mail-user.h"
#include "../../plugin/dovecot-compat.h"
#include "../../plugin/pending.h"
#include "../../plugin/state.h"
#include "../../core/core.h"
#include "../command.h"
#include "judge.h"
#include "user.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#define SECONDS_PER_DAY (24 * 60 * 60)

/* What the trial seals */
#define TRIAL_WORDS "This was sealed by doveadm seal doctor."
static const char trial_message[] =
	"From: doctor@localhost\r\n"
	"Subject: doveadm seal doctor\r\n"
	"\r\n"
	TRIAL_WORDS"\r\n";

struct checked_user {
	struct doctor_findings *findings;
	struct mail_user *user;
	const struct mail_seal_plugin_interface *plugin;
	const struct mail_seal_core *core;
	const struct mail_seal_settings *set;
	/* what the first source that has any has */
	buffer_t *content, *extra;
};

/*
 * Sources
 */

static void check_places(struct checked_user *checked)
{
	const struct mail_seal_settings *set = checked->set;

	for (unsigned int i = 0; i < set->source_count; i++) {
		const struct mail_seal_source *source = &set->sources[i];
		const char *root = checked->plugin->source_mail_root(
			source, checked->user);

		if (root == NULL)
			continue;
		doctor_bad(checked->findings, DOCTOR_ERROR, "source-place",
			   "Move it out of the mail, and change "
			   "mail_seal_keys",
			   "%s is among the mailboxes below %s: a mail client "
			   "can rename or delete it",
			   checked->plugin->source_name(source), root);
	}
}

static void check_pending(struct checked_user *checked)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct mail_seal_pending pending;

	if (checked->set->confirm &&
	    checked->plugin->pending_get(checked->set, &pending,
					 &error) < 0) {
		doctor_bad(checked->findings, DOCTOR_WARNING, "pending",
			   "Let the mail user read it; a dict needs a place "
			   "for what is pending",
			   "What the user asks for can't wait for a code: %s",
			   error.text);
	}
}

/* What the mail store remembers; and no certificate there */
static void check_state(struct checked_user *checked, bool found)
{
	struct mail_seal_state state;
	const char *error;
	int ret;

	ret = checked->plugin->state_read(checked->user, &state, &error);
	if (ret < 0) {
		doctor_bad(checked->findings, DOCTOR_WARNING, "state",
			   "Let the mail user read and write it",
			   "What the mail store remembers can't be read: %s",
			   error);
	} else if (!found && ret > 0 && state.enrolled) {
		doctor_bad(checked->findings, DOCTOR_ERROR, "source",
			   "Give it back, or withdraw it with doveadm seal "
			   "key unset",
			   "Mail was sealed before, and the certificate is no "
			   "longer there: what is to be stored fails");
	} else if (!found) {
		doctor_ok(checked->findings, "source", "There is no "
			  "certificate: mail %s",
			  checked->set->missing_key == MAIL_SEAL_STORE ?
			  "is stored as it comes" : "waits "
			  "(mail_seal_missing_key)");
	}
}

/* Returns whether there is one that can be read. */
static bool check_source(struct checked_user *checked)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const char *where = "";
	int ret;

	check_places(checked);
	check_pending(checked);
	ret = checked->plugin->keys_read(checked->set, checked->content, &where,
					 &error);
	if (ret < 0) {
		doctor_bad(checked->findings, DOCTOR_ERROR, "source",
			   "Let the mail user read it, and all folders above",
			   "%s: %s", where, error.text);
	} else if (ret > 0) {
		doctor_ok(checked->findings, "source", "%s can be read by the "
			  "mail user", where);
	}
	if (ret >= 0)
		check_state(checked, ret > 0);
	if (checked->set->extra_keys == NULL)
		return ret > 0;
	i_zero(&error);
	if (checked->plugin->keys_read_extra(checked->set, checked->extra,
					     &where, &error) < 0) {
		doctor_bad(checked->findings, DOCTOR_ERROR, "extra-keys",
			   "Correct mail_seal_extra_keys, or let the mail user "
			   "read the file", "%s: %s", where, error.text);
		return FALSE;
	}
	doctor_ok(checked->findings, "extra-keys", "%s can be read", where);
	return ret > 0;
}

/*
 * Certificates
 */

static void
judge_list(struct checked_user *checked,
	   const struct mail_seal_certificate *list, unsigned int count)
{
	const struct mail_seal_settings *set = checked->set;
	unsigned int usable = 0;
	time_t soon = time(NULL) + (set->notice_days_count == 0 ? 0 :
		(time_t)set->notice_days[0] * SECONDS_PER_DAY);

	for (unsigned int i = 0; i < count; i++) {
		if (list[i].problem == NULL)
			usable++;
	}
	for (unsigned int i = 0; i < count; i++) {
		struct doctor_certificate certificate = {
			.fingerprint = list[i].fingerprint,
			.problem = list[i].problem,
			.expires = list[i].expires,
			.has_successor = usable > 0
		};

		doctor_judge_certificate(checked->findings, &certificate, soon);
	}
}

static bool check_certificates(struct checked_user *checked)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_certificate *list;
	unsigned int count;

	if (checked->core->describe(checked->content, checked->set, time(NULL),
				    pool_datastack_create(), &list, &count,
				    &error) < 0) {
		doctor_bad(checked->findings, DOCTOR_ERROR, "certificate",
			   "Enrol another one with doveadm seal key set",
			   "The certificate can't be used: %s", error.text);
		return FALSE;
	}
	judge_list(checked, list, count);
	return TRUE;
}

static void check_whose(struct checked_user *checked)
{
	static const char check[] = "certificate-owner";
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const char *const *addresses, *reason;
	bool nobodys = FALSE;
	int ret;

	if (checked->plugin->settings_addresses(checked->set, &addresses,
						&reason) < 0) {
		doctor_bad(checked->findings, DOCTOR_WARNING, check,
			   "Correct mail_seal_addresses", "%s", reason);
		return;
	}
	if (*addresses == NULL) {
		doctor_ok(checked->findings, check, "Whose certificate it is "
			  "isn't checked: mail_seal_addresses names no "
			  "address");
		return;
	}
	ret = checked->core->check_addresses(checked->content, checked->set,
					     addresses, &reason, &nobodys,
					     &error);
	if (ret == 0) {
		doctor_bad(checked->findings, DOCTOR_WARNING, check,
			   "Enrol the user's own, or name the address in "
			   "mail_seal_addresses", "The certificate is somebody "
			   "else's: %s", reason);
	} else if (ret > 0 && !nobodys) {
		doctor_ok(checked->findings, check, "The certificate has an "
			  "address of the user's");
	} else if (ret > 0) {
		doctor_ok(checked->findings, check, "The certificate has no "
			  "address: it could be anybody's");
	}
}

/*
 * A trial
 */

static bool has_all(const char *const *marked, const char *const *fingerprints)
{
	for (; *fingerprints != NULL; fingerprints++) {
		const char *const *key = marked;

		while (*key != NULL && strcasecmp(*key, *fingerprints) != 0)
			key++;
		if (*key == NULL)
			return FALSE;
	}
	return TRUE;
}

/* As far as can be seen without the secret key */
static void
open_trial(struct checked_user *checked, const buffer_t *sealed,
	   const char *const *fingerprints, struct doctor_trial *trial)
{
	struct istream *input = i_stream_create_from_data(sealed->data,
							  sealed->used);
	const char *const *marked;

	trial->encrypted = checked->core->is_encrypted(input) > 0;
	marked = doveadm_seal_read_mark(input);
	trial->for_user = marked != NULL && has_all(marked, fingerprints);
	trial->hidden = memmem(sealed->data, sealed->used, TRIAL_WORDS,
			       strlen(TRIAL_WORDS)) == NULL;
	i_stream_unref(&input);
}

static void
seal_trial(struct checked_user *checked,
	   struct mail_seal_recipients *recipients, struct doctor_trial *trial)
{
	const struct seal_error *error;
	buffer_t *sealed = buffer_create_dynamic(default_pool, 8192);
	string_t *temp_prefix = t_str_new(128);
	struct istream *input, *stream;
	const unsigned char *data;
	size_t size;

	mail_user_set_get_temp_prefix(temp_prefix, checked->user->set);
	input = i_stream_create_from_data(trial_message,
					  strlen(trial_message));
	stream = checked->core->istream_create(input, recipients, NULL,
		checked->set->protect_headers, checked->set,
		str_c(temp_prefix));
	while (i_stream_read_more(stream, &data, &size) > 0) {
		buffer_append(sealed, data, size);
		i_stream_skip(stream, size);
	}
	error = checked->core->istream_get_error(stream);
	if (stream->stream_errno != 0 ||
	    !checked->core->istream_is_complete(stream))
		trial->error = error != NULL ? t_strdup(error->text) :
			t_strdup(i_stream_get_error(stream));
	else {
		open_trial(checked, sealed,
			   checked->core->recipients_fingerprints(recipients),
			   trial);
	}
	i_stream_unref(&stream);
	i_stream_unref(&input);
	buffer_free(&sealed);
}

static void check_trial(struct checked_user *checked)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct mail_seal_recipients *recipients;
	struct doctor_trial trial;
	const char *new_facts;

	i_zero(&trial);
	recipients = checked->core->recipients_new(
		checked->content,
		checked->set->extra_keys == NULL ? NULL : checked->extra,
		checked->set, NULL, &new_facts, &error);
	if (recipients == NULL)
		trial.error = t_strdup(error.text);
	else {
		seal_trial(checked, recipients, &trial);
		checked->core->recipients_unref(&recipients);
	}
	doctor_judge_trial(checked->findings, &trial);
}

/*
 * All of it
 */

static void check_texts(struct checked_user *checked)
{
	const char *folder = t_strdup_printf("%s/%s", checked->set->texts,
					     checked->set->language);

	/* English is built in. */
	if (strcmp(checked->set->language, "en") != 0 &&
	    faccessat(AT_FDCWD, folder, R_OK | X_OK, AT_EACCESS) < 0) {
		doctor_bad(checked->findings, DOCTOR_WARNING, "texts",
			   "Correct mail_seal_texts or mail_seal_language",
			   "Owners are told in English: %s: %m", folder);
	}
}

static void check_with_settings(struct checked_user *checked)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };

	doctor_ok(checked->findings, "settings", "The settings are right");
	check_texts(checked);
	if (checked->set->source_count == 0) {
		doctor_ok(checked->findings, "source", "Nothing is sealed for "
			  "this user: mail_seal_keys is none");
		return;
	}
	if (!check_source(checked))
		return;
	checked->core = checked->plugin->core_get(&error);
	if (checked->core == NULL) {
		doctor_bad(checked->findings, DOCTOR_ERROR, "build",
			   "Install mail_seal again, and restart Dovecot",
			   "%s", error.text);
		return;
	}
	if (!check_certificates(checked))
		return;
	check_whose(checked);
	check_trial(checked);
}

void doctor_check_user(struct doctor_findings *findings,
		       struct mail_user *user)
{
	struct checked_user checked = {
		.findings = findings,
		.user = user,
		.plugin = doveadm_seal_find_plugin(),
		.content = t_buffer_create(4096),
		.extra = t_buffer_create(4096)
	};
	const char *error;

	if (checked.plugin == NULL ||
	    !checked.plugin->user_has_context(user)) {
		doctor_bad(findings, DOCTOR_ERROR, "session",
			   "See the checks named plugin and build, of the "
			   "server and of this user",
			   "What the user has can't be looked at: mail_seal "
			   "isn't loaded in doveadm");
		return;
	}
	checked.set = checked.plugin->user_get_settings(user, &error);
	if (checked.set == NULL) {
		doctor_bad(findings, DOCTOR_ERROR, "settings",
			   "Correct the setting", "%s", error);
		return;
	}
	check_with_settings(&checked);
	doctor_check_groups(findings, checked.plugin, user);
}
