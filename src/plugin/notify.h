/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_NOTIFY_H
#define MAIL_SEAL_NOTIFY_H

struct mail_seal_settings;
struct mail_user;

/* Tells owners what is due. */

/* A line about what was done for an owner, or couldn't be: which notice (see
   MAIL_SEAL_NOTICES), or "pending"; and what came of it, a sentence. */
typedef void mail_seal_notify_callback_t(void *context, const char *notice,
					 const char *result, bool failed);

/* Tells this owner all that is due: to be called once a day. Also ends what has
   been pending for too long, and makes a change that was announced for long
   enough. Each notice is stored once, however often this is called, and on
   whichever back end. */
void mail_seal_notify(const struct mail_seal_settings *set,
		      mail_seal_notify_callback_t *callback, void *context);

/* Tells this owner of a change by hand, if his state has one that he wasn't
   told of. If that can't be, it stays for the next time. */
void mail_seal_notify_owed(struct mail_user *owner);

#endif
