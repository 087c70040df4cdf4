/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* doveadm seal key set, unset and import: who has which certificate. */

#include "lib.h"
#include "buffer.h"
#include "ipwd.h"
#include "istream.h"
#include "net.h"
#include "str.h"
#include "mail-user.h"
#include "doveadm.h"
#include "doveadm-mail.h"
#include "../../plugin/dovecot-compat.h"
#include "../../core/core.h"
#include "key.h"

#include <sys/stat.h>
#include <unistd.h>

/* The user's settings aren't known where this is needed. */
#define TO_TEXT_TIMEOUT_SECS 60

struct key_cmd_context {
	struct doveadm_mail_cmd_context ctx;

	/* set: what to enrol, or why that couldn't be read */
	buffer_t *content;
	const char *content_error;
	bool dry_run;
	/* set and import */
	bool force;
	/* import */
	const char *gnupg_home;
	bool home_named;
	const char *const *names;
};

/* Who has called doveadm, as far as that can be known. */
static const char *who(struct doveadm_mail_cmd_context *ctx)
{
	const char *ip = net_ip2addr(&ctx->cctx->remote_ip);
	struct passwd pw;

	if (ctx->cctx->conn_type != DOVEADM_CONNECTION_TYPE_CLI) {
		return *ip == '\0' ? "doveadm-server" :
			t_strdup_printf("doveadm-server for %s", ip);
	}
	if (i_getpwuid(getuid(), &pw) <= 0)
		return t_strdup_printf("uid %s", dec2str(getuid()));
	return t_strdup(pw.pw_name);
}

int doveadm_seal_key_failed(struct doveadm_mail_cmd_context *ctx,
			    struct mail_user *user,
			    enum mail_seal_enrol_result result,
			    const char *error)
{
	e_error(user->event, "%s", error);
	doveadm_seal_key_set_exit(ctx, result);
	return -1;
}

bool doveadm_seal_key_flag(const struct doveadm_cmd_context *cctx,
			   const char *name)
{
	bool flag;

	return doveadm_cmd_param_bool(cctx, name, &flag) && flag;
}

void doveadm_seal_key_usage(const struct doveadm_cmd_context *cctx,
			    const char *sentence)
{
	if (cctx->conn_type == DOVEADM_CONNECTION_TYPE_CLI)
		i_fatal_status(EX_USAGE, "%s", sentence);
	i_error("%s", sentence);
	doveadm_exit_code = EX_USAGE;
}

void doveadm_seal_key_set_exit(struct doveadm_mail_cmd_context *ctx,
			       enum mail_seal_enrol_result result)
{
	doveadm_mail_failed_error(ctx, result == MAIL_SEAL_ENROL_FAILED ?
				  MAIL_ERROR_TEMP : MAIL_ERROR_NOTPOSSIBLE);
}

const struct mail_seal_plugin_interface *
doveadm_seal_key_begin(struct doveadm_mail_cmd_context *ctx,
		       struct mail_user *user,
		       struct mail_seal_enrolment *enrolment_r)
{
	const struct mail_seal_plugin_interface *plugin;
	const char *error;

	i_zero(enrolment_r);
	plugin = doveadm_seal_get_plugin(ctx, user);
	if (plugin == NULL)
		return NULL;
	enrolment_r->set = plugin->user_get_settings(user, &error);
	enrolment_r->way = "doveadm";
	enrolment_r->who = who(ctx);
	/* doveadm-server's own log is Dovecot's */
	if (ctx->cctx->conn_type == DOVEADM_CONNECTION_TYPE_CLI)
		enrolment_r->trace = doveadm_seal_key_trace;
	if (enrolment_r->set != NULL)
		return plugin;
	(void)doveadm_seal_key_failed(ctx, user, MAIL_SEAL_ENROL_IMPOSSIBLE,
				      error);
	return NULL;
}

/*
 * set
 */

static int
cmd_seal_key_set_run(struct doveadm_mail_cmd_context *_ctx,
		     struct mail_user *user)
{
	struct key_cmd_context *ctx =
		container_of(_ctx, struct key_cmd_context, ctx);
	const struct mail_seal_plugin_interface *plugin;
	struct mail_seal_enrolment enrolment;
	struct mail_seal_enrol_error error;
	enum mail_seal_enrol_result result;
	buffer_t *content;

