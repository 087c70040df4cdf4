/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The whole of src/seal, with a real gpg as engine: what comes out decrypts to what
   went in, however it goes in; and when gpg fails, so does sealing.

   FAKE_GPG, which this build runs as gpg, does what the file beside it says:
   nothing but exec the real one, or something bad. */

#include "certificate/key-file.h"
#include "gnupg/keyring-home.h"
#include "message-cases.h"
#include "seal-run.h"
#include "test-lib.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char *home;
static GBytes *alice, *bob;

static char *home_file(const char *name)
{
	return g_build_filename(home, name, NULL);
}

/* Runs the real gpg in our home. Returns whether it exited with 0. */
static bool gpg(const char *first, ...)
{
	GPtrArray *argv = g_ptr_array_new();
	const char *const common[] = {
		REAL_GPG, "--homedir", home, "--batch", "--yes", "--quiet",
		"--pinentry-mode", "loopback", "--passphrase", "",
		"--trust-model", "always"
	};
	GError *error = NULL;
	int status;
	va_list args;

	for (size_t i = 0; i < G_N_ELEMENTS(common); i++)
		g_ptr_array_add(argv, (char *)common[i]);
	va_start(args, first);
	for (const char *arg = first; arg != NULL;
	     arg = va_arg(args, const char *))
		g_ptr_array_add(argv, (char *)arg);
	va_end(args);
	g_ptr_array_add(argv, NULL);
	assert_true(g_spawn_sync(NULL, (char **)argv->pdata, NULL,
				 G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
				 NULL, &status, &error));
	g_ptr_array_unref(argv);
	return status == 0;
}

static GBytes *read_file(const char *path)
{
	gchar *content;
	gsize size;

	assert_true(g_file_get_contents(path, &content, &size, NULL));
	return g_bytes_new_take(content, size);
}

static GBytes *make_key(const char *address)
{
	char *path = home_file(address);
	GBytes *certificate;

	assert_true(gpg("--quick-gen-key", address, "future-default",
			"default", "never", NULL));
	assert_true(gpg("--output", path, "--export", address, NULL));
	certificate = read_file(path);
	g_free(path);
	return certificate;
}

static void set_fake_gpg(const char *mode)
{
	assert_true(g_file_set_contents(FAKE_GPG".mode", mode, -1, NULL));
}

/*
 * Sealing and opening
 */

static const struct certificate_list *
read_list(GBytes *certificates, struct seal_error *error)
{
	gsize size;
	const void *data = g_bytes_get_data(certificates, &size);

	return certificates_read(data, size, 10, error);
}

/* Returns NULL if that failed. */
static GString *
seal_message(GBytes *certificates, const char *message, size_t size,
	     size_t step, unsigned int timeout_secs, struct seal_error *error)
{
	const struct certificate_list *list = read_list(certificates, error);
	struct seal_params params = {
		.openpgp_engine = "gpg",
		.timeout_secs = timeout_secs,
		.spool_open = seal_run_spool
	};

	if (list == NULL)
		return NULL;
	params.recipients = list->certificates;
	params.recipient_count = list->count;
	return seal_run(&params, message, size, step, NULL, error);
}

/* The part of a sealed message that gpg decrypts, decrypted */
static GBytes *open_sealed(const GString *sealed)
{
	const char *begin = strstr(sealed->str, "-----BEGIN PGP MESSAGE");
	char *in = home_file("in"), *out = home_file("out");
	GBytes *opened;

	assert_non_null(begin);
	assert_true(g_file_set_contents(in, begin, -1, NULL));
	assert_true(gpg("--output", out, "--decrypt", in, NULL));
	opened = read_file(out);
	g_free(in);
	g_free(out);
	return opened;
}

