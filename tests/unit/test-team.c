/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What the settings of team mailboxes mean, and what is decided for them. */

#include "lib.h"
#include "str.h"
#include "policy.h"
#include "settings-value.h"
#include "test-lib.h"

static void raw_set(struct mail_seal_raw_settings *raw, const char *public,
		    const char *unusable)
{
	i_zero(raw);
	raw->mail_seal_public = public;
	raw->mail_seal_group_unusable = unusable;
}

/* "PATTERN>PATH,PATH", in the order in which they are to be tried */
static const char *patterns_text(const struct mail_seal_settings *set)
{
	string_t *text = t_str_new(128);

	for (unsigned int i = 0; i < set->public_count; i++) {
		const struct mail_seal_group_pattern *pattern =
			&set->public[i];

		str_printfa(text, "%s%s>", i == 0 ? "" : " ",
			    pattern->pattern);
		for (unsigned int j = 0; j < pattern->source_count; j++) {
			str_printfa(text, "%s%s", j == 0 ? "" : ",",
				    pattern->sources[j].path);
		}
	}
	return str_c(text);
}

static void test_public(void **state ATTR_UNUSED)
{
	static const struct {
		const char *value, *patterns;
	} tests[] = {
		{ "", "" },
		{ "P/a=file:/a", "P/a>/a" },
		/* the longest first, however they are written */
		{ "P/*=file:/all P/info*=file:/info P/info-1=file:/one",
		  "P/info-1>/one P/info*>/info P/*>/all" },
		{ "P/b=file:/b P/a=file:/a", "P/a>/a P/b>/b" },
		{ "P/a=file:/a P/a=dict:proxy::keys", "P/a>/a,proxy::keys" },
		{ "P/*=file:/all P/open=none", "P/open> P/*>/all" },
		{ "\"P/My Team=file:/a b\" P/c=file:/c",
		  "P/My Team>/a b P/c>/c" },
		/* an equals sign in a name, and in a dict's URI */
		{ "P/a=b=file:/a", "P/a=b>/a" },
		{ "P/a=dict:redis:host=127.0.0.1:prefix=none",
		  "P/a>redis:host=127.0.0.1:prefix=none" },
		{ "P/none=none", "P/none>" }
	};
	static const struct {
		const char *value, *unusable, *error;
	} bad[] = {
		{ "P/a", "skip", "mail_seal_public: \"P/a\" is not "
		  "MAILBOX-PATTERN=SOURCE" },
		{ "P/a=", "skip", "mail_seal_public: \"P/a=\" is not "
		  "MAILBOX-PATTERN=SOURCE" },
		{ "=file:/a", "skip", "mail_seal_public: \"=file:/a\" is not "
		  "MAILBOX-PATTERN=SOURCE" },
		{ "P/a=ldap:/a", "skip", "mail_seal_public: \"P/a=ldap:/a\" "
		  "is not MAILBOX-PATTERN=SOURCE" },
		{ "P/a=file:a", "skip", "mail_seal_public: \"file:a\" is not "
		  "a source with an absolute path" },
		{ "P/a=none P/a=file:/a", "skip", "mail_seal_public: "
		  "\"P/a=file:/a\" is not possible: \"P/a\" stands there "
		  "twice" },
		{ "P/a=file:/a P/a=none", "skip", "mail_seal_public: "
		  "\"P/a=none\" is not possible: \"P/a\" stands there "
		  "twice" },
		{ "\"P/a=file:/a", "skip", "mail_seal_public: a quote isn't "
		  "closed in \"\"P/a=file:/a\"" },
		{ "", "store", "mail_seal_group_unusable: \"store\" is not "
		  "\"skip\" or \"tempfail\"" }
	};
	struct mail_seal_raw_settings raw;
	struct mail_seal_settings set;
	const char *error;

	for (size_t i = 0; i < N_ELEMENTS(tests); i++) T_BEGIN {
		raw_set(&raw, tests[i].value, "skip");
		i_zero(&set);
		assert_int_equal(mail_seal_settings_parse_groups(&raw,
			pool_datastack_create(), &set, &error), 0);
		assert_string_equal(patterns_text(&set), tests[i].patterns);
		assert_true(set.group_skips_unusable);
	} T_END;
	for (size_t i = 0; i < N_ELEMENTS(bad); i++) T_BEGIN {
		raw_set(&raw, bad[i].value, bad[i].unusable);
		i_zero(&set);
		assert_int_equal(mail_seal_settings_parse_groups(&raw,
			pool_datastack_create(), &set, &error), -1);
		assert_string_equal(error, bad[i].error);
	} T_END;
}

static void check_nothing_is_an_owners(const struct mail_seal_settings *set)
{
	assert_string_equal(set->group, "P/a");
	assert_null(*set->exclude);
	assert_null(*set->recipients);
	assert_null(set->keys_mailbox);
	assert_null(set->addresses);
	assert_false(set->imap_enrolment);
	assert_int_equal(set->missing_key, MAIL_SEAL_TEMPFAIL);
	assert_int_equal(set->unusable_key, MAIL_SEAL_TEMPFAIL);
}

