/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* doveadm seal group add, remove and sync: who is a member of a team mailbox,
   and with which certificates. */

#include "lib.h"
#include "array.h"
#include "mail-user.h"
#include "doveadm-mail.h"
#include "doveadm-print.h"
#include "../../plugin/dovecot-compat.h"
#include "../../plugin/group.h"
#include "../../core/core.h"
#include "../key/key.h"
#include "group-change.h"

/*
 * add
 */

static void change_add(struct doveadm_seal_group_work *work)
{
	struct doveadm_seal_group_cmd_context *ctx = work->ctx;
	struct doveadm_seal_group_user *user;
	struct doveadm_seal_group_member from_file;
	struct doveadm_seal_group_outcome *outcome;

	array_foreach_elem(&ctx->users, user) {
		outcome = doveadm_seal_group_add_outcome(work,
			user->member.name);
		if (user->problem != NULL) {
			doveadm_seal_group_set_problem(outcome, user);
			continue;
		}
		doveadm_seal_group_set(&work->group.text, &user->member,
				       work->stamp, &outcome->change);
	}
	if (ctx->file == NULL)
		return;
	outcome = doveadm_seal_group_add_outcome(work, ctx->file_name);
	if (doveadm_seal_group_read_file(ctx, &work->group.group->set,
					 &from_file, &outcome->problem) == 0) {
		doveadm_seal_group_set(&work->group.text, &from_file,
				       work->stamp, &outcome->change);
	}
}

static int
cmd_group_add_run(struct doveadm_seal_group_cmd_context *ctx,
		  struct mail_user *user)
{
	const struct mail_seal_group *group;
	struct doveadm_seal_group_work work;

	if (doveadm_seal_group_find(ctx, user, &group) < 0)
		return -1;
	doveadm_seal_group_work_init(&work, ctx, user, "add", change_add);
	work.all_or_nothing = TRUE;
	work.show_unchanged = TRUE;
	return doveadm_seal_group_work(&work, group);
}

static void
cmd_group_add_init(struct doveadm_mail_cmd_context *_ctx COMPAT_DOVEADM_ARGS)
{
	struct doveadm_seal_group_cmd_context *ctx =
		container_of(_ctx, struct doveadm_seal_group_cmd_context, ctx);

	doveadm_seal_group_init(ctx);
	if (ctx->group_name == NULL ||
	    (array_count(&ctx->users) == 0 && ctx->file == NULL)) {
		i_fatal_status(EX_USAGE, "seal group add: name a group and "
			       "its new members, or a --file");
	}
	if (ctx->file_name != NULL && ctx->file == NULL)
		i_fatal_status(EX_USAGE, "--as names what is in a --file");
	doveadm_seal_group_print_headers();
}

/*
 * remove
 */

/* A member needn't be a user any more, or never was. */
static const char *
name_in_group(const struct doveadm_seal_group_work *work,
	      const struct doveadm_seal_group_user *user)
{
	const struct doveadm_seal_group_text *text = &work->group.text;

	return user->username == NULL ||
		doveadm_seal_group_has(text, user->given) ||
		!doveadm_seal_group_has(text, user->username) ?
		user->given : user->username;
}

static void change_remove(struct doveadm_seal_group_work *work)
{
	struct doveadm_seal_group_outcome *outcome;
	struct doveadm_seal_group_user *user;

	array_foreach_elem(&work->ctx->users, user) {
		const char *name = name_in_group(work, user);

		outcome = doveadm_seal_group_add_outcome(work, name);
		doveadm_seal_group_unset(&work->group.text, name,
					 &outcome->change);
	}
}

static int
cmd_group_remove_run(struct doveadm_seal_group_cmd_context *ctx,
		     struct mail_user *user)
{
	const struct mail_seal_group *group;
	struct doveadm_seal_group_work work;

	if (doveadm_seal_group_find(ctx, user, &group) < 0)
		return -1;
	doveadm_seal_group_work_init(&work, ctx, user, "remove", change_remove);
	work.all_or_nothing = TRUE;
	return doveadm_seal_group_work(&work, group);
}