static void
check_sealed(const GString *sealed, const char *outside, const void *inside,
	     size_t inside_size)
{
	static const char mark[] = "X-Mail-Seal: v=1; keys=";
	size_t outside_size = strlen(outside);
	GBytes *opened = open_sealed(sealed);
	gsize size;
	const void *data = g_bytes_get_data(opened, &size);
	const char *text = sealed->str;

	assert_true(g_str_has_prefix(text, mark));
	/* more than one key is folded */
	do {
		text = strchr(text, '\n') + 1;
	} while (*text == ' ');
	assert_true(strlen(text) > outside_size);
	assert_bytes(text, outside_size, outside, outside_size);
	assert_true(g_str_has_prefix(text + outside_size,
				     "Content-Type: multipart/encrypted;"));
	assert_bytes(data, size, inside, inside_size);
	g_bytes_unref(opened);
}

static void test_table(void **state G_GNUC_UNUSED)
{
	static const size_t steps[] = { 1, 7, 65536 };
	const struct message_case *test;
	struct seal_error error = { .code = SEAL_ERROR_NONE };

	for (size_t i = 0; i < G_N_ELEMENTS(message_cases); i++) {
		for (size_t j = 0; j < G_N_ELEMENTS(steps); j++) {
			GString *sealed, *again;

			test = &message_cases[i];
			test_case(test->name, steps[j]);
			sealed = seal_message(alice, test->message, test->size,
					      steps[j], 120, &error);
			assert_string_equal(error.text, "");
			assert_non_null(sealed);
			check_sealed(sealed, test->outside, test->inside,
				     test->inside_size);
			/* what we sealed we know again */
			again = seal_message(alice, sealed->str, sealed->len,
					     steps[j], 120, &error);
			assert_non_null(again);
			assert_bytes(again->str, again->len, sealed->str,
				     sealed->len);
			g_string_free(again, TRUE);
			g_string_free(sealed, TRUE);
		}
	}
}

static GString *random_body(size_t size)
{
	GRand *random = g_rand_new_with_seed(size);
	GString *body = g_string_sized_new(size + 100);

	while (body->len < size) {
		for (int i = 0; i < 64; i++)
			g_string_append_c(body, (char)g_rand_int(random));
		g_string_append_c(body, '\n');
	}
	g_rand_free(random);
	return body;
}

static GString *with_crlf(const GString *text)
{
	GString *crlf = g_string_sized_new(text->len * 2);

	for (size_t i = 0; i < text->len; i++) {
		if (text->str[i] == '\n' &&
		    (i == 0 || text->str[i - 1] != '\r'))
			g_string_append_c(crlf, '\r');
		g_string_append_c(crlf, text->str[i]);
	}
	return crlf;
}

/* More than fits into pipes and memory; the second is held back as a whole,
   for it looks encrypted until its last line. */
static void test_large(void **state G_GNUC_UNUSED)
{
	for (int armored = 0; armored <= 1; armored++) {
		struct seal_error error = { .code = SEAL_ERROR_NONE };
		GString *message = armored == 1 ?
			test_armored_message(3000000) : random_body(3000000);
		GString *expected, *sealed;

		g_string_prepend(message, "A: b\n\n");
		if (armored == 1) {
			g_string_append(message, "-- \nsecret\n");
		}
		expected = with_crlf(message);
		g_string_erase(expected, 0, strlen("A: b\r\n"));
		sealed = seal_message(alice, message->str, message->len,
				      50000, 120, &error);
		assert_string_equal(error.text, "");
		test_case("large", armored);
		check_sealed(sealed, "A: b\nMIME-Version: 1.0\r\n",
			     expected->str, expected->len);
		g_string_free(message, TRUE);
		g_string_free(expected, TRUE);
		g_string_free(sealed, TRUE);
	}
}

/* Megabytes of Content-* fields are encrypted before the envelope can be
   begun. */
