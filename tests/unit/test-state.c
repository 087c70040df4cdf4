/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What the mail store remembers of its owner, and where a mail client gets at
   it. Needs libdovecot's strings, but no Dovecot that runs. */

#include "lib.h"
#include "str.h"
#include "mail-root.h"
#include "clocks.h"
#include "state-text.h"
#include "../../src/seal/clock.h"
#include "test-lib.h"

/*
 * The owner's state
 */

#define FPR1 "0123456789ABCDEF0123456789ABCDEF01234567"
#define FPR2 "89ABCDEF0123456789ABCDEF0123456789ABCDEF"

static const struct {
	const char *text;
	bool damaged;
} state_texts[] = {
	{ "mail-seal-state 1\nenrolled 12\nkeys "FPR1"\nend\n", FALSE },
	{ "mail-seal-state 1\nenrolled 12\nend\n", FALSE },
	{ "mail-seal-state 1\nenrolled 12\nlater things\nx\nend\n", FALSE },
	{ "", TRUE },
	{ "\n", TRUE },
	{ "mail-seal-state 2\nenrolled 12\nend\n", TRUE },
	{ "mail-seal-state 1\nend\n", TRUE },
	{ "mail-seal-state 1\nenrolled 12\nkeys "FPR1"\n", TRUE },
	{ "mail-seal-state 1\nenrolled -12\nend\n", TRUE },
	{ "mail-seal-state 1\nenrolled\nend\n", TRUE },
	{ "mail-seal-state 1\nenrolled 1x\nend\n", TRUE },
	{ "mail-seal-state 1\nenrolled 12\nkeys \nend\n", TRUE },
	{ "mail-seal-state 1\nenrolled 12\nkeys "FPR1",\nend\n", TRUE },
	{ "mail-seal-state 1\nenrolled 12\nkeys abc\nend\n", TRUE },
	{ "mail-seal-state 1\nenrolled 12\nkeys A B\nend\n", TRUE },
	{ "mail-seal-state 1\nenrolled 12\nkeys "FPR1 FPR2"\nend\n", TRUE }
};

/* Whatever is in it, an owner whose state is there is enrolled. */
static void test_state_texts(void **state ATTR_UNUSED)
{
	struct mail_seal_state parsed;

	for (size_t i = 0; i < N_ELEMENTS(state_texts); i++) T_BEGIN {
		mail_seal_state_parse(state_texts[i].text,
				      pool_datastack_create(), &parsed);
		assert_true(parsed.known);
		assert_true(parsed.enrolled);
		assert_int_equal(parsed.damaged, state_texts[i].damaged);
	} T_END;
}

static void test_state_round_trip(void **state ATTR_UNUSED)
{
	static const char *const fingerprints[] = { FPR1, FPR2, NULL };
	static const char *const turned[] = { FPR2, FPR1, NULL };
	static const char *const one[] = { FPR2, NULL };
	static const char *const told[] = { "expires-7:5:A", "b", NULL };
	const struct mail_seal_state written = {
		.enrolled = TRUE, .since = 1764102000,
		.fingerprints = fingerprints,
		.facts = "mail-seal-facts 1\n\nend 0\n",
		.told = told, .owed = FPR1" "FPR2,
		.given_way = "metadata", .given = 1764102001
	};
	struct mail_seal_state parsed;
	string_t *text = t_str_new(256);

	mail_seal_state_print(&written, text);
	mail_seal_state_parse(str_c(text), pool_datastack_create(), &parsed);
	assert_false(parsed.damaged);
	assert_int_equal(parsed.since, written.since);
	assert_string_equal(parsed.facts, written.facts);
	assert_string_equal(parsed.given_way, written.given_way);
	assert_int_equal(parsed.given, written.given);
	assert_string_equal(t_strarray_join(parsed.told, " "),
			    "expires-7:5:A b");
	assert_string_equal(parsed.owed, FPR1" "FPR2);
	assert_true(mail_seal_state_has_fingerprints(&parsed, turned));
	assert_false(mail_seal_state_has_fingerprints(&parsed, one));
	assert_false(mail_seal_state_has_fingerprints(&parsed, NULL));
	/* cut off anywhere, it is damaged */
	for (size_t len = 0; len + 1 < str_len(text); len++) {
		mail_seal_state_parse(t_strndup(str_c(text), len),
				      pool_datastack_create(), &parsed);
		assert_true(parsed.damaged);
	}
}

