/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "istream.h"
#include "ostream.h"
#include "wildcard-match.h"
#include "mail-user.h"
#include "mail-storage-service.h"
#include "doveadm-mail.h"
#include "doveadm-print.h"
#include "doveadm-settings.h"
#include "../plugin/dovecot-compat.h"
#include "host.h"
#include "users.h"

#include <stdio.h>

#define JOBS_MAX 100

#define LOCAL_USAGE "--local is for many users: -A, -F, or -u with " \
	"wildcards; and without -S"

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
	/* doveadm-server does it all: Dovecot itself can have it do several
	   at once */
	if (set->doveadm_worker_count != 0)
		set->doveadm_worker_count = jobs;
	else
		users->jobs = jobs;
}

/* A worker's users are here, which has been found out; what it writes on stdout
   is for the one that began it. */
static void begin_worker(struct doveadm_mail_cmd_context *ctx)
{
	struct doveadm_settings *set = (struct doveadm_settings *)ctx->set;

	set->doveadm_port = 0;
	doveadm_verbose = FALSE;
}

static void
read_jobs(struct doveadm_seal_users *users,
	  struct doveadm_mail_cmd_context *ctx)
{
	const char *value;

	(void)doveadm_cmd_param_bool(ctx->cctx, "worker", &users->worker);
	(void)doveadm_cmd_param_bool(ctx->cctx, "local", &users->local);
	if (users->local && (ctx->iterate_single_user ||
			     ctx->set->doveadm_worker_count != 0)) {
		i_fatal_status(EX_USAGE, LOCAL_USAGE);
	}
	if (users->worker)
		begin_worker(ctx);
	else if (doveadm_cmd_param_str(ctx->cctx, "jobs", &value))
		set_jobs(users, ctx, value);
}

/* Does Dovecot list all users for this command? */
static bool is_listing(struct doveadm_mail_cmd_context *ctx)
{
	return !ctx->iterate_single_user &&
		(COMPAT_DOVEADM_ALWAYS_LISTS || ctx->users_list_input == NULL);
}

/* If nobody reads the listing, auth waits, with a connection to its database. */
static void drop_listing(struct doveadm_mail_cmd_context *ctx)
{
	const char *name;

	while (mail_storage_service_all_next(ctx->storage_service, &name) > 0)
		;
}

void doveadm_seal_users_check_auth(struct doveadm_mail_cmd_context *ctx)
{
	if (is_listing(ctx) &&
	    !doveadm_seal_auth_answers(ctx->storage_service)) {
		i_fatal_status(EX_TEMPFAIL, DOVEADM_SEAL_NO_LISTING_TEXT);
	}
}

/* Of a command's own deinit(), which sums up, nothing is a worker's. Here, as
   deinit() has the command's context, and not where in it these are. A process
   is a worker of one command. */
static struct doveadm_seal_users *worker_users;

static void worker_deinit(struct doveadm_mail_cmd_context *ctx)
{
	doveadm_seal_worker_end(ctx, &worker_users->sums);
}

static int
refused_run(struct doveadm_mail_cmd_context *ctx,
	    struct mail_user *user ATTR_UNUSED)
{
	i_error(LOCAL_USAGE);
	ctx->exit_code = EX_USAGE;
	return -1;
}

/* By doveadm-server or the HTTP API, where init() can't fail: a service that
   ends is a fault to all who use it. */
static void refuse_local(struct doveadm_mail_cmd_context *ctx)
{
	bool local;

	if (doveadm_cmd_param_bool(ctx->cctx, "local", &local) && local)
		ctx->v.run = refused_run;
}

void doveadm_seal_users_init(struct doveadm_seal_users *users,
			     struct doveadm_mail_cmd_context *ctx,
			     int (*next)(struct doveadm_mail_cmd_context *ctx,
					 const char **username_r))
{
	users->super_next = ctx->v.get_next_user;
	ctx->v.get_next_user = next;
	/* doveadm-server has its users one by one */
	if (ctx->cctx->conn_type != DOVEADM_CONNECTION_TYPE_CLI) {
		refuse_local(ctx);
		return;
	}
	doveadm_seal_users_check_auth(ctx);
	read_jobs(users, ctx);
	if (users->worker) {
		worker_users = users;
		ctx->v.deinit = worker_deinit;
	}
}

bool doveadm_seal_is_wanted(struct doveadm_mail_cmd_context *ctx,
			    const char *username)
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
		if (!doveadm_seal_is_wanted(ctx, username))
			continue;
		username = p_strdup(ctx->pool, username);
		array_push_back(&users->names, &username);
	}
	users->count = array_count(&users->names);
	if (ctx->users_list_input != NULL && is_listing(ctx))
		drop_listing(ctx);
}

