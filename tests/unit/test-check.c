/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What every engine's output must be: whatever isn't that fails the save,
   however it is cut into pieces. */

#include "certificate/key-file.h"
#include "copy-engine.h"
#include "engine.h"
#include "format/check.h"
#include "openssl/openssl-common.h"
#include "seal-run.h"
#include "test-lib.h"
#include "test-x509-lib.h"

#define TEXT(text) text, sizeof(text) - 1
#define NOW 1000

/*
 * Pushing
 */

static int
append(const void *data, size_t size, void *context,
       struct seal_error *error G_GNUC_UNUSED)
{
	g_byte_array_append(context, data, size);
	return 0;
}

/* Does it pass in pieces of step? What passes comes out as it went in; else
   nothing comes out if it is already known at the start. */
static bool
passes(const struct check_form *form, const struct check_params *params,
       const void *data, size_t size, size_t step)
{
	GByteArray *out = g_byte_array_new();
	struct check *check = check_new(form, params, append, out);
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < size; i += step) {
		ret = check_push(check, (const char *)data + i,
				 MIN(step, size - i), &error);
	}
	if (ret == 0)
		ret = check_finish(check, &error);
	check_free(&check);
	if (ret == 0) {
		assert_string_equal(error.text, "");
		assert_bytes(out->data, out->len, data, size);
	} else {
		assert_int_equal(error.code, SEAL_ERROR_ENGINE);
	}
	g_byte_array_unref(out);
	return ret == 0;
}

/* Whole, it passes; cut anywhere or with something behind it, not. */
static void
check_form(const struct check_form *form, const struct check_params *params,
	   const GByteArray *message, size_t all_steps)
{
	GByteArray *longer = g_byte_array_new();

	for (size_t step = 1; step <= all_steps; step++)
		assert_true(passes(form, params, message->data, message->len,
				   step));
	for (guint size = 0; size < message->len; size++)
		assert_false(passes(form, params, message->data, size,
				    1 + size / 3));
	g_byte_array_append(longer, message->data, message->len);
	g_byte_array_append(longer, (const guint8 *)"\0", 1);
	assert_false(passes(form, params, longer->data, longer->len,
			    longer->len));
	assert_false(passes(form, params, longer->data, longer->len, 1));
	g_byte_array_unref(longer);
}

/*
 * OpenPGP
 */

/* 1: the first recipient's, 2: the second's, 3: revoked, 4: expired, 5: the
   first recipient's that signs, 6: an older one of his */
static struct certificate_key keys1[] = {
	{ .id = 5 }, { .id = 3, .can_encrypt = true, .revoked = true },
	{ .id = 4, .can_encrypt = true, .expires = NOW },
	{ .id = 6, .can_encrypt = true },
	{ .id = 1, .can_encrypt = true, .created = 1 }
};
static struct certificate_key keys2[] = { { .id = 2, .can_encrypt = true } };
static struct certificate first = {
	.refcount = 1, .keys = keys1, .key_count = G_N_ELEMENTS(keys1)
};
static struct certificate second = {
	.refcount = 1, .keys = keys2, .key_count = G_N_ELEMENTS(keys2)
};
static struct certificate *const recipients[] = { &first, &second };

#define PKESK(id) "\301\012\003\0\0\0\0\0\0\0" id "k"
#define K1 PKESK("\1")
#define K2 PKESK("\2")
#define BODY42 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define SEIPD "\322\053\1" BODY42
/* Parts of 32 and 16 octets; an engine's are larger. */
#define PARTS "\322\345\1xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\17xxxxxxxxxxxxxxx"

