/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_REPLACE_H
#define DOVEADM_SEAL_REPLACE_H

struct doveadm_seal_copy;

/* A message and its sealed copy, in the same mailbox */
struct doveadm_seal_replacement {
	uint32_t original_uid, copy_uid;
	/* the copy is an earlier run's: both may have been used since */
	bool found;
	/* what the journal says of the copy */
	const struct doveadm_seal_copy *copy;
	/* of the original */
	uoff_t size;
};
ARRAY_DEFINE_TYPE(doveadm_seal_replacement, struct doveadm_seal_replacement);

/* Gives the copies the flags and keywords that the originals have by now, and
   expunges the originals, in one transaction. A copy whose original was
   expunged meanwhile is expunged too; an original whose copy was expunged is
   kept: their number is *kept_r. Returns 0, or -1 if it failed. */
int doveadm_seal_replace(struct mailbox *box,
			 enum mailbox_transaction_flags flags,
			 const ARRAY_TYPE(doveadm_seal_replacement) *list,
			 unsigned int *kept_r);

#endif
