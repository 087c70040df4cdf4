/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What Dovecot 2.4 knows of our settings, in the plugin and in the module by
   which doveconf and the config process know them. That has no mail library,
   so reading a user's is in settings-24-read.c. */

#include "lib.h"
#include "dovecot-compat.h"

#ifdef HAVE_DOVECOT_24

#include "settings.h"
#include "settings-parser.h"
#include "owner-settings.h"
#include "settings-24.h"

/* set_value_unknown stands for a configured value; a default comes as it is
   written. */
static bool set_value_is_unknown(const char *value)
{
	return value == set_value_unknown || strstr(value, "%{") != NULL;
}

static const struct setting_define mail_seal_setting_defines[] = {
#define MAIL_SEAL_DEFINE(name, default23, default24) \
	SETTING_DEFINE_STRUCT_STR("mail_seal_"#name, mail_seal_##name, \
				  struct mail_seal_raw_settings),
	MAIL_SEAL_SETTINGS(MAIL_SEAL_DEFINE)
#undef MAIL_SEAL_DEFINE
	{ .type = SET_FILTER_NAME, .key = COMPAT_DICT_FILTER },
	SETTING_DEFINE_LIST_END
};

static const struct mail_seal_raw_settings mail_seal_default_settings = {
#define MAIL_SEAL_DEFAULT(name, default23, default24) \
	.mail_seal_##name = default24,
	MAIL_SEAL_SETTINGS(MAIL_SEAL_DEFAULT)
#undef MAIL_SEAL_DEFAULT
};

/* doveconf can't know what a value with variables will be. It is checked when
   a user's settings are read; here a good value stands in for it. */
static bool mail_seal_settings_check(void *_set, pool_t pool ATTR_UNUSED,
				     const char **error_r)
{
	struct mail_seal_raw_settings set =
		*(const struct mail_seal_raw_settings *)_set;
	struct mail_seal_settings parsed;

	if (set_value_is_unknown(set.mail_seal_keys))
		set.mail_seal_keys = "";
#define MAIL_SEAL_KNOWN(name, default23, default24) \
	if (set_value_is_unknown(set.mail_seal_##name)) \
		set.mail_seal_##name = default24;
	MAIL_SEAL_SETTINGS(MAIL_SEAL_KNOWN)
#undef MAIL_SEAL_KNOWN
	return mail_seal_settings_parse(&set, pool_datastack_create(), &parsed,
					error_r) == 0;
}

const struct setting_parser_info mail_seal_setting_parser_info = {
	.name = "mail_seal",
	.defines = mail_seal_setting_defines,
	.defaults = &mail_seal_default_settings,
	.struct_size = sizeof(struct mail_seal_raw_settings),
	.pool_offset1 = 1 + offsetof(struct mail_seal_raw_settings, pool),
	.check_func = mail_seal_settings_check
};

#endif
