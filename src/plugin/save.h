/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_SAVE_H
#define MAIL_SEAL_SAVE_H

#include "transaction.h"

/* A save's input is replaced by a stream that reads as the sealed message, so
   that nothing downstream (storage, caches, other plugins) sees anything
   else. */

int mail_seal_save_begin(struct mail_save_context *ctx, struct istream *input);
int mail_seal_save_continue(struct mail_save_context *ctx);
int mail_seal_save_finish(struct mail_save_context *ctx);
void mail_seal_save_cancel(struct mail_save_context *ctx);

/* Forgets the message that was saved last. */
void mail_seal_save_reset(struct mail_seal_transaction *st);

/* Make the save or copy fail, by what was decided or with this sentence. */
void mail_seal_fail_by_decision(struct mail_save_context *ctx,
				const struct mail_seal_decision *decision);
void mail_seal_fail(struct mail_save_context *ctx, const char *sentence);
/* Says what the administrator has allowed but should know of: a message that is
   stored as it came, or that some of a group can't read. */
void mail_seal_warn_by_decision(struct mailbox *box,
				const struct mail_seal_decision *decision);

#endif
