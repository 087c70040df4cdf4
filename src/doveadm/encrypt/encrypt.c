/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* doveadm seal encrypt: seals what is stored already. How it is made safe is
   in box.h. */

#include "lib.h"
#include "array.h"
#include "mail-cache.h"
#include "mail-namespace.h"
#include "mail-storage-private.h"
#include "mail-user.h"
#include "doveadm-mail.h"
#include "doveadm-mail-iter.h"
#include "doveadm-mailbox-list-iter.h"
#include "doveadm-print.h"
#include "../../plugin/dovecot-compat.h"
#include "../command.h"
#include "../users.h"
#include "box.h"
#include "count.h"
#include "fts.h"
#include "mbox.h"
#include "progress.h"
#include "storage.h"

/* No more than one is to be expected. */
#define MAX_REBUILDS 5

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

/* What the search has found in a mailbox */
struct found {
	struct mailbox *box;
	ARRAY_TYPE(uint32_t) uids;
	/* of all messages */
	uint64_t bytes;
};

typedef int encrypt_mailbox_t(struct encrypt_cmd_context *ctx,
			      struct found *found);

/*
 * Mailboxes
 */

static int
search_mailbox(struct encrypt_cmd_context *ctx,
	       const struct mailbox_info *info, bool want_bytes,
	       struct found *found_r)
{
	struct doveadm_mail_iter *iter;
	struct mail *mail;
	uoff_t size;

	if (doveadm_mail_iter_init(&ctx->ctx, info, ctx->ctx.search_args,
				   want_bytes ? MAIL_FETCH_PHYSICAL_SIZE : 0,
				   NULL, ctx->dry_run ?
				   DOVEADM_MAIL_ITER_FLAG_READONLY : 0,
				   &iter) < 0)
		return -1;
	i_array_init(&found_r->uids, 64);
	while (doveadm_mail_iter_next(iter, &mail)) {
		array_push_back(&found_r->uids, &mail->uid);
		if (want_bytes && mail_get_physical_size(mail, &size) == 0)
			found_r->bytes += size;
	}
	return doveadm_mail_iter_deinit_keep_box(&iter, &found_r->box);
}

static void found_free(struct found *found)
{
	if (found->box != NULL)
		mailbox_free(&found->box);
	if (array_is_created(&found->uids))
		array_free(&found->uids);
}

/* Calls back for each mailbox in which messages were found. */
static int
for_each_mailbox(struct encrypt_cmd_context *ctx, struct mail_user *user,
		 bool want_bytes, encrypt_mailbox_t *callback)
{
	const enum mailbox_list_iter_flags iter_flags =
		MAILBOX_LIST_ITER_NO_AUTO_BOXES |
		MAILBOX_LIST_ITER_RETURN_NO_FLAGS;
	struct doveadm_mailbox_list_iter *iter;
	const struct mailbox_info *info;
	int ret = 0;

	iter = doveadm_mailbox_list_iter_init(&ctx->ctx, user,
					      ctx->ctx.search_args,
					      iter_flags);
	while ((info = doveadm_mailbox_list_iter_next(iter)) != NULL) T_BEGIN {
		struct found found;

		i_zero(&found);
		if (doveadm_seal_is_mbox_copy(info))
			;
		else if (search_mailbox(ctx, info, want_bytes, &found) < 0 ||
			 (array_count(&found.uids) > 0 &&
			  callback(ctx, &found) < 0))
			ret = -1;
		found_free(&found);
	} T_END;
	if (doveadm_mailbox_list_iter_deinit(&iter) < 0)
		ret = -1;
	return ret;
}

/* Returns 1, 0, or -1 after having said why that can't be told. */
static int
mailbox_is_exempt(struct encrypt_cmd_context *ctx, struct mailbox *box)
{
	const char *error;
	int ret = ctx->plugin->mailbox_is_exempt(box, &error);

	if (ret < 0) {
		e_error(box->event, "mail_seal: %s", error);
		doveadm_mail_failed_error(&ctx->ctx, MAIL_ERROR_TEMP);
	}
	return ret;
}

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

