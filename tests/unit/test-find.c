/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The certificate that a message has for its sender, with a real gpg as the
   judge. */

#include "certificate/dearmor.h"
#include "certificate/key-file.h"
#include "find/find.h"
#include "test-lib.h"
#include "test-x509-lib.h"
#include "find-cases.h"

#include <openssl/cms.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

/*
 * Values
 */

static GHashTable *values;
static struct test_x509 *alice, *bob;

static void set_value(const char *name, char *value)
{
	g_hash_table_insert(values, (gpointer)name, value);
}

static char *fold_base64(const void *data, size_t size)
{
	char *base64 = g_base64_encode(data, size);
	GString *folded = g_string_new(NULL);

	for (size_t pos = 0; pos < strlen(base64); pos += 72) {
		g_string_append_printf(folded, "%s%.72s", pos == 0 ? "" :
				       "\n ", base64 + pos);
	}
	g_free(base64);
	return g_string_free(folded, FALSE);
}

static void set_key(const char *name, const char *name64, const char *file)
{
	char *path = g_build_filename(TEST_KEYS, file, NULL);
	GByteArray *binary = g_byte_array_new();
	gchar *text;
	gsize size;

	assert_true(g_file_get_contents(path, &text, &size, NULL));
	assert_true(openpgp_dearmor_certificates(text, size, binary) > 0);
	set_value(name, text);
	set_value(name64, fold_base64(binary->data, binary->len));
	g_byte_array_unref(binary);
	g_free(path);
}

static void set_array(const char *name, GByteArray *array, bool base64)
{
	set_value(name, base64 ? fold_base64(array->data, array->len) :
		  g_strndup((char *)array->data, array->len));
	g_byte_array_unref(array);
}

/* A secret key's packet (RFC 9580 section 5.5.3), as far as anybody looks */
static void set_secrets(void)
{
	static const guint8 packet[] = {
		0xc5, 38, 4, 0x60, 0, 0, 0, 22, 9, 0x2b, 6, 1, 4, 1, 0xda,
		0x47, 0x0f, 1, 1, 7, 0x40, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
		12, 13, 14, 15, 16, 17, 18, 19
	};
	PKCS12 *pkcs12 = PKCS12_create("x", "alice", alice->key, alice->x509,
				       NULL, 0, 0, 0, 0, 0);
	unsigned char *der = NULL;
	int size = i2d_PKCS12(pkcs12, &der);

	set_value("secret64", fold_base64(packet, sizeof(packet)));
	set_value("secret", g_strdup("-----BEGIN PGP PRIVATE KEY BLOCK-----\n"
		"\nx\n-----END PGP PRIVATE KEY BLOCK-----\n"));
	set_value("p12", fold_base64(der, size));
	OPENSSL_free(der);
	PKCS12_free(pkcs12);
}

static char *base64_of_bio(BIO *bio)
{
	char *data, *base64;
	long size = BIO_get_mem_data(bio, &data);

	base64 = fold_base64(data, size);
	BIO_free(bio);
	return base64;
}

/* Signs text with CRLF line ends; returns the CMS in base64. */
static char *sign(const char *text, unsigned int flags)
{
	BIO *in = BIO_new_mem_buf(text, -1), *out = BIO_new(BIO_s_mem());
	CMS_ContentInfo *cms = CMS_sign(alice->x509, alice->key, NULL, in,
					flags | CMS_BINARY);

	assert_non_null(cms);
	assert_int_equal(i2d_CMS_bio(out, cms), 1);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	return base64_of_bio(out);
}

static char *encrypt(void)
{
	STACK_OF(X509) *recipients = sk_X509_new_null();
	BIO *in = BIO_new_mem_buf("x", 1), *out = BIO_new(BIO_s_mem());
	CMS_ContentInfo *cms;

	sk_X509_push(recipients, bob->x509);
	cms = CMS_encrypt(recipients, in, EVP_aes_256_cbc(), CMS_BINARY);
	assert_int_equal(i2d_CMS_bio(out, cms), 1);
	CMS_ContentInfo_free(cms);
	sk_X509_free(recipients);
	BIO_free(in);
	return base64_of_bio(out);
}

static char *replace(const char *text, const char *from, const char *to)
{
	char **parts = g_strsplit(text, from, -1);
	char *replaced = g_strjoinv(to, parts);

	g_strfreev(parts);
	return replaced;
}

