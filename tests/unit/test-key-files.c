/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* X.509 key files: which certificates are in them, and which are the owner's
   own. */

#include "certificate/key-file.h"
#include "test-lib.h"
#include "test-x509-lib.h"

#include <openssl/cms.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include <time.h>

#define SECRET "it holds a secret key, which doesn't belong on a server"

static struct test_x509 *alice, *bob;

static const struct certificate_list *
read_file(const GByteArray *file, struct seal_error *error)
{
	error->code = SEAL_ERROR_NONE;
	return certificates_read(file->data, file->len, 10, error);
}

/* Finds out that the file is refused for this reason. */
static void assert_refused(const GByteArray *file, const char *reason)
{
	struct seal_error error;

	assert_null(read_file(file, &error));
	assert_int_equal(error.code, SEAL_ERROR_UNUSABLE_KEY);
	assert_string_equal(error.text, reason);
}

/* Finds out that the certificates are these, NULL-terminated. */
static void
assert_holds(const GByteArray *file, struct test_x509 *const *expected)
{
	struct seal_error error = { .text = "" };
	const struct certificate_list *list = read_file(file, &error);
	size_t count = 0;

	if (list == NULL)
		fail_msg("%s", error.text);
	for (; expected[count] != NULL; count++) {
		GByteArray *der = g_byte_array_new();
		gsize size;
		const void *data;

		assert_true(count < list->count);
		test_x509_append_der(der, expected[count]);
		data = g_bytes_get_data(list->certificates[count]->data,
					&size);
		assert_bytes(data, size, der->data, der->len);
		g_byte_array_unref(der);
	}
	assert_int_equal(list->count, count);
}

static void append_text(GByteArray *file, const char *text)
{
	g_byte_array_append(file, (const guint8 *)text, strlen(text));
}

static GByteArray *file_of(const struct test_x509 *x509)
{
	GByteArray *file = g_byte_array_new();

	test_x509_append_der(file, x509);
	return file;
}

/* An owner's file and an organisation's */
static const struct certificate_list *
read_two(const GByteArray *owner, const GByteArray *extra,
	 struct seal_error *error)
{
	const struct key_file_input inputs[] = {
		{ owner->data, owner->len, CERTIFICATE_OWNER },
		{ extra->data, extra->len, CERTIFICATE_EXTRA }
	};
	const struct certificates_params params = { .timeout_secs = 120 };

	error->code = SEAL_ERROR_NONE;
	return certificates_judge(inputs, 2, &params, error);
}

/*
 * Forms of files
 */

static void test_forms(void **state G_GNUC_UNUSED)
{
	struct test_x509 *const both[] = { alice, bob, NULL };
	struct test_x509 *const one[] = { alice, NULL };

	for (int form = 0; form < 9; form++) {
		GByteArray *file = g_byte_array_new();
		GString *crlf;

		test_case("form", form);
		switch (form) {
		case 0:
			test_x509_append_pem(file, alice);
			test_x509_append_pem(file, bob);
			break;
		case 1:
			test_x509_append_der(file, alice);
			test_x509_append_der(file, bob);
			break;
		case 2:
		case 3:
			test_x509_append_bundle(file, both, form == 2);
			break;
		case 4:
			/* once is enough */
			append_text(file, "\xef\xbb\xbf" "subject=CN = alice\n");
			test_x509_append_pem(file, alice);
			append_text(file, "-----BEGIN X509 CRL-----\nYQ==\n"
				    "-----END X509 CRL-----\n");
			test_x509_append_bundle(file, both, true);
			append_text(file, "-----BEGIN of nothing\n");
			break;
		case 5:
			test_x509_append_der(file, alice);
			break;
		case 6:
			test_x509_append_bundle(file, one, false);
			break;
		case 7:
			/* no line end at the end */
			test_x509_append_pem(file, alice);
			g_byte_array_set_size(file, file->len - 1);
			break;
		case 8:
			test_x509_append_pem(file, alice);
			crlf = g_string_new_len((char *)file->data, file->len);
			g_string_replace(crlf, "\n", "\r\n", 0);
			g_byte_array_set_size(file, 0);
			append_text(file, crlf->str);
			g_string_free(crlf, TRUE);
			break;
		}
		assert_holds(file, form < 5 ? both : one);
		g_byte_array_unref(file);
	}
}

static void append_bio(GByteArray *file, BIO *bio)
{
	char *data;
	long size = BIO_get_mem_data(bio, &data);

	g_byte_array_append(file, (const guint8 *)data, size);
	BIO_free(bio);
}

