/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* doveadm seal key set --from-dir: a folder of certificates, each named after
   its owner. To doveadm's framework this is a command for the users of a list
   (-F), which it gets from us one by one. Whatever becomes of a file, there is
   a row for it. */

#include "lib.h"
#include "array.h"
#include "buffer.h"
#include "hash.h"
#include "istream.h"
#include "sort.h"
#include "str.h"
#include "str-sanitize.h"
#include "mail-user.h"
#include "doveadm.h"
#include "doveadm-settings.h"
#include "doveadm-mail.h"
#include "doveadm-print.h"
#include "../../plugin/dovecot-compat.h"
#include "../../core/core.h"
#include "../users.h"
#include "../root.h"
#include "key.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What a file with a certificate ends in. */
static const char *const extensions[] = {
	"asc", "gpg", "pgp", "pem", "crt", "cer", "der", "p7b", "p7c"
};

#define CELL_SIZE_MAX 1024

/* How the sentences begin that say why. */
static const char not_stored[] = "Certificate not stored: ";

static const char not_here[] =
	"--from-dir works where the mail is, and not by doveadm-server";

struct certificate_file {
	const char *name;
	/* whose it is: first as the file says, then as the userdb says; NULL if
	   its name doesn't say */
	const char *user;
	/* why it can't be taken, or NULL */
	const char *problem;
};

struct from_dir_cmd_context {
	struct doveadm_mail_cmd_context ctx;

	int dir_fd;
	ARRAY(struct certificate_file) files;
	unsigned int next;
	/* whose user's turn it is */
	const struct certificate_file *current;
	bool prepared;

	buffer_t *content;
	bool force, dry_run;
};

/*
 * The table
 */

static void print_headers(void)
{
	doveadm_print_header_simple("file");
	doveadm_print_header_simple("result");
	doveadm_print_header_simple("fingerprint");
	doveadm_print_header_simple("reason");
}

/* Others may have named the files; it ends up on root's terminal. */
static const char *clean(const char *text)
{
	return str_sanitize_utf8(text, CELL_SIZE_MAX);
}

static void
print_row(const struct certificate_file *file, const char *result,
	  const char *fingerprint, const char *reason)
{
	/* in a table of what wasn't */
	if (strncmp(reason, not_stored, strlen(not_stored)) == 0)
		reason += strlen(not_stored);
	doveadm_print_sticky("username", file->user == NULL ? "" :
			     clean(file->user));
	doveadm_print(clean(file->name));
	doveadm_print(result);
	doveadm_print(fingerprint);
	doveadm_print(clean(reason));
}

static void
print_refused(struct from_dir_cmd_context *ctx,
	      const struct certificate_file *file, const char *reason)
{
	print_row(file, "refused", "", reason);
	doveadm_seal_key_set_exit(&ctx->ctx, MAIL_SEAL_ENROL_BAD);
}

/*
 * The folder
 */

static int file_cmp(const struct certificate_file *file1,
		    const struct certificate_file *file2)
{
	return strcmp(file1->name, file2->name);
}

/* User names have dots of their own. */
static const char *user_of_file(const char *name, pool_t pool)
{
	const char *dot = strrchr(name, '.');

	if (dot == NULL || dot == name)
		return NULL;
	for (unsigned int i = 0; i < N_ELEMENTS(extensions); i++) {
		if (strcasecmp(dot + 1, extensions[i]) == 0)
			return p_strdup_until(pool, name, dot);
	}
	return NULL;
}

static void read_dir(struct from_dir_cmd_context *ctx, const char *path)
{
	pool_t pool = ctx->ctx.pool;
	struct certificate_file *file;
	struct dirent *entry;
	DIR *dir;

	ctx->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = ctx->dir_fd < 0 ? NULL : fdopendir(dup(ctx->dir_fd));
	if (dir == NULL) {
		i_fatal_status(DOVEADM_EX_NOTPOSSIBLE, "%s can't be read: %m",
			       path);
	}
	p_array_init(&ctx->files, pool, 64);
	for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		file = array_append_space(&ctx->files);
		file->name = p_strdup(pool, entry->d_name);
		file->user = user_of_file(file->name, pool);
		if (file->user == NULL) {
			file->problem = "its name isn't that of a user and "
				".asc, .gpg, .pem, .crt, .cer or .der";
		}
	}
	if (errno != 0) {
		i_fatal_status(DOVEADM_EX_NOTPOSSIBLE, "%s can't be read: %m",
			       path);
	}
	(void)closedir(dir);
	array_sort(&ctx->files, file_cmp);
}

