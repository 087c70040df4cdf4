/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "istream.h"
#include "mail-storage-private.h"
#include "mail-user.h"
#include "doveadm-mail.h"
#include "../core/core.h"
#include "../plugin/decide.h"
#include "command.h"

#include <dlfcn.h>

#define INTERFACE_SYMBOL "mail_seal_plugin_interface"

/* doveadm loads our module before the mail plugins, and a user can have mail
   plugins that doveadm itself hasn't; so the plugin can't be linked to. */
const struct mail_seal_plugin_interface *doveadm_seal_find_plugin(void)
{
	return dlsym(RTLD_DEFAULT, INTERFACE_SYMBOL);
}

const struct mail_seal_plugin_interface *
doveadm_seal_get_plugin(struct doveadm_mail_cmd_context *ctx,
			struct mail_user *user)
{
	const struct mail_seal_plugin_interface *plugin =
		doveadm_seal_find_plugin();

	if (plugin != NULL && plugin->user_has_context(user))
		return plugin;
	e_error(user->event, "mail_seal isn't loaded in doveadm: it must "
		"be in the mail_plugins that are global or protocol doveadm's");
	ctx->exit_code = EX_CONFIG;
	return NULL;
}

/*
 * Messages
 */

/* "v=1; keys=<fingerprint>[,<fingerprint>...]" (src/seal/format/envelope.c), unfolded.
   Returns NULL if it isn't that. */
static const char *const *parse_seal_field(const char *value)
{
	const char *const *keys, *const *key;

	if (strncmp(value, "v=1;", 4) != 0)
		return NULL;
	value += 4 + strspn(value + 4, " \t\r\n");
	if (strncmp(value, "keys=", 5) != 0)
		return NULL;
	keys = t_strsplit_spaces(value + 5, ", \t\r\n");
	for (key = keys; *key != NULL; key++) {
		if ((*key)[strspn(*key, "0123456789ABCDEF")] != '\0')
			return NULL;
	}
	return *keys == NULL ? NULL : keys;
}

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
	const char *field;
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
	if (encrypted < 0) {
		e_error(mail_event(mail), "read(%s) failed: %s",
			i_stream_get_name(input), i_stream_get_error(input));
		doveadm_mail_failed_error(ctx, MAIL_ERROR_TEMP);
		return -1;
	}
	*state_r = DOVEADM_SEAL_STATE_PLAINTEXT;
	if (encrypted > 0) {
		*state_r = DOVEADM_SEAL_STATE_ENCRYPTED;
		if (mail_get_first_header(mail, "X-Mail-Seal", &field) > 0)
			*keys_r = parse_seal_field(field);
		if (*keys_r != NULL)
			*state_r = DOVEADM_SEAL_STATE_SEALED;
	}
	return 1;
}
