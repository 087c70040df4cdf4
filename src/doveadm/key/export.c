/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* doveadm seal key export: the users' certificates, as their correspondents
   can find them. All of them are collected first, because two users may have
   one address. */

#include "lib.h"
#include "array.h"
#include "buffer.h"
#include "str.h"
#include "mail-user.h"
#include "doveadm.h"
#include "doveadm-settings.h"
#include "doveadm-mail.h"
#include "../../plugin/dovecot-compat.h"
#include "../../plugin/state.h"
#include "../../core/core.h"
#include "../../discovery/address.h"
#include "../root.h"
#include "discovery-load.h"
#include "export.h"
#include "key.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* What it can be written as. To add a form, add it here. */
static const struct export_form {
	const char *name;
	/* of which kind of certificate */
	bool x509;
	/* NULL: as a tree */
	void (*append_lines)(const ARRAY_TYPE(export_entry) *entries,
			     string_t *zone);
} forms[] = {
	{ "openpgpkey", FALSE, doveadm_seal_export_openpgpkey },
	{ "smimea", TRUE, doveadm_seal_export_smimea },
	{ "wkd", FALSE, NULL }
};

static const char not_here[] =
	"export works where the mail is, and not by doveadm-server";

struct key_export_cmd_context {
	struct doveadm_mail_cmd_context ctx;

	const struct discovery_interface *discovery;
	const struct export_form *form;
	const char *dir;
	/* only of this domain; or NULL */
	const char *domain;
	bool direct;
	/* of who has called doveadm */
	gid_t gid;
	ARRAY_TYPE(export_entry) entries;
	const char *last_warning;
	/* the folder is where users publish their own */
	bool is_wks;
	/* users whose session was to begin, and whose did */
	unsigned int users_begun, users_run;
};

/*
 * Collecting
 */

static void
add_entry(struct key_export_cmd_context *ctx, struct mail_user *user,
	  const char *address, const char *domain, const char *name,
	  const struct mail_seal_exported *exported)
{
	pool_t pool = ctx->ctx.pool;
	struct export_entry *entry = array_append_space(&ctx->entries);

	entry->user = p_strdup(pool, user->username);
	entry->address = p_strdup(pool, address);
	entry->domain = p_strdup(pool, domain);
	entry->name = p_strdup(pool, name);
	entry->data = p_memdup(pool, exported->data, exported->size);
	entry->size = exported->size;
}

/* In DNS an address is looked for as it is written, and then in lower case: if
   that is the same, it is there once. */
static void
add_by_labels(struct key_export_cmd_context *ctx, struct mail_user *user,
	      const char *address, const struct discovery_address *parsed,
	      const struct mail_seal_exported *exported)
{
	const struct discovery_interface *discovery = ctx->discovery;
	const char *last = "";

	for (unsigned int i = 0; i < 2; i++) {
		char *local_part = discovery->address_dns_local_part(
			parsed->local_part, i > 0);
		char *label = discovery->address_dns_label(local_part);

		if (strcmp(label, last) != 0) {
			add_entry(ctx, user, address, parsed->domain, label,
				  exported);
		}
		last = t_strdup(label);
		/* which g_free() is */
		free(local_part);
		free(label);
	}
}

static void
add_by_names(struct key_export_cmd_context *ctx, struct mail_user *user,
	     const char *address, const struct discovery_address *parsed,
	     const struct mail_seal_exported *exported)
{
	char *name;

	if (ctx->form->append_lines != NULL) {
		add_by_labels(ctx, user, address, parsed, exported);
		return;
	}
	name = ctx->discovery->address_wkd_name(parsed->local_part);
	add_entry(ctx, user, address, parsed->domain, name, exported);
	free(name);
}

/* It may be so for each of the addresses. */
static void
warn_once(struct key_export_cmd_context *ctx, struct mail_user *user,
	  const struct mail_seal_exported *exported)
{
	const char *warning = p_strdup_printf(ctx->ctx.pool,
		"%s isn't published: %s", exported->fingerprint,
		exported->problem);

	if (ctx->last_warning != NULL &&
	    strcmp(ctx->last_warning, warning) == 0)
		return;
	ctx->last_warning = warning;
	e_warning(user->event, "%s", warning);
}