/* As the one who has called doveadm may; others may write into the folder. */
static const char *
read_file(struct from_dir_cmd_context *ctx, const struct certificate_file *file)
{
	struct istream *input;
	const char *error;
	struct stat st;
	int fd;

	/* doveadm has the rights of the last user still */
	(void)doveadm_seal_root_begin();
	fd = openat(ctx->dir_fd, file->name, O_RDONLY | O_NOFOLLOW |
		    O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		return errno == ELOOP ? "it is a symbolic link" :
			t_strdup_printf("it can't be read: %m");
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		i_close_fd(&fd);
		return "it is not a regular file";
	}
	buffer_set_used_size(ctx->content, 0);
	input = i_stream_create_fd_autoclose(&fd, IO_BLOCK_SIZE);
	i_stream_set_name(input, file->name);
	error = doveadm_seal_key_read(input, ctx->content);
	i_stream_unref(&input);
	return error;
}

/*
 * The users
 */

static void
look_up(struct from_dir_cmd_context *ctx, struct certificate_file *file)
{
	(void)doveadm_seal_users_look_up(&ctx->ctx, file->user, ctx->ctx.pool,
					 &file->user, &file->problem);
}

/* Which of two it should be, nobody has said. */
static void refuse_doubles(struct from_dir_cmd_context *ctx)
{
	HASH_TABLE(const char *, struct certificate_file *) users;
	struct certificate_file *file, *first;

	hash_table_create(&users, default_pool, 0, str_hash, strcmp);
	array_foreach_modifiable(&ctx->files, file) {
		if (file->problem != NULL)
			continue;
		first = hash_table_lookup(users, file->user);
		if (first == NULL) {
			hash_table_insert(users, file->user, file);
			continue;
		}
		first->problem = file->problem =
			"there is more than one file for this user";
	}
	hash_table_destroy(&users);
}

static void prepare(struct from_dir_cmd_context *ctx)
{
	struct certificate_file *file;

	array_foreach_modifiable(&ctx->files, file) {
		if (file->user != NULL) T_BEGIN {
			look_up(ctx, file);
		} T_END;
	}
	refuse_doubles(ctx);
	ctx->prepared = TRUE;
}

static void finish_current(struct from_dir_cmd_context *ctx)
{
	if (ctx->current != NULL) {
		print_refused(ctx, ctx->current, "the user's session can't "
			      "begin, see the error message");
	}
	ctx->current = NULL;
}

static int
from_dir_next_user(struct doveadm_mail_cmd_context *_ctx,
		   const char **username_r)
{
	struct from_dir_cmd_context *ctx =
		container_of(_ctx, struct from_dir_cmd_context, ctx);
	const struct certificate_file *file;
	const char *problem;

	if (!ctx->prepared)
		prepare(ctx);
	finish_current(ctx);
	while (ctx->next < array_count(&ctx->files)) {
		file = array_idx(&ctx->files, ctx->next++);
		problem = file->problem != NULL ? file->problem :
			read_file(ctx, file);
		if (problem == NULL) {
			ctx->current = file;
			*username_r = file->user;
			return 1;
		}
		print_refused(ctx, file, problem);
	}
	return 0;
}

/*
 * The command
 */

/* Returns "" if it can't be read. */
static const char *
fingerprints(const struct mail_seal_plugin_interface *plugin,
	     const struct mail_seal_settings *set, const buffer_t *content)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_core *core = plugin->core_get(&error);
	const struct mail_seal_certificate *list;
	string_t *text = t_str_new(64);
	unsigned int count;

	if (core == NULL ||
	    core->describe(content, set, time(NULL), pool_datastack_create(),
			   &list, &count, &error) < 0)
		return "";
	for (unsigned int i = 0; i < count; i++)
		str_printfa(text, "%s%s", i > 0 ? "," : "",
			    list[i].fingerprint);
	return str_c(text);
}

