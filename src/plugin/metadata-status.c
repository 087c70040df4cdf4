/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The entry "status": how it stands with an owner, for a program that shows it
   to him and needn't understand certificates. */

#include "lib.h"
#include "buffer.h"
#include "str.h"
#include "time-util.h"
#include "keys.h"
#include "metadata-entry.h"
#include "metadata-status.h"
#include "owner.h"
#include "../core/core.h"

#include <time.h>

struct owners_certificates {
	const struct mail_seal_certificate *list;
	unsigned int count;
};

/* Describes what the verdict is of, which may be another in the source by now.
   What can't be read or is no certificate has none to show: the verdict says
   why. Returns 0, or -1 if that can't be told now. */
static int
get_certificates(const struct mail_seal_owner *owner,
		 struct owners_certificates *own_r, struct seal_error *error)
{
	const struct mail_seal_keys *keys = &owner->keys;
	const struct mail_seal_contents contents = {
		.certificates = keys->certificates,
		.extra = keys->extra
	};
	const struct mail_seal_core *core;

	i_zero(own_r);
	if (keys->certificates == NULL)
		return 0;
	core = mail_seal_core_get(error);
	if (core == NULL)
		return -1;
	/* with what the judge has just said, nobody is asked again */
	if (core->summarize(&contents, owner->set, keys->new_facts != NULL ?
			    keys->new_facts : owner->state.facts,
			    pool_datastack_create(), &own_r->list,
			    &own_r->count, error) == 0)
		return 0;
	own_r->count = 0;
	return keys->state == MAIL_SEAL_KEY_UNUSABLE &&
		error->code == SEAL_ERROR_UNUSABLE_KEY ? 0 : -1;
}

static bool
have_expired(const struct owners_certificates *own, time_t now)
{
	for (unsigned int i = 0; i < own->count; i++) {
		if (own->list[i].expires == 0 || own->list[i].expires > now)
			return FALSE;
	}
	return own->count > 0;
}

/* As "doveadm seal key list" calls it */
static const char *
state_word(const struct mail_seal_owner *owner,
	   const struct owners_certificates *own)
{
	switch (owner->keys.state) {
	case MAIL_SEAL_KEY_USABLE:
		return "active";
	case MAIL_SEAL_KEY_MISSING:
		return mail_seal_metadata_is_pending(owner->set) ?
			"pending" : "none";
	case MAIL_SEAL_KEY_UNUSABLE:
		return have_expired(own, time(NULL)) ? "expired" : "unusable";
	case MAIL_SEAL_KEY_LOST:
	case MAIL_SEAL_KEY_ENGINE_FAILED:
		break;
	}
	return "unusable";
}

/* What becomes of a message that comes now */
static const char *mail_word(const struct mail_seal_owner *owner)
{
	switch (owner->verdict.action) {
	case MAIL_SEAL_ACTION_STORE:
		return "stored";
	case MAIL_SEAL_ACTION_SEAL:
		return "sealed";
	case MAIL_SEAL_ACTION_FAIL:
		break;
	}
	return "refused";
}

static void
append_certificate(string_t *text,
		   const struct mail_seal_certificate *certificate)
{
	str_printfa(text, "certificate=%s %s %s", certificate->fingerprint,
		    certificate->kind, certificate->expires == 0 ? "never" :
		    mail_seal_metadata_time(certificate->expires));
	if (certificate->problem != NULL)
		str_printfa(text, " %s", certificate->problem);
	str_append_c(text, '\n');
}

/* Returns 0 or -1. */
static int
append_status(string_t *text, const struct mail_seal_owner *owner,
	      const char **log_error_r)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct owners_certificates own;
	const char *problem = owner->keys.state == MAIL_SEAL_KEY_LOST ?
		"it is no longer there" : owner->keys.reason;

	if (get_certificates(owner, &own, &error) < 0) {
		*log_error_r = t_strdup(error.text);
		return -1;
	}
	str_printfa(text, "state=%s\nmail=%s\n", state_word(owner, &own),
		    mail_word(owner));
	if (problem != NULL)
		str_printfa(text, "problem=%s\n", problem);
	for (unsigned int i = 0; i < own.count; i++)
		append_certificate(text, &own.list[i]);
	return 0;
}

const char *mail_seal_metadata_time(time_t when)
{
	return t_strfgmtime("%Y-%m-%dT%H:%M:%SZ", when);
}

int mail_seal_metadata_status(const struct mail_seal_settings *set,
			      string_t *text, const char **log_error_r)
{
	struct mail_seal_owner owner;
	int ret = 0;

	if (set->source_count == 0) {
		str_append(text, "state=excluded\nmail=stored\n");
		return 0;
	}
	mail_seal_owner_judge(set, FALSE, &owner);
	if (owner.keys.state == MAIL_SEAL_KEY_ENGINE_FAILED) {
		*log_error_r = owner.log_error;
		ret = -1;
	} else {
		ret = append_status(text, &owner, log_error_r);
	}
	mail_seal_owner_free(&owner);
	return ret;
}