/*
 * --jobs, --local
 */

/* Leaves those in the list who are on other servers, as Dovecot finds it out
   when their turn comes. */
static int
take_who_is_here(struct doveadm_seal_users *users,
		 struct doveadm_mail_cmd_context *ctx,
		 ARRAY_TYPE(const_string) *here_r)
{
	ARRAY_TYPE(const_string) elsewhere;
	const char *name, *host, *error;
	unsigned int failures = 0;
	int ret;

	p_array_init(here_r, ctx->pool, users->count);
	p_array_init(&elsewhere, ctx->pool, 16);
	array_foreach_elem(&users->names, name) {
		T_BEGIN {
			ret = doveadm_seal_find_host(ctx->storage_service,
						     name, &host, &error);
			if (ret < 0)
				i_error("%s: %s", name, error);
		} T_END;
		failures = ret < 0 ? failures + 1 : 0;
		if (ret < 0)
			ctx->exit_code = EX_TEMPFAIL;
		if (failures == DOVEADM_SEAL_FAILURES_MAX) {
			i_error(DOVEADM_SEAL_FAILURES_TEXT, failures);
			return -1;
		}
		if (ret >= 0)
			array_push_back(ret > 0 ? &elsewhere : here_r, &name);
	}
	users->names = elsewhere;
	return 0;
}

/* Where some are elsewhere, behind a proxy, Dovecot itself can have them looked
   after by several connections at once. */
static int
run_jobs(struct doveadm_seal_users *users,
	 struct doveadm_mail_cmd_context *ctx,
	 const ARRAY_TYPE(const_string) *here)
{
	/* const for who reads it */
	struct doveadm_settings *set = (struct doveadm_settings *)ctx->set;
	unsigned int count = array_count(here);

	set->doveadm_worker_count = users->jobs;
	if (count > 0 &&
	    doveadm_seal_jobs_run(ctx, users->jobs, array_front(here), count,
				  &users->sums) < 0)
		return -1;
	/* the others' numbers aren't told */
	if (!array_is_empty(&users->names))
		users->sums.any = FALSE;
	return doveadm_is_killed() ? -1 : 0;
}

/* Leaves those in the list whose turn is to come. */
static void
read_users(struct doveadm_seal_users *users,
	   struct doveadm_mail_cmd_context *ctx)
{
	ARRAY_TYPE(const_string) here;
	bool jobs;
	int ret;

	users_read(users, ctx);
	jobs = users->jobs > 1 && users->count > 1;
	if (!jobs && !users->local)
		return;
	ret = take_who_is_here(users, ctx, &here);
	if (users->local)
		array_clear(&users->names);
	if (ret == 0 && jobs)
		ret = run_jobs(users, ctx, &here);
	else if (ret == 0)
		users->names = here;
	if (ret < 0) {
		users->result = -1;
		array_clear(&users->names);
	}
	users->count = array_count(&users->names);
}

static int
worker_next(struct doveadm_seal_users *users,
	    struct doveadm_mail_cmd_context *ctx, const char **username_r)
{
	if (users->number++ == 0 && is_listing(ctx))
		drop_listing(ctx);
	doveadm_seal_show_rows();
	return doveadm_seal_worker_next(ctx, &users->sums, username_r);
}

int doveadm_seal_users_next(struct doveadm_seal_users *users,
			    struct doveadm_mail_cmd_context *ctx,
			    const char **username_r)
{
	if (users->worker)
		return worker_next(users, ctx, username_r);
	if (!array_is_created(&users->names))
		read_users(users, ctx);
	doveadm_seal_show_rows();
	if (users->number == users->count)
		return users->result;
	*username_r = array_idx_elem(&users->names, users->number++);
	/* doveadm-server does the lookups */
	if (users->number > 1 && mail_user_auth_master_conn != NULL) {
		(void)doveadm_seal_renew_auth(ctx->storage_service,
					      *username_r);
	}
	return 1;
}

/* of this process's command */
static bool order_kept;

void doveadm_seal_users_give_list(struct doveadm_cmd_context *cctx)
{
	/* const for who reads it, see compat_doveadm_pass_on() */
	struct doveadm_cmd_param *param =
		(struct doveadm_cmd_param *)cctx->argv;

	while (strcmp(param->name, "user-file") != 0)
		param++;
	param->value_set = TRUE;
	param->value.v_istream = i_stream_create_from_data("", 0);
	doveadm_seal_users_keep_order();
}

void doveadm_seal_users_keep_order(void)
{
	order_kept = TRUE;
}

bool doveadm_seal_users_is_order_kept(void)
{
	return order_kept;
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
