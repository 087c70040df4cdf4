/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "openssl-common.h"

#include <glib.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdbool.h>

static void *
allocate(size_t size, const char *file G_GNUC_UNUSED, int line G_GNUC_UNUSED)
{
	return g_malloc(size);
}

static void *
reallocate(void *memory, size_t size, const char *file G_GNUC_UNUSED,
	   int line G_GNUC_UNUSED)
{
	return g_realloc(memory, size);
}

static void
release(void *memory, const char *file G_GNUC_UNUSED, int line G_GNUC_UNUSED)
{
	g_free(memory);
}

void openssl_begin(void)
{
	static bool begun = false;

	if (!begun)
		(void)CRYPTO_set_mem_functions(allocate, reallocate, release);
	begun = true;
	ERR_clear_error();
}

static EVP_CIPHER *ciphers[OPENSSL_CIPHERS];
static EVP_MD *digests[OPENSSL_DIGESTS];

const EVP_CIPHER *openssl_cipher(enum openssl_cipher cipher)
{
	static const char *const names[] = {
		[OPENSSL_AES256_CFB] = "AES-256-CFB",
		[OPENSSL_AES128_WRAP] = "AES-128-WRAP",
		[OPENSSL_AES192_WRAP] = "AES-192-WRAP",
		[OPENSSL_AES256_WRAP] = "AES-256-WRAP"
	};

	if (ciphers[cipher] == NULL)
		ciphers[cipher] = EVP_CIPHER_fetch(NULL, names[cipher], NULL);
	return ciphers[cipher];
}

const EVP_MD *openssl_digest(enum openssl_digest digest)
{
	static const char *const names[] = {
		[OPENSSL_SHA1] = "SHA1",
		[OPENSSL_SHA256] = "SHA256",
		[OPENSSL_SHA384] = "SHA384",
		[OPENSSL_SHA512] = "SHA512"
	};

	if (digests[digest] == NULL)
		digests[digest] = EVP_MD_fetch(NULL, names[digest], NULL);
	return digests[digest];
}

void openssl_deinit(void)
{
	for (size_t i = 0; i < OPENSSL_CIPHERS; i++) {
		EVP_CIPHER_free(ciphers[i]);
		ciphers[i] = NULL;
	}
	for (size_t i = 0; i < OPENSSL_DIGESTS; i++) {
		EVP_MD_free(digests[i]);
		digests[i] = NULL;
	}
}

void openssl_error_set(struct seal_error *error)
{
	/* the first explains those that follow */
	unsigned long code = ERR_get_error();
	const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);

	seal_error_set(error, SEAL_ERROR_ENGINE, "OpenSSL failed: %s",
		       reason == NULL ? "no reason given" : reason);
	ERR_clear_error();
}