static void test_secrets(void **state G_GNUC_UNUSED)
{
	for (int form = 0; form < 6; form++) {
		GByteArray *file = g_byte_array_new();
		BIO *bio = BIO_new(BIO_s_mem());
		PKCS12 *pkcs12;

		test_case("secret", form);
		switch (form) {
		case 0:
		case 1:
			/* behind the certificate or in front of it */
			if (form == 0)
				PEM_write_bio_X509(bio, alice->x509);
			PEM_write_bio_PrivateKey(bio, alice->key, NULL, NULL,
						 0, NULL, NULL);
			if (form == 1)
				PEM_write_bio_X509(bio, alice->x509);
			break;
		case 2:
			PEM_write_bio_X509(bio, alice->x509);
			PEM_write_bio_PKCS8PrivateKey(bio, alice->key,
				EVP_aes_256_cbc(), "x", 1, NULL, NULL);
			break;
		case 3:
			i2d_PKCS8PrivateKey_bio(bio, alice->key, NULL, NULL,
						0, NULL, NULL);
			break;
		case 4:
			i2d_PKCS8PrivateKey_bio(bio, alice->key,
				EVP_aes_256_cbc(), "x", 1, NULL, NULL);
			break;
		case 5:
			pkcs12 = PKCS12_create("x", "alice", alice->key,
					       alice->x509, NULL, 0, 0, 0, 0,
					       0);
			i2d_PKCS12_bio(bio, pkcs12);
			PKCS12_free(pkcs12);
			break;
		}
		append_bio(file, bio);
		assert_refused(file, SECRET);
		g_byte_array_unref(file);
	}
}

/* Behind a certificate, without a label that says what it is */
static void test_secrets_without_label(void **state G_GNUC_UNUSED)
{
	for (int form = 0; form < 5; form++) {
		GByteArray *file = g_byte_array_new(), *key;
		PKCS12 *pkcs12;
		BIO *bio = BIO_new(BIO_s_mem());
		char *base64;

		test_case("secret", form);
		test_x509_append_pem(file, alice);
		key = g_byte_array_new();
		if (form == 2) {
			i2d_PKCS8PrivateKey_bio(bio, alice->key,
				EVP_aes_256_cbc(), "x", 1, NULL, NULL);
		} else if (form == 3) {
			pkcs12 = PKCS12_create("x", "alice", alice->key,
					       alice->x509, NULL, 0, 0, 0, 0,
					       0);
			i2d_PKCS12_bio(bio, pkcs12);
			PKCS12_free(pkcs12);
		} else if (form == 4) {
			i2d_PrivateKey_bio(bio, alice->key);
		} else {
			i2d_PKCS8PrivateKey_bio(bio, alice->key, NULL, NULL,
						0, NULL, NULL);
		}
		append_bio(key, bio);
		if (form == 0)
			g_byte_array_append(file, key->data, key->len);
		else {
			base64 = g_base64_encode(key->data, key->len);
			append_text(file, "\n  ");
			append_text(file, base64);
			g_free(base64);
		}
		assert_refused(file, SECRET);
		g_byte_array_unref(key);
		g_byte_array_unref(file);
	}
}

/* Other blocks are none. */
static void test_public_blocks(void **state G_GNUC_UNUSED)
{
	struct test_x509 *const one[] = { alice, NULL };
	GByteArray *file = g_byte_array_new();
	BIO *bio = BIO_new(BIO_s_mem());
	EVP_PKEY *parameters = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");

	PEM_write_bio_PUBKEY(bio, alice->key);
	PEM_write_bio_PUBKEY(bio, parameters);
	PEM_write_bio_Parameters(bio, parameters);
	append_bio(file, bio);
	test_x509_append_pem(file, alice);
	test_x509_append_bundle(file, one, true);
	assert_holds(file, one);
	EVP_PKEY_free(parameters);
	g_byte_array_unref(file);
}