static void
count_found(struct encrypt_cmd_context *ctx, struct found *found,
	    struct doveadm_seal_counts *counts)
{
	doveadm_seal_count(&ctx->ctx, ctx->plugin, found->box, &found->uids,
			   ctx->progress, counts);
}

static int
count_mailbox(struct encrypt_cmd_context *ctx, struct found *found)
{
	struct doveadm_seal_counts counts;
	int exempt = mailbox_is_exempt(ctx, found->box);

	if (exempt < 0)
		return -1;
	i_zero(&counts);
	if (exempt > 0)
		counts.excluded = array_count(&found->uids);
	else
		count_found(ctx, found, &counts);
	doveadm_print(mailbox_get_vname(found->box));
	print_counts(&counts);
	doveadm_seal_show_rows();
	doveadm_seal_counts_add(&ctx->counts, &counts);
	return counts.failed == 0 ? 0 : -1;
}

/*
 * Sealing
 */

/* Replaced messages leave behind what was cached of them: header fields, the
   structure and the beginning of the text. That was perhaps an earlier run
   that was killed. All of the mail is read anyway, so this costs little. */
static int
purge_cache(struct encrypt_cmd_context *ctx, struct mailbox *box)
{
	int ret = mail_cache_open_and_verify(box->cache);

	if (ret > 0) {
		ret = mail_cache_purge(box->cache, (uint32_t)-1,
				       "doveadm seal encrypt");
	}
	if (ret < 0) {
		mailbox_set_index_error(box);
		e_error(box->event, "Purging the index cache failed: %s",
			mailbox_get_last_internal_error(box, NULL));
		doveadm_mail_failed_mailbox(&ctx->ctx, box);
	}
	return ret < 0 ? -1 : 0;
}

static bool
can_be_sealed(struct encrypt_cmd_context *ctx, struct mailbox *box)
{
	struct mail_seal_decision decision;
	const char *reason;
	bool ret;

	ctx->plugin->decide_for_mailbox(box, &decision);
	ret = decision.action == MAIL_SEAL_ACTION_SEAL &&
		doveadm_seal_can_replace(box, &reason) == 0;
	ctx->plugin->decision_free(&decision);
	return ret;
}

static int
encrypt_open_mailbox(struct encrypt_cmd_context *ctx, struct found *found)
{
	struct doveadm_seal_counts counts;
	struct doveadm_seal_box *sbox;
	int ret;

	if (!can_be_sealed(ctx, found->box)) {
		i_zero(&counts);
		count_found(ctx, found, &counts);
		doveadm_seal_counts_add(&ctx->counts, &counts);
		return counts.failed == 0 ? 0 : -1;
	}
	if (doveadm_seal_is_mbox(found->box)) {
		return doveadm_seal_mbox_run(&ctx->ctx, ctx->plugin,
					     found->box, ctx->progress,
					     &found->uids, &ctx->counts);
	}
	sbox = doveadm_seal_box_init(&ctx->ctx, ctx->plugin, found->box,
				     found->box->event, ctx->progress);
	ret = doveadm_seal_box_run(sbox, &found->uids, &ctx->counts);
	doveadm_seal_box_deinit(&sbox);
	return ret;
}

static int
encrypt_mailbox(struct encrypt_cmd_context *ctx, struct found *found)
{
	int ret = mailbox_is_exempt(ctx, found->box);

	if (ret < 0) {
		ctx->counts.failed += array_count(&found->uids);
		return -1;
	}
	if (ret > 0) {
		ctx->counts.excluded += array_count(&found->uids);
		return 0;
	}
	ret = encrypt_open_mailbox(ctx, found);
	if (purge_cache(ctx, found->box) < 0)
		ret = -1;
	return ret;
}

