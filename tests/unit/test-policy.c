/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What is decided, and what settings mean. Needs libdovecot's strings, but no
   Dovecot that runs. */

#include "lib.h"
#include "mail-user.h"
#include "str.h"
#include "mail-root.h"
#include "policy.h"
#include "state-text.h"
#include "test-lib.h"

/*
 * Settings
 */

static void raw_defaults(struct mail_seal_raw_settings *raw)
{
	i_zero(raw);
	raw->mail_seal_keys = "file:/home/a/keys";
	raw->mail_seal_recipients = "a@example.org";
	raw->mail_seal_extra_keys = "";
	raw->mail_seal_missing_key = "store";
	raw->mail_seal_unusable_key = "tempfail";
	raw->mail_seal_public = "";
	raw->mail_seal_group_unusable = "skip";
	raw->mail_seal_exclude = "";
	raw->mail_seal_protect_headers = "";
	raw->mail_seal_compress = "no";
	raw->mail_seal_min_rsa_bits = "2048";
	raw->mail_seal_smime_rsa = "pkcs1";
	raw->mail_seal_timeout = "60s";
	raw->mail_seal_imap_enrolment = "yes";
	raw->mail_seal_openpgp_engine = "auto";
	raw->mail_seal_addresses = "a@example.org";
	raw->mail_seal_keys_mailbox = "";
	raw->mail_seal_confirm = "yes";
	raw->mail_seal_confirm_within = "14days";
	raw->mail_seal_change_delay = "0";
	raw->mail_seal_notice_days = "30 7 1";
	raw->mail_seal_notice_from = "";
	raw->mail_seal_language = "en";
	raw->mail_seal_texts = "/texts";
	raw->mail_seal_dns_trust_anchor = "/anchor";
	raw->mail_seal_dns_servers = "";
	raw->mail_seal_ldap_config = "";
	raw->mail_seal_wkd_dir = "";
}

#define FIELD(name) offsetof(struct mail_seal_raw_settings, mail_seal_##name)

#define CANT_BE_HIDDEN(name) "mail_seal_protect_headers: \""name"\" is not a " \
	"header field that can be hidden: delivery, threads or signatures " \
	"need it"

