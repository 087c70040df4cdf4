/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* doveadm seal metrics: what there is to count of owners and of this server,
   for the node exporter's textfile collector. Dovecot's own statistics have
   what happens to messages. */

#include "lib.h"
#include "array.h"
#include "hostpid.h"
#include "ostream.h"
#include "str.h"
#include "write-full.h"
#include "mail-user.h"
#include "doveadm.h"
#include "doveadm-cmd.h"
#include "doveadm-print.h"
#include "../../core/core.h"
#include "../command.h"
#include "../doctor/conf.h"
#include "../doctor/server.h"
#include "../each-user.h"
#include "../key/key.h"
#include "../key/list-look.h"
#include "../users.h"
#include "count.h"
#include "mail-seal-build.h"
#include "text.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/*
 * Users
 */

static bool is_in_use(enum doveadm_seal_list_state state)
{
	return state == DOVEADM_SEAL_LIST_ACTIVE ||
		state == DOVEADM_SEAL_LIST_EXPIRING;
}

static void
add_row(struct metrics *metrics, const struct doveadm_seal_list_row *row)
{
	metrics->owners[row->state]++;
	if (row->pending != NULL)
		metrics->pending++;
	if (is_in_use(row->state) && row->certificate != NULL &&
	    row->certificate->expires != 0 &&
	    (metrics->next_expiry == 0 ||
	     row->certificate->expires < metrics->next_expiry))
		metrics->next_expiry = row->certificate->expires;
}

static void
add_plaintext(struct metrics *metrics,
	      const struct mail_seal_plugin_interface *plugin,
	      struct mail_user *user)
{
	uint64_t count = 0;

	if (metrics_count_plaintext(plugin, user, &count) < 0)
		metrics->plaintext_failed++;
	metrics->plaintext += count;
	if (count > 0)
		metrics->plaintext_owners++;
}

static void run_user(void *context, struct mail_user *user)
{
	struct metrics *metrics = context;
	const struct mail_seal_plugin_interface *plugin =
		doveadm_seal_find_plugin();
	const struct mail_seal_settings *set = NULL;
	struct doveadm_seal_list_row row;
	const char *error;

	if (plugin != NULL && plugin->user_has_context(user))
		set = plugin->user_get_settings(user, &error);
	if (set == NULL) {
		metrics->failed++;
		return;
	}
	doveadm_seal_list_look(plugin, set, &row);
	add_row(metrics, &row);
	if (metrics->plaintext_counted && is_in_use(row.state))
		add_plaintext(metrics, plugin, user);
}

static void user_failed(void *context, const char *error ATTR_UNUSED)
{
	struct metrics *metrics = context;

	metrics->failed++;
}

static void begin_user(void *context ATTR_UNUSED,
		       const char *username ATTR_UNUSED)
{
}

static void end_user(void *context ATTR_UNUSED)
{
}

/*
 * The server
 */

static bool has_word(const char *const *words, const char *word)
{
	for (; *words != NULL; words++) {
		if (strcmp(*words, word) == 0)
			return TRUE;
	}
	return FALSE;
}

static void add_protocols(struct metrics *metrics, pool_t pool)
{
	const char *error;
	const struct doctor_conf *conf = doctor_conf_read(NULL, pool, &error);
	ARRAY(struct metrics_protocol) protocols;

	p_array_init(&protocols, pool, 4);
	for (unsigned int i = 0; doctor_protocols[i] != NULL; i++) {
		const char *name = doctor_protocols[i];
		struct metrics_protocol protocol = { .name = name };
		const struct doctor_conf *own;

		if (conf == NULL || !doctor_has_protocol(conf, name))
			continue;
		own = doctor_conf_read(name, pool, &error);
		protocol.has_plugin = own != NULL && has_word(
			doctor_conf_get_list(own, "mail_plugins"),
			"mail_seal");
		array_push_back(&protocols, &protocol);
	}
	metrics->protocols = array_get(&protocols, &metrics->protocol_count);
}

static void add_findings(struct metrics *metrics, pool_t pool)
{
	struct doctor_findings findings;
	const struct doctor_finding *finding;

	doctor_findings_init(&findings, pool);
	doctor_check_server(&findings);
	array_foreach(&findings.list, finding)
		metrics->findings[finding->result]++;
}

/*
 * Where it goes
 */

static int write_file(const char *path, const string_t *text)
{
	/* No name that the node exporter reads. */
	const char *slash = strrchr(path, '/');
	const char *temp = t_strdup_printf("%s.%s.%s.new",
		slash == NULL ? "" : t_strdup_until(path, slash + 1),
		slash == NULL ? path : slash + 1, my_pid);
	int fd;

	/* what one that was killed has left */
	i_unlink_if_exists(temp);
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0) {
		i_error("open(%s) failed: %m", temp);
		return -1;
	}
	/* whatever the umask is: the node exporter isn't root */
	if (fchmod(fd, 0644) < 0 ||
	    write_full(fd, str_data(text), str_len(text)) < 0 ||
	    fsync(fd) < 0 || rename(temp, path) < 0) {
		i_error("Can't write %s: %m", path);
		i_close_fd(&fd);
		i_unlink_if_exists(temp);
		return -1;
	}
	i_close_fd(&fd);
	return 0;
}

static int write_text(const struct doveadm_cmd_context *cctx,
		      const string_t *text)
{
	const char *path;

	if (doveadm_cmd_param_str(cctx, "to", &path))
		return write_file(path, text);
	o_stream_nsend(doveadm_print_ostream, str_data(text), str_len(text));
	doveadm_seal_show_rows();
	return 0;
}

static void cmd_seal_metrics(struct doveadm_cmd_context *cctx)
{
	struct metrics metrics = {
		.version = MAIL_SEAL_BUILD_ID,
		.now = time(NULL)
	};
	const struct doveadm_seal_each_user each = {
		.run = run_user,
		.failed = user_failed,
		.begin = begin_user,
		.end = end_user,
		.context = &metrics
	};
	pool_t pool;
	string_t *text;

	if (cctx->conn_type != DOVEADM_CONNECTION_TYPE_CLI) {
		doveadm_seal_key_usage(cctx, "metrics works where the mail "
			"is, and not by doveadm-server");
		return;
	}
	pool = pool_alloconly_create("doveadm seal metrics", 64 * 1024);
	text = str_new(pool, 4096);
	(void)doveadm_cmd_param_bool(cctx, "plaintext",
				     &metrics.plaintext_counted);
	add_protocols(&metrics, pool);
	add_findings(&metrics, pool);
	/* Half of the numbers is worse than old ones, whose age shows. */
	if (doveadm_seal_each_user(cctx, &each) < 0)
		doveadm_exit_code = EX_TEMPFAIL;
	else {
		metrics_write(&metrics, text);
		if (write_text(cctx, text) < 0)
			doveadm_exit_code = EX_CANTCREAT;
	}
	pool_unref(&pool);
}

struct doveadm_cmd_ver2 doveadm_cmd_seal_metrics = {
	.name = "seal metrics",
	.usage = "[-u <user>|-A|-F <file>] [--plaintext] [--to <file>]",
	.cmd = cmd_seal_metrics,
DOVEADM_CMD_PARAMS_START
DOVEADM_SEAL_EACH_USER_PARAMS
DOVEADM_CMD_PARAM('p', "plaintext", CMD_PARAM_BOOL, 0)
DOVEADM_CMD_PARAM('t', "to", CMD_PARAM_STR, 0)
DOVEADM_CMD_PARAMS_END
};
