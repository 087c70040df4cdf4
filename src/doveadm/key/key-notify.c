/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* doveadm seal key notify: tells owners what is due. For a daily cron job, so
   it prints what it did and nothing else. */

#include "lib.h"
#include "mail-user.h"
#include "doveadm-mail.h"
#include "doveadm-print.h"
#include "../../plugin/dovecot-compat.h"
#include "../command.h"
#include "../users.h"

struct notify_cmd_context {
	struct doveadm_mail_cmd_context ctx;
	struct doveadm_seal_users users;
};

static void
print_notice(void *context, const char *notice, const char *result,
	     bool failed)
{
	struct doveadm_mail_cmd_context *ctx = context;

	doveadm_print(notice);
	doveadm_print(result);
	if (failed)
		doveadm_mail_failed_error(ctx, MAIL_ERROR_TEMP);
}

static int
cmd_seal_key_notify_run(struct doveadm_mail_cmd_context *ctx,
			struct mail_user *user)
{
	const struct mail_seal_plugin_interface *plugin =
		doveadm_seal_get_plugin(ctx, user);
	const struct mail_seal_settings *set;
	const char *error;

	if (plugin == NULL)
		return -1;
	set = plugin->user_get_settings(user, &error);
	if (set == NULL) {
		e_error(user->event, "%s", error);
		doveadm_mail_failed_error(ctx, MAIL_ERROR_NOTPOSSIBLE);
		return -1;
	}
	plugin->notify(set, print_notice, ctx);
	return 0;
}

static int
cmd_seal_key_notify_next_user(struct doveadm_mail_cmd_context *_ctx,
			      const char **username_r)
{
	struct notify_cmd_context *ctx =
		container_of(_ctx, struct notify_cmd_context, ctx);

	return doveadm_seal_users_next(&ctx->users, _ctx, username_r);
}

static void
cmd_seal_key_notify_init(struct doveadm_mail_cmd_context *_ctx
			 COMPAT_DOVEADM_ARGS)
{
	struct notify_cmd_context *ctx =
		container_of(_ctx, struct notify_cmd_context, ctx);

	doveadm_print_header("notice", "notice",
			     DOVEADM_PRINT_HEADER_FLAG_HIDE_TITLE);
	doveadm_print_header("result", "result",
			     DOVEADM_PRINT_HEADER_FLAG_HIDE_TITLE);
	doveadm_seal_users_init(&ctx->users, _ctx,
				cmd_seal_key_notify_next_user);
}

static struct doveadm_mail_cmd_context *cmd_seal_key_notify_alloc(void)
{
	struct notify_cmd_context *ctx =
		doveadm_mail_cmd_alloc(struct notify_cmd_context);

	ctx->ctx.v.init = cmd_seal_key_notify_init;
	ctx->ctx.v.run = cmd_seal_key_notify_run;
	compat_doveadm_announce_options(&ctx->ctx,
		"l"DOVEADM_SEAL_JOBS_OPTIONS);
	doveadm_print_init(DOVEADM_PRINT_TYPE_FLOW);
	return &ctx->ctx;
}

struct doveadm_cmd_ver2 doveadm_cmd_seal_key_notify = {
	.name = "seal key notify",
	.usage = DOVEADM_CMD_MAIL_USAGE_PREFIX DOVEADM_SEAL_JOBS_USAGE
		"[--local]",
	.mail_cmd = cmd_seal_key_notify_alloc,
DOVEADM_CMD_PARAMS_START
DOVEADM_CMD_MAIL_COMMON
DOVEADM_CMD_PARAM('j', "jobs", CMD_PARAM_STR, 0)
DOVEADM_SEAL_WORKER_PARAM
DOVEADM_CMD_PARAM('l', "local", CMD_PARAM_BOOL, 0)
DOVEADM_CMD_PARAMS_END
};
