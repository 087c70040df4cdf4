/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "mail-storage-private.h"
#include "mail-user.h"
#include "module-context.h"
#include "mail-seal-user.h"

#define MAIL_SEAL_USER_CONTEXT(obj) \
	MODULE_CONTEXT(obj, mail_seal_user_module)

struct mail_seal_user {
	union mail_user_module_context module_ctx;

	bool settings_read;
	/* NULL if there are no errors */
	const char *error;
	struct mail_seal_settings set;
};

static MODULE_CONTEXT_DEFINE_INIT(mail_seal_user_module,
				  &mail_user_module_register);

static void
mail_seal_user_read_settings(struct mail_user *user,
			     struct mail_seal_user *suser)
{
	const char *error;

	suser->settings_read = TRUE;
	T_BEGIN {
		if (mail_seal_settings_get(user, user->pool, &suser->set,
					   &error) < 0)
			suser->error = p_strdup(user->pool, error);
	} T_END;
}

void mail_seal_user_init(struct mail_user *user)
{
	struct mail_seal_user *suser;

	suser = p_new(user->pool, struct mail_seal_user, 1);
	MODULE_CONTEXT_SET(user, mail_seal_user_module, suser);

	/* Users made for shared namespaces and for raw mail are read when
	   they are asked for: most never are, and the latter's error would
	   end the process (raw-storage.c). */
	if (user->autocreated)
		return;
	mail_seal_user_read_settings(user, suser);
	if (suser->error != NULL && user->error == NULL)
		user->error = suser->error;
}

bool mail_seal_user_has_context(struct mail_user *user)
{
	return MAIL_SEAL_USER_CONTEXT(user) != NULL;
}

const struct mail_seal_settings *
mail_seal_user_get_settings(struct mail_user *user, const char **error_r)
{
	struct mail_seal_user *suser = MAIL_SEAL_USER_CONTEXT(user);

	if (suser == NULL) {
		*error_r = "mail_seal isn't loaded for the user";
		return NULL;
	}
	if (!suser->settings_read)
		mail_seal_user_read_settings(user, suser);
	*error_r = suser->error;
	return suser->error == NULL ? &suser->set : NULL;
}
