/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_USER_H
#define DOVEADM_SEAL_USER_H

#include "box.h"

/* Seals what the command's search finds in one user's mailboxes, and sees to it
   that nothing of the plaintext is left in his storages, caches and full text
   search indexes. Adds up what became of the messages; progress may be NULL.
   Returns 0, or -1 if something failed, which has been said. */
int doveadm_seal_user_encrypt(struct doveadm_mail_cmd_context *ctx,
			      const struct mail_seal_plugin_interface *plugin,
			      struct mail_user *user,
			      struct doveadm_seal_progress *progress,
			      struct doveadm_seal_counts *counts);

#endif
