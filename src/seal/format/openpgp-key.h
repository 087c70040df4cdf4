/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef OPENPGP_KEY_H
#define OPENPGP_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads the body of a public key or subkey packet of version 4 (RFC 9580
   section 5.5.2.2) that can be encrypted to. Takes the fields apart and holds
   them against the standard as far as that needs no arithmetic; whether the
   numbers make a key is the engine's business. What it doesn't read: keys of
   other versions, and algorithms that only sign. ElGamal is looked at and left
   to others. */

/* RFC 9580 section 9.1 */
enum openpgp_algorithm {
	OPENPGP_RSA = 1,
	OPENPGP_RSA_ENCRYPT_ONLY = 2,
	OPENPGP_ELGAMAL = 16,
	OPENPGP_ECDH = 18,
	OPENPGP_X25519 = 25,
	OPENPGP_X448 = 26
};

/* RFC 9580 section 9.3 */
enum openpgp_cipher {
	OPENPGP_AES128 = 7,
	OPENPGP_AES192 = 8,
	OPENPGP_AES256 = 9
};

/* RFC 9580 section 9.5 */
enum openpgp_hash {
	OPENPGP_SHA256 = 8,
	OPENPGP_SHA384 = 9,
	OPENPGP_SHA512 = 10
};

/* RFC 9580 section 9.2, what ECDH can be done on; and the two that are
   algorithms of their own */
enum openpgp_curve {
	OPENPGP_CURVE25519,
	OPENPGP_CURVE448,
	OPENPGP_NIST_P256,
	OPENPGP_NIST_P384,
	OPENPGP_NIST_P521,
	OPENPGP_BRAINPOOL_P256,
	OPENPGP_BRAINPOOL_P384,
	OPENPGP_BRAINPOOL_P512
};

/* Bytes within the packet. A number (RFC 9580 section 3.2) has no leading
   zeros. */
struct openpgp_field {
	const uint8_t *data;
	size_t size;
};

struct openpgp_key {
	enum openpgp_algorithm algorithm;
	/* RSA, section 5.5.5.1 */
	struct openpgp_field modulus, exponent;
	/* the others, sections 5.5.5.6 to 5.5.5.8 */
	enum openpgp_curve curve;
	/* the curve's identifier, without its length; ECDH only */
	struct openpgp_field oid;
	/* NIST and Brainpool: 4, x, y; Curve25519 and Curve448: the native
	   form, without ECDH's prefix */
	struct openpgp_field point;
	/* ECDH only */
	enum openpgp_hash kdf_hash;
	enum openpgp_cipher kdf_cipher;
};

enum openpgp_key_result {
	OPENPGP_KEY_OK,
	/* a version, an algorithm or a curve that isn't read here */
	OPENPGP_KEY_UNKNOWN,
	/* it isn't what the standard allows */
	OPENPGP_KEY_BAD
};

/* The fields point into packet. Unless the result is OK, *reason_r is half a
   sentence about the key, like "its point isn't on the curve". */
enum openpgp_key_result
openpgp_key_read(const uint8_t *packet, size_t size,
		 struct openpgp_key *key_r, const char **reason_r);

/* Bytes of a coordinate, which is what a shared secret has too. */
size_t openpgp_curve_size(enum openpgp_curve curve);
/* Bytes of the key that wraps a session key. */
size_t openpgp_cipher_key_size(enum openpgp_cipher cipher);

#endif
