/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* May this become an owner's certificate, and where would it be? Whoever says
   that it is his, this is asked first. */

#include "lib.h"
#include "buffer.h"
#include "mail-user.h"
#include "enrol-private.h"
#include "mail-root.h"
#include "pending-text.h"
#include "../core/core.h"

enum mail_seal_enrol_result
enrol_bad(const char *reason, struct mail_seal_enrol_error *error_r)
{
	error_r->sentence = error_r->log_error =
		t_strdup_printf("Certificate not stored: %s", reason);
	return MAIL_SEAL_ENROL_BAD;
}

enum mail_seal_enrol_result
enrol_impossible(const char *what, const char *sentence, const char *where,
		 struct mail_seal_enrol_error *error_r)
{
	error_r->sentence = t_strdup_printf("%s: %s", what, sentence);
	error_r->log_error = where == NULL ? error_r->sentence :
		t_strdup_printf("%s (%s)", error_r->sentence, where);
	return MAIL_SEAL_ENROL_IMPOSSIBLE;
}

enum mail_seal_enrol_result
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

enum mail_seal_enrol_result
enrol_only_read(const struct mail_seal_settings *set, const char *what,
		struct mail_seal_enrol_error *error_r)
{
	return enrol_impossible(what, t_strconcat(
		mail_seal_source_only_read(&set->sources[0]),
		" is only read by mail_seal", NULL),
		"no file: or dict: in mail_seal_keys", error_r);
}

/* Has the source certificates? Returns 1, also if it has something that can't
   be read; 0; or -1 if that can't be known. */
static int
has_certificates(const struct mail_seal_source *source,
		 const struct mail_seal_settings *set,
		 struct seal_error *error)
{
	buffer_t *content = t_buffer_create(1024);
	time_t withdrawn;
	int ret = mail_seal_source_read(source, set, content, error);

	if (ret < 0)
		return error->code == SEAL_ERROR_UNUSABLE_KEY ? 1 : -1;
	return ret > 0 && !mail_seal_source_is_withdrawn(content, &withdrawn) ?
		1 : 0;
}

/* One before it that can't be written, but has a certificate, would hide what
   is written. */
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
		const char *name = mail_seal_source_name(source);
		int ret;

		if (mail_seal_source_is_writable(source)) {
			*source_r = source;
			return MAIL_SEAL_ENROL_OK;
		}
		ret = has_certificates(source, set, &error);
		if (ret < 0)
			return enrol_failed(what, name, &error, error_r);
		if (ret > 0) {
			return enrol_impossible(what, t_strconcat(
				mail_seal_source_only_read(source), ", which "
				"mail_seal only reads, comes first and would "
				"be used", NULL), name, error_r);
		}
	}
	return enrol_only_read(set, what, error_r);
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

/* Also takes away what isn't for who offers it to say. */
static enum mail_seal_enrol_result
check_content(const struct mail_seal_settings *set, buffer_t *content,
	      struct mail_seal_enrol_error *error_r)
{
	const struct mail_seal_core *core;
	struct seal_error error = { .code = SEAL_ERROR_NONE };

	buffer_delete(content, 0,
		      mail_seal_pending_offered_start(content->data,
						      content->used));
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

enum mail_seal_enrol_result
enrol_check_all(const struct mail_seal_enrolment *enrolment, buffer_t *content,
		const struct mail_seal_source **source_r,
		const char **warning_r, struct mail_seal_enrol_error *error_r)
{
	const struct mail_seal_settings *set = enrolment->set;
	enum mail_seal_enrol_result result;

	*warning_r = NULL;
	result = check_content(set, content, error_r);
	if (result == MAIL_SEAL_ENROL_OK)
		result = find_writable(set, source_r, error_r);
	if (result == MAIL_SEAL_ENROL_OK)
		result = check_place(set, *source_r, error_r);
	if (result == MAIL_SEAL_ENROL_OK)
		result = check_owner(enrolment, content, warning_r, error_r);
	return result;
}

enum mail_seal_enrol_result
enrol_check_removable(const struct mail_seal_settings *set, const char *what,
		      struct mail_seal_enrol_error *error_r)
{
	for (unsigned int i = 0; i < set->source_count; i++) {
		const struct mail_seal_source *source = &set->sources[i];
		struct seal_error error = { .code = SEAL_ERROR_NONE };

		const char *name = mail_seal_source_name(source);
		int ret;

		if (mail_seal_source_is_writable(source))
			continue;
		ret = has_certificates(source, set, &error);
		if (ret < 0) {
			return enrol_failed("It can't be known whether there "
				"is another certificate", name, &error,
				error_r);
		}
		if (ret > 0) {
			return enrol_impossible(what, t_strdup_printf(
				"there is one in %s, which mail_seal only "
				"reads", mail_seal_source_only_read(source)),
				name, error_r);
		}
	}
	return MAIL_SEAL_ENROL_OK;
}

enum mail_seal_enrol_result
enrol_check_first(const struct mail_seal_enrolment *enrolment,
		  const struct enrolled *before,
		  struct mail_seal_enrol_error *error_r)
{
	if (!enrolment->only_first || before->keys == NULL)
		return MAIL_SEAL_ENROL_OK;
	return enrol_impossible("Certificate not stored", "the user has one "
				"meanwhile", NULL, error_r);
}

void enrol_warn(const struct mail_seal_enrolment *enrolment,
		const char *warning)
{
	if (warning != NULL) {
		e_warning(enrolment->set->user->event, "mail_seal: Certificate "
			  "%s without knowing that it is the user's: %s",
			  enrolment->dry_run ? "would be stored" : "stored",
			  warning);
	}
}
