/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* doveadm seal key pending, confirm and reject: what owners have asked for, and
   what becomes of it. */

#include "lib.h"
#include "mail-user.h"
#include "time-util.h"
#include "doveadm-mail.h"
#include "doveadm-print.h"
#include "../../plugin/dovecot-compat.h"
#include "../../plugin/pending.h"
#include "key.h"

#include <time.h>

struct key_pending_cmd_context {
	struct doveadm_mail_cmd_context ctx;

	/* confirm */
	const char *codes;
};

/*
 * pending
 */

static const char *date(time_t when)
{
	return when == 0 ? "" : t_strflocaltime("%Y-%m-%d %H:%M:%S", when);
}

static const char *keys(const char *const *fingerprints)
{
	return fingerprints == NULL ? "none" :
		t_strarray_join(fingerprints, " ");
}

static const char *missing_codes(unsigned int missing)
{
	const bool new_key =
		(missing & MAIL_SEAL_GATE_BIT(MAIL_SEAL_GATE_NEW)) != 0;
	const bool old_key =
		(missing & MAIL_SEAL_GATE_BIT(MAIL_SEAL_GATE_OLD)) != 0;

	return new_key && old_key ? "new old" : new_key ? "new" :
		old_key ? "old" : "";
}

static void
print_pending(const struct mail_seal_plugin_interface *plugin,
	      const struct mail_seal_settings *set,
	      const struct mail_seal_pending *pending)
{
	doveadm_print(pending->withdraw ? "unset" : "set");
	doveadm_print(keys(pending->keys));
	doveadm_print(keys(pending->old_keys));
	doveadm_print(t_strdup_printf("%s (%s)", pending->way, pending->who));
	doveadm_print(date(pending->since));
	doveadm_print(date(plugin->gate_until(pending, set)));
	doveadm_print(missing_codes(plugin->gate_missing(pending)));
	doveadm_print(date(plugin->gate_delay_until(pending, set)));
}

static int
cmd_seal_key_pending_run(struct doveadm_mail_cmd_context *ctx,
			 struct mail_user *user)
{
	const struct mail_seal_plugin_interface *plugin;
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct mail_seal_enrolment enrolment;
	struct mail_seal_pending pending;
	int ret;

	plugin = doveadm_seal_key_begin(ctx, user, &enrolment);
	if (plugin == NULL)
		return -1;
	ret = plugin->pending_get(enrolment.set, &pending, &error);
	if (ret < 0) {
		return doveadm_seal_key_failed(ctx, user,
			MAIL_SEAL_ENROL_FAILED,
			t_strdup_printf("What is pending can't be read: %s",
					error.text));
	}
	if (ret > 0 && time(NULL) < plugin->gate_until(&pending, enrolment.set))
		print_pending(plugin, enrolment.set, &pending);
	return 0;
}

static void
cmd_seal_key_pending_init(struct doveadm_mail_cmd_context *ctx ATTR_UNUSED
			  COMPAT_DOVEADM_ARGS)
{
	doveadm_print_header_simple("action");
	doveadm_print_header_simple("keys");
	doveadm_print_header_simple("old_keys");
	doveadm_print_header_simple("by");
	doveadm_print_header_simple("since");
	doveadm_print_header_simple("until");
	doveadm_print_header_simple("missing");
	doveadm_print_header_simple("delay_until");
}

static struct doveadm_mail_cmd_context *cmd_seal_key_pending_alloc(void)
{
	struct key_pending_cmd_context *ctx =
		doveadm_mail_cmd_alloc(struct key_pending_cmd_context);

	ctx->ctx.v.init = cmd_seal_key_pending_init;
	ctx->ctx.v.run = cmd_seal_key_pending_run;
	doveadm_print_init(DOVEADM_PRINT_TYPE_PAGER);
	return &ctx->ctx;
}

/*
 * confirm
 */

static int
cmd_seal_key_confirm_run(struct doveadm_mail_cmd_context *_ctx,
			 struct mail_user *user)
{
	struct key_pending_cmd_context *ctx =
		container_of(_ctx, struct key_pending_cmd_context, ctx);
	const struct mail_seal_plugin_interface *plugin;
	struct mail_seal_enrolment enrolment;
	struct mail_seal_enrol_error error;
	enum mail_seal_enrol_result result;
	const char *sentence;

