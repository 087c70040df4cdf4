/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The OpenPGP engine of libcrypto alone: the real gpg opens what it writes, for
   each kind of key and each size near which a length is written otherwise; no
   key is used twice; and without random numbers nothing comes out.

   MAIL_SEAL_UNIQUE is how many messages are compared with one another. */

/* for RAND_set_rand_method() */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "format/openpgp-body.h"
#include "format/openpgp-packet.h"
#include "openssl/openssl-common.h"
#include "seal-run.h"
#include "test-lib.h"
#include "test-openpgp-lib.h"
#include "test-openpgp-seal.h"

#include <glib/gstdio.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define MESSAGES 20000

static char *home;
/* one certificate with a subkey of each kind */
static struct certificate *certificate;
static const char *const kinds[] = {
	"rsa1024", "rsa2048", "rsa3072", "rsa4096", "cv25519", "nistp256",
	"nistp384", "nistp521", "brainpoolP256r1", "brainpoolP384r1",
	"brainpoolP512r1"
};

/*
 * gpg
 */

static bool gpg_argv(char **words)
{
	const char *const common[] = {
		REAL_GPG, "--homedir", home, "--batch", "--yes", "--quiet",
		"--pinentry-mode", "loopback", "--passphrase", "",
		"--trust-model", "always"
	};
	GPtrArray *argv = g_ptr_array_new();
	int status;

	for (size_t i = 0; i < G_N_ELEMENTS(common); i++)
		g_ptr_array_add(argv, (char *)common[i]);
	for (; *words != NULL; words++)
		g_ptr_array_add(argv, *words);
	g_ptr_array_add(argv, NULL);
	assert_true(g_spawn_sync(NULL, (char **)argv->pdata, NULL,
				 G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
				 NULL, &status, NULL));
	g_ptr_array_unref(argv);
	return status == 0;
}

#define gpg(...) gpg_argv((char *[]){ __VA_ARGS__, NULL })

/* Messages that gpg opens all at once */
struct opened {
	GPtrArray *paths, *plain;
};

static void opened_init(struct opened *opened)
{
	opened->paths = g_ptr_array_new_with_free_func(g_free);
	opened->plain =
		g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
}

static void opened_add(struct opened *opened, const GByteArray *message,
		       const void *plain, size_t size)
{
	char *path = g_strdup_printf("%s/m%u.gpg", home, opened->paths->len);

	assert_true(g_file_set_contents(path, (char *)message->data,
					message->len, NULL));
	g_ptr_array_add(opened->paths, path);
	g_ptr_array_add(opened->plain, g_bytes_new(plain, size));
}

/* They hold what they should; then none are left. */
static void opened_check(struct opened *opened)
{
	GPtrArray *argv = g_ptr_array_new();

	g_ptr_array_add(argv, (char *)"--decrypt-files");
	for (guint i = 0; i < opened->paths->len; i++)
		g_ptr_array_add(argv, opened->paths->pdata[i]);
	g_ptr_array_add(argv, NULL);
	if (!gpg_argv((char **)argv->pdata))
		fail_msg("gpg can't open a message of these");
	g_ptr_array_unref(argv);
	for (guint i = 0; i < opened->paths->len; i++) {
		char *path = opened->paths->pdata[i], *plain;
		gsize size, expected_size;
		const void *expected = g_bytes_get_data(
			opened->plain->pdata[i], &expected_size);

		g_unlink(path);
		path[strlen(path) - strlen(".gpg")] = '\0';
		assert_true(g_file_get_contents(path, &plain, &size, NULL));
		g_unlink(path);
		test_case(path, i);
		assert_bytes(plain, size, expected, expected_size);
		g_free(plain);
	}
	g_ptr_array_unref(opened->paths);
	g_ptr_array_unref(opened->plain);
}

/*
 * Sealing
 */

static GByteArray *seal_one(const char *plain, size_t size, size_t step)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	GByteArray *message = seal_to(&certificate, 1, plain, size, step,
				      &error);

	assert_string_equal(error.text, "");
	assert_non_null(message);
	return message;
}

static char *make_plain(size_t size)
{
	char *plain = g_malloc(size);

	for (size_t i = 0; i < size; i++)
		plain[i] = (i * 7 + (i >> 8)) & 0xff;
	return plain;
}

/*
 * What gpg opens
 */

/* Behind these literal packet and container write their lengths otherwise; the
   container is up to 64 bytes larger. */
static const size_t boundaries[] = {
	192, 8384, OPENPGP_PART_SIZE, 2 * OPENPGP_PART_SIZE,
	4 * OPENPGP_PART_SIZE
};

