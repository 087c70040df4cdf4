/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* doveadm seal encrypt: seals what is stored already. What is done for a user is
   in user.c, how it is made safe in box.h. */

#include "lib.h"
#include "array.h"
#include "mail-storage-private.h"
#include "mail-user.h"
#include "doveadm-mail.h"
#include "doveadm-print.h"
#include "../../plugin/dovecot-compat.h"
#include "../command.h"
#include "../users.h"
#include "count.h"
#include "found.h"
#include "progress.h"
#include "user.h"

struct encrypt_cmd_context {
	struct doveadm_mail_cmd_context ctx;
	/* -n */
	bool dry_run;

	struct doveadm_seal_users users;
	/* of all users that were at work here */
	struct doveadm_seal_counts total;

	/* of the user that is at work */
	const struct mail_seal_plugin_interface *plugin;
	struct doveadm_seal_progress *progress;
	struct doveadm_seal_counts counts;
	/* what there is to look at, if progress is shown */
	uint64_t total_messages, total_bytes;
};

/*
 * -n
 */

static void print_counts(const struct doveadm_seal_counts *counts)
{
	doveadm_print_num(counts->sealed);
	doveadm_print_num(counts->sealed_bytes);
	doveadm_print_num(counts->encrypted);
	doveadm_print_num(counts->excluded);
	doveadm_print_num(counts->no_key);
	doveadm_print_num(counts->failed);
}

static int
count_mailbox(struct doveadm_seal_found *found, void *context)
{
	struct encrypt_cmd_context *ctx = context;
	struct doveadm_seal_counts counts;
	int exempt = doveadm_seal_is_exempt(&ctx->ctx, ctx->plugin,
					    found->box);

	if (exempt < 0)
		return -1;
	i_zero(&counts);
	if (exempt > 0)
		counts.excluded = array_count(&found->uids);
	else {
		doveadm_seal_count(&ctx->ctx, ctx->plugin, found->box,
				   &found->uids, ctx->progress, &counts);
	}
	doveadm_print(mailbox_get_vname(found->box));
	print_counts(&counts);
	doveadm_seal_show_rows();
	doveadm_seal_counts_add(&ctx->counts, &counts);
	return counts.failed == 0 ? 0 : -1;
}

/*
 * The command
 */

static int add_to_total(struct doveadm_seal_found *found, void *context)
{
	struct encrypt_cmd_context *ctx = context;

	ctx->total_messages += array_count(&found->uids);
	ctx->total_bytes += found->bytes;
	return 0;
}

static int
for_each_mailbox(struct encrypt_cmd_context *ctx, struct mail_user *user,
		 enum doveadm_seal_found_flags flags,
		 doveadm_seal_found_t *callback)
{
	if (ctx->dry_run)
		flags |= DOVEADM_SEAL_FOUND_READONLY;
	return doveadm_seal_found_each(&ctx->ctx, user, flags, callback, ctx);
}

static void
begin_progress(struct encrypt_cmd_context *ctx, struct mail_user *user)
{
	struct doveadm_seal_progress_params params = {
		.username = user->username,
		.user_number = ctx->users.number,
		.user_count = ctx->users.count,
		.sealed_before = ctx->total.sealed,
		.bytes_before = ctx->total.sealed_bytes
	};

	/* several at once would write over each other's */
	if (ctx->users.worker || !doveadm_seal_progress_is_wanted())
		return;
	ctx->total_messages = ctx->total_bytes = 0;
	if (for_each_mailbox(ctx, user, DOVEADM_SEAL_FOUND_BYTES,
			     add_to_total) == 0) {
		params.messages = ctx->total_messages;
		params.bytes = ctx->total_bytes;
		ctx->progress = doveadm_seal_progress_begin(&params);
	}
}

static int
cmd_seal_encrypt_run(struct doveadm_mail_cmd_context *_ctx,
		     struct mail_user *user)
{
	struct encrypt_cmd_context *ctx =
		container_of(_ctx, struct encrypt_cmd_context, ctx);
	int ret;

	ctx->plugin = doveadm_seal_get_plugin(_ctx, user);
	if (ctx->plugin == NULL)
		return -1;
	i_zero(&ctx->counts);
	begin_progress(ctx, user);
	ret = ctx->dry_run ?
		for_each_mailbox(ctx, user, 0, count_mailbox) :
		doveadm_seal_user_encrypt(_ctx, ctx->plugin, user,
					  ctx->progress, &ctx->counts);
	doveadm_seal_progress_end(&ctx->progress);
	if (!ctx->dry_run) {
		print_counts(&ctx->counts);
		doveadm_seal_show_rows();
	}
	doveadm_seal_counts_add(&ctx->total, &ctx->counts);
	ctx->users.sums.any = TRUE;
	return ret;
}

