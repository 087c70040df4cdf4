/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CERTIFICATE_OPENPGP_KEYS_H
#define CERTIFICATE_OPENPGP_KEYS_H

#include "certificate.h"

/* The keys in an OpenPGP certificate: what they are called, and where. */

#define OPENPGP_FINGERPRINT_MAX 32

/* RFC 9580 section 5.5.4, of a key packet's body. Returns its size, or 0 if
   the key's version isn't known. */
size_t openpgp_fingerprint(const uint8_t *body, size_t size,
			   uint8_t fingerprint_r[OPENPGP_FINGERPRINT_MAX]);
/* The key id of such a fingerprint */
uint64_t openpgp_key_id(const uint8_t *fingerprint, size_t size);
/* Hexadecimal, upper case; the caller frees it. */
char *openpgp_fingerprint_hex(const uint8_t *fingerprint, size_t size);

/* Sets the certificate's keys to those of its data, which their packets lie
   in. As nobody has said anything of them, all are invalid. */
void certificate_set_keys(struct certificate *certificate);

/* A certificate's bytes with no other subkey than this one, which may be its
   primary key. */
GBytes *certificate_reduced(const struct certificate *certificate,
			    const struct certificate_key *key);

#endif
