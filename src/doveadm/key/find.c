/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* doveadm seal key find: looks for users' certificates where sites publish
   them. For cron. */

#include "lib.h"
#include "array.h"
#include "str.h"
#include "str-sanitize.h"
#include "mail-user.h"
#include "doveadm.h"
#include "doveadm-mail.h"
#include "doveadm-print.h"
#include "../../plugin/dovecot-compat.h"
#include "../users.h"
#include "discovery-load.h"
#include "find-source.h"
#include "find-user.h"
#include "key.h"

#define TIMEOUT_SECS 5
#define TIMEOUT_SECS_MAX 3600
#define CELL_SIZE_MAX 1024

struct find_cmd_context {
	struct doveadm_mail_cmd_context ctx;

	struct doveadm_seal_users users;
	struct doveadm_seal_find_options options;
	struct doveadm_seal_find_sources *sources;
	/* names of sources, NULL-terminated; or NULL: those that are
	   configured */
	const char *const *names;
	unsigned int timeout_secs;
};

/*
 * A user
 */

static void print_cell(const char *text)
{
	doveadm_print(str_sanitize_utf8(text, CELL_SIZE_MAX));
}

static void print_row(const struct doveadm_seal_find_row *row)
{
	doveadm_print(doveadm_seal_find_result_name(row->result));
	doveadm_print(row->source);
	print_cell(row->where);
	doveadm_print(row->keys);
	print_cell(str_c(row->notes));
}

static int
cmd_seal_key_find_run(struct doveadm_mail_cmd_context *_ctx,
		      struct mail_user *user)
{
	struct find_cmd_context *ctx =
		container_of(_ctx, struct find_cmd_context, ctx);
	const struct discovery_interface *discovery;
	const struct mail_seal_plugin_interface *plugin;
	struct mail_seal_enrolment enrolment;
	struct doveadm_seal_find_row row;
	const char *error;

	discovery = doveadm_seal_discovery_get(&error);
	if (discovery == NULL) {
		return doveadm_seal_key_failed(_ctx, user,
			MAIL_SEAL_ENROL_IMPOSSIBLE, error);
	}
	plugin = doveadm_seal_key_begin(_ctx, user, &enrolment);
	if (plugin == NULL)
		return -1;
	doveadm_seal_find_sources_open(&ctx->sources, discovery,
				       enrolment.set, ctx->names,
				       ctx->timeout_secs);
	doveadm_seal_find_user(&ctx->options, ctx->sources, plugin,
			       &enrolment, &row);
	print_row(&row);
	return 0;
}

/*
 * The command
 */

static void
bad_parameter(const char *option, const char *value, const char *expected)
{
	/* doveadm-server got it from a doveadm that has checked it */
	i_fatal_status(EX_USAGE, "--%s: \"%s\" is not %s", option, value,
		       expected);
}

static bool is_source(const struct discovery_interface *discovery,
		      const char *name)
{
	const char *known;

	for (unsigned int i = 0; discovery->source(i, &known) != NULL; i++) {
		if (strcmp(known, name) == 0)
			return TRUE;
	}
	return FALSE;
}

/* Without the module nobody knows their names; run() will say so. */
static void parse_from(struct find_cmd_context *ctx, const char *value)
{
	const char *error, *const *word;
	const struct discovery_interface *discovery =
		doveadm_seal_discovery_get(&error);
	ARRAY_TYPE(const_string) names;

	p_array_init(&names, ctx->ctx.pool, 4);
	for (word = t_strsplit_spaces(value, ", "); *word != NULL; word++) {
		const char *name = p_strdup(ctx->ctx.pool, *word);

		if (discovery != NULL && !is_source(discovery, name))
			bad_parameter("from", name, "a source");
		if (array_lsearch(&names, &name, i_strcmp_p) == NULL)
			array_push_back(&names, &name);
	}
	if (array_is_empty(&names))
		bad_parameter("from", value, "a source");
	array_append_zero(&names);
	ctx->names = array_front(&names);
}

