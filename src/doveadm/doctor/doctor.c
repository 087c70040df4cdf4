/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* doveadm seal doctor: what goes wrong in practice, with a line for each. It is
   for those whose server doesn't work, so it asks as little as it can of what
   may be broken. */

#include "lib.h"
#include "array.h"
#include "ostream.h"
#include "master-service.h"
#include "doveadm.h"
#include "doveadm-cmd.h"
#include "doveadm-print.h"
#include "../command.h"
#include "../each-user.h"
#include "../root.h"
#include "../users.h"
#include "conf.h"
#include "doctor.h"
#include "judge.h"
#include "look.h"
#include "server.h"
#include "user.h"

#include <stdio.h>

struct doctor {
	pool_t conf_pool;
	/* of each protocol, NULL if this server hasn't it or it can't be
	   read */
	const struct doctor_conf **confs;
	/* of this user, or of the server */
	struct doctor_findings findings;
	enum doctor_result worst;
};

/*
 * Output
 */

static void print_headers(bool users)
{
	if (!doveadm_print_is_initialized())
		doveadm_print_init(DOVEADM_PRINT_TYPE_FLOW);
	if (users) {
		doveadm_print_header("username", "username",
				     DOVEADM_PRINT_HEADER_FLAG_STICKY |
				     DOVEADM_PRINT_HEADER_FLAG_HIDE_TITLE);
	}
	doveadm_print_header("result", "result",
			     DOVEADM_PRINT_HEADER_FLAG_HIDE_TITLE);
	doveadm_print_header("check", "check",
			     DOVEADM_PRINT_HEADER_FLAG_HIDE_TITLE);
	doveadm_print_header("finding", "finding",
			     DOVEADM_PRINT_HEADER_FLAG_HIDE_TITLE);
	doveadm_print_header("advice", "advice",
			     DOVEADM_PRINT_HEADER_FLAG_HIDE_TITLE);
}

static void print_findings(struct doctor *doctor)
{
	const struct doctor_finding *finding;
	enum doctor_result worst = doctor_findings_worst(&doctor->findings);

	array_foreach(&doctor->findings.list, finding) {
		doveadm_print(doctor_result_name(finding->result));
		doveadm_print(finding->check);
		doveadm_print(finding->what);
		doveadm_print(finding->advice);
	}
	if (worst > doctor->worst)
		doctor->worst = worst;
}

/*
 * The server
 */

static void check_server(struct doctor *doctor)
{
	pool_t pool = pool_alloconly_create("doveadm seal doctor", 64 * 1024);

	doctor_findings_init(&doctor->findings, pool);
	print_headers(FALSE);
	doctor_check_server(&doctor->findings);
	print_findings(doctor);
	pool_unref(&pool);
}

void doveadm_seal_doctor_before_settings(void)
{
	const char *const *words = doctor_command_line();
	const char *const *command = words + doctor_find_command(words);
	struct doctor doctor;

	if (str_array_length(command) != 2 ||
	    strcmp(command[0], "seal") != 0 ||
	    strcmp(command[1], "doctor") != 0)
		return;
	i_zero(&doctor);
	check_server(&doctor);
	doveadm_print_deinit();
	(void)o_stream_uncork_flush(doveadm_print_ostream);
	(void)fflush(stdout);
	lib_exit(doctor.worst);
}

/*
 * Users
 */

static void begin_user(void *context, const char *username)
{
	struct doctor *doctor = context;

	doctor_findings_init(&doctor->findings,
		pool_alloconly_create("doveadm seal doctor", 8 * 1024));
	doveadm_print_sticky("username", username);
}

