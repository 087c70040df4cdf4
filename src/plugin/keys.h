/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_KEYS_H
#define MAIL_SEAL_KEYS_H

#include "policy.h"

struct mail_seal_recipients;

/* What came of looking for an owner's keys */
struct mail_seal_keys {
	enum mail_seal_key_state state;
	/* they aren't asked for now: the source has said it a short time ago */
	bool remembered;
	/* what was judged, as it was read: the owner's, and those of the
	   settings' extra_keys. From the data stack; NULL if there are none or
	   they couldn't be read. */
	const buffer_t *certificates, *extra;
	/* if missing: when the owner withdrew, as a source says; or 0 */
	time_t withdrawn;
	/* if usable: whom to seal to. Free with the core's
	   recipients_unref(). */
	struct mail_seal_recipients *recipients;
	/* and those that can't be used, as the core's recipients_left_out()
	   says; or NULL */
	const char *const *left_out;
	/* what the owner's state should have of them from now on, or NULL if
	   it has that */
	const char *new_facts;
	/* if not: for the log, names files and causes */
	const char *log_error;
	/* and for who saves the message: half a sentence, no paths */
	const char *reason;
};

/* Reads the first source that has anything and names it. Returns 1, 0 if none
   has, or -1. */
int mail_seal_keys_read(const struct mail_seal_settings *set,
			buffer_t *certificates, const char **where_r,
			struct seal_error *error);

/* When the owner withdrew, if no source has certificates and one says so; or
   0 */
time_t mail_seal_keys_get_withdrawn(const struct mail_seal_settings *set);

/* Reads the settings' extra_keys and names where they are. Returns 0, or -1 if
   there are none or they can't be read. */
int mail_seal_keys_read_extra(const struct mail_seal_settings *set,
			      buffer_t *certificates, const char **where_r,
			      struct seal_error *error);

/* Finds the certificates of the owner with these settings: the first source
   that has any, and the extra keys. facts is what the owner's state has of
   them, or NULL. Those of the last seconds are enough for a save, if they can
   be used (mail_seal_key_cache). Strings are from the data stack. */
void mail_seal_keys_get(const struct mail_seal_settings *set,
			const char *facts, bool for_save,
			struct mail_seal_keys *keys_r);

#endif
