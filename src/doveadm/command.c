/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "istream.h"
#include "mail-storage-private.h"
#include "mail-user.h"
#include "doveadm-mail.h"
#include "../core/build.h"
#include "../core/core.h"
#include "../plugin/decide.h"
#include "command.h"

#include <dlfcn.h>

/* doveadm loads our module before the mail plugins, and a user can have mail
   plugins that doveadm itself hasn't; so the plugin can't be linked to. */
const struct mail_seal_plugin_interface *doveadm_seal_find_plugin(void)
{
	const struct mail_seal_plugin_interface *plugin =
		dlsym(RTLD_DEFAULT, MAIL_SEAL_PLUGIN_SYMBOL);

	if (plugin != NULL && strcmp(plugin->build, MAIL_SEAL_BUILD) != 0)
		return NULL;
	return plugin;
}

/* Any version of the plugin has this one: Dovecot asks for it. */
static bool plugin_is_loaded(void)
{
	return dlsym(RTLD_DEFAULT, "mail_seal_plugin_version") != NULL;
}

const struct mail_seal_plugin_interface *
doveadm_seal_get_plugin(struct doveadm_mail_cmd_context *ctx,
			struct mail_user *user)
{
	const struct mail_seal_plugin_interface *plugin =
		doveadm_seal_find_plugin();

	if (plugin != NULL && plugin->user_has_context(user))
		return plugin;
	if (plugin == NULL && plugin_is_loaded()) {
		e_error(user->event, MAIL_SEAL_OTHER_BUILD": doveadm's module "
			"and the plugin are not of the same version");
	} else {
		e_error(user->event, "mail_seal isn't loaded in doveadm: it "
			"must be in the mail_plugins that are global or "
			"protocol doveadm's");
	}
	ctx->exit_code = EX_CONFIG;
	return NULL;
}

/*
 * Messages
 */

bool doveadm_seal_is_without_key(const struct mail_seal_decision *decision)
{
	return decision->action == MAIL_SEAL_ACTION_STORE &&
		decision->reason == MAIL_SEAL_REASON_MISSING_KEY;
}

int doveadm_seal_mail_failed(struct doveadm_mail_cmd_context *ctx,
			     struct mail *mail)
{
	enum mail_error error;

	/* somebody was faster, and that is no failure */
	if (mail->expunged)
		return 0;
	e_error(mail_event(mail), "Can't read the message: %s",
		mailbox_get_last_internal_error(mail->box, &error));
	doveadm_mail_failed_error(ctx, error);
	return -1;
}

int doveadm_seal_get_state(struct doveadm_mail_cmd_context *ctx,
			   const struct mail_seal_plugin_interface *plugin,
			   struct mail *mail, enum doveadm_seal_state *state_r,
			   const char *const **keys_r)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_core *core = plugin->core_get(&error);
	struct istream *input;
	int encrypted;

	*keys_r = NULL;
	if (core == NULL) {
		e_error(mail->box->event, "mail_seal: %s", error.text);
		doveadm_mail_failed_error(ctx, MAIL_ERROR_TEMP);
		return -1;
	}
	if (mail_get_stream_because(mail, NULL, NULL, "doveadm seal",
				    &input) < 0)
		return doveadm_seal_mail_failed(ctx, mail);
	encrypted = core->is_encrypted(input);
	if (encrypted > 0)
		*keys_r = doveadm_seal_read_mark(input);
	if (encrypted < 0 || input->stream_errno != 0) {
		e_error(mail_event(mail), "read(%s) failed: %s",
			i_stream_get_name(input), i_stream_get_error(input));
		doveadm_mail_failed_error(ctx, MAIL_ERROR_TEMP);
		return -1;
	}
	if (encrypted == 0)
		*state_r = DOVEADM_SEAL_STATE_PLAINTEXT;
	else if (*keys_r == NULL)
		*state_r = DOVEADM_SEAL_STATE_ENCRYPTED;
	else
		*state_r = DOVEADM_SEAL_STATE_SEALED;
	return 1;
}
