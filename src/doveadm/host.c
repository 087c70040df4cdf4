/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What the auth process says of where a user's mail is. */

#include "lib.h"
#include "net.h"
#include "auth-master.h"
#include "mail-storage-service.h"
#include "doveadm-settings.h"
#include "../plugin/dovecot-compat.h"
#include "host.h"

#define CONNECT_MSECS 1000

/* Makes the connection, unless there is one. */
static struct auth_master_connection *
get_connection(struct mail_storage_service_ctx *service)
{
	struct mail_storage_service_input input = { .service = "doveadm" };

	mail_storage_service_init_settings(service, &input);
	return mail_storage_service_get_auth_conn(service);
}

static void ATTR_FORMAT(2, 0)
be_quiet(const struct failure_context *ctx ATTR_UNUSED,
	 const char *format ATTR_UNUSED, va_list args ATTR_UNUSED)
{
}

enum database { PASSDB, USERDB };

static int
look_up_once(struct auth_master_connection *conn, enum database database,
	     const char *username, pool_t pool, const char *const **fields_r)
{
	struct auth_user_info info = { .COMPAT_AUTH_PROTOCOL = "doveadm" };

	return database == PASSDB ?
		auth_master_pass_lookup(conn, username, &info, pool,
					fields_r) :
		auth_master_user_lookup(conn, username, &info, pool,
					&username, fields_r);
}

/* Returns 1, 0 if there is no such user, or -1 and perhaps the reason in the
   first field. */
static int
look_up(struct mail_storage_service_ctx *service, enum database database,
	const char *username, pool_t pool, const char *const **fields_r)
{
	struct auth_master_connection *conn = get_connection(service);
	failure_callback_t *fatal, *error, *info, *debug;
	int ret;

	i_get_failure_handlers(&fatal, &error, &info, &debug);
	i_set_error_handler(be_quiet);
	ret = look_up_once(conn, database, username, pool, fields_r);
	i_set_error_handler(error);
	/* -2 is the auth process's own word; -1 may be the end of one that is
	   no more */
	if (ret == -1)
		ret = look_up_once(conn, database, username, pool, fields_r);
	return ret < 0 ? -1 : ret;
}

/* Returns as doveadm_seal_find_host(). */
static int
read_fields(const char *const *fields, const char **host_r,
	    const char **error_r)
{
	bool proxied = FALSE, referred = FALSE;

	*host_r = NULL;
	for (; *fields != NULL; fields++) {
		const char *name = t_strcut(*fields, '=');

		if (strcmp(name, "proxy") == 0)
			proxied = TRUE;
		else if (strcmp(name, "nologin") == 0)
			referred = TRUE;
		else if (strcmp(name, "host") == 0 && strchr(*fields, '='))
			*host_r = t_strdup(strchr(*fields, '=') + 1);
	}
	if (proxied && *host_r == NULL) {
		*error_r = "the passdb says that the user is on another "
			"server, but not on which";
		return -1;
	}
	return proxied || (COMPAT_PASSDB_REFERS && referred &&
			   *host_r != NULL) ? 1 : 0;
}

int doveadm_seal_find_host(struct mail_storage_service_ctx *service,
			   const char *username, const char **host_r,
			   const char **error_r)
{
	const char *const *fields = NULL;
	pool_t pool;
	int ret;

	*host_r = NULL;
	if (doveadm_settings->doveadm_port == 0)
		return 0;
	pool = pool_alloconly_create("mail_seal passdb", 1024);
	ret = look_up(service, PASSDB, username, pool, &fields);
	if (ret > 0)
		ret = read_fields(fields, host_r, error_r);
	else if (ret < 0) {
		*error_r = t_strdup_printf("the passdb lookup that tells on "
			"which server the user is failed%s%s",
			*fields == NULL ? "" : ": ",
			*fields == NULL ? "" : *fields);
	}
	pool_unref(&pool);
	return ret;
}

int doveadm_seal_renew_auth(struct mail_storage_service_ctx *service,
			    const char *username)
{
	const char *const *fields;
	pool_t pool = pool_alloconly_create("mail_seal auth", 1024);
	int ret = look_up(service, USERDB, username, pool, &fields);

	pool_unref(&pool);
	return ret;
}

bool doveadm_seal_auth_answers(struct mail_storage_service_ctx *service)
{
	/* one that is busy refuses, too */
	int fd = net_connect_unix_with_retries(
		auth_master_get_socket_path(get_connection(service)),
		CONNECT_MSECS);

	if (fd == -1)
		return FALSE;
	net_disconnect(fd);
	return TRUE;
}
