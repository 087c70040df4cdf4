/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* On a proxy a command for many users is Dovecot's to spread over the servers.
   Where that can get stuck (COMPAT_DOVEADM_CONNECTIONS_HANG), the users are put in
   the order of their servers, and one server is done before the next begins. What
   it prints for them is put together (whole-values.h). */

#include "lib.h"
#include "array.h"
#include "mail-user.h"
#include "doveadm-mail.h"
#include "doveadm-settings.h"
#include "../plugin/dovecot-compat.h"
#include "by-server.h"
#include "host.h"
#include "users.h"
#include "whole-values.h"

#define BY_SERVER_CONTEXT_REQUIRE(obj) \
	MODULE_CONTEXT_REQUIRE(obj, by_server_module)

struct by_server_user {
	const char *name;
	/* index of the server */
	unsigned int server;
};

struct by_server {
	union doveadm_mail_cmd_module_context module_ctx;

	/* all that there are; "" is here */
	ARRAY_TYPE(const_string) servers;
	ARRAY(struct by_server_user) users;
	/* what Dovecot's own function returned in the end */
	int result;

	/* the server whose turn it is, and which user is looked at next */
	unsigned int server, next;
};

static MODULE_CONTEXT_DEFINE_INIT(by_server_module,
				  &doveadm_mail_cmd_module_register);
static void (*super_hook)(struct doveadm_mail_cmd_context *ctx);

static unsigned int
get_server(struct doveadm_mail_cmd_context *ctx, struct by_server *by,
	   const char *host)
{
	const char *const *server;

	array_foreach(&by->servers, server) {
		if (strcmp(*server, host) == 0)
			return array_foreach_idx(&by->servers, server);
	}
	host = p_strdup(ctx->pool, host);
	array_push_back(&by->servers, &host);
	return array_count(&by->servers) - 1;
}

static void
add_user(struct doveadm_mail_cmd_context *ctx, struct by_server *by,
	 const char *username)
{
	struct by_server_user *user = array_append_space(&by->users);
	const char *host, *error;

	/* of what fails here Dovecot tells when it does the same again */
	if (doveadm_seal_find_host(ctx->storage_service, username, &host,
				   &error) <= 0)
		host = "";
	user->name = p_strdup(ctx->pool, username);
	user->server = get_server(ctx, by, host);
}

static void
read_users(struct doveadm_mail_cmd_context *ctx, struct by_server *by)
{
	/* const for who reads it */
	struct doveadm_settings *set = (struct doveadm_settings *)ctx->set;
	const char *username;

	p_array_init(&by->users, ctx->pool, 64);
	p_array_init(&by->servers, ctx->pool, 4);
	while ((by->result = by->module_ctx.super.get_next_user(
			ctx, &username)) > 0) {
		if (doveadm_seal_is_wanted(ctx, username)) T_BEGIN {
			add_user(ctx, by, username);
		} T_END;
	}
	set->doveadm_worker_count = I_MIN(set->doveadm_worker_count, 1);
}

static int
by_server_next(struct doveadm_mail_cmd_context *ctx, const char **username_r)
{
	struct by_server *by = BY_SERVER_CONTEXT_REQUIRE(ctx);
	const struct by_server_user *user;

	if (!array_is_created(&by->users))
		read_users(ctx, by);
	doveadm_seal_show_rows();
	while (by->server < array_count(&by->servers)) {
		while (by->next < array_count(&by->users)) {
			user = array_idx(&by->users, by->next++);
			if (user->server != by->server)
				continue;
			*username_r = user->name;
			if (mail_user_auth_master_conn != NULL) {
				(void)doveadm_seal_renew_auth(
					ctx->storage_service, user->name);
			}
			return 1;
		}
		/* wait until all answers of this one are there */
		compat_doveadm_mail_server_flush(ctx);
		by->server++;
		by->next = 0;
	}
	return by->result;
}

static void by_server_deinit(struct doveadm_mail_cmd_context *ctx)
{
	struct by_server *by = BY_SERVER_CONTEXT_REQUIRE(ctx);

	by->module_ctx.super.deinit(ctx);
	doveadm_seal_whole_values_end();
}

static void by_server_hook(struct doveadm_mail_cmd_context *ctx)
{
	struct by_server *by;

	if (super_hook != NULL)
		super_hook(ctx);
	if (strncmp(ctx->cmd->name, "seal ", 5) != 0 ||
	    doveadm_seal_users_is_order_kept() ||
	    (ctx->set->doveadm_port == 0 && ctx->set->doveadm_worker_count == 0))
		return;
	by = p_new(ctx->pool, struct by_server, 1);
	by->module_ctx.super = ctx->v;
	ctx->v.deinit = by_server_deinit;
	if (COMPAT_DOVEADM_CONNECTIONS_HANG && !ctx->iterate_single_user)
		ctx->v.get_next_user = by_server_next;
	MODULE_CONTEXT_SET(ctx, by_server_module, by);
	doveadm_seal_whole_values_begin();
}

void doveadm_seal_by_server_init(void)
{
	super_hook = hook_doveadm_mail_init;
	hook_doveadm_mail_init = by_server_hook;
}

void doveadm_seal_by_server_deinit(void)
{
	hook_doveadm_mail_init = super_hook;
}