static int
from_dir_run(struct doveadm_mail_cmd_context *_ctx, struct mail_user *user)
{
	struct from_dir_cmd_context *ctx =
		container_of(_ctx, struct from_dir_cmd_context, ctx);
	const struct certificate_file *file = ctx->current;
	const struct mail_seal_plugin_interface *plugin;
	struct mail_seal_enrolment enrolment;
	struct mail_seal_enrol_error error;
	enum mail_seal_enrol_result result;
	const char *keys;

	plugin = doveadm_seal_key_begin(_ctx, user, &enrolment);
	if (plugin == NULL)
		return -1;
	ctx->current = NULL;
	enrolment.force = ctx->force;
	enrolment.dry_run = ctx->dry_run;
	keys = fingerprints(plugin, enrolment.set, ctx->content);
	result = plugin->enrol_set(&enrolment, ctx->content, &error);
	if (result != MAIL_SEAL_ENROL_OK) {
		print_row(file, "refused", keys, error.log_error);
		doveadm_seal_key_set_exit(_ctx, result);
		return -1;
	}
	print_row(file, ctx->dry_run ? "would be stored" : "stored", keys, "");
	return 0;
}

static void
from_dir_init(struct doveadm_mail_cmd_context *_ctx COMPAT_DOVEADM_ARGS)
{
	struct from_dir_cmd_context *ctx =
		container_of(_ctx, struct from_dir_cmd_context, ctx);
	const char *path;

	if (_ctx->set->doveadm_worker_count != 0) {
		doveadm_seal_key_usage(_ctx->cctx, not_here);
	}
	doveadm_seal_users_check_auth(_ctx);
	ctx->force = doveadm_seal_key_flag(_ctx->cctx, "force");
	ctx->dry_run = doveadm_seal_key_flag(_ctx->cctx, "dry-run");
	ctx->content = buffer_create_dynamic(_ctx->pool, 4096);
	if (!doveadm_cmd_param_str(_ctx->cctx, "from-dir", &path))
		i_unreached();
	read_dir(ctx, path);
	print_headers();
}

static void from_dir_deinit(struct doveadm_mail_cmd_context *_ctx)
{
	struct from_dir_cmd_context *ctx =
		container_of(_ctx, struct from_dir_cmd_context, ctx);

	finish_current(ctx);
	i_close_fd(&ctx->dir_fd);
}

static struct doveadm_mail_cmd_context *from_dir_alloc(void)
{
	struct from_dir_cmd_context *ctx =
		doveadm_mail_cmd_alloc(struct from_dir_cmd_context);

	ctx->dir_fd = -1;
	ctx->ctx.v.preinit = doveadm_seal_key_keep_root;
	ctx->ctx.v.init = from_dir_init;
	ctx->ctx.v.get_next_user = from_dir_next_user;
	ctx->ctx.v.run = from_dir_run;
	ctx->ctx.v.deinit = from_dir_deinit;
	compat_doveadm_announce_options(&ctx->ctx, "d:yn");
	doveadm_print_init(DOVEADM_PRINT_TYPE_TABLE);
	return &ctx->ctx;
}

void doveadm_seal_key_set_from_dir(struct doveadm_cmd_context *cctx)
{
	static const char *const others[] = {
		"user", "all-users", "user-file", "file", "socket-path", NULL
	};
	const struct doveadm_cmd_ver2 *set_cmd = cctx->cmd;
	struct doveadm_cmd_ver2 cmd = *set_cmd;

	if (cctx->conn_type != DOVEADM_CONNECTION_TYPE_CLI) {
		doveadm_seal_key_usage(cctx, not_here);
		return;
	}
	for (int i = 0; i < cctx->argc; i++) {
		if (cctx->argv[i].value_set &&
		    str_array_find(others, cctx->argv[i].name)) {
			doveadm_seal_key_usage(cctx, "--from-dir goes without "
				"-u, -A, -F, -S and -f: the files in the "
				"folder are named after their users");
		}
	}
	doveadm_seal_users_give_list(cctx);
	cmd.mail_cmd = from_dir_alloc;
	cctx->cmd = &cmd;
	doveadm_cmd_ver2_to_mail_cmd_wrapper(cctx);
	cctx->cmd = set_cmd;
}