static void test_large_header(void **state G_GNUC_UNUSED)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	GString *message = g_string_new("A: b\r\n");
	GString *inside = g_string_new(NULL);
	GString *sealed;

	for (int i = 0; i < 40000; i++) {
		g_string_append_printf(inside,
			"Content-Description: %d %064d\r\n", i, i);
	}
	g_string_append(message, inside->str);
	g_string_append(message, "C: d\r\n\r\nbody");
	g_string_append(inside, "\r\nbody");
	sealed = seal_message(alice, message->str, message->len, 10000, 10,
			      &error);
	assert_string_equal(error.text, "");
	check_sealed(sealed, "A: b\r\nC: d\r\nMIME-Version: 1.0\r\n",
		     inside->str, inside->len);
	g_string_free(message, TRUE);
	g_string_free(inside, TRUE);
	g_string_free(sealed, TRUE);
}

static GBytes *join(GBytes *first, GBytes *second)
{
	GByteArray *both = g_byte_array_new();

	g_byte_array_append(both, g_bytes_get_data(first, NULL),
			    g_bytes_get_size(first));
	g_byte_array_append(both, g_bytes_get_data(second, NULL),
			    g_bytes_get_size(second));
	return g_byte_array_free_to_bytes(both);
}

/* Every certificate of an owner is a recipient. */
static void test_two_certificates(void **state G_GNUC_UNUSED)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	GBytes *bytes = join(alice, bob);
	const struct certificate_list *list;
	GString *sealed;
	char *field;

	sealed = seal_message(bytes, TEXT("A: b\n\nc"), 100, 120, &error);
	assert_string_equal(error.text, "");
	list = read_list(bytes, &error);
	assert_int_equal(list->count, 2);
	field = g_strdup_printf("X-Mail-Seal: v=1; keys=%s,\r\n %s\r\n",
				list->certificates[0]->fingerprint,
				list->certificates[1]->fingerprint);
	assert_true(g_str_has_prefix(sealed->str, field));
	check_sealed(sealed, "A: b\nMIME-Version: 1.0\r\n", TEXT("\r\nc"));
	g_free(field);
	g_string_free(sealed, TRUE);
	g_bytes_unref(bytes);
}

/*
 * Key files
 */

static void test_bad_certificates(void **state G_GNUC_UNUSED)
{
	static const struct {
		const char *content, *reason;
	} bad[] = {
		{ "", "there is no certificate in it" },
		{ "hello", "there is no certificate in it" },
		{ "\xff\xff\xff", "it is no OpenPGP certificate" },
		{ "\306\001k", "it is no OpenPGP certificate" },
		{ "-----BEGIN PGP PRIVATE KEY BLOCK-----\n",
		  "it holds a secret key, which doesn't belong on a server" },
		{ "-----BEGIN CERTIFICATE-----\n", "its PEM text is damaged" },
		{ "-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
		  "its ASCII armor is damaged" },
		{ "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"
		  "-----END PGP PUBLIC KEY BLOCK-----\n",
		  "its ASCII armor is damaged" }
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct seal_error error = { .code = SEAL_ERROR_NONE };

		assert_null(certificates_read(bad[i].content,
					      strlen(bad[i].content), 10,
					      &error));
		assert_int_equal(error.code, SEAL_ERROR_UNUSABLE_KEY);
		assert_string_equal(error.text, bad[i].reason);
	}
}

/* What a process keeps doesn't grow without end, and what it drops is read
   anew. */
static void test_certificate_cache(void **state G_GNUC_UNUSED)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct certificate_list *list, *list2;

	list = read_list(alice, &error);
	assert_non_null(list);
	assert_ptr_equal(read_list(alice, &error), list);
	list2 = read_list(bob, &error);
	assert_ptr_not_equal(list2, list);
	assert_ptr_equal(read_list(alice, &error), list);
	certificates_deinit();
	list = read_list(alice, &error);
	assert_int_equal(list->count, 1);
	assert_int_equal(strlen(list->certificates[0]->fingerprint), 40);
}

