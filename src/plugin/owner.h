/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_OWNER_H
#define MAIL_SEAL_OWNER_H

#include "keys.h"
#include "state.h"

/* What there is to know of a mailbox's owner before a message is saved: his
   keys, what the mail store remembers of them, and what follows. */
struct mail_seal_owner {
	const struct mail_seal_settings *set;
	/* with recipients, if usable */
	struct mail_seal_keys keys;
	struct mail_seal_state state;
	struct mail_seal_verdict verdict;
	/* why there is no key to seal to, for the log; or NULL */
	const char *log_error;
	/* the fingerprints that the state doesn't know yet; or NULL */
	const char *const *new_fingerprints;
};

/* Reads the owner's keys and state anew, so that a changed key counts at once.
   Strings are from the data stack. */
void mail_seal_owner_judge(const struct mail_seal_settings *set,
			   struct mail_seal_owner *owner_r);
/* Frees the recipients. */
void mail_seal_owner_free(struct mail_seal_owner *owner);

/* A message was sealed to these certificates, which the owner's state didn't
   know: remembers them, and says so in the log. */
void mail_seal_owner_note_sealed(struct mail_user *owner,
				 const char *const *fingerprints);

/* An administrator has switched sealing off for an owner who was enrolled:
   says so in the log. */
void mail_seal_owner_note_unsealed(struct mail_user *owner);

#endif