/*
 * Mail roots
 */

static void test_mail_root(void **state ATTR_UNUSED)
{
#define DOTS MAIL_SEAL_ROOT_DOTS
#define TREE MAIL_SEAL_ROOT_TREE
#define MAILBOX MAIL_SEAL_ROOT_MAILBOX
	static const struct {
		const char *root;
		enum mail_seal_root_layout layout;
		const char *path;
		bool reached;
	} paths[] = {
		{ "/home/a", DOTS, "/home/a", TRUE },
		{ "/home/a", DOTS, "/home/a/.mail-seal/keys", TRUE },
		{ "/home/a", DOTS, "/home/a/.keys", TRUE },
		{ "/home/a", DOTS, "/home/a/cur/keys", TRUE },
		{ "/home/a", DOTS, "/home/a/new/keys", TRUE },
		{ "/home/a", DOTS, "/home/a/tmp/keys", TRUE },
		{ "/home/a", DOTS, "/home/a/current/keys", FALSE },
		{ "/home/a", DOTS, "/home/a/keys", FALSE },
		{ "/home/a", DOTS, "/home/a/seal/.keys", FALSE },
		{ "/home/a", DOTS, "/home/ab/.keys", FALSE },
		{ "/home/a", DOTS, "/home/b", FALSE },
		{ "/home/a", DOTS, "/home", FALSE },
		{ "/home/a/Maildir", DOTS, "/home/a/.mail-seal/keys", FALSE },
		{ "/home/a", TREE, "/home/a", TRUE },
		{ "/home/a", TREE, "/home/a/x/keys", TRUE },
		{ "/home/a/mail", TREE, "/home/a/.mail-seal/keys", FALSE },
		{ "/home/a/mail", TREE, "/home/a/mail-seal", FALSE },
		{ "/home/a/sdbox/mailboxes", TREE, "/home/a/sdbox/x", FALSE },
		{ "/", TREE, "/home/a/keys", TRUE },
		{ "/", DOTS, "/home/a/keys", FALSE },
		{ "/", DOTS, "/.seal/keys", TRUE },
		{ "/var/mail/a", MAILBOX, "/var/mail/a", TRUE },
		{ "/var/mail/a", MAILBOX, "/var/mail/a/cur/x", TRUE },
		{ "/var/mail/a", MAILBOX, "/var/mail/a/.seal/x", FALSE },
		{ "/var/mail/a", MAILBOX, "/var/mail/b", FALSE }
	};

	for (size_t i = 0; i < N_ELEMENTS(paths); i++) {
		const struct mail_seal_mail_root root = {
			.path = paths[i].root, .layout = paths[i].layout
		};

		if (mail_seal_mail_root_reaches(&root, paths[i].path) !=
		    paths[i].reached)
			fail_msg("%s in %s", paths[i].path, paths[i].root);
	}
}

#define NOW 1764102000
#define YEAR (365 * 24 * 60 * 60)

static const char *const fingerprints_one[] = { FPR1, NULL };
static const char *const fingerprints_two[] = { FPR2, NULL };

