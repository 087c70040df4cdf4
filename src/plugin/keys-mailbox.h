/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_KEYS_MAILBOX_H
#define MAIL_SEAL_KEYS_MAILBOX_H

#include "dovecot-compat.h"

struct mail_seal_settings;

/* The mailbox into which owners put their certificates (mail_seal_keys_mailbox).
   A message that its owner puts there himself (owners-act.h) must have one
   that can be enrolled, or it isn't stored. The certificate is offered when
   the message is about to be committed. A kill after that leaves what the owner
   does once more; the other way round he would wait for an answer in vain. */

/* Is it this owner's? */
bool mail_seal_is_keys_mailbox(struct mailbox *box,
			       const struct mail_seal_settings *set);

/* A message has been saved, or is to be copied. Returns 0, also if it is none
   of ours; or -1 and a storage error for the client. */
int mail_seal_keys_mailbox_saved(struct mail_save_context *ctx);
int mail_seal_keys_mailbox_copying(struct mail_save_context *ctx,
				   struct mail *mail);

/* The transaction is about to be committed. Returns 0; or -1, and it mustn't
   be: the storage error is set. */
int mail_seal_keys_mailbox_commit(struct mailbox_transaction_context *t);

#endif