static void test_sizes(void **state G_GNUC_UNUSED)
{
	const size_t max = 200000;
	char *plain = make_plain(max);
	struct opened opened;

	test_openpgp_choose(certificate, 5);
	opened_init(&opened);
	for (size_t i = 0; i < G_N_ELEMENTS(boundaries); i++) {
		for (size_t size = boundaries[i] - 64;
		     size <= boundaries[i] + 2; size++) {
			GByteArray *message = seal_one(plain, size, max);

			opened_add(&opened, message, plain, size);
			g_byte_array_unref(message);
		}
	}
	for (size_t size = 0; size < 300; size++) {
		GByteArray *message = seal_one(plain, size, 1 + size / 7);

		opened_add(&opened, message, plain, size);
		g_byte_array_unref(message);
	}
	opened_check(&opened);
	g_free(plain);
}

static void test_kinds(void **state G_GNUC_UNUSED)
{
	static const size_t sizes[] = {
		0, 1, 185, 186, 8377, 8378, 16334, 16335, 16378, 16379, 20000,
		32718, 32762, 65530, 131072, 200000
	};
	char *plain = make_plain(200000);

	for (size_t kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
		struct opened opened;

		test_openpgp_choose(certificate, 1 + kind);
		opened_init(&opened);
		for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
			GByteArray *message = seal_one(plain, sizes[i],
						       1 + 4097 * i);

			opened_add(&opened, message, plain, sizes[i]);
			g_byte_array_unref(message);
		}
		print_message("%s\n", kinds[kind]);
		opened_check(&opened);
	}
	g_free(plain);
}

/* The whole of src/seal with this engine, which it chooses by itself */
static void test_whole(void **state G_GNUC_UNUSED)
{
	const struct seal_params params = {
		.recipients = &certificate, .recipient_count = 1,
		.spool_open = seal_run_spool
	};
	GString *message = g_string_new("From: a\nContent-Type: x/y\n\n");
	GString *inside = g_string_new("Content-Type: x/y\r\n\r\n");
	const size_t start = message->len, inside_start = inside->len;
	struct opened opened;

	test_openpgp_choose(certificate, 5);
	opened_init(&opened);
	for (size_t lines = 0; lines < 4000; lines = lines * 2 + 1) {
		struct seal_error error = { .code = SEAL_ERROR_NONE };
		GByteArray *armor = g_byte_array_new();
		const char *begin;
		GString *sealed;
		bool sealing;

		g_string_truncate(message, start);
		g_string_truncate(inside, inside_start);
		for (size_t i = 0; i < lines; i++) {
			g_string_append_printf(message, "line %zu%s\n", i,
					       i % 3 == 0 ? "\r" : "");
			g_string_append_printf(inside, "line %zu\r\n", i);
		}
		sealed = seal_run(&params, message->str, message->len,
				  1 + lines * 5, &sealing, &error);
		assert_string_equal(error.text, "");
		assert_true(sealing);
		begin = strstr(sealed->str, "-----BEGIN PGP MESSAGE");
		assert_non_null(begin);
		g_byte_array_append(armor, (const guint8 *)begin,
				    strlen(begin));
		opened_add(&opened, armor, inside->str, inside->len);
		g_byte_array_unref(armor);
		g_string_free(sealed, TRUE);
	}
	opened_check(&opened);
	g_string_free(message, TRUE);
	g_string_free(inside, TRUE);
}

/* Each recipient alone can open it; one given twice gets one packet. */
static void test_recipients(void **state G_GNUC_UNUSED)
{
	gsize size;
	const uint8_t *data = g_bytes_get_data(certificate->data, &size);
	struct certificate *recipients[4];
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	size_t offset = 0, count = 0;
	GByteArray *message;
	uint64_t id;

	for (size_t i = 0; i < 4; i++) {
		recipients[i] = test_openpgp_certificate(data, size);
		test_openpgp_choose(recipients[i], i < 3 ? 4 + i : 5);
	}
	message = seal_to(recipients, 4, "hello", 5, 5, &error);
	assert_non_null(message);
	while (openpgp_message_next_recipient(message->data, message->len,
					      &offset, &id)) {
		assert_true(id == recipients[count]->keys[4 + count].id);
		count++;
	}
	assert_int_equal(count, 3);
	g_byte_array_unref(message);
	for (size_t i = 0; i < 4; i++)
		certificate_unref(recipients[i]);
}

/* Another key is chosen when time has passed: it isn't sealed to the one that
   was used before. */
static void test_other_key(void **state G_GNUC_UNUSED)
{
	size_t offset;
	uint64_t id;

	for (size_t key = 4; key <= 6; key++) {
		GByteArray *message;

		test_openpgp_choose(certificate, key);
		message = seal_one("hello", 5, 5);
		offset = 0;
		assert_true(openpgp_message_next_recipient(
			message->data, message->len, &offset, &id));
		assert_true(id == certificate->keys[key].id);
		g_byte_array_unref(message);
	}
}