static const struct {
	size_t field;
	const char *value;
	const char *error;
} bad_settings[] = {
	{ FIELD(keys), "/home/a/keys", "mail_seal_keys: \"/home/a/keys\" is "
	  "not file:PATH, gnupg:PATH, dict:DICT or dict-ro:DICT" },
	{ FIELD(keys), "file:keys", "mail_seal_keys: \"file:keys\" is not a "
	  "source with an absolute path" },
	{ FIELD(keys), "file:/a ldap:/b", "mail_seal_keys: \"ldap:/b\" is not "
	  "file:PATH, gnupg:PATH, dict:DICT or dict-ro:DICT" },
	{ FIELD(keys), "dict:", "mail_seal_keys: \"dict:\" is not file:PATH, "
	  "gnupg:PATH, dict:DICT or dict-ro:DICT" },
	{ FIELD(keys), "file:/a dict-ro:", "mail_seal_keys: \"dict-ro:\" is "
	  "not file:PATH, gnupg:PATH, dict:DICT or dict-ro:DICT" },
	{ FIELD(keys), "dict-rw:a", "mail_seal_keys: \"dict-rw:a\" is not "
	  "file:PATH, gnupg:PATH, dict:DICT or dict-ro:DICT" },
	{ FIELD(imap_enrolment), "maybe", "mail_seal_imap_enrolment: "
	  "\"maybe\" is not \"yes\" or \"no\"" },
	{ FIELD(keys), "\"file:/a", "mail_seal_keys: a quote isn't closed in "
	  "\"\"file:/a\"" },
	{ FIELD(missing_key), "foo", "mail_seal_missing_key: \"foo\" is not "
	  "\"store\" or \"tempfail\"" },
	{ FIELD(missing_key), "", "mail_seal_missing_key: an empty value is "
	  "not \"store\" or \"tempfail\"" },
	{ FIELD(unusable_key), "Store", "mail_seal_unusable_key: \"Store\" is "
	  "not \"store\" or \"tempfail\"" },
	{ FIELD(exclude), "\\", "mail_seal_exclude: \"\\\" is not a "
	  "special-use flag or a pattern of mailbox names" },
	{ FIELD(compress), "maybe", "mail_seal_compress: \"maybe\" is not "
	  "\"yes\" or \"no\"" },
	{ FIELD(smime_rsa), "OAEP", "mail_seal_smime_rsa: \"OAEP\" is not "
	  "\"pkcs1\" or \"oaep\"" },
	{ FIELD(min_rsa_bits), "512", "mail_seal_min_rsa_bits: \"512\" is not "
	  "a number of bits from 1024" },
	{ FIELD(min_rsa_bits), "2048x", "mail_seal_min_rsa_bits: \"2048x\" is "
	  "not a number of bits from 1024" },
	{ FIELD(openpgp_engine), "rnp", "mail_seal_openpgp_engine: \"rnp\" is "
	  "not \"auto\" or \"gpg\"" },
	{ FIELD(timeout), "0s", "mail_seal_timeout: \"0s\" is not a time from "
	  "1s to 1h" },
	{ FIELD(timeout), "2h", "mail_seal_timeout: \"2h\" is not a time from "
	  "1s to 1h" },
	{ FIELD(timeout), "soon", "mail_seal_timeout: \"soon\" is not a time "
	  "from 1s to 1h" },
	{ FIELD(confirm), "", "mail_seal_confirm: an empty value is not "
	  "\"yes\" or \"no\"" },
	{ FIELD(confirm_within), "0", "mail_seal_confirm_within: \"0\" is not "
	  "a time from 1s to 366days" },
	{ FIELD(confirm_within), "14", "mail_seal_confirm_within: \"14\" is "
	  "not a time from 1s to 366days" },
	{ FIELD(change_delay), "never", "mail_seal_change_delay: \"never\" is "
	  "not a time up to 366days, or 0" },
	{ FIELD(notice_days), "30 soon", "mail_seal_notice_days: \"soon\" is "
	  "not a number of days" },
	{ FIELD(notice_days), "0", "mail_seal_notice_days: \"0\" is not a "
	  "number of days" },
	{ FIELD(notice_from), "postmaster", "mail_seal_notice_from: "
	  "\"postmaster\" is not an address" },
	{ FIELD(language), "../de", "mail_seal_language: \"../de\" is not a "
	  "language, like \"en\"" },
	{ FIELD(language), "", "mail_seal_language: an empty value is not a "
	  "language, like \"en\"" },
	{ FIELD(texts), "texts", "mail_seal_texts: \"texts\" is not an "
	  "absolute path" },
	{ FIELD(dns_trust_anchor), "root.key", "mail_seal_dns_trust_anchor: "
	  "\"root.key\" is not an absolute path" },
	{ FIELD(dns_servers), "192.0.2.1 ns.example.org",
	  "mail_seal_dns_servers: \"ns.example.org\" is not an IP address "
	  "with or without @PORT" },
	{ FIELD(dns_servers), "192.0.2.1@dns", "mail_seal_dns_servers: "
	  "\"192.0.2.1@dns\" is not an IP address with or without @PORT" },
	{ FIELD(ldap_config), "ldap.conf", "mail_seal_ldap_config: "
	  "\"ldap.conf\" is not an absolute path" },
	{ FIELD(wkd_dir), "wks", "mail_seal_wkd_dir: \"wks\" is not an "
	  "absolute path" },
	{ FIELD(extra_keys), "keys", "mail_seal_extra_keys: \"keys\" is not "
	  "an absolute path" },
	{ FIELD(protect_headers), "Subject:", "mail_seal_protect_headers: "
	  "\"Subject:\" is not the name of a header field" },
	{ FIELD(protect_headers), "\"\"", "mail_seal_protect_headers: an "
	  "empty value is not the name of a header field" },
	{ FIELD(protect_headers), "Subject from", CANT_BE_HIDDEN("from") },
	{ FIELD(protect_headers), "To", CANT_BE_HIDDEN("To") },
	{ FIELD(protect_headers), "Cc", CANT_BE_HIDDEN("Cc") },
	{ FIELD(protect_headers), "Date", CANT_BE_HIDDEN("Date") },
	{ FIELD(protect_headers), "message-id", CANT_BE_HIDDEN("message-id") },
	{ FIELD(protect_headers), "Reply-To", CANT_BE_HIDDEN("Reply-To") },
	{ FIELD(protect_headers), "In-Reply-To",
	  CANT_BE_HIDDEN("In-Reply-To") },
	{ FIELD(protect_headers), "References", CANT_BE_HIDDEN("References") },
	{ FIELD(protect_headers), "Received", CANT_BE_HIDDEN("Received") },
	{ FIELD(protect_headers), "DKIM-Signature",
	  CANT_BE_HIDDEN("DKIM-Signature") },
	{ FIELD(protect_headers), "Resent-From",
	  CANT_BE_HIDDEN("Resent-From") },
	{ FIELD(protect_headers), "X-A,Content-Type",
	  CANT_BE_HIDDEN("Content-Type") },
	{ FIELD(protect_headers), "MIME-Version",
	  CANT_BE_HIDDEN("MIME-Version") },
	{ FIELD(protect_headers), "HP-Outer", CANT_BE_HIDDEN("HP-Outer") },
	{ FIELD(keys_mailbox), "Inbox", "mail_seal_keys_mailbox: \"Inbox\" is "
	  "not another mailbox than INBOX" }
};