static void test_make_group(void **state ATTR_UNUSED)
{
	static const char *const some[] = { "x", NULL };
	static const struct {
		enum mail_seal_source_type type;
		const char *path, *home;
		bool good;
	} tests[] = {
		{ MAIL_SEAL_SOURCE_file, "/etc/a", "/home/a", TRUE },
		{ MAIL_SEAL_SOURCE_file, "/etc/a", NULL, TRUE },
		{ MAIL_SEAL_SOURCE_file, "/etc/a", "/", TRUE },
		{ MAIL_SEAL_SOURCE_file, "/home/ab", "/home/a", TRUE },
		{ MAIL_SEAL_SOURCE_file, "/home/a/b", "/home/a", FALSE },
		{ MAIL_SEAL_SOURCE_file, "/home/a/b", "/home/a/", FALSE },
		{ MAIL_SEAL_SOURCE_file, MAIL_SEAL_NO_HOME"/b", NULL, FALSE },
		{ MAIL_SEAL_SOURCE_gnupg, "/etc/a", "/home/a", FALSE },
		{ MAIL_SEAL_SOURCE_dict, "/home/a/b", "/home/a", TRUE }
	};

	for (size_t i = 0; i < N_ELEMENTS(tests); i++) T_BEGIN {
		const struct mail_seal_source source = {
			tests[i].type, tests[i].path
		};
		struct mail_seal_settings set = {
			.sources = &source,
			.source_count = 1,
			.exclude = some,
			.recipients = some,
			.keys_mailbox = "Keys",
			.addresses = "a@example.org",
			.imap_enrolment = TRUE
		};
		const char *error = "";
		int ret = mail_seal_settings_make_group(&set, "P/a",
							tests[i].home, &error);

		assert_int_equal(ret, tests[i].good ? 0 : -1);
		if (ret < 0)
			assert_non_null(strstr(error, "team mailbox P/a"));
		else
			check_nothing_is_an_owners(&set);
	} T_END;
}

static void test_judge(void **state ATTR_UNUSED)
{
	static const struct {
		enum mail_seal_key_state state;
		const char *left_out;
		bool skip;
		enum mail_seal_action action;
		enum mail_seal_reason reason;
		const char *sentence;
	} tests[] = {
		{ MAIL_SEAL_KEY_USABLE, NULL, FALSE, MAIL_SEAL_ACTION_SEAL,
		  MAIL_SEAL_REASON_USABLE_KEY, NULL },
		{ MAIL_SEAL_KEY_USABLE, "A: expired", TRUE,
		  MAIL_SEAL_ACTION_SEAL, MAIL_SEAL_REASON_USABLE_KEY, NULL },
		{ MAIL_SEAL_KEY_USABLE, "A: expired", FALSE,
		  MAIL_SEAL_ACTION_FAIL, MAIL_SEAL_REASON_UNUSABLE_KEY,
		  "Message not stored: the encryption key of a member of this "
		  "mailbox can't be used" },
		{ MAIL_SEAL_KEY_MISSING, NULL, TRUE, MAIL_SEAL_ACTION_FAIL,
		  MAIL_SEAL_REASON_MISSING_KEY,
		  "Message not stored: there is no encryption key for this "
		  "mailbox" },
		{ MAIL_SEAL_KEY_UNUSABLE, NULL, TRUE, MAIL_SEAL_ACTION_FAIL,
		  MAIL_SEAL_REASON_UNUSABLE_KEY,
		  "Message not stored: the encryption key of this mailbox "
		  "can't be used: it has expired" },
		{ MAIL_SEAL_KEY_ENGINE_FAILED, NULL, TRUE,
		  MAIL_SEAL_ACTION_FAIL, MAIL_SEAL_REASON_ENGINE,
		  "Message not stored: encrypting it failed on the server, "
		  "please try again later" }
	};

	for (size_t i = 0; i < N_ELEMENTS(tests); i++) T_BEGIN {
		/* whatever an owner's mail may do without a key */
		const struct mail_seal_settings set = {
			.missing_key = MAIL_SEAL_STORE,
			.unusable_key = MAIL_SEAL_STORE,
			.group_skips_unusable = tests[i].skip
		};
		struct mail_seal_verdict verdict;

		mail_seal_policy_judge_group(tests[i].state, "it has expired",
					     tests[i].left_out, &set,
					     &verdict);
		assert_int_equal(verdict.action, tests[i].action);
		assert_int_equal(verdict.reason, tests[i].reason);
		assert_string_equal(verdict.sentence == NULL ? "" :
				    verdict.sentence,
				    tests[i].sentence == NULL ? "" :
				    tests[i].sentence);
	} T_END;
}

static void test_exempt(void **state ATTR_UNUSED)
{
	struct mail_seal_destination dest = {
		.public = TRUE, .group = TRUE, .owner_has_sources = TRUE
	};

	assert_false(mail_seal_policy_is_exempt(&dest));
	dest.dsync = TRUE;
	assert_true(mail_seal_policy_is_exempt(&dest));
	assert_int_equal(mail_seal_policy_exempt_reason(&dest),
			 MAIL_SEAL_REASON_DSYNC);
	dest.dsync = FALSE;
	dest.group = FALSE;
	assert_true(mail_seal_policy_is_exempt(&dest));
	assert_int_equal(mail_seal_policy_exempt_reason(&dest),
			 MAIL_SEAL_REASON_PUBLIC);
}

/* A script could file it into a team mailbox, which needs no key of his. */
static void test_delivery(void **state ATTR_UNUSED)
{
	static const char *const none[] = { NULL };
	const struct mail_seal_settings set = { .exclude = none };
	const struct mail_seal_verdict verdict = {
		.action = MAIL_SEAL_ACTION_FAIL
	};

	assert_true(mail_seal_policy_refuses_delivery(&verdict, &set, FALSE));
	assert_false(mail_seal_policy_refuses_delivery(&verdict, &set, TRUE));
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_public),
		cmocka_unit_test(test_make_group),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_exempt),
		cmocka_unit_test(test_delivery)
	};
	int failed;

	lib_init();
	failed = cmocka_run_group_tests_name("team", all, NULL, NULL);
	lib_deinit();
	return failed;
}
