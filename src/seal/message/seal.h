/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef SEAL_H
#define SEAL_H

#include "../certificate/certificate.h"
#include "../seal-error.h"
#include "queue.h"

#include <sys/types.h>

/* Turns a message into its sealed form: bytes of the message go in as they
   come, bytes of the sealed message come out as they are ready, and memory
   doesn't grow with the message. A message that is encrypted already comes
   out as it went in.

   This is all that a user of src/seal needs. It knows nothing of Dovecot. */

struct engine;

struct seal_params {
	/* what encrypts; NULL: what fits the recipients */
	const struct engine *engine;
	/* which of OpenPGP's engines that may be, by its name in backends.c;
	   NULL or "auto": the first that can */
	const char *openpgp_engine;
	/* whom to seal to: one or more, all usable, all of one kind */
	struct certificate *const *recipients;
	size_t recipient_count;
	/* or none: then a message that isn't encrypted already fails, with
	   this text and SEAL_ERROR_UNUSABLE_KEY */
	const char *refusal;
	/* names of header fields to hide outside, NULL-terminated; or NULL.
	   See header-protect.h (OpenPGP) */
	const char *const *protect_headers;
	/* compress before encrypting (OpenPGP) */
	bool compress;
	/* RSAES-OAEP instead of PKCS #1 v1.5 (S/MIME) */
	bool rsa_oaep;
	/* how long an engine may keep us waiting for one message */
	unsigned int timeout_secs;
	/* at which time the recipients are usable; 0 = now */
	time_t when;
	/* Makes the temporary file for what has to be held back and is too
	   large for memory. Only ciphertext goes there. */
	seal_spool_open_t *spool_open;
	void *spool_context;
};

struct seal;

/* Takes references to the recipients and copies the text. */
struct seal *seal_new(const struct seal_params *params);
/* Ends the engine if it still runs. */
void seal_free(struct seal **seal);

/* Takes up to size bytes of the sealed message. Returns how many; 0 when none
   are ready: push more, or if the message is complete, that was all; or -1
   with error set: nothing of this message may be kept. */
ssize_t seal_pull(struct seal *seal, void *data, size_t size,
		  struct seal_error *error);
/* Takes the next bytes of the message. Call it only after seal_pull()
   returned 0, so that what is ready doesn't pile up. Returns 0 or -1. */
int seal_push(struct seal *seal, const void *data, size_t size,
	      struct seal_error *error);
/* The message is complete. What is left of it is for seal_pull() to take.
   Only when that returns 0 has sealing succeeded. */
void seal_finish(struct seal *seal);
/* seal_finish() was called and seal_pull() has returned all. */
bool seal_is_complete(const struct seal *seal);
/* The message comes out sealed, rather than as it went in. Known once bytes
   have come out. */
bool seal_is_sealing(const struct seal *seal);
/* The name of the engine that seals the message, or has tried to; NULL as long
   as there was nothing to seal. */
const char *seal_engine_name(const struct seal *seal);

/* seal_new() does this by itself. Needed for seal_detector_new() alone. Costs
   nothing the second time. */
void seal_library_init(void);
/* Frees what the library keeps from one message to the next. */
void seal_deinit(void);

#endif
