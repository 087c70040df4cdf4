/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "../../core/build.h"
#include "conf.h"
#include "look.h"
#include "server.h"

#include <unistd.h>

const char *const doctor_protocols[] = {
	"imap", "lmtp", "lda", "doveadm", NULL
};

/* Each with its configuration, or NULL if this server hasn't that protocol */
#define PROTOCOL_COUNT (N_ELEMENTS(doctor_protocols) - 1)
struct server {
	pool_t pool;
	/* of none */
	const struct doctor_conf *conf;
	const struct doctor_conf *confs[PROTOCOL_COUNT];
	/* the same without gaps */
	ARRAY(const struct doctor_conf *) all;
	pid_t master;
	/* the plugin's file */
	const char *plugin;
	/* seal key find is installed */
	bool finds;
};

bool doctor_has_protocol(const struct doctor_conf *conf, const char *protocol)
{
	const char *const *list = doctor_conf_get_list(conf, "protocols");

	/* they don't listen */
	if (strcmp(protocol, "lda") == 0 || strcmp(protocol, "doveadm") == 0)
		return TRUE;
	for (; *list != NULL; list++) {
		if (strcmp(*list, protocol) == 0)
			return TRUE;
	}
	return FALSE;
}

static const char *or_empty(const char *value)
{
	return value == NULL ? "" : value;
}

static int read_confs(struct doctor_findings *findings, struct server *server)
{
	const char *error;

	server->conf = doctor_conf_read(NULL, server->pool, &error);
	p_array_init(&server->all, server->pool, PROTOCOL_COUNT + 1);
	for (unsigned int i = 0; i < PROTOCOL_COUNT; i++) {
		if (server->conf == NULL)
			break;
		if (!doctor_has_protocol(server->conf, doctor_protocols[i]))
			continue;
		server->confs[i] = doctor_conf_read(doctor_protocols[i],
						    server->pool, &error);
		if (server->confs[i] == NULL)
			server->conf = NULL;
		else
			array_push_back(&server->all, &server->confs[i]);
	}
	if (server->conf == NULL) {
		doctor_bad(findings, DOCTOR_ERROR, "configuration",
			   "Correct it, and ask again",
			   "The configuration can't be read: %s", error);
		return -1;
	}
	array_append_zero(&server->all);
	doctor_ok(findings, "configuration", "The configuration can be read");
	return 0;
}

/* Whoever stores no mail needs mail_seal for doveadm's commands only, which it
   passes on. One that stores some has it at least somewhere. */
static bool is_only_proxy(const struct server *server)
{
	const char *port = doctor_conf_get(server->conf, "doveadm_port");
	const char *lmtp = doctor_conf_get(server->conf, "lmtp_proxy");

	/* a port alone is also replication's */
	if (null_strcmp(lmtp, "yes") != 0)
		return FALSE;

	for (unsigned int i = 0; i < PROTOCOL_COUNT; i++) {
		if (server->confs[i] != NULL &&
		    strcmp(doctor_protocols[i], "doveadm") != 0 &&
		    doctor_has_plugin(doctor_conf_get_list(server->confs[i],
							   "mail_plugins")))
			return FALSE;
	}
	return port != NULL && *port != '\0' && strcmp(port, "0") != 0;
}

static void
check_plugins(struct doctor_findings *findings, const struct server *server)
{
	bool only_proxy = is_only_proxy(server);

	if (only_proxy) {
		doctor_ok(findings, "proxy", "This is a proxy for mail that is "
			  "on other servers (doveadm_port)");
	}
	for (unsigned int i = 0; i < PROTOCOL_COUNT; i++) {
		struct doctor_plugins plugins = {
			.protocol = doctor_protocols[i]
		};

		if (server->confs[i] == NULL ||
		    (only_proxy && strcmp(plugins.protocol, "doveadm") != 0))
			continue;
		plugins.everybodys = doctor_conf_get_list(server->confs[i],
							  "mail_plugins");
		doctor_judge_plugins(findings, &plugins);
	}
}

