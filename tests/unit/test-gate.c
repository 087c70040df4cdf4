/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The gate: codes, what it takes to change a key, what is pending as text, and
   how it stands with an owner. Needs libdovecot's strings, but no Dovecot that
   runs. */

#include "lib.h"
#include "randgen.h"
#include "str.h"
#include "code.h"
#include "owner-settings.h"
#include "pending-text.h"
#include "../doveadm/key/list-state.h"
#include "test-lib.h"

#define DAY (24 * 60 * 60)
#define NOW 1764102000

/*
 * Codes
 */

static void test_code_new(void **state ATTR_UNUSED)
{
	for (unsigned int i = 0; i < 200; i++) T_BEGIN {
		const char *code = mail_seal_code_new();

		assert_int_equal(strlen(code), strlen("seal-12345-12345"));
		assert_string_equal(mail_seal_code_find(code), code);
		assert_string_not_equal(mail_seal_code_new(), code);
		assert_true(mail_seal_code_has_hash(code,
			mail_seal_code_hash(code)));
		assert_false(mail_seal_code_has_hash(code,
			mail_seal_code_hash(mail_seal_code_new())));
	} T_END;
	assert_false(mail_seal_code_has_hash("seal-00000-00000", ""));
}

static const struct {
	const char *text;
	/* joined; "" = there is none */
	const char *codes;
} code_texts[] = {
	{ "seal-0a1b2-c3d4e", "seal-0a1b2-c3d4e" },
	{ "SEAL-0A1B2-C3D4E", "seal-0a1b2-c3d4e" },
	{ "Seal-0A1b2-c3D4e", "seal-0a1b2-c3d4e" },
	{ "Re: seal-0a1b2-c3d4e", "seal-0a1b2-c3d4e" },
	{ "AW: Re: Fwd: seal-0a1b2-c3d4e", "seal-0a1b2-c3d4e" },
	{ "  seal-0a1b2-c3d4e\t", "seal-0a1b2-c3d4e" },
	{ "\"seal-0a1b2-c3d4e\"", "seal-0a1b2-c3d4e" },
	{ "'seal-0a1b2-c3d4e'.", "seal-0a1b2-c3d4e" },
	{ "<seal-0a1b2-c3d4e>", "seal-0a1b2-c3d4e" },
	{ "[EXT]seal-0a1b2-c3d4e", "seal-0a1b2-c3d4e" },
	{ "\xe2\x80\x9cseal-0a1b2-c3d4e\xe2\x80\x9d", "seal-0a1b2-c3d4e" },
	{ "\xc2\xabseal-0a1b2-c3d4e\xc2\xbb", "seal-0a1b2-c3d4e" },
	{ "\xc2\xa0seal-0a1b2-c3d4e\xc2\xa0", "seal-0a1b2-c3d4e" },
	/* symbols that look alike */
	{ "seal-OIL00-oil11", "seal-01100-01111" },
	/* as word processors write dashes */
	{ "seal\xe2\x80\x93" "0a1b2\xe2\x80\x94" "c3d4e", "seal-0a1b2-c3d4e" },
	{ "seal\xe2\x80\x91" "0a1b2\xe2\x80\x90" "c3d4e", "seal-0a1b2-c3d4e" },
	{ "seal\xe2\x88\x92" "0a1b2-c3d4e", "seal-0a1b2-c3d4e" },
	{ "seal\xef\xbd\xb0" "0a1b2-c3d4e", "" },
	/* spaces beside them, as people type and headers are folded */
	{ "seal - 0a1b2 - c3d4e", "seal-0a1b2-c3d4e" },
	{ "seal-0a1b2- \tc3d4e", "seal-0a1b2-c3d4e" },
	{ "seal-0a1b2\xc2\xa0-\xe2\x80\x89" "c3d4e", "seal-0a1b2-c3d4e" },
	/* what can't be seen */
	{ "seal-0a1b2\xc2\xad-c3d4e", "seal-0a1b2-c3d4e" },
	{ "seal-\xe2\x80\x8b" "0a1b2-\xef\xbb\xbf" "c3d4e", "seal-0a1b2-c3d4e" },
	{ "\xe2\x80\xaa" "seal-0a1b2-c3d4e\xe2\x80\xac", "seal-0a1b2-c3d4e" },
	{ "seal-0a1b2-c3d4e\xe2\x80\x8b" "f", "" },
	/* full width */
	{ "\xef\xbd\x93\xef\xbc\xa5" "al\xef\xbc\x8d"
	  "\xef\xbc\x90" "a1b2-c3d4\xef\xbd\x85", "seal-0a1b2-c3d4e" },
	/* both in one subject */
	{ "seal-0a1b2-c3d4e seal-zzzzz-zzzzz",
	  "seal-0a1b2-c3d4e seal-zzzzz-zzzzz" },
	{ "seal-0a1b2-c3d4e,SEAL-ZZZZZ-ZZZZZ",
	  "seal-0a1b2-c3d4e seal-zzzzz-zzzzz" },
	{ "seal-seal-0a1b2-c3d4e", "seal-0a1b2-c3d4e" },
	/* none */
	{ "", "" },
	{ "seal", "" },
	{ "seal-", "" },
	{ "seal-0a1b2", "" },
	{ "seal-0a1b2-", "" },
	{ "seal-0a1b2-c3d4", "" },
	{ "seal-0a1b2-c3d4e5", "" },
	{ "seal-0a1b2-c3d4ex", "" },
	{ "xseal-0a1b2-c3d4e", "" },
	{ "0seal-0a1b2-c3d4e", "" },
	{ "sea1-0a1b2-c3d4e", "" },
	{ "seal-0a1bu-c3d4e", "" },
	{ "seal-0a1b2c3d4e", "" },
	{ "seal 0a1b2 c3d4e", "" },
	{ "seal--0a1b2-c3d4e", "" },
	{ "seal-0a1-b2c3d4e", "" },
	{ "seal\xe2\x80", "" },
	{ "Seal rings for the pump", "" }
};

