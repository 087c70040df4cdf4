/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What owners are told, and when. Needs libdovecot's strings, but no Dovecot
   that runs. */

#include "lib.h"
#include "str.h"
#include "notice-policy.h"
#include "notice-words.h"
#include "owner-settings.h"
#include "texts.h"
#include "test-lib.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY (24 * 60 * 60)
#define NOW 1764100000

/*
 * When
 */

static const unsigned int notice_days[] = { 30, 7, 1 };

static const struct {
	const char *what;
	bool usable, expired;
	/* seconds from now; 0 = never */
	int expires;
	/* words without what comes behind the first colon */
	const char *told;
	/* "" = nothing is due */
	const char *due;
	unsigned int days;
} active_cases[] = {
	{ "never expires", TRUE, FALSE, 0, "", "", 0 },
	{ "far away", TRUE, FALSE, 31 * DAY, "", "", 0 },
	{ "a second too early", TRUE, FALSE, 30 * DAY + 1, "", "", 0 },
	{ "first step", TRUE, FALSE, 30 * DAY, "", "expires-30", 30 },
	{ "a day late", TRUE, FALSE, 29 * DAY, "", "expires-30", 29 },
	{ "told", TRUE, FALSE, 29 * DAY, "expires-30", "", 0 },
	{ "second step", TRUE, FALSE, 7 * DAY, "expires-30", "expires-7", 7 },
	{ "second step, first missed", TRUE, FALSE, 7 * DAY - 1, "",
	  "expires-7", 7 },
	{ "third step", TRUE, FALSE, DAY, "expires-30 expires-7",
	  "expires-1", 1 },
	{ "third step, all missed", TRUE, FALSE, 1, "", "expires-1", 1 },
	{ "told the last, but not those before", TRUE, FALSE, 1, "expires-1",
	  "", 0 },
	/* the clock was ahead, or days were added */
	{ "told a later step", TRUE, FALSE, 20 * DAY, "expires-7", "", 0 },
	{ "now", TRUE, FALSE, -1, "", "", 0 },
	{ "expired", FALSE, TRUE, -1, "expires-30 expires-7 expires-1",
	  "expired", 0 },
	{ "expired, told", FALSE, TRUE, -DAY, "expired", "", 0 },
	{ "unusable", FALSE, FALSE, 0, "", "unusable", 0 },
	{ "unusable, expires later", FALSE, FALSE, 5 * DAY, "expires-7",
	  "unusable", 0 },
	{ "unusable, told", FALSE, FALSE, 0, "unusable", "", 0 },
	{ "expired after it was revoked", FALSE, TRUE, -1, "unusable",
	  "expired", 0 }
};

static const char *const *
told_words(const char *words, const struct mail_seal_notice_active *active)
{
	const char **list = t_strsplit_spaces(words, " ");

	for (const char **word = list; *word != NULL; word++) {
		*word = strcmp(*word, "unusable") == 0 ?
			t_strconcat(*word, ":", active->key, NULL) :
			t_strdup_printf("%s:%s:%s", *word,
					dec2str(active->expires), active->key);
	}
	return list;
}

static void test_active(void **state ATTR_UNUSED)
{
	for (size_t i = 0; i < N_ELEMENTS(active_cases); i++) T_BEGIN {
		struct mail_seal_notice_active active = {
			.now = NOW, .days = notice_days, .days_count = 3,
			.usable = active_cases[i].usable,
			.expired = active_cases[i].expired,
			.expires = active_cases[i].expires == 0 ? 0 :
				NOW + active_cases[i].expires,
			.key = "ABCD,EF01"
		};
		const char *const *told =
			told_words(active_cases[i].told, &active);
		struct mail_seal_notice_due due;
		bool is_due = mail_seal_notice_policy_active(&active, told,
							     &due);

		if (is_due != (*active_cases[i].due != '\0'))
			fail_msg("%s", active_cases[i].what);
		if (is_due) {
			assert_string_equal(t_strcut(due.word, ':'),
					    active_cases[i].due);
			assert_int_equal(due.days, active_cases[i].days);
			assert_null(strchr(due.word, ' '));
			/* and once */
			told = (const char *const[]){ due.word, NULL };
			assert_true(mail_seal_notice_policy_keeps(&active,
								  due.word));
			assert_false(mail_seal_notice_policy_active(&active,
								    told,
								    &due));
		}
	} T_END;
}

