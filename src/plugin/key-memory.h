/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_KEY_MEMORY_H
#define MAIL_SEAL_KEY_MEMORY_H

/* What a source has said of certificates a short time ago: a user who copies a
   thousand messages would else ask a thousand times. Each user has his own, so
   that nobody's certificates are found by another; it goes when his session
   ends, and a delivery is a session of its own.

   Only certificates are remembered: never that there are none, and no failure.
   Times are those of a clock that nobody sets. */

/* So many at most: a user has few sources, and team mailboxes each have one. */
#define MAIL_SEAL_KEY_MEMORY_COUNT 8
/* of one, in bytes: more isn't remembered */
#define MAIL_SEAL_KEY_MEMORY_SIZE (64 * 1024)

struct mail_seal_key_memory_entry {
	/* which source, and whose certificates in it; NULL: free */
	char *where, *whose;
	buffer_t *content;
	/* when it was asked */
	uint64_t asked_msecs;
};

struct mail_seal_key_memory {
	struct mail_seal_key_memory_entry entries[MAIL_SEAL_KEY_MEMORY_COUNT];
};

/* Appends to content what the source had of this one's, if it was asked less
   than so long before now. Returns FALSE if that isn't known. */
bool mail_seal_key_memory_find(struct mail_seal_key_memory *memory,
			       const char *where, const char *whose,
			       uint64_t now_msecs, uint64_t max_age_msecs,
			       buffer_t *content);
/* Remembers this, in place of what was known, or of the oldest. */
void mail_seal_key_memory_keep(struct mail_seal_key_memory *memory,
			       const char *where, const char *whose,
			       uint64_t asked_msecs,
			       const void *data, size_t size);
void mail_seal_key_memory_forget(struct mail_seal_key_memory *memory,
				 const char *where, const char *whose);
/* Forgets all, and frees what was allocated. */
void mail_seal_key_memory_clear(struct mail_seal_key_memory *memory);

#endif
