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

/* Reads the settings with the variables of a user. Without a home there is
   nothing below it, which is no error. Free with settings_free(). */
static int
get_raw(struct mail_user *user, struct event *event,
	const struct mail_seal_raw_settings **set_r, const char **error_r)
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

	ret = settings_get(event, &mail_seal_setting_parser_info, 0, set_r,
			   error_r);
	if (ret == 0 || mail_user_get_home(user, &home) != 0)
		return ret;
	/* what is nearer comes first (settings_var_expand_init()) */
	child = event_create(event);
	event_set_ptr(child, SETTINGS_EVENT_VAR_EXPAND_PARAMS,
		      (void *)&params);
	ret = settings_get(child, &mail_seal_setting_parser_info, 0, set_r,
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

	if (get_raw(user, user->event, &set, error_r) < 0)
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
	struct mail_user *user = box->storage->user;
	const char *name;

	if (get_raw(user, user->event, &user_set, error_r) < 0)
		return -1;
	if (get_raw(user, box->event, &box_set, error_r) < 0) {
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
