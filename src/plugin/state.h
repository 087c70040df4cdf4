/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_STATE_H
#define MAIL_SEAL_STATE_H

#include "state-text.h"

struct mail_user;

/* The owner's state: a small file beside Dovecot's own per-user control files,
   where `subscriptions` is. By it the mail store itself knows that mail is
   sealed, whatever has become of the certificates.

   It belongs to the owner, can only harm him, and is no loss: it is made again
   by the next message that is sealed. */

/* Reads the state of this owner. Returns 1; 0 if there is none, or none can be
   here; or -1 with why it can't be read, if what is there should be readable.
   What another uid's file says can't be asked, and counts as none. state_r is
   allocated from the data stack. */
int mail_seal_state_read(struct mail_user *owner,
			 struct mail_seal_state *state_r,
			 const char **error_r);

/* Remembers that the owner's mail is sealed to these certificates,
   NULL-terminated, of which the judge has said this (or NULL), although a
   source's word is that he withdrew then (or 0). They came by this way, a word
   that never changes, just now; NULL: nobody told us how, if they are others.
   Since when it is, stays. Returns 0, also if no state can be here, or -1 and
   why it couldn't be written. */
int mail_seal_state_enrol(struct mail_user *owner,
			  const char *const *fingerprints, const char *facts,
			  time_t withdrawn_before, const char *way,
			  const char **error_r);
/* Remembers what the owner was told, in place of what was remembered; and what
   he has yet to be told, or NULL (state-text.h). Where there is no state, or a
   damaged one, that isn't remembered. Return 0 or -1 as above. */
int mail_seal_state_set_told(struct mail_user *owner, const char *const *told,
			     const char **error_r);
int mail_seal_state_set_owed(struct mail_user *owner, const char *owed,
			     const char **error_r);
/* dsync has brought messages that a server had sealed for this owner, the latest
   of them then: remembers that he is enrolled, if there is no state. Returns 0
   or -1 as above. */
int mail_seal_state_note_moved(struct mail_user *owner, time_t sealed,
			       const char **error_r);
/* The state as text, and when it was last changed. Returns as
   mail_seal_state_read(). */
int mail_seal_state_get_text(struct mail_user *owner, string_t *text,
			     time_t *changed_r, const char **error_r);
/* Adds the text of another mail store's state. What isn't one is left alone.
   Returns 0 or -1 as above. */
int mail_seal_state_add_text(struct mail_user *owner, const char *text,
			     const char **error_r);
/* Forgets it: the owner has withdrawn. Returns 1, 0 if there was nothing to
   forget, or -1 and why that can't be done. */
int mail_seal_state_withdraw(struct mail_user *owner, const char **error_r);

#endif
