/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Reads the settings from Dovecot 2.4's native configuration. The same file
   makes the module by which doveconf and the config process know them. */

#include "lib.h"
#include "dovecot-compat.h"

#ifdef HAVE_DOVECOT_24

#include "mail-user.h"
#include "mail-storage-private.h"
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

int mail_seal_settings_get(struct mail_user *user, const char *const *fields,
			   pool_t pool, struct mail_seal_settings *set_r,
			   const char **error_r)
{
	const struct mail_seal_raw_settings *set;
	struct mail_seal_raw_settings raw;
	int ret;

	if (settings_get(user->event, &mail_seal_setting_parser_info, 0, &set,
			 error_r) < 0)
		return -1;
	raw = *set;
	if (fields != NULL)
		mail_seal_settings_override(&raw, fields);
	ret = mail_seal_settings_parse(&raw, pool, set_r, error_r);
	settings_free(set);
	return ret;
}

static const char *
differing_setting(const struct mail_seal_raw_settings *set1,
		  const struct mail_seal_raw_settings *set2)
{
#define MAIL_SEAL_COMPARE(name, default23, default24) \
	if (strcmp(set1->mail_seal_##name, set2->mail_seal_##name) != 0) \
		return "mail_seal_"#name;
	MAIL_SEAL_SETTINGS(MAIL_SEAL_COMPARE)
#undef MAIL_SEAL_COMPARE
	return NULL;
}

/* The mailbox's event carries the names of the blocks (mail-storage.c
   mail_storage_mailbox_create_event()), the user's doesn't. */
int mail_seal_settings_check_blocks(struct mailbox *box, const char **error_r)
{
	const struct mail_seal_raw_settings *user_set, *box_set;
	const char *name;

	if (settings_get(box->storage->user->event,
			 &mail_seal_setting_parser_info, 0, &user_set,
			 error_r) < 0)
		return -1;
	if (settings_get(box->event, &mail_seal_setting_parser_info, 0,
			 &box_set, error_r) < 0) {
		settings_free(user_set);
		return -1;
	}
	name = differing_setting(user_set, box_set);
	settings_free(user_set);
	settings_free(box_set);
	if (name == NULL)
		return 0;
	*error_r = t_strdup_printf("%s is set in a namespace or mailbox block, "
				   "where it has no effect: set it outside",
				   name);
	return -1;
}

#endif
