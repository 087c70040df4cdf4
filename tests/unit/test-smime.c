/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The whole of src/seal with the S/MIME engine: what comes out decrypts to
   what went in, however it goes in; and when OpenSSL fails, so does sealing. */

/* for RAND_set_rand_method() */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "certificate/key-file.h"
#include "detect/cms-type.h"
#include "message-cases.h"
#include "openssl/openssl-common.h"
#include "seal-run.h"
#include "test-lib.h"
#include "test-x509-lib.h"

#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct test_x509 *rsa, *ec, *ec2;

/*
 * Sealing and opening
 */

static GByteArray *key_file(struct test_x509 *const *recipients)
{
	GByteArray *file = g_byte_array_new();

	for (size_t i = 0; recipients[i] != NULL; i++)
		test_x509_append_der(file, recipients[i]);
	return file;
}

/* Returns NULL if that failed. */
static GString *
seal_message(const GByteArray *keys, bool oaep, const char *message,
	     size_t size, size_t step, struct seal_error *error)
{
	const struct certificate_list *list =
		certificates_read(keys->data, keys->len, 10, error);
	struct seal_params params = {
		.rsa_oaep = oaep, .spool_open = seal_run_spool
	};

	if (list == NULL)
		return NULL;
	params.recipients = list->certificates;
	params.recipient_count = list->count;
	return seal_run(&params, message, size, step, NULL, error);
}

/* What stands between our header fields and the base64 text */
static const char smime_fields[] =
	"Content-Type: application/pkcs7-mime; smime-type=enveloped-data;\r\n"
	" name=\"smime.p7m\"\r\n"
	"Content-Transfer-Encoding: base64\r\n"
	"Content-Disposition: attachment; filename=\"smime.p7m\"\r\n"
	"\r\n";

/* Takes the sealed message apart; base64 text must be as RFC 2045 wants it.
   Returns the CMS message. */
static GBytes *take_cms(const GString *sealed)
{
	const char *text = strstr(sealed->str, smime_fields);
	struct cms_type_reader reader = { .failed = false };
	char **lines;
	guchar *data;
	gsize size;

	assert_non_null(text);
	text += strlen(smime_fields);
	lines = g_strsplit(text, "\r\n", -1);
	for (guint i = 0; lines[i] != NULL; i++) {
		size_t length = strlen(lines[i]);

		assert_null(strpbrk(lines[i], "\r\n"));
		if (lines[i + 1] == NULL)
			assert_int_equal(length, 0);
		else if (lines[i + 2] == NULL)
			assert_in_range(length, 1, 76);
		else
			assert_int_equal(length, 76);
	}
	g_strfreev(lines);
	data = g_base64_decode(text, &size);
	assert_true(cms_type_push(&reader, data, size));
	assert_true(cms_type_is_enveloped(&reader));
	return g_bytes_new_take(data, size);
}

static CMS_ContentInfo *parse_cms(GBytes *bytes)
{
	gsize size;
	const unsigned char *data = g_bytes_get_data(bytes, &size);
	const unsigned char *pos = data;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &pos, size);

	assert_non_null(cms);
	assert_ptr_equal(pos, data + size);
	assert_int_equal(OBJ_obj2nid(CMS_get0_type(cms)),
			 NID_pkcs7_enveloped);
	return cms;
}

static void
check_opens(GBytes *bytes, const struct test_x509 *recipient,
	    const void *inside, size_t inside_size)
{
	CMS_ContentInfo *cms = parse_cms(bytes);
	BIO *out = BIO_new(BIO_s_mem());
	char *data;
	long size;

	assert_int_equal(CMS_decrypt(cms, recipient->key, recipient->x509,
				     NULL, out, CMS_BINARY), 1);
	size = BIO_get_mem_data(out, &data);
	assert_bytes(data, size, inside, inside_size);
	BIO_free(out);
	CMS_ContentInfo_free(cms);
}

