/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* gpg as the judge: what it says and what is made of it; what a process knows
   afterwards, and what is left of it when it is held up. */

#include "certificate/cache.h"
#include "certificate/facts.h"
#include "certificate/key-file.h"
#include "certificate/merge.h"
#include "certificate/trial.h"
#include "clock.h"
#include "seal-run.h"
#include "test-lib.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static char *home;
static GByteArray *alice, *bob;

static void set_fake_gpg(const char *mode)
{
	assert_true(g_file_set_contents(FAKE_GPG".mode", mode, -1, NULL));
}

/* Runs a script in our home with $GPG, which is the real one for tests.
   Returns what it writes; the caller frees it. */
static char *shell(const char *format, ...) G_GNUC_PRINTF(1, 2);
static char *shell(const char *format, ...)
{
	char *command, *script, *output = NULL;
	int status;
	va_list args;

	va_start(args, format);
	command = g_strdup_vprintf(format, args);
	va_end(args);
	script = g_strdup_printf("set -e; cd '%s'; GPG='%s --homedir . --batch "
		"--quiet --yes --pinentry-mode loopback --trust-model always "
		"--no-permission-warning'; exec 2>>log; %s",
		home, REAL_GPG, command);
	char *argv[] = { (char *)"/bin/sh", (char *)"-c", script, NULL };
	assert_true(g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL,
				 &output, NULL, &status, NULL));
	if (status != 0)
		fail_msg("failed: %s", command);
	g_free(script);
	g_free(command);
	return output;
}

static GByteArray *read_home(const char *name)
{
	char *path = g_build_filename(home, name, NULL);
	gchar *data;
	gsize size;

	assert_true(g_file_get_contents(path, &data, &size, NULL));
	g_free(path);
	return g_byte_array_new_take((guint8 *)data, size);
}

static GByteArray *make_key(const char *name)
{
	g_free(shell("$GPG --passphrase '' --quick-gen-key %s@example.org "
		     "future-default default never; $GPG -o %s --export "
		     "%s@example.org", name, name, name));
	return read_home(name);
}

static const struct certificate_list *
judge(const GByteArray *content, struct certificates_params *params,
      struct seal_error *error)
{
	const struct key_file_input input = {
		content->data, content->len, CERTIFICATE_OWNER
	};

	memset(error, 0, sizeof(*error));
	if (params->timeout_secs == 0)
		params->timeout_secs = 120;
	return certificates_judge(&input, 1, params, error);
}

/*
 * Which key
 */

/* One subkey of each kind is added in the order of its digits: 0 a new one; 1
   one that has expired; 2 for signatures; 3 from the future; 4 revoked; 5 on
   another curve; 6 as old as 0 */
static const struct {
	/* E: for signatures, R: RSA, which can encrypt */
	char primary;
	const char *subkeys;
} choices[] = {
	{ 'E', "0" }, { 'E', "01" }, { 'E', "10" }, { 'E', "05" },
	{ 'E', "50" }, { 'E', "02" }, { 'E', "20" }, { 'E', "03" },
	{ 'E', "30" }, { 'E', "04" }, { 'E', "40" }, { 'E', "514" },
	{ 'E', "06" }, { 'E', "60" }, { 'E', "0123456" },
	{ 'E', "6543210" }, { 'R', "" }, { 'R', "2" }, { 'R', "1" },
	{ 'R', "3" }, { 'R', "4" }, { 'R', "0" }, { 'R', "14" }
};

#define DAY (24*60*60)

static void add_subkey(char kind, unsigned int position)
{
	const gint64 now = time(NULL);
	/* when it is made */
	const gint64 days[] = { 20, 30, 5, -30, 4, 10, 20 };
	const gint64 then = now - days[kind - '0'] * DAY;

	g_free(shell("$GPG --passphrase '' --faked-system-time %" G_GINT64_FORMAT
		     "! --quick-add-key $(cat fpr) %s %s %s", then,
		     kind == '2' ? "ed25519" : kind == '5' ? "nistp256" :
		     "cv25519", kind == '2' ? "sign" : "encr",
		     kind == '1' ? "2d" : "never"));
	if (kind == '4') {
		g_free(shell("printf 'key %u\\nrevkey\\ny\\n0\\n\\ny\\nsave\\n'|"
			     "$GPG --no-batch --no-tty --passphrase '' --command-fd 0 "
			     "--edit-key $(cat fpr)", position + 1));
	}
}

