/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What an owner declined, as text, and for how long it counts. Needs
   libdovecot's strings, but no Dovecot that runs. */

#include "lib.h"
#include "str.h"
#include "declined-text.h"
#include "test-lib.h"

#define DAY (24 * 60 * 60)
#define NOW 1764102000
#define TITLE "mail-seal-declined 1\n"

static const char *again(const char *text)
{
	struct mail_seal_declined declined;
	string_t *printed = t_str_new(256);

	mail_seal_declined_parse(text, pool_datastack_create(), &declined);
	mail_seal_declined_print(&declined, printed);
	return str_c(printed);
}

static const struct {
	const char *name, *text, *printed;
} texts[] = {
	{ "nothing", "", "" },
	{ "only a title", TITLE, "" },
	{ "each kind",
	  TITLE"withdrawn 1764102000 AB\nrejected 1764102001 CD\n"
	  "unanswered 5 EF\nwithdrawn 7 0\n",
	  TITLE"withdrawn 1764102000 AB\nrejected 1764102001 CD\n"
	  "unanswered 5 EF\nwithdrawn 7 0\n" },
	{ "a later version's", "mail-seal-declined 2\nfoo 1 AB\n"
	  "rejected 1 CD\nrejected 1 CD new\n", TITLE"rejected 1 CD\n" },
	{ "cut off", TITLE"withdrawn 1 AB\nreject", TITLE"withdrawn 1 AB\n" },
	{ "no line end", TITLE"withdrawn 1 AB", TITLE"withdrawn 1 AB\n" },
	{ "bad", TITLE"withdrawn x AB\nwithdrawn -1 AB\nwithdrawn 1 ab\n"
	  "withdrawn 253402300800 AB\nwithdrawn 1 \nwithdrawn 1\n"
	  "withdrawn  1 AB\nWITHDRAWN 1 AB\nwithdrawn 1 AB/../CD\n"
	  "withdrawn 99999999999999999999 AB\n", "" },
	{ "bytes", "\x01\xff\n\n\r\n \n", "" },
	{ "state", "mail-seal-state 1\nenrolled 1\nend\n", "" },
	/* what was said counts more than silence, and what is newer */
	{ "silence after", TITLE"withdrawn 5 AB\nunanswered 9 AB\n",
	  TITLE"withdrawn 5 AB\n" },
	{ "silence before", TITLE"unanswered 9 AB\nrejected 5 AB\n",
	  TITLE"rejected 5 AB\n" },
	{ "newer", TITLE"withdrawn 5 AB\nrejected 9 AB\n",
	  TITLE"rejected 9 AB\n" },
	{ "older", TITLE"withdrawn 5 AB\nrejected 3 AB\n",
	  TITLE"withdrawn 5 AB\n" },
};

static void test_text(void **state ATTR_UNUSED)
{
	for (unsigned int i = 0; i < N_ELEMENTS(texts); i++) {
		test_case(texts[i].name, i);
		assert_string_equal(again(texts[i].text), texts[i].printed);
		assert_string_equal(again(texts[i].printed),
				    texts[i].printed);
	}
	assert_string_equal(again(t_strdup_printf(
		"rejected 1 %0100d\nrejected 1 %064d\n", 0, 0)),
		t_strdup_printf(TITLE"rejected 1 %064d\n", 0));
}

static void add(struct mail_seal_declined *declined,
		enum mail_seal_declined_kind kind, time_t when,
		const char *fingerprint)
{
	const struct mail_seal_declined_entry entry = {
		kind, when, fingerprint
	};

	mail_seal_declined_add(declined, &entry);
}