static void test_bad_settings(void **state ATTR_UNUSED)
{
	struct mail_seal_raw_settings raw;
	struct mail_seal_settings set;
	const char *error;

	for (size_t i = 0; i < N_ELEMENTS(bad_settings); i++) T_BEGIN {
		raw_defaults(&raw);
		*(const char **)((char *)&raw + bad_settings[i].field) =
			bad_settings[i].value;
		assert_int_equal(mail_seal_settings_parse(&raw,
			pool_datastack_create(), &set, &error), -1);
		assert_string_equal(error, bad_settings[i].error);
	} T_END;
}

static void test_good_settings(void **state ATTR_UNUSED)
{
	struct mail_seal_raw_settings raw;
	struct mail_seal_settings set;
	const char *error = "";
	pool_t pool = pool_alloconly_create("settings", 1024);

	raw_defaults(&raw);
	raw.mail_seal_keys = "file:/a \"file:/b \\\"c\" gnupg:/d "
		"dict-ro:proxy::seal";
	raw.mail_seal_recipients = "a@example.org, b@example.org";
	raw.mail_seal_exclude = "\\Drafts Junk* \"Old mail\"";
	raw.mail_seal_protect_headers = "Subject, Keywords comments";
	raw.mail_seal_unusable_key = "store";
	raw.mail_seal_compress = "YES";
	raw.mail_seal_smime_rsa = "oaep";
	raw.mail_seal_timeout = "2 mins";
	raw.mail_seal_extra_keys = "/e";
	raw.mail_seal_keys_mailbox = "My keys";
	raw.mail_seal_confirm = "no";
	raw.mail_seal_confirm_within = "1 week";
	raw.mail_seal_change_delay = "7days";
	raw.mail_seal_notice_days = "1, 14 7";
	raw.mail_seal_notice_from = "Keys <keys@example.org>";
	raw.mail_seal_language = "de_AT";
	if (mail_seal_settings_parse(&raw, pool, &set, &error) < 0)
		fail_msg("%s", error);
	assert_int_equal(set.source_count, 4);
	assert_int_equal(set.sources[0].type, MAIL_SEAL_SOURCE_file);
	assert_string_equal(set.sources[0].path, "/a");
	assert_string_equal(set.sources[1].path, "/b \"c");
	assert_int_equal(set.sources[2].type, MAIL_SEAL_SOURCE_gnupg);
	assert_string_equal(set.sources[2].path, "/d");
	assert_true(mail_seal_source_has_path(&set.sources[2]));
	assert_int_equal(set.sources[3].type, MAIL_SEAL_SOURCE_dict_ro);
	assert_string_equal(set.sources[3].path, "proxy::seal");
	assert_false(mail_seal_source_has_path(&set.sources[3]));
	assert_string_equal(t_strarray_join(set.recipients, "|"),
			    "a@example.org|b@example.org");
	assert_string_equal(t_strarray_join(set.exclude, "|"),
			    "\\Drafts|Junk*|Old mail");
	assert_int_equal(set.missing_key, MAIL_SEAL_STORE);
	assert_int_equal(set.unusable_key, MAIL_SEAL_STORE);
	assert_true(set.compress);
	assert_true(set.smime_rsa_oaep);
	assert_int_equal(set.min_rsa_bits, 2048);
	assert_int_equal(set.timeout_secs, 120);
	assert_string_equal(set.extra_keys, "/e");
	assert_string_equal(set.keys_mailbox, "My keys");
	assert_false(set.confirm);
	assert_int_equal(set.confirm_within_secs, 7 * 24 * 60 * 60);
	assert_int_equal(set.change_delay_secs, 7 * 24 * 60 * 60);
	assert_int_equal(set.notice_days_count, 3);
	assert_int_equal(set.notice_days[0], 14);
	assert_int_equal(set.notice_days[2], 1);
	assert_string_equal(set.notice_from, "Keys <keys@example.org>");
	assert_string_equal(set.language, "de_AT");

	raw_defaults(&raw);
	raw.mail_seal_keys = "none";
	assert_int_equal(mail_seal_settings_parse(&raw, pool, &set, &error),
			 0);
	assert_false(set.smime_rsa_oaep);
	assert_int_equal(set.source_count, 0);
	raw.mail_seal_keys = "";
	assert_int_equal(mail_seal_settings_parse(&raw, pool, &set, &error),
			 0);
	assert_int_equal(set.source_count, 0);
	assert_int_equal(set.missing_key, MAIL_SEAL_STORE);
	assert_int_equal(set.unusable_key, MAIL_SEAL_TEMPFAIL);
	assert_null(set.extra_keys);
	pool_unref(&pool);
}

