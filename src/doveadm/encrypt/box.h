/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_BOX_H
#define DOVEADM_SEAL_BOX_H

#include "array-decl.h"
#include "../../plugin/decide.h"
#include "../command.h"

struct doveadm_seal_progress;
struct file_lock;
struct doveadm_seal_box;

/* What became of messages */
struct doveadm_seal_counts {
	uint64_t sealed;
	/* of these, as they were before */
	uint64_t sealed_bytes;
	/* encrypted already */
	uint64_t encrypted;
	/* in a mailbox where nothing is sealed */
	uint64_t excluded;
	/* of an owner who has no key */
	uint64_t no_key;
	/* still plaintext, and shouldn't be */
	uint64_t failed;
};

void doveadm_seal_counts_add(struct doveadm_seal_counts *dest,
			     const struct doveadm_seal_counts *src);

/* Makes sealed messages of a mailbox's plaintext messages. Killed at any time
   and run again, each message ends up sealed exactly once:

   First a sealed copy of each message of a batch is saved, which bears a mark
   that becomes visible in the same instant as the copy; which mark, and which
   bytes, is written to a journal before that. The copies are read again. Then,
   in one transaction, those that are whole get the flags as they are by then
   and their originals are expunged. A later run that finds an original beside
   a copy that the journal knows, with all of its bytes, does only the second
   step. Any other message is left alone, whatever it looks like.

   mdbox keeps what is expunged until it is purged, and may bring it back, with
   what a killed run had begun to save (storage.h). So there each batch ends with
   a purge, and until that is done the journal keeps what it knows: an original
   that is back is expunged again, and so is a second copy.

   Others may use the mailbox meanwhile. box is open; event is the one that
   names it to the administrator. These and progress, which may be NULL, must
   live longer. */
struct doveadm_seal_box *
doveadm_seal_box_init(struct doveadm_mail_cmd_context *ctx,
		      const struct mail_seal_plugin_interface *plugin,
		      struct mailbox *box, struct event *event,
		      struct doveadm_seal_progress *progress);
void doveadm_seal_box_deinit(struct doveadm_seal_box **sbox);

/* Seals those of the messages that are plaintext, and adds up what became of
   all. Returns 0, or -1 if some failed, which has been said. */
int doveadm_seal_box_run(struct doveadm_seal_box *sbox,
			 const ARRAY_TYPE(uint32_t) *uids,
			 struct doveadm_seal_counts *counts);

/* Keeps other runs out of a mailbox; free the lock with file_lock_free().
   Returns 0, or -1 after having said why it can't be had. */
int doveadm_seal_box_lock(struct doveadm_mail_cmd_context *ctx,
			  struct mailbox *box, struct file_lock **lock_r);

#endif