/* What an address has of the owner's certificates */
static int
export_address(struct key_export_cmd_context *ctx,
	       const struct mail_seal_settings *set,
	       const struct mail_seal_contents *contents, const char *facts,
	       const struct mail_seal_core *core, const char *address,
	       struct seal_error *error)
{
	struct discovery_address parsed;
	const struct mail_seal_exported *list;
	unsigned int count;
	int ret = 0;

	if (!ctx->discovery->address_parse(address, &parsed)) {
		e_warning(set->user->event, "%s can't be published: it is no "
			  "address with a domain in DNS", address);
		return 0;
	}
	if (ctx->domain == NULL || strcmp(ctx->domain, parsed.domain) == 0) {
		ret = core->export_for(contents, set, facts, address,
				       pool_datastack_create(), &list, &count,
				       error);
	} else {
		count = 0;
	}
	for (unsigned int i = 0; ret == 0 && i < count; i++) {
		if (list[i].x509 != ctx->form->x509)
			continue;
		if (list[i].problem == NULL) {
			add_by_names(ctx, set->user, address, &parsed,
				     &list[i]);
		} else {
			warn_once(ctx, set->user, &list[i]);
		}
	}
	ctx->discovery->address_clear(&parsed);
	return ret;
}

static int
export_certificates(struct key_export_cmd_context *ctx,
		    const struct mail_seal_plugin_interface *plugin,
		    const struct mail_seal_settings *set,
		    const buffer_t *certificates, const char *facts,
		    struct seal_error *error)
{
	const struct mail_seal_contents contents = {
		.certificates = certificates
	};
	const struct mail_seal_core *core = plugin->core_get(error);
	struct mail_seal_settings address_set = *set;
	const char *const *addresses, *sentence;
	int ret = 0;

	if (core == NULL)
		return -1;
	/* an empty mail_seal_addresses checks nothing */
	if (set->addresses == NULL)
		address_set.addresses = set->user->username;
	if (plugin->settings_addresses(&address_set, &addresses,
				       &sentence) < 0) {
		seal_error_set(error, SEAL_ERROR_STORE, "%s", sentence);
		return -1;
	}
	for (; ret == 0 && *addresses != NULL; addresses++) {
		ret = export_address(ctx, set, &contents, facts, core,
				     *addresses, error);
	}
	return ret;
}

static bool is_same_folder(const char *path1, const char *path2)
{
	uid_t uid = doveadm_seal_root_begin();
	struct stat st1, st2;
	bool same = stat(path1, &st1) == 0 && stat(path2, &st2) == 0 &&
		st1.st_dev == st2.st_dev && st1.st_ino == st2.st_ino;

	doveadm_seal_root_end(uid);
	return same;
}

/* Would it be written where users publish? By the direct method that is the
   folder of a domain in there. */
static bool
is_wks_folder(const struct key_export_cmd_context *ctx, const char *wkd_dir)
{
	return is_same_folder(ctx->dir, wkd_dir) ||
		(ctx->direct && *wkd_dir != '\0' &&
		 is_same_folder(ctx->dir, t_strconcat(wkd_dir, "/",
						      ctx->domain, NULL)));
}

static int
cmd_seal_key_export_run(struct doveadm_mail_cmd_context *_ctx,
			struct mail_user *user)
{
	struct key_export_cmd_context *ctx =
		container_of(_ctx, struct key_export_cmd_context, ctx);
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	buffer_t *content = t_buffer_create(4096);
	const struct mail_seal_plugin_interface *plugin;
	struct mail_seal_enrolment enrolment;
	struct mail_seal_state state;
	const char *where;
	int ret;