/* A multipart/signed of this entity with LF line ends */
static char *signed_message(const char *entity, const char *subtype)
{
	char *crlf = replace(entity, "\n", "\r\n");
	char *signature = sign(crlf, CMS_DETACHED);
	char *message = g_strdup_printf("Content-Type: multipart/signed; "
		"boundary=s; micalg=sha-256;\n protocol=\"application/"
		"pkcs7-signature\"\n\nThis is signed.\n--s\n%s\n--s\n"
		"Content-Type: application/%s; name=smime.p7s\n"
		"Content-Transfer-Encoding: base64\n"
		"Content-Disposition: attachment; filename=smime.p7s\n\n%s\n"
		"--s--\n", entity, subtype, signature);

	g_free(signature);
	g_free(crlf);
	return message;
}

static void set_signed(void)
{
	static const char entity[] = "Content-Type: text/plain;\n charset=x\n"
		"X-Odd:   two  blanks \n\nHi,  \n\n.\nFrom: nobody\n \n";
	char *message = signed_message(entity, "pkcs7-signature");
	GString *with_key = g_string_new("Content-Type: text/plain\n\n");

	set_value("signed", message);
	set_value("signedPart", g_strdup(message));
	set_value("signedCRLF", replace(message, "\n", "\r\n"));
	set_value("signedX", signed_message(entity, "x-pkcs7-signature"));
	set_value("forged", replace(message, "Hi,", "Ho,"));
	g_string_append(with_key, g_hash_table_lookup(values, "alice"));
	set_value("signedKey", signed_message(with_key->str,
					      "pkcs7-signature"));
	g_string_free(with_key, TRUE);

	set_value("opaque", sign("Content-Type: text/plain\r\n\r\nHi\r\n", 0));
	set_value("enveloped", encrypt());
}

/* The signed bytes are in there as they are. */
static void set_forged_opaque(void)
{
	char *base64 = sign("Content-Type: text/plain\r\n\r\nHello\r\n", 0);
	gsize size;
	guchar *der = g_base64_decode(base64, &size);
	gsize pos = 0;

	while (pos + 5 <= size && memcmp(der + pos, "Hello", 5) != 0)
		pos++;
	assert_true(pos + 5 <= size);
	der[pos] = 'J';
	set_value("forgedOpaque", fold_base64(der, size));
	g_free(der);
	g_free(base64);
}

static void set_x509(void)
{
	struct test_x509 *const list[] = { alice, NULL };
	GByteArray *array = g_byte_array_new();

	test_x509_append_pem(array, alice);
	set_array("pem", array, false);
	array = g_byte_array_new();
	test_x509_append_pem(array, bob);
	set_array("bobPem", array, false);
	array = g_byte_array_new();
	test_x509_append_der(array, alice);
	set_array("der64", array, true);
	array = g_byte_array_new();
	test_x509_append_bundle(array, list, false);
	set_array("bundle64", array, true);
}

static int set_up(void **state G_GNUC_UNUSED)
{
	static const struct test_x509_params alice_params = {
		.name = "alice", .key = "P-256",
		.alt_name = "email:alice@example.org"
	}, bob_params = {
		.name = "bob", .key = "P-256", .key_number = 1,
		.alt_name = "email:bob@example.org"
	};
	GString *seventeen = g_string_new(NULL);
	const char *text;

	alice = test_x509_new(&alice_params);
	bob = test_x509_new(&bob_params);
	values = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	set_key("alice", "alice64", "armor-one-long-line.asc");
	set_key("older", "older64", "two-versions-1-older.asc");
	set_key("newer", "newer64", "two-versions-2-newer.asc");
	text = g_hash_table_lookup(values, "alice");
	set_value("aliceBase64", fold_base64(text, strlen(text)));
	for (int i = 0; i < 17; i++) {
		g_string_append_printf(seventeen, FILE_PART("a/b", "a.asc",
							    "%s"), text);
	}
	set_value("seventeen", g_string_free(seventeen, FALSE));
	set_value("10kB", g_strnfill(10*1024, 'x'));
	set_secrets();
	set_x509();
	set_signed();
	set_forged_opaque();
	return 0;
}

static int tear_down(void **state G_GNUC_UNUSED)
{
	g_hash_table_unref(values);
	test_x509_free(alice);
	test_x509_free(bob);
	test_x509_deinit();
	certificates_deinit();
	return 0;
}