static GByteArray *make_choice(size_t i)
{
	const gint64 old = time(NULL) - 100 * DAY;

	g_free(shell("$GPG --passphrase '' --faked-system-time %" G_GINT64_FORMAT
		     "! --quick-gen-key c%zu@example.org %s "
		     "never; $GPG --with-colons --list-keys c%zu@example.org |"
		     "sed -n '/^fpr/{s/^fpr:*//;s/:$//p;q}' > fpr", old, i,
		     choices[i].primary == 'R' ? "rsa2048 sign,cert,encr" :
		     "ed25519 sign,cert", i));
	for (unsigned int j = 0; choices[i].subkeys[j] != '\0'; j++)
		add_subkey(choices[i].subkeys[j], j);
	g_free(shell("$GPG -o choice --export $(cat fpr)"));
	return read_home("choice");
}

/* The key id that gpg encrypts to, 0 if it doesn't */
static uint64_t gpg_choice(void)
{
	char *id = shell("mkdir -p empty; chmod 700 empty; echo | $GPG "
			 "--homedir empty -o - -e -f choice > out || true; "
			 "$GPG --list-packets out 2>&1 | sed -n "
			 "'s/^:pubkey enc.*keyid //p' || true");
	uint64_t number = g_ascii_strtoull(id, NULL, 16);

	g_free(id);
	return number;
}

/* The key id that our gpg engine seals to. Its gpg takes what is from the future
   for usable (src/gnupg/gpg.conf), so it is told which key (exec/task.c), and sees
   no other (certificate_reduced()). */
static uint64_t engine_choice(struct certificate *certificate)
{
	const struct seal_params params = {
		.openpgp_engine = "gpg",
		.recipients = &certificate,
		.recipient_count = 1,
		.timeout_secs = 120
	};
	static const char message[] = "A: b\r\n\r\nhello\r\n";
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	GString *sealed = seal_run(&params, message, strlen(message), 4096,
				   NULL, &error);
	char *path = g_build_filename(home, "sealed", NULL);
	uint64_t number;
	char *id;

	if (sealed == NULL)
		fail_msg("%s", error.text);
	assert_true(g_file_set_contents(path, sealed->str, sealed->len, NULL));
	id = shell("$GPG --list-packets sealed 2>&1 | sed -n "
		   "'s/^:pubkey enc.*keyid //p' || true");
	number = g_ascii_strtoull(id, NULL, 16);
	g_free(id);
	g_free(path);
	g_string_free(sealed, TRUE);
	return number;
}

static void test_choice(void **state G_GNUC_UNUSED)
{
	for (size_t i = 0; i < G_N_ELEMENTS(choices); i++) {
		GByteArray *content = make_choice(i);
		struct certificates_params params = { .uid = 0 };
		struct seal_error error;
		const struct certificate_list *list =
			judge(content, &params, &error);
		const struct certificate_key *key;
		uint64_t expected = gpg_choice();

		if (list == NULL)
			fail_msg("%s", error.text);
		key = certificate_encryption_key(list->certificates[0],
						 time(NULL));
		if ((key == NULL ? 0 : key->id) != expected) {
			fail_msg("%c%s: we chose %" G_GINT64_MODIFIER "X, gpg %"
				 G_GINT64_MODIFIER "X", choices[i].primary,
				 choices[i].subkeys, key == NULL ? 0 : key->id,
				 expected);
		}
		if (key != NULL &&
		    engine_choice(list->certificates[0]) != expected) {
			fail_msg("%c%s: the engine chose another",
				 choices[i].primary, choices[i].subkeys);
		}
		g_byte_array_unref(content);
	}
}