static void
check_sealed(const GString *sealed, const char *outside,
	     const struct test_x509 *recipient, const void *inside,
	     size_t inside_size)
{
	static const char mark[] = "X-Mail-Seal: v=1;\r\n keys=";
	size_t outside_size = strlen(outside);
	GBytes *cms = take_cms(sealed);
	const char *text;

	/* a line for the SHA-256 */
	assert_true(g_str_has_prefix(sealed->str, mark));
	text = strchr(sealed->str + strlen(mark), '\n') + 1;
	assert_true(strlen(text) > outside_size);
	assert_bytes(text, outside_size, outside, outside_size);
	assert_true(g_str_has_prefix(text + outside_size, smime_fields));
	check_opens(cms, recipient, inside, inside_size);
	g_bytes_unref(cms);
}

static void test_table(void **state G_GNUC_UNUSED)
{
	static const size_t steps[] = { 1, 7, 65536 };

	for (int i = 0; i < (int)G_N_ELEMENTS(message_cases) * 3; i++) {
		const struct message_case *test = &message_cases[i / 3];
		struct test_x509 *const recipients[] =
			{ i % 3 == 2 ? ec : rsa, NULL };
		GByteArray *keys = key_file(recipients);

		for (size_t j = 0; j < G_N_ELEMENTS(steps); j++) {
			struct seal_error error = { .code = SEAL_ERROR_NONE };
			GString *sealed, *again;

			test_case(test->name, steps[j]);
			sealed = seal_message(keys, i % 3 == 1,
					      test->message, test->size,
					      steps[j], &error);
			assert_string_equal(error.text, "");
			check_sealed(sealed, test->outside, recipients[0],
				     test->inside, test->inside_size);
			/* what we sealed we know again */
			again = seal_message(keys, false, sealed->str,
					     sealed->len, steps[j], &error);
			assert_string_equal(error.text, "");
			assert_bytes(again->str, again->len, sealed->str,
				     sealed->len);
			g_string_free(again, TRUE);
			g_string_free(sealed, TRUE);
		}
		g_byte_array_unref(keys);
	}
}

/* Around the sizes of everything that gathers bytes, in pieces of all sizes */
static void test_sizes(void **state G_GNUC_UNUSED)
{
	static const size_t sizes[] = {
		1, 15, 16, 17, 4095, 4096, 4097, 16383, 16384, 16385, 65535,
		65536, 65537, 1000000
	};
	static const size_t steps[] = { 13, 1024, 16384, 70000 };
	struct test_x509 *const recipients[] = { ec, NULL };
	GByteArray *keys = key_file(recipients);
	GRand *random = g_rand_new_with_seed(1);

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		for (size_t j = 0; j < G_N_ELEMENTS(steps); j++) {
			struct seal_error error = { .code = SEAL_ERROR_NONE };
			GString *message = g_string_new("A: b\r\n\r\n");
			GString *sealed;

			test_case("size", sizes[i]);
			for (size_t k = 0; k < sizes[i]; k++) {
				g_string_append_c(message,
					g_rand_int_range(random, 11, 256));
			}
			sealed = seal_message(keys, false, message->str,
					      message->len, steps[j], &error);
			assert_string_equal(error.text, "");
			check_sealed(sealed, "A: b\r\nMIME-Version: 1.0\r\n",
				     ec, message->str + strlen("A: b\r\n"),
				     message->len - strlen("A: b\r\n"));
			g_string_free(sealed, TRUE);
			g_string_free(message, TRUE);
		}
	}
	g_rand_free(random);
	g_byte_array_unref(keys);
}

/*
 * Recipients
 */

static void
check_recipient(CMS_RecipientInfo *info, struct test_x509 *recipient,
		int algorithm)
{
	X509_ALGOR *used = NULL;
	const ASN1_OBJECT *object;

	if (CMS_RecipientInfo_type(info) == CMS_RECIPINFO_TRANS) {
		ASN1_OCTET_STRING *key_id = NULL;
		X509_NAME *issuer;
		ASN1_INTEGER *serial;

		assert_int_equal(CMS_RecipientInfo_ktri_get0_algs(
			info, NULL, NULL, &used), 1);
		assert_int_equal(CMS_RecipientInfo_ktri_get0_signer_id(
			info, &key_id, &issuer, &serial), 1);
		assert_null(key_id);
		assert_int_equal(CMS_RecipientInfo_ktri_cert_cmp(
			info, recipient->x509), 0);
	} else {
		STACK_OF(CMS_RecipientEncryptedKey) *keys;
		ASN1_OCTET_STRING *ukm;

		assert_int_equal(CMS_RecipientInfo_type(info),
				 CMS_RECIPINFO_AGREE);
		assert_int_equal(CMS_RecipientInfo_kari_get0_alg(
			info, &used, &ukm), 1);
		keys = CMS_RecipientInfo_kari_get0_reks(info);
		assert_int_equal(sk_CMS_RecipientEncryptedKey_num(keys), 1);
		assert_int_equal(CMS_RecipientEncryptedKey_cert_cmp(
			sk_CMS_RecipientEncryptedKey_value(keys, 0),
			recipient->x509), 0);
	}
	X509_ALGOR_get0(&object, NULL, NULL, used);
	assert_int_equal(OBJ_obj2nid(object), algorithm);
}