/* What dsync brings from another mail store */
static void test_state_merge(void **state ATTR_UNUSED)
{
	static const char *const one[] = { FPR1, NULL };
	static const char *const two[] = { FPR2, NULL };
	static const char *const told[] = { "a", "b", NULL };
	static const char *const more[] = { "b", "c", NULL };
	const struct mail_seal_state old = {
		.known = TRUE, .enrolled = TRUE, .since = 20,
		.fingerprints = one, .given_way = "doveadm", .given = 20,
		.facts = "facts\n", .told = told, .withdrawn_before = 7
	};
	const struct mail_seal_state new = {
		.known = TRUE, .enrolled = TRUE, .since = 10,
		.fingerprints = two, .given_way = "metadata", .given = 30,
		.facts = "others\n", .told = more, .owed = FPR1" "FPR2
	};
	const struct mail_seal_state moved = {
		.known = TRUE, .enrolled = TRUE,
		.given_way = MAIL_SEAL_STATE_MOVED, .given = 40
	};
	struct mail_seal_state merged = { .known = FALSE };
	pool_t pool = pool_datastack_create();

	/* here is nothing: all but what a judge said elsewhere */
	assert_true(mail_seal_state_merge(&merged, &new, NOW, pool));
	assert_true(merged.enrolled);
	assert_true(mail_seal_state_has_fingerprints(&merged, two));
	assert_null(merged.facts);
	merged.damaged = TRUE;
	assert_true(mail_seal_state_merge(&merged, &old, NOW, pool));
	assert_false(merged.damaged);

	/* the later certificates, all that he was told, the later time */
	merged = old;
	assert_true(mail_seal_state_merge(&merged, &new, NOW, pool));
	assert_int_equal(merged.since, 20);
	assert_int_equal(merged.given, 30);
	assert_int_equal(merged.withdrawn_before, 7);
	assert_true(mail_seal_state_has_fingerprints(&merged, two));
	assert_null(merged.facts);
	assert_string_equal(t_strarray_join(merged.told, " "), "a b c");
	assert_string_equal(merged.owed, FPR1" "FPR2);
	assert_false(mail_seal_state_merge(&merged, &new, NOW, pool));

	/* the other way round, what is known here stays */
	merged = new;
	assert_true(mail_seal_state_merge(&merged, &old, NOW, pool));
	assert_true(mail_seal_state_has_fingerprints(&merged, two));
	assert_string_equal(merged.facts, "others\n");
	assert_string_equal(t_strarray_join(merged.told, " "), "b c a");

	/* that messages came says nothing of certificates */
	merged = old;
	assert_false(mail_seal_state_merge(&merged, &moved, NOW, pool));
	merged = moved;
	assert_true(mail_seal_state_is_moved(&merged));
	assert_true(mail_seal_state_merge(&merged, &old, NOW, pool));
	assert_false(mail_seal_state_is_moved(&merged));
	assert_true(mail_seal_state_has_fingerprints(&merged, one));
}

/* What happens after something is later than it, also by a clock that is
   behind the one by which that was written. */
static void test_time(void **state ATTR_UNUSED)
{
	const time_t now = 1764102000;
	const struct mail_seal_state known = {
		.since = now - 5, .given = now + 60,
		.withdrawn_before = now + SEAL_CLOCK_SKEW_SECS
	};
	const struct mail_seal_state farther = {
		.since = now + SEAL_CLOCK_SKEW_SECS + 1, .given = now - 5
	};
	const struct mail_seal_state nothing = { .known = FALSE };

	assert_int_equal(mail_seal_clocks_after(0, now), now);
	assert_int_equal(mail_seal_clocks_after(now - 1, now), now);
	assert_int_equal(mail_seal_clocks_after(now, now), now + 1);
	assert_int_equal(mail_seal_clocks_after(now + 60, now), now + 61);
	assert_int_equal(mail_seal_state_time(&nothing, now), now);
	assert_int_equal(mail_seal_state_time(&known, now),
			 now + SEAL_CLOCK_SKEW_SECS + 1);
	/* that isn't how clocks differ */
	assert_int_equal(mail_seal_state_time(&farther, now), now);
}

/* A clock was a year ahead, and is right again: what was written then, here or
   elsewhere, isn't the later one for a year. */
static const struct mail_seal_state far_ahead = {
	.known = TRUE, .enrolled = TRUE, .since = NOW + YEAR,
	.fingerprints = fingerprints_one, .given_way = "doveadm",
	.given = NOW + YEAR, .withdrawn_before = 7
};
static const struct mail_seal_state right = {
	.known = TRUE, .enrolled = TRUE, .since = NOW - 20,
	.fingerprints = fingerprints_two, .given_way = "metadata",
	.given = NOW + SEAL_CLOCK_SKEW_SECS, .withdrawn_before = 8
};

