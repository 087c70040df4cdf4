/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* doveadm seal status: how much of a user's mail is sealed. */

#include "lib.h"
#include "array.h"
#include "str.h"
#include "mail-namespace.h"
#include "mail-search-build.h"
#include "mail-storage-private.h"
#include "mail-user.h"
#include "doveadm-mail.h"
#include "doveadm-mail-iter.h"
#include "doveadm-mailbox-list-iter.h"
#include "doveadm-print.h"
#include "../plugin/dovecot-compat.h"
#include "command.h"
#include "users.h"
#include "group/public.h"

enum status_column {
	STATUS_COLUMN_SEALED,
	STATUS_COLUMN_ENCRYPTED,
	STATUS_COLUMN_PLAINTEXT,
	/* plaintext where nothing is sealed */
	STATUS_COLUMN_EXCLUDED,
	STATUS_COLUMN_COUNT
};

static const char *const column_names[STATUS_COLUMN_COUNT] = {
	"sealed", "encrypted", "plaintext", "excluded"
};

struct status_sum {
	uint64_t messages, vsize, psize;
};

struct status_key {
	const char *fingerprint;
	uint64_t messages;
};

struct status {
	struct status_sum sums[STATUS_COLUMN_COUNT];
	pool_t pool;
	ARRAY(struct status_key) keys;
};

struct status_cmd_context {
	struct doveadm_mail_cmd_context ctx;

	const struct mail_seal_plugin_interface *plugin;
	struct status status;
	bool total;

	struct doveadm_seal_users users;
	/* of all users that were counted here */
	struct status_sum all_users[STATUS_COLUMN_COUNT];
};

static void status_init(struct status *status)
{
	i_zero(status);
	status->pool = pool_alloconly_create("doveadm seal status", 1024);
	p_array_init(&status->keys, status->pool, 4);
}

static void status_deinit(struct status *status)
{
	pool_unref(&status->pool);
}

static void status_add_key(struct status *status, const char *fingerprint)
{
	struct status_key *key;

	array_foreach_modifiable(&status->keys, key) {
		if (strcmp(key->fingerprint, fingerprint) == 0) {
			key->messages++;
			return;
		}
	}
	key = array_append_space(&status->keys);
	key->fingerprint = p_strdup(status->pool, fingerprint);
	key->messages = 1;
}

/*
 * Output
 */

static void print_headers(bool total)
{
	const enum doveadm_print_header_flags flags =
		DOVEADM_PRINT_HEADER_FLAG_RIGHT_JUSTIFY |
		DOVEADM_PRINT_HEADER_FLAG_NUMBER;

	if (!total) {
		doveadm_print_header("mailbox", "mailbox",
				     DOVEADM_PRINT_HEADER_FLAG_HIDE_TITLE);
	}
	for (unsigned int i = 0; i < STATUS_COLUMN_COUNT; i++) {
		const char *name = column_names[i];
		const char *vsize = t_strconcat(name, "_vsize", NULL);
		const char *psize = t_strconcat(name, "_psize", NULL);

		doveadm_print_header(name, name, flags);
		doveadm_print_header(vsize, vsize, flags);
		doveadm_print_header(psize, psize, flags);
	}
	doveadm_print_header_simple("keys");
}

static void print_sums(const struct status_sum *sums)
{
	for (unsigned int i = 0; i < STATUS_COLUMN_COUNT; i++) {
		doveadm_print_num(sums[i].messages);
		doveadm_print_num(sums[i].vsize);
		doveadm_print_num(sums[i].psize);
	}
}

static void print_status(const struct status *status, const char *vname)
{
	const struct status_key *key;
	string_t *keys = t_str_new(128);

	if (vname != NULL)
		doveadm_print(vname);
	print_sums(status->sums);
	array_foreach(&status->keys, key) {
		str_printfa(keys, "%s%s:%"PRIu64, str_len(keys) == 0 ? "" : " ",
			    key->fingerprint, key->messages);
	}
	doveadm_print(str_c(keys));
	doveadm_seal_show_rows();
}

/*
 * Counting
 */

static enum status_column
status_column(enum doveadm_seal_state state, bool exempt)
{
	switch (state) {
	case DOVEADM_SEAL_STATE_SEALED:
		return STATUS_COLUMN_SEALED;
	case DOVEADM_SEAL_STATE_ENCRYPTED:
		return STATUS_COLUMN_ENCRYPTED;
	default:
		return exempt ? STATUS_COLUMN_EXCLUDED :
			STATUS_COLUMN_PLAINTEXT;
	}
}