/* Where doveadm-server does the work it is unknown here what that was. */
static void cmd_seal_encrypt_deinit(struct doveadm_mail_cmd_context *_ctx)
{
	struct encrypt_cmd_context *ctx =
		container_of(_ctx, struct encrypt_cmd_context, ctx);

	if (_ctx->iterate_single_user || !ctx->users.sums.any)
		return;
	doveadm_seal_users_begin_total();
	if (ctx->dry_run)
		doveadm_print("");
	print_counts(&ctx->total);
}

static void
print_headers(bool dry_run)
{
	const enum doveadm_print_header_flags flags =
		DOVEADM_PRINT_HEADER_FLAG_RIGHT_JUSTIFY |
		DOVEADM_PRINT_HEADER_FLAG_NUMBER;

	if (dry_run) {
		doveadm_print_header("mailbox", "mailbox",
				     DOVEADM_PRINT_HEADER_FLAG_HIDE_TITLE);
		doveadm_print_header("to_seal", "to_seal", flags);
	} else {
		doveadm_print_header("sealed", "sealed", flags);
	}
	doveadm_print_header("bytes", "bytes", flags);
	doveadm_print_header("encrypted", "encrypted", flags);
	doveadm_print_header("excluded", "excluded", flags);
	doveadm_print_header("no_key", "no_key", flags);
	doveadm_print_header("failed", "failed", flags);
}

static int
cmd_seal_encrypt_next_user(struct doveadm_mail_cmd_context *_ctx,
			   const char **username_r)
{
	struct encrypt_cmd_context *ctx =
		container_of(_ctx, struct encrypt_cmd_context, ctx);

	return doveadm_seal_users_next(&ctx->users, _ctx, username_r);
}

static void
cmd_seal_encrypt_init(struct doveadm_mail_cmd_context *_ctx
		      COMPAT_DOVEADM_ARGS)
{
	struct encrypt_cmd_context *ctx =
		container_of(_ctx, struct encrypt_cmd_context, ctx);
	const char *const *query;

	(void)doveadm_cmd_param_bool(_ctx->cctx, "dry-run", &ctx->dry_run);
	if (!doveadm_cmd_param_array(_ctx->cctx, "query", &query))
		doveadm_mail_help_name("seal encrypt");
	_ctx->search_args = doveadm_mail_build_search_args(query);
	print_headers(ctx->dry_run);
	ctx->users.sums.list = &ctx->total.sealed;
	ctx->users.sums.count = sizeof(ctx->total) / sizeof(uint64_t);
	doveadm_seal_users_init(&ctx->users, _ctx, cmd_seal_encrypt_next_user);
}

static struct doveadm_mail_cmd_context *cmd_seal_encrypt_alloc(void)
{
	struct encrypt_cmd_context *ctx;

	ctx = doveadm_mail_cmd_alloc(struct encrypt_cmd_context);
	ctx->ctx.v.init = cmd_seal_encrypt_init;
	ctx->ctx.v.run = cmd_seal_encrypt_run;
	ctx->ctx.v.deinit = cmd_seal_encrypt_deinit;
	compat_doveadm_announce_options(&ctx->ctx,
		"n"DOVEADM_SEAL_JOBS_OPTIONS);
	doveadm_print_init(DOVEADM_PRINT_TYPE_FLOW);
	return &ctx->ctx;
}

struct doveadm_cmd_ver2 doveadm_cmd_seal_encrypt = {
	.name = "seal encrypt",
	.usage = DOVEADM_CMD_MAIL_USAGE_PREFIX
		DOVEADM_SEAL_JOBS_USAGE"[-n] <search query>",
	.mail_cmd = cmd_seal_encrypt_alloc,
DOVEADM_CMD_PARAMS_START
DOVEADM_CMD_MAIL_COMMON
DOVEADM_CMD_PARAM('n', "dry-run", CMD_PARAM_BOOL, 0)
DOVEADM_CMD_PARAM('j', "jobs", CMD_PARAM_STR, 0)
DOVEADM_SEAL_WORKER_PARAM
DOVEADM_CMD_PARAM('\0', "query", CMD_PARAM_ARRAY, CMD_PARAM_FLAG_POSITIONAL)
DOVEADM_CMD_PARAMS_END
};
