/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_OWNER_H
#define MAIL_SEAL_OWNER_H

#include "keys.h"
#include "state.h"

/* What the owner's state doesn't know yet */
struct mail_seal_owner_news {
	/* of the certificates that mail is sealed to, NULL-terminated; NULL if
	   there are no news */
	const char *const *fingerprints;
	/* what the judge has said of them, or NULL */
	const char *facts;
	/* what mail_seal_state_enrol() wants */
	time_t withdrawn_before;
};

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
	struct mail_seal_owner_news news;
};

/* Reads the owner's keys and state anew, so that a changed key counts at once.
   For a save, keys of the last seconds will do (mail_seal_key_cache) as long
   as they are what the state knows: so a change on this back end counts at
   once, too. Strings are from the data stack. */
void mail_seal_owner_judge(const struct mail_seal_settings *set, bool for_save,
			   struct mail_seal_owner *owner_r);
/* Frees the recipients. */
void mail_seal_owner_free(struct mail_seal_owner *owner);

/* A message was sealed to these certificates: remembers what is new, and says
   in the log if they are others than before. Then the owner has to be told, by
   mail_seal_notify_owed(). */
void mail_seal_owner_note_sealed(struct mail_user *owner,
				 const struct mail_seal_owner_news *news);

/* An administrator has switched sealing off for an owner who was enrolled:
   says so in the log. */
void mail_seal_owner_note_unsealed(struct mail_user *owner);

#endif
