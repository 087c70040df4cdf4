/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "auth-master.h"
#include "mail-user.h"
#include "module-context.h"
#include "dovecot-compat.h"
#include "owner.h"
#include "user.h"

#define MAIL_SEAL_USER_CONTEXT(obj) \
	MODULE_CONTEXT(obj, mail_seal_user_module)

struct mail_seal_user {
	union mail_user_module_context module_ctx;

	bool settings_read;
	/* that nothing is sealed any more has been said, if it was so */
	bool unsealed_noted;
	/* NULL if there are no errors */
	const char *error;
	struct mail_seal_settings set;
};

static MODULE_CONTEXT_DEFINE_INIT(mail_seal_user_module,
				  &mail_user_module_register);

/* fields are the user's from the userdb, if Dovecot hasn't applied them */
static void
mail_seal_user_read_settings(struct mail_user *user,
			     struct mail_seal_user *suser,
			     const char *const *fields)
{
	const char *error;

	suser->settings_read = TRUE;
	T_BEGIN {
		if (mail_seal_settings_get(user, fields, user->pool,
					   &suser->set, &error) < 0)
			suser->error = p_strdup(user->pool, error);
	} T_END;
	suser->set.user = user;
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
	mail_seal_user_read_settings(user, suser, NULL);
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
		mail_seal_user_read_settings(user, suser, NULL);
	*error_r = suser->error;
	return suser->error == NULL ? &suser->set : NULL;
}

void mail_seal_user_note_unsealed(struct mail_user *user)
{
	struct mail_seal_user *suser = MAIL_SEAL_USER_CONTEXT(user);

	if (suser->unsealed_noted)
		return;
	suser->unsealed_noted = TRUE;
	mail_seal_owner_note_unsealed(user);
}

/*
 * Owners of shared mailboxes
 */

static bool
fields_have_setting(const char *const *fields, const char *name)
{
	const char *field_name, *value;

	for (; *fields != NULL; fields++) {
		field_name = mail_seal_settings_field(*fields, &value);
		if (field_name != NULL && strcmp(field_name, name) == 0)
			return TRUE;
	}
	return FALSE;
}

/* Returns the name of the setting that this field is, if what is saved depends
   on it, and its value; or NULL. Others are for who enrols. */
static const char *sealing_setting(const char *field, const char **value_r)
{
	static const char *const of_enrolment[] = {
		"addresses", "imap_enrolment", "confirm", "confirm_within",
		"change_delay", "notice_days", "notice_from", "language",
		"texts",
		/* for who saves into team mailboxes */
		"public", "group_unusable",
		/* and how long it is kept in mind */
		"key_cache", NULL
	};
	const char *name = mail_seal_settings_field(field, value_r);

	return name == NULL || str_array_find(of_enrolment, name) ? NULL :
		name;
}

/* Does who accesses the mailbox have a setting of his own where the owner has
   everybody's, which can't be seen behind it? */
static bool
accessor_hides_setting(struct mail_user *accessor, const char *const *fields)
{
	const char *const *field = accessor->userdb_fields;
	const char *name, *value;

	for (; field != NULL && *field != NULL; field++) {
		name = sealing_setting(*field, &value);
		if (name != NULL && !fields_have_setting(fields, name))
			return TRUE;
	}
	return FALSE;
}

/* A value with variables would have to be expanded as Dovecot does it for the
   owner's own session; nobody but Dovecot can. In patterns a percent sign is
   a wildcard. */
static bool have_variables(const char *const *fields)
{
	const char *name, *value;

	for (; *fields != NULL; fields++) {
		name = sealing_setting(*fields, &value);
		if (name != NULL && strcmp(name, "exclude") != 0 &&
		    strchr(value, '%') != NULL)
			return TRUE;
	}
	return FALSE;
}

/* Returns 0 and the owner's userdb fields, or -1 and a sentence. */
static int
lookup_owner_fields(struct mail_user *owner, struct mail_user *accessor,
		    pool_t pool, const char *const **fields_r,
		    const char **error_r)
{
	struct auth_user_info info;
	const char *username;
	int ret;

	i_zero(&info);
	compat_auth_user_info_set_protocol(&info, accessor);
	ret = auth_master_user_lookup(mail_user_auth_master_conn,
				      owner->username, &info, pool, &username,
				      fields_r);
	if (ret <= 0) {
		*error_r = ret == 0 ? "there is no such user" :
			"the userdb lookup failed";
		return -1;
	}
	if (have_variables(*fields_r)) {
		*error_r = "a mail_seal field of the userdb has variables";
		return -1;
	}
	if (accessor_hides_setting(accessor, *fields_r)) {
		*error_r = "who accesses the mailbox has a mail_seal setting "
			"in the userdb that the owner hasn't";
		return -1;
	}
	return 0;
}

const struct mail_seal_settings *
mail_seal_user_get_owner_settings(struct mail_user *owner,
				  struct mail_user *accessor,
				  const char **error_r)
{
	struct mail_seal_user *suser = MAIL_SEAL_USER_CONTEXT(owner);
	const char *const *fields;
	pool_t pool;

	if (suser == NULL || suser->settings_read)
		return mail_seal_user_get_settings(owner, error_r);
	/* Dovecot made the owner with the settings of who accesses the
	   mailbox (shared-storage.c). They are right for the owner only as
	   far as they are everybody's, and but for the owner's own fields.
	   For these, not the data stack: the lookup runs an ioloop */
	pool = pool_alloconly_create("mail_seal userdb lookup", 1024);
	if (lookup_owner_fields(owner, accessor, pool, &fields, error_r) == 0)
		mail_seal_user_read_settings(owner, suser, fields);
	pool_unref(&pool);
	if (!suser->settings_read)
		return NULL;
	return mail_seal_user_get_settings(owner, error_r);
}