	plugin = doveadm_seal_key_begin(_ctx, user, &enrolment);
	if (plugin == NULL)
		return -1;
	result = plugin->enrol_code(&enrolment, ctx->codes, &sentence, &error);
	if (result == MAIL_SEAL_ENROL_OK ||
	    result == MAIL_SEAL_ENROL_PENDING) {
		e_info(user->event, "%s", sentence);
		return 0;
	}
	return doveadm_seal_key_failed(_ctx, user, result,
				       result == MAIL_SEAL_ENROL_BAD ||
				       result == MAIL_SEAL_ENROL_NOTHING ?
				       sentence : error.log_error);
}

static void
cmd_seal_key_confirm_init(struct doveadm_mail_cmd_context *_ctx
			  COMPAT_DOVEADM_ARGS)
{
	struct key_pending_cmd_context *ctx =
		container_of(_ctx, struct key_pending_cmd_context, ctx);
	const char *const *codes;

	if (!doveadm_cmd_param_array(_ctx->cctx, "code", &codes))
		i_fatal_status(EX_USAGE, "the code is missing");
	ctx->codes = p_strdup(_ctx->pool, t_strarray_join(codes, " "));
}

static struct doveadm_mail_cmd_context *cmd_seal_key_confirm_alloc(void)
{
	struct key_pending_cmd_context *ctx =
		doveadm_mail_cmd_alloc(struct key_pending_cmd_context);

	ctx->ctx.v.init = cmd_seal_key_confirm_init;
	ctx->ctx.v.preinit = doveadm_seal_key_keep_root;
	ctx->ctx.v.run = cmd_seal_key_confirm_run;
	return &ctx->ctx;
}

/*
 * reject
 */

static int
cmd_seal_key_reject_run(struct doveadm_mail_cmd_context *ctx,
			struct mail_user *user)
{
	const struct mail_seal_plugin_interface *plugin;
	struct mail_seal_enrolment enrolment;
	struct mail_seal_enrol_error error;
	enum mail_seal_enrol_result result;

	plugin = doveadm_seal_key_begin(ctx, user, &enrolment);
	if (plugin == NULL)
		return -1;
	result = plugin->enrol_reject(&enrolment, &error);
	return result == MAIL_SEAL_ENROL_OK ||
		result == MAIL_SEAL_ENROL_NOTHING ? 0 :
		doveadm_seal_key_failed(ctx, user, result, error.log_error);
}

static struct doveadm_mail_cmd_context *cmd_seal_key_reject_alloc(void)
{
	struct key_pending_cmd_context *ctx =
		doveadm_mail_cmd_alloc(struct key_pending_cmd_context);

	ctx->ctx.v.preinit = doveadm_seal_key_keep_root;
	ctx->ctx.v.run = cmd_seal_key_reject_run;
	return &ctx->ctx;
}

struct doveadm_cmd_ver2 doveadm_cmd_seal_key_pending = {
	.name = "seal key pending",
	.usage = DOVEADM_CMD_MAIL_USAGE_PREFIX,
	.mail_cmd = cmd_seal_key_pending_alloc,
DOVEADM_CMD_PARAMS_START
DOVEADM_CMD_MAIL_COMMON
DOVEADM_CMD_PARAMS_END
};

struct doveadm_cmd_ver2 doveadm_cmd_seal_key_confirm = {
	.name = "seal key confirm",
	.usage = "-u <user> [-S <socket_path>] <code> [<code>]",
	.mail_cmd = cmd_seal_key_confirm_alloc,
DOVEADM_CMD_PARAMS_START
DOVEADM_CMD_MAIL_COMMON
DOVEADM_CMD_PARAM('\0', "code", CMD_PARAM_ARRAY, CMD_PARAM_FLAG_POSITIONAL)
DOVEADM_CMD_PARAMS_END
};

struct doveadm_cmd_ver2 doveadm_cmd_seal_key_reject = {
	.name = "seal key reject",
	.usage = DOVEADM_CMD_MAIL_USAGE_PREFIX,
	.mail_cmd = cmd_seal_key_reject_alloc,
DOVEADM_CMD_PARAMS_START
DOVEADM_CMD_MAIL_COMMON
DOVEADM_CMD_PARAMS_END
};