/* A key that is made in so many seconds */
static GByteArray *made_in(unsigned int secs)
{
	char *text = shell("$GPG --passphrase '' --faked-system-time %"
		G_GINT64_FORMAT "! --quick-gen-key in%u@example.org "
		"future-default default never; $GPG -o future%u --export "
		"in%u@example.org", (gint64)time(NULL) + secs, secs, secs,
		secs);
	char *name = g_strdup_printf("future%u", secs);
	GByteArray *content = read_home(name);

	g_free(text);
	g_free(name);
	return content;
}

/* Its time comes in so many seconds. Had it come before it was looked at? */
static bool is_future_over(unsigned int secs)
{
	GByteArray *content = made_in(SEAL_CLOCK_SKEW_SECS + secs);
	struct certificates_params params = { .uid = 0 };
	const struct certificate_list *list;
	struct seal_error error;
	const char *reason;
	bool is_over;

	list = judge(content, &params, &error);
	if (list == NULL)
		fail_msg("%s", error.text);
	is_over = certificate_is_usable(list->certificates[0], time(NULL),
					2048, &reason);
	if (!is_over)
		assert_string_equal(reason, "it is from the future");
	for (unsigned int i = 0; i < 10 * secs + 100 && !is_over; i++) {
		list = judge(content, &params, &error);
		if (list == NULL)
			fail_msg("%s", error.text);
		if (certificate_is_usable(list->certificates[0], time(NULL),
					  2048, &reason))
			break;
		assert_true(i < 10 * secs + 99);
		g_usleep(100000);
	}
	if (!is_over) {
		assert_non_null(certificate_encryption_key(
			list->certificates[0], time(NULL)));
	}
	g_byte_array_unref(content);
	return is_over;
}

/* What is from the future is used when its time has come. A busy machine may be
   late. */
static void test_future(void **state G_GNUC_UNUSED)
{
	assert_false(is_future_over(4) && is_future_over(30) &&
		     is_future_over(120));
}

/* By a clock that is ahead: by either engine, and gpg, too, says it can be used */
static void test_clock_behind(void **state G_GNUC_UNUSED)
{
	static const char *const engines[] = { "gpg", "libcrypto" };
	GByteArray *content = made_in(SEAL_CLOCK_SKEW_SECS - 60);
	struct certificates_params params = { .uid = 0 };
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct certificate_list *list =
		judge(content, &params, &error);
	const char *reason;

	if (list == NULL)
		fail_msg("%s", error.text);
	if (!certificate_is_usable(list->certificates[0], time(NULL), 2048,
				   &reason))
		fail_msg("%s", reason);
	for (size_t i = 0; i < G_N_ELEMENTS(engines); i++) {
		if (certificate_try(list->certificates[0], engines[i], 60,
				    &error) < 0)
			fail_msg("%s: %s", engines[i], error.text);
	}
	g_byte_array_unref(content);
}

/*
 * Facts
 */

/* A new process that has them asks nobody. */
static void test_facts(void **state G_GNUC_UNUSED)
{
	struct certificates_params params = { .uid = 0 };
	const struct certificate_list *list;
	struct seal_error error;
	char *facts, *again;
	uint64_t id;

	certificates_deinit();
	params.new_facts_r = &facts;
	list = judge(alice, &params, &error);
	assert_non_null(list);
	assert_non_null(facts);
	id = certificate_encryption_key(list->certificates[0], time(NULL))->id;

	certificates_deinit();
	set_fake_gpg("list missing");
	params.new_facts_r = &again;
	assert_null(judge(alice, &params, &error));
	assert_null(again);
	params.known_facts = facts;
	list = judge(alice, &params, &error);
	assert_non_null(list);
	assert_null(again);
	assert_true(certificate_encryption_key(list->certificates[0],
					       time(NULL))->id == id);
	assert_string_equal(list->certificates[0]->names[0],
			    "alice@example.org");
	/* who has lost them gets them back */
	params.known_facts = NULL;
	assert_non_null(judge(alice, &params, &error));
	assert_string_equal(again, facts);
	g_clear_pointer(&again, g_free);
	/* another's are of no use */
	params.known_facts = facts;
	assert_null(judge(bob, &params, &error));
	set_fake_gpg("real");
	g_free(again);
	g_free(facts);
}

