/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_MAILBOX_H
#define MAIL_SEAL_MAILBOX_H

struct hash_method;
struct mailbox;
struct mailbox_transaction_context;

/* Takes over the mailbox's save and copy. */
void mail_seal_mailbox_allocated(struct mailbox *box);

/* How many messages has this transaction saved through the seal? */
unsigned int
mail_seal_transaction_sealed_count(struct mailbox_transaction_context *t);

/* Hashes the sealed message of this transaction's next save, as the storage
   reads it. context is initialised and must live until the save is finished
   or cancelled. */
void mail_seal_transaction_hash_next(struct mailbox_transaction_context *t,
				     const struct hash_method *method,
				     void *context);

#endif
