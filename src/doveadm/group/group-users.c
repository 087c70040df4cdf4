/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Whose sessions a command about groups needs, one after the other. */

#include "lib.h"
#include "array.h"
#include "istream.h"
#include "mail-user.h"
#include "mail-storage-service.h"
#include "doveadm.h"
#include "doveadm-settings.h"
#include "doveadm-mail.h"
#include "doveadm-print.h"
#include "../../plugin/dovecot-compat.h"
#include "../host.h"
#include "../users.h"
#include "../key/key.h"
#include "group.h"

#define NOT_BY_SERVER \
	"seal group works where the mail is, and not by doveadm-server"

enum step {
	STEP_PREPARE,
	/* the viewer's session, for begin() */
	STEP_BEGIN,
	STEP_MEMBERS,
	/* and again, for run() */
	STEP_RUN,
	STEP_END
};

static void
usage_error(const struct doveadm_cmd_context *cctx, const char *sentence)
{
	if (cctx->conn_type == DOVEADM_CONNECTION_TYPE_CLI)
		i_fatal_status(EX_USAGE, "%s", sentence);
	i_error("%s", sentence);
	doveadm_exit_code = EX_USAGE;
}

/*
 * Members
 */

struct doveadm_seal_group_user *
doveadm_seal_group_find_user(struct doveadm_seal_group_cmd_context *ctx,
			     const char *name)
{
	struct doveadm_seal_group_user *user;

	array_foreach_elem(&ctx->users, user) {
		if (strcmp(user->given, name) == 0 ||
		    null_strcmp(user->username, name) == 0)
			return user;
	}
	return NULL;
}

static void look_up(struct doveadm_seal_group_cmd_context *ctx,
		    struct doveadm_seal_group_user *user)
{
	const char *username = NULL;
	int ret;

	ret = doveadm_seal_users_look_up(&ctx->ctx, user->given,
					 ctx->ctx.pool, &username,
					 &user->problem);
	user->username = ret > 0 ? username : NULL;
	user->unknown = ret == 0;
	user->temporary = ret < 0;
	user->member.name = ret > 0 ? username : user->given;
}

void doveadm_seal_group_add_user(struct doveadm_seal_group_cmd_context *ctx,
				 const char *name)
{
	struct doveadm_seal_group_user *user;

	if (doveadm_seal_group_find_user(ctx, name) != NULL)
		return;
	user = p_new(ctx->ctx.pool, struct doveadm_seal_group_user, 1);
	user->given = p_strdup(ctx->ctx.pool, name);
	array_push_back(&ctx->users, &user);
}

/* Those whose session begins only to read certificates have been found. */
static bool
next_member(struct doveadm_seal_group_cmd_context *ctx,
	    const char **username_r)
{
	while (ctx->wants_certificates &&
	       ctx->next < array_count(&ctx->users)) {
		struct doveadm_seal_group_user *user =
			array_idx_elem(&ctx->users, ctx->next++);

		if (user->username == NULL && user->problem == NULL)
			look_up(ctx, user);
		if (user->problem == NULL) {
			ctx->current = user;
			*username_r = user->username;
			return TRUE;
		}
	}
	return FALSE;
}

static void finish_member(struct doveadm_seal_group_cmd_context *ctx)
{
	if (ctx->current != NULL && !ctx->session_begun) {
		ctx->current->problem = "the user's session can't begin, see "
			"the error message";
		ctx->current->temporary = TRUE;
	}
	ctx->current = NULL;
}

/*
 * The viewer
 */

static int fail(struct doveadm_seal_group_cmd_context *ctx, int exit_code,
		const char *sentence)
{
	i_error("%s", sentence);
	ctx->ctx.exit_code = exit_code;
	return -1;
}

/* Returns as doveadm_seal_find_host(), but -1 has been said. */
static int find_host(struct doveadm_seal_group_cmd_context *ctx,
		     const char *username)
{
	const char *host, *error;
	int ret = doveadm_seal_find_host(ctx->ctx.storage_service, username,
					 &host, &error);

	if (ret < 0) {
		(void)fail(ctx, EX_TEMPFAIL,
			   t_strdup_printf("%s: %s", username, error));
	}
	return ret;
}

/* Where the viewer's mail is, the members' certificates are read, too, also of
   those whose mail isn't there: Dovecot must not pass on their sessions. */
