/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "istream.h"
#include "ostream.h"
#include "wildcard-match.h"
#include "auth-master.h"
#include "mail-user.h"
#include "mail-storage-service.h"
#include "doveadm-mail.h"
#include "doveadm-print.h"
#include "doveadm-settings.h"
#include "../plugin/dovecot-compat.h"
#include "users.h"

#include <stdio.h>

#define JOBS_MAX 100

/* Where users are elsewhere, behind a proxy or a socket, Dovecot itself can have
   them looked after by several connections at once. */
static void
set_jobs(struct doveadm_seal_users *users,
	 struct doveadm_mail_cmd_context *ctx, const char *value)
{
	/* const for who reads it */
	struct doveadm_settings *set = (struct doveadm_settings *)ctx->set;
	unsigned int jobs;

	if (str_to_uint(value, &jobs) < 0 || jobs == 0 || jobs > JOBS_MAX) {
		i_fatal_status(EX_USAGE, "--jobs: \"%s\" is not a number from "
			       "1 to 100", value);
	}
	if (ctx->iterate_single_user) {
		i_fatal_status(EX_USAGE, "--jobs is for many users: -A, -F, "
			       "or -u with wildcards");
	}
	if (set->doveadm_port != 0 || set->doveadm_worker_count != 0)
		set->doveadm_worker_count = jobs;
	else
		users->jobs = jobs;
}

static void
read_jobs(struct doveadm_seal_users *users,
	  struct doveadm_mail_cmd_context *ctx)
{
	const char *value;

	/* doveadm-server has its users one by one */
	if (ctx->cctx->conn_type != DOVEADM_CONNECTION_TYPE_CLI)
		return;
	(void)doveadm_cmd_param_bool(ctx->cctx, "worker", &users->worker);
	if (users->worker) {
		/* it would be in the way on stdout */
		doveadm_verbose = FALSE;
	} else if (doveadm_cmd_param_str(ctx->cctx, "jobs", &value)) {
		set_jobs(users, ctx, value);
	}
}

void doveadm_seal_users_init(struct doveadm_seal_users *users,
			     struct doveadm_mail_cmd_context *ctx,
			     int (*next)(struct doveadm_mail_cmd_context *ctx,
					 const char **username_r))
{
	users->super_next = ctx->v.get_next_user;
	ctx->v.get_next_user = next;
	read_jobs(users, ctx);
}

/* Dovecot leaves out those who don't match after they were returned. */
static bool
is_wanted(struct doveadm_mail_cmd_context *ctx, const char *username)
{
	const char *mask;

	return !doveadm_cmd_param_str(ctx->cctx, "user", &mask) ||
		wildcard_match_icase(username, mask);
}

static void
users_read(struct doveadm_seal_users *users,
	   struct doveadm_mail_cmd_context *ctx)
{
	const char *username;

	p_array_init(&users->names, ctx->pool, 64);
	while ((users->result = users->super_next(ctx, &username)) > 0) {
		if (!is_wanted(ctx, username))
			continue;
		username = p_strdup(ctx->pool, username);
		array_push_back(&users->names, &username);
	}
	users->count = array_count(&users->names);
}

static void ATTR_FORMAT(2, 0)
be_quiet(const struct failure_context *ctx ATTR_UNUSED,
	 const char *format ATTR_UNUSED, va_list args ATTR_UNUSED)
{
}

/* A connection to an auth process that has ended is noticed by the next lookup
   only, which fails, and then doveadm gives up all other users. So that is a
   lookup of ours; after it the connection is a new one. */
static void renew_auth_connection(const char *username)
{
	struct auth_user_info info = { .COMPAT_AUTH_PROTOCOL = "doveadm" };
	pool_t pool = pool_alloconly_create("mail_seal auth", 1024);
	failure_callback_t *fatal, *error, *unused_info, *unused_debug;
	const char *const *fields;

	/* doveadm-server does the lookups */
	if (mail_user_auth_master_conn == NULL) {
		pool_unref(&pool);
		return;
	}
	i_get_failure_handlers(&fatal, &error, &unused_info, &unused_debug);
	i_set_error_handler(be_quiet);
	(void)auth_master_user_lookup(mail_user_auth_master_conn, username,
				      &info, pool, &username, &fields);
	i_set_error_handler(error);
	pool_unref(&pool);
}

static void
run_jobs(struct doveadm_seal_users *users,
	 struct doveadm_mail_cmd_context *ctx)
{
	if (doveadm_seal_jobs_run(ctx, users->jobs, array_front(&users->names),
				  users->count, &users->sums) < 0)
		users->result = -1;
	users->number = users->count;
}

static int
worker_next(struct doveadm_seal_users *users,
	    struct doveadm_mail_cmd_context *ctx, const char **username_r)
{
	int ret;

	/* Dovecot has begun to list them for this process, too; auth would wait
	   for somebody to read it, with a connection to its database. */
	if (!users->listed && ctx->users_list_input == NULL) {
		while (users->super_next(ctx, username_r) > 0)
			;
	}
	users->listed = TRUE;
	doveadm_seal_show_rows();
	ret = doveadm_seal_worker_next(ctx, &users->sums, username_r);
	if (ret > 0 && users->number++ > 0)
		renew_auth_connection(*username_r);
	return ret;
}

int doveadm_seal_users_next(struct doveadm_seal_users *users,
			    struct doveadm_mail_cmd_context *ctx,
			    const char **username_r)
{
	if (users->worker)
		return worker_next(users, ctx, username_r);
	if (!array_is_created(&users->names)) {
		users_read(users, ctx);
		if (users->jobs > 1 && users->count > 1) {
			run_jobs(users, ctx);
			return users->result;
		}
	}
	doveadm_seal_show_rows();
	if (users->number == users->count)
		return users->result;
	*username_r = array_idx_elem(&users->names, users->number++);
	if (users->number > 1)
		renew_auth_connection(*username_r);
	return 1;
}

void doveadm_seal_users_give_list(struct doveadm_cmd_context *cctx)
{
	/* const for who reads it, see compat_doveadm_pass_on() */
	struct doveadm_cmd_param *param =
		(struct doveadm_cmd_param *)cctx->argv;

	while (strcmp(param->name, "user-file") != 0)
		param++;
	param->value_set = TRUE;
	param->value.v_istream = i_stream_create_from_data("", 0);
}

int doveadm_seal_users_look_up(struct doveadm_mail_cmd_context *ctx,
			       const char *name, pool_t pool,
			       const char **username_r, const char **problem_r)
{
	struct mail_storage_service_input input = {
		.service = "doveadm", .username = name
	};
	struct mail_storage_service_user *user;
	const char *error;
	int ret;

	ret = mail_storage_service_lookup(ctx->storage_service, &input, &user,
					  &error);
	if (ret > 0) {
		/* the userdb may have changed it */
		*username_r = p_strdup(pool,
			mail_storage_service_user_get_input(user)->username);
		mail_storage_service_user_unref(&user);
	} else if (ret == 0) {
		*problem_r = "there is no such user";
	} else {
		*problem_r = p_strdup_printf(pool,
			"the user lookup failed: %s", error);
	}
	return ret;
}

void doveadm_seal_users_begin_total(void)
{
	doveadm_print_sticky("username", "TOTAL");
}

void doveadm_seal_show_rows(void)
{
	if (doveadm_print_ostream == NULL)
		return;
	o_stream_uncork(doveadm_print_ostream);
	o_stream_cork(doveadm_print_ostream);
	/* the formatter "table" */
	(void)fflush(stdout);
}