static GString *expand(const char *message)
{
	GString *expanded = g_string_new(NULL);
	const char *open;

	while ((open = strchr(message, '{')) != NULL) {
		char *name = g_strndup(open + 1, strcspn(open + 1, "}"));
		const char *value = g_hash_table_lookup(values, name);

		assert_non_null(value);
		g_string_append_len(expanded, message, open - message);
		g_string_append(expanded, value);
		message = open + strlen(name) + 2;
		g_free(name);
	}
	return g_string_append(expanded, message);
}

/*
 * Tests
 */

static void
check_found(const GString *text, uint64_t key, uint64_t chosen)
{
	struct seal_error error = { .text = "" };
	const struct certificate_list *list =
		certificates_read(text->str, text->len, 120, &error);
	const struct certificate *found;
	gsize size;
	const void *data;
	GByteArray *der;

	if (list == NULL)
		fail_msg("%s", error.text);
	assert_int_equal(list->count, 1);
	found = list->certificates[0];
	if (key == SIGNER) {
		der = g_byte_array_new();
		test_x509_append_der(der, alice);
		data = g_bytes_get_data(found->data, &size);
		assert_bytes(data, size, der->data, der->len);
		g_byte_array_unref(der);
		return;
	}
	assert_true(found->keys[0].id == key);
	if (chosen != 0) {
		assert_true(certificate_encryption_key(found, time(NULL))->id
			    == chosen);
	}
}

static void
check_message(const char *data, size_t size, const char *expected_error,
	      uint64_t key, uint64_t chosen)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE, .text = "" };
	GString *text = g_string_new(NULL);
	int ret = certificate_find(data, size, 20, text, &error);

	assert_string_equal(error.text,
			    expected_error == NULL ? "" : expected_error);
	if (expected_error == NULL) {
		assert_int_equal(ret, 0);
		check_found(text, key, chosen);
	} else {
		assert_int_equal(ret, -1);
		assert_int_equal(error.code, SEAL_ERROR_UNUSABLE_KEY);
		assert_int_equal(text->len, 0);
	}
	g_string_free(text, TRUE);
}

static void test_messages(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		GString *message = expand(cases[i].message);

		test_case(cases[i].name, i);
		check_message(message->str, message->len, cases[i].error,
			      cases[i].key, cases[i].chosen);
		g_string_free(message, TRUE);
	}
}

static void test_sizes(void **state G_GNUC_UNUSED)
{
	GString *message = expand(FROM AUTOCRYPT("alice64") PLAIN);

	while (message->len < CERTIFICATE_FIND_MAX)
		g_string_append_c(message, message->len % 72 == 0 ? '\n' :
				  'x');
	check_message(message->str, message->len, NULL, ALICE, 0);
	g_string_append_c(message, 'x');
	check_message(message->str, message->len, "the message is larger than "
		      "4 MB: take a smaller one", 0, 0);
	g_string_free(message, TRUE);
}

/* Body parts in body parts, and messages in messages */
static void test_nested(void **state G_GNUC_UNUSED)
{
	for (size_t form = 0; form < 2; form++) {
		GString *message = expand(FROM AUTOCRYPT("alice64"));
		struct seal_error error = { .code = SEAL_ERROR_NONE };
		GString *text = g_string_new(NULL);

		test_case("nested", form);
		for (unsigned int i = 0; form == 0 && i < 20000; i++) {
			g_string_append_printf(message, "Content-Type: "
				"multipart/mixed; boundary=b%u\n\n--b%u\n",
				i, i);
		}
		for (unsigned int i = 0; form == 1 && i < 20000; i++) {
			g_string_append(message,
					"Content-Type: message/rfc822\n\n");
		}
		/* whatever GMime has made of it */
		if (certificate_find(message->str, message->len, 20, text,
				     &error) < 0)
			assert_string_equal(error.text, DEEP);
		g_string_free(text, TRUE);
		g_string_free(message, TRUE);
	}
}

/* Cut anywhere it is a message, too. */
static void test_cut(void **state G_GNUC_UNUSED)
{
	GString *message = expand(FROM "{signed}");

	for (size_t size = 0; size < message->len; size += 7) {
		struct seal_error error = { .code = SEAL_ERROR_NONE };
		GString *text = g_string_new(NULL);
		char *copy = g_memdup2(message->str, size);

		test_case("cut", size);
		if (certificate_find(copy, size, 20, text, &error) < 0)
			assert_int_equal(error.code, SEAL_ERROR_UNUSABLE_KEY);
		else
			check_found(text, SIGNER, 0);
		g_free(copy);
		g_string_free(text, TRUE);
	}
	g_string_free(message, TRUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_cut)
	};

	/* GMime and GLib complain of misuse on stderr, which is Dovecot's log */
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