/*
 * Policy
 */

static void test_exempt(void **state ATTR_UNUSED)
{
	/* each fact alone exempts */
	static const struct mail_seal_destination exempt[] = {
		{ .dsync = TRUE, .owner_has_sources = TRUE },
		{ .virtual = TRUE, .owner_has_sources = TRUE },
		{ .public = TRUE, .owner_has_sources = TRUE },
		{ .excluded = TRUE, .owner_has_sources = TRUE },
		{ .keys_mailbox = TRUE, .owner_has_sources = TRUE },
		{ .owner_has_sources = FALSE }
	};
	const struct mail_seal_destination ordinary = {
		.owner_has_sources = TRUE
	};

	for (size_t i = 0; i < N_ELEMENTS(exempt); i++)
		assert_true(mail_seal_policy_is_exempt(&exempt[i]));
	assert_false(mail_seal_policy_is_exempt(&ordinary));
}

static void test_exempt_reason(void **state ATTR_UNUSED)
{
	static const struct {
		struct mail_seal_destination dest;
		enum mail_seal_reason reason;
	} tests[] = {
		{ { .dsync = TRUE }, MAIL_SEAL_REASON_DSYNC },
		{ { .public = TRUE }, MAIL_SEAL_REASON_PUBLIC },
		{ { .excluded = TRUE }, MAIL_SEAL_REASON_NO_SOURCES },
		{ { .excluded = TRUE, .owner_has_sources = TRUE },
		  MAIL_SEAL_REASON_EXCLUDED }
	};

	for (size_t i = 0; i < N_ELEMENTS(tests); i++) {
		assert_int_equal(
			mail_seal_policy_exempt_reason(&tests[i].dest),
			tests[i].reason);
	}
}

static void test_owners_act(void **state ATTR_UNUSED)
{
	static const struct mail_seal_act own = {
		.service = "imap", .own_login = TRUE, .own_mailbox = TRUE
	};
	static const char *const others[] = {
		"lmtp", "lda", "doveadm", "pop3", "submission", "imap-urlauth",
		"", "dsync", "managesieve"
	};
	struct mail_seal_act act = own;

	assert_true(mail_seal_policy_is_owners_act(&own));
	for (size_t i = 0; i < N_ELEMENTS(others); i++) {
		act.service = others[i];
		assert_false(mail_seal_policy_is_owners_act(&act));
	}
	/* each fact alone makes it another's */
	act = own;
	act.own_login = FALSE;
	assert_false(mail_seal_policy_is_owners_act(&act));
	act = own;
	act.own_mailbox = FALSE;
	assert_false(mail_seal_policy_is_owners_act(&act));
	act = own;
	act.script = TRUE;
	assert_false(mail_seal_policy_is_owners_act(&act));
	act = own;
	act.dsync = TRUE;
	assert_false(mail_seal_policy_is_owners_act(&act));
}

