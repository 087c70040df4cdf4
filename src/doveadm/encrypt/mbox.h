/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_MBOX_H
#define DOVEADM_SEAL_MBOX_H

#include "box.h"

struct mailbox_info;

/* Messages of an mbox can't be replaced safely: saving appends to the file and
   expunging moves all that follows, and a process that is killed meanwhile
   leaves half a message. So all is done in a copy of the mbox, which is a
   mailbox like others for that time, and then takes the place of the original
   at once (mbox-place.h). If the original was changed meanwhile it is done
   again. */

bool doveadm_seal_is_mbox(struct mailbox *box);
/* Is it such a copy, another run's or one that a killed run has left? The
   next run on its original deletes it. */
bool doveadm_seal_is_mbox_copy(const struct mailbox_info *info);

/* Returns 0, or -1 and half a sentence why it can't be done with this one. */
int doveadm_seal_mbox_check(struct mailbox *box, const char **reason_r);

/* Does for an mbox what doveadm_seal_box_run() does for others. */
int doveadm_seal_mbox_run(struct doveadm_mail_cmd_context *ctx,
			  const struct mail_seal_plugin_interface *plugin,
			  struct mailbox *box,
			  struct doveadm_seal_progress *progress,
			  const ARRAY_TYPE(uint32_t) *uids,
			  struct doveadm_seal_counts *counts);

#endif