/* gnupg_home_find() reads the public keyring of our home. */
static void test_find_in_home(void **state G_GNUC_UNUSED)
{
	static const struct {
		const char *names[3];
		int ret;
		/* certificates found: 1 = alice, 2 = bob */
		int found;
	} searches[] = {
		{ { "alice@example.org" }, 1, 1 },
		{ { "ALICE@example.org" }, 1, 1 },
		{ { "alice@example.org", "bob@example.org" }, 1, 3 },
		{ { "bob@example.org", "nobody@example.org" }, 1, 2 },
		{ { "alice@example.or" }, 0, 0 },
		{ { "lice@example.org" }, 0, 0 },
		/* what could never match is no reason to store plaintext */
		{ { "alice" }, -1, 0 },
		{ { "" }, -1, 0 },
		{ { "0123456789ABCDEF" }, -1, 0 },
		{ { "0123456789ABCDEF0123456789ABCDEF01234567" }, -1, 0 }
	};

	for (size_t i = 0; i < G_N_ELEMENTS(searches); i++) {
		struct seal_error error = { .code = SEAL_ERROR_NONE };
		GByteArray *out = g_byte_array_new();
		const struct certificate_list *list;

		test_case(searches[i].names[0], i);
		assert_int_equal(gnupg_home_find(home,
			searches[i].names, 10, out, &error), searches[i].ret);
		assert_int_equal(error.code, searches[i].ret < 0 ?
				 SEAL_ERROR_UNUSABLE_KEY : SEAL_ERROR_NONE);
		if (searches[i].ret <= 0)
			assert_int_equal(out->len, 0);
		else {
			list = certificates_read(out->data, out->len, 10,
						 &error);
			assert_non_null(list);
			assert_int_equal(list->count,
					 searches[i].found == 3 ? 2 : 1);
		}
		g_byte_array_unref(out);
	}
}

/*
 * Faults
 */

static const struct {
	const char *mode;
	enum seal_error_code code;
} faults[] = {
	{ "missing", SEAL_ERROR_ENGINE },
	{ "exit 2", SEAL_ERROR_ENGINE },
	{ "kill itself", SEAL_ERROR_ENGINE },
	{ "hang", SEAL_ERROR_TIMEOUT },
	{ "hang with children", SEAL_ERROR_TIMEOUT },
	{ "read and hang", SEAL_ERROR_TIMEOUT },
	{ "nothing", SEAL_ERROR_ENGINE },
	{ "half", SEAL_ERROR_ENGINE },
	{ "all but the end", SEAL_ERROR_ENGINE },
	{ "cat", SEAL_ERROR_ENGINE },
	{ "hidden", SEAL_ERROR_ENGINE },
	{ "lie", SEAL_ERROR_ENGINE }
};

/* A small message and one that fills all pipes */
static void test_faults(void **state G_GNUC_UNUSED)
{
	static const size_t sizes[] = { 100, 500000 };
	struct seal_error error;
	GString *sealed;

	for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
		for (size_t j = 0; j < G_N_ELEMENTS(sizes); j++) {
			GString *message = random_body(sizes[j]);

			g_string_prepend(message, "A: b\n\n");
			set_fake_gpg(faults[i].mode);
			memset(&error, 0, sizeof(error));
			/* nobody knows how long a busy machine takes */
			sealed = seal_message(alice, message->str,
					      message->len, 8192,
					      faults[i].code ==
					      SEAL_ERROR_TIMEOUT ? 1 : 120,
					      &error);
			set_fake_gpg("real");
			if (sealed != NULL || error.code != faults[i].code) {
				fail_msg("%s, %zu bytes: %s", faults[i].mode,
					 sizes[j], sealed != NULL ?
					 "sealed" : error.text);
			}
			/* and when it is mended, all is well */
			memset(&error, 0, sizeof(error));
			sealed = seal_message(alice, message->str,
					      message->len, 8192, 120, &error);
			assert_string_equal(error.text, "");
			g_string_free(sealed, TRUE);
			g_string_free(message, TRUE);
		}
	}
}

