/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_DELIVER_H
#define MAIL_SEAL_DELIVER_H

#include "owner.h"

/* For a transaction with several recipients lmtp takes the message as the
   first one's mailbox stored it as the source for all others
   (lmtp-local.c lmtp_local_deliver_to_rcpts()). Sealed, that is a message the
   others can't read. So recipients who seal don't become the source. The
   others do, and their files are hard links to each other, as without us.

   And the owner's keys are judged before Sieve runs, once for a delivery. */

/* A delivery to one recipient that is going on */
struct mail_seal_delivery {
	/* what was found before it began; set is NULL if that wasn't asked */
	struct mail_seal_owner owner;
	/* of the recipient's address, "" if there is none */
	const char *detail;
};

/* Returns this user's delivery, or NULL if none is going on. */
const struct mail_seal_delivery *
mail_seal_delivery_of(const struct mail_user *user);

/* Puts our hook in front of all others. Called for each user, because Sieve's
   hook doesn't call the one before it. Does nothing in processes that don't
   deliver. */
void mail_seal_deliver_hook(void);
void mail_seal_deliver_unhook(void);

#endif
