/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* doveadm seal status --public: per team mailbox, who may read it but can't,
   and who can but may not. Rights are asked for in each user's own session, as
   they depend on his groups. */

#include "lib.h"
#include "array.h"
#include "buffer.h"
#include "istream.h"
#include "str-sanitize.h"
#include "wildcard-match.h"
#include "mail-namespace.h"
#include "mail-storage-private.h"
#include "mail-storage-service.h"
#include "mail-user.h"
#include "doveadm.h"
#include "doveadm-settings.h"
#include "doveadm-mail.h"
#include "doveadm-print.h"
#include "../../plugin/dovecot-compat.h"
#include "../../core/core.h"
#include "../command.h"
#include "../users.h"
#include "../key/key.h"
#include "acl.h"
#include "public.h"
#include "public-private.h"

#define CELL_SIZE_MAX 1024

/*
 * Rows
 */

void doveadm_seal_public_add_row(struct public_cmd_context *ctx,
				 struct public_mailbox *mailbox,
				 const char *username, const char *fingerprint,
				 const char *problem)
{
	struct public_row *row = array_append_space(&mailbox->rows);

	row->username = username == NULL ? "" :
		p_strdup(ctx->ctx.pool, username);
	row->fingerprint = fingerprint == NULL ? "" : fingerprint;
	row->problem = p_strdup(ctx->ctx.pool, problem);
}

static const char *clean(const char *text)
{
	return str_sanitize_utf8(text, CELL_SIZE_MAX);
}

static void
print_row(const struct public_mailbox *mailbox, const struct public_row *row)
{
	doveadm_print_sticky("username", clean(row->username));
	doveadm_print(clean(mailbox->vname));
	doveadm_print(dec2str(mailbox->recipient_count));
	doveadm_print(row->fingerprint);
	doveadm_print(clean(row->problem));
}

static void print_mailbox(const struct public_mailbox *mailbox)
{
	static const struct public_row all_is_well = { "", "", "" };
	const struct public_row *row;

	if (array_count(&mailbox->rows) == 0)
		print_row(mailbox, &all_is_well);
	array_foreach(&mailbox->rows, row)
		print_row(mailbox, row);
}

/*
 * Whom to ask
 */

void doveadm_seal_public_add_user(struct public_cmd_context *ctx,
				  const char *name)
{
	if (hash_table_lookup(ctx->user_set, name) != NULL)
		return;
	name = p_strdup(ctx->ctx.pool, name);
	hash_table_insert(ctx->user_set, name, name);
	array_push_back(&ctx->users, &name);
}

static void
set_problem(struct public_cmd_context *ctx, const char *name,
	    const char *problem)
{
	hash_table_update(ctx->problems, name, problem);
}

static void read_user_file(struct public_cmd_context *ctx)
{
	const char *line;

	while ((line = i_stream_read_next_line(ctx->user_file)) != NULL)
		doveadm_seal_public_add_user(ctx, line);
	if (ctx->user_file->stream_errno != 0) {
		i_fatal_status(DOVEADM_EX_NOTPOSSIBLE, "read(%s) failed: %s",
			       i_stream_get_name(ctx->user_file),
			       i_stream_get_error(ctx->user_file));
	}
}

/* Returns 0 or -1. */
static int list_users(struct public_cmd_context *ctx)
{
	const char *mask = ctx->user_mask == NULL ? "*" : ctx->user_mask;
	const char *username;
	int ret;

	mail_storage_service_all_init_mask(ctx->ctx.storage_service, mask);
	while ((ret = mail_storage_service_all_next(ctx->ctx.storage_service,
						    &username)) > 0) {
		if (wildcard_match_icase(username, mask))
			doveadm_seal_public_add_user(ctx, username);
	}
	return ret;
}

static bool names_one_user(const struct public_cmd_context *ctx)
{
	return ctx->user_mask != NULL &&
		strpbrk(ctx->user_mask, "*?") == NULL;
}

static int find_users(struct public_cmd_context *ctx)
{
	int ret = 0;

	if (ctx->user_file != NULL)
		read_user_file(ctx);
	else if (names_one_user(ctx))
		doveadm_seal_public_add_user(ctx, ctx->user_mask);
	else
		ret = list_users(ctx);
	ctx->listed_count = array_count(&ctx->users);
	if (ret == 0 && ctx->listed_count > 0)
		return 0;
	i_error("Dovecot can't list its users: name some with -u or -F");
	ctx->ctx.exit_code = EX_TEMPFAIL;
	return -1;
}

bool doveadm_seal_public_asks_everybody(const struct public_cmd_context *ctx)
{
	return ctx->user_mask == NULL && ctx->user_file == NULL;
}

static void finish_user(struct public_cmd_context *ctx)
{
	if (ctx->current != NULL) {
		set_problem(ctx, ctx->current, "can't be asked: the user's "
			    "session can't begin, see the error message");
		ctx->ctx.exit_code = EX_TEMPFAIL;
	}
	ctx->current = NULL;
}