/* One in 256 results begins with an octet of zero, which a number has not
   (RFC 9580 section 3.2). */
static void test_leading_zeros(void **state G_GNUC_UNUSED)
{
	struct opened opened;
	unsigned int found = 0;

	test_openpgp_choose(certificate, 1);
	opened_init(&opened);
	for (int i = 0; i < 20000 && found < 8; i++) {
		GByteArray *message = seal_one("hello", 5, 5);
		/* tag, length, version, key id, algorithm */
		const uint8_t *number = message->data + 2 + 1 + 8 + 1;
		unsigned int bits = number[0] << 8 | number[1];

		assert_in_range(bits, 1, 1024);
		assert_int_equal(number[2] >> ((bits - 1) % 8), 1);
		assert_int_equal(message->data[1], 10 + 2 + (bits + 7) / 8);
		if (bits <= 1016) {
			opened_add(&opened, message, "hello", 5);
			found++;
		}
		g_byte_array_unref(message);
	}
	assert_int_equal(found, 8);
	opened_check(&opened);
}

/*
 * What nobody may see twice
 */

static void add_new(GHashTable *seen, const void *data, size_t size)
{
	assert_true(g_hash_table_add(seen, g_bytes_new(data, size)));
}

/* The random source's first 32 bytes are the session key, the last 16 the
   prefix; test-openpgp-session-key.c shows that they are. */
static void check_unique(size_t key, size_t point_offset, size_t point_size)
{
	const char *number = g_getenv("MAIL_SEAL_UNIQUE");
	const int count = number == NULL ? MESSAGES : atoi(number);
	GHashTable *seen = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
		(GDestroyNotify)g_bytes_unref, NULL);

	test_openpgp_choose(certificate, key);
	for (int i = 0; i < count; i++) {
		GByteArray *message = seal_one("hello", 5, 5);

		assert_true(random_given->len >= 48);
		add_new(seen, random_given->data, 32);
		add_new(seen, random_given->data + random_given->len - 16, 16);
		add_new(seen, message->data + point_offset, point_size);
		/* all of the ciphertext is random */
		add_new(seen, message->data + message->len - 20, 20);
		g_byte_array_unref(message);
	}
	g_hash_table_unref(seen);
}

static void test_unique(void **state G_GNUC_UNUSED)
{
	/* behind tag, length, start, number's length, prefix */
	check_unique(5, 2 + 10 + 2 + 1, 32);
	check_unique(6, 2 + 10 + 2 + 1, 64);
}

/*
 * Faults
 */

static void test_random_slow(void **state G_GNUC_UNUSED)
{
	struct opened opened;
	GByteArray *message;

	test_openpgp_choose(certificate, 5);
	random_mode = RANDOM_SLOW;
	message = seal_one("hello", 5, 5);
	random_mode = RANDOM_WHOLE;
	assert_int_equal(random_given->len, 32 + 32 + 16);
	opened_init(&opened);
	opened_add(&opened, message, "hello", 5);
	opened_check(&opened);
	g_byte_array_unref(message);
}

/* Whichever call fails: session key, ephemeral key, prefix */
static void test_no_random(void **state G_GNUC_UNUSED)
{
	for (unsigned int calls = 0; calls < 3; calls++) {
		struct seal_error error = { .code = SEAL_ERROR_NONE };

		test_openpgp_choose(certificate, 5);
		random_mode = RANDOM_FAILS;
		random_left = calls;
		assert_null(seal_to(&certificate, 1, "hello", 5, 5, &error));
		random_mode = RANDOM_WHOLE;
		assert_int_equal(error.code, SEAL_ERROR_ENGINE);
		assert_true(g_str_has_prefix(error.text,
					     "no random numbers: "));
	}
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

/* libcrypto's generator, for RSA's padding and the keys of some curves */
static void test_no_random_libcrypto(void **state G_GNUC_UNUSED)
{
	static const RAND_METHOD no_random = {
		.bytes = no_random_bytes, .pseudorand = no_random_bytes,
		.status = no_random_status
	};
	static const size_t keys[] = { 2, 6, 11 };

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		struct seal_error error = { .code = SEAL_ERROR_NONE };

		test_openpgp_choose(certificate, keys[i]);
		RAND_set_rand_method(&no_random);
		assert_null(seal_to(&certificate, 1, "hello", 5, 5, &error));
		RAND_set_rand_method(NULL);
		assert_int_equal(error.code, SEAL_ERROR_ENGINE);
		assert_true(g_str_has_prefix(error.text, "OpenSSL failed: "));
	}
}

