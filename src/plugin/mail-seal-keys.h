/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_KEYS_H
#define MAIL_SEAL_KEYS_H

#include "mail-seal-policy.h"

struct mail_seal_recipients;

/* What came of looking for an owner's keys */
struct mail_seal_keys {
	enum mail_seal_key_state state;
	/* if usable: whom to seal to. Free with the sealer's
	   recipients_free(). */
	struct mail_seal_recipients *recipients;
	/* if not: for the log, names files and causes */
	const char *log_error;
	/* and for who saves the message: half a sentence, no paths */
	const char *reason;
};

/* Finds the certificates of the owner with these settings: the first source
   that has any, and the extra keys. Strings are from the data stack. */
void mail_seal_keys_get(const struct mail_seal_settings *set,
			struct mail_seal_keys *keys_r);

#endif