static void test_code_find(void **state ATTR_UNUSED)
{
	for (size_t i = 0; i < N_ELEMENTS(code_texts); i++) T_BEGIN {
		const char *text = code_texts[i].text, *code, *first;
		string_t *found = t_str_new(64);

		test_case(code_texts[i].text, i);
		first = mail_seal_code_find(text);
		while ((code = mail_seal_code_next(&text)) != NULL) {
			if (str_len(found) == 0)
				assert_string_equal(first, code);
			else
				str_append_c(found, ' ');
			str_append(found, code);
		}
		assert_string_equal(str_c(found), code_texts[i].codes);
		assert_int_equal(*text, '\0');
	} T_END;
}

/*
 * What it takes
 */

static const char *const key_a[] = { "AA", NULL };
static const char *const key_b[] = { "BB", NULL };
static const char *const keys_ab[] = { "AA", "BB", NULL };
static const char *const keys_ba[] = { "BB", "AA", NULL };

#define NEW MAIL_SEAL_GATE_BIT(MAIL_SEAL_GATE_NEW)
#define OLD MAIL_SEAL_GATE_BIT(MAIL_SEAL_GATE_OLD)
#define STOP MAIL_SEAL_GATE_BIT(MAIL_SEAL_GATE_STOP)
#define OPEN MAIL_SEAL_GATE_OPEN
#define CODES MAIL_SEAL_GATE_CODES
#define CLOSED MAIL_SEAL_GATE_CLOSED

static const struct {
	bool confirm;
	unsigned int delay;
	bool withdraw;
	const char *const *keys, *const *old_keys;
	bool old_usable;
	enum mail_seal_gate_way way;
	unsigned int codes;
} wishes[] = {
	/* the first */
	{ TRUE, 0, FALSE, key_a, NULL, FALSE, CODES, NEW },
	{ FALSE, 0, FALSE, key_a, NULL, FALSE, OPEN, 0 },
	/* the same key, with another expiry; also after it */
	{ TRUE, 0, FALSE, key_a, key_a, TRUE, CODES, NEW },
	{ TRUE, 0, FALSE, key_a, key_a, FALSE, CODES, NEW },
	{ TRUE, 0, FALSE, keys_ab, keys_ba, TRUE, CODES, NEW },
	/* another */
	{ TRUE, 0, FALSE, key_b, key_a, TRUE, CODES, NEW | OLD | STOP },
	{ TRUE, 0, FALSE, keys_ab, key_a, TRUE, CODES, NEW | OLD | STOP },
	{ TRUE, 0, FALSE, key_a, keys_ab, TRUE, CODES, NEW | OLD | STOP },
	{ TRUE, DAY, FALSE, key_b, key_a, TRUE, CODES, NEW | OLD | STOP },
	{ FALSE, 0, FALSE, key_b, key_a, TRUE, OPEN, 0 },
	/* whose holder can't be asked */
	{ TRUE, 0, FALSE, key_b, key_a, FALSE, CLOSED, 0 },
	{ TRUE, DAY, FALSE, key_b, key_a, FALSE, CLOSED, 0 },
	{ FALSE, 0, FALSE, key_b, key_a, FALSE, OPEN, 0 },
	/* none any more */
	{ TRUE, 0, TRUE, NULL, key_a, TRUE, CODES, OLD | STOP },
	{ TRUE, 0, TRUE, NULL, key_a, FALSE, CLOSED, 0 },
	{ FALSE, 0, TRUE, NULL, key_a, TRUE, OPEN, 0 },
	{ TRUE, 0, TRUE, NULL, NULL, FALSE, MAIL_SEAL_GATE_NOTHING, 0 },
	{ FALSE, 0, TRUE, NULL, NULL, FALSE, MAIL_SEAL_GATE_NOTHING, 0 }
};