/* Every certificate of an owner is a recipient; nobody else is; and the
   algorithms are those which clients read. */
static void test_recipients(void **state G_GNUC_UNUSED)
{
	struct test_x509 *const recipients[] = { rsa, ec, ec2, NULL };
	GByteArray *keys = key_file(recipients);
	/* AES-256-CBC, and the wrap that goes with it */
	static const unsigned char cbc[] =
		{ 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2a };
	static const unsigned char wrap[] =
		{ 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2d };

	for (int oaep = 0; oaep <= 1; oaep++) {
		const int algorithms[] = {
			oaep == 1 ? NID_rsaesOaep : NID_rsaEncryption,
			NID_dhSinglePass_stdDH_sha256kdf_scheme,
			NID_dhSinglePass_stdDH_sha256kdf_scheme
		};
		struct seal_error error = { .code = SEAL_ERROR_NONE };
		GString *sealed = seal_message(keys, oaep == 1,
			TEXT("A: b\n\nhello"), 100, &error);
		STACK_OF(CMS_RecipientInfo) *infos;
		CMS_ContentInfo *cms;
		GByteArray *der;
		GBytes *bytes;

		assert_string_equal(error.text, "");
		bytes = take_cms(sealed);
		cms = parse_cms(bytes);
		infos = CMS_get0_RecipientInfos(cms);
		assert_int_equal(sk_CMS_RecipientInfo_num(infos), 3);
		for (int i = 0; i < 3; i++) {
			check_recipient(sk_CMS_RecipientInfo_value(infos, i),
					recipients[i], algorithms[i]);
			check_opens(bytes, recipients[i],
				    TEXT("\r\nhello"));
		}
		der = g_bytes_unref_to_array(bytes);
		for (int i = 0; i <= 1; i++) {
			const unsigned char *oid = i == 0 ? cbc : wrap;
			guint pos = 0;

			while (pos + sizeof(cbc) < der->len &&
			       memcmp(der->data + pos, oid, sizeof(cbc)) != 0)
				pos++;
			assert_true(pos + sizeof(cbc) < der->len);
		}
		g_byte_array_unref(der);
		CMS_ContentInfo_free(cms);
		g_string_free(sealed, TRUE);
	}
	g_byte_array_unref(keys);
}

/* Two messages to the same owner have nothing in common. */
static void test_nothing_repeats(void **state G_GNUC_UNUSED)
{
	struct test_x509 *const recipients[] = { rsa, NULL };
	GByteArray *keys = key_file(recipients);
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	GBytes *cms[2];
	gsize sizes[2];
	const char *data[2];

	for (int i = 0; i <= 1; i++) {
		GString *sealed = seal_message(keys, false,
			TEXT("A: b\n\nhello, this is one block"), 9, &error);

		assert_non_null(sealed);
		cms[i] = take_cms(sealed);
		data[i] = g_bytes_get_data(cms[i], &sizes[i]);
		g_string_free(sealed, TRUE);
	}
	/* the last block but one; the last has the ends of all elements */
	assert_memory_not_equal(data[0] + sizes[0] - 40,
				data[1] + sizes[1] - 40, 16);
	g_bytes_unref(cms[0]);
	g_bytes_unref(cms[1]);
	g_byte_array_unref(keys);
}

/*
 * Faults
 */

/* Without memory a process ends, rather than go on with half of something. */
static void test_no_memory(void **state G_GNUC_UNUSED)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		/* GLib would tell about it */
		(void)close(STDERR_FILENO);
		(void)OPENSSL_malloc(SIZE_MAX / 2);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* An openssl.cnf may load no algorithms at all. */