static void sync_always(struct mail_user *user)
{
	struct mail_namespace *ns;
	struct mail_storage *storage;

	for (ns = user->namespaces; ns != NULL; ns = ns->next) {
		storage = mail_namespace_get_default_storage(ns);
		if (storage != NULL)
			doveadm_seal_storage_sync_always(storage);
	}
}

/* mdbox keeps expunged messages until then. */
static int purge_storages(struct encrypt_cmd_context *ctx,
			  struct mail_user *user)
{
	struct mail_namespace *ns;
	struct mail_storage *storage;
	int ret = 0;

	for (ns = user->namespaces; ns != NULL; ns = ns->next) {
		if (ns->type != MAIL_NAMESPACE_TYPE_PRIVATE ||
		    ns->alias_for != NULL)
			continue;
		storage = mail_namespace_get_default_storage(ns);
		if (doveadm_seal_storage_purge(storage) < 0) {
			e_error(user->event, "Purging the storage failed: %s",
				mail_storage_get_last_internal_error(storage,
								     NULL));
			doveadm_mail_failed_storage(&ctx->ctx, storage);
			ret = -1;
		}
	}
	return ret;
}

/*
 * The command
 */

static int add_to_total(struct encrypt_cmd_context *ctx, struct found *found)
{
	ctx->total_messages += array_count(&found->uids);
	ctx->total_bytes += found->bytes;
	return 0;
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
	if (for_each_mailbox(ctx, user, TRUE, add_to_total) == 0) {
		params.messages = ctx->total_messages;
		params.bytes = ctx->total_bytes;
		ctx->progress = doveadm_seal_progress_begin(&params);
	}
}

/* What has to be done for the user, not for single mailboxes */
static int
finish_user(struct encrypt_cmd_context *ctx, struct mail_user *user)
{
	int ret = purge_storages(ctx, user);

	if (ctx->counts.sealed > 0 &&
	    doveadm_seal_fts_forget(&ctx->ctx, user) < 0)
		ret = -1;
	return ret;
}

static uint32_t storages_rebuilt(struct mail_user *user)
{
	struct mail_namespace *ns;
	uint32_t rebuilt = 0;

	for (ns = user->namespaces; ns != NULL; ns = ns->next) {
		struct mail_storage *storage =
			mail_namespace_get_default_storage(ns);

		if (storage != NULL)
			rebuilt += doveadm_seal_storage_rebuilt(storage);
	}
	return rebuilt;
}

/* Rebuilding a storage brings back what was expunged, where this run has looked
   already. */
static int
encrypt_restored(struct encrypt_cmd_context *ctx, struct mail_user *user)
{
	struct doveadm_seal_counts first = ctx->counts;
	int ret;

	i_zero(&ctx->counts);
	ret = for_each_mailbox(ctx, user, FALSE, encrypt_mailbox);
	first.sealed += ctx->counts.sealed;
	first.sealed_bytes += ctx->counts.sealed_bytes;
	first.failed += ctx->counts.failed;
	ctx->counts = first;
	return ret;
}

static int
encrypt_user(struct encrypt_cmd_context *ctx, struct mail_user *user)
{
	uint32_t rebuilt = storages_rebuilt(user), rebuilt_before;
	int ret;

	sync_always(user);
	ret = for_each_mailbox(ctx, user, FALSE, encrypt_mailbox);
	for (unsigned int i = 0; i < MAX_REBUILDS; i++) {
		if (finish_user(ctx, user) < 0)
			ret = -1;
		rebuilt_before = rebuilt;
		rebuilt = storages_rebuilt(user);
		if (rebuilt == rebuilt_before)
			break;
		if (encrypt_restored(ctx, user) < 0)
			ret = -1;
	}
	return ret;
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
		for_each_mailbox(ctx, user, FALSE, count_mailbox) :
		encrypt_user(ctx, user);
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
