/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_JOURNAL_H
#define DOVEADM_SEAL_JOURNAL_H

#include "array-decl.h"

/* Which copies a run saves beside their originals: a small file among the
   mailbox's control files, written before the copies are there and removed
   when the originals are gone. After a kill a message counts as a copy only if
   this file says so and its bytes are those that were saved: whoever may put
   messages into the mailbox can't make one. */

struct mailbox;
struct doveadm_seal_journal;

struct doveadm_seal_copy {
	/* its original */
	uint32_t original_uid;
	const char *original_guid;
	/* random, hex digits: how it is recognised in the mailbox */
	const char *mark;
	/* of its bytes, see copy.h; in a journal it is never NULL */
	const char *digest;

	/* where it was found, whole; 0 if it wasn't. Not in the file. */
	uint32_t uid;
	/* its original has gone, and may come back. Not in the file. */
	bool original_gone;
};
ARRAY_DEFINE_TYPE(doveadm_seal_copies, struct doveadm_seal_copy *);

/* Reads the journal of an open mailbox, which is locked until it is closed.
   One that isn't there, that others could have written, or that is for another
   UIDVALIDITY is empty. Returns 0, or -1 with the storage's error set. */
int doveadm_seal_journal_open(struct mailbox *box,
			      struct doveadm_seal_journal **journal_r);
void doveadm_seal_journal_close(struct doveadm_seal_journal **journal);

/* The copies, in no order */
const ARRAY_TYPE(doveadm_seal_copies) *
doveadm_seal_journal_copies(struct doveadm_seal_journal *journal);
/* Returns the copy of this original, the last that was found if any was, or
   NULL. */
struct doveadm_seal_copy *
doveadm_seal_journal_find(struct doveadm_seal_journal *journal,
			  uint32_t original_uid, const char *original_guid);
/* Returns the whole copy whose original has this GUID and had gone when the
   message with this UID came, or NULL. */
struct doveadm_seal_copy *
doveadm_seal_journal_find_restored(struct doveadm_seal_journal *journal,
				   uint32_t uid, const char *original_guid);
/* Adds a copy. Older ones of the same original stay known, but for the oldest
   of many: a storage that is repaired can bring them back. Strings are
   copied. */
struct doveadm_seal_copy *
doveadm_seal_journal_add(struct doveadm_seal_journal *journal,
			 const struct doveadm_seal_copy *copy);
/* Removes all copies of the original that this is a copy of. */
void doveadm_seal_journal_remove(struct doveadm_seal_journal *journal,
				 const struct doveadm_seal_copy *copy);

/* Writes it to the disk for good if it was changed; without copies there is no
   file. Returns 0, or -1 with the storage's error set. */
int doveadm_seal_journal_write(struct doveadm_seal_journal *journal);

#endif
