/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_STATE_SYNC_H
#define MAIL_SEAL_STATE_SYNC_H

struct istream;
struct mail;
struct mail_save_context;
struct mailbox;
struct mailbox_vfuncs;

/* dsync takes an owner's mail to another mail store, which is to remember what
   the first one does. */

/* Takes over the attributes of a mailbox that dsync works on. */
void mail_seal_state_sync_hook(struct mailbox *box, struct mailbox_vfuncs *v);

/* A message is about to be saved. Returns the stream to save it from, which is
   the transaction's if dsync brings it. */
struct istream *mail_seal_state_sync_watch(struct mail_save_context *ctx,
					   struct istream *input);
/* It has been saved. */
void mail_seal_state_sync_saved(struct mail_save_context *ctx);
/* A message of another mail store has been copied, without a save. */
void mail_seal_state_sync_copied(struct mail_save_context *ctx,
				 struct mail *mail);
/* The messages of the transaction have been committed; the latest one that was
   sealed came then, or 0. */
void mail_seal_state_sync_committed(struct mailbox *box, time_t sealed);

#endif
