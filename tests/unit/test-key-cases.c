/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Certificates that went wrong once (tests/unit/keys), with a real gpg as the
   judge. */

#include "certificate/key-file.h"
#include "certificate/trial.h"
#include "test-lib.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <errno.h>
#include <glib/gstdio.h>

static GByteArray *read_keys(const char *names)
{
	GByteArray *content = g_byte_array_new();
	char **list = g_strsplit(names, " ", -1);

	for (char **name = list; *name != NULL; name++) {
		char *path = g_build_filename(TEST_KEYS, *name, NULL);
		gchar *data;
		gsize size;

		assert_true(g_file_get_contents(path, &data, &size, NULL));
		g_byte_array_append(content, (guint8 *)data, size);
		g_free(data);
		g_free(path);
	}
	g_strfreev(list);
	return content;
}

static const struct certificate_list *
judge(const GByteArray *owner, const GByteArray *extra,
      struct seal_error *error)
{
	const struct key_file_input inputs[] = {
		{ owner->data, owner->len, CERTIFICATE_OWNER },
		{ extra == NULL ? NULL : extra->data,
		  extra == NULL ? 0 : extra->len, CERTIFICATE_EXTRA }
	};
	const struct certificates_params params = { .timeout_secs = 120 };

	memset(error, 0, sizeof(*error));
	return certificates_judge(inputs, extra == NULL ? 1 : 2, &params,
				  error);
}

#define ALICE 0x8D8A5AAB28940619, 0x06A257BAF728C5F0

static const struct {
	/* one or more files, one behind the other */
	const char *files;
	/* it is no key file, or what is wrong with its first certificate */
	const char *error, *reason;
	/* how many there are; the first one's primary key and the one that is
	   chosen */
	size_t count;
	uint64_t primary, chosen;
} cases[] = {
	{ "nouid-directkey-signature.asc", NULL, NULL, 1,
	  0x4586212D10D42FE3, 0x44E4BE28ABA160BE },
	{ "directkey-signature-and-unsigned-uid.asc", NULL, NULL, 1,
	  0x95B6C7ABF56CBBEE, 0xC18EB0014527368F },
	{ "two-versions-1-older.asc", NULL, NULL, 1,
	  0x3D3D5BE53A44DEE4, 0xDC1B19B83B875635 },
	{ "two-versions-1-older.asc two-versions-2-newer.asc", NULL, NULL, 1,
	  0x3D3D5BE53A44DEE4, 0xD7E3BDF077643B00 },
	{ "two-versions-2-newer.asc two-versions-1-older.asc", NULL, NULL, 1,
	  0x3D3D5BE53A44DEE4, 0xD7E3BDF077643B00 },
	{ "valid-and-revoked-version.asc", NULL, "it is revoked", 1,
	  0x60E240B25EA15403, 0 },
	{ "designated-revoker.asc", NULL, "it is revoked", 2,
	  0xB6A089592B890F40, 0 },
	{ "only-mlkem-subkey.asc", NULL, "its encryption subkey's algorithm "
	  "isn't known to this server's GnuPG", 1, 0x6EE708AFD3FC8E3F, 0 },
	{ "armor-blank-line-after-crc.asc", NULL, NULL, 1, ALICE },
	{ "armor-blank-lines-between.asc", NULL, NULL, 1, ALICE },
	{ "armor-one-long-line.asc", NULL, NULL, 1, ALICE },
	{ "marker-packet-first.asc", NULL, NULL, 1, ALICE },
	{ "text-not-ascii-first.asc", NULL, NULL, 1,
	  0xF5C4798774D73B2D, 0xAB43B21FC3BAE39F },
	/* the same, three times */
	{ "marker-packet-first.asc armor-one-long-line.asc "
	  "armor-blank-lines-between.asc", NULL, NULL, 1, ALICE },
	{ "empty-subject.pem", NULL, NULL, 1, 0, 0 },
	{ "same-issuer-and-serial.pem", "two certificates have the same "
	  "issuer and serial number, but other keys, so that readers can't "
	  "tell them apart", NULL, 0, 0, 0 },
	{ "sign-and-encrypt.pem", NULL, NULL, 1, 0, 0 },
	{ "smime.p7s", NULL, NULL, 1, 0, 0 },
	{ "utf16.pem", NULL, NULL, 1, 0, 0 },
	{ "certificates-only.p12", "it is a PKCS #12 file (.p12, .pfx), which "
	  "isn't read; bring the certificate by itself, as .pem or .cer",
	  NULL, 0, 0, 0 }
};