static void test_what_is_remembered(void **state ATTR_UNUSED)
{
	struct mail_seal_notice_active active = {
		.now = NOW, .days = notice_days, .days_count = 3,
		.usable = TRUE, .expires = NOW + 5 * DAY, .key = "ABCD"
	};
	const char *expires = t_strdup_printf("expires-30:%d:ABCD",
					      NOW + 5 * DAY);
	struct mail_seal_notice_due due;

	assert_true(mail_seal_notice_policy_keeps(&active, expires));
	assert_false(mail_seal_notice_policy_keeps(&active, "unusable:ABCD"));
	assert_false(mail_seal_notice_policy_keeps(&active, "nonsense"));
	active.usable = FALSE;
	assert_true(mail_seal_notice_policy_keeps(&active, "unusable:ABCD"));
	assert_false(mail_seal_notice_policy_keeps(&active, "unusable:EF01"));
	/* another certificate, or another life of the same */
	active.usable = TRUE;
	active.expires = NOW + 29 * DAY;
	assert_false(mail_seal_notice_policy_keeps(&active, expires));
	assert_true(mail_seal_notice_policy_active(&active,
		(const char *const[]){ expires, NULL }, &due));
	/* no days, no notice */
	active.days_count = 0;
	assert_false(mail_seal_notice_policy_active(&active, NULL, &due));
}

static const struct {
	/* seconds ago; 0 = never */
	int since, week_told, delay_told;
	/* from now */
	int until, delay_until;
	enum mail_seal_notice due;
	unsigned int days;
} pending_cases[] = {
#define NOTHING MAIL_SEAL_NOTICE_COUNT
#define WEEK MAIL_SEAL_NOTICE_PENDING_WEEK
#define DELAY MAIL_SEAL_NOTICE_DELAY
	{ 0, 0, 0, 14 * DAY, 0, NOTHING, 0 },
	{ 7 * DAY - 1, 0, 0, 7 * DAY, 0, NOTHING, 0 },
	{ 7 * DAY, 0, 0, 7 * DAY, 0, WEEK, 0 },
	{ 9 * DAY, 0, 0, 5 * DAY, 0, WEEK, 0 },
	{ 9 * DAY, 2 * DAY, 0, 5 * DAY, 0, NOTHING, 0 },
	/* it is over, or ends now */
	{ 15 * DAY, 0, 0, -DAY, 0, NOTHING, 0 },
	{ 14 * DAY, 0, 0, 0, 0, NOTHING, 0 },
	/* announced: each day, and the week says nothing more */
	{ 9 * DAY, 0, 0, 5 * DAY, 3 * DAY, DELAY, 3 },
	{ 9 * DAY, 0, 60, 5 * DAY, 3 * DAY, NOTHING, 0 },
	{ 9 * DAY, 0, 19 * 60 * 60, 5 * DAY, 2 * DAY, NOTHING, 0 },
	{ 9 * DAY, 0, 20 * 60 * 60, 5 * DAY, 2 * DAY, DELAY, 2 },
	{ 9 * DAY, 0, DAY, 5 * DAY, DAY + 1, DELAY, 2 },
	{ 9 * DAY, 0, DAY, 5 * DAY, 1, DELAY, 1 },
	/* a day was left out, so that the change wasn't made */
	{ 9 * DAY, 0, 2 * DAY, 5 * DAY, -DAY, DELAY, 1 }
};

static void test_pending(void **state ATTR_UNUSED)
{
	for (size_t i = 0; i < N_ELEMENTS(pending_cases); i++) {
		int week = pending_cases[i].week_told;
		int delay = pending_cases[i].delay_told;
		int delay_until = pending_cases[i].delay_until;
		struct mail_seal_notice_pending pending = {
			.now = NOW, .since = NOW - pending_cases[i].since,
			.until = NOW + pending_cases[i].until,
			.delay_until = delay_until == 0 ? 0 : NOW + delay_until,
			.week_told = week == 0 ? 0 : NOW - week,
			.delay_told = delay == 0 ? 0 : NOW - delay
		};
		struct mail_seal_notice_due due;
		bool is_due = mail_seal_notice_policy_pending(&pending, &due);

		if (is_due != (pending_cases[i].due != NOTHING))
			fail_msg("pending case %zu", i);
		if (is_due) {
			assert_int_equal(due.kind, pending_cases[i].due);
			assert_int_equal(due.days, pending_cases[i].days);
		}
	}
}

/*
 * Filling in
 */

