/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* doveadm seal key show and check: what certificates owners have, and how
   long they will do. */

#include "lib.h"
#include "array.h"
#include "buffer.h"
#include "mail-user.h"
#include "doveadm-mail.h"
#include "doveadm-print.h"
#include "../../plugin/dovecot-compat.h"
#include "../../plugin/group.h"
#include "../../plugin/pending.h"
#include "../../core/core.h"
#include "../command.h"

#include <time.h>

#define SECONDS_PER_DAY (24 * 60 * 60)
/* a thousand years */
#define DAYS_MAX 365000

/* What went wrong, told to somebody who waits for the end. */
#define CHECK_EX_PROBLEM 1

struct key_show_cmd_context {
	struct doveadm_mail_cmd_context ctx;

	const struct mail_seal_plugin_interface *plugin;
	const struct mail_seal_settings *set;
	struct mail_user *user;
	unsigned int days;
	/* also say where a source had better not be, what is missing beside
	   it, and what of the groups' */
	bool places;
	/* with their sources, the groups that have been checked: many users see
	   the same */
	ARRAY_TYPE(const_string) groups;
	/* users whose session was to begin, and whose did */
	unsigned int users_begun, users_run;

	/* certificate is NULL if those of this source can't be read, and
	   problem says why */
	void (*print)(struct key_show_cmd_context *ctx, const char *source,
		      const struct mail_seal_certificate *certificate,
		      const char *problem);
};

static const char *date(time_t t)
{
	return t == 0 ? "never" : unixdate2str(t);
}

/*
 * Going through the certificates
 */

static void
show_content(struct key_show_cmd_context *ctx, const char *source,
	     const buffer_t *content)
{
	const struct mail_seal_certificate *list;
	const struct mail_seal_core *core;
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	unsigned int count;
	pool_t pool = pool_alloconly_create("doveadm seal key", 2048);

	core = ctx->plugin->core_get(&error);
	if (core == NULL ||
	    core->describe(content, ctx->set, time(NULL), pool, &list,
			     &count, &error) < 0) {
		ctx->print(ctx, source, NULL, error.text);
		count = 0;
	}
	for (unsigned int i = 0; i < count; i++) T_BEGIN {
		ctx->print(ctx, source, &list[i], list[i].problem);
	} T_END;
	pool_unref(&pool);
}

static void show_extra(struct key_show_cmd_context *ctx)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	buffer_t *content = t_buffer_create(4096);
	const char *source;

	if (ctx->plugin->keys_read_extra(ctx->set, content, &source,
					 &error) < 0)
		ctx->print(ctx, source, NULL, error.text);
	else
		show_content(ctx, source, content);
}

/* Reported whether there is a key or not: a mail client may have taken it away
   already. */
static void check_places(struct key_show_cmd_context *ctx)
{
	for (unsigned int i = 0; i < ctx->set->source_count; i++) {
		const struct mail_seal_source *source = &ctx->set->sources[i];
		const char *root = ctx->plugin->source_mail_root(source,
								 ctx->user);

		if (root != NULL) {
			ctx->print(ctx, ctx->plugin->source_name(source), NULL,
				t_strdup_printf("it is among the mailboxes "
					"below %s, where a mail client can "
					"rename or delete it", root));
		}
	}
}

/* What an owner offers needs a place to wait at. */
static void check_pending(struct key_show_cmd_context *ctx)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct mail_seal_pending pending;

	if (ctx->set->confirm &&
	    ctx->plugin->pending_get(ctx->set, &pending, &error) < 0) {
		ctx->print(ctx, "pending", NULL,
			   t_strdup_printf("what is pending can't be read: %s",
					   error.text));
	}
}

/* Is it the first time that this group of this source is seen? */
static bool
is_new_group(struct key_show_cmd_context *ctx,
	     const struct mail_seal_group *group)
{
	const char *id = group->name, *other;

	for (unsigned int i = 0; i < group->set.source_count; i++) {
		id = t_strconcat(id, " ", ctx->plugin->source_name(
				&group->set.sources[i]), NULL);
	}
	array_foreach_elem(&ctx->groups, other) {
		if (strcmp(id, other) == 0)
			return FALSE;
	}
	id = p_strdup(ctx->ctx.pool, id);
	array_push_back(&ctx->groups, &id);
	return TRUE;
}

