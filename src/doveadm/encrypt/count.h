/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_COUNT_H
#define DOVEADM_SEAL_COUNT_H

#include "box.h"

/* Is nothing sealed in this mailbox? Returns 1, 0, or -1 after having said why
   that can't be told. */
int doveadm_seal_is_exempt(struct doveadm_mail_cmd_context *ctx,
			   const struct mail_seal_plugin_interface *plugin,
			   struct mailbox *box);
/* Can messages of this mailbox be replaced by others? Returns 0, or -1 and
   half a sentence why they can't. */
int doveadm_seal_can_replace(struct mailbox *box, const char **reason_r);

/* Adds up which of the messages would be sealed, which needn't be, and which
   can't be. Says why, and makes the command fail, as sealing them does. */
void doveadm_seal_count(struct doveadm_mail_cmd_context *ctx,
			const struct mail_seal_plugin_interface *plugin,
			struct mailbox *box, const ARRAY_TYPE(uint32_t) *uids,
			struct doveadm_seal_progress *progress,
			struct doveadm_seal_counts *counts);

#endif
