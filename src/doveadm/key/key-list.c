/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* doveadm seal key list: how it stands with each user, in a row. It is to be
   asked for all of them: what the owner's state remembers of the certificates
   is believed where it holds, and nobody else is asked. */

#include "lib.h"
#include "mail-user.h"
#include "time-util.h"
#include "doveadm-mail.h"
#include "doveadm-print.h"
#include "../../plugin/dovecot-compat.h"
#include "../../core/core.h"
#include "../users.h"
#include "key.h"
#include "list-look.h"

struct key_list_cmd_context {
	struct doveadm_mail_cmd_context ctx;

	/* of states, as bits: those to show */
	unsigned int states;

	struct doveadm_seal_users users;
};

static const char *date(time_t when)
{
	return when == 0 ? "" : t_strflocaltime("%Y-%m-%d", when);
}

/*
 * Showing
 */

static void print_row(const struct doveadm_seal_list_row *row)
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
	struct doveadm_seal_list_row row;

	plugin = doveadm_seal_key_begin(_ctx, user, &enrolment);
	if (plugin == NULL)
		return -1;
	doveadm_seal_list_look(plugin, enrolment.set, &row);
	if ((ctx->states & (1u << row.state)) != 0)
		print_row(&row);
	return 0;
}

static int
cmd_seal_key_list_next_user(struct doveadm_mail_cmd_context *_ctx,
			    const char **username_r)
{
	struct key_list_cmd_context *ctx =
		container_of(_ctx, struct key_list_cmd_context, ctx);

	return doveadm_seal_users_next(&ctx->users, _ctx, username_r);
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
	doveadm_seal_users_init(&ctx->users, _ctx, cmd_seal_key_list_next_user);
}

static struct doveadm_mail_cmd_context *cmd_seal_key_list_alloc(void)
{
	struct key_list_cmd_context *ctx =
		doveadm_mail_cmd_alloc(struct key_list_cmd_context);

	ctx->ctx.v.init = cmd_seal_key_list_init;
	ctx->ctx.v.run = cmd_seal_key_list_run;
	compat_doveadm_announce_options(&ctx->ctx,
		"s:"DOVEADM_SEAL_JOBS_OPTIONS);
	doveadm_print_init(DOVEADM_PRINT_TYPE_TABLE);
	return &ctx->ctx;
}

struct doveadm_cmd_ver2 doveadm_cmd_seal_key_list = {
	.name = "seal key list",
	.usage = DOVEADM_CMD_MAIL_USAGE_PREFIX DOVEADM_SEAL_JOBS_USAGE
		"[--state <state>[,<state>...]]",
	.mail_cmd = cmd_seal_key_list_alloc,
DOVEADM_CMD_PARAMS_START
DOVEADM_CMD_MAIL_COMMON
DOVEADM_CMD_PARAM('s', "state", CMD_PARAM_STR, 0)
DOVEADM_CMD_PARAM('j', "jobs", CMD_PARAM_STR, 0)
DOVEADM_SEAL_WORKER_PARAM
DOVEADM_CMD_PARAMS_END
};