/* Of doveadm's own module it is known. */
static void
check_modules(struct doctor_findings *findings, struct server *server)
{
	const char *folder = or_empty(doctor_conf_get(server->conf,
						      "mail_plugin_dir"));
	struct doctor_module module;

	server->plugin = doctor_find_plugin(folder);
	if (server->plugin == NULL) {
		server->plugin = t_strconcat(
			folder, "/lib15_mail_seal_plugin.so", NULL);
	}
	doctor_look_at_module("plugin", server->plugin, MAIL_SEAL_BUILD,
			      &module);
	doctor_judge_module(findings, &module);
	doctor_look_at_module("sealing library", MAIL_SEAL_CORE_MODULE,
			      MAIL_SEAL_BUILD, &module);
	doctor_judge_module(findings, &module);
	doctor_look_at_module("library that finds certificates",
			      MAIL_SEAL_DISCOVERY_MODULE, MAIL_SEAL_BUILD_ID,
			      &module);
	/* in Debian a package of its own */
	module.needed_for = "doveadm seal key find";
	server->finds = module.is_there;
	doctor_judge_module(findings, &module);
	doctor_look_at_module("program that runs gpg", MAIL_SEAL_HELPER, NULL,
			      &module);
	if (module.error == NULL && access(MAIL_SEAL_HELPER, X_OK) < 0)
		module.error = t_strdup(strerror(errno));
	doctor_judge_module(findings, &module);
}

static void
check_processes(struct doctor_findings *findings, struct server *server)
{
	struct doctor_sessions sessions;
	struct doctor_master master;
	struct doctor_cores cores;

	server->master = doctor_find_master(
		or_empty(doctor_conf_get(server->conf, "base_dir")));
	doctor_look_at_master(server->master, &master);
	doctor_judge_master(findings, &master);
	if (server->master == 0)
		return;
	if (geteuid() != 0) {
		doctor_bad(findings, DOCTOR_WARNING, "rights", "Run it as root",
			   "Only root can look at Dovecot's processes");
		return;
	}
	doctor_look_at_sessions(server->master, server->plugin, &sessions);
	doctor_judge_sessions(findings, &sessions);
	doctor_look_at_cores(server->master, &cores);
	doctor_judge_cores(findings, &cores);
	doctor_judge_profile(findings,
			     doctor_look_for_profile(server->master));
}

static void
check_machine(struct doctor_findings *findings, const struct server *server)
{
	const struct doctor_conf *const *conf;
	struct doctor_temp_dir dir;
	struct doctor_swap swap;
	struct doctor_init init;

	array_foreach(&server->all, conf) {
		const char *path;

		if (*conf == NULL)
			break;
		path = doctor_conf_get(*conf, "mail_temp_dir");
		if (path == NULL || *path == '\0')
			continue;
		doctor_look_at_temp_dir(server->master, path, &dir);
		doctor_judge_temp_dir(findings, &dir);
	}
	doctor_look_at_swap(&swap);
	doctor_judge_swap(findings, &swap);
	doctor_look_at_init(&init);
	doctor_judge_init(findings, &init);
}

static void
check_settings(struct doctor_findings *findings, const struct server *server)
{
	const struct doctor_conf *const *conf;
	struct doctor_anchor anchor;
	const char *path;

	doctor_judge_raw_logs(findings, array_front(&server->all));
	array_foreach(&server->all, conf) {
		if (*conf == NULL)
			break;
		doctor_judge_user_names(findings,
			or_empty(doctor_conf_get(*conf,
						 "auth_username_format")),
			doctor_conf_get_ours(*conf, "mail_seal_addresses"));
	}
	if (!server->finds)
		return;
	path = doctor_conf_get_ours(server->conf,
				    "mail_seal_dns_trust_anchor");
	doctor_look_at_anchor(path == NULL ? "/usr/share/dns/root.key" : path,
			      &anchor);
	doctor_judge_anchor(findings, &anchor);
}

static bool has_groups(const struct server *server)
{
	for (unsigned int i = 0; i < PROTOCOL_COUNT; i++) {
		if (server->confs[i] != NULL &&
		    doctor_conf_has_groups(server->confs[i]))
			return TRUE;
	}
	return FALSE;
}

void doctor_check_server(struct doctor_findings *findings)
{
	struct server server = { .pool = findings->pool };
	struct doctor_job job;

	if (read_confs(findings, &server) == 0) {
		check_plugins(findings, &server);
		check_modules(findings, &server);
		check_processes(findings, &server);
		check_machine(findings, &server);
		check_settings(findings, &server);
	}
	doctor_look_for_job("seal key notify", &job);
	doctor_judge_notify_job(findings, &job);
	if (has_groups(&server)) {
		doctor_look_for_job("seal group sync", &job);
		doctor_judge_sync_job(findings, &job);
	}
}
