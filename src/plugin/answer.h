/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_ANSWER_H
#define MAIL_SEAL_ANSWER_H

#include "dovecot-compat.h"

struct mail_deliver_context;
struct mail_seal_settings;
struct mail_seal_transaction;

/* The ways by which an owner gives back a code (enrol.h) with any mail client:
   a message to himself, a draft or what is kept in Sent, with the code as its
   Subject; or a new mailbox with the code as its name. */

/* A message comes to its owner: counts before his keys are judged. */
void mail_seal_answer_delivered(struct mail_deliver_context *ctx,
				const struct mail_seal_settings *set);

/* A message is about to be saved. Returns the stream to save it from, which is
   the transaction's: its Subject is read as it passes by, before it may be
   hidden. */
struct istream *mail_seal_answer_watch(struct mail_save_context *ctx,
				       struct istream *input);
/* It has been saved. */
void mail_seal_answer_saved(struct mail_save_context *ctx);
/* It isn't stored for want of a key that can be used: the code that would give
   the owner one counts all the same. */
void mail_seal_answer_refused(struct mail_save_context *ctx);
/* The messages have been committed: their codes count, whatever comes of it.
   The transaction is gone. */
void mail_seal_answer_committed(struct mailbox *box,
				struct mail_seal_transaction *st);
/* They have been rolled back: only a code in one that was refused counts. */
void mail_seal_answer_rolled_back(struct mailbox *box,
				  struct mail_seal_transaction *st);

/* Overrides create_box: a code as a name makes no mailbox. */
int mail_seal_create_box(struct mailbox *box,
			 const struct mailbox_update *update, bool directory);

#endif