static void
check_first(const struct certificate_list *list, size_t i)
{
	const struct certificate *first = list->certificates[0];
	const time_t now = time(NULL);
	const struct certificate_key *key;
	const char *reason = NULL;
	bool usable = certificate_is_usable(first, now, 2048, &reason);

	assert_int_equal(list->count, cases[i].count);
	if (g_strcmp0(usable ? NULL : reason, cases[i].reason) != 0)
		fail_msg("%s: %s", cases[i].files, usable ? "usable" : reason);
	key = certificate_encryption_key(first, now);
	assert_true((key != NULL) == (cases[i].reason == NULL));
	if (first->kind == CERTIFICATE_KIND_OPENPGP) {
		if (first->keys[0].id != cases[i].primary ||
		    (key != NULL && key->id != cases[i].chosen))
			fail_msg("%s: another key", cases[i].files);
	}
}

static void test_cases(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		GByteArray *content = read_keys(cases[i].files);
		const struct certificate_list *list;
		struct seal_error error;

		test_case(cases[i].files, i);
		list = judge(content, NULL, &error);
		if (g_strcmp0(list == NULL ? error.text : NULL,
			      cases[i].error) != 0)
			fail_msg("%s: %s", cases[i].files, error.text);
		if (list == NULL)
			assert_int_equal(error.code, SEAL_ERROR_UNUSABLE_KEY);
		else
			check_first(list, i);
		g_byte_array_unref(content);
	}
}

/* The certificate for signing is left out, and that is said. */
static void test_note(void **state G_GNUC_UNUSED)
{
	GByteArray *two = read_keys("sign-and-encrypt.pem");
	GByteArray *one = read_keys("empty-subject.pem");
	struct seal_error error;

	assert_string_equal(judge(two, NULL, &error)->note,
			    "of its certificates, those that can only be used "
			    "for signatures are left out");
	assert_null(judge(one, NULL, &error)->note);
	g_byte_array_unref(two);
	g_byte_array_unref(one);
}

/* Wherever the newer copy is it counts; and the other way round. */
static void test_merged_across_files(void **state G_GNUC_UNUSED)
{
	GByteArray *older = read_keys("two-versions-1-older.asc");
	GByteArray *newer = read_keys("two-versions-2-newer.asc");
	struct seal_error error;

	for (int swap = 0; swap <= 1; swap++) {
		const struct certificate_list *list = judge(
			swap ? newer : older, swap ? older : newer, &error);

		assert_non_null(list);
		assert_int_equal(list->count, 1);
		assert_int_equal(list->certificates[0]->roles,
				 CERTIFICATE_OWNER | CERTIFICATE_EXTRA);
		assert_true(certificate_encryption_key(list->certificates[0],
			time(NULL))->id == 0xD7E3BDF077643B00);
	}
	g_byte_array_unref(older);
	g_byte_array_unref(newer);
}

/* Somebody else's certificate that is there for its revocation only */
static void test_revoker_is_no_recipient(void **state G_GNUC_UNUSED)
{
	GByteArray *content = read_keys("designated-revoker.asc");
	struct seal_error error;
	const struct certificate_list *list = judge(content, NULL, &error);
	const char *reason;

	assert_non_null(list);
	assert_true(list->certificates[1]->keys[0].id == 0x50F32EAA0FAA1078);
	assert_false(certificate_is_usable(list->certificates[1], time(NULL),
					   2048, &reason));
	assert_string_equal(reason,
			    "it is only there as another's designated revoker");
	g_byte_array_unref(content);
}

/* But an organisation's additional key may be its people's revoker too. */
static void test_additional_revoker_is_recipient(void **state G_GNUC_UNUSED)
{
	GByteArray *content = read_keys("designated-revoker.asc");
	struct seal_error error;
	const struct certificate_list *list = judge(content, content, &error);
	const char *reason = "";

	assert_non_null(list);
	assert_true(list->certificates[1]->keys[0].id == 0x50F32EAA0FAA1078);
	if (!certificate_is_usable(list->certificates[1], time(NULL), 2048,
				   &reason))
		fail_msg("%s", reason);
	g_byte_array_unref(content);
}

/* And one member of a team may be another's. */
static void test_revoker_is_member(void **state G_GNUC_UNUSED)
{
	GByteArray *content = read_keys("designated-revoker.asc");
	const struct key_file_input input = {
		content->data, content->len, CERTIFICATE_OWNER
	};
	const struct certificates_params params = {
		.timeout_secs = 120, .group = true
	};
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct certificate_list *list =
		certificates_judge(&input, 1, &params, &error);
	const char *reason = "";

	assert_non_null(list);
	assert_true(list->certificates[1]->keys[0].id == 0x50F32EAA0FAA1078);
	if (!certificate_is_usable(list->certificates[1], time(NULL), 2048,
				   &reason))
		fail_msg("%s", reason);
	g_byte_array_unref(content);
}

