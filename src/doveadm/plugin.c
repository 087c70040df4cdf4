/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What doveadm loads: the commands of "doveadm seal". */

#include "lib.h"
#include "doveadm.h"
#include "by-server.h"
#include "command.h"
#include "doctor/doctor.h"
#include "key/find-source.h"

struct module;

extern const char *doveadm_mail_seal_plugin_version;
const char *doveadm_mail_seal_plugin_version = DOVECOT_ABI_VERSION;

void doveadm_mail_seal_plugin_init(struct module *module);
void doveadm_mail_seal_plugin_deinit(void);

static struct doveadm_cmd_ver2 *const seal_commands[] = {
	&doveadm_cmd_seal_doctor,
	&doveadm_cmd_seal_encrypt,
	&doveadm_cmd_seal_group_add,
	&doveadm_cmd_seal_group_list,
	&doveadm_cmd_seal_group_remove,
	&doveadm_cmd_seal_group_show,
	&doveadm_cmd_seal_group_sync,
	&doveadm_cmd_seal_key_check,
	&doveadm_cmd_seal_key_confirm,
	&doveadm_cmd_seal_key_export,
	&doveadm_cmd_seal_key_find,
	&doveadm_cmd_seal_key_import,
	&doveadm_cmd_seal_key_notify,
	&doveadm_cmd_seal_key_list,
	&doveadm_cmd_seal_key_pending,
	&doveadm_cmd_seal_key_reject,
	&doveadm_cmd_seal_key_set,
	&doveadm_cmd_seal_key_show,
	&doveadm_cmd_seal_key_unset,
	&doveadm_cmd_seal_metrics,
	&doveadm_cmd_seal_status
};

void doveadm_mail_seal_plugin_init(struct module *module ATTR_UNUSED)
{
	for (unsigned int i = 0; i < N_ELEMENTS(seal_commands); i++)
		doveadm_cmd_register_ver2(seal_commands[i]);
	doveadm_seal_doctor_before_settings();
	doveadm_seal_by_server_init();
}

void doveadm_mail_seal_plugin_deinit(void)
{
	doveadm_seal_by_server_deinit();
	doveadm_seal_find_skip_nobody();
}
