/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What doveadm seal doctor makes of what it sees, and of what doveconf prints;
   what Prometheus is told. */

#include "lib.h"
#include "array.h"
#include "str.h"
#include "../../src/doveadm/doctor/conf.h"
#include "../../src/doveadm/doctor/judge.h"
#include "../../src/doveadm/metrics/text.h"
#include "test-lib.h"

static pool_t test_pool;

/* The result of the last finding */
static enum doctor_result last(const struct doctor_findings *findings)
{
	const struct doctor_finding *finding;

	assert_true(array_count(&findings->list) > 0);
	finding = array_idx(&findings->list,
			    array_count(&findings->list) - 1);
	return finding->result;
}

static void findings_begin(struct doctor_findings *findings)
{
	doctor_findings_init(findings, test_pool);
}

/*
 * Configurations
 */

static void assert_list(const char *text, const char *name,
			const char *expected)
{
	const struct doctor_conf *conf =
		doctor_conf_parse(text, test_pool);

	assert_string_equal(t_strarray_join(doctor_conf_get_list(conf, name),
					    " "), expected);
}

static void conf_lists(void **state ATTR_UNUSED)
{
	assert_list("mail_plugins = quota mail_seal\n", "mail_plugins",
		    "quota mail_seal");
	assert_list("mail_plugins = \" a  b\"\n", "mail_plugins", "a b");
	assert_list("mail_plugins = \n", "mail_plugins", "");
	assert_list("mail_plugins =\n", "mail_plugins", "");
	assert_list("other = a\n", "mail_plugins", "");
	assert_list("mail_plugins {\n  a = yes\n  mail_seal = no\n}\n",
		    "mail_plugins", "a");
	assert_list("mail_plugins = a b\nmail_plugins {\n  b = no\n}\n",
		    "mail_plugins", "a");
	/* of somebody else */
	assert_list("protocol imap {\n  mail_plugins = x\n}\n",
		    "mail_plugins", "");
	assert_list("x {\n  mail_plugins {\n    a = yes\n  }\n}\n",
		    "mail_plugins", "");
}

static void conf_names(void **state ATTR_UNUSED)
{
	struct doctor_conf *conf = doctor_conf_parse(
		"# a comment = x\n"
		"service imap {\n  executable = imap\n  inet_listener a {\n"
		"    port = 1\n  }\n  user = x\n}\n}\n}\n"
		"plugin {\n  mail_seal_keys = file:a\n}\nlast = \"a\\\"b\"\n",
		test_pool);

	assert_string_equal(doctor_conf_get(conf, "service imap/executable"),
			    "imap");
	assert_string_equal(doctor_conf_get(
		conf, "service imap/inet_listener a/port"), "1");
	assert_string_equal(doctor_conf_get(conf, "service imap/user"), "x");
	assert_string_equal(doctor_conf_get_ours(conf, "mail_seal_keys"),
			    "file:a");
	assert_string_equal(doctor_conf_get(conf, "last"), "a\"b");
	assert_null(doctor_conf_get(conf, "port"));
	assert_null(doctor_conf_get(conf, "# a comment"));
	doctor_conf_set(conf, test_pool, "last", "c");
	assert_string_equal(doctor_conf_get(conf, "last"), "c");
}

/* Nothing that it could print may do harm. */
static void conf_nonsense(void **state ATTR_UNUSED)
{
	static const char *const texts[] = {
		"", "}", "}\n}\n", "{", "{\n", " {\n}\n", "a {\nb {\n", "=",
		" = ", "a = {", "\"", "a = \"", "\n\n", "a = \"\\\"\n"
	};

	for (unsigned int i = 0; i < N_ELEMENTS(texts); i++) {
		const struct doctor_conf *conf = doctor_conf_parse(
			texts[i], test_pool);

		(void)doctor_conf_get_list(conf, "a");
	}
}