/* An openssl.cnf may load no algorithms at all: that isn't the key's fault. */
static void test_no_algorithms(void **state G_GNUC_UNUSED)
{
	for (size_t key = 1; key < certificate->key_count; key++) {
		struct seal_error error = { .code = SEAL_ERROR_NONE };

		test_openpgp_choose(certificate, key);
		EVP_set_default_properties(NULL, "provider=none");
		assert_null(seal_to(&certificate, 1, "hello", 5, 5, &error));
		EVP_set_default_properties(NULL, "");
		test_case(error.text, key);
		assert_int_equal(error.code, SEAL_ERROR_ENGINE);
	}
}

/* Allocations that libcrypto still does, before there is no memory any more */
static int allocations_left;

/* The child says by a pipe that it has sealed: its exit status is valgrind's. */
static bool no_memory_in(int allocations)
{
	int fds[2];
	bool sealed;
	char byte = 's';
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		struct seal_error error = { .code = SEAL_ERROR_NONE };

		/* GLib would tell about it */
		(void)close(STDERR_FILENO);
		allocations_left = allocations;
		if (seal_to(&certificate, 1, "hello", 5, 5, &error) != NULL &&
		    write(fds[1], &byte, 1) != 1)
			abort();
		_exit(0);
	}
	close(fds[1]);
	sealed = read(fds[0], &byte, 1) == 1;
	close(fds[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return !sealed;
}

void *__real_g_malloc(gsize size);
void *__wrap_g_malloc(gsize size);
void *__wrap_g_malloc(gsize size)
{
	/* what GLib does when malloc() returns NULL */
	if (allocations_left > 0 && --allocations_left == 0)
		abort();
	return __real_g_malloc(size);
}

/* libcrypto's memory and ours is GLib's (openssl-common.c): whichever
   allocation fails, nothing comes out. */
static void test_no_memory(void **state G_GNUC_UNUSED)
{
	static const size_t keys[] = { 2, 5, 6 };

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		int failed = 0;

		test_openpgp_choose(certificate, keys[i]);
		while (no_memory_in(failed + 1)) {
			failed++;
			assert_true(failed < 2000);
		}
		/* there are that many */
		assert_true(failed > 10);
		print_message("%s: %d allocations\n", kinds[keys[i] - 1],
			      failed);
	}
}

static int setup(void **state G_GNUC_UNUSED)
{
	char template[] = "/tmp/mail-seal-test-XXXXXX", *path, *fingerprint;
	gchar *data;
	gsize size;

	home = g_strdup(g_mkdtemp(template));
	path = g_build_filename(home, "exported", NULL);
	assert_true(gpg("--quick-gen-key", "alice@example.org", "ed25519",
			"cert", "never"));
	assert_true(gpg("--output", path, "--export", "alice@example.org"));
	assert_true(g_file_get_contents(path, &data, &size, NULL));
	certificate = test_openpgp_certificate((uint8_t *)data, size);
	fingerprint = g_strdup(certificate->fingerprint);
	certificate_unref(certificate);
	g_free(data);
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		assert_true(gpg("--quick-add-key", fingerprint,
				(char *)kinds[i], "encr", "never"));
	}
	assert_true(gpg("--output", path, "--export", "alice@example.org"));
	assert_true(g_file_get_contents(path, &data, &size, NULL));
	certificate = test_openpgp_certificate((uint8_t *)data, size);
	assert_int_equal(certificate->key_count, 1 + G_N_ELEMENTS(kinds));
	g_free(data);
	g_free(fingerprint);
	g_free(path);
	return 0;
}

static int teardown(void **state G_GNUC_UNUSED)
{
	char *argv[] = { "rm", "-rf", home, NULL };
	char *kill[] = {
		"gpgconf", "--homedir", home, "--kill", "all", NULL
	};

	(void)g_spawn_sync(NULL, kill, NULL, G_SPAWN_SEARCH_PATH |
			   G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL, NULL,
			   NULL, NULL);
	(void)g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
			   NULL, NULL, NULL, NULL);
	certificate_unref(certificate);
	g_free(home);
	return 0;
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_recipients),
		cmocka_unit_test(test_other_key),
		cmocka_unit_test(test_leading_zeros),
		cmocka_unit_test(test_unique),
		cmocka_unit_test(test_random_slow),
		cmocka_unit_test(test_no_random),
		cmocka_unit_test(test_no_random_libcrypto),
		cmocka_unit_test(test_no_algorithms),
		cmocka_unit_test(test_no_memory)
	};

	/* before OpenSSL has allocated anything */
	openssl_begin();
	return cmocka_run_group_tests_name("openpgp-engine", all, setup,
					   teardown);
}
