/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_BATCH_H
#define DOVEADM_SEAL_BATCH_H

#include "seq-range-array.h"
#include "box.h"

/* So many messages of a mailbox as are sealed at a time: box.h says how. box.c
   does one after the other; nobody else looks in here. */

struct doveadm_seal_box {
	struct doveadm_mail_cmd_context *ctx;
	const struct mail_seal_plugin_interface *plugin;
	struct mailbox *box;
	/* names the mailbox in messages */
	struct event *event;
	struct doveadm_seal_progress *progress;

	/* saving a copy of these has failed, and that has been said */
	ARRAY_TYPE(seq_range) failed_uids;
	/* why nothing can be sealed has been said */
	bool refusal_said;
	/* no use in going on after the last of failed_uids */
	bool no_room;
	/* saving the last batch failed in the end, and it is done again */
	bool again;
	bool stopped;
};

/* Keeps other runs out, and seals the first of these messages. Returns 0, or -1
   after having said why not; *done_r is the number of UIDs that are settled,
   and what became of them is added up. */
int doveadm_seal_batch_run(struct doveadm_seal_box *sbox, const uint32_t *uids,
			   unsigned int count, unsigned int *done_r,
			   struct doveadm_seal_counts *counts);

#endif
