/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Looks how it stands with a user's certificate. */

#include "lib.h"
#include "buffer.h"
#include "../../plugin/pending.h"
#include "../../core/core.h"
#include "../command.h"
#include "list-look.h"

#include <time.h>

#define SECONDS_PER_DAY (24 * 60 * 60)

/* Of several, one that can be used is enough; the one that can be longest. */
static const struct mail_seal_certificate *
choose(const struct mail_seal_certificate *list, unsigned int count)
{
	const struct mail_seal_certificate *best = NULL;

	for (unsigned int i = 0; i < count; i++) {
		const struct mail_seal_certificate *one = &list[i];

		if (best == NULL || (best->problem != NULL &&
				     one->problem == NULL) ||
		    ((best->problem == NULL) == (one->problem == NULL) &&
		     best->expires != 0 && (one->expires == 0 ||
					    one->expires > best->expires)))
			best = one;
	}
	return best;
}

static void
look_at_certificates(const struct mail_seal_plugin_interface *plugin,
		     const struct mail_seal_settings *set, buffer_t *content,
		     struct doveadm_seal_list_row *row)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct mail_seal_contents contents = { .certificates = content };
	const struct mail_seal_core *core = plugin->core_get(&error);
	const struct mail_seal_certificate *list;
	buffer_t *extra = t_buffer_create(1024);
	unsigned int count;
	const char *where;

	if (set->extra_keys != NULL &&
	    plugin->keys_read_extra(set, extra, &where, &error) == 0)
		contents.extra = extra;
	if (error.code == SEAL_ERROR_NONE && core != NULL &&
	    core->summarize(&contents, set, row->owner_state.facts,
			    pool_datastack_create(), &list, &count,
			    &error) == 0) {
		row->certificate = choose(list, count);
		row->fingerprint = row->certificate->fingerprint;
		row->problem = row->certificate->problem;
	} else {
		row->problem = t_strdup(error.text);
	}
}

static void
look_at_pending(const struct mail_seal_plugin_interface *plugin,
		const struct mail_seal_settings *set, time_t now,
		struct doveadm_seal_list_row *row)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct mail_seal_pending pending;

	/* a dict need have no place for it */
	if (plugin->pending_get(set, &pending, &error) <= 0 ||
	    now >= plugin->gate_until(&pending, set))
		return;
	row->pending = pending.withdraw ? "none" :
		t_strarray_join(pending.keys, " ");
}

void doveadm_seal_list_look(const struct mail_seal_plugin_interface *plugin,
			    const struct mail_seal_settings *set,
			    struct doveadm_seal_list_row *row_r)
{
	struct doveadm_seal_list_facts facts = {
		.has_sources = set->source_count > 0,
		.now = time(NULL)
	};
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	buffer_t *content = t_buffer_create(4096);
	const char *where, *state_error;
	int ret;

	i_zero(row_r);
	(void)plugin->state_read(set->user, &row_r->owner_state, &state_error);
	ret = plugin->keys_read(set, content, &where, &error);
	if (ret > 0)
		look_at_certificates(plugin, set, content, row_r);
	else if (ret < 0)
		row_r->problem = t_strdup(error.text);
	else if (row_r->owner_state.enrolled)
		row_r->problem = "it is no longer there";
	if (row_r->fingerprint == NULL &&
	    row_r->owner_state.fingerprints != NULL)
		row_r->fingerprint = *row_r->owner_state.fingerprints;
	look_at_pending(plugin, set, facts.now, row_r);
	facts.has_certificates = ret != 0 || row_r->owner_state.enrolled;
	facts.pending = row_r->pending != NULL;
	facts.unusable = row_r->problem != NULL;
	if (row_r->certificate != NULL)
		facts.expires = row_r->certificate->expires;
	facts.soon = facts.now + (set->notice_days_count == 0 ? 0 :
				  (time_t)set->notice_days[0] *
				  SECONDS_PER_DAY);
	row_r->state = doveadm_seal_list_get_state(&facts);
}
