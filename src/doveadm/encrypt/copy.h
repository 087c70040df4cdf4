/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_COPY_H
#define DOVEADM_SEAL_COPY_H

#include "journal.h"

struct mail;
struct mailbox_transaction_context;
struct mail_seal_plugin_interface;

/* Sealed copies of messages. They are known by the SHA-256 of all of their
   bytes but CRs, which storages add and take away at line ends: the digest, in
   hex digits, from the data stack. */

/* Saves a sealed copy of the message with its flags and dates. copy_r gets a
   mark and the digest, which is NULL in an mbox, whose input can't be hashed;
   its strings are from the data stack. If it is the first one in its
   transaction, first must be set. Returns 1; 0 if it wasn't sealed; -1 with the
   storage's error set. */
int doveadm_seal_copy_save(const struct mail_seal_plugin_interface *plugin,
			   struct mailbox_transaction_context *t,
			   struct mail *mail, bool first,
			   struct doveadm_seal_copy *copy_r);

/* Is the stored message this copy, complete to its last byte? Not if it can't
   be read. */
bool doveadm_seal_copy_check(const struct mail_seal_plugin_interface *plugin,
			     struct mail *mail,
			     const struct doveadm_seal_copy *copy);

/* Finds the copies of a run that was killed, and says which of them aren't
   whole. Of several of one original, expunges all but one. */
void doveadm_seal_copies_find(const struct mail_seal_plugin_interface *plugin,
			      struct mailbox_transaction_context *t,
			      struct doveadm_seal_journal *journal);

/* Copies whose originals have gone leave the journal, but while those may come
   back. */
void doveadm_seal_copies_forget(struct mailbox_transaction_context *t,
				struct doveadm_seal_journal *journal,
				bool may_come_back);

#endif