static void
cmd_group_remove_init(struct doveadm_mail_cmd_context *_ctx
		      COMPAT_DOVEADM_ARGS)
{
	struct doveadm_seal_group_cmd_context *ctx =
		container_of(_ctx, struct doveadm_seal_group_cmd_context, ctx);

	doveadm_seal_group_init(ctx);
	if (ctx->group_name == NULL || array_count(&ctx->users) == 0) {
		i_fatal_status(EX_USAGE, "seal group remove: name a group and "
			       "who is to be no member any more");
	}
	doveadm_seal_group_print_headers();
}

/*
 * sync
 */

/* What the administrator gave stays as it is. */
static bool is_synced(const struct doveadm_seal_group_entry *entry)
{
	return entry->record.member != NULL && !entry->record.from_file;
}

/* Whose certificates are wanted. A group that can't be read says so later. */
static int
cmd_group_sync_begin(struct doveadm_seal_group_cmd_context *ctx,
		     struct mail_user *user)
{
	const struct mail_seal_group *const *groups;
	const struct doveadm_seal_group_entry *entry;
	unsigned int count;

	if (doveadm_seal_group_find_all(ctx, user, &groups, &count) < 0)
		return -1;
	for (unsigned int i = 0; i < count; i++) {
		pool_t pool = pool_alloconly_create("doveadm seal group",
						    64*1024);
		struct seal_error error = { .code = SEAL_ERROR_NONE };
		struct doveadm_seal_group group;

		if (doveadm_seal_group_load(ctx->plugin, groups[i], pool,
					    &group, &error) == 0) {
			array_foreach(&group.text.entries, entry) {
				if (!is_synced(entry))
					continue;
				doveadm_seal_group_add_user(ctx,
					entry->record.member);
			}
		}
		pool_unref(&pool);
	}
	return 0;
}

static void
change_sync_member(struct doveadm_seal_group_work *work, const char *name)
{
	struct doveadm_seal_group_user *user =
		doveadm_seal_group_find_user(work->ctx, name);
	struct doveadm_seal_group_outcome *outcome;
	struct doveadm_seal_group_member member;

	/* who has been added meanwhile */
	if (user == NULL)
		return;
	outcome = doveadm_seal_group_add_outcome(work, name);
	if (user->problem != NULL) {
		doveadm_seal_group_set_problem(outcome, user);
		return;
	}
	member = user->member;
	member.name = name;
	doveadm_seal_group_set(&work->group.text, &member, work->stamp,
			       &outcome->change);
}

static void change_sync(struct doveadm_seal_group_work *work)
{
	const struct doveadm_seal_group_entry *entry;
	ARRAY_TYPE(const_string) names;
	const char *name;

	t_array_init(&names, 16);
	array_foreach(&work->group.text.entries, entry) {
		name = entry->record.member;
		if (is_synced(entry) &&
		    array_lsearch(&names, &name, i_strcmp_p) == NULL)
			array_push_back(&names, &name);
	}
	array_foreach_elem(&names, name)
		change_sync_member(work, name);
}

static int
cmd_group_sync_run(struct doveadm_seal_group_cmd_context *ctx,
		   struct mail_user *user)
{
	const struct mail_seal_group *const *groups;
	unsigned int count;
	int ret = 0;

	if (doveadm_seal_group_find_all(ctx, user, &groups, &count) < 0)
		return -1;
	for (unsigned int i = 0; i < count; i++) T_BEGIN {
		struct doveadm_seal_group_work work;

		doveadm_seal_group_work_init(&work, ctx, user, "sync",
					     change_sync);
		if (doveadm_seal_group_work(&work, groups[i]) < 0)
			ret = -1;
	} T_END;
	return ret;
}

static void
cmd_group_sync_init(struct doveadm_mail_cmd_context *_ctx COMPAT_DOVEADM_ARGS)
{
	struct doveadm_seal_group_cmd_context *ctx =
		container_of(_ctx, struct doveadm_seal_group_cmd_context, ctx);

	doveadm_seal_group_init(ctx);
	ctx->local = doveadm_seal_key_flag(_ctx->cctx, "local");
	doveadm_seal_group_print_headers();
}

/*
 * The commands
 */