	ctx->users_run++;
	plugin = doveadm_seal_key_begin(_ctx, user, &enrolment);
	if (plugin == NULL)
		return -1;
	if (ctx->dir != NULL && is_wks_folder(ctx, enrolment.set->wkd_dir))
		ctx->is_wks = TRUE;
	(void)plugin->state_read(user, &state, &where);
	ret = plugin->keys_read(enrolment.set, content, &where, &error);
	if (ret == 0 && state.enrolled && enrolment.set->source_count > 0) {
		seal_error_set(&error, SEAL_ERROR_STORE,
			       "the certificate is no longer there");
		ret = -1;
	}
	if (ret > 0) {
		ret = export_certificates(ctx, plugin, enrolment.set, content,
					  state.facts, &error);
	}
	return ret == 0 ? 0 : doveadm_seal_key_failed(_ctx, user,
		MAIL_SEAL_ENROL_FAILED, t_strconcat("Not known what to "
			"publish: ", error.text, NULL));
}

/*
 * Writing
 */

static int
write_tree(struct key_export_cmd_context *ctx, bool complete,
	   const char **error_r)
{
	bool all_users;
	const struct export_tree tree = {
		.dir = ctx->dir,
		.domain = ctx->domain,
		.direct = ctx->direct,
		.complete = complete &&
			doveadm_cmd_param_bool(ctx->ctx.cctx, "all-users",
					       &all_users) && all_users
	};
	uid_t uid;
	int ret;

	if (ctx->is_wks) {
		*error_r = "--to is mail_seal_wkd_dir, where users publish "
			"certificates that aren't active yet";
		return -1;
	}
	uid = doveadm_seal_root_begin();
	/* there are no more users, for whom Dovecot remembers their group */
	if (getegid() != ctx->gid && setegid(ctx->gid) < 0)
		i_fatal("setegid() failed: %m");
	ret = doveadm_seal_export_tree(&tree, &ctx->entries, error_r);
	doveadm_seal_root_end(uid);
	return ret;
}

static int
write_lines(struct key_export_cmd_context *ctx, const char **error_r)
{
	string_t *zone = str_new(default_pool, 64*1024);
	int ret = 0;

	ctx->form->append_lines(&ctx->entries, zone);
	if (fwrite(str_data(zone), 1, str_len(zone), stdout) !=
	    str_len(zone) || fflush(stdout) != 0) {
		*error_r = t_strdup_printf("write(stdout) failed: %m");
		ret = -1;
	}
	str_free(&zone);
	return ret;
}

static void cmd_seal_key_export_deinit(struct doveadm_mail_cmd_context *_ctx)
{
	struct key_export_cmd_context *ctx =
		container_of(_ctx, struct key_export_cmd_context, ctx);
	const char *error;
	int ret;

	/* of a user whose session can't begin nothing is known, and doveadm
	   forgets it */
	if (ctx->users_begun != ctx->users_run)
		doveadm_mail_failed_error(_ctx, MAIL_ERROR_TEMP);
	doveadm_seal_export_sort(&ctx->entries);
	ret = ctx->form->append_lines != NULL ? write_lines(ctx, &error) :
		write_tree(ctx, _ctx->exit_code == 0, &error);
	if (ret < 0) {
		i_error("%s", error);
		doveadm_mail_failed_error(_ctx, MAIL_ERROR_TEMP);
	}
	array_free(&ctx->entries);
}

/*
 * The command
 */

static const struct export_form *find_form(const char *name)
{
	for (unsigned int i = 0; i < N_ELEMENTS(forms); i++) {
		if (strcmp(forms[i].name, name) == 0)
			return &forms[i];
	}
	return NULL;
}

static const char *
parse_domain(struct key_export_cmd_context *ctx, const char *domain)
{
	struct discovery_address parsed;

	if (!ctx->discovery->address_parse(t_strconcat("x@", domain, NULL),
					   &parsed)) {
		i_fatal_status(EX_USAGE, "--domain: \"%s\" is no domain",
			       domain);
	}
	domain = p_strdup(ctx->ctx.pool, parsed.domain);
	ctx->discovery->address_clear(&parsed);
	return domain;
}

