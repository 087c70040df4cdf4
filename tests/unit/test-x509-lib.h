/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef TEST_X509_LIB_H
#define TEST_X509_LIB_H

#include <glib.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

/* Keys and certificates for tests, made as wanted. */

struct test_x509_params {
	const char *name;
	/* "RSA-2048" or the like, a curve's name, or OpenSSL's name of another
	   kind of key. The same name and number is the same key. */
	const char *key;
	unsigned int key_number;
	/* seconds from now; not_after 0 is a day */
	long not_before, not_after;
	/* values as in OpenSSL's configuration; NULL: no such extension */
	const char *basic_constraints, *key_usage, *extended_key_usage;
	const char *alt_name;
	/* who signs; NULL: itself */
	const struct test_x509 *issuer;
};

struct test_x509 {
	EVP_PKEY *key;
	X509 *x509;
};

/* The key is kept for others until test_x509_deinit(). */
struct test_x509 *test_x509_new(const struct test_x509_params *params);
void test_x509_free(struct test_x509 *x509);
void test_x509_deinit(void);

/* Append it to a key file. */
void test_x509_append_der(GByteArray *out, const struct test_x509 *x509);
void test_x509_append_pem(GByteArray *out, const struct test_x509 *x509);
/* A PKCS #7 bundle of these, which is NULL-terminated */
void test_x509_append_bundle(GByteArray *out, struct test_x509 *const *list,
			     bool pem);

#endif
