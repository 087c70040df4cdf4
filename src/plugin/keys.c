/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "buffer.h"
#include "source.h"
#include "keys.h"
#include "../core/core.h"

static void
keys_failed(struct mail_seal_keys *keys, const struct seal_error *error,
	    const char *where)
{
	keys->state = mail_seal_policy_key_state(error->code);
	keys->reason = t_strdup(error->text);
	keys->log_error = t_strdup_printf("%s: %s", where, error->text);
}

/* Reads the first source that has certificates, and when the owner last
   withdrew any as far as one says so; if none has certificates, that counts.
   remembered_r: what was asked for a short time ago will do, and whether it was
   that; or NULL. */
static int
keys_read(const struct mail_seal_settings *set, buffer_t *certificates,
	  const char **where_r, time_t *withdrawn_r, bool *remembered_r,
	  struct seal_error *error)
{
	time_t when;
	int ret = 0;

	*where_r = "";
	*withdrawn_r = 0;
	for (unsigned int i = 0; i < set->source_count && ret == 0; i++) {
		const struct mail_seal_source *source = &set->sources[i];

		*where_r = mail_seal_source_name(source);
		ret = mail_seal_source_read_valid(source, set, certificates,
						  remembered_r, &when, error);
		*withdrawn_r = I_MAX(*withdrawn_r, when);
	}
	return ret;
}

int mail_seal_keys_read(const struct mail_seal_settings *set,
			buffer_t *certificates, const char **where_r,
			struct seal_error *error)
{
	time_t withdrawn;

	return keys_read(set, certificates, where_r, &withdrawn, NULL, error);
}

time_t mail_seal_keys_get_withdrawn(const struct mail_seal_settings *set)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const char *where;
	time_t withdrawn;

	return keys_read(set, t_buffer_create(4096), &where, &withdrawn, NULL,
			 &error) == 0 ? withdrawn : 0;
}

int mail_seal_keys_read_extra(const struct mail_seal_settings *set,
			      buffer_t *certificates, const char **where_r,
			      struct seal_error *error)
{
	struct seal_error read_error = { .code = SEAL_ERROR_NONE };
	int ret;

	*where_r = t_strconcat("mail_seal_extra_keys ", set->extra_keys, NULL);
	ret = mail_seal_source_file.read(set->extra_keys, set, certificates,
					 &read_error);
	if (ret == 0) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "the recovery key is missing");
	} else if (ret < 0) {
		seal_error_set(error, read_error.code,
			       "the recovery key: %s", read_error.text);
	}
	return ret > 0 ? 0 : -1;
}

static void
keys_get(const struct mail_seal_settings *set, const char *facts, bool recent,
	 struct mail_seal_keys *keys_r)
{
	const struct mail_seal_core *core = NULL;
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	buffer_t *certificates = t_buffer_create(4096), *extra = NULL;
	const char *where, *extra_where;
	int ret;

	i_zero(keys_r);
	ret = keys_read(set, certificates, &where, &keys_r->withdrawn,
			recent ? &keys_r->remembered : NULL, &error);
	if (ret == 0) {
		keys_r->state = MAIL_SEAL_KEY_MISSING;
		keys_r->log_error = set->group != NULL ?
			t_strdup_printf("no source of %s has a certificate",
					set->group) :
			"no source in mail_seal_keys has a key";
		return;
	}
	if (ret > 0)
		keys_r->certificates = certificates;
	if (ret > 0 && set->extra_keys != NULL) {
		extra = t_buffer_create(4096);
		ret = mail_seal_keys_read_extra(set, extra, &extra_where,
						&error);
		if (ret < 0)
			where = extra_where;
		else
			keys_r->extra = extra;
	}
	if (ret >= 0) {
		core = mail_seal_core_get(&error);
		if (core != NULL) {
			keys_r->recipients =
				core->recipients_new(certificates, extra, set,
						     facts, &keys_r->new_facts,
						     &error);
		}
	}
	if (keys_r->recipients == NULL) {
		keys_failed(keys_r, &error, where);
	} else {
		keys_r->state = MAIL_SEAL_KEY_USABLE;
		keys_r->left_out =
			core->recipients_left_out(keys_r->recipients);
	}
}

void mail_seal_keys_get(const struct mail_seal_settings *set,
			const char *facts, bool for_save,
			struct mail_seal_keys *keys_r)
{
	keys_get(set, facts, for_save, keys_r);
	/* meanwhile there may be others, that can */
	if (keys_r->remembered && keys_r->recipients == NULL)
		keys_get(set, facts, FALSE, keys_r);
}