static void read_options(struct key_export_cmd_context *ctx)
{
	const struct doveadm_cmd_context *cctx = ctx->ctx.cctx;
	const char *as, *domain;

	if (!doveadm_cmd_param_str(cctx, "as", &as) ||
	    (ctx->form = find_form(as)) == NULL) {
		i_fatal_status(EX_USAGE, "--as goes with openpgpkey, smimea "
			       "or wkd");
	}
	if (!doveadm_cmd_param_str(cctx, "to", &ctx->dir))
		ctx->dir = NULL;
	if ((ctx->dir != NULL) != (ctx->form->append_lines == NULL)) {
		i_fatal_status(EX_USAGE, "--to goes with --as wkd, and names "
			       "its folder");
	}
	if (doveadm_cmd_param_str(cctx, "domain", &domain))
		ctx->domain = parse_domain(ctx, domain);
	ctx->direct = doveadm_seal_key_flag(cctx, "direct");
	if (ctx->direct && (ctx->dir == NULL || ctx->domain == NULL)) {
		i_fatal_status(EX_USAGE, "--direct goes with --as wkd and "
			       "--domain: its folder is for one domain");
	}
}

static void
cmd_seal_key_export_init(struct doveadm_mail_cmd_context *_ctx
			 COMPAT_DOVEADM_ARGS)
{
	struct key_export_cmd_context *ctx =
		container_of(_ctx, struct key_export_cmd_context, ctx);
	const char *error;

	if (_ctx->set->doveadm_worker_count != 0)
		doveadm_seal_key_usage(_ctx->cctx, not_here);
	ctx->discovery = doveadm_seal_discovery_get(&error);
	if (ctx->discovery == NULL)
		i_fatal_status(DOVEADM_EX_NOTPOSSIBLE, "%s", error);
	ctx->gid = getegid();
	i_array_init(&ctx->entries, 64);
	read_options(ctx);
}

static int
cmd_seal_key_export_prerun(struct doveadm_mail_cmd_context *_ctx,
			   struct mail_storage_service_user *user ATTR_UNUSED,
			   const char **error_r ATTR_UNUSED)
{
	struct key_export_cmd_context *ctx =
		container_of(_ctx, struct key_export_cmd_context, ctx);

	ctx->users_begun++;
	return 0;
}

static struct doveadm_mail_cmd_context *cmd_seal_key_export_alloc(void)
{
	struct key_export_cmd_context *ctx =
		doveadm_mail_cmd_alloc(struct key_export_cmd_context);

	ctx->ctx.v.preinit = doveadm_seal_key_keep_root;
	ctx->ctx.v.init = cmd_seal_key_export_init;
	ctx->ctx.v.prerun = cmd_seal_key_export_prerun;
	ctx->ctx.v.run = cmd_seal_key_export_run;
	ctx->ctx.v.deinit = cmd_seal_key_export_deinit;
	compat_doveadm_announce_options(&ctx->ctx, "a:t:d:D");
	return &ctx->ctx;
}

/* Files and the standard output are where doveadm was called. */
static void cmd_seal_key_export(struct doveadm_cmd_context *cctx)
{
	if (cctx->conn_type == DOVEADM_CONNECTION_TYPE_CLI)
		doveadm_cmd_ver2_to_mail_cmd_wrapper(cctx);
	else
		doveadm_seal_key_usage(cctx, not_here);
}

struct doveadm_cmd_ver2 doveadm_cmd_seal_key_export = {
	.name = "seal key export",
	.usage = "-u <user>|-A|-F <file> --as openpgpkey|smimea|wkd "
		"[--to <folder>] [--domain <domain>] [--direct]",
	.cmd = cmd_seal_key_export,
	.mail_cmd = cmd_seal_key_export_alloc,
DOVEADM_CMD_PARAMS_START
DOVEADM_CMD_MAIL_COMMON
DOVEADM_CMD_PARAM('a', "as", CMD_PARAM_STR, 0)
DOVEADM_CMD_PARAM('t', "to", CMD_PARAM_STR, 0)
DOVEADM_CMD_PARAM('d', "domain", CMD_PARAM_STR, 0)
DOVEADM_CMD_PARAM('D', "direct", CMD_PARAM_BOOL, 0)
DOVEADM_CMD_PARAMS_END
};
