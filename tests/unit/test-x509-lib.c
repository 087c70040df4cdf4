/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "test-lib.h"
#include "test-x509-lib.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>

static GHashTable *keys;

static EVP_PKEY *key_make(const char *name)
{
	if (g_str_has_prefix(name, "RSA-"))
		return EVP_RSA_gen(atoi(name + 4));
	if (strcmp(name, "ED25519") == 0 || strcmp(name, "X25519") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, name);
	return EVP_EC_gen(name);
}

static EVP_PKEY *key_get(const char *name, unsigned int number)
{
	char *id = g_strdup_printf("%s %u", name, number);
	EVP_PKEY *key;

	if (keys == NULL) {
		keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
			(GDestroyNotify)EVP_PKEY_free);
	}
	key = g_hash_table_lookup(keys, id);
	if (key != NULL) {
		g_free(id);
		return key;
	}
	key = key_make(name);
	assert_non_null(key);
	g_hash_table_insert(keys, id, key);
	return key;
}

void test_x509_deinit(void)
{
	g_clear_pointer(&keys, g_hash_table_unref);
}

static void add_extension(X509 *x509, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX context;

	if (value == NULL)
		return;
	X509V3_set_ctx(&context, x509, x509, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(x509, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

struct test_x509 *test_x509_new(const struct test_x509_params *params)
{
	static long serial = 1000;
	struct test_x509 *made = g_new0(struct test_x509, 1);
	const struct test_x509 *issuer =
		params->issuer == NULL ? made : params->issuer;
	X509 *x509 = X509_new();
	X509_NAME *name = X509_get_subject_name(x509);
	const EVP_MD *digest;

	made->key = key_get(params->key, params->key_number);
	made->x509 = x509;
	assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
		(const unsigned char *)params->name, -1, -1, 0), 1);
	X509_gmtime_adj(X509_getm_notBefore(x509), params->not_before);
	X509_gmtime_adj(X509_getm_notAfter(x509),
			params->not_after == 0 ? 24*60*60 : params->not_after);
	X509_set_pubkey(x509, made->key);
	X509_set_issuer_name(x509, X509_get_subject_name(issuer->x509));
	add_extension(x509, NID_basic_constraints, params->basic_constraints);
	add_extension(x509, NID_key_usage, params->key_usage);
	add_extension(x509, NID_ext_key_usage, params->extended_key_usage);
	add_extension(x509, NID_subject_alt_name, params->alt_name);
	digest = EVP_PKEY_is_a(issuer->key, "ED25519") ? NULL : EVP_sha256();
	assert_true(X509_sign(x509, issuer->key, digest) > 0);
	return made;
}

void test_x509_free(struct test_x509 *x509)
{
	X509_free(x509->x509);
	g_free(x509);
}

static void append_bio(GByteArray *out, BIO *bio)
{
	char *data;
	long size = BIO_get_mem_data(bio, &data);

	g_byte_array_append(out, (const guint8 *)data, size);
	BIO_free(bio);
}

void test_x509_append_der(GByteArray *out, const struct test_x509 *x509)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(i2d_X509_bio(bio, x509->x509), 1);
	append_bio(out, bio);
}

void test_x509_append_pem(GByteArray *out, const struct test_x509 *x509)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_X509(bio, x509->x509), 1);
	append_bio(out, bio);
}

void test_x509_append_bundle(GByteArray *out, struct test_x509 *const *list,
			     bool pem)
{
	BIO *bio = BIO_new(BIO_s_mem());
	PKCS7 *pkcs7 = PKCS7_new();

	assert_int_equal(PKCS7_set_type(pkcs7, NID_pkcs7_signed), 1);
	assert_int_equal(PKCS7_content_new(pkcs7, NID_pkcs7_data), 1);
	/* degenerate: RFC 2315 section 9.1 */
	PKCS7_set_detached(pkcs7, 1);
	for (size_t i = 0; list[i] != NULL; i++)
		assert_int_equal(PKCS7_add_certificate(pkcs7, list[i]->x509),
				 1);
	assert_int_equal(pem ? PEM_write_bio_PKCS7(bio, pkcs7) :
			 i2d_PKCS7_bio(bio, pkcs7), 1);
	PKCS7_free(pkcs7);
	append_bio(out, bio);
}
