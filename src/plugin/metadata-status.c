/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The entry "status": how it stands with an owner, for a program that shows it
   to him and needn't understand certificates. */

#include "lib.h"
#include "buffer.h"
#include "str.h"
#include "time-util.h"
#include "keys.h"
#include "metadata-status.h"
#include "owner.h"
#include "../core/core.h"

#include <time.h>

struct owners_certificates {
	const struct mail_seal_certificate *list;
	unsigned int count;
};

/* Reads them for show. Those that can't be read are why they can't be used,
   which the owner's verdict says. */
static void
get_certificates(const struct mail_seal_owner *owner,
		 struct owners_certificates *own_r)
{
	const struct mail_seal_settings *set = owner->set;
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_core *core = mail_seal_core_get(&error);
	buffer_t *certificates = t_buffer_create(4096);
	buffer_t *extra = t_buffer_create(1024);
	struct mail_seal_contents contents = { .certificates = certificates };
	const char *where;

	i_zero(own_r);
	if (core == NULL ||
	    mail_seal_keys_read(set, certificates, &where, &error) <= 0)
		return;
	if (set->extra_keys != NULL &&
	    mail_seal_keys_read_extra(set, extra, &where, &error) == 0)
		contents.extra = extra;
	/* with what the judge has just said, nobody is asked again */
	if (core->summarize(&contents, set, owner->keys.new_facts != NULL ?
			    owner->keys.new_facts : owner->state.facts,
			    pool_datastack_create(), &own_r->list,
			    &own_r->count, &error) < 0)
		own_r->count = 0;
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
state_word(const struct mail_seal_owner *owner, bool pending,
	   const struct owners_certificates *own)
{
	switch (owner->keys.state) {
	case MAIL_SEAL_KEY_USABLE:
		return "active";
	case MAIL_SEAL_KEY_MISSING:
		return pending ? "pending" : "none";
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

static void
append_status(string_t *text, const struct mail_seal_owner *owner,
	      bool pending)
{
	struct owners_certificates own = { .list = NULL };
	const char *problem = owner->keys.state == MAIL_SEAL_KEY_LOST ?
		"it is no longer there" : owner->keys.reason;

	if (owner->keys.state == MAIL_SEAL_KEY_USABLE ||
	    owner->keys.state == MAIL_SEAL_KEY_UNUSABLE)
		get_certificates(owner, &own);
	str_printfa(text, "state=%s\nmail=%s\n",
		    state_word(owner, pending, &own), mail_word(owner));
	if (problem != NULL)
		str_printfa(text, "problem=%s\n", problem);
	for (unsigned int i = 0; i < own.count; i++)
		append_certificate(text, &own.list[i]);
}

const char *mail_seal_metadata_time(time_t when)
{
	return t_strfgmtime("%Y-%m-%dT%H:%M:%SZ", when);
}

int mail_seal_metadata_status(const struct mail_seal_settings *set,
			      bool pending, string_t *text,
			      const char **log_error_r)
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
		append_status(text, &owner, pending);
	}
	mail_seal_owner_free(&owner);
	return ret;
}