static const struct mail_seal_text_variable some_words[] = {
	{ .name = "owner", .value = "alice@example.org" },
	{ .name = "fingerprint", .value = "ABCD EF01\n2345 6789" },
	{ .name = "code", .value = "seal-00000-00000", .required = TRUE },
	{ .name = "stop_code", .value = NULL, .required = TRUE },
	/* noon in all zones but a few, which have the next day */
	{ .name = "date", .date = 1764072000 },
	{ .name = "empty", .value = "" },
	{ .name = NULL }
};

static const char date_text[] = "$day. $month $year\n"
	"jan feb mar apr may jun jul aug sep oct nov dec\n";

static const struct {
	const char *text, *subject, *body;
} good_texts[] = {
	{ "Subject: a\n\n$code\n", "a", "seal-00000-00000\n" },
	{ "# why\n\n# more\nSubject: To $owner\n\n$code",
	  "To alice@example.org", "seal-00000-00000\n" },
	{ "Subject: a\n\nof $owner:\n\n   $fingerprint\n\n$code\n", "a",
	  "of alice@example.org:\n\n   ABCD EF01\n   2345 6789\n\n"
	  "seal-00000-00000\n" },
	{ "Subject: a\n\n$code: $date, $$5 and $5, $", "a",
	  "seal-00000-00000: 25. nov 2025, $5 and $5, $\n" },
	/* conditions */
	{ "Subject: a\n\n?code\n$code\nb\n\n!code\nc\n\n?empty\nd\n\n"
	  "!empty\ne\n\n?stop_code\n$stop_code\n\nf\n", "a",
	  "seal-00000-00000\nb\n\ne\n\nf\n" },
	{ "Subject: a\n\n?code\n?empty\nb\n\n?code\n!empty\n$code\n", "a",
	  "seal-00000-00000\n" },
	{ "Subject: a\n\n?empty\n?code\nb\n\n$code\n", "a",
	  "seal-00000-00000\n" },
	{ "Subject: a\n\n?date\n$code\n", "a", "seal-00000-00000\n" },
	/* no conditions */
	{ "Subject: a\n\n$code\n?code\n? what\n", "a",
	  "seal-00000-00000\n?code\n? what\n" },
	{ "Subject: a\n\n?\n!\n?a b\n$code\n", "a",
	  "?\n!\n?a b\nseal-00000-00000\n" },
	/* as other editors write it */
	{ "\xEF\xBB\xBFSubject: a\r\n\r\n\r\n$code  \r\n\t\r\n\r\nb\r\n\r\n",
	  "a", "seal-00000-00000\n\nb\n" },
	{ "Subject: Schlüssel\n\nläuft $code\n", "Schlüssel",
	  "läuft seal-00000-00000\n" }
};

static const struct {
	const char *text, *error;
} bad_texts[] = {
	{ "", "it doesn't begin with \"Subject: \"" },
	{ "\n# a\n", "it doesn't begin with \"Subject: \"" },
	{ "Hello\n\n$code\n", "it doesn't begin with \"Subject: \"" },
	{ "subject: a\n\n$code\n", "it doesn't begin with \"Subject: \"" },
	{ "Subject: a\n\n$code $nothing\n",
	  "there is no \"nothing\" to fill in" },
	{ "Subject: $codes\n\n$code\n", "there is no \"codes\" to fill in" },
	{ "Subject: a\n\n?codes\n$code\n", "there is no \"codes\" to fill in" },
	{ "Subject: a\n\nb\n", "\"$code\" isn't in it" },
	{ "Subject: a\n\n!code\n$code\n", "\"$code\" isn't in it" },
	{ "Subject: a\n\n$$code\n", "\"$code\" isn't in it" },
	{ "Subject: $code\n\n$code\n", "\"$code\" can't be in its Subject" },
	{ "Subject: a\n", "\"$code\" isn't in it" },
	{ "Subject: \xE4\n\n$code\n", "it isn't UTF-8" }
};

static void test_good_texts(void **state ATTR_UNUSED)
{
	struct mail_seal_text text;
	const char *error;

	for (size_t i = 0; i < N_ELEMENTS(good_texts); i++) T_BEGIN {
		if (mail_seal_text_fill(good_texts[i].text, date_text,
					some_words, &text, &error) < 0)
			fail_msg("%s: %s", good_texts[i].text, error);
		assert_string_equal(text.subject, good_texts[i].subject);
		assert_string_equal(text.body, good_texts[i].body);
	} T_END;
}