static const struct {
	const char *name;
	const char *data;
	size_t size;
	size_t recipients;
	bool ok;
} openpgp_tests[] = {
	{ "one", TEXT(K1 SEIPD), 1, true },
	{ "in parts", TEXT(K1 PARTS), 1, true },
	{ "two", TEXT(K1 K2 SEIPD), 2, true },
	{ "two, the other way round", TEXT(K2 K1 SEIPD), 2, true },
	{ "five octets of length",
	  TEXT(K1 "\322\377\0\0\0\053\1" BODY42), 1, true },
	{ "text", TEXT("hello"), 1, false },
	{ "text like an engine's start", TEXT("\301hello"), 1, false },
	{ "no session key", TEXT(SEIPD), 1, false },
	{ "no container", TEXT(K1), 1, false },
	{ "one of two", TEXT(K1 SEIPD), 2, false },
	{ "another's too", TEXT(K1 K2 SEIPD), 1, false },
	{ "another's", TEXT(K2 SEIPD), 1, false },
	{ "one twice", TEXT(K1 K1 SEIPD), 1, false },
	{ "one of two twice", TEXT(K1 K1 SEIPD), 2, false },
	{ "one and hidden", TEXT(K1 PKESK("\0") SEIPD), 2, false },
	{ "a key that signs", TEXT(PKESK("\5") SEIPD), 1, false },
	{ "revoked", TEXT(PKESK("\3") SEIPD), 1, false },
	{ "the older one", TEXT(PKESK("\6") SEIPD), 1, false },
	{ "expired", TEXT(PKESK("\4") SEIPD), 1, false },
	{ "a passphrase too", TEXT(K1 "\303\002\4\1" SEIPD), 1, false },
	{ "a marker", TEXT("\312\003PGP" K1 SEIPD), 1, false },
	{ "session key of version 6",
	  TEXT("\301\012\006\0\0\0\0\0\0\0\1k" SEIPD), 1, false },
	{ "container of version 2", TEXT(K1 "\322\053\2" BODY42), 1, false },
	{ "without integrity", TEXT(K1 "\311\053\1" BODY42), 1, false },
	{ "AEAD", TEXT(K1 "\324\053\1" BODY42), 1, false },
	{ "literal", TEXT(K1 "\313\053\1" BODY42), 1, false },
	{ "two containers", TEXT(K1 SEIPD SEIPD), 1, false },
	{ "text behind it", TEXT(K1 SEIPD "hello"), 1, false },
	{ "no room for integrity", TEXT(K1 "\322\052\1" BODY42), 1, false },
	{ "no end told", TEXT(K1 "\313\1" BODY42), 1, false },
	{ "last part missing", TEXT(K1
	  "\322\345\1xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), 1, false }
};

static void test_openpgp(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(openpgp_tests); i++) {
		const struct check_params params = {
			.recipients = recipients, .now = NOW,
			.recipient_count = openpgp_tests[i].recipients
		};
		GByteArray *message = g_byte_array_new();
		size_t size = openpgp_tests[i].size;

		g_byte_array_append(message,
				    (const guint8 *)openpgp_tests[i].data,
				    size);
		test_case(openpgp_tests[i].name, i);
		if (openpgp_tests[i].ok)
			check_form(&check_openpgp, &params, message, size);
		for (size_t step = 1; step <= size; step++) {
			if (passes(&check_openpgp, &params, message->data,
				   size, step) != openpgp_tests[i].ok)
				fail_msg("%s", openpgp_tests[i].name);
		}
		g_byte_array_unref(message);
	}
}

/* The start is held back in memory, so it has a bound. */
static void test_start_too_long(void **state G_GNUC_UNUSED)
{
	const struct check_params params = {
		.recipients = recipients, .recipient_count = 1, .now = NOW
	};
	GByteArray *message = g_byte_array_new();

	for (int i = 0; i < 100000; i++) {
		g_byte_array_append(message, (const guint8 *)K1,
				    sizeof(K1) - 1);
	}
	assert_false(passes(&check_openpgp, &params, message->data,
			    message->len, 1000));
	g_byte_array_unref(message);
}

/*
 * CMS
 */

static struct certificate *certificate_of(const struct test_x509 *x509)
{
	GByteArray *file = g_byte_array_new();
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct certificate_list *list;

	test_x509_append_der(file, x509);
	list = certificates_read(file->data, file->len, 10, &error);
	assert_string_equal(error.text, "");
	assert_int_equal(list->count, 1);
	certificate_ref(list->certificates[0]);
	g_byte_array_unref(file);
	return list->certificates[0];
}

static GByteArray *
make_cms(struct certificate *const *to, size_t count, size_t size)
{
	GByteArray *message = g_byte_array_new();
	const struct engine_params params = {
		.recipients = to, .recipient_count = count,
		.output = append, .context = message
	};
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct engine_job *job = engine_smime.start(&params, &error);
	char *plain = g_strnfill(size, 'x');

	assert_non_null(job);
	assert_int_equal(engine_smime.write(job, plain, size, &error), 0);
	assert_int_equal(engine_smime.finish(job, &error), 0);
	engine_smime.free(job);
	g_free(plain);
	return message;
}

/* Puts other bytes in the place of the first ones that are such. */
static void
replace(GByteArray *message, const char *from, const char *to, size_t size)
{
	size_t pos = 0;

	while (memcmp(message->data + pos, from, size) != 0) {
		pos++;
		assert_true(pos + size <= message->len);
	}
	memcpy(message->data + pos, to, size);
}

#define OID "\x2a\x86\x48\x86\xf7\x0d\x01\x07"
#define AES "\x60\x86\x48\x01\x65\x03\x04\x01"

static const struct {
	const char *name, *from, *to;
	size_t size;
} cms_changes[] = {
	{ "signed-data", OID "\3", OID "\2", 9 },
	{ "of signed-data", OID "\1", OID "\2", 9 },
	{ "AES-128", AES "\x2a", AES "\x02", 9 },
	{ "GCM", AES "\x2a", AES "\x2e", 9 },
	{ "no RecipientInfos", "\x02\x01\x00\x31", "\x02\x01\x00\x30", 4 },
	{ "originatorInfo", "\x02\x01\x00\x31", "\x02\x01\x00\xa0", 4 }
};

static void test_cms(void **state G_GNUC_UNUSED)
{
	const struct test_x509_params rsa_params = {
		.name = "rsa", .key = "RSA-2048"
	}, ec_params = { .name = "ec", .key = "P-256" };
	struct test_x509 *rsa = test_x509_new(&rsa_params);
	struct test_x509 *ec = test_x509_new(&ec_params);
	struct certificate *const all[] = {
		certificate_of(rsa), certificate_of(ec)
	};
	const struct check_params both = {
		.recipients = all, .recipient_count = 2
	}, only_rsa = { .recipients = all, .recipient_count = 1 },
	only_ec = { .recipients = all + 1, .recipient_count = 1 };

	/* one piece, and several */
	for (size_t size = 100; size <= 40000; size += 39900) {
		GByteArray *message = make_cms(all, 2, size);

		check_form(&check_cms, &both, message, size == 100 ? 300 : 3);
		assert_false(passes(&check_cms, &only_rsa, message->data,
				    message->len, 100));
		assert_false(passes(&check_cms, &only_ec, message->data,
				    message->len, 100));
		g_byte_array_unref(message);
	}
	for (size_t i = 0; i < 2; i++) {
		GByteArray *message = make_cms(all + i, 1, 10);

		check_form(&check_cms, i == 0 ? &only_rsa : &only_ec, message,
			   message->len);
		assert_false(passes(&check_cms, i == 0 ? &only_ec : &only_rsa,
				    message->data, message->len, 100));
		assert_false(passes(&check_cms, &both, message->data,
				    message->len, 100));
		g_byte_array_unref(message);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(cms_changes); i++) {
		GByteArray *message = make_cms(all, 1, 10);

		test_case(cms_changes[i].name, i);
		replace(message, cms_changes[i].from, cms_changes[i].to,
			cms_changes[i].size);
		assert_false(passes(&check_cms, &only_rsa, message->data,
				    message->len, message->len));
		g_byte_array_unref(message);
	}
	certificate_unref(all[0]);
	certificate_unref(all[1]);
	test_x509_free(rsa);
	test_x509_free(ec);
	test_x509_deinit();
	certificates_deinit();
}

/*
 * In its place
 */

/* An engine that copies its input fails every save, whatever the message; one
   that puts the same into the right form doesn't. */
static void test_bare_engine(void **state G_GNUC_UNUSED)
{
	static const struct engine *const engines[][2] = {
		{ &engine_bare_pgp_mime, &engine_copy_pgp_mime },
		{ &engine_bare_smime, &engine_copy_smime }
	};
	static const char *const messages[] = {
		"", "A: b\n", "A: b\n\nhello\n", "\301\012\003\n\nhello",
		"Content-Type: \301\n\nhello"
	};

	for (size_t i = 0; i < G_N_ELEMENTS(engines) * 2; i++) {
		for (size_t j = 0; j < G_N_ELEMENTS(messages); j++) {
			const struct seal_params params = {
				.engine = engines[i / 2][i % 2],
				.recipients = copy_engine_recipients,
				.recipient_count = 1
			};
			struct seal_error error = { .code = SEAL_ERROR_NONE };
			GString *sealed = seal_run(&params, messages[j],
				strlen(messages[j]), 3, NULL, &error);

			if (i % 2 == 1) {
				assert_string_equal(error.text, "");
				g_string_free(sealed, TRUE);
				continue;
			}
			assert_null(sealed);
			assert_int_equal(error.code, SEAL_ERROR_ENGINE);
		}
	}
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_openpgp),
		cmocka_unit_test(test_start_too_long),
		cmocka_unit_test(test_cms),
		cmocka_unit_test(test_bare_engine)
	};

	openssl_begin();
	return cmocka_run_group_tests_name("check", all, NULL, NULL);
}
