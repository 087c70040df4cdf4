/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_USER_H
#define MAIL_SEAL_USER_H

#include "owner-settings.h"

/* Called for each user the plugin is loaded for. Bad settings become the
   user's error, which ends the session. */
void mail_seal_user_init(struct mail_user *user);

/* Has the plugin been loaded for this user? */
bool mail_seal_user_has_context(struct mail_user *user);

/* Returns the user's settings, or NULL and a sentence. */
const struct mail_seal_settings *
mail_seal_user_get_settings(struct mail_user *user, const char **error_r);

/* A message of this user's isn't sealed because mail_seal_keys is empty: says
   so once, if it was sealed before. */
void mail_seal_user_note_unsealed(struct mail_user *user);

/* Returns the settings of the owner of a mailbox that another user accesses,
   or NULL and a sentence if they can't be told. Looks the owner up in the
   userdb, once a session. */
const struct mail_seal_settings *
mail_seal_user_get_owner_settings(struct mail_user *owner,
				  struct mail_user *accessor,
				  const char **error_r);

#endif