static void
check_group(struct key_show_cmd_context *ctx,
	    const struct mail_seal_group *group)
{
	const struct mail_seal_settings *user_set = ctx->set;
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	buffer_t *content = t_buffer_create(4096);
	const char *source;
	int ret;

	ctx->set = &group->set;
	ret = ctx->plugin->keys_read(ctx->set, content, &source, &error);
	source = t_strconcat(group->name, " ", source, NULL);
	if (ret > 0)
		show_content(ctx, source, content);
	else {
		ctx->print(ctx, source, NULL, ret < 0 ? error.text :
			   "there is no certificate");
	}
	if (group->ns == NULL) {
		ctx->print(ctx, source, NULL,
			   "no public namespace has such a mailbox");
	}
	/* of a block, which a group may have */
	if (ctx->set->extra_keys != NULL &&
	    null_strcmp(ctx->set->extra_keys, user_set->extra_keys) != 0)
		show_extra(ctx);
	check_places(ctx);
	ctx->set = user_set;
}

/* Without a member's certificate he can't read the mail, without any nothing is
   stored. */
static void check_groups(struct key_show_cmd_context *ctx)
{
	pool_t pool = pool_alloconly_create("doveadm seal groups", 1024);
	const struct mail_seal_group *const *groups;
	unsigned int count;
	const char *error;

	if (ctx->plugin->group_list(ctx->user, pool, &groups, &count,
				    &error) < 0) {
		ctx->print(ctx, "team mailboxes", NULL, error);
		count = 0;
	}
	for (unsigned int i = 0; i < count; i++) T_BEGIN {
		if (is_new_group(ctx, groups[i]))
			check_group(ctx, groups[i]);
	} T_END;
	pool_unref(&pool);
}

static int
cmd_seal_key_show_run(struct doveadm_mail_cmd_context *_ctx,
		      struct mail_user *user)
{
	struct key_show_cmd_context *ctx =
		container_of(_ctx, struct key_show_cmd_context, ctx);
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	buffer_t *content = t_buffer_create(4096);
	const char *source, *set_error;
	int ret;

	ctx->users_run++;
	ctx->user = user;
	ctx->plugin = doveadm_seal_get_plugin(_ctx, user);
	if (ctx->plugin == NULL)
		return -1;
	ctx->set = ctx->plugin->user_get_settings(user, &set_error);
	if (ctx->set == NULL) {
		e_error(user->event, "%s", set_error);
		doveadm_mail_failed_error(_ctx, MAIL_ERROR_NOTPOSSIBLE);
		return -1;
	}
	ret = ctx->plugin->keys_read(ctx->set, content, &source, &error);
	if (ret < 0)
		ctx->print(ctx, source, NULL, error.text);
	else if (ret > 0)
		show_content(ctx, source, content);
	if (ret != 0 && ctx->set->extra_keys != NULL)
		show_extra(ctx);
	if (ctx->places) {
		check_places(ctx);
		check_pending(ctx);
		check_groups(ctx);
	}
	return 0;
}

/*
 * show
 */

static void
print_certificate(struct key_show_cmd_context *ctx ATTR_UNUSED,
		  const char *source,
		  const struct mail_seal_certificate *certificate,
		  const char *problem)
{
	static const char *const no_names[] = { NULL };
	static const struct mail_seal_certificate unknown = {
		.kind = "", .fingerprint = "", .algorithm = "",
		.names = no_names
	};
	bool known = certificate != NULL;

	if (!known)
		certificate = &unknown;
	doveadm_print(source);
	doveadm_print(certificate->kind);
	doveadm_print(certificate->fingerprint);
	doveadm_print(certificate->algorithm);
	doveadm_print(t_strarray_join(certificate->names, ", "));
	doveadm_print(known ? date(certificate->created) : "");
	doveadm_print(known ? date(certificate->expires) : "");
	doveadm_print(problem == NULL ? "yes" :
		      t_strconcat("no: ", problem, NULL));
}

static void
cmd_seal_key_show_init(struct doveadm_mail_cmd_context *ctx ATTR_UNUSED
		       COMPAT_DOVEADM_ARGS)
{
	doveadm_print_header_simple("source");
	doveadm_print_header_simple("kind");
	doveadm_print_header_simple("fingerprint");
	doveadm_print_header_simple("algorithm");
	doveadm_print_header_simple("names");
	doveadm_print_header_simple("created");
	doveadm_print_header_simple("expires");
	doveadm_print_header_simple("usable");
}

static struct doveadm_mail_cmd_context *cmd_seal_key_show_alloc(void)
{
	struct key_show_cmd_context *ctx =
		doveadm_mail_cmd_alloc(struct key_show_cmd_context);

	ctx->ctx.v.init = cmd_seal_key_show_init;
	ctx->ctx.v.run = cmd_seal_key_show_run;
	ctx->print = print_certificate;
	doveadm_print_init(DOVEADM_PRINT_TYPE_PAGER);
	return &ctx->ctx;
}

/*
 * check
 */