	plugin = doveadm_seal_key_begin(_ctx, user, &enrolment);
	if (plugin == NULL)
		return -1;
	enrolment.force = ctx->force;
	enrolment.dry_run = ctx->dry_run;
	if (ctx->content_error != NULL) {
		return doveadm_seal_key_failed(_ctx, user, MAIL_SEAL_ENROL_BAD,
					       ctx->content_error);
	}
	content = t_buffer_create(ctx->content->used);
	buffer_append_buf(content, ctx->content, 0, SIZE_MAX);
	result = plugin->enrol_set(&enrolment, content, &error);
	return result == MAIL_SEAL_ENROL_OK ? 0 :
		doveadm_seal_key_failed(_ctx, user, result, error.log_error);
}

const char *doveadm_seal_key_read(struct istream *input, buffer_t *content)
{
	const unsigned char *data;
	size_t size;

	while (content->used <= MAIL_SEAL_ENROL_SIZE_MAX &&
	       i_stream_read_more(input, &data, &size) > 0) {
		buffer_append(content, data, size);
		i_stream_skip(input, size);
	}
	if (input->stream_errno != 0) {
		return t_strdup_printf("Certificate not stored: "
				       "%s can't be read: %s",
				       i_stream_get_name(input),
				       strerror(input->stream_errno));
	}
	if (content->used > MAIL_SEAL_ENROL_SIZE_MAX)
		return "Certificate not stored: "MAIL_SEAL_ENROL_TOO_LARGE;
	return content->used > 0 ? NULL :
		"Certificate not stored: it is empty";
}

/* doveadm-server gets the certificate as a parameter: an input stream is sent
   only once (server-connection.c), and there may be many users. */
static void pass_on(struct key_cmd_context *ctx)
{
	const struct mail_seal_plugin_interface *plugin =
		doveadm_seal_find_plugin();
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_core *core =
		plugin == NULL ? NULL : plugin->core_get(&error);

	if (core != NULL &&
	    core->to_text(ctx->content, TO_TEXT_TIMEOUT_SECS, &error) < 0) {
		i_fatal_status(DOVEADM_EX_NOTPOSSIBLE,
			       "Certificate not stored: %s", error.text);
	}
	compat_doveadm_pass_on(&ctx->ctx, "content",
			       p_strndup(ctx->ctx.pool, ctx->content->data,
					 ctx->content->used));
	i_stream_unref(&ctx->ctx.cmd_input);
}

/* One certificate isn't for many. */
static void several_users(struct key_cmd_context *ctx)
{
	static const char error[] = "A certificate has one owner: name one "
		"user, without wildcards (for many: --from-dir)";

	if (ctx->ctx.cctx->conn_type == DOVEADM_CONNECTION_TYPE_CLI)
		i_fatal_status(EX_USAGE, "%s", error);
	ctx->content_error = error;
}

static void
cmd_seal_key_set_init(struct doveadm_mail_cmd_context *_ctx
		      COMPAT_DOVEADM_ARGS)
{
	struct key_cmd_context *ctx =
		container_of(_ctx, struct key_cmd_context, ctx);
	const char *content, *error;

	ctx->content = buffer_create_dynamic(_ctx->pool, 4096);
	ctx->force = doveadm_seal_key_flag(_ctx->cctx, "force");
	ctx->dry_run = doveadm_seal_key_flag(_ctx->cctx, "dry-run");
	if (!_ctx->iterate_single_user) {
		several_users(ctx);
		return;
	}
	if (doveadm_cmd_param_str(_ctx->cctx, "content", &content)) {
		buffer_append(ctx->content, content, strlen(content));
		return;
	}
	doveadm_mail_get_input(_ctx);
	error = doveadm_seal_key_read(_ctx->cmd_input, ctx->content);
	if (_ctx->cctx->conn_type != DOVEADM_CONNECTION_TYPE_CLI)
		ctx->content_error = p_strdup(_ctx->pool, error);
	else if (error != NULL)
		i_fatal_status(DOVEADM_EX_NOTPOSSIBLE, "%s", error);
	else
		pass_on(ctx);
}

/*
 * unset
 */

