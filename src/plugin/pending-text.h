/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_PENDING_TEXT_H
#define MAIL_SEAL_PENDING_TEXT_H

#include "gate.h"

/* What an owner has asked for, and what it waits for, as text: a head of
   "mail-seal: NAME=VALUE" lines, then the certificates. It becomes the active
   key file by a rename, head and all; so a key file may begin with such a
   head, which is no part of it. Knows nothing of where it lies; see
   pending.h.

	mail-seal: pending 1
	mail-seal: since=1764102000
	mail-seal: way=metadata
	mail-seal: who=alice
	mail-seal: keys=4F8B...
	mail-seal: code=new SHA-256
	mail-seal: end
	-----BEGIN PGP PUBLIC KEY BLOCK-----
*/

/* A code that was sent */
struct mail_seal_pending_code {
	enum mail_seal_gate_code kind;
	/* mail_seal_code_hash() */
	const char *hash;
};

/* The owner was told this, then. */
struct mail_seal_pending_notice {
	/* one word */
	const char *name;
	time_t when;
};

struct mail_seal_pending {
	/* the certificates are to be taken away, not set */
	bool withdraw;
	time_t since;
	/* by what and by whom, see enrol.h */
	const char *way, *who;
	/* fingerprints of the certificates, NULL-terminated; NULL if they are
	   to be taken away */
	const char *const *keys;
	/* of those that were active then; NULL if none were */
	const char *const *old_keys;
	const struct mail_seal_pending_code *codes;
	unsigned int code_count;
	/* when one of each kind was given back, or 0 */
	time_t given[MAIL_SEAL_GATE_CODE_COUNT];
	const struct mail_seal_pending_notice *notices;
	unsigned int notice_count;
	/* the certificates as text, or what stands in their place */
	const char *certificates;
};

/* Reads what mail_seal_pending_print() has written. Returns 0, or -1 if it
   isn't that. Allocated from the pool. */
int mail_seal_pending_parse(const char *text, pool_t pool,
			    struct mail_seal_pending *pending_r);
/* Does it begin as such a text, be it damaged? */
bool mail_seal_pending_is_ours(const char *text);
void mail_seal_pending_print(const struct mail_seal_pending *pending,
			     string_t *text);
/* Adds the hash of a code that is sent. Allocated from the pool. */
void mail_seal_pending_add_code(struct mail_seal_pending *pending,
				enum mail_seal_gate_code kind,
				const char *hash, pool_t pool);
/* Adds that the owner was told this. Allocated from the pool. */
void mail_seal_pending_add_notice(struct mail_seal_pending *pending,
				  const char *name, time_t when, pool_t pool);

/* Returns how many bytes of head a key file has; mostly 0. Of heads that follow
   one none counts, and they are no certificates either. */
size_t mail_seal_pending_head_size(const void *data, size_t size);
/* Returns where what somebody offers begins: heads are for us to write, and a
   byte order mark can't follow one. */
size_t mail_seal_pending_offered_start(const void *data, size_t size);

/* The head of certificates that were set after the owner had withdrawn others,
   where many back ends read them: of which none must take that withdrawal for a
   new one, nor a new one for that, whatever their clocks say.

	mail-seal: pending 1
	mail-seal: withdrawn=1764102000
	mail-seal: end
*/
const char *mail_seal_pending_head_withdrawn(time_t when);
/* Returns when that was by the head that this begins with, or 0. */
time_t mail_seal_pending_head_when_withdrawn(const void *data, size_t size);

#endif
