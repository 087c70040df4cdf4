/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What an owner's mail is sealed to, before it is changed and after. */

#include "lib.h"
#include "buffer.h"
#include "str.h"
#include "mail-user.h"
#include "declined-text.h"
#include "enrol-private.h"
#include "owner.h"
#include "../core/core.h"

#include <time.h>

const char *const *
enrol_fingerprints(const struct mail_seal_settings *set,
		   const buffer_t *content)
{
	const struct mail_seal_core *core;
	const struct mail_seal_certificate *list;
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const char **fingerprints;
	unsigned int count;

	core = mail_seal_core_get(&error);
	if (core == NULL ||
	    core->describe(content, set, time(NULL), pool_datastack_create(),
			   &list, &count, &error) < 0)
		return NULL;
	fingerprints = t_new(const char *, count + 1);
	for (unsigned int i = 0; i < count; i++)
		fingerprints[i] = list[i].fingerprint;
	return fingerprints;
}

/* The same without a look at what can be done with them, which takes gpg. */
static const char *const *
split_fingerprints(const struct mail_seal_settings *set,
		   const buffer_t *content)
{
	const struct mail_seal_core *core;
	const struct mail_seal_certificate_text *list;
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const char **fingerprints;
	unsigned int count;

	core = mail_seal_core_get(&error);
	if (core == NULL ||
	    core->split(content, set, pool_datastack_create(), &list, &count,
			&error) < 0)
		return NULL;
	fingerprints = t_new(const char *, count + 1);
	for (unsigned int i = 0; i < count; i++)
		fingerprints[i] = list[i].fingerprint;
	return fingerprints;
}

/* What is there but can't be read: it isn't what is offered, in any case. */
static const char *const unknown_keys[] = {
	MAIL_SEAL_DECLINED_UNKNOWN, NULL
};

static void
read_content(const struct mail_seal_settings *set,
	     const struct mail_seal_state *state, bool judge,
	     struct enrolled *enrolled)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const char *where;
	int ret = mail_seal_keys_read(set, enrolled->content, &where, &error);

	if (ret > 0) {
		enrolled->keys = judge ?
			enrol_fingerprints(set, enrolled->content) :
			split_fingerprints(set, enrolled->content);
	} else {
		buffer_set_used_size(enrolled->content, 0);
	}
	if (enrolled->keys != NULL) {
		enrolled->fingerprints = t_strarray_join(enrolled->keys, ",");
	} else {
		enrolled->fingerprints = ret == 0 ? "none" : "unreadable";
		enrolled->keys = state->fingerprints;
	}
	enrolled->known = enrolled->keys != NULL && *enrolled->keys != NULL;
	if (!enrolled->known)
		enrolled->keys = unknown_keys;
}

/* Can a code be sealed to it? Not to mail_seal_extra_keys, and also if it has
   expired. */
static bool
can_be_asked(const struct mail_seal_settings *set, const buffer_t *content)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct seal_error expired_error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_core *core = mail_seal_core_get(&error);
	struct mail_seal_recipients *recipients;
	const char *facts;

	if (core == NULL || content->used == 0)
		return FALSE;
	recipients = core->recipients_new(content, NULL, set, NULL, &facts,
					  &error);
	if (recipients == NULL) {
		recipients = core->recipients_new_expired(content, set,
							  &expired_error);
	}
	if (recipients == NULL)
		return FALSE;
	core->recipients_unref(&recipients);
	return TRUE;
}

/* judge: also whether what is there can be used. Returns 1, 0 if his mail isn't
   sealed, or -1. */
static int
read_enrolled(const struct mail_seal_settings *set,
	      const struct mail_seal_owner *owner, bool judge,
	      struct enrolled *enrolled_r, struct seal_error *error)
{
	i_zero(enrolled_r);
	enrolled_r->content = t_buffer_create(4096);
	enrolled_r->fingerprints = "none";
	switch (owner->keys.state) {
	case MAIL_SEAL_KEY_MISSING:
		return 0;
	case MAIL_SEAL_KEY_ENGINE_FAILED:
		seal_error_set(error, SEAL_ERROR_ENGINE, "%s",
			       owner->log_error);
		enrolled_r->fingerprints = "unreadable";
		return -1;
	case MAIL_SEAL_KEY_USABLE:
	case MAIL_SEAL_KEY_LOST:
	case MAIL_SEAL_KEY_UNUSABLE:
		break;
	}
	read_content(set, &owner->state, judge, enrolled_r);
	if (judge)
		enrolled_r->usable = can_be_asked(set, enrolled_r->content);
	return 1;
}

int enrolled_get(const struct mail_seal_settings *set,
		 struct enrolled *enrolled_r, struct seal_error *error)
{
	struct mail_seal_owner owner;
	int ret;

	mail_seal_owner_judge(set, FALSE, &owner);
	ret = read_enrolled(set, &owner, TRUE, enrolled_r, error);
	enrolled_r->withdrawn = owner.keys.withdrawn;
	mail_seal_owner_free(&owner);
	return ret < 0 ? -1 : 0;
}

int mail_seal_enrol_get_active(const struct mail_seal_settings *set,
			       const buffer_t **content_r,
			       const char *const **keys_r,
			       struct seal_error *error)
{
	struct mail_seal_owner owner;
	struct enrolled enrolled;
	int ret;

	mail_seal_owner_judge(set, FALSE, &owner);
	ret = read_enrolled(set, &owner, FALSE, &enrolled, error);
	mail_seal_owner_free(&owner);
	*content_r = enrolled.content;
	*keys_r = enrolled.keys;
	return ret;
}

int enrolled_add_to(const struct mail_seal_settings *set,
		    const struct enrolled *enrolled, const char *const *keys,
		    buffer_t *content, struct seal_error *error)
{
	const struct mail_seal_core *core = mail_seal_core_get(error);

	if (core == NULL)
		return -1;
	if (!mail_seal_gate_same_keys(keys, enrolled->keys) ||
	    enrol_fingerprints(set, enrolled->content) == NULL)
		return 1;
	return core->add_known(content, enrolled->content, set, error);
}