/* A gpg that encrypts to another's key is found out. */
static void test_another_key(void **state G_GNUC_UNUSED)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	GBytes *both = join(alice, bob);
	GBytes *const cases[] = { alice, both };
	char *path = home_file("bob@example.org");
	char *gpg_home = g_strconcat(path, ".home", NULL);
	char *mode = g_strconcat("other ", path, NULL);

	assert_int_equal(g_mkdir(gpg_home, 0700), 0);
	set_fake_gpg(mode);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		memset(&error, 0, sizeof(error));
		assert_null(seal_message(cases[i], TEXT("A: b\n\nc"), 100, 10,
					 &error));
		assert_int_equal(error.code, SEAL_ERROR_ENGINE);
		assert_string_equal(error.text, "the engine encrypted to other "
				    "keys than the recipients'");
	}
	/* for bob it would have been right */
	memset(&error, 0, sizeof(error));
	g_string_free(seal_message(bob, TEXT("A: b\n\nc"), 100, 120, &error),
		      TRUE);
	assert_string_equal(error.text, "");
	set_fake_gpg("real");
	g_free(path);
	g_free(gpg_home);
	g_free(mode);
	g_bytes_unref(both);
}

/* A seal that is dropped in the middle leaves no process. */
static void test_abandoned(void **state G_GNUC_UNUSED)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct certificate_list *list = read_list(alice, &error);
	struct seal_params params = {
		.recipients = list->certificates,
		.recipient_count = 1,
		.openpgp_engine = "gpg",
		.timeout_secs = 120
	};
	char *pid_path = g_strconcat(FAKE_GPG, ".pid", NULL), *pid = NULL;
	struct seal *seal = seal_new(&params);
	char buf[4096];

	set_fake_gpg("record");
	assert_int_equal(seal_push(seal, TEXT("A: b\n\nhello\n"), &error), 0);
	while (seal_pull(seal, buf, sizeof(buf), &error) > 0) ;
	assert_int_equal(error.code, SEAL_ERROR_NONE);
	for (int i = 0; !g_file_get_contents(pid_path, &pid, NULL, NULL) ||
	     strchr(pid, '\n') == NULL; i++) {
		g_clear_pointer(&pid, g_free);
		g_usleep(10000);
		assert_true(i < 10000);
	}
	assert_int_equal(kill(atoi(pid), 0), 0);
	seal_free(&seal);
	set_fake_gpg("real");
	for (int i = 0; i < 10000; i++) {
		if (kill(atoi(pid), 0) < 0 && errno == ESRCH)
			break;
		g_usleep(10000);
		assert_true(i < 9999);
	}
	g_free(pid);
	g_free(pid_path);
}

static int setup(void **state G_GNUC_UNUSED)
{
	home = g_dir_make_tmp("test-seal-XXXXXX", NULL);
	assert_non_null(home);
	set_fake_gpg("real");
	alice = make_key("alice@example.org");
	bob = make_key("bob@example.org");
	return 0;
}

static int teardown(void **state G_GNUC_UNUSED)
{
	char *argv[] = { (char *)"rm", (char *)"-rf", home, NULL };
	char *kill_argv[] = {
		(char *)"gpgconf", (char *)"--homedir", home,
		(char *)"--kill", (char *)"all", NULL
	};

	(void)g_spawn_sync(NULL, kill_argv, NULL, G_SPAWN_SEARCH_PATH, NULL,
			   NULL, NULL, NULL, NULL, NULL);
	(void)g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
			   NULL, NULL, NULL, NULL);
	(void)g_unlink(FAKE_GPG".mode");
	(void)g_unlink(FAKE_GPG".pid");
	g_bytes_unref(alice);
	g_bytes_unref(bob);
	g_free(home);
	seal_deinit();
	return 0;
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_large_header),
		cmocka_unit_test(test_two_certificates),
		cmocka_unit_test(test_bad_certificates),
		cmocka_unit_test(test_certificate_cache),
		cmocka_unit_test(test_find_in_home),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_another_key),
		cmocka_unit_test(test_abandoned)
	};

	return cmocka_run_group_tests_name("seal", all, setup, teardown);
}
