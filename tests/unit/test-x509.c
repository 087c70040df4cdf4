/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What an X.509 certificate is, and whether it may be sealed to. */

#include "certificate/key-file.h"
#include "certificate/trial.h"
#include "clock.h"
#include "test-lib.h"
#include "test-x509-lib.h"

#include <openssl/ec.h>

static struct test_x509 *alice, *bob;

static const struct certificate_list *
read_file(const GByteArray *file, struct seal_error *error)
{
	error->code = SEAL_ERROR_NONE;
	return certificates_read(file->data, file->len, 10, error);
}

#define DAY (24*60*60)

static const struct {
	const char *what;
	/* NULL: usable */
	const char *reason;
	struct test_x509_params params;
} tests[] = {
	{ "RSA", NULL, { .key = "RSA-2048" } },
	{ "EC", NULL, { .key = "P-256" } },
	{ "a larger curve", NULL, { .key = "P-521" } },
	{ "expired", "it has expired",
	  { .key = "P-256", .not_before = -2*DAY, .not_after = -DAY } },
	{ "expired just now", "it has expired",
	  { .key = "P-256", .not_before = -DAY, .not_after = -2 } },
	{ "not yet valid", "it isn't valid yet",
	  { .key = "P-256", .not_before = DAY, .not_after = 2*DAY } },
	{ "small RSA", "it is too weak", { .key = "RSA-1024" } },
	{ "small curve", "it is too weak", { .key = "secp160r1" } },
	{ "signing only", "its key is neither RSA nor EC",
	  { .key = "ED25519" } },
	{ "X25519", "its key is neither RSA nor EC",
	  { .key = "X25519", .key_usage = "keyAgreement" } },
	{ "RSA for encryption", NULL,
	  { .key = "RSA-2048", .key_usage = "critical,keyEncipherment" } },
	{ "RSA for signing", "its key usage doesn't allow encryption",
	  { .key = "RSA-2048",
	    .key_usage = "digitalSignature,nonRepudiation" } },
	{ "RSA for agreement", "its key usage doesn't allow encryption",
	  { .key = "RSA-2048", .key_usage = "keyAgreement" } },
	{ "RSA for data", "its key usage doesn't allow encryption",
	  { .key = "RSA-2048", .key_usage = "dataEncipherment" } },
	{ "EC for agreement", NULL,
	  { .key = "P-256", .key_usage = "digitalSignature,keyAgreement" } },
	{ "EC for encipherment", "its key usage doesn't allow encryption",
	  { .key = "P-256", .key_usage = "keyEncipherment" } },
	{ "for mail", NULL,
	  { .key = "P-256", .extended_key_usage =
	    "clientAuth,emailProtection" } },
	{ "for anything", NULL,
	  { .key = "P-256", .extended_key_usage = "anyExtendedKeyUsage" } },
	{ "for a web server", "its extended key usage doesn't allow mail",
	  { .key = "P-256", .extended_key_usage = "serverAuth" } },
	{ "for we don't know what",
	  "its extended key usage doesn't allow mail",
	  { .key = "P-256", .extended_key_usage = "1.2.3.4" } },
	{ "as openssl req -x509 makes it", NULL,
	  { .key = "P-256", .basic_constraints = "critical,CA:TRUE" } },
	{ "an authority's", "its key usage doesn't allow encryption",
	  { .key = "P-256", .basic_constraints = "critical,CA:TRUE",
	    .key_usage = "keyCertSign,cRLSign" } }
};

static void test_usable(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		struct test_x509_params params = tests[i].params;
		GByteArray *file = g_byte_array_new();
		struct test_x509 *x509;
		struct seal_error error;
		const struct certificate_list *list;
		const char *reason = NULL;
		bool usable;

		params.name = "a";
		/* its key can't sign */
		if (strcmp(params.key, "X25519") == 0)
			params.issuer = bob;
		x509 = test_x509_new(&params);
		test_x509_append_pem(file, x509);
		list = read_file(file, &error);
		if (list == NULL)
			fail_msg("%s: %s", tests[i].what, error.text);
		assert_int_equal(list->count, 1);
		usable = certificate_is_usable(list->certificates[0],
					       time(NULL), 2048, &reason);
		assert_true(list->certificates[0]->keys[0].name[0] != '\0');
		if (g_strcmp0(usable ? NULL : reason, tests[i].reason) != 0) {
			fail_msg("%s: %s", tests[i].what,
				 usable ? "usable" : reason);
		}
		g_byte_array_unref(file);
		test_x509_free(x509);
	}
}

/* RFC 5280 section 4.1.2.5: both ends are inside; the clock may be behind that
   of who has made it. */
static void test_validity_ends(void **state G_GNUC_UNUSED)
{
	GByteArray *file = g_byte_array_new();
	const struct certificate *certificate;
	struct seal_error error;
	const char *reason;
	struct tm tm;
	time_t first, last;

	test_x509_append_der(file, alice);
	certificate = read_file(file, &error)->certificates[0];
	ASN1_TIME_to_tm(X509_get0_notBefore(alice->x509), &tm);
	first = timegm(&tm);
	ASN1_TIME_to_tm(X509_get0_notAfter(alice->x509), &tm);
	last = timegm(&tm);
	assert_false(certificate_is_usable(certificate,
					   first - SEAL_CLOCK_SKEW_SECS - 1,
					   2048, &reason));
	assert_true(certificate_is_usable(certificate,
					  first - SEAL_CLOCK_SKEW_SECS, 2048,
					  &reason));
	assert_true(certificate_is_usable(certificate, last, 2048, &reason));
	assert_false(certificate_is_usable(certificate, last + 1, 2048,
					   &reason));
	g_byte_array_unref(file);
}

