/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_OWN_MESSAGE_H
#define MAIL_SEAL_OWN_MESSAGE_H

struct mail_seal_settings;

/* A message that mail_seal itself writes to the owner. */
struct mail_seal_own_message {
	/* UTF-8; the body with LF line ends */
	const char *subject, *body;
	/* The Message-ID is made of these words and of whose mailbox it is:
	   the same words, the same ID, whichever back end writes it. It can be
	   read by everybody, so there may be no secret in it. */
	const char *id;
	/* It holds a code: rather fail than store it unsealed. It is also
	   sealed to what has expired, as of its last second: whoever had that
	   can still read it. */
	bool secret;
	/* Only if INBOX has got none with this Message-ID since then; 0 = don't
	   look. Somebody with the password can put one there. */
	time_t once_since;
};

/* Stores it in the owner's INBOX, sealed to these certificates and to nothing
   else. If they are NULL, or none of them can be used, it is stored as it is,
   unless it is secret. Works within a transaction of another mailbox; the
   storage's last error stays what it was.

   Returns 1; 0 if it was there already; or -1 and one sentence for the owner,
   without paths, from the data stack. What went wrong on the server is in the
   log then. */
int mail_seal_own_message_store(const struct mail_seal_settings *set,
				const struct mail_seal_own_message *message,
				const buffer_t *certificates,
				const char **error_r);

/* The address such messages go to, from the data stack. */
const char *
mail_seal_own_message_address(const struct mail_seal_settings *set);

#endif