static void test_bad_texts(void **state ATTR_UNUSED)
{
	struct mail_seal_text text;
	const char *error;

	for (size_t i = 0; i < N_ELEMENTS(bad_texts); i++) T_BEGIN {
		assert_int_equal(mail_seal_text_fill(bad_texts[i].text,
			date_text, some_words, &text, &error), -1);
		assert_string_equal(error, bad_texts[i].error);
	} T_END;
}

static void test_days_without_names(void **state ATTR_UNUSED)
{
	static const char *const date_texts[] = {
		"", "$day $month", "$day $month\na b c", "\n"
	};
	struct mail_seal_text text;
	const char *error;

	for (size_t i = 0; i < N_ELEMENTS(date_texts); i++) {
		assert_int_equal(mail_seal_text_fill("Subject: a\n\n$date $code",
			date_texts[i], some_words, &text, &error), 0);
		assert_string_equal(text.body, "2025-11-25 seal-00000-00000\n");
	}
}

/*
 * The package's texts
 */

static const char *const two_fingerprints[] = {
	"0123456789ABCDEF0123456789ABCDEF01234567",
	"0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF",
	NULL
};

/* All that a kind can have to say */
static void
facts_of(enum mail_seal_notice kind, unsigned int variant,
	 struct mail_seal_notice_facts *facts)
{
	i_zero(facts);
	facts->fingerprints = two_fingerprints + 1;
	facts->until = 1764072000;
	facts->days = 1 + (variant & 1) * 6;
	facts->reason = "it was revoked";
	facts->x509 = (variant & 1) != 0;
	facts->way = (variant & 1) != 0 ? "doveadm" :
		(variant & 2) != 0 ? "hand" : "metadata";
	if ((variant & 2) != 0)
		facts->change_delay_secs = 10 * DAY - 5;
	switch (kind) {
	case MAIL_SEAL_NOTICE_CHALLENGE:
		facts->code = "seal-00000-00000";
		facts->old_code_needed = (variant & 1) != 0;
		break;
	case MAIL_SEAL_NOTICE_CHALLENGE_OLD:
	case MAIL_SEAL_NOTICE_CHALLENGE_WITHDRAW:
		facts->code = "seal-00000-00000";
		facts->stop_code = "seal-11111-11111";
		facts->old_fingerprints = two_fingerprints;
		break;
	case MAIL_SEAL_NOTICE_DELAY:
		facts->stop_code = "seal-11111-11111";
		facts->old_fingerprints = two_fingerprints;
		if (variant == 3)
			facts->fingerprints = NULL;
		break;
	case MAIL_SEAL_NOTICE_CHANGED:
		facts->old_fingerprints = two_fingerprints + (variant & 1);
		break;
	default:
		break;
	}
}

static void
check_text(enum mail_seal_notice kind, const char *folder,
	   const char *language, unsigned int variant, const char *what)
{
	const struct mail_seal_text_place place = {
		.own_folder = folder, .folder = folder, .language = language
	};
	const struct mail_seal_settings set = {
		.unusable_key = (variant & 1) != 0 ? MAIL_SEAL_STORE :
			MAIL_SEAL_TEMPFAIL,
		.keys_mailbox = (variant & 2) != 0 ? "Keys" : NULL
	};
	struct mail_seal_notice_facts facts;
	struct mail_seal_text text;
	const char *warning, *const *line;

	facts_of(kind, variant, &facts);
	mail_seal_text_get(&place, mail_seal_notice_name(kind),
			   mail_seal_notice_words(&set, "a@example.org",
						  &facts), &text, &warning);
	if (warning != NULL)
		fail_msg("%s: %s", what, warning);
	if (strchr(text.body, '$') != NULL || strstr(text.body, "  \n") != NULL)
		fail_msg("%s: %s", what, text.body);
	assert_true(strlen(text.subject) > 10);
	assert_true(strlen(text.body) > 200);
	for (line = t_strsplit(text.body, "\n"); *line != NULL; line++) {
		/* RFC 5322 section 2.1.1 */
		if (strlen(*line) > 78 + 10)
			fail_msg("%s: %s", what, *line);
		if (**line == '?' || **line == '!')
			fail_msg("%s: %s", what, *line);
	}
}

static void check_language(const char *folder, const char *language)
{
	for (unsigned int kind = 0; kind < MAIL_SEAL_NOTICE_COUNT; kind++) {
		const char *name = mail_seal_notice_name(kind);
		struct stat st;

		if (*folder != '\0' &&
		    stat(t_strdup_printf("%s/%s/%s.txt", folder, language,
					 name), &st) < 0)
			fail_msg("%s isn't there in %s", name, language);
		for (unsigned int variant = 0; variant < 4; variant++) T_BEGIN {
			check_text(kind, folder, language, variant,
				   t_strconcat(language, "/", name, NULL));
		} T_END;
	}
}

