/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_DECIDE_H
#define MAIL_SEAL_DECIDE_H

#include "owner.h"

struct mail_seal_recipients;

/* What to do with one message */
struct mail_seal_decision {
	enum mail_seal_action action;
	/* there is nothing to seal here, whatever the keys */
	bool exempt;
	/* virtual: nothing to decide or to report, the mailbox behind it will */
	bool virtual;
	enum mail_seal_reason reason;
	const struct mail_seal_settings *set;
	/* if sealing */
	struct mail_seal_recipients *recipients;
	/* names of the header fields to hide, or NULL */
	const char *const *protect_headers;
	/* why there is no key to seal to, or NULL */
	const char *log_error;
	/* if failing; but what is encrypted already needn't fail */
	const char *sentence;
	/* what the log says of it in any case, or NULL: why it is stored as it
	   came although there is a key, or who of a group can't read it */
	const char *warning;
	/* the mailbox is a group's: an encrypted message that is put there may
	   be for one of them only */
	bool group;
	/* to be noted when the message is sealed */
	struct mail_seal_owner_news news;
};

/* Decides for a message that is to be saved or copied with this context.
   Reads the owner's keys anew, so that a changed key counts at once. Strings
   are from the data stack. */
void mail_seal_decide(struct mail_save_context *ctx,
		      struct mail_seal_decision *decision_r);

/* The same for whatever is stored in this mailbox, but by dsync. */
void mail_seal_decide_for_mailbox(struct mailbox *box,
				  struct mail_seal_decision *decision_r);

/* Is nothing sealed in this mailbox, whatever the keys? Returns 1, 0, or -1
   and why that can't be told. */
int mail_seal_mailbox_is_exempt(struct mailbox *box, const char **error_r);

/* The name of the setting that names the mailbox, mail_seal_exclude or
   mail_seal_keys_mailbox, if its messages would be sealed otherwise; else
   NULL. */
const char *mail_seal_mailbox_excluded_by(struct mailbox *box);
/* May any mailbox of this one's owner be such a one? Reads his keys. */
bool mail_seal_mailbox_may_exclude(struct mailbox *box);

/* Frees the recipients. */
void mail_seal_decision_free(struct mail_seal_decision *decision);

#endif