static void test_decide(void **state ATTR_UNUSED)
{
	for (size_t i = 0; i < N_ELEMENTS(wishes); i++) {
		const struct mail_seal_settings set = {
			.confirm = wishes[i].confirm,
			.change_delay_secs = wishes[i].delay
		};
		const struct mail_seal_gate_wish wish = {
			.withdraw = wishes[i].withdraw,
			.keys = wishes[i].keys,
			.old_keys = wishes[i].old_keys,
			.old_usable = wishes[i].old_usable
		};
		unsigned int codes;

		test_case("wish", i);
		assert_int_equal(mail_seal_gate_decide(&set, &wish, &codes),
				 wishes[i].way);
		assert_int_equal(codes, wishes[i].codes);
	}
}

/*
 * Giving codes
 */

#define NEW_CODE "seal-nnnnn-nnnnn"
#define OLD_CODE "seal-00000-00000"
#define STOP_CODE "seal-sssss-sssss"

static void
pending_init(struct mail_seal_pending *pending, const char *const *keys,
	     const char *const *old_keys, unsigned int codes)
{
	pool_t pool = pool_datastack_create();

	i_zero(pending);
	pending->withdraw = keys == NULL;
	pending->since = NOW;
	pending->way = "metadata";
	pending->who = "alice";
	pending->keys = keys;
	pending->old_keys = old_keys;
	pending->certificates = "certificate\n";
	if ((codes & NEW) != 0) {
		mail_seal_pending_add_code(pending, MAIL_SEAL_GATE_NEW,
			mail_seal_code_hash(NEW_CODE), pool);
	}
	if ((codes & OLD) != 0) {
		mail_seal_pending_add_code(pending, MAIL_SEAL_GATE_OLD,
			mail_seal_code_hash(OLD_CODE), pool);
	}
	if ((codes & STOP) != 0) {
		mail_seal_pending_add_code(pending, MAIL_SEAL_GATE_STOP,
			mail_seal_code_hash(STOP_CODE), pool);
	}
}

#define WRONG MAIL_SEAL_GATE_WRONG
#define KNOWN MAIL_SEAL_GATE_KNOWN
#define COUNTS MAIL_SEAL_GATE_COUNTS
#define STOPS MAIL_SEAL_GATE_STOPS

/* A story: codes that are given one after the other */
static const struct {
	const char *const *keys, *const *old_keys;
	unsigned int codes;
	struct {
		const char *code;
		enum mail_seal_gate_answer answer;
		bool complete;
		unsigned int missing;
	} given[4];
} stories[] = {
	{ key_a, NULL, NEW, {
		{ "seal-11111-11111", WRONG, FALSE, NEW },
		{ OLD_CODE, WRONG, FALSE, NEW },
		{ NEW_CODE, COUNTS, TRUE, 0 },
		{ NEW_CODE, KNOWN, TRUE, 0 } } },
	{ key_b, key_a, NEW | OLD | STOP, {
		{ NEW_CODE, COUNTS, FALSE, OLD },
		{ NEW_CODE, KNOWN, FALSE, OLD },
		{ OLD_CODE, COUNTS, TRUE, 0 } } },
	{ key_b, key_a, NEW | OLD | STOP, {
		{ OLD_CODE, COUNTS, FALSE, NEW },
		{ OLD_CODE, KNOWN, FALSE, NEW },
		{ NEW_CODE, COUNTS, TRUE, 0 } } },
	{ key_b, key_a, NEW | OLD | STOP, {
		{ NEW_CODE, COUNTS, FALSE, OLD },
		{ STOP_CODE, STOPS, FALSE, OLD } } },
	/* one code is enough for the same key */
	{ key_a, key_a, NEW, {
		{ OLD_CODE, WRONG, FALSE, NEW },
		{ NEW_CODE, COUNTS, TRUE, 0 } } },
	{ NULL, key_a, OLD | STOP, {
		{ NEW_CODE, WRONG, FALSE, OLD },
		{ OLD_CODE, COUNTS, TRUE, 0 } } }
};