static void
check_protocol(void *context, const char *protocol, const char *const *fields)
{
	struct doctor *doctor = context;
	struct doctor_plugins plugins = { .protocol = protocol };
	unsigned int i = 0;

	while (strcmp(doctor_protocols[i], protocol) != 0)
		i++;
	if (doctor->confs[i] == NULL || fields == NULL)
		return;
	doctor_judge_raw_log_fields(&doctor->findings, fields);
	plugins.everybodys = doctor_conf_get_list(doctor->confs[i],
						  "mail_plugins");
	plugins.users = doctor_plugins_of_user(plugins.everybodys, fields);
	doctor_judge_plugins(&doctor->findings, &plugins);
}

static void run_user(void *context, struct mail_user *user)
{
	struct doctor *doctor = context;

	doctor_check_user(&doctor->findings, user);
}

static void user_elsewhere(void *context, const char *host)
{
	struct doctor *doctor = context;

	doctor_ok(&doctor->findings, "proxy", "The user's mail is on the "
		  "server %s, which has a doctor of its own", host);
}

static void user_failed(void *context, const char *error)
{
	struct doctor *doctor = context;

	if (error == NULL) {
		doctor_bad(&doctor->findings, DOCTOR_ERROR, "user",
			   "Name another: doveadm user '*' lists them",
			   "There is no such user");
		return;
	}
	doctor_bad(&doctor->findings, DOCTOR_ERROR, "session",
		   "Correct what is named; no mail is stored meanwhile",
		   "The user's session can't begin: %s", error);
}

static void end_user(void *context)
{
	struct doctor *doctor = context;

	print_findings(doctor);
	doveadm_seal_show_rows();
	pool_unref(&doctor->findings.pool);
}

static void read_confs(struct doctor *doctor)
{
	const struct doctor_conf *conf;
	const char *error;
	unsigned int count = 0;

	while (doctor_protocols[count] != NULL)
		count++;
	doctor->confs = p_new(doctor->conf_pool, const struct doctor_conf *,
			      count);
	conf = doctor_conf_read(NULL, doctor->conf_pool, &error);
	for (unsigned int i = 0; conf != NULL && i < count; i++) {
		if (doctor_has_protocol(conf, doctor_protocols[i])) {
			doctor->confs[i] = doctor_conf_read(
				doctor_protocols[i], doctor->conf_pool,
				&error);
		}
	}
}

static void
check_users(struct doctor *doctor, const struct doveadm_cmd_context *cctx)
{
	struct doveadm_seal_each_user each = {
		.protocols = doctor_protocols,
		.protocol = check_protocol,
		.elsewhere = user_elsewhere,
		.run = run_user,
		.failed = user_failed,
		.begin = begin_user,
		.end = end_user,
		.context = doctor
	};

	doctor->conf_pool = pool_alloconly_create("doveadm seal doctor",
						  64 * 1024);
	print_headers(TRUE);
	read_confs(doctor);
	if (doveadm_seal_each_user(cctx, &each) < 0) {
		begin_user(doctor, "");
		doctor_bad(&doctor->findings, DOCTOR_ERROR, "users",
			   "Start Dovecot, or see its log",
			   "Not all users can be looked at");
		end_user(doctor);
	}
	pool_unref(&doctor->conf_pool);
}

/*
 * The command
 */

static void cmd_seal_doctor(struct doveadm_cmd_context *cctx)
{
	struct doctor doctor;

	i_zero(&doctor);
	/* where doveadm-server has done something for a user before */
	(void)doveadm_seal_root_begin();
	if (doveadm_seal_each_user_given(cctx))
		check_users(&doctor, cctx);
	else
		check_server(&doctor);
	/* 0, 1, 2: as monitoring wants it */
	doveadm_exit_code = doctor.worst;
}

struct doveadm_cmd_ver2 doveadm_cmd_seal_doctor = {
	.name = "seal doctor",
	.usage = "[-u <user>|-A|-F <file>]",
	.cmd = cmd_seal_doctor,
DOVEADM_CMD_PARAMS_START
DOVEADM_SEAL_EACH_USER_PARAMS
DOVEADM_CMD_PARAMS_END
};