static int
public_next_user(struct doveadm_mail_cmd_context *_ctx,
		 const char **username_r)
{
	struct public_cmd_context *ctx =
		container_of(_ctx, struct public_cmd_context, ctx);
	const char *problem, *name, *username;
	int ret;

	if (ctx->next == 0 && find_users(ctx) < 0)
		return 0;
	finish_user(ctx);
	while (ctx->next < array_count(&ctx->users)) {
		name = array_idx_elem(&ctx->users, ctx->next++);
		ret = doveadm_seal_users_look_up(_ctx, name, _ctx->pool,
						 &username, &problem);
		if (ret > 0) {
			ctx->current = *username_r = name;
			return 1;
		}
		set_problem(ctx, name, problem);
		if (ret < 0)
			_ctx->exit_code = EX_TEMPFAIL;
		else if (names_one_user(ctx) && ctx->next == 1)
			_ctx->exit_code = EX_NOUSER;
	}
	return 0;
}

/*
 * Users
 */

/* Returns the fingerprints of the active certificates, or NULL if they can't be
   read. */
static const char *const *
user_keys(struct public_cmd_context *ctx, struct mail_user *user,
	  const char **problem_r)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_core *core = ctx->plugin->core_get(&error);
	const struct mail_seal_certificate_text *list;
	const struct mail_seal_settings *set;
	buffer_t *content = t_buffer_create(4096);
	const char *where, **keys;
	unsigned int count = 0;
	int ret = -1;

	set = ctx->plugin->user_get_settings(user, problem_r);
	if (set == NULL)
		return NULL;
	if (core != NULL)
		ret = ctx->plugin->keys_read(set, content, &where, &error);
	if (ret < 0 ||
	    (ret > 0 && core->split(content, set, pool_datastack_create(),
				    &list, &count, &error) < 0)) {
		*problem_r = t_strdup(error.text);
		return NULL;
	}
	keys = t_new(const char *, count + 1);
	for (unsigned int i = 0; i < count; i++)
		keys[i] = list[i].fingerprint;
	return keys;
}

static int may_read(struct mail_user *user, const char *vname)
{
	struct mail_namespace *ns = mail_namespace_find(user->namespaces,
							vname);
	struct mailbox *box;
	int ret;

	if (ns->type != MAIL_NAMESPACE_TYPE_PUBLIC)
		return 0;
	box = mailbox_alloc(ns->list, vname, MAILBOX_FLAG_READONLY);
	ret = doveadm_seal_acl_can_read(box);
	mailbox_free(&box);
	return ret;
}

static void
ask_user(struct public_cmd_context *ctx, struct mail_user *user,
	 struct public_mailbox *mailbox, const char *const *keys)
{
	struct doveadm_seal_reader reader = {
		.username = user->username, .keys = keys
	};
	const char *problem, *fingerprint = NULL;
	int ret = may_read(user, mailbox->vname);

	reader.may_read = ret > 0;
	problem = ret < 0 ? "the rights can't be read" :
		doveadm_seal_reader_problem(&reader, mailbox->recipients,
					    mailbox->recipient_count,
					    &fingerprint);
	if (ret < 0)
		doveadm_mail_failed_error(&ctx->ctx, MAIL_ERROR_TEMP);
	if (problem != NULL) {
		doveadm_seal_public_add_row(ctx, mailbox, user->username,
					    fingerprint, problem);
	}
}

static int
public_run(struct doveadm_mail_cmd_context *_ctx, struct mail_user *user)
{
	static const char *const no_keys[] = { NULL };
	struct public_cmd_context *ctx =
		container_of(_ctx, struct public_cmd_context, ctx);
	struct public_mailbox *mailbox;
	const char *const *keys;
	const char *problem;
	int ret;

	ctx->current = NULL;
	ctx->plugin = doveadm_seal_get_plugin(_ctx, user);
	if (ctx->plugin == NULL)
		return -1;
	ret = doveadm_seal_public_find_mailboxes(ctx, user);
	keys = user_keys(ctx, user, &problem);
	if (keys == NULL) {
		e_warning(user->event, "The user's certificates can't be "
			  "read: %s", problem);
		keys = no_keys;
	}
	array_foreach_elem(&ctx->mailboxes, mailbox) T_BEGIN {
		ask_user(ctx, user, mailbox, keys);
	} T_END;
	return ret;
}

/*
 * The command
 */

/* Who of the recipients hasn't been met? */
static void
add_unknown(struct public_cmd_context *ctx, struct public_mailbox *mailbox)
{
	for (unsigned int i = 0; i < mailbox->recipient_count; i++) {
		const struct doveadm_seal_recipient *one =
			&mailbox->recipients[i];
		const char *problem = one->member == NULL ? NULL :
			hash_table_lookup(ctx->problems, one->member);

		if (one->known)
			continue;
		if (problem == NULL)
			problem = "whose it is isn't known";
		doveadm_seal_public_add_row(ctx, mailbox, one->member,
			one->fingerprint, t_strdup_printf(
			"is a recipient without the right to read: %s",
			problem));
	}
}