/* Bounded: what wasn't said is forgotten first, then what is oldest. */
static void test_bound(void **state ATTR_UNUSED)
{
	struct mail_seal_declined declined = { .count = 0 };

	add(&declined, MAIL_SEAL_DECLINED_WITHDRAWN, 10, "FF01");
	add(&declined, MAIL_SEAL_DECLINED_REJECTED, 1, "FF02");
	add(&declined, MAIL_SEAL_DECLINED_UNANSWERED, NOW + 1, "FF03");
	for (unsigned int i = 3; i < MAIL_SEAL_DECLINED_MAX; i++) {
		add(&declined, MAIL_SEAL_DECLINED_REJECTED, NOW,
		    t_strdup_printf("%X", i));
	}
	assert_int_equal(declined.count, MAIL_SEAL_DECLINED_MAX);
	add(&declined, MAIL_SEAL_DECLINED_REJECTED, NOW, "EE01");
	assert_null(mail_seal_declined_find(&declined, "FF03"));
	add(&declined, MAIL_SEAL_DECLINED_REJECTED, NOW, "EE02");
	assert_null(mail_seal_declined_find(&declined, "FF02"));
	assert_non_null(mail_seal_declined_find(&declined, "FF01"));
	for (unsigned int i = 0; i < 1000; i++) T_BEGIN {
		add(&declined, MAIL_SEAL_DECLINED_WITHDRAWN, NOW + i,
		    t_strdup_printf("AA%X", i % 7));
		assert_int_equal(declined.count, MAIL_SEAL_DECLINED_MAX);
	} T_END;
	assert_non_null(mail_seal_declined_find(&declined, "EE02"));
}

static void test_remove(void **state ATTR_UNUSED)
{
	struct mail_seal_declined declined = { .count = 0 };

	mail_seal_declined_remove(&declined, "AB");
	add(&declined, MAIL_SEAL_DECLINED_WITHDRAWN, 1, "AB");
	add(&declined, MAIL_SEAL_DECLINED_WITHDRAWN, 1, "CD");
	mail_seal_declined_remove(&declined, "AB");
	assert_int_equal(declined.count, 1);
	assert_string_equal(declined.list[0].fingerprint, "CD");
	mail_seal_declined_remove(&declined, "CD");
	assert_int_equal(declined.count, 0);
}

static void test_until(void **state ATTR_UNUSED)
{
	struct mail_seal_declined_entry entry = {
		MAIL_SEAL_DECLINED_WITHDRAWN, NOW, "AB"
	};

	assert_int_equal(mail_seal_declined_until(&entry), 0);
	assert_string_equal(mail_seal_declined_describe(&entry),
			    "declined on 2025-11-25 (withdrawn)");
	entry.kind = MAIL_SEAL_DECLINED_REJECTED;
	assert_int_equal(mail_seal_declined_until(&entry), 0);
	assert_string_equal(mail_seal_declined_describe(&entry),
			    "declined on 2025-11-25 (rejected)");
	entry.kind = MAIL_SEAL_DECLINED_UNANSWERED;
	assert_int_equal(mail_seal_declined_until(&entry), NOW + 90 * DAY);
	assert_string_equal(mail_seal_declined_describe(&entry),
		"declined on 2025-11-25 (no answer; offered again from "
		"2026-02-23)");
}

/* By a clock that was a year ahead nothing is known of when that was. */
static void test_last(void **state ATTR_UNUSED)
{
	static const struct {
		const char *text;
		time_t last, withdrawn;
	} lasts[] = {
		{ "", 0, 0 },
		{ TITLE"withdrawn 1764102300 AB\nrejected 5 CD\n",
		  NOW + 300, NOW + 300 },
		{ TITLE"withdrawn 3 AB\nrejected 5 CD\n", 5, 3 },
		{ TITLE"withdrawn 1764102301 AB\nrejected 5 CD\n", 5, 0 },
		{ TITLE"withdrawn 1795638000 AB\nrejected 1795638000 CD\n"
		  "withdrawn 7 EF\n", 7, 7 }
	};

	for (size_t i = 0; i < N_ELEMENTS(lasts); i++) {
		struct mail_seal_declined declined;

		test_case(lasts[i].text, i);
		mail_seal_declined_parse(lasts[i].text,
					 pool_datastack_create(), &declined);
		assert_int_equal(mail_seal_declined_last(&declined, FALSE,
							 NOW), lasts[i].last);
		assert_int_equal(mail_seal_declined_last(&declined, TRUE,
							 NOW),
				 lasts[i].withdrawn);
	}
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_last),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_remove),
		cmocka_unit_test(test_until)
	};
	int failed;

	/* days are local */
	setenv("TZ", "UTC", 1);
	lib_init();
	failed = cmocka_run_group_tests_name("declined", all, NULL, NULL);
	lib_deinit();
	return failed;
}