static void test_texts_of_the_package(void **state ATTR_UNUSED)
{
	check_language(TEXTS, "en");
	check_language(TEXTS, "de");
	/* built in */
	check_language("", "xx");
}

/*
 * Finding
 */

static char *folder;

static void write_file(const char *name, const char *content)
{
	const char *path = t_strdup_printf("%s/%s", folder, name);
	FILE *file;

	assert_true(mkdir(t_strdup_until(path, strrchr(path, '/')), 0700) == 0 ||
		    errno == EEXIST);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(content, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static const char *
found(const char *language, const char *own_folder, const char **warning_r)
{
	const struct mail_seal_text_place place = {
		.own_folder = own_folder, .folder = TEXTS, .language = language
	};
	const struct mail_seal_settings set = {
		.unusable_key = MAIL_SEAL_TEMPFAIL
	};
	struct mail_seal_notice_facts facts;
	struct mail_seal_text text;

	facts_of(MAIL_SEAL_NOTICE_CHALLENGE, 0, &facts);
	mail_seal_text_get(&place, "challenge",
			   mail_seal_notice_words(&set, "a@example.org",
						  &facts), &text, warning_r);
	/* whatever is found, the code is in it */
	assert_non_null(strstr(text.body, "seal-00000-00000"));
	return text.subject;
}

#define GERMAN "Bitte bestätigen Sie Ihren Schlüssel"
#define ENGLISH "Please confirm your encryption key"

static void test_finding(void **state ATTR_UNUSED)
{
	const char *warning;

	write_file("fr/challenge.txt", "Subject: Clef\n\n$code\n");
	write_file("it/challenge.txt", "Subject: Chiave\n\nno code\n");
	write_file("de/other.txt", "Subject: Andere\n\n$code\n");

	assert_string_equal(found("fr", folder, &warning), "Clef");
	assert_null(warning);
	assert_string_equal(found("fr_CA", folder, &warning), "Clef");
	assert_string_equal(found("de", folder, &warning), GERMAN);
	assert_string_equal(found("de-AT", folder, &warning), GERMAN);
	assert_string_equal(found("fr", "/nonexistent", &warning), ENGLISH);
	assert_null(warning);
	assert_string_equal(found("xx", folder, &warning), ENGLISH);
	assert_string_equal(found("../fr", folder, &warning), ENGLISH);
	assert_string_equal(found("", folder, &warning), ENGLISH);
	assert_null(warning);
	/* what is wrong is said */
	assert_string_equal(found("it", folder, &warning), ENGLISH);
	assert_non_null(strstr(warning, "it/challenge.txt: \"$code\" isn't in "
			       "it"));
	write_file("de/challenge.txt", "");
	assert_string_equal(found("de", folder, &warning), GERMAN);
	assert_non_null(strstr(warning, "de/challenge.txt: it doesn't begin"));
}

static int make_folder(void **state ATTR_UNUSED)
{
	folder = i_strdup("/tmp/mail-seal-texts-XXXXXX");
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state ATTR_UNUSED)
{
	int ret = system(t_strdup_printf("rm -r %s", folder));

	i_free(folder);
	return ret;
}

static void test_fingerprints(void **state ATTR_UNUSED)
{
	assert_string_equal(mail_seal_notice_fingerprint(two_fingerprints[0]),
		"0123 4567 89AB CDEF 0123 4567 89AB CDEF 0123 4567");
	assert_string_equal(mail_seal_notice_fingerprint(two_fingerprints[1]),
		"0123 4567 89AB CDEF 0123 4567 89AB CDEF\n"
		"0123 4567 89AB CDEF 0123 4567 89AB CDEF");
	assert_string_equal(mail_seal_notice_fingerprint("ABCDE"), "ABCD E");
	assert_string_equal(mail_seal_notice_fingerprint(""), "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_active),
		cmocka_unit_test(test_what_is_remembered),
		cmocka_unit_test(test_pending),
		cmocka_unit_test(test_good_texts),
		cmocka_unit_test(test_bad_texts),
		cmocka_unit_test(test_days_without_names),
		cmocka_unit_test(test_texts_of_the_package),
		cmocka_unit_test_setup_teardown(test_finding, make_folder,
						remove_folder),
		cmocka_unit_test(test_fingerprints)
	};
	int ret;

	lib_init();
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	lib_deinit();
	return ret;
}