static void public_deinit(struct doveadm_mail_cmd_context *_ctx)
{
	struct public_cmd_context *ctx =
		container_of(_ctx, struct public_cmd_context, ctx);
	struct public_mailbox *mailbox;

	finish_user(ctx);
	array_foreach_elem(&ctx->mailboxes, mailbox) T_BEGIN {
		add_unknown(ctx, mailbox);
		print_mailbox(mailbox);
	} T_END;
	hash_table_destroy(&ctx->user_set);
	hash_table_destroy(&ctx->problems);
}

static void public_usage(const struct doveadm_cmd_context *cctx,
			 const char *sentence)
{
	if (cctx->conn_type == DOVEADM_CONNECTION_TYPE_CLI)
		i_fatal_status(EX_USAGE, "%s", sentence);
	i_error("%s", sentence);
	doveadm_exit_code = EX_USAGE;
}

/* A parameter that isn't set any more keeps its value: we see it, and the
   framework doesn't. */
static struct doveadm_cmd_param *
find_param(struct doveadm_cmd_context *cctx, const char *name)
{
	/* const for who reads it, see compat_doveadm_pass_on() */
	struct doveadm_cmd_param *param =
		(struct doveadm_cmd_param *)cctx->argv;

	while (strcmp(param->name, name) != 0)
		param++;
	return param;
}

static void public_init(struct doveadm_mail_cmd_context *_ctx
			COMPAT_DOVEADM_ARGS)
{
	static const char *const everything[] = { "*", NULL };
	struct public_cmd_context *ctx =
		container_of(_ctx, struct public_cmd_context, ctx);

	if (_ctx->set->doveadm_worker_count != 0) {
		public_usage(_ctx->cctx, "--public works where the mail is, "
			     "and not by doveadm-server");
	}
	doveadm_seal_users_check_auth(_ctx);
	if (!doveadm_cmd_param_array(_ctx->cctx, "mailbox-mask", &ctx->masks))
		ctx->masks = everything;
	ctx->user_mask = find_param(_ctx->cctx, "user")->value.v_string;
	if (!find_param(_ctx->cctx, "all-users")->value.v_bool)
		ctx->user_file = _ctx->users_list_input;
	p_array_init(&ctx->mailboxes, _ctx->pool, 16);
	p_array_init(&ctx->places, _ctx->pool, 4);
	p_array_init(&ctx->users, _ctx->pool, 64);
	hash_table_create(&ctx->user_set, _ctx->pool, 0, str_hash, strcmp);
	hash_table_create(&ctx->problems, _ctx->pool, 0, str_hash, strcmp);
	doveadm_print_header_simple("mailbox");
	doveadm_print_header_simple("recipients");
	doveadm_print_header_simple("fingerprint");
	doveadm_print_header_simple("problem");
}

static struct doveadm_mail_cmd_context *public_alloc(void)
{
	struct public_cmd_context *ctx =
		doveadm_mail_cmd_alloc(struct public_cmd_context);

	ctx->ctx.v.preinit = doveadm_seal_key_keep_root;
	ctx->ctx.v.init = public_init;
	ctx->ctx.v.get_next_user = public_next_user;
	ctx->ctx.v.run = public_run;
	ctx->ctx.v.deinit = public_deinit;
	compat_doveadm_announce_options(&ctx->ctx, "pt");
	doveadm_print_init(DOVEADM_PRINT_TYPE_TABLE);
	return &ctx->ctx;
}

void doveadm_seal_status_public(struct doveadm_cmd_context *cctx)
{
	const struct doveadm_cmd_ver2 *status_cmd = cctx->cmd;
	struct doveadm_cmd_ver2 cmd = *status_cmd;

	if (cctx->conn_type != DOVEADM_CONNECTION_TYPE_CLI ||
	    find_param(cctx, "socket-path")->value_set) {
		public_usage(cctx, "--public works where the mail is, and not "
			     "by doveadm-server");
		return;
	}
	find_param(cctx, "user")->value_set = FALSE;
	find_param(cctx, "all-users")->value_set = FALSE;
	/* for us it says that no file does */
	find_param(cctx, "all-users")->value.v_bool =
		!find_param(cctx, "user-file")->value_set;
	if (find_param(cctx, "all-users")->value.v_bool)
		doveadm_seal_users_give_list(cctx);
	doveadm_seal_users_keep_order();
	cmd.mail_cmd = public_alloc;
	cctx->cmd = &cmd;
	doveadm_cmd_ver2_to_mail_cmd_wrapper(cctx);
	cctx->cmd = status_cmd;
}