/* Facts for certificates, as they are at this time. Returns 0 or -1. */
static int
read_facts(const char *text, const GByteArray *content, const char *input,
	   const char *judge_name, time_t now)
{
	const struct facts_header header = {
		.input = input, .judge = judge_name, .judged = now
	};
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct merge *merge = merge_new(CERTIFICATES_COUNT_MAX);
	GPtrArray *certificates;
	time_t judged, until;
	int ret;

	assert_int_equal(merge_add(merge, content->data, content->len, 1,
				   &error), 0);
	certificates = merge_certificates(merge);
	ret = facts_read(text, &header, certificates, &judged, &until);
	g_ptr_array_unref(certificates);
	merge_free(merge);
	return ret;
}

static void test_facts_time(void **state G_GNUC_UNUSED)
{
	const struct facts_header header = {
		.input = "i", .judge = "j", .judged = 1000, .until = 2000
	};
	GString *listing = g_string_new(NULL);
	char *text = facts_write(&header, listing);

	assert_int_equal(read_facts(text, alice, "i", "j", 1000), 0);
	assert_int_equal(read_facts(text, alice, "i", "j", 1999), 0);
	assert_int_equal(read_facts(text, alice, "i", "j", 2000), -1);
	assert_int_equal(read_facts(text, alice, "i", "j", 999), -1);
	assert_int_equal(read_facts(text, alice, "x", "j", 1000), -1);
	assert_int_equal(read_facts(text, alice, "i", "x", 1000), -1);
	g_free(text);
	g_string_free(listing, TRUE);
}

/* Any damage, and any length */
static void test_facts_damage(void **state G_GNUC_UNUSED)
{
	struct certificates_params params = { .uid = 0 };
	struct seal_error error;
	char *facts;
	size_t size;

	certificates_deinit();
	params.new_facts_r = &facts;
	assert_non_null(judge(alice, &params, &error));
	set_fake_gpg("list missing");
	params.new_facts_r = NULL;
	params.known_facts = facts;
	size = strlen(facts);
	for (size_t i = 0; i < size; i += 7) {
		const char kept = facts[i];

		certificates_deinit();
		facts[i] ^= 1;
		assert_null(judge(alice, &params, &error));
		facts[i] = '\0';
		assert_null(judge(alice, &params, &error));
		facts[i] = kept;
	}
	set_fake_gpg("real");
	g_free(facts);
}

/* Well made, but of keys that aren't there */
static void test_facts_forged(void **state G_GNUC_UNUSED)
{
	static const char *const listings[] = {
		"certificate 0123456789ABCDEF0123456789ABCDEF01234567\n",
		"key 0123456789ABCDEF0123456789ABCDEF01234567 1 1 0 e x\n",
		"name x\n", "x\n", "\n"
	};
	struct certificates_params params = { .uid = 0 };
	struct seal_error error;
	const struct certificate_list *list = judge(alice, &params, &error);
	char *own = g_strdup_printf("certificate %s\n",
				    list->certificates[0]->fingerprint);

	for (size_t i = 0; i < G_N_ELEMENTS(listings); i++) {
		for (int with_own = 0; with_own <= 1; with_own++) {
			const struct facts_header header = {
				.input = "i", .judge = "j"
			};
			GString *listing = g_string_new(with_own ? own : "");
			char *text;

			/* that is right */
			if (with_own && i == 2) {
				g_string_free(listing, TRUE);
				continue;
			}
			g_string_append(listing, listings[i]);
			text = facts_write(&header, listing);
			test_case(listings[i], with_own);
			assert_int_equal(read_facts(text, alice, "i", "j", 1),
					 -1);
			g_free(text);
			g_string_free(listing, TRUE);
		}
	}
	g_free(own);
}

/*
 * What a process knows
 */

/* What was said under one uid is nothing under another. */
static void test_cache_by_uid(void **state G_GNUC_UNUSED)
{
	struct certificates_params one = { .uid = 1001 }, two = { .uid = 1002 };
	struct seal_error error;

	certificates_deinit();
	assert_non_null(judge(alice, &one, &error));
	set_fake_gpg("list missing");
	assert_non_null(judge(alice, &one, &error));
	assert_null(judge(alice, &two, &error));
	assert_int_equal(error.code, SEAL_ERROR_ENGINE);
	set_fake_gpg("real");
	/* and that it failed isn't remembered */
	assert_non_null(judge(alice, &two, &error));
}