static void test_give(void **state ATTR_UNUSED)
{
	const struct mail_seal_settings set = { .confirm = TRUE };

	for (size_t i = 0; i < N_ELEMENTS(stories); i++) T_BEGIN {
		struct mail_seal_pending pending;

		test_case("story", i);
		pending_init(&pending, stories[i].keys, stories[i].old_keys,
			     stories[i].codes);
		assert_false(mail_seal_gate_is_complete(&pending, &set, NOW));
		for (unsigned int j = 0; j < N_ELEMENTS(stories[i].given) &&
		     stories[i].given[j].code != NULL; j++) {
			assert_int_equal(mail_seal_gate_give(&pending,
				stories[i].given[j].code, NOW + 1),
				stories[i].given[j].answer);
			assert_int_equal(mail_seal_gate_is_complete(&pending,
				&set, NOW + 1), stories[i].given[j].complete);
			assert_int_equal(mail_seal_gate_missing(&pending),
					 stories[i].given[j].missing);
			/* the owner isn't waited for without a delay */
			assert_int_equal(mail_seal_gate_is_complete(&pending,
				&set, NOW + 1000 * DAY),
				stories[i].given[j].complete);
		}
	} T_END;
}

static bool
is_complete_after_notices(const char *const *keys, unsigned int days,
			  unsigned int notices, unsigned int apart, time_t when)
{
	const struct mail_seal_settings set = {
		.confirm = TRUE, .change_delay_secs = days * DAY,
		.confirm_within_secs = 14 * DAY
	};
	struct mail_seal_pending pending;
	pool_t pool = pool_datastack_create();

	pending_init(&pending, keys, key_a, NEW | OLD | STOP);
	if (keys != NULL)
		(void)mail_seal_gate_give(&pending, NEW_CODE, NOW);
	for (unsigned int i = 0; i < notices; i++) {
		mail_seal_pending_add_notice(&pending, "week", NOW + 1, pool);
		mail_seal_pending_add_notice(&pending,
			MAIL_SEAL_GATE_NOTICE_DELAY, NOW + i * apart, pool);
	}
	return mail_seal_gate_is_complete(&pending, &set, when);
}

static void test_delay(void **state ATTR_UNUSED)
{
	struct mail_seal_settings set = {
		.confirm = TRUE, .change_delay_secs = 7 * DAY,
		.confirm_within_secs = 14 * DAY
	};
	struct mail_seal_pending pending;

	/* the wait and a notice each day */
	assert_true(is_complete_after_notices(key_b, 7, 7, DAY, NOW + 7 * DAY));
	assert_true(is_complete_after_notices(NULL, 7, 7, DAY, NOW + 7 * DAY));
	assert_false(is_complete_after_notices(key_b, 7, 7, DAY,
					       NOW + 7 * DAY - 1));
	assert_false(is_complete_after_notices(key_b, 7, 6, DAY,
					       NOW + 9 * DAY));
	/* all at once aren't seven days */
	assert_false(is_complete_after_notices(key_b, 7, 7, 60,
					       NOW + 9 * DAY));
	assert_false(is_complete_after_notices(key_b, 7, 0, 0, NOW + 9 * DAY));
	/* no such way */
	assert_false(is_complete_after_notices(key_b, 0, 7, DAY,
					       NOW + 100 * DAY));

	/* it begins with the proof of the new key, and lasts beyond the codes'
	   end */
	pending_init(&pending, key_b, key_a, NEW | OLD | STOP);
	assert_int_equal(mail_seal_gate_delay_until(&pending, &set), 0);
	assert_int_equal(mail_seal_gate_until(&pending, &set), NOW + 14 * DAY);
	(void)mail_seal_gate_give(&pending, NEW_CODE, NOW + 13 * DAY);
	assert_int_equal(mail_seal_gate_delay_until(&pending, &set),
			 NOW + 20 * DAY);
	assert_int_equal(mail_seal_gate_until(&pending, &set),
			 NOW + 34 * DAY);
	set.change_delay_secs = 0;
	assert_int_equal(mail_seal_gate_delay_until(&pending, &set), 0);
	/* the first key waits for nobody */
	set.change_delay_secs = DAY;
	pending_init(&pending, key_b, NULL, NEW);
	(void)mail_seal_gate_give(&pending, NEW_CODE, NOW);
	assert_int_equal(mail_seal_gate_delay_until(&pending, &set), 0);
}