static int
cmd_seal_key_unset_run(struct doveadm_mail_cmd_context *ctx,
		       struct mail_user *user)
{
	const struct mail_seal_plugin_interface *plugin;
	struct mail_seal_enrolment enrolment;
	struct mail_seal_enrol_error error;
	enum mail_seal_enrol_result result;

	plugin = doveadm_seal_key_begin(ctx, user, &enrolment);
	if (plugin == NULL)
		return -1;
	result = plugin->enrol_unset(&enrolment, &error);
	return result == MAIL_SEAL_ENROL_OK ||
		result == MAIL_SEAL_ENROL_NOTHING ? 0 :
		doveadm_seal_key_failed(ctx, user, result, error.log_error);
}

/*
 * import
 */

/* Returns NULL if the user has no home for a ~ in the path. */
static const char *
gnupg_home_path(struct mail_user *user, const char *gnupg_home)
{
	const char *home;

	if (gnupg_home[0] != '~')
		return gnupg_home;
	return mail_user_get_home(user, &home) <= 0 ? NULL :
		t_strconcat(home, gnupg_home + 1, NULL);
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int
cmd_seal_key_import_run(struct doveadm_mail_cmd_context *_ctx,
			struct mail_user *user)
{
	struct key_cmd_context *ctx =
		container_of(_ctx, struct key_cmd_context, ctx);
	const struct mail_seal_plugin_interface *plugin;
	struct mail_seal_enrolment enrolment;
	struct mail_seal_enrol_error error;
	enum mail_seal_enrol_result result;
	buffer_t *content = t_buffer_create(4096);
	const char *home;

	plugin = doveadm_seal_key_begin(_ctx, user, &enrolment);
	if (plugin == NULL)
		return -1;
	enrolment.force = ctx->force;
	/* mail_seal_recipients */
	enrolment.known = ctx->names == NULL;
	home = gnupg_home_path(user, ctx->gnupg_home);
	if (home == NULL) {
		return doveadm_seal_key_failed(_ctx, user,
			MAIL_SEAL_ENROL_IMPOSSIBLE, "Certificate not stored: "
			"the user has no home directory");
	}
	result = plugin->enrol_find(enrolment.set, home, ctx->names, content,
				    &error);
	if (result == MAIL_SEAL_ENROL_NOTHING && ctx->home_named &&
	    !is_directory(home)) {
		return doveadm_seal_key_failed(_ctx, user,
			MAIL_SEAL_ENROL_IMPOSSIBLE,
			t_strdup_printf("Certificate not stored: there is no "
					"GnuPG home %s", home));
	}
	if (result == MAIL_SEAL_ENROL_NOTHING) {
		/* among all users, most had never one */
		if (_ctx->iterate_single_user) {
			e_info(user->event, "There is no certificate for %s "
			       "in %s", t_strarray_join(ctx->names != NULL ?
					ctx->names : enrolment.set->recipients,
					" "), home);
		}
		return 0;
	}
	if (result == MAIL_SEAL_ENROL_OK)
		result = plugin->enrol_set(&enrolment, content, &error);
	if (result != MAIL_SEAL_ENROL_OK)
		return doveadm_seal_key_failed(_ctx, user, result,
					       error.log_error);
	e_info(user->event, "Certificate imported from %s", home);
	return 0;
}

static void
cmd_seal_key_import_init(struct doveadm_mail_cmd_context *_ctx
			 COMPAT_DOVEADM_ARGS)
{
	struct key_cmd_context *ctx =
		container_of(_ctx, struct key_cmd_context, ctx);

	/* below each user's home, most may have none */
	ctx->home_named = doveadm_cmd_param_str(_ctx->cctx, "gnupg-home",
						&ctx->gnupg_home) &&
		(ctx->gnupg_home[0] != '~' || _ctx->iterate_single_user);
	if (!doveadm_cmd_param_str(_ctx->cctx, "gnupg-home",
				   &ctx->gnupg_home))
		ctx->gnupg_home = "~/.gnupg";
	ctx->force = doveadm_seal_key_flag(_ctx->cctx, "force");
	if (!doveadm_cmd_param_array(_ctx->cctx, "name", &ctx->names))
		ctx->names = NULL;
}

/*
 * The commands
 */

void doveadm_seal_key_keep_root(struct doveadm_mail_cmd_context *ctx)
{
	ctx->service_flags |= MAIL_STORAGE_SERVICE_FLAG_TEMP_PRIV_DROP;
}

static struct doveadm_mail_cmd_context *cmd_seal_key_set_alloc(void)
{
	struct key_cmd_context *ctx =
		doveadm_mail_cmd_alloc(struct key_cmd_context);

	ctx->ctx.v.init = cmd_seal_key_set_init;
	ctx->ctx.v.preinit = doveadm_seal_key_keep_root;
	ctx->ctx.v.run = cmd_seal_key_set_run;
	compat_doveadm_announce_options(&ctx->ctx, "c:yn");
	return &ctx->ctx;
}

static void cmd_seal_key_set(struct doveadm_cmd_context *cctx)
{
	const char *dir;

	if (doveadm_cmd_param_str(cctx, "from-dir", &dir))
		doveadm_seal_key_set_from_dir(cctx);
	else
		doveadm_cmd_ver2_to_mail_cmd_wrapper(cctx);
}

static struct doveadm_mail_cmd_context *cmd_seal_key_unset_alloc(void)
{
	struct key_cmd_context *ctx =
		doveadm_mail_cmd_alloc(struct key_cmd_context);

	ctx->ctx.v.preinit = doveadm_seal_key_keep_root;
	ctx->ctx.v.run = cmd_seal_key_unset_run;
	return &ctx->ctx;
}

static struct doveadm_mail_cmd_context *cmd_seal_key_import_alloc(void)
{
	struct key_cmd_context *ctx =
		doveadm_mail_cmd_alloc(struct key_cmd_context);

	ctx->ctx.v.init = cmd_seal_key_import_init;
	ctx->ctx.v.preinit = doveadm_seal_key_keep_root;
	ctx->ctx.v.run = cmd_seal_key_import_run;
	compat_doveadm_announce_options(&ctx->ctx, "g:y");
	return &ctx->ctx;
}

struct doveadm_cmd_ver2 doveadm_cmd_seal_key_set = {
	.name = "seal key set",
	.usage = "-u <user> [-S <socket_path>] [-n] [--force] [-f <file>|-] | "
		"--from-dir <folder> [-n] [--force]",
	.cmd = cmd_seal_key_set,
	.mail_cmd = cmd_seal_key_set_alloc,
DOVEADM_CMD_PARAMS_START
DOVEADM_CMD_MAIL_COMMON
DOVEADM_CMD_PARAM('d', "from-dir", CMD_PARAM_STR, 0)
DOVEADM_CMD_PARAM('n', "dry-run", CMD_PARAM_BOOL, 0)
DOVEADM_CMD_PARAM('y', "force", CMD_PARAM_BOOL, 0)
DOVEADM_CMD_PARAM('f', "file", CMD_PARAM_ISTREAM, CMD_PARAM_FLAG_POSITIONAL)
/* from doveadm to doveadm-server */
DOVEADM_CMD_PARAM('c', "content", CMD_PARAM_STR, CMD_PARAM_FLAG_DO_NOT_EXPOSE)
DOVEADM_CMD_PARAMS_END
};

struct doveadm_cmd_ver2 doveadm_cmd_seal_key_unset = {
	.name = "seal key unset",
	.usage = DOVEADM_CMD_MAIL_USAGE_PREFIX,
	.mail_cmd = cmd_seal_key_unset_alloc,
DOVEADM_CMD_PARAMS_START
DOVEADM_CMD_MAIL_COMMON
DOVEADM_CMD_PARAMS_END
};

struct doveadm_cmd_ver2 doveadm_cmd_seal_key_import = {
	.name = "seal key import",
	.usage = DOVEADM_CMD_MAIL_USAGE_PREFIX
		"[-g <GnuPG home>] [--force] [<address>|<fingerprint> ...]",
	.mail_cmd = cmd_seal_key_import_alloc,
DOVEADM_CMD_PARAMS_START
DOVEADM_CMD_MAIL_COMMON
DOVEADM_CMD_PARAM('g', "gnupg-home", CMD_PARAM_STR, 0)
DOVEADM_CMD_PARAM('y', "force", CMD_PARAM_BOOL, 0)
DOVEADM_CMD_PARAM('\0', "name", CMD_PARAM_ARRAY, CMD_PARAM_FLAG_POSITIONAL)
DOVEADM_CMD_PARAMS_END
};