static int
status_add_mail(struct status_cmd_context *ctx, struct mail *mail, bool exempt)
{
	enum doveadm_seal_state state;
	const char *const *keys;
	struct status_sum *sum;
	uoff_t vsize, psize;
	int ret;

	ret = doveadm_seal_get_state(&ctx->ctx, ctx->plugin, mail, &state,
				     &keys);
	if (ret <= 0)
		return ret;
	if (mail_get_virtual_size(mail, &vsize) < 0 ||
	    mail_get_physical_size(mail, &psize) < 0)
		return doveadm_seal_mail_failed(&ctx->ctx, mail);

	sum = &ctx->status.sums[status_column(state, exempt)];
	sum->messages++;
	sum->vsize += vsize;
	sum->psize += psize;
	for (; keys != NULL && *keys != NULL; keys++)
		status_add_key(&ctx->status, *keys);
	return 0;
}

static int
status_count_mailbox(struct status_cmd_context *ctx,
		     const struct mailbox_info *info)
{
	struct mail_search_args *all = mail_search_build_init();
	struct doveadm_mail_iter *iter;
	struct mailbox *box;
	struct mail *mail;
	const char *error;
	int exempt, ret = 0;

	mail_search_build_add_all(all);
	if (doveadm_mail_iter_init(&ctx->ctx, info, all, 0, NULL,
				   DOVEADM_MAIL_ITER_FLAG_READONLY |
				   DOVEADM_MAIL_ITER_FLAG_STOP_WITH_CLIENT,
				   &iter) < 0) {
		mail_search_args_unref(&all);
		return -1;
	}
	box = doveadm_mail_iter_get_mailbox(iter);
	exempt = ctx->plugin->mailbox_is_exempt(box, &error);
	if (exempt < 0) {
		e_error(box->event, "mail_seal: %s", error);
		doveadm_mail_failed_error(&ctx->ctx, MAIL_ERROR_TEMP);
		ret = -1;
	}
	while (exempt >= 0 && doveadm_mail_iter_next(iter, &mail)) T_BEGIN {
		if (status_add_mail(ctx, mail, exempt > 0) < 0)
			ret = -1;
	} T_END;
	if (doveadm_mail_iter_deinit(&iter) < 0)
		ret = -1;
	mail_search_args_unref(&all);
	return ret;
}

static void status_add_to_all(struct status_cmd_context *ctx)
{
	for (unsigned int i = 0; i < STATUS_COLUMN_COUNT; i++) {
		ctx->all_users[i].messages += ctx->status.sums[i].messages;
		ctx->all_users[i].vsize += ctx->status.sums[i].vsize;
		ctx->all_users[i].psize += ctx->status.sums[i].psize;
	}
}

/* What couldn't be counted completely isn't printed: half a number is worse
   than none. */
static int
status_mailbox(struct status_cmd_context *ctx, const struct mailbox_info *info)
{
	int ret;

	if (ctx->total)
		return status_count_mailbox(ctx, info);
	status_init(&ctx->status);
	ret = status_count_mailbox(ctx, info);
	if (ret == 0) {
		print_status(&ctx->status, info->vname);
		status_add_to_all(ctx);
	}
	status_deinit(&ctx->status);
	return ret;
}

static int
cmd_seal_status_run(struct doveadm_mail_cmd_context *_ctx,
		    struct mail_user *user)
{
	struct status_cmd_context *ctx =
		container_of(_ctx, struct status_cmd_context, ctx);
	const enum mailbox_list_iter_flags iter_flags =
		MAILBOX_LIST_ITER_NO_AUTO_BOXES |
		MAILBOX_LIST_ITER_RETURN_NO_FLAGS;
	struct doveadm_mailbox_list_iter *iter;
	const struct mailbox_info *info;
	int ret = 0;

	ctx->plugin = doveadm_seal_get_plugin(_ctx, user);
	if (ctx->plugin == NULL)
		return -1;
	if (ctx->total)
		status_init(&ctx->status);
	iter = doveadm_mailbox_list_iter_init(_ctx, user, _ctx->search_args,
					      iter_flags);
	while ((info = doveadm_mailbox_list_iter_next(iter)) != NULL) T_BEGIN {
		if (status_mailbox(ctx, info) < 0)
			ret = -1;
	} T_END;
	if (doveadm_mailbox_list_iter_deinit(&iter) < 0)
		ret = -1;
	if (ctx->total) {
		if (ret == 0) {
			print_status(&ctx->status, NULL);
			status_add_to_all(ctx);
		}
		status_deinit(&ctx->status);
	}
	ctx->users.sums.any = TRUE;
	return ret;
}

