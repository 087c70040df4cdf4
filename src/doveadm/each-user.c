/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "istream.h"
#include "auth-master.h"
#include "mail-storage-service.h"
#include "mail-user.h"
#include "master-service.h"
#include "wildcard-match.h"
#include "doveadm.h"
#include "doveadm-cmd.h"
#include "../plugin/dovecot-compat.h"
#include "each-user.h"
#include "host.h"
#include "root.h"

#include <unistd.h>

struct each {
	const struct doveadm_seal_each_user *v;
	struct mail_storage_service_ctx *service;
	const char *cwd;
	/* users in a row of whom auth could say nothing, with this one */
	unsigned int failures;
};

bool doveadm_seal_each_user_given(const struct doveadm_cmd_context *cctx)
{
	struct istream *file;
	const char *mask;
	bool all;

	return (doveadm_cmd_param_bool(cctx, "all-users", &all) && all) ||
		doveadm_cmd_param_str(cctx, "user", &mask) ||
		doveadm_cmd_param_istream(cctx, "user-file", &file);
}

/*
 * One user
 */

/* What a session of each protocol would be told. Returns FALSE if there is no
   such user. */
static bool ask_userdb(struct each *each, const char *username)
{
	const char *const *protocol = each->v->protocols;
	bool exists = TRUE;

	for (; protocol != NULL && *protocol != NULL && exists; protocol++) {
		struct auth_user_info info = {
			.COMPAT_AUTH_PROTOCOL = *protocol
		};
		const char *const *fields = NULL;
		const char *name;
		pool_t pool = pool_alloconly_create("mail_seal userdb", 1024);
		int ret = auth_master_user_lookup(
			mail_storage_service_get_auth_conn(each->service),
			username, &info, pool, &name, &fields);

		if (ret == 0)
			exists = FALSE;
		else {
			each->v->protocol(each->v->context, *protocol,
					  ret < 0 ? NULL : fields);
		}
		pool_unref(&pool);
	}
	return exists;
}

/* Returns 1, or as mail_storage_service_lookup(), which see. */
static int
run_session(struct each *each, const char *username, const char **error_r)
{
	struct mail_storage_service_input input = {
		.service = "doveadm",
		.username = username
	};
	struct mail_storage_service_user *service_user;
	struct mail_user *user;
	int ret;

	ret = mail_storage_service_lookup(each->service, &input,
					  &service_user, error_r);
	if (ret >= 0)
		each->failures = 0;
	if (ret <= 0)
		return ret;
	ret = mail_storage_service_next(each->service, service_user, &user,
					error_r);
	if (ret == 0) {
		T_BEGIN {
			each->v->run(each->v->context, user);
		} T_END;
		mail_user_deinit(&user);
		ret = 1;
	}
	mail_storage_service_user_unref(&service_user);
	return ret;
}

static void run_here(struct each *each, const char *username)
{
	const char *error = NULL;
	int ret;

	if (ask_userdb(each, username))
		ret = run_session(each, username, &error);
	else
		ret = each->failures = 0;
	/* for the next one's lookup */
	(void)doveadm_seal_root_begin();
	if (each->cwd != NULL && chdir(each->cwd) < 0)
		i_error("chdir(%s) failed: %m", each->cwd);
	if (ret <= 0)
		each->v->failed(each->v->context, ret == 0 ? NULL : error);
}

static void run_user(struct each *each, const char *username)
{
	const char *host, *error;
	int ret = doveadm_seal_find_host(each->service, username, &host,
					 &error);

	each->failures = ret > 0 ? 0 : each->failures + 1;
	if (ret > 0 && each->v->elsewhere == NULL)
		return;
	each->v->begin(each->v->context, username);
	if (ret > 0)
		each->v->elsewhere(each->v->context, host);
	else if (ret < 0)
		each->v->failed(each->v->context, error);
	else
		run_here(each, username);
	each->v->end(each->v->context);
}

/* With a database that is down, each of them would wait until it is given up.
   Returns 0, or -1. */
static int run_users(struct each *each, const ARRAY_TYPE(const_string) *names)
{
	const char *name;

	array_foreach_elem(names, name) {
		T_BEGIN {
			run_user(each, name);
		} T_END;
		if (each->failures == DOVEADM_SEAL_FAILURES_MAX) {
			i_error(DOVEADM_SEAL_FAILURES_TEXT, each->failures);
			return -1;
		}
	}
	return 0;
}

/*
 * Their names
 */

/* All at once: a session in between would use the same connection. */
static int
read_names(struct each *each, const char *mask, pool_t pool,
	   ARRAY_TYPE(const_string) *names)
{
	const char *name;
	int ret;

	if (!doveadm_seal_auth_answers(each->service)) {
		i_error(DOVEADM_SEAL_NO_LISTING_TEXT);
		return -1;
	}
	mail_storage_service_all_init_mask(each->service,
					   mask == NULL ? "*" : mask);
	while ((ret = mail_storage_service_all_next(each->service,
						    &name)) > 0) {
		if (mask != NULL && !wildcard_match_icase(name, mask))
			continue;
		name = p_strdup(pool, name);
		array_push_back(names, &name);
	}
	if (ret < 0)
		i_error("Can't list all users");
	return ret;
}

static int
read_file(struct istream *file, pool_t pool, ARRAY_TYPE(const_string) *names)
{
	const char *name;

	while ((name = i_stream_read_next_line(file)) != NULL) {
		name = p_strdup(pool, name);
		array_push_back(names, &name);
	}
	if (file->stream_errno == 0)
		return 0;
	i_error("read(%s) failed: %s", i_stream_get_name(file),
		i_stream_get_error(file));
	return -1;
}

static int
find_names(struct each *each, const struct doveadm_cmd_context *cctx,
	   pool_t pool, ARRAY_TYPE(const_string) *names)
{
	struct istream *file;
	const char *mask = NULL;

	p_array_init(names, pool, 64);
	if (doveadm_cmd_param_istream(cctx, "user-file", &file))
		return read_file(file, pool, names);
	if (doveadm_cmd_param_str(cctx, "user", &mask) &&
	    strpbrk(mask, "*?") == NULL) {
		array_push_back(names, &mask);
		return 0;
	}
	return read_names(each, mask, pool, names);
}

int doveadm_seal_each_user(const struct doveadm_cmd_context *cctx,
			   const struct doveadm_seal_each_user *v)
{
	struct mail_storage_service_input input = { .service = "doveadm" };
	struct each each = { .v = v };
	char cwd[PATH_MAX];
	ARRAY_TYPE(const_string) names;
	pool_t pool = pool_alloconly_create("doveadm seal users", 4096);
	int ret;

	each.cwd = getcwd(cwd, sizeof(cwd));
	each.service = compat_mail_storage_service_init(
		MAIL_STORAGE_SERVICE_FLAG_USERDB_LOOKUP |
		MAIL_STORAGE_SERVICE_FLAG_TEMP_PRIV_DROP |
		MAIL_STORAGE_SERVICE_FLAG_NO_LOG_INIT |
		MAIL_STORAGE_SERVICE_FLAG_NO_CHDIR);
	mail_storage_service_init_settings(each.service, &input);
	ret = find_names(&each, cctx, pool, &names);
	if (run_users(&each, &names) < 0)
		ret = -1;
	mail_storage_service_deinit(&each.service);
	pool_unref(&pool);
	return ret;
}