static void test_no_algorithms(void **state G_GNUC_UNUSED)
{
	struct test_x509 *const recipients[] = { rsa, NULL };
	GByteArray *keys = key_file(recipients);

	/* while the certificate is read, and when it is known */
	for (int known = 0; known <= 1; known++) {
		struct seal_error error = { .code = SEAL_ERROR_NONE };
		GString *sealed;

		certificates_deinit();
		if (known == 1)
			(void)certificates_read(keys->data, keys->len, 10,
						&error);
		EVP_set_default_properties(NULL, "provider=none");
		sealed = seal_message(keys, false, TEXT("A: b\n\nhello"), 100,
				      &error);
		EVP_set_default_properties(NULL, "");
		assert_null(sealed);
		assert_int_equal(error.code, SEAL_ERROR_ENGINE);
		assert_true(g_str_has_prefix(error.text, "OpenSSL failed: "));
	}
	g_byte_array_unref(keys);
}

static int no_random_bytes(unsigned char *buf G_GNUC_UNUSED,
			   int size G_GNUC_UNUSED)
{
	return 0;
}

static int no_random_status(void)
{
	return 0;
}

static void test_no_random(void **state G_GNUC_UNUSED)
{
	static const RAND_METHOD no_random = {
		.bytes = no_random_bytes, .pseudorand = no_random_bytes,
		.status = no_random_status
	};
	struct test_x509 *const all[] = { rsa, ec };

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		struct test_x509 *const recipients[] = { all[i], NULL };
		GByteArray *keys = key_file(recipients);
		struct seal_error error = { .code = SEAL_ERROR_NONE };
		GString *sealed;

		RAND_set_rand_method(&no_random);
		sealed = seal_message(keys, false, TEXT("A: b\n\nhello"), 100,
				      &error);
		RAND_set_rand_method(NULL);
		assert_null(sealed);
		assert_int_equal(error.code, SEAL_ERROR_ENGINE);
		assert_true(g_str_has_prefix(error.text, "OpenSSL failed: "));
		g_byte_array_unref(keys);
	}
}

/* A seal that is dropped in the middle */
static void test_abandoned(void **state G_GNUC_UNUSED)
{
	struct test_x509 *const recipients[] = { rsa, ec, NULL };
	GByteArray *keys = key_file(recipients);
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct certificate_list *list =
		certificates_read(keys->data, keys->len, 10, &error);
	struct seal_params params = {
		.recipients = list->certificates,
		.recipient_count = list->count
	};
	struct seal *seal = seal_new(&params);
	char *body = g_strnfill(100000, 'x');
	char buf[4096];

	assert_int_equal(seal_push(seal, TEXT("A: b\n\n"), &error), 0);
	while (seal_pull(seal, buf, sizeof(buf), &error) > 0) ;
	assert_int_equal(seal_push(seal, body, 100000, &error), 0);
	assert_true(seal_pull(seal, buf, sizeof(buf), &error) > 0);
	seal_free(&seal);
	g_free(body);
	g_byte_array_unref(keys);
}

static int setup(void **state G_GNUC_UNUSED)
{
	const struct test_x509_params rsa_params = {
		.name = "rsa", .key = "RSA-2048"
	};
	const struct test_x509_params ec_params = {
		.name = "ec", .key = "P-256"
	};
	const struct test_x509_params ec2_params = {
		.name = "ec2", .key = "P-384"
	};

	rsa = test_x509_new(&rsa_params);
	ec = test_x509_new(&ec_params);
	ec2 = test_x509_new(&ec2_params);
	return 0;
}

static int teardown(void **state G_GNUC_UNUSED)
{
	test_x509_free(rsa);
	test_x509_free(ec);
	test_x509_free(ec2);
	test_x509_deinit();
	seal_deinit();
	return 0;
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_recipients),
		cmocka_unit_test(test_nothing_repeats),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_no_algorithms),
		cmocka_unit_test(test_no_random),
		cmocka_unit_test(test_abandoned)
	};

	/* before OpenSSL has allocated anything */
	openssl_begin();
	return cmocka_run_group_tests_name("smime", all, setup, teardown);
}