static void test_merge_far_ahead(void **state ATTR_UNUSED)
{
	struct mail_seal_state merged = right;
	pool_t pool = pool_datastack_create();

	assert_false(mail_seal_state_merge(&merged, &far_ahead, NOW, pool));
	merged = far_ahead;
	assert_true(mail_seal_state_merge(&merged, &right, NOW, pool));
	assert_int_equal(merged.since, NOW - 20);
	assert_int_equal(merged.given, NOW + SEAL_CLOCK_SKEW_SECS);
	assert_int_equal(merged.withdrawn_before, 8);
	assert_true(mail_seal_state_has_fingerprints(&merged,
						     fingerprints_two));
	/* nothing else is known: he is enrolled, and since when isn't known */
	i_zero(&merged);
	assert_true(mail_seal_state_merge(&merged, &far_ahead, NOW, pool));
	assert_true(merged.enrolled);
	assert_int_equal(merged.since, 0);
	assert_int_equal(merged.given, 0);
	assert_true(mail_seal_state_has_fingerprints(&merged,
						     fingerprints_one));
	merged = far_ahead;
	assert_false(mail_seal_state_merge(&merged, &far_ahead, NOW, pool));
}

static void test_changed(void **state ATTR_UNUSED)
{
	const struct mail_seal_state moved = {
		.known = TRUE, .enrolled = TRUE,
		.given_way = MAIL_SEAL_STATE_MOVED, .given = 40
	};

	assert_int_equal(mail_seal_state_changed(&moved, NOW, NOW), 0);
	assert_int_equal(mail_seal_state_changed(&right, NOW, NOW),
			 NOW + SEAL_CLOCK_SKEW_SECS);
	assert_int_equal(mail_seal_state_changed(&right, NOW + YEAR, NOW),
			 NOW + SEAL_CLOCK_SKEW_SECS);
	assert_int_equal(mail_seal_state_changed(&far_ahead, NOW - 5, NOW),
			 NOW - 5);
	assert_int_equal(mail_seal_state_changed(&far_ahead, NOW + YEAR, NOW),
			 0);
}

static void test_withdrawn(void **state ATTR_UNUSED)
{
	const struct {
		time_t since, before, withdrawn;
		bool is_withdrawn;
	} times[] = {
		{ NOW - 1000, 0, 0, FALSE },
		{ NOW - 1000, 0, NOW, TRUE },
		{ NOW, 0, NOW - SEAL_CLOCK_SKEW_SECS, TRUE },
		{ NOW, 0, NOW - SEAL_CLOCK_SKEW_SECS - 1, FALSE },
		{ NOW - 1000, NOW, NOW, FALSE },
		{ NOW - 1000, NOW - 1, NOW, TRUE },
		{ NOW - 1000, NOW, NOW + YEAR, TRUE },
		{ NOW - 1000, NOW + YEAR, NOW + YEAR, FALSE },
		{ NOW - 1000, NOW + YEAR, NOW + YEAR + 1, TRUE },
		/* enrolled by a clock that was far ahead */
		{ NOW + YEAR, 0, NOW, TRUE },
		{ NOW + YEAR, NOW - 5, NOW - 5, FALSE }
	};

	for (size_t i = 0; i < N_ELEMENTS(times); i++) {
		struct mail_seal_state known = {
			.known = TRUE, .enrolled = TRUE,
			.since = times[i].since,
			.withdrawn_before = times[i].before
		};

		test_case("withdrawn", i);
		assert_int_equal(mail_seal_state_is_withdrawn(&known,
						times[i].withdrawn, NOW),
				 times[i].is_withdrawn);
		/* dsync brought him: messages tell when he was enrolled */
		known.given_way = MAIL_SEAL_STATE_MOVED;
		known.given = known.since;
		known.since = 0;
		assert_int_equal(mail_seal_state_is_withdrawn(&known,
						times[i].withdrawn, NOW),
				 times[i].is_withdrawn);
	}
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_state_texts),
		cmocka_unit_test(test_state_round_trip),
		cmocka_unit_test(test_state_merge),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_merge_far_ahead),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_withdrawn),
		cmocka_unit_test(test_mail_root)
	};
	int failed;

	lib_init();
	failed = cmocka_run_group_tests_name("state", all, NULL, NULL);
	lib_deinit();
	return failed;
}