static void conf_groups(void **state ATTR_UNUSED)
{
	static const struct {
		const char *text;
		bool expected;
	} tests[] = {
		{ "", FALSE },
		{ "plugin {\n  mail_seal_public = \n}\n", FALSE },
		{ "plugin {\n  mail_seal_public = P/A=file:/a\n}\n", TRUE },
		{ "namespace p {\n  mailbox A* {\n    mail_seal_keys = "
		  "file:/a\n  }\n  type = public\n}\n", TRUE },
		{ "namespace p {\n  mailbox A* {\n    mail_seal_keys = \n"
		  "  }\n  type = public\n}\n", FALSE },
		/* somebody's own mailbox */
		{ "namespace p {\n  mailbox A {\n    mail_seal_keys = "
		  "file:/a\n  }\n  type = private\n}\n", FALSE },
		{ "namespace p {\n  mailbox A {\n    auto = create\n  }\n"
		  "  type = public\n}\nmail_seal_keys = file:/a\n", FALSE }
	};

	for (unsigned int i = 0; i < N_ELEMENTS(tests); i++) {
		assert_int_equal(doctor_conf_has_groups(
			doctor_conf_parse(tests[i].text, test_pool)),
			tests[i].expected);
	}
}

/*
 * Plugins of users
 */

static void plugins_of_user(void **state ATTR_UNUSED)
{
	static const char *const everybodys[] = { "quota", "mail_seal", NULL };
	static const struct {
		const char *field;
		/* NULL: not changed */
		const char *expected;
	} tests[] = {
		{ "uid=1", NULL },
		{ "mail_plugins=quota", "quota" },
		{ "mail_plugins=", "" },
		{ "mail_plugins", "yes" },
		{ "mail_plugins=mail_seal,x", "mail_seal x" },
		{ "mail_plugins+=x", "quota mail_seal x" },
		{ "mail_plugins/mail_seal=no", "quota" },
		{ "mail_plugins/x=yes", "quota mail_seal x" },
		{ "mail_plugins/x", "quota mail_seal x" },
		{ "mail_plugins_x=y", NULL }
	};

	for (unsigned int i = 0; i < N_ELEMENTS(tests); i++) {
		const char *const fields[] = { "home=/x", tests[i].field, NULL };
		const char *const *list =
			doctor_plugins_of_user(everybodys, fields);

		if (tests[i].expected == NULL)
			assert_null(list);
		else {
			assert_string_equal(t_strarray_join(list, " "),
					    tests[i].expected);
		}
	}
}

/*
 * The machine
 */

static void process_1(void **state ATTR_UNUSED)
{
	static const struct {
		struct doctor_init init;
		enum doctor_result expected;
	} tests[] = {
		{ { "systemd", TRUE, 0 }, DOCTOR_OK },
		{ { "sleep", FALSE, 0 }, DOCTOR_WARNING },
		{ { "bash", TRUE, 3 }, DOCTOR_WARNING },
		/* it waits, and complains about each */
		{ { "dovecot", TRUE, 0 }, DOCTOR_WARNING }
	};

	for (unsigned int i = 0; i < N_ELEMENTS(tests); i++) {
		struct doctor_findings findings;

		findings_begin(&findings);
		doctor_judge_init(&findings, &tests[i].init);
		assert_int_equal(last(&findings), tests[i].expected);
	}
}

static void master(void **state ATTR_UNUSED)
{
	static const struct doctor_master masters[] = {
		{ 0, FALSE }, { 1, TRUE }, { 1, FALSE }
	};
	static const enum doctor_result expected[] = {
		DOCTOR_WARNING, DOCTOR_WARNING, DOCTOR_OK
	};

	for (unsigned int i = 0; i < N_ELEMENTS(masters); i++) {
		struct doctor_findings findings;

		findings_begin(&findings);
		doctor_judge_master(&findings, &masters[i]);
		assert_int_equal(last(&findings), expected[i]);
	}
}