static void parse_timeout(struct find_cmd_context *ctx, const char *value)
{
	const char *error;

	if ((str_to_uint(value, &ctx->timeout_secs) < 0 &&
	     compat_parse_interval(value, &ctx->timeout_secs, &error) < 0) ||
	    ctx->timeout_secs == 0 || ctx->timeout_secs > TIMEOUT_SECS_MAX)
		bad_parameter("timeout", value, "a number of seconds");
}

static int
cmd_seal_key_find_next_user(struct doveadm_mail_cmd_context *_ctx,
			    const char **username_r)
{
	struct find_cmd_context *ctx =
		container_of(_ctx, struct find_cmd_context, ctx);

	return doveadm_seal_users_next(&ctx->users, _ctx, username_r);
}

static void
cmd_seal_key_find_init(struct doveadm_mail_cmd_context *_ctx
		       COMPAT_DOVEADM_ARGS)
{
	struct find_cmd_context *ctx =
		container_of(_ctx, struct find_cmd_context, ctx);
	const char *value;

	ctx->timeout_secs = TIMEOUT_SECS;
	ctx->options.ctx = _ctx;
	ctx->options.dry_run = doveadm_seal_key_flag(_ctx->cctx, "dry-run");
	ctx->options.activate =
		doveadm_seal_key_flag(_ctx->cctx, "activate");
	if (doveadm_cmd_param_str(_ctx->cctx, "from", &value))
		parse_from(ctx, value);
	if (doveadm_cmd_param_str(_ctx->cctx, "timeout", &value))
		parse_timeout(ctx, value);
	doveadm_print_header_simple("result");
	doveadm_print_header_simple("source");
	doveadm_print_header_simple("where");
	doveadm_print_header_simple("fingerprint");
	doveadm_print_header_simple("note");
	doveadm_seal_users_init(&ctx->users, _ctx,
				cmd_seal_key_find_next_user);
}

static void cmd_seal_key_find_deinit(struct doveadm_mail_cmd_context *_ctx)
{
	struct find_cmd_context *ctx =
		container_of(_ctx, struct find_cmd_context, ctx);

	doveadm_seal_find_sources_close(&ctx->sources);
}

static struct doveadm_mail_cmd_context *cmd_seal_key_find_alloc(void)
{
	struct find_cmd_context *ctx =
		doveadm_mail_cmd_alloc(struct find_cmd_context);

	ctx->ctx.v.preinit = doveadm_seal_key_keep_root;
	ctx->ctx.v.init = cmd_seal_key_find_init;
	ctx->ctx.v.run = cmd_seal_key_find_run;
	ctx->ctx.v.deinit = cmd_seal_key_find_deinit;
	compat_doveadm_announce_options(&ctx->ctx, "f:naw:");
	doveadm_print_init(DOVEADM_PRINT_TYPE_TABLE);
	return &ctx->ctx;
}

struct doveadm_cmd_ver2 doveadm_cmd_seal_key_find = {
	.name = "seal key find",
	.usage = DOVEADM_CMD_MAIL_USAGE_PREFIX
		"[-n] [--from <source>[,<source>...]] [--activate] "
		"[--timeout <seconds>]",
	.mail_cmd = cmd_seal_key_find_alloc,
DOVEADM_CMD_PARAMS_START
DOVEADM_CMD_MAIL_COMMON
DOVEADM_CMD_PARAM('f', "from", CMD_PARAM_STR, 0)
DOVEADM_CMD_PARAM('n', "dry-run", CMD_PARAM_BOOL, 0)
DOVEADM_CMD_PARAM('a', "activate", CMD_PARAM_BOOL, 0)
DOVEADM_CMD_PARAM('w', "timeout", CMD_PARAM_STR, 0)
DOVEADM_CMD_PARAMS_END
};