/* 1,000 owners' certificates have room; more don't make it grow. */
static void test_cache_size(void **state G_GNUC_UNUSED)
{
	struct certificates_params params = { .uid = 0 };
	const char *facts;
	struct seal_error error;
	struct certificate *certificate =
		judge(alice, &params, &error)->certificates[0];
	unsigned int found = 0;
	char key[65];

	certificate_ref(certificate);
	certificates_deinit();
	for (int i = 0; i < 10000; i++) {
		GPtrArray *list = g_ptr_array_new();

		certificate_ref(certificate);
		g_ptr_array_add(list, certificate);
		g_snprintf(key, sizeof(key), "%064d", i);
		certificate_cache_add(key, 0, 0, 0, list, NULL,
				      g_strnfill(500, 'x'));
	}
	for (int i = 0; i < 10000; i++) {
		g_snprintf(key, sizeof(key), "%064d", i);
		if (certificate_cache_lookup(key, 0, 1, &facts) != NULL)
			found++;
	}
	assert_true(found >= 1000 && found < 10000);
	/* the last ones */
	assert_non_null(certificate_cache_lookup(key, 0, 1, &facts));
	certificates_deinit();
	assert_null(certificate_cache_lookup(key, 0, 1, &facts));
	certificate_unref(certificate);
}

/*
 * A gpg that doesn't do its work
 */

static const struct {
	const char *mode;
	enum seal_error_code code;
	/* the beginning of it */
	const char *text;
} faults[] = {
	{ "list hang", SEAL_ERROR_TIMEOUT, "gpg took too long" },
	{ "list hang with children", SEAL_ERROR_TIMEOUT, "gpg took too long" },
	{ "list stop", SEAL_ERROR_TIMEOUT, "gpg took too long" },
	{ "list kill", SEAL_ERROR_ENGINE, "gpg ended before" },
	{ "list missing", SEAL_ERROR_ENGINE, "" },
	{ "list half", SEAL_ERROR_ENGINE, "gpg ended before" },
	{ "list spin", SEAL_ERROR_UNUSABLE_KEY, "gpg needs too much" },
	{ "list another", SEAL_ERROR_ENGINE, "gpg's list" }
};

/* Nothing is left of it, not even for process 1, which we stand in for; it
   doesn't take longer than it may; and it isn't remembered. */
static void test_faults(void **state G_GNUC_UNUSED)
{
	struct certificates_params params = { .uid = 0 };
	struct seal_error error;

	while (waitpid(-1, NULL, WNOHANG) > 0) ;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
		gint64 start = g_get_monotonic_time();

		certificates_deinit();
		set_fake_gpg(faults[i].mode);
		/* two seconds of a busy machine's processor take long */
		params.timeout_secs =
			faults[i].code == SEAL_ERROR_TIMEOUT ? 2 : 120;
		if (judge(alice, &params, &error) != NULL ||
		    error.code != faults[i].code ||
		    !g_str_has_prefix(error.text, faults[i].text))
			fail_msg("%s: %s", faults[i].mode, error.text);
		assert_true(faults[i].code != SEAL_ERROR_TIMEOUT ||
			    g_get_monotonic_time() - start <
			    60 * G_USEC_PER_SEC);
		if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
			fail_msg("%s: left processes", faults[i].mode);
		set_fake_gpg("real");
		params.timeout_secs = 120;
		/* but what takes gpg long to say isn't asked again at once */
		if (faults[i].code == SEAL_ERROR_UNUSABLE_KEY) {
			assert_null(judge(alice, &params, &error));
			assert_true(g_str_has_prefix(error.text,
						     faults[i].text));
			certificates_deinit();
		}
		assert_non_null(judge(alice, &params, &error));
	}
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0), 0);
}

/* What isn't there when it is first needed is there later: nothing of it is
   remembered, as GPGME does within a process. */
