/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_CHECK_H
#define DOVEADM_SEAL_CHECK_H

#include "replace.h"

struct mail_seal_plugin_interface;

/* Reads the copies that this run has saved. Those that aren't what was written
   are expunged, which is said, and leave the list; their number is *bad_r.
   Returns 0, or -1 with the storage's error set. */
int doveadm_seal_check_copies(const struct mail_seal_plugin_interface *plugin,
			      struct mailbox *box, struct event *event,
			      enum mailbox_transaction_flags flags,
			      ARRAY_TYPE(doveadm_seal_replacement) *list,
			      unsigned int *bad_r);

#endif
