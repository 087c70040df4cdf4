/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Reads the settings from Dovecot 2.4's native configuration. */

#include "lib.h"
#include "dovecot-compat.h"

#ifdef HAVE_DOVECOT_24

#include "mail-user.h"
#include "mail-storage-private.h"
#include "settings.h"
#include "settings-parser.h"
#include "var-expand.h"
#include "owner-settings.h"
#include "settings-24.h"

/* Without a home there is nothing below it, which is no error. */
int mail_seal_settings_get_raw(struct mail_user *user, struct event *event,
			       enum settings_get_flags flags,
			       const struct mail_seal_raw_settings **set_r,
			       const char **error_r)
{
	static const struct var_expand_table no_home[] = {
		{ .key = "home", .value = MAIL_SEAL_NO_HOME },
		{ .key = "owner_home", .value = MAIL_SEAL_NO_HOME },
		VAR_EXPAND_TABLE_END
	};
	const struct var_expand_params params = { .table = no_home };
	struct event *child;
	const char *home;
	int ret;

	ret = settings_get(event, &mail_seal_setting_parser_info, flags, set_r,
			   error_r);
	if (ret == 0 || mail_user_get_home(user, &home) != 0)
		return ret;
	/* what is nearer comes first (settings_var_expand_init()) */
	child = event_create(event);
	event_set_ptr(child, SETTINGS_EVENT_VAR_EXPAND_PARAMS,
		      (void *)&params);
	ret = settings_get(child, &mail_seal_setting_parser_info, flags, set_r,
			   error_r);
	event_unref(&child);
	return ret;
}

int mail_seal_settings_get(struct mail_user *user, const char *const *fields,
			   pool_t pool, struct mail_seal_settings *set_r,
			   const char **error_r)
{
	const struct mail_seal_raw_settings *set;
	struct mail_seal_raw_settings raw;
	int ret;

	if (mail_seal_settings_get_raw(user, user->event, 0, &set,
				       error_r) < 0)
		return -1;
	raw = *set;
	if (*raw.mail_seal_public != '\0') {
		*error_r = "mail_seal_public is for Dovecot 2.3: here "
			"mail_seal_keys is set within the namespace or the "
			"mailbox";
		settings_free(set);
		return -1;
	}
	if (fields != NULL)
		mail_seal_settings_override(&raw, fields);
	ret = mail_seal_settings_parse(&raw, pool, set_r, error_r);
	settings_free(set);
	return ret;
}

#endif