static void test_named(void **state ATTR_UNUSED)
{
	static const struct {
		const char *vname, *prefix, *setting;
		bool named;
	} tests[] = {
		{ "Keys", "", "Keys", TRUE },
		{ "keys", "", "Keys", FALSE },
		{ "Keys/Old", "", "Keys", FALSE },
		{ "INBOX.Keys", "INBOX.", "Keys", TRUE },
		{ "INBOX.Keys", "INBOX.", "INBOX.Keys", TRUE },
		{ "INBOX.Keys", "", "Keys", FALSE },
		{ "Keys", "INBOX.", "Keys", TRUE },
		{ "Other.Keys", "INBOX.", "Keys", FALSE },
		{ "INBOX.Mine.Keys", "INBOX.", "Keys", FALSE },
		{ "INBOX.Mine.Keys", "INBOX.", "Mine.Keys", TRUE },
		{ "Key", "", "Keys", FALSE }
	};

	for (size_t i = 0; i < N_ELEMENTS(tests); i++) {
		assert_int_equal(mail_seal_policy_is_named(tests[i].vname,
			tests[i].prefix, tests[i].setting), tests[i].named);
	}
}

#define UNUSABLE "Message not stored: the encryption key of this mailbox " \
	"can't be used: "

static void test_judge(void **state ATTR_UNUSED)
{
	static const struct {
		enum mail_seal_key_state state;
		enum mail_seal_fallback missing, unusable;
		enum mail_seal_action action;
		enum mail_seal_reason reason;
		const char *sentence;
	} tests[] = {
#define STORE MAIL_SEAL_STORE
#define TEMPFAIL MAIL_SEAL_TEMPFAIL
		{ MAIL_SEAL_KEY_USABLE, STORE, STORE, MAIL_SEAL_ACTION_SEAL,
		  MAIL_SEAL_REASON_USABLE_KEY, NULL },
		{ MAIL_SEAL_KEY_USABLE, TEMPFAIL, TEMPFAIL,
		  MAIL_SEAL_ACTION_SEAL, MAIL_SEAL_REASON_USABLE_KEY, NULL },
		{ MAIL_SEAL_KEY_MISSING, STORE, TEMPFAIL,
		  MAIL_SEAL_ACTION_STORE, MAIL_SEAL_REASON_MISSING_KEY, NULL },
		{ MAIL_SEAL_KEY_MISSING, TEMPFAIL, STORE,
		  MAIL_SEAL_ACTION_FAIL, MAIL_SEAL_REASON_MISSING_KEY,
		  "Message not stored: there is no encryption key for this "
		  "mailbox" },
		/* who was enrolled has an unusable key, not none */
		{ MAIL_SEAL_KEY_LOST, STORE, TEMPFAIL, MAIL_SEAL_ACTION_FAIL,
		  MAIL_SEAL_REASON_UNUSABLE_KEY,
		  UNUSABLE"it is no longer there" },
		{ MAIL_SEAL_KEY_LOST, TEMPFAIL, STORE, MAIL_SEAL_ACTION_STORE,
		  MAIL_SEAL_REASON_UNUSABLE_KEY, NULL },
		{ MAIL_SEAL_KEY_UNUSABLE, TEMPFAIL, STORE,
		  MAIL_SEAL_ACTION_STORE, MAIL_SEAL_REASON_UNUSABLE_KEY,
		  NULL },
		{ MAIL_SEAL_KEY_UNUSABLE, STORE, TEMPFAIL,
		  MAIL_SEAL_ACTION_FAIL, MAIL_SEAL_REASON_UNUSABLE_KEY,
		  UNUSABLE"it has expired" },
		/* no setting stores plaintext because gpg is broken */
		{ MAIL_SEAL_KEY_ENGINE_FAILED, STORE, STORE,
		  MAIL_SEAL_ACTION_FAIL, MAIL_SEAL_REASON_ENGINE,
		  "Message not stored: encrypting it failed on the server, "
		  "please try again later" }
	};

	for (size_t i = 0; i < N_ELEMENTS(tests); i++) T_BEGIN {
		const struct mail_seal_settings set = {
			.missing_key = tests[i].missing,
			.unusable_key = tests[i].unusable
		};
		struct mail_seal_verdict verdict;

		mail_seal_policy_judge(tests[i].state, "it has expired", &set,
				       &verdict);
		assert_int_equal(verdict.action, tests[i].action);
		assert_int_equal(verdict.reason, tests[i].reason);
		assert_string_equal(verdict.sentence == NULL ? "" :
				    verdict.sentence,
				    tests[i].sentence == NULL ? "" :
				    tests[i].sentence);
	} T_END;
}

