/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_DECLINED_H
#define MAIL_SEAL_DECLINED_H

#include "declined-text.h"

struct mail_seal_settings;
struct mail_user;
struct seal_error;

/* What an owner declined, in a small file of its own beside his state, which
   says that he is enrolled, and is gone when he has withdrawn. As that it is
   each back end's own, belongs to the owner, can only harm him, and is no loss:
   then he is asked once more. */

/* He declined these, NULL-terminated or NULL, at this time. If it can't be
   remembered, that is in the log. */
void mail_seal_declined_note(struct mail_user *owner,
			     enum mail_seal_declined_kind kind, time_t when,
			     const char *const *fingerprints);
/* It is found out which certificates those were that weren't known
   (MAIL_SEAL_DECLINED_UNKNOWN). */
void mail_seal_declined_identify(struct mail_user *owner,
				 const struct mail_seal_declined_entry *entry,
				 const char *const *fingerprints);
/* They are what he wants, after all. */
void mail_seal_declined_forget(struct mail_user *owner,
			       const char *const *fingerprints);

/* When he last withdrew a certificate, as far as this mail store remembers, or
   0; and whether that was since then */
time_t mail_seal_declined_last_withdrawn(struct mail_user *owner);
bool mail_seal_declined_has_withdrawn(struct mail_user *owner, time_t since);
/* What is remembered as text, and when that was last changed. Returns 1, 0 if
   there is nothing, or -1 and why it can't be read. */
int mail_seal_declined_get_text(struct mail_user *owner, string_t *text,
				time_t *changed_r, const char **error_r);
/* Adds what another mail store remembers. Returns 0 or -1 and why not. */
int mail_seal_declined_add_text(struct mail_user *owner, const char *text,
				const char **error_r);

/* Reads what he has declined, until now; also what a source that many back
   ends read says, and what has run out without anybody having noted it. Which
   certificates those were that another back end's word is about isn't known:
   MAIL_SEAL_DECLINED_UNKNOWN. Returns 0 or -1. Strings are from the data
   stack. */
int mail_seal_declined_get(const struct mail_seal_settings *set,
			   struct mail_seal_declined *declined_r,
			   struct seal_error *error);

#endif
