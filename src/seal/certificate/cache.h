/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CERTIFICATE_CACHE_H
#define CERTIFICATE_CACHE_H

#include "key-file.h"

/* Certificates that a process keeps, those used last up to this many bytes:
   an lmtp process serves many owners. What was judged under one uid is found
   under that uid only. */
#define CERTIFICATE_CACHE_BYTES (8*1024*1024)

/* key is a digest of all that was read. Returns NULL if there is nothing that
   holds at this time. *facts_r stays the cache's. */
const struct certificate_list *
certificate_cache_lookup(const char *key, uid_t uid, time_t now,
			 const char **facts_r);
/* Takes the array, and facts, which may be NULL. The list holds from judged up to, but without, until; 0 =
   for ever. */
void certificate_cache_add(const char *key, uid_t uid, time_t judged,
			   time_t until, GPtrArray *certificates,
			   const char *note, char *facts);
/* Keeps that it was refused, for this reason, for some minutes: what takes gpg
   long to say shall not take it with each message. Only such is worth it. */
void certificate_cache_add_refusal(const char *key, uid_t uid, time_t now,
				   const char *reason);
/* Returns the reason, or NULL. */
const char *certificate_cache_lookup_refusal(const char *key, uid_t uid,
					     time_t now);
void certificate_cache_clear(void);

#endif