static struct doveadm_mail_cmd_context *cmd_group_add_alloc(void)
{
	struct doveadm_seal_group_cmd_context *ctx =
		doveadm_seal_group_alloc("a:n");

	ctx->ctx.v.init = cmd_group_add_init;
	ctx->run = cmd_group_add_run;
	ctx->wants_certificates = TRUE;
	return &ctx->ctx;
}

static struct doveadm_mail_cmd_context *cmd_group_remove_alloc(void)
{
	struct doveadm_seal_group_cmd_context *ctx =
		doveadm_seal_group_alloc("n");

	ctx->ctx.v.init = cmd_group_remove_init;
	ctx->run = cmd_group_remove_run;
	return &ctx->ctx;
}

static struct doveadm_mail_cmd_context *cmd_group_sync_alloc(void)
{
	struct doveadm_seal_group_cmd_context *ctx;

	/* unless the caller wants another: cron would send a mail with the
	   titles of an empty table */
	doveadm_print_init(DOVEADM_PRINT_TYPE_FLOW);
	ctx = doveadm_seal_group_alloc("nl");
	ctx->ctx.v.init = cmd_group_sync_init;
	ctx->begin = cmd_group_sync_begin;
	ctx->run = cmd_group_sync_run;
	ctx->wants_certificates = TRUE;
	return &ctx->ctx;
}

struct doveadm_cmd_ver2 doveadm_cmd_seal_group_add = {
	.name = "seal group add",
	.usage = "[-u <viewer>] [-n] <group> [<user> ...] "
		"[--file <file> [--as <name>]]",
	.cmd = doveadm_seal_group_cmd,
	.mail_cmd = cmd_group_add_alloc,
DOVEADM_CMD_PARAMS_START
DOVEADM_CMD_MAIL_COMMON
DOVEADM_CMD_PARAM('n', "dry-run", CMD_PARAM_BOOL, 0)
DOVEADM_CMD_PARAM('f', "file", CMD_PARAM_ISTREAM, 0)
DOVEADM_CMD_PARAM('a', "as", CMD_PARAM_STR, 0)
DOVEADM_CMD_PARAM('\0', "group", CMD_PARAM_STR, CMD_PARAM_FLAG_POSITIONAL)
DOVEADM_CMD_PARAM('\0', "member", CMD_PARAM_ARRAY, CMD_PARAM_FLAG_POSITIONAL)
DOVEADM_CMD_PARAMS_END
};

struct doveadm_cmd_ver2 doveadm_cmd_seal_group_remove = {
	.name = "seal group remove",
	.usage = "[-u <viewer>] [-n] <group> <member>|<fingerprint> ...",
	.cmd = doveadm_seal_group_cmd,
	.mail_cmd = cmd_group_remove_alloc,
DOVEADM_CMD_PARAMS_START
DOVEADM_CMD_MAIL_COMMON
DOVEADM_CMD_PARAM('n', "dry-run", CMD_PARAM_BOOL, 0)
DOVEADM_CMD_PARAM('\0', "group", CMD_PARAM_STR, CMD_PARAM_FLAG_POSITIONAL)
DOVEADM_CMD_PARAM('\0', "member", CMD_PARAM_ARRAY, CMD_PARAM_FLAG_POSITIONAL)
DOVEADM_CMD_PARAMS_END
};

struct doveadm_cmd_ver2 doveadm_cmd_seal_group_sync = {
	.name = "seal group sync",
	.usage = "[-u <viewer>] [-n] [--local] [<group>]",
	.cmd = doveadm_seal_group_cmd,
	.mail_cmd = cmd_group_sync_alloc,
DOVEADM_CMD_PARAMS_START
DOVEADM_CMD_MAIL_COMMON
DOVEADM_CMD_PARAM('n', "dry-run", CMD_PARAM_BOOL, 0)
DOVEADM_CMD_PARAM('l', "local", CMD_PARAM_BOOL, 0)
DOVEADM_CMD_PARAM('\0', "group", CMD_PARAM_STR, CMD_PARAM_FLAG_POSITIONAL)
DOVEADM_CMD_PARAMS_END
};
