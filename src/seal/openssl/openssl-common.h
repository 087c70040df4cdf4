/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef OPENSSL_COMMON_H
#define OPENSSL_COMMON_H

#include "../seal-error.h"

#include <openssl/evp.h>

/* What all that use OpenSSL need of it. */

/* Call this before an operation. It empties OpenSSL's queue of errors, which
   belongs to the whole process, Dovecot included; the others empty it again.

   The first call makes OpenSSL end the process where there is no memory, as
   GLib and Dovecot do, unless who has used it before decided otherwise. Some
   of its functions would go on with what isn't there, and some would never
   work again. */
void openssl_begin(void);

/* An implementation of libcrypto's. EVP_sha1() and its like are looked for in
   tables of names with each use, so these are kept. NULL if libcrypto has none,
   in which case the operation fails. */
enum openssl_cipher {
	OPENSSL_AES256_CFB,
	OPENSSL_AES128_WRAP,
	OPENSSL_AES192_WRAP,
	OPENSSL_AES256_WRAP,
	OPENSSL_CIPHERS
};
const EVP_CIPHER *openssl_cipher(enum openssl_cipher cipher);

enum openssl_digest {
	OPENSSL_SHA1,
	OPENSSL_SHA256,
	OPENSSL_SHA384,
	OPENSSL_SHA512,
	OPENSSL_DIGESTS
};
const EVP_MD *openssl_digest(enum openssl_digest digest);

/* Frees what is kept. */
void openssl_deinit(void);

/* An operation failed. Sets SEAL_ERROR_ENGINE with OpenSSL's own words. */
void openssl_error_set(struct seal_error *error);

#endif