static void test_key_state(void **state ATTR_UNUSED)
{
	assert_int_equal(mail_seal_policy_key_state(SEAL_ERROR_UNUSABLE_KEY),
			 MAIL_SEAL_KEY_UNUSABLE);
	assert_int_equal(mail_seal_policy_key_state(SEAL_ERROR_ENGINE),
			 MAIL_SEAL_KEY_ENGINE_FAILED);
	assert_int_equal(mail_seal_policy_key_state(SEAL_ERROR_TIMEOUT),
			 MAIL_SEAL_KEY_ENGINE_FAILED);
	assert_int_equal(mail_seal_policy_key_state(SEAL_ERROR_STORE),
			 MAIL_SEAL_KEY_ENGINE_FAILED);
}

static void test_refuses_delivery(void **state ATTR_UNUSED)
{
	static const char *const none[] = { NULL };
	static const char *const some[] = { "Junk", NULL };
	struct mail_seal_settings set = { .exclude = none };
	struct mail_seal_verdict verdict = { .action = MAIL_SEAL_ACTION_FAIL };

	assert_true(mail_seal_policy_refuses_delivery(&verdict, &set, FALSE));
	/* a script could store it there */
	set.exclude = some;
	assert_false(mail_seal_policy_refuses_delivery(&verdict, &set, FALSE));
	set.exclude = none;
	verdict.action = MAIL_SEAL_ACTION_STORE;
	assert_false(mail_seal_policy_refuses_delivery(&verdict, &set, FALSE));
	verdict.action = MAIL_SEAL_ACTION_SEAL;
	assert_false(mail_seal_policy_refuses_delivery(&verdict, &set, FALSE));
}

static void test_detail(void **state ATTR_UNUSED)
{
	static const struct {
		const char *detail, *vname;
		bool is_detail;
	} tests[] = {
		{ "Drafts", "Drafts", TRUE },
		{ "drafts", "Drafts", TRUE },
		{ "Old/Drafts", "Old/Drafts", TRUE },
		{ "drafts", "Old/Drafts", TRUE },
		{ "old/drafts", "Archive/Old/Drafts", TRUE },
		{ "", "", FALSE },
		{ "", "Old/", FALSE },
		{ "Draft", "Drafts", FALSE },
		{ "Old", "Old/Drafts", FALSE },
		{ "Archive/Old", "Archive/Old/Drafts", FALSE },
		{ "d/Drafts", "Old/Drafts", FALSE }
	};

	for (size_t i = 0; i < N_ELEMENTS(tests); i++) {
		assert_int_equal(mail_seal_policy_is_detail(tests[i].detail,
						tests[i].vname, '/'),
				 tests[i].is_detail);
	}
}

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
	assert_true(mail_seal_state_merge(&merged, &new, pool));
	assert_true(merged.enrolled);
	assert_true(mail_seal_state_has_fingerprints(&merged, two));
	assert_null(merged.facts);
	merged.damaged = TRUE;
	assert_true(mail_seal_state_merge(&merged, &old, pool));
	assert_false(merged.damaged);

	/* the later certificates, all that he was told, the earliest time */
	merged = old;
	assert_true(mail_seal_state_merge(&merged, &new, pool));
	assert_int_equal(merged.since, 10);
	assert_int_equal(merged.given, 30);
	assert_int_equal(merged.withdrawn_before, 7);
	assert_true(mail_seal_state_has_fingerprints(&merged, two));
	assert_null(merged.facts);
	assert_string_equal(t_strarray_join(merged.told, " "), "a b c");
	assert_string_equal(merged.owed, FPR1" "FPR2);
	assert_false(mail_seal_state_merge(&merged, &new, pool));

	/* the other way round, what is known here stays */
	merged = new;
	assert_true(mail_seal_state_merge(&merged, &old, pool));
	assert_true(mail_seal_state_has_fingerprints(&merged, two));
	assert_string_equal(merged.facts, "others\n");
	assert_string_equal(t_strarray_join(merged.told, " "), "b c a");

	/* that messages came says nothing of certificates */
	merged = old;
	assert_false(mail_seal_state_merge(&merged, &moved, pool));
	merged = moved;
	assert_true(mail_seal_state_is_moved(&merged));
	assert_true(mail_seal_state_merge(&merged, &old, pool));
	assert_false(mail_seal_state_is_moved(&merged));
	assert_true(mail_seal_state_has_fingerprints(&merged, one));
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