/* Where doveadm-server does the work it is unknown here what that was. */
static void cmd_seal_status_deinit(struct doveadm_mail_cmd_context *_ctx)
{
	struct status_cmd_context *ctx =
		container_of(_ctx, struct status_cmd_context, ctx);

	if (_ctx->iterate_single_user || !ctx->users.sums.any ||
	    _ctx->exit_code != 0)
		return;
	doveadm_seal_users_begin_total();
	if (!ctx->total)
		doveadm_print("");
	print_sums(ctx->all_users);
	doveadm_print("");
}

/*
 * The command
 */

static int
cmd_seal_status_next_user(struct doveadm_mail_cmd_context *_ctx,
			  const char **username_r)
{
	struct status_cmd_context *ctx =
		container_of(_ctx, struct status_cmd_context, ctx);

	return doveadm_seal_users_next(&ctx->users, _ctx, username_r);
}

static void
cmd_seal_status_init(struct doveadm_mail_cmd_context *_ctx COMPAT_DOVEADM_ARGS)
{
	static const char *const everything[] = { "*", NULL };
	struct status_cmd_context *ctx =
		container_of(_ctx, struct status_cmd_context, ctx);
	const char *const *masks;

	(void)doveadm_cmd_param_bool(_ctx->cctx, "total-sum", &ctx->total);
	if (!doveadm_cmd_param_array(_ctx->cctx, "mailbox-mask", &masks))
		masks = everything;
	_ctx->search_args = doveadm_mail_mailbox_search_args_build(masks);
	print_headers(ctx->total);
	ctx->users.sums.list = &ctx->all_users[0].messages;
	ctx->users.sums.count = STATUS_COLUMN_COUNT *
		(sizeof(struct status_sum) / sizeof(uint64_t));
	doveadm_seal_users_init(&ctx->users, _ctx, cmd_seal_status_next_user);
}

static struct doveadm_mail_cmd_context *cmd_seal_status_alloc(void)
{
	struct status_cmd_context *ctx;

	ctx = doveadm_mail_cmd_alloc(struct status_cmd_context);
	ctx->ctx.v.init = cmd_seal_status_init;
	ctx->ctx.v.run = cmd_seal_status_run;
	ctx->ctx.v.deinit = cmd_seal_status_deinit;
	compat_doveadm_announce_options(&ctx->ctx,
		"t"DOVEADM_SEAL_JOBS_OPTIONS);
	doveadm_print_init(DOVEADM_PRINT_TYPE_FLOW);
	return &ctx->ctx;
}

static void cmd_seal_status(struct doveadm_cmd_context *cctx)
{
	const char *jobs;
	bool public;

	if (doveadm_cmd_param_bool(cctx, "public", &public) && public) {
		if (doveadm_cmd_param_str(cctx, "jobs", &jobs)) {
			i_fatal_status(EX_USAGE, "--jobs is for many users, "
				       "not for --public");
		}
		doveadm_seal_status_public(cctx);
	} else {
		doveadm_cmd_ver2_to_mail_cmd_wrapper(cctx);
	}
}

struct doveadm_cmd_ver2 doveadm_cmd_seal_status = {
	.name = "seal status",
	.usage = DOVEADM_CMD_MAIL_USAGE_PREFIX
		DOVEADM_SEAL_JOBS_USAGE"[-t | --public] [<mailbox mask> ...]",
	.cmd = cmd_seal_status,
	.mail_cmd = cmd_seal_status_alloc,
DOVEADM_CMD_PARAMS_START
DOVEADM_CMD_MAIL_COMMON
DOVEADM_CMD_PARAM('t', "total-sum", CMD_PARAM_BOOL, 0)
DOVEADM_CMD_PARAM('p', "public", CMD_PARAM_BOOL, 0)
DOVEADM_CMD_PARAM('j', "jobs", CMD_PARAM_STR, 0)
DOVEADM_SEAL_WORKER_PARAM
DOVEADM_CMD_PARAM('\0', "mailbox-mask", CMD_PARAM_ARRAY,
		  CMD_PARAM_FLAG_POSITIONAL)
DOVEADM_CMD_PARAMS_END
};