static int stay_with_viewer(struct doveadm_seal_group_cmd_context *ctx)
{
	/* const for who reads it */
	struct doveadm_settings *set =
		(struct doveadm_settings *)ctx->ctx.set;
	int ret = find_host(ctx, ctx->viewer);

	if (ret == 0)
		set->doveadm_port = 0;
	return ret < 0 ? -1 : 0;
}

/* The first one, or with --local the first one whose mail is here. Returns 1, 0
   if there is none, or -1. */
static int find_first_listed(struct doveadm_seal_group_cmd_context *ctx)
{
	struct mail_storage_service_ctx *service = ctx->ctx.storage_service;
	const char *username;
	bool found = FALSE;
	int ret;

	if (!doveadm_seal_auth_answers(service)) {
		return fail(ctx, EX_TEMPFAIL, t_strdup_printf(
			DOVEADM_SEAL_NO_LISTING_TEXT));
	}
	mail_storage_service_all_init_mask(service, "*");
	while (!found &&
	       (ret = mail_storage_service_all_next(service, &username)) > 0) {
		username = p_strdup(ctx->ctx.pool, username);
		ret = ctx->local ? find_host(ctx, username) : 0;
		if (ret < 0)
			return -1;
		found = ret == 0;
	}
	if (!found && ret < 0)
		return fail(ctx, EX_TEMPFAIL, "Can't list all users");
	ctx->viewer = found ? username : NULL;
	return found ? 1 : 0;
}

static int find_viewer(struct doveadm_seal_group_cmd_context *ctx)
{
	struct doveadm_seal_group_user *user;
	const char *username, *problem;
	int ret;

	array_foreach_elem(&ctx->users, user) {
		if (ctx->viewer == NULL && user->username != NULL)
			ctx->viewer = user->username;
	}
	if (ctx->viewer == NULL) {
		ret = find_first_listed(ctx);
		if (ret < 0)
			return -1;
		/* a proxy */
		if (ret == 0 && ctx->local) {
			ctx->session_begun = TRUE;
			return -1;
		}
	}
	if (ctx->viewer == NULL) {
		return fail(ctx, EX_USAGE, "Dovecot lists no user whose "
			"namespaces could be looked at: name one with -u");
	}
	ret = doveadm_seal_users_look_up(&ctx->ctx, ctx->viewer, ctx->ctx.pool,
					 &username, &problem);
	if (ret <= 0) {
		return fail(ctx, ret == 0 ? EX_NOUSER : EX_TEMPFAIL,
			    t_strdup_printf("%s: %s", ctx->viewer, problem));
	}
	ctx->viewer = username;
	return stay_with_viewer(ctx);
}

static int prepare(struct doveadm_seal_group_cmd_context *ctx)
{
	struct doveadm_seal_group_user *user;

	array_foreach_elem(&ctx->users, user) {
		look_up(ctx, user);
	}
	return find_viewer(ctx);
}

/*
 * The framework's hooks
 */

/* Returns what next_user() does. When a session can't begin, doveadm goes on
   with the next one and forgets. */
static int end(struct doveadm_seal_group_cmd_context *ctx)
{
	if (!ctx->session_begun && ctx->ctx.exit_code == 0)
		doveadm_mail_failed_error(&ctx->ctx, MAIL_ERROR_TEMP);
	ctx->step = STEP_END;
	return 0;
}

static int
go_to_viewer(struct doveadm_seal_group_cmd_context *ctx, enum step step,
	     const char **username_r)
{
	ctx->step = step;
	ctx->session_begun = FALSE;
	*username_r = ctx->viewer;
	return 1;
}

static int
next_user(struct doveadm_mail_cmd_context *_ctx, const char **username_r)
{
	struct doveadm_seal_group_cmd_context *ctx =
		container_of(_ctx, struct doveadm_seal_group_cmd_context, ctx);

	switch (ctx->step) {
	case STEP_PREPARE:
		if (prepare(ctx) < 0)
			return end(ctx);
		if (ctx->begin != NULL)
			return go_to_viewer(ctx, STEP_BEGIN, username_r);
		break;
	case STEP_BEGIN:
		if (!ctx->session_begun || ctx->failed)
			return end(ctx);
		break;
	case STEP_MEMBERS:
		finish_member(ctx);
		break;
	default:
		return end(ctx);
	}
	ctx->step = STEP_MEMBERS;
	ctx->session_begun = FALSE;
	return next_member(ctx, username_r) ? 1 :
		go_to_viewer(ctx, STEP_RUN, username_r);
}

