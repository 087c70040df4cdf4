/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* doveadm seal key list: how it stands with each user, in a row. It is to be
   asked for all of them: what the owner's state remembers of the certificates
   is believed where it holds, and nobody else is asked. */

#include "lib.h"
#include "buffer.h"
#include "mail-user.h"
#include "time-util.h"
#include "doveadm-mail.h"
#include "doveadm-print.h"
#include "../../plugin/dovecot-compat.h"
#include "../../plugin/pending.h"
#include "../../plugin/state.h"
#include "../../core/core.h"
#include "key.h"
#include "list-state.h"

#include <time.h>

#define SECONDS_PER_DAY (24 * 60 * 60)

struct key_list_cmd_context {
	struct doveadm_mail_cmd_context ctx;

	/* of states, as bits: those to show */
	unsigned int states;
};

/* A user's row */
struct list_row {
	enum doveadm_seal_list_state state;
	/* the certificate to show, NULL if none can be read */
	const struct mail_seal_certificate *certificate;
	/* of it, or what the state remembers */
	const char *fingerprint;
	const char *problem;
	struct mail_seal_state owner_state;
	/* fingerprints that wait */
	const char *pending;
};

static const char *date(time_t when)
{
	return when == 0 ? "" : t_strflocaltime("%Y-%m-%d", when);
}

/*
 * Looking
 */

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
		     struct list_row *row)
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
		struct list_row *row)
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

static void
look(const struct mail_seal_plugin_interface *plugin,
     const struct mail_seal_settings *set, struct list_row *row_r)
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

/*
 * Showing
 */

static void print_row(const struct list_row *row)
{
	const struct mail_seal_certificate *certificate = row->certificate;
	const struct mail_seal_state *state = &row->owner_state;

	doveadm_print(doveadm_seal_list_state_name(row->state));
	doveadm_print(certificate == NULL ? "" : certificate->kind);
	doveadm_print(row->fingerprint == NULL ? "" : row->fingerprint);
	doveadm_print(certificate == NULL ? "" :
		      certificate->expires == 0 ? "never" :
		      date(certificate->expires));
	doveadm_print(state->given_way == NULL ? "" : state->given_way);
	doveadm_print(date(state->given));
	doveadm_print(date(state->since));
	doveadm_print(row->pending == NULL ? "" : row->pending);
	doveadm_print(row->problem == NULL ? "" : row->problem);
}

static int
cmd_seal_key_list_run(struct doveadm_mail_cmd_context *_ctx,
		      struct mail_user *user)
{
	struct key_list_cmd_context *ctx =
		container_of(_ctx, struct key_list_cmd_context, ctx);
	const struct mail_seal_plugin_interface *plugin;
	struct mail_seal_enrolment enrolment;
	struct list_row row;

	plugin = doveadm_seal_key_begin(_ctx, user, &enrolment);
	if (plugin == NULL)
		return -1;
	look(plugin, enrolment.set, &row);
	if ((ctx->states & (1u << row.state)) != 0)
		print_row(&row);
	return 0;
}

static void
cmd_seal_key_list_init(struct doveadm_mail_cmd_context *_ctx
		       COMPAT_DOVEADM_ARGS)
{
	struct key_list_cmd_context *ctx =
		container_of(_ctx, struct key_list_cmd_context, ctx);
	const char *words, *bad_word;

	ctx->states = UINT_MAX;
	if (doveadm_cmd_param_str(_ctx->cctx, "state", &words) &&
	    doveadm_seal_list_parse_states(words, &ctx->states,
					   &bad_word) < 0) {
		i_fatal_status(EX_USAGE, "--state: \"%s\" is no state",
			       bad_word);
	}
	doveadm_print_header_simple("state");
	doveadm_print_header_simple("kind");
	doveadm_print_header_simple("fingerprint");
	doveadm_print_header_simple("expires");
	doveadm_print_header_simple("way");
	doveadm_print_header_simple("given");
	doveadm_print_header_simple("since");
	doveadm_print_header_simple("pending");
	doveadm_print_header_simple("problem");
}

static struct doveadm_mail_cmd_context *cmd_seal_key_list_alloc(void)
{
	struct key_list_cmd_context *ctx =
		doveadm_mail_cmd_alloc(struct key_list_cmd_context);

	ctx->ctx.v.init = cmd_seal_key_list_init;
	ctx->ctx.v.run = cmd_seal_key_list_run;
	compat_doveadm_announce_options(&ctx->ctx, "s:");
	doveadm_print_init(DOVEADM_PRINT_TYPE_TABLE);
	return &ctx->ctx;
}

struct doveadm_cmd_ver2 doveadm_cmd_seal_key_list = {
	.name = "seal key list",
	.usage = DOVEADM_CMD_MAIL_USAGE_PREFIX "[--state <state>[,<state>...]]",
	.mail_cmd = cmd_seal_key_list_alloc,
DOVEADM_CMD_PARAMS_START
DOVEADM_CMD_MAIL_COMMON
DOVEADM_CMD_PARAM('s', "state", CMD_PARAM_STR, 0)
DOVEADM_CMD_PARAMS_END
};
