/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef COPY_ENGINE_H
#define COPY_ENGINE_H

#include "engine.h"
#include "message/seal.h"

#include <glib.h>

/* Engines that encrypt nothing, so that the envelope holds the plaintext, in
   what looks like an encrypted message without a key: one for each form of
   sealed message. OpenPGP: a session key packet of COPY_START bytes, then a
   container with COPY_PREFIX bytes before the plaintext and COPY_MDC behind
   it. */
extern const struct engine engine_copy_pgp_mime;
extern const struct engine engine_copy_smime;
#define COPY_START 15
#define COPY_PREFIX 19
#define COPY_MDC 22
/* The same with nothing around the plaintext: no message may be sealed so. */
extern const struct engine engine_bare_pgp_mime;
extern const struct engine engine_bare_smime;
/* Somebody to seal to, with the fingerprint 0123456789ABCDEF..., 40 digits */
extern struct certificate *const copy_engine_recipients[1];
/* What says so in the message */
#define COPY_ENGINE_MARK "X-Mail-Seal: v=1; " \
	"keys=0123456789ABCDEF0123456789ABCDEF01234567\r\n"

/* Seals a message with such an engine, pushed in pieces of step. Returns what
   comes out and, in *inside_r, what the engine was given; *sealing_r tells
   whether it was sealed. Ends the process when sealing fails. The caller frees
   both strings. */
GString *
copy_engine_seal(const struct engine *engine, const char *message,
		 size_t size, size_t step, const char *const *protect_headers,
		 GString **inside_r, bool *sealing_r);

#endif