static int
run(struct doveadm_mail_cmd_context *_ctx, struct mail_user *user)
{
	struct doveadm_seal_group_cmd_context *ctx =
		container_of(_ctx, struct doveadm_seal_group_cmd_context, ctx);

	ctx->session_begun = TRUE;
	ctx->plugin = doveadm_seal_get_plugin(_ctx, user);
	if (ctx->plugin == NULL)
		return -1;
	switch (ctx->step) {
	case STEP_BEGIN:
		ctx->failed = ctx->begin(ctx, user) < 0;
		return ctx->failed ? -1 : 0;
	case STEP_MEMBERS:
		doveadm_seal_group_read_user(ctx, user, ctx->current);
		return 0;
	default:
		return ctx->run(ctx, user);
	}
}

struct doveadm_seal_group_cmd_context *
doveadm_seal_group_alloc(const char *options ATTR_UNUSED)
{
	struct doveadm_seal_group_cmd_context *ctx =
		doveadm_mail_cmd_alloc(struct doveadm_seal_group_cmd_context);

	ctx->ctx.v.preinit = doveadm_seal_key_keep_root;
	ctx->ctx.v.get_next_user = next_user;
	ctx->ctx.v.run = run;
	compat_doveadm_announce_options(&ctx->ctx, options);
	doveadm_print_init(DOVEADM_PRINT_TYPE_TABLE);
	return ctx;
}

/*
 * The command line
 */

/* -u isn't the one user of the command, but the viewer. */
static struct doveadm_cmd_param *user_param(struct doveadm_cmd_context *cctx)
{
	/* const for who reads it, see compat_doveadm_pass_on() */
	struct doveadm_cmd_param *param =
		(struct doveadm_cmd_param *)cctx->argv;

	while (strcmp(param->name, "user") != 0)
		param++;
	return param;
}

static void read_file(struct doveadm_seal_group_cmd_context *ctx)
{
	const char *error;

	doveadm_mail_get_input(&ctx->ctx);
	ctx->file = buffer_create_dynamic(ctx->ctx.pool, 4096);
	error = doveadm_seal_key_read(ctx->ctx.cmd_input, ctx->file);
	if (error != NULL)
		i_fatal_status(DOVEADM_EX_NOTPOSSIBLE, "%s", error);
	/* or doveadm goes back to its begin with each user, and fails */
	i_stream_unref(&ctx->ctx.cmd_input);
}

void doveadm_seal_group_init(struct doveadm_seal_group_cmd_context *ctx)
{
	struct doveadm_cmd_context *cctx = ctx->ctx.cctx;
	const char *const *names, *problem;

	if (ctx->ctx.set->doveadm_worker_count != 0) {
		usage_error(cctx, NOT_BY_SERVER);
	}
	doveadm_seal_users_check_auth(&ctx->ctx);
	p_array_init(&ctx->users, ctx->ctx.pool, 16);
	if (!doveadm_cmd_param_str(cctx, "group", &ctx->group_name))
		ctx->group_name = NULL;
	ctx->dry_run = doveadm_seal_key_flag(cctx, "dry-run");
	if (!doveadm_cmd_param_array(cctx, "member", &names))
		names = NULL;
	for (; names != NULL && *names != NULL; names++)
		doveadm_seal_group_add_user(ctx, *names);
	if (!doveadm_cmd_param_str(cctx, "as", &ctx->file_name))
		ctx->file_name = NULL;
	problem = ctx->file_name == NULL ? NULL :
		doveadm_seal_group_name_problem(ctx->file_name);
	if (problem != NULL) {
		usage_error(cctx, t_strdup_printf("--as: not a name: %s",
						  problem));
	}
	ctx->viewer = user_param(cctx)->value.v_string;
	if (ctx->ctx.cmd_input != NULL)
		read_file(ctx);
}

void doveadm_seal_group_cmd(struct doveadm_cmd_context *cctx)
{
	static const char *const others[] = {
		"all-users", "user-file", "socket-path", NULL
	};

	if (cctx->conn_type != DOVEADM_CONNECTION_TYPE_CLI) {
		usage_error(cctx, NOT_BY_SERVER);
		return;
	}
	for (int i = 0; i < cctx->argc; i++) {
		if (cctx->argv[i].value_set &&
		    str_array_find(others, cctx->argv[i].name)) {
			usage_error(cctx, "seal group goes without -A, -F and "
				"-S: -u says whose namespaces and settings "
				"count");
		}
	}
	user_param(cctx)->value_set = FALSE;
	doveadm_seal_users_give_list(cctx);
	doveadm_cmd_ver2_to_mail_cmd_wrapper(cctx);
}