static void
print_problem(struct key_show_cmd_context *ctx, const char *source,
	      const struct mail_seal_certificate *certificate,
	      const char *problem)
{
	time_t end = time(NULL) + (time_t)ctx->days * SECONDS_PER_DAY;

	if (problem == NULL) {
		if (certificate->expires == 0 || certificate->expires > end)
			return;
		problem = t_strdup_printf("it expires on %s",
					  date(certificate->expires));
	}
	doveadm_print(certificate == NULL ? "" : certificate->fingerprint);
	doveadm_print(problem);
	doveadm_print(source);
	/* one of the codes that doveadm-server can send; see deinit */
	doveadm_mail_failed_error(&ctx->ctx, MAIL_ERROR_NOTPOSSIBLE);
}

static int
cmd_seal_key_check_prerun(struct doveadm_mail_cmd_context *_ctx,
			  struct mail_storage_service_user *user ATTR_UNUSED,
			  const char **error_r ATTR_UNUSED)
{
	struct key_show_cmd_context *ctx =
		container_of(_ctx, struct key_show_cmd_context, ctx);

	ctx->users_begun++;
	return 0;
}

static void
cmd_seal_key_check_init(struct doveadm_mail_cmd_context *_ctx
			COMPAT_DOVEADM_ARGS)
{
	struct key_show_cmd_context *ctx =
		container_of(_ctx, struct key_show_cmd_context, ctx);
	const char *days;

	if (doveadm_cmd_param_str(_ctx->cctx, "days", &days) &&
	    (str_to_uint(days, &ctx->days) < 0 || ctx->days > DAYS_MAX)) {
		/* doveadm-server got it from a doveadm that has checked it */
		i_fatal_status(EX_USAGE, "--days: \"%s\" is not a number of "
			       "days", days);
	}
	doveadm_print_header("fingerprint", "fingerprint",
			     DOVEADM_PRINT_HEADER_FLAG_HIDE_TITLE);
	doveadm_print_header("problem", "problem",
			     DOVEADM_PRINT_HEADER_FLAG_HIDE_TITLE);
	doveadm_print_header("source", "source",
			     DOVEADM_PRINT_HEADER_FLAG_HIDE_TITLE);
}

static void cmd_seal_key_check_deinit(struct doveadm_mail_cmd_context *_ctx)
{
	struct key_show_cmd_context *ctx =
		container_of(_ctx, struct key_show_cmd_context, ctx);

	/* When a user's session can't begin, doveadm goes on with the next
	   and forgets. */
	if (ctx->users_begun != ctx->users_run)
		doveadm_mail_failed_error(_ctx, MAIL_ERROR_NOTPOSSIBLE);
	if (_ctx->exit_code != 0 && _ctx->exit_code != EX_NOUSER &&
	    _ctx->cctx->conn_type == DOVEADM_CONNECTION_TYPE_CLI)
		_ctx->exit_code = CHECK_EX_PROBLEM;
}

static struct doveadm_mail_cmd_context *cmd_seal_key_check_alloc(void)
{
	struct key_show_cmd_context *ctx =
		doveadm_mail_cmd_alloc(struct key_show_cmd_context);

	ctx->ctx.v.init = cmd_seal_key_check_init;
	ctx->ctx.v.prerun = cmd_seal_key_check_prerun;
	ctx->ctx.v.run = cmd_seal_key_show_run;
	ctx->ctx.v.deinit = cmd_seal_key_check_deinit;
	ctx->print = print_problem;
	ctx->places = TRUE;
	p_array_init(&ctx->groups, ctx->ctx.pool, 4);
	compat_doveadm_announce_options(&ctx->ctx, "d:");
	doveadm_print_init(DOVEADM_PRINT_TYPE_FLOW);
	return &ctx->ctx;
}

struct doveadm_cmd_ver2 doveadm_cmd_seal_key_show = {
	.name = "seal key show",
	.usage = DOVEADM_CMD_MAIL_USAGE_PREFIX,
	.mail_cmd = cmd_seal_key_show_alloc,
DOVEADM_CMD_PARAMS_START
DOVEADM_CMD_MAIL_COMMON
DOVEADM_CMD_PARAMS_END
};

struct doveadm_cmd_ver2 doveadm_cmd_seal_key_check = {
	.name = "seal key check",
	.usage = DOVEADM_CMD_MAIL_USAGE_PREFIX "[--days <number>]",
	.mail_cmd = cmd_seal_key_check_alloc,
DOVEADM_CMD_PARAMS_START
DOVEADM_CMD_MAIL_COMMON
DOVEADM_CMD_PARAM('d', "days", CMD_PARAM_STR, 0)
DOVEADM_CMD_PARAMS_END
};