/*
 * The owner's addresses
 */

static void test_addresses(void **state ATTR_UNUSED)
{
	static const struct {
		const char *user;
		const char *value;
		/* joined; NULL: an error */
		const char *addresses;
	} values[] = {
		{ "a@example.org", "a@example.org", "a@example.org" },
		{ "a", "a", "" },
		{ "John Doe@example.org", "John Doe@example.org",
		  "John Doe@example.org" },
		{ "a,b@example.org", "a,b@example.org", "a,b@example.org" },
		{ "a", "a@example.org b@example.org",
		  "a@example.org b@example.org" },
		{ "a", " a@example.org,,\tb@example.org, ",
		  "a@example.org b@example.org" },
		{ "a", "a a@example.org", "a@example.org" },
		{ "a", "\"a b\"@example.org", NULL },
		{ "a", "yes", NULL },
		{ "a", "@example.org", NULL },
		{ "a", "b@", NULL },
		{ "a", "b@example.org c", NULL }
	};

	for (size_t i = 0; i < N_ELEMENTS(values); i++) {
		struct mail_user user = { .username = values[i].user };
		const struct mail_seal_settings set = {
			.user = &user, .addresses = values[i].value
		};
		const char *const *addresses, *error;

		if (mail_seal_settings_addresses(&set, &addresses,
						 &error) < 0) {
			assert_null(values[i].addresses);
			assert_non_null(strstr(error, "mail_seal_addresses: "));
			continue;
		}
		assert_non_null(values[i].addresses);
		assert_string_equal(t_strarray_join(addresses, " "),
				    values[i].addresses);
	}
}

static void test_no_addresses(void **state ATTR_UNUSED)
{
	static const char *const values[] = { "", "none" };
	struct mail_seal_raw_settings raw;
	struct mail_seal_settings set;
	const char *error;

	for (size_t i = 0; i < N_ELEMENTS(values); i++) {
		raw_defaults(&raw);
		raw.mail_seal_addresses = values[i];
		assert_int_equal(mail_seal_settings_parse(&raw,
				pool_datastack_create(), &set, &error), 0);
		assert_null(set.addresses);
	}
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_bad_settings),
		cmocka_unit_test(test_good_settings),
		cmocka_unit_test(test_exempt),
		cmocka_unit_test(test_exempt_reason),
		cmocka_unit_test(test_owners_act),
		cmocka_unit_test(test_named),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_key_state),
		cmocka_unit_test(test_refuses_delivery),
		cmocka_unit_test(test_detail),
		cmocka_unit_test(test_state_texts),
		cmocka_unit_test(test_state_round_trip),
		cmocka_unit_test(test_state_merge),
		cmocka_unit_test(test_mail_root),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_no_addresses)
	};
	int failed;

	lib_init();
	failed = cmocka_run_group_tests_name("policy", all, NULL, NULL);
	lib_deinit();
	return failed;
}