static void test_description(void **state G_GNUC_UNUSED)
{
	const struct test_x509_params params = {
		.name = "J\xc3\xbcrgen, \x01", .key = "RSA-2048",
		.alt_name = "email:juergen@example.org,DNS:example.org,"
			"email:j@example.org"
	};
	struct test_x509 *x509 = test_x509_new(&params);
	GByteArray *file = g_byte_array_new();
	const struct certificate *certificate;
	struct seal_error error;
	char *digest, *names;

	test_x509_append_der(file, x509);
	certificate = read_file(file, &error)->certificates[0];
	digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, file->data,
					     file->len);
	assert_int_equal(certificate->kind, CERTIFICATE_KIND_X509);
	assert_int_equal(g_ascii_strcasecmp(certificate->fingerprint, digest),
			 0);
	assert_null(strpbrk(certificate->fingerprint, "abcdef"));
	names = g_strjoinv("|", certificate->names);
	assert_string_equal(names, "CN=J\xc3\xbcrgen\\, \\01|"
			    "juergen@example.org|j@example.org");
	assert_int_equal(certificate->key_count, 1);
	assert_int_equal(certificate->keys[0].bits, 2048);
	assert_int_equal(certificate->keys[0].algorithm,
			 CERTIFICATE_ALGORITHM_RSA);
	g_free(names);
	g_free(digest);
	g_byte_array_unref(file);
	test_x509_free(x509);
}

/* RSA whose public exponent is 1 encrypts nothing, and points that aren't on
   the curve give the message away. */
static void test_unsound_key(void **state G_GNUC_UNUSED)
{
	static const unsigned char exponent[] = { 2, 3, 1, 0, 1 };
	GByteArray *file = g_byte_array_new();
	const struct certificate_list *list;
	struct seal_error error;
	const char *reason;
	guint8 *found = NULL;

	test_x509_append_der(file, alice);
	for (guint i = 0; i + sizeof(exponent) < file->len; i++) {
		if (memcmp(file->data + i, exponent, sizeof(exponent)) == 0)
			found = file->data + i;
	}
	assert_non_null(found);
	found[2] = 0;
	list = read_file(file, &error);
	assert_non_null(list);
	assert_false(certificate_is_usable(list->certificates[0], time(NULL),
					   2048, &reason));
	assert_string_equal(reason, "its key is not valid");
	g_byte_array_unref(file);
}

/* A modulus with a small factor takes libcrypto's whole check, which is for
   enrolment. Of three odd numbers in a row, 3 divides one. */
static void test_small_factor(void **state G_GNUC_UNUSED)
{
	static const unsigned char exponent[] = { 2, 3, 1, 0, 1 };
	GByteArray *file = g_byte_array_new();
	const struct certificate_list *list;
	struct seal_error error;
	const char *reason;
	unsigned int refused = 0;
	guint pos = 0;

	test_x509_append_der(file, alice);
	for (guint i = 1; i + sizeof(exponent) < file->len; i++) {
		if (memcmp(file->data + i, exponent, sizeof(exponent)) == 0)
			pos = i - 1;
	}
	assert_int_not_equal(pos, 0);
	for (unsigned char last = 1; last <= 5; last += 2) {
		file->data[pos] = last;
		list = read_file(file, &error);
		assert_non_null(list);
		assert_true(certificate_is_usable(list->certificates[0],
						  time(NULL), 2048, &reason));
		if (certificate_try(list->certificates[0], NULL, 60,
				    &error) < 0) {
			assert_int_equal(error.code, SEAL_ERROR_UNUSABLE_KEY);
			assert_string_equal(error.text, "its key is not valid");
			refused++;
		}
	}
	assert_int_not_equal(refused, 0);
	g_byte_array_unref(file);
}

/* An elliptic curve of somebody's own making */
static void test_curve_without_name(void **state G_GNUC_UNUSED)
{
	const struct test_x509_params params = { .name = "a", .key = "P-384" };
	struct test_x509 *x509 = test_x509_new(&params);
	GByteArray *file = g_byte_array_new();
	const struct certificate_list *list;
	struct seal_error error;
	const char *reason;

	EVP_PKEY_set_utf8_string_param(x509->key, "encoding", "explicit");
	X509_set_pubkey(x509->x509, x509->key);
	X509_sign(x509->x509, x509->key, EVP_sha256());
	test_x509_append_der(file, x509);
	list = read_file(file, &error);
	assert_non_null(list);
	assert_false(certificate_is_usable(list->certificates[0], time(NULL),
					   2048, &reason));
	assert_string_equal(reason, "its elliptic curve has no name");
	g_byte_array_unref(file);
	test_x509_free(x509);
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
		cmocka_unit_test(test_usable),
		cmocka_unit_test(test_validity_ends),
		cmocka_unit_test(test_description),
		cmocka_unit_test(test_unsound_key),
		cmocka_unit_test(test_small_factor),
		cmocka_unit_test(test_curve_without_name)
	};

	return cmocka_run_group_tests_name("x509", all, setup, teardown);
}