/*
 * As text
 */

static void
assert_same_pending(const struct mail_seal_pending *got,
		    const struct mail_seal_pending *expected)
{
	assert_int_equal(got->withdraw, expected->withdraw);
	assert_int_equal(got->since, expected->since);
	assert_string_equal(got->way, expected->way);
	assert_true(mail_seal_gate_same_keys(got->keys, expected->keys));
	assert_true(mail_seal_gate_same_keys(got->old_keys,
					     expected->old_keys));
	assert_int_equal(got->code_count, expected->code_count);
	for (unsigned int i = 0; i < got->code_count; i++) {
		assert_int_equal(got->codes[i].kind, expected->codes[i].kind);
		assert_string_equal(got->codes[i].hash,
				    expected->codes[i].hash);
	}
	assert_memory_equal(got->given, expected->given, sizeof(got->given));
	assert_int_equal(got->notice_count, expected->notice_count);
	for (unsigned int i = 0; i < got->notice_count; i++) {
		assert_string_equal(got->notices[i].name,
				    expected->notices[i].name);
		assert_int_equal(got->notices[i].when,
				 expected->notices[i].when);
	}
	assert_string_equal(got->certificates, expected->certificates);
}

static void test_pending_text(void **state ATTR_UNUSED)
{
	struct mail_seal_pending written, read;
	string_t *text = t_str_new(512);
	pool_t pool = pool_datastack_create();

	pending_init(&written, key_b, keys_ab, NEW | OLD | STOP);
	mail_seal_pending_add_code(&written, MAIL_SEAL_GATE_STOP,
				   mail_seal_code_hash(NEW_CODE), pool);
	mail_seal_pending_add_notice(&written, "delay", NOW + 5, pool);
	mail_seal_pending_add_notice(&written, "week", NOW + 6, pool);
	written.given[MAIL_SEAL_GATE_OLD] = NOW + 4;
	/* who gives a certificate can write any text in front of it */
	written.certificates = "mail-seal: code=new " NEW_CODE "\n"
		"mail-seal: end\nmail-seal: pending 1\n";
	mail_seal_pending_print(&written, text);
	assert_int_equal(mail_seal_pending_parse(str_c(text), pool, &read), 0);
	assert_same_pending(&read, &written);
	assert_string_equal(str_c(text) + mail_seal_pending_head_size(
				str_data(text), str_len(text)),
			    written.certificates);
	/* cut off within the head, it is nothing */
	for (size_t size = 0; size < str_len(text) -
	     strlen(written.certificates); size++) T_BEGIN {
		assert_int_equal(mail_seal_pending_parse(
			t_strndup(str_c(text), size), pool, &read), -1);
		assert_int_equal(mail_seal_pending_head_size(str_data(text),
							     size), 0);
	} T_END;

	pending_init(&written, NULL, key_a, OLD | STOP);
	written.who = "al\nice\nmail-seal: given=old 1";
	str_truncate(text, 0);
	mail_seal_pending_print(&written, text);
	assert_int_equal(mail_seal_pending_parse(str_c(text), pool, &read), 0);
	assert_same_pending(&read, &written);
}

#define HEAD "mail-seal: pending 1\nmail-seal: since=1764102000\n" \
	"mail-seal: way=metadata\nmail-seal: who=alice\n"
#define HASH "0123456789012345678901234567890123456789012345678901234567890123"