static void test_missing_at_first(void **state G_GNUC_UNUSED)
{
	static const char *const paths[] = { MAIL_SEAL_HELPER, FAKE_GPG };
	struct certificates_params params = { .uid = 0 };
	struct seal_error error;

	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		char *aside = g_strdup_printf("%s.aside", paths[i]);

		certificates_deinit();
		test_case(paths[i], i);
		assert_int_equal(g_rename(paths[i], aside), 0);
		for (int tries = 0; tries < 2; tries++) {
			const struct certificate_list *list =
				judge(alice, &params, &error);

			if (list != NULL) {
				(void)g_rename(aside, paths[i]);
				fail_msg("%s isn't there", paths[i]);
			}
		}
		assert_int_equal(g_rename(aside, paths[i]), 0);
		assert_int_equal(error.code, SEAL_ERROR_ENGINE);
		if (judge(alice, &params, &error) == NULL)
			fail_msg("%s", error.text);
		g_free(aside);
	}
}

/* A helper of another build says so. */
static void test_helper_version(void **state G_GNUC_UNUSED)
{
	static const char *const homes[] = {
		"/home/x/.gnupg", "mail-seal-exec:1:judge", ""
	};

	for (size_t i = 0; i < G_N_ELEMENTS(homes); i++) {
		char *output = shell("'%s' --homedir '%s' --status-fd 1 "
			"--list-keys 2>&1 || echo exited with $?",
			MAIL_SEAL_HELPER, homes[i]);

		test_case(homes[i], i);
		assert_non_null(strstr(output, "of different versions of "
				       "mail_seal"));
		assert_non_null(strstr(output, "[GNUPG:] FAILURE"));
		assert_non_null(strstr(output, "exited with 126"));
		g_free(output);
	}
}

/*
 * Merging
 */

/* Others' certifications don't count for the limit, nor for anything. */
static void test_signatures(void **state G_GNUC_UNUSED)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct merge *merge = merge_new(CERTIFICATES_COUNT_MAX);
	GByteArray *content;
	GPtrArray *certificates;

	g_free(shell("$GPG --passphrase '' -u bob@example.org --quick-sign-key "
		     "$($GPG --with-colons --list-keys alice@example.org |"
		     "sed -n '/^fpr/{s/^fpr:*//;s/:$//p;q}'); "
		     "$GPG -o signed --export alice@example.org"));
	content = read_home("signed");
	assert_true(content->len > alice->len);
	assert_int_equal(merge_add(merge, alice->data, alice->len, 1, &error),
			 0);
	assert_int_equal(merge_add(merge, content->data, content->len, 2,
				   &error), 0);
	certificates = merge_certificates(merge);
	assert_int_equal(certificates->len, 1);
	assert_int_equal(((struct certificate *)certificates->pdata[0])->roles,
			 3);
	assert_true(g_bytes_get_size(((struct certificate *)
		certificates->pdata[0])->data) < content->len);
	g_ptr_array_unref(certificates);
	merge_free(merge);
	g_byte_array_unref(content);
}

/* Each of its own is another one, and the five hundred and first too much. */
static void test_too_many_signatures(void **state G_GNUC_UNUSED)
{
	struct certificates_params params = { .uid = 0 };
	GByteArray *content = g_byte_array_new();
	struct seal_error error;

	g_byte_array_append(content, alice->data, alice->len);
	for (unsigned int i = 0; i <= MERGE_SIGNATURES_MAX; i++) {
		/* version 4, subkey binding, without subpackets */
		const guint8 signature[] = {
			0xc2, 12, 4, 0x18, 22, 8, 0, 0, 0, 0, i >> 8, i, 0, 0
		};

		g_byte_array_append(content, signature, sizeof(signature));
	}
	assert_null(judge(content, &params, &error));
	assert_int_equal(error.code, SEAL_ERROR_UNUSABLE_KEY);
	assert_string_equal(error.text, "a certificate has more than 500 "
			    "signatures of its own: export it again, with "
			    "gpg's option --export-options export-minimal");
	g_byte_array_unref(content);
}

