/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Reads the settings from Dovecot 2.3's plugin { } section. */

#include "lib.h"
#include "dovecot-compat.h"

#ifndef HAVE_DOVECOT_24

#include "mail-user.h"
#include "str.h"
#include "var-expand.h"
#include "owner-settings.h"

/* mail_user_var_expand_table() wants to know the home. Without one there is
   nothing below it, which is no error. */
static int
replace_home(struct mail_user *user, const char **value, const char **error_r)
{
	const char *home, *pos = strstr(*value, "%h");
	int ret = pos == NULL ? 1 : mail_user_get_home(user, &home);

	if (ret < 0)
		*error_r = "looking up the user's home directory failed";
	else if (ret == 0) {
		*value = t_strconcat(t_strdup_until(*value, pos),
				     MAIL_SEAL_NO_HOME, pos + 2, NULL);
	}
	return ret < 0 ? -1 : 0;
}

/* A value from the configuration comes expanded; ours doesn't. */
static int
default_value(struct mail_user *user, const char *value,
	      const char **value_r, const char **error_r)
{
	string_t *expanded;

	if (replace_home(user, &value, error_r) < 0)
		return -1;
	expanded = t_str_new(128);
	if (var_expand_with_funcs(expanded, value,
				  mail_user_var_expand_table(user),
				  mail_user_var_expand_func_table, user,
				  error_r) <= 0)
		return -1;
	*value_r = str_c(expanded);
	return 0;
}

static int
setting_value(struct mail_user *user, const char *name,
	      const char *value_default, const char **value_r,
	      const char **error_r)
{
	*value_r = mail_user_plugin_getenv(user, name);
	if (*value_r != NULL)
		return 0;
	return default_value(user, value_default, value_r, error_r);
}

/* It is everybody's: one user's would let him store what nobody may. */
static int check_userdb(struct mail_user *user, const char **error_r)
{
	const char *const *field = user->userdb_fields;
	const char *name, *value;

	for (; field != NULL && *field != NULL; field++) {
		name = mail_seal_settings_field(*field, &value);
		if (name != NULL && strcmp(name, "public") == 0) {
			*error_r = "mail_seal_public: it can't be a field of "
				"the userdb, as it isn't one user's";
			return -1;
		}
	}
	return 0;
}

int mail_seal_settings_get(struct mail_user *user, const char *const *fields,
			   pool_t pool, struct mail_seal_settings *set_r,
			   const char **error_r)
{
	struct mail_seal_raw_settings raw;

	if (check_userdb(user, error_r) < 0)
		return -1;
#define MAIL_SEAL_READ(name, default23, default24) \
	if (setting_value(user, "mail_seal_"#name, default23, \
			  &raw.mail_seal_##name, error_r) < 0) \
		return -1;
	MAIL_SEAL_SETTINGS(MAIL_SEAL_READ)
#undef MAIL_SEAL_READ
	raw.pool = pool;
	if (fields != NULL)
		mail_seal_settings_override(&raw, fields);
	return mail_seal_settings_parse(&raw, pool, set_r, error_r);
}

#endif
