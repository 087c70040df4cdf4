/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef ENGINE_H
#define ENGINE_H

#include "certificate/certificate.h"
#include "format/envelope.h"
#include "seal-error.h"

/* What encrypts. An engine takes plaintext as it comes and gives ciphertext,
   in the engine's binary form, as it is ready. */

struct engine_params {
	/* one or more; they must live until the job is freed */
	struct certificate *const *recipients;
	size_t recipient_count;
	/* what an engine doesn't know it leaves alone */
	bool compress;
	bool rsa_oaep;
	/* which of a certificate's keys can be used depends on it */
	time_t now;
	/* how long the engine may keep us waiting for one message */
	unsigned int timeout_secs;

	/* Takes ciphertext. Returns -1, with error set, to make the job
	   fail. */
	int (*output)(const void *data, size_t size, void *context,
		      struct seal_error *error);
	void *context;
};

struct engine_job;

struct engine {
	const char *name;
	/* what its ciphertext goes into */
	const struct envelope_format *format;

	/* Returns NULL if the engine can't be started. */
	struct engine_job *(*start)(const struct engine_params *params,
				    struct seal_error *error);
	/* Encrypts all of data before it returns. Returns 0 or -1. */
	int (*write)(struct engine_job *job, const void *data, size_t size,
		     struct seal_error *error);
	/* The plaintext is complete. Returns 0 only if the ciphertext is
	   complete too and the engine is sure of it. */
	int (*finish)(struct engine_job *job, struct seal_error *error);
	/* Ends the engine's process if it still runs. */
	void (*free)(struct engine_job *job);
};

/* RFC 9580, by libcrypto in process */
extern const struct engine engine_openpgp_libcrypto;
/* RFC 9580, by GPGME */
extern const struct engine engine_openpgp_gpg;
/* RFC 5652, by OpenSSL */
extern const struct engine engine_smime;

#endif