/* A certificate of version 6 beside one of version 4, as they are exported
   together: what gpg doesn't know of the one is no word about the other. */
static void test_version_6(void **state G_GNUC_UNUSED)
{
	/* Ed25519, RFC 9580 section 5.5.5.9 */
	static const guint8 v6[2 + 42] = {
		0xc6, 42, 6, 0x63, 0x87, 0x7f, 0xe3, 27, 0, 0, 0, 32, 1
	};
	struct certificates_params params = { .uid = 0 };
	struct seal_error error;
	const char *reason;

	/* behind it, before it, alone */
	for (int form = 0; form < 3; form++) {
		GByteArray *content = g_byte_array_new();
		const struct certificate_list *list;

		if (form > 0)
			g_byte_array_append(content, v6, sizeof(v6));
		if (form < 2)
			g_byte_array_append(content, alice->data, alice->len);
		if (form == 0)
			g_byte_array_append(content, v6, sizeof(v6));
		test_case("version 6", form);
		list = judge(content, &params, &error);
		if (list == NULL)
			fail_msg("%s", error.text);
		assert_int_equal(list->count, form < 2 ? 2 : 1);
		for (size_t i = 0; i < list->count; i++) {
			struct certificate *certificate =
				list->certificates[i];
			const bool is_v6 = strlen(certificate->fingerprint) > 40;

			assert_int_equal(is_v6, i == (form == 0 ? 1 : 0));
			assert_int_equal(certificate_is_usable(certificate,
				time(NULL), 2048, &reason), !is_v6);
			if (is_v6)
				assert_string_equal(reason, "it is of a kind "
					"that this server's GnuPG doesn't "
					"know");
		}
		g_byte_array_unref(content);
	}
}

/* Somebody else's subkey, put behind a certificate that its owner never signed
   it for, is never chosen. */
static void test_foreign_subkey(void **state G_GNUC_UNUSED)
{
	struct certificates_params params = { .uid = 0 };
	struct seal_error error;
	GByteArray *content = g_byte_array_new();
	struct certificate *own = judge(alice, &params, &error)->certificates[0];
	const struct certificate_key *expected, *got;
	const struct certificate *foreign;
	size_t start;

	certificate_ref(own);
	expected = certificate_encryption_key(own, time(NULL));
	foreign = judge(bob, &params, &error)->certificates[0];
	g_byte_array_append(content, alice->data, alice->len);
	/* gpg's header of a subkey packet has two bytes */
	start = foreign->keys[1].packet -
		(const uint8_t *)g_bytes_get_data(foreign->data, NULL) - 2;
	g_byte_array_append(content, (const guint8 *)g_bytes_get_data(
		foreign->data, NULL) + start,
		g_bytes_get_size(foreign->data) - start);
	got = certificate_encryption_key(
		judge(content, &params, &error)->certificates[0], time(NULL));
	assert_non_null(got);
	assert_true(got->id == expected->id);
	certificate_unref(own);
	g_byte_array_unref(content);
}

static int setup(void **state G_GNUC_UNUSED)
{
	home = g_dir_make_tmp("test-judge-XXXXXX", NULL);
	set_fake_gpg("real");
	alice = make_key("alice");
	bob = make_key("bob");
	return 0;
}

static int teardown(void **state G_GNUC_UNUSED)
{
	g_free(shell("gpgconf --homedir . --kill all; cd /; rm -rf '%s'",
		     home));
	g_byte_array_unref(alice);
	g_byte_array_unref(bob);
	g_free(home);
	certificates_deinit();
	return 0;
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_future),
		cmocka_unit_test(test_clock_behind),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_facts_time),
		cmocka_unit_test(test_facts_damage),
		cmocka_unit_test(test_facts_forged),
		cmocka_unit_test(test_cache_by_uid),
		cmocka_unit_test(test_cache_size),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_missing_at_first),
		cmocka_unit_test(test_helper_version),
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_too_many_signatures),
		cmocka_unit_test(test_version_6),
		cmocka_unit_test(test_foreign_subkey)
	};

	return cmocka_run_group_tests_name("judge", all, setup, teardown);
}