static void test_bad_files(void **state G_GNUC_UNUSED)
{
	struct test_x509 *const none[] = { NULL };
	GByteArray *file = g_byte_array_new();
	CMS_ContentInfo *signed_message;
	BIO *bio;

	/* cut off */
	test_x509_append_pem(file, alice);
	g_byte_array_set_size(file, file->len - 30);
	assert_refused(file, "its PEM text is damaged");
	g_byte_array_set_size(file, 0);
	test_x509_append_der(file, alice);
	g_byte_array_set_size(file, file->len - 1);
	assert_refused(file, "it is no X.509 certificate");
	/* more than certificates */
	g_byte_array_set_size(file, 0);
	test_x509_append_der(file, alice);
	append_text(file, "x");
	assert_refused(file, "it is no X.509 certificate");
	/* something else */
	g_byte_array_set_size(file, 0);
	append_text(file, "-----BEGIN CERTIFICATE-----\nYQ==\n"
		    "-----END CERTIFICATE-----\n");
	assert_refused(file, "it is no X.509 certificate");
	g_byte_array_set_size(file, 0);
	append_text(file, "-----BEGIN PUBLIC KEY-----\nYQ==\n"
		    "-----END PUBLIC KEY-----\n");
	assert_refused(file, "there is no certificate in it");
	g_byte_array_set_size(file, 0);
	append_text(file, "\x30\x82\x01");
	assert_refused(file, "it is no X.509 certificate");
	g_byte_array_set_size(file, 0);
	test_x509_append_bundle(file, none, true);
	assert_refused(file, "there is no X.509 certificate in it");
	/* a signed message has its sender's certificate */
	bio = BIO_new_mem_buf("x", 1);
	signed_message = CMS_sign(alice->x509, alice->key, NULL, bio, 0);
	BIO_free(bio);
	bio = BIO_new(BIO_s_mem());
	i2d_CMS_bio(bio, signed_message);
	CMS_ContentInfo_free(signed_message);
	g_byte_array_set_size(file, 0);
	append_bio(file, bio);
	assert_refused(file, "it is a signed message and no certificate");
	g_byte_array_unref(file);
}

/* "an owner has one kind" */
static void test_both_kinds(void **state G_GNUC_UNUSED)
{
	GByteArray *file = g_byte_array_new(), *own = file_of(alice);
	struct seal_error error;

	test_x509_append_pem(file, alice);
	append_text(file, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"
		    "-----END PGP PUBLIC KEY BLOCK-----\n");
	assert_refused(file, "it holds both OpenPGP and X.509 certificates");
	/* an organisation's may be of both: an owner's kind counts */
	assert_non_null(read_two(own, file, &error));
	assert_refused(file, "it holds both OpenPGP and X.509 certificates");
	g_byte_array_set_size(file, 0);
	append_text(file, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n");
	assert_null(read_two(own, file, &error));
	assert_string_equal(error.text, "the recovery key: there is no "
			    "X.509 certificate in it");
	g_byte_array_set_size(file, 0);
	append_text(file, "-----BEGIN PGP PRIVATE KEY BLOCK-----\n");
	assert_null(read_two(own, file, &error));
	assert_string_equal(error.text, "the recovery key: "SECRET);
	g_byte_array_unref(own);
	g_byte_array_unref(file);
}

/* One that is in both is one, and known as both. */
static void test_roles(void **state G_GNUC_UNUSED)
{
	const struct certificate_list *list;
	struct seal_error error;
	GByteArray *own = file_of(alice), *both = file_of(alice);

	test_x509_append_der(both, bob);
	list = read_two(own, both, &error);
	assert_non_null(list);
	assert_int_equal(list->count, 2);
	assert_int_equal(list->certificates[0]->roles,
			 CERTIFICATE_OWNER | CERTIFICATE_EXTRA);
	assert_int_equal(list->certificates[1]->roles, CERTIFICATE_EXTRA);
	g_byte_array_unref(own);
	g_byte_array_unref(both);
}

static void test_too_many(void **state G_GNUC_UNUSED)
{
	GByteArray *file = g_byte_array_new();

	for (int i = 0; i <= CERTIFICATES_COUNT_MAX; i++) {
		const struct test_x509_params params = {
			.name = "many", .key = "P-256"
		};
		struct test_x509 *x509 = test_x509_new(&params);

		test_x509_append_pem(file, x509);
		test_x509_free(x509);
	}
	assert_refused(file, "it holds more than 32 certificates");
	g_byte_array_unref(file);
}

/* Whoever can write the file must not hold up everybody's mail by it: 1 MB
   took 5 seconds and more. */
static void test_blocks_without_end(void **state G_GNUC_UNUSED)
{
	static const char *const lines[] = {
		"-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
		"-----BEGIN CERTIFICATE-----\n",
		"-----BEGIN A-----\n"
	};
	clock_t start = clock();

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		GByteArray *file = g_byte_array_new();
		struct seal_error error = { .code = SEAL_ERROR_NONE };

		while (file->len < 1024 * 1024)
			append_text(file, lines[i]);
		assert_null(read_file(file, &error));
		g_byte_array_unref(file);
	}
	assert_true(clock() - start < 3 * CLOCKS_PER_SEC);
}