static void trials(void **state ATTR_UNUSED)
{
	static const struct doctor_trial bad[] = {
		{ "gpg isn't there", FALSE, FALSE, FALSE },
		{ NULL, FALSE, TRUE, TRUE },
		{ NULL, TRUE, FALSE, TRUE },
		{ NULL, TRUE, TRUE, FALSE }
	};
	static const struct doctor_trial good = { NULL, TRUE, TRUE, TRUE };
	struct doctor_findings findings;

	findings_begin(&findings);
	for (unsigned int i = 0; i < N_ELEMENTS(bad); i++) {
		doctor_judge_trial(&findings, &bad[i]);
		assert_int_equal(last(&findings), DOCTOR_ERROR);
	}
	doctor_judge_trial(&findings, &good);
	assert_int_equal(last(&findings), DOCTOR_OK);
	assert_int_equal(doctor_findings_worst(&findings), DOCTOR_ERROR);
}

static void once(void **state ATTR_UNUSED)
{
	const struct doctor_finding *finding;
	struct doctor_findings findings;

	findings_begin(&findings);
	assert_int_equal(doctor_findings_worst(&findings), DOCTOR_OK);
	for (unsigned int i = 0; i < 2; i++) {
		doctor_ok(&findings, "a", "The same");
		doctor_bad(&findings, DOCTOR_WARNING, "a", "Do it", "Other %u",
			   i);
	}
	assert_int_equal(array_count(&findings.list), 3);
	finding = array_idx(&findings.list, 1);
	assert_string_equal(finding->what, "Other 0.");
	assert_string_equal(finding->advice, "Do it.");
}

/*
 * Metrics
 */

static void assert_has(const struct metrics *metrics, const char *line,
		       bool expected)
{
	string_t *text = str_new(test_pool, 4096);

	str_append_c(text, '\n');
	metrics_write(metrics, text);
	assert_int_equal(strstr(str_c(text), t_strdup_printf(
		"\n%s\n", line)) != NULL, expected);
}

static void metrics_text(void **state ATTR_UNUSED)
{
	static const struct metrics_protocol protocols[] = {
		{ "imap", TRUE }, { "lmtp", FALSE }
	};
	struct metrics metrics = {
		.version = "1", .now = 1000, .protocols = protocols,
		.protocol_count = N_ELEMENTS(protocols)
	};

	metrics.owners[DOVEADM_SEAL_LIST_ACTIVE] = 7;
	assert_has(&metrics, "mail_seal_owners{state=\"active\"} 7", TRUE);
	assert_has(&metrics, "mail_seal_owners{state=\"none\"} 0", TRUE);
	assert_has(&metrics, "mail_seal_next_expiry_days +Inf", TRUE);
	assert_has(&metrics, "mail_seal_plugin_configured{protocol=\"lmtp\"} 0",
		   TRUE);
	assert_has(&metrics, "mail_seal_doctor_findings{result=\"ok\"} 0",
		   TRUE);
	assert_has(&metrics, "mail_seal_plaintext_messages 0", FALSE);
	metrics.plaintext_counted = TRUE;
	assert_has(&metrics, "mail_seal_plaintext_messages 0", TRUE);
	metrics.next_expiry = metrics.now + 36 * 60 * 60;
	assert_has(&metrics, "mail_seal_next_expiry_days 1.500", TRUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conf_lists),
		cmocka_unit_test(conf_names),
		cmocka_unit_test(conf_nonsense),
		cmocka_unit_test(conf_groups),
		cmocka_unit_test(plugins_of_user),
		cmocka_unit_test(process_1),
		cmocka_unit_test(master),
		cmocka_unit_test(trials),
		cmocka_unit_test(once),
		cmocka_unit_test(metrics_text),
	};
	int ret;

	test_pool = pool_alloconly_create("test", 4096);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	pool_unref(&test_pool);
	return ret;
}