/* Whatever stands in front of its lines */
static void test_quoted_secrets(void **state G_GNUC_UNUSED)
{
	static const char *const prefixes[] = {
		"", "> ", ">> ", "    ", "\t", "| ", "- ", "\xe2\x80\x9c"
	};
	static const char *const labels[] = {
		"PGP PRIVATE KEY BLOCK", "PRIVATE KEY", "RSA PRIVATE KEY",
		"ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY"
	};

	for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++) {
		for (size_t j = 0; j < G_N_ELEMENTS(labels); j++) {
			GByteArray *content =
				read_keys("armor-one-long-line.asc");
			char *text = g_strdup_printf(
				"%s-----BEGIN %s-----\n", prefixes[i],
				labels[j]);
			struct seal_error error;

			test_case(prefixes[i], j);
			g_byte_array_append(content, (guint8 *)text,
					    strlen(text));
			assert_null(judge(content, NULL, &error));
			assert_string_equal(error.text, CERTIFICATES_SECRET);
			g_free(text);
			g_byte_array_unref(content);
		}
	}
}

/* Without a label that says so. The packet is a secret key's (RFC 9580 section
   5.5.3), as far as anybody looks. */
static void test_secrets_without_label(void **state G_GNUC_UNUSED)
{
	static const guint8 packet[] = {
		0xc5, 38, 4, 0x60, 0, 0, 0, 22, 9, 0x2b, 6, 1, 4, 1, 0xda,
		0x47, 0x0f, 1, 1, 7, 0x40, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
		12, 13, 14, 15, 16, 17, 18, 19
	};
	char *base64 = g_base64_encode(packet, sizeof(packet));
	const struct {
		const char *before, *after;
	} forms[] = {
		{ "", "" }, { "\n", "\n" }, { "> ", "\n" }, { "\t", "" },
		{ "-----BEGIN PGP MESSAGE-----\n\n",
		  "\n-----END PGP MESSAGE-----\n" },
		{ "-----BEGIN PGP MESSAGE-----\nVersion: x\n\n", "\n=AAAA\n" },
	};

	for (size_t i = 0; i <= G_N_ELEMENTS(forms); i++) {
		GByteArray *content = read_keys("armor-one-long-line.asc");
		struct seal_error error;
		GString *text = g_string_new(NULL);

		test_case("form", i);
		if (i == G_N_ELEMENTS(forms))
			g_string_append_len(text, (char *)packet,
					    sizeof(packet));
		else {
			g_string_append_printf(text, "%s%s%s", forms[i].before,
					       base64, forms[i].after);
		}
		g_byte_array_append(content, (guint8 *)text->str, text->len);
		assert_null(judge(content, NULL, &error));
		assert_string_equal(error.text, CERTIFICATES_SECRET);
		g_string_free(text, TRUE);
		g_byte_array_unref(content);
	}
	g_free(base64);
}

/* A label in other letters, or in UTF-16 behind text that isn't */
static void test_secrets_in_other_letters(void **state G_GNUC_UNUSED)
{
	static const char label[] = "-----Begin Pgp Private Key Block-----\n";

	for (int wide = 0; wide <= 1; wide++) {
		GByteArray *content = read_keys("armor-one-long-line.asc");
		struct seal_error error;

		for (const char *p = label; *p != '\0'; p++)
			g_byte_array_append(content, (guint8[2]){ *p, 0 },
					    wide ? 2 : 1);
		assert_null(judge(content, NULL, &error));
		assert_string_equal(error.text, CERTIFICATES_SECRET);
		g_byte_array_unref(content);
	}
}

/* The first, the last, and one that is far too large */
static void test_sizes(void **state G_GNUC_UNUSED)
{
	GByteArray *content = read_keys("armor-one-long-line.asc");
	struct seal_error error;

	while (content->len < CERTIFICATES_SIZE_MAX)
		g_byte_array_append(content, (const guint8 *)"\n", 1);
	assert_non_null(judge(content, NULL, &error));
	g_byte_array_append(content, (const guint8 *)"\n", 1);
	assert_null(judge(content, NULL, &error));
	assert_int_equal(error.code, SEAL_ERROR_UNUSABLE_KEY);
	assert_string_equal(error.text, "it has more than 4 MB: export the "
			    "certificate again, with gpg's option "
			    "--export-options export-minimal");
	g_byte_array_unref(content);
}

