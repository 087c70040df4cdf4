/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef OPENPGP_RECIPIENT_H
#define OPENPGP_RECIPIENT_H

#include "../certificate/certificate.h"
#include "../format/openpgp-key.h"
#include "../seal-error.h"

#include <openssl/evp.h>

/* A recipient's key as libcrypto has it, and the session key packets for
   it. */

/* AES-256, RFC 9580 section 9.3 */
#define OPENPGP_SESSION_KEY_SIZE 32
/* The largest shared secret: P-521's */
#define OPENPGP_SHARED_MAX 66
/* The largest key that wraps a session key */
#define OPENPGP_KEK_MAX 32

struct openpgp_recipient {
	uint64_t id;
	uint8_t fingerprint[20];
	/* its fields point into packet */
	struct openpgp_key fields;
	uint8_t *packet;
	EVP_PKEY *key;
	/* RSA: ready to encrypt, again and again; else NULL */
	EVP_PKEY_CTX *rsa;
};

/* Returns the key that a message is sealed to at this time. It stays the
   certificate's and is made once, for as long as the same key is chosen.
   Returns NULL with SEAL_ERROR_UNUSABLE_KEY if it can't be sealed to, with
   SEAL_ERROR_ENGINE if libcrypto failed. */
const struct openpgp_recipient *
openpgp_recipient_get(struct certificate *certificate, time_t now,
		      struct seal_error *error);

/* Appends a session key packet, version 3 (RFC 9580 section 5.1.1), made anew
   with each call. Returns 0 or -1, with error set as above. */
int openpgp_recipient_append(const struct openpgp_recipient *recipient,
			     const uint8_t *session_key, GByteArray *out,
			     struct seal_error *error);

/* The steps of it that are the same each time, for tests. */

/* From the secret that both sides share (openpgp_curve_size() bytes) to the
   key that wraps the session key. ephemeral is the native form of our side's
   public key (X25519 and X448 only). *size_r: bytes of kek_r, which has
   OPENPGP_KEK_MAX. Returns 0 or -1. */
int openpgp_kek(const struct openpgp_recipient *recipient,
		const uint8_t *shared, const uint8_t *ephemeral,
		uint8_t *kek_r, size_t *size_r, struct seal_error *error);
/* Appends what is behind the algorithm, for this key of our side. */
int openpgp_append_curve(const struct openpgp_recipient *recipient,
			 EVP_PKEY *ephemeral, const uint8_t *session_key,
			 size_t session_key_size, GByteArray *out,
			 struct seal_error *error);

#endif