/* What isn't ours, or has nothing to wait for, mustn't become active. */
static const char *const bad_pendings[] = {
	"", "mail-seal: pending 1\nmail-seal: end\n",
	HEAD"mail-seal: end\n",
	HEAD"mail-seal: action=set\nmail-seal: keys=AA\nmail-seal: end\n",
	HEAD"mail-seal: keys=AA\nmail-seal: code=old "HASH"\nmail-seal: end\n",
	HEAD"mail-seal: keys=\nmail-seal: code=new "HASH"\nmail-seal: end\n",
	HEAD"mail-seal: keys=aa\nmail-seal: code=new "HASH"\nmail-seal: end\n",
	HEAD"mail-seal: keys=AA\nmail-seal: code=new 0\nmail-seal: end\n",
	HEAD"mail-seal: keys=AA\nmail-seal: code=any "HASH"\nmail-seal: end\n",
	HEAD"mail-seal: keys=AA\nmail-seal: code=new "HASH"\n"
		"mail-seal: future=1\nmail-seal: end\n",
	HEAD"mail-seal: keys=AA\nmail-seal: code=new "HASH"\n"
		"mail-seal: given=new 0\nmail-seal: end\n",
	HEAD"mail-seal: action=unset\nmail-seal: end\n",
	HEAD"mail-seal: action=off\nmail-seal: end\n",
	HEAD"mail-seal: keys=AA\nmail-seal: code=new "HASH"\n",
	"\n"HEAD"mail-seal: keys=AA\nmail-seal: code=new "HASH"\n"
		"mail-seal: end\n"
};

static void test_bad_pending_text(void **state ATTR_UNUSED)
{
	struct mail_seal_pending pending;

	for (size_t i = 0; i < N_ELEMENTS(bad_pendings); i++) T_BEGIN {
		test_case(bad_pendings[i], i);
		assert_int_equal(mail_seal_pending_parse(bad_pendings[i],
			pool_datastack_create(), &pending), -1);
	} T_END;
	assert_int_equal(mail_seal_pending_parse(
		HEAD"mail-seal: keys=AA\nmail-seal: code=new "HASH"\n"
		"mail-seal: end\n", pool_datastack_create(), &pending), 0);
}

/* What is before certificates that were set after a withdrawal */
static void test_withdrawn_head(void **state ATTR_UNUSED)
{
	static const char *const others[] = {
		"", "certificate", "mail-seal: withdrawn 1764102000",
		"mail-seal: withdrawn=1764102000\n",
		HEAD"mail-seal: keys=AA\nmail-seal: end\n",
		"mail-seal: pending 1\nmail-seal: end\n"
			"mail-seal: withdrawn=1764102000\nmail-seal: end\n",
		"mail-seal: pending 1\nmail-seal: withdrawn=-1\n"
			"mail-seal: end\n",
		"mail-seal: pending 1\nmail-seal: withdrawn=\n"
			"mail-seal: end\n"
	};
	const char *head = mail_seal_pending_head_withdrawn(1764102000);
	const char *text = t_strconcat(head, "certificate", NULL);

	assert_int_equal(mail_seal_pending_head_size(text, strlen(text)),
			 strlen(head));
	assert_int_equal(mail_seal_pending_head_when_withdrawn(text,
				strlen(text)), 1764102000);
	for (size_t i = 0; i < N_ELEMENTS(others); i++) {
		test_case(others[i], i);
		assert_int_equal(mail_seal_pending_head_when_withdrawn(
					 others[i], strlen(others[i])), 0);
	}
}

/* Whoever offers a certificate can write any head in front of it. */
static void test_offered_heads(void **state ATTR_UNUSED)
{
	const char *head = mail_seal_pending_head_withdrawn(1764102000);
	const char *other = HEAD"mail-seal: keys=AA\nmail-seal: end\n";
	const char *const starts[] = {
		"", head, other, t_strconcat(head, head, other, NULL),
		"\xef\xbb\xbf", t_strconcat("\xef\xbb\xbf", head, NULL),
		t_strconcat(head, "\xef\xbb\xbf", other, "\xef\xbb\xbf", NULL)
	};
	static const char *const certificates[] = {
		"", "certificate", "\xef\xbb", "mail-seal: end\n",
		"mail-seal: pending 1\nmail-seal: withdrawn=1764102000\n",
		"\nmail-seal: pending 1\nmail-seal: end\n",
		"certificate\nmail-seal: pending 1\nmail-seal: end\n"
	};

	for (size_t i = 0; i < N_ELEMENTS(starts); i++) {
		for (size_t j = 0; j < N_ELEMENTS(certificates); j++) T_BEGIN {
			const char *text = t_strconcat(starts[i],
						       certificates[j], NULL);

			test_case(text, i * N_ELEMENTS(certificates) + j);
			assert_int_equal(mail_seal_pending_offered_start(text,
						strlen(text)),
					 strlen(starts[i]));
		} T_END;
	}
	/* read, ours is the first, and only that counts */
	assert_int_equal(mail_seal_pending_head_size(starts[3],
						     strlen(starts[3])),
			 strlen(starts[3]));
	other = t_strconcat("mail-seal: pending 1\nmail-seal: end\n", head,
			    NULL);
	assert_int_equal(mail_seal_pending_head_size(other, strlen(other)),
			 strlen(other));
	assert_int_equal(mail_seal_pending_head_when_withdrawn(other,
							       strlen(other)),
			 0);
}