/* Every message of all forms of text that Windows writes */
static void test_utf16(void **state G_GNUC_UNUSED)
{
	static const char *const charsets[] = { "UTF-16LE", "UTF-16BE" };
	static const char *const starts[] = {
		"\xef\xbb\xbf", "", "Key of Alice\r\n", "\r\n"
	};
	GByteArray *text = read_keys("armor-one-long-line.asc");

	for (int form = 0; form < 8; form++) {
		char *with_mark = g_strdup_printf("%s%.*s",
			starts[form / 2], (int)text->len,
			(char *)text->data);
		gsize size;
		char *converted = g_convert(with_mark, -1, charsets[form % 2],
					    "UTF-8", NULL, &size, NULL);
		GByteArray content = {
			.data = (guint8 *)converted, .len = size
		};
		struct seal_error error;

		assert_non_null(converted);
		test_case("utf-16", form);
		if (judge(&content, NULL, &error) == NULL)
			fail_msg("form %d: %s", form, error.text);
		g_free(with_mark);
		g_free(converted);
	}
	g_byte_array_unref(text);
}

/* Each can be sealed to that is usable, and is by who enrols it. */
static void test_trial(void **state G_GNUC_UNUSED)
{
	static const char *const names[] = {
		"armor-one-long-line.asc", "nouid-directkey-signature.asc",
		"directkey-signature-and-unsigned-uid.asc",
		"empty-subject.pem", "sign-and-encrypt.pem"
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		GByteArray *content = read_keys(names[i]);
		struct seal_error error;
		const struct certificate_list *list =
			judge(content, NULL, &error);

		assert_non_null(list);
		if (certificate_try(list->certificates[0], NULL, 20,
				    &error) < 0)
			fail_msg("%s: %s", names[i], error.text);
		g_byte_array_unref(content);
	}
}

/* gpg lists it as usable, and can't encrypt to it. */
static void test_trial_fails(void **state G_GNUC_UNUSED)
{
	GByteArray *content = read_keys("cv25519-point-without-prefix.asc");
	struct seal_error error;
	const struct certificate_list *list = judge(content, NULL, &error);
	const char *reason;

	assert_non_null(list);
	assert_true(certificate_is_usable(list->certificates[0], time(NULL),
					  2048, &reason));
	assert_int_equal(certificate_try(list->certificates[0], NULL, 20,
					 &error), -1);
	assert_int_equal(error.code, SEAL_ERROR_UNUSABLE_KEY);
	/* said once */
	assert_string_equal(error.text, "its key 812D71CAE238475D (cv25519) "
			    "can't be sealed to: its point isn't 0x40 and 32 "
			    "octets, as the standard wants it");
	g_byte_array_unref(content);
}

/* GPGME leaves its processes to process 1, which in a container may leave them
   as they are. We stand in for it here: nothing may be left to us. */
static void test_no_process_is_left(void **state G_GNUC_UNUSED)
{
	GByteArray *content = read_keys("armor-one-long-line.asc");
	struct seal_error error;

	certificates_deinit();
	while (waitpid(-1, NULL, WNOHANG) > 0) ;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	assert_non_null(judge(content, NULL, &error));
	assert_int_equal(certificate_try(
		judge(content, NULL, &error)->certificates[0], NULL, 20,
		&error), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0), 0);
	g_byte_array_unref(content);
}

static int setup(void **state G_GNUC_UNUSED)
{
	/* a warning of a library is a failure, also where it goes on */
	(void)g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL |
				     G_LOG_LEVEL_WARNING);
	return g_file_set_contents(FAKE_GPG".mode", "real", -1, NULL) ? 0 : -1;
}

static int teardown(void **state G_GNUC_UNUSED)
{
	certificates_deinit();
	return 0;
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_note),
		cmocka_unit_test(test_merged_across_files),
		cmocka_unit_test(test_revoker_is_no_recipient),
		cmocka_unit_test(test_additional_revoker_is_recipient),
		cmocka_unit_test(test_revoker_is_member),
		cmocka_unit_test(test_quoted_secrets),
		cmocka_unit_test(test_secrets_without_label),
		cmocka_unit_test(test_secrets_in_other_letters),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_utf16),
		cmocka_unit_test(test_trial),
		cmocka_unit_test(test_trial_fails),
		cmocka_unit_test(test_no_process_is_left)
	};

	return cmocka_run_group_tests_name("key-cases", all, setup, teardown);
}