/* The end of a block isn't that of another, later one. */
static void test_block_in_block(void **state G_GNUC_UNUSED)
{
	GByteArray *file = g_byte_array_new();

	append_text(file, "-----BEGIN CERTIFICATE-----\nMIIB\n");
	test_x509_append_pem(file, alice);
	assert_refused(file, "its PEM text is damaged");
	g_byte_array_unref(file);
}

/*
 * Whose certificates
 */

/* Nothing is sealed to a certificate authority's key because the owner's
   chain stands in the file. */
static void test_chain(void **state G_GNUC_UNUSED)
{
	static const struct {
		/* r: root, i: by r, a: an owner's, by i; s, t: self-signed as
		   openssl req -x509 does it; w: an authority that doesn't say
		   so, c: by w; N: an authority, n: by N, of the same name */
		const char *file, *own;
	} chains[] = {
		{ "a", "a" }, { "ar", "a" }, { "air", "a" }, { "ria", "a" },
		{ "ai", "a" }, { "i", "i" }, { "s", "s" }, { "st", "st" },
		{ "as", "a" }, { "ir", "" }, { "wc", "c" }, { "cw", "c" },
		{ "w", "w" }, { "nN", "n" }, { "Nn", "n" }
	};
	const struct test_x509_params root_params = {
		.name = "root", .key = "P-256", .basic_constraints = "CA:TRUE"
	};
	struct test_x509 *root = test_x509_new(&root_params);
	const struct test_x509_params middle_params = {
		.name = "middle", .key = "P-256", .key_number = 1,
		.basic_constraints = "CA:TRUE", .issuer = root
	};
	struct test_x509 *middle = test_x509_new(&middle_params);
	const struct test_x509_params own_params = {
		.name = "a", .key = "P-256", .key_number = 2, .issuer = middle
	};
	const struct test_x509_params silent_params = {
		.name = "silent", .key = "P-256", .key_number = 3
	};
	struct test_x509 *silent = test_x509_new(&silent_params);
	const struct test_x509_params carol_params = {
		.name = "carol", .key = "P-256", .key_number = 4,
		.issuer = silent
	};
	const struct test_x509_params namesake_params = {
		.name = "same", .key = "P-256", .basic_constraints = "CA:TRUE"
	};
	struct test_x509 *namesake = test_x509_new(&namesake_params);
	const struct test_x509_params named_params = {
		.name = "same", .key = "P-256", .key_number = 5,
		.issuer = namesake
	};
	struct test_x509 *all[] = {
		['r'] = root, ['i'] = middle, ['a'] = test_x509_new(&own_params),
		['s'] = test_x509_new(&root_params),
		['t'] = test_x509_new(&namesake_params), ['w'] = silent,
		['c'] = test_x509_new(&carol_params), ['N'] = namesake,
		['n'] = test_x509_new(&named_params), ['z'] = NULL
	};

	for (size_t i = 0; i < G_N_ELEMENTS(chains); i++) {
		GByteArray *file = g_byte_array_new();
		struct test_x509 *list[8] = { NULL };

		test_case(chains[i].file, i);
		for (size_t j = 0; chains[i].file[j] != '\0'; j++) {
			test_x509_append_der(
				file, all[(int)chains[i].file[j]]);
		}
		for (size_t j = 0; chains[i].own[j] != '\0'; j++)
			list[j] = all[(int)chains[i].own[j]];
		if (list[0] != NULL)
			assert_holds(file, list);
		else {
			assert_refused(file, "it holds certificates of "
				       "authorities only");
		}
		g_byte_array_unref(file);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		if (all[i] != NULL)
			test_x509_free(all[i]);
	}
}

static int setup(void **state G_GNUC_UNUSED)
{
	const struct test_x509_params alice_params = {
		.name = "alice", .key = "RSA-2048"
	};
	const struct test_x509_params bob_params = {
		.name = "bob", .key = "P-256"
	};

	alice = test_x509_new(&alice_params);
	bob = test_x509_new(&bob_params);
	return 0;
}

static int teardown(void **state G_GNUC_UNUSED)
{
	test_x509_free(alice);
	test_x509_free(bob);
	test_x509_deinit();
	certificates_deinit();
	return 0;
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_secrets_without_label),
		cmocka_unit_test(test_public_blocks),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_both_kinds),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_blocks_without_end),
		cmocka_unit_test(test_block_in_block),
		cmocka_unit_test(test_chain)
	};

	return cmocka_run_group_tests_name("key-files", all, setup, teardown);
}