/* What another version has let in front of what is pending */
static void test_pending_heads(void **state ATTR_UNUSED)
{
	struct mail_seal_pending written, read;
	string_t *text = t_str_new(512);

	pending_init(&written, key_b, keys_ab, NEW | OLD | STOP);
	written.certificates = t_strconcat(
		mail_seal_pending_head_withdrawn(1764102000), "certificate",
		NULL);
	mail_seal_pending_print(&written, text);
	assert_int_equal(mail_seal_pending_parse(str_c(text),
				pool_datastack_create(), &read), 0);
	assert_string_equal(read.certificates, "certificate");
}

/*
 * How it stands with an owner
 */

static void test_list_state(void **state ATTR_UNUSED)
{
	static const struct {
		struct doveadm_seal_list_facts facts;
		const char *name;
	} owners[] = {
		{ { FALSE, FALSE, FALSE, FALSE, 0, 0, 0 }, "excluded" },
		{ { FALSE, TRUE, TRUE, FALSE, 0, 0, 0 }, "excluded" },
		{ { TRUE, FALSE, FALSE, FALSE, 0, 0, 0 }, "none" },
		{ { TRUE, FALSE, TRUE, FALSE, 0, 0, 0 }, "pending" },
		{ { TRUE, TRUE, FALSE, FALSE, 0, 0, 0 }, "active" },
		{ { TRUE, TRUE, TRUE, FALSE, 0, 0, 0 }, "active" },
		{ { TRUE, TRUE, FALSE, FALSE, NOW + 31 * DAY, 0, 0 },
		  "active" },
		{ { TRUE, TRUE, FALSE, FALSE, NOW + 29 * DAY, 0, 0 },
		  "expiring" },
		{ { TRUE, TRUE, FALSE, TRUE, NOW + 29 * DAY, 0, 0 },
		  "unusable" },
		{ { TRUE, TRUE, FALSE, TRUE, NOW, 0, 0 }, "expired" },
		{ { TRUE, TRUE, FALSE, TRUE, 0, 0, 0 }, "unusable" }
	};

	for (size_t i = 0; i < N_ELEMENTS(owners); i++) {
		struct doveadm_seal_list_facts facts = owners[i].facts;

		test_case(owners[i].name, i);
		facts.now = NOW;
		facts.soon = NOW + 30 * DAY;
		assert_string_equal(doveadm_seal_list_state_name(
			doveadm_seal_list_get_state(&facts)), owners[i].name);
	}
}

static void test_list_states(void **state ATTR_UNUSED)
{
	const char *bad_word;
	unsigned int set;

	assert_int_equal(doveadm_seal_list_parse_states("expiring,none", &set,
							&bad_word), 0);
	assert_int_equal(set, 1u << DOVEADM_SEAL_LIST_EXPIRING |
			 1u << DOVEADM_SEAL_LIST_NONE);
	assert_int_equal(doveadm_seal_list_parse_states("none, actve", &set,
							&bad_word), -1);
	assert_string_equal(bad_word, "actve");
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_code_new),
		cmocka_unit_test(test_code_find),
		cmocka_unit_test(test_decide),
		cmocka_unit_test(test_give),
		cmocka_unit_test(test_delay),
		cmocka_unit_test(test_pending_text),
		cmocka_unit_test(test_bad_pending_text),
		cmocka_unit_test(test_withdrawn_head),
		cmocka_unit_test(test_offered_heads),
		cmocka_unit_test(test_pending_heads),
		cmocka_unit_test(test_list_state),
		cmocka_unit_test(test_list_states)
	};

	random_init();
	return cmocka_run_group_tests(all, NULL, NULL);
}
