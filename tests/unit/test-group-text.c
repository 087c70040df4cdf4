/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The text of a team mailbox's certificates, as doveadm changes it and as
   administrators do. Needs libdovecot's strings, but no Dovecot that runs. */

#include "lib.h"
#include "array.h"
#include "str.h"
#include "group-text.h"
#include "test-lib.h"

#define PGP(body) "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" body "\n" \
	"-----END PGP PUBLIC KEY BLOCK-----\n"
#define PEM(body) "-----BEGIN CERTIFICATE-----\n" body "\n" \
	"-----END CERTIFICATE-----\n"
#define BOB "Member: bob\nAdded: 2026-11-26T03:00:00Z by root\n"

static const char *print(const struct doveadm_seal_group_text *group)
{
	string_t *text = t_str_new(256);

	doveadm_seal_group_text_print(group, text);
	return str_c(text);
}

static const struct doveadm_seal_group_entry *
entry_at(const struct doveadm_seal_group_text *group, unsigned int idx)
{
	return array_idx(&group->entries, idx);
}

static void
parse(const char *text, struct doveadm_seal_group_text *group_r)
{
	const char *error;

	assert_int_equal(doveadm_seal_group_text_parse(text,
		pool_datastack_create(), group_r, &error), 0);
}

/* One line for each certificate: "MEMBER|ADDED|CHANGED|file|BEFORE" */
static const char *describe(const struct doveadm_seal_group_text *group)
{
	const struct doveadm_seal_group_entry *entry;
	string_t *text = t_str_new(256);

	array_foreach(&group->entries, entry) {
		const struct doveadm_seal_group_record *record = &entry->record;

		str_printfa(text, "%s|%s|%s|%s|%s\n",
			    record->member == NULL ? "-" : record->member,
			    record->added == NULL ? "-" : record->added,
			    record->changed == NULL ? "-" : record->changed,
			    record->from_file ? "file" : "-", entry->before);
	}
	return str_c(text);
}

/*
 * Reading
 */

static const struct {
	const char *text, *entries;
} texts[] = {
	{ "", "" },
	{ "nothing of interest\n", "" },
	{ PGP("AAAA"), "-|-|-|-|\n" },
	{ BOB PGP("AAAA"), "bob|2026-11-26T03:00:00Z by root|-|-|\n" },
	{ PEM("AAAA") PEM("BBBB"), "-|-|-|-|\n-|-|-|-|\n" },
	{ BOB PGP("AAAA") "\n" "Member: carol\nChanged: x by y\nFrom: file\n"
	  PEM("BBBB"),
	  "bob|2026-11-26T03:00:00Z by root|-|-|\ncarol|-|x by y|file|\n\n" },
	/* comments */
	{ "# CERT\n\n" BOB PGP("AAAA") "the end",
	  "bob|2026-11-26T03:00:00Z by root|-|-|# CERT\n\n\n" },
	{ "# about bob\n" BOB PGP("AAAA"),
	  "bob|2026-11-26T03:00:00Z by root|-|-|\n" },
	/* what isn't directly above isn't of it */
	{ BOB "\n" PGP("AAAA"),
	  "-|-|-|-|Member: bob\nAdded: 2026-11-26T03:00:00Z by root\n\n\n" },
	{ BOB " \t\r\n" PGP("AAAA"),
	  "-|-|-|-|Member: bob\nAdded: 2026-11-26T03:00:00Z by root\n \t\r\n\n" },
	{ PGP("AAAA") BOB, "-|-|-|-|\n" },
	{ PGP("AAAA") BOB PGP("BBBB"),
	  "-|-|-|-|\nbob|2026-11-26T03:00:00Z by root|-|-|\n" },
	/* within a block nothing is a record */
	{ PGP(BOB "AAAA"), "-|-|-|-|\n" },
	/* Windows' lines, no last line end, more behind the dashes */
	{ "Member: bob\r\n-----BEGIN CERTIFICATE-----\r\nAA\r\n"
	  "-----END CERTIFICATE-----\r\n", "bob|-|-|-|\n" },
	{ "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----",
	  "-|-|-|-|\n" },
	{ "-----BEGIN CERTIFICATE----- \nAA\n-----END CERTIFICATE-----x\n",
	  "-|-|-|-|\n" },
	/* values */
	{ "Member:   A. User, Dr.\t \n" PGP("AAAA"), "A. User, Dr.|-|-|-|\n" },
	{ "Member:\nMember: \nFrom: key\n" PGP("AAAA"), "-|-|-|-|\n" },
	{ "Member: a\nMember: b\nFrom: file\nFrom: x\n" PGP("AAAA"),
	  "b|-|-|-|\n" },
	{ " Member: a\nmember: b\nXMember: c\n" PGP("AAAA"), "-|-|-|-|\n" },
	{ "Member:a:b\n" PGP("AAAA"), "a:b|-|-|-|\n" },
	/* other blocks are text */
	{ "-----BEGIN FOO-----\n" PGP("AAAA") "-----END FOO-----\n",
	  "-|-|-|-|\n" },
	{ "-----BEGIN X509 CRL-----\nAA\n-----END X509 CRL-----\n", "" },
	{ "-----BEGIN PGP PUBLIC KEY BLOCK, PART 1/2-----\n"
	  "-----END PGP PUBLIC KEY BLOCK, PART 1/2-----\n", "" },
	{ " -----BEGIN CERTIFICATE-----\n -----END CERTIFICATE-----\n", "" }
};

static void test_parse(void **state ATTR_UNUSED)
{
	struct doveadm_seal_group_text group;

	for (size_t i = 0; i < N_ELEMENTS(texts); i++) T_BEGIN {
		test_case(texts[i].text, i);
		parse(texts[i].text, &group);
		assert_string_equal(describe(&group), texts[i].entries);
		assert_string_equal(print(&group), texts[i].text);
	} T_END;
}

static void test_byte_order_mark(void **state ATTR_UNUSED)
{
	struct doveadm_seal_group_text group;

	parse("\xef\xbb\xbf" PEM("AAAA"), &group);
	assert_string_equal(describe(&group), "-|-|-|-|\n");
	assert_string_equal(print(&group), PEM("AAAA"));
}

static const char *const broken[] = {
	"-----BEGIN CERTIFICATE-----",
	"-----BEGIN CERTIFICATE-----\nAAAA\n",
	"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE",
	"-----BEGIN CERTIFICATE-----\nAA\n-----END PGP PUBLIC KEY BLOCK-----\n",
	"-----BEGIN CERTIFICATE-----\nAA\n -----END CERTIFICATE-----\n",
	"-----BEGIN CERTIFICATE-----\nAAAA\n" PEM("BBBB"),
	BOB PGP("AAAA") "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
};

static void test_broken(void **state ATTR_UNUSED)
{
	struct doveadm_seal_group_text group;
	const char *error;

	for (size_t i = 0; i < N_ELEMENTS(broken); i++) T_BEGIN {
		test_case(broken[i], i);
		assert_int_equal(doveadm_seal_group_text_parse(broken[i],
			pool_datastack_create(), &group, &error), -1);
		assert_string_equal(error,
				    "one of its certificates has no end");
	} T_END;
}

static void test_too_many(void **state ATTR_UNUSED)
{
	string_t *text = t_str_new(1024);
	struct doveadm_seal_group_text group;
	const char *error;

	for (unsigned int i = 0; i < DOVEADM_SEAL_GROUP_ENTRIES_MAX; i++)
		str_append(text, PEM(""));
	parse(str_c(text), &group);
	assert_string_equal(print(&group), str_c(text));
	str_append(text, PEM(""));
	assert_int_equal(doveadm_seal_group_text_parse(str_c(text),
		pool_datastack_create(), &group, &error), -1);
	assert_string_equal(error, "it has more than 2000 certificates");
}

/*
 * Changing
 */

static const struct doveadm_seal_group_record carol = {
	.member = "carol", .added = "now by me"
};
#define CAROL "Member: carol\nAdded: now by me\n" PGP("CCCC")

/* A certificate is put in at this place, and taken away again. */
static const struct {
	const char *text;
	unsigned int idx;
	const char *inserted;
	/* or NULL if it is the text again */
	const char *removed;
} insertions[] = {
	{ "", 0, CAROL, NULL },
	{ PGP("A"), 1, PGP("A") "\n" CAROL, NULL },
	{ PGP("A"), 0, CAROL "\n" PGP("A"), NULL },
	{ PGP("A") "\n" BOB PGP("B"), 1,
	  PGP("A") "\n" CAROL "\n" BOB PGP("B"), NULL },
	{ PGP("A") "\n\n", 1, PGP("A") "\n\n" CAROL, PGP("A") },
	/* a comment of the group's stays at its head */
	{ "# CERT\n\n" BOB PGP("A"), 0, "# CERT\n\n" CAROL "\n" BOB PGP("A"),
	  NULL },
	{ "# CERT\n\n" BOB PGP("A"), 1, "# CERT\n\n" BOB PGP("A") "\n" CAROL,
	  NULL },
	/* what stands at the end isn't made a record */
	{ "# nobody yet", 0, "# nobody yet\n\n" CAROL, "# nobody yet\n\n" },
	{ "# nobody yet\n", 0, "# nobody yet\n\n" CAROL, "# nobody yet\n\n" },
	{ PGP("A") "Member: mallory\n", 1,
	  PGP("A") "Member: mallory\n\n" CAROL,
	  PGP("A") "Member: mallory\n\n" },
	/* no last line end */
	{ "-----BEGIN CMS-----\n-----END CMS-----", 1,
	  "-----BEGIN CMS-----\n-----END CMS-----\n\n" CAROL,
	  "-----BEGIN CMS-----\n-----END CMS-----\n" }
};

static void test_insert(void **state ATTR_UNUSED)
{
	struct doveadm_seal_group_text group;

	for (size_t i = 0; i < N_ELEMENTS(insertions); i++) T_BEGIN {
		const char *text = insertions[i].text;
		unsigned int idx = insertions[i].idx;

		test_case(text, i);
		parse(text, &group);
		doveadm_seal_group_text_insert(&group, idx, &carol,
					       PGP("CCCC"));
		assert_string_equal(print(&group), insertions[i].inserted);
		/* and as it is read again */
		parse(print(&group), &group);
		assert_string_equal(print(&group), insertions[i].inserted);
		assert_string_equal(entry_at(&group, idx)->record.member,
				    "carol");
		doveadm_seal_group_text_remove(&group, idx);
		assert_string_equal(print(&group),
				    insertions[i].removed == NULL ? text :
				    insertions[i].removed);
	} T_END;
}

static const struct {
	const char *text;
	unsigned int idx;
	const char *removed;
} removals[] = {
	{ PGP("A"), 0, "" },
	{ BOB PGP("A"), 0, "" },
	{ BOB PGP("A") "\n" CAROL, 0, CAROL },
	{ BOB PGP("A") "\n" CAROL, 1, BOB PGP("A") },
	{ PGP("A") PGP("B") PGP("C"), 1, PGP("A") PGP("C") },
	{ PGP("A") "\n" PGP("B") "\n" PGP("C"), 1, PGP("A") "\n" PGP("C") },
	{ "# CERT\n\n" BOB PGP("A") "\n" CAROL, 0, "# CERT\n\n" CAROL },
	{ "# CERT\n\n" BOB PGP("A"), 0, "# CERT\n\n" },
	/* what is said of the certificate goes with it */
	{ "# bob's\n" PGP("A") "# carol's\n" PGP("B"), 0,
	  "# carol's\n" PGP("B") },
	{ PGP("A") "\n# more\n\n" PGP("B") "end\n", 1,
	  PGP("A") "\n# more\n\nend\n" }
};

static void test_remove(void **state ATTR_UNUSED)
{
	struct doveadm_seal_group_text group;

	for (size_t i = 0; i < N_ELEMENTS(removals); i++) T_BEGIN {
		test_case(removals[i].text, i);
		parse(removals[i].text, &group);
		doveadm_seal_group_text_remove(&group, removals[i].idx);
		assert_string_equal(print(&group), removals[i].removed);
	} T_END;
}

static void test_replace(void **state ATTR_UNUSED)
{
	static const struct doveadm_seal_group_record record = {
		.member = "bob", .added = "then by root",
		.changed = "now by me", .from_file = TRUE
	};
	struct doveadm_seal_group_text group;

	parse("# CERT\n\n" BOB PGP("A") "\n" CAROL, &group);
	doveadm_seal_group_text_replace(&group, 0, &record, PGP("B"));
	assert_string_equal(print(&group), "# CERT\n\nMember: bob\n"
		"Added: then by root\nChanged: now by me\nFrom: file\n"
		PGP("B") "\n" CAROL);
	parse(print(&group), &group);
	assert_string_equal(describe(&group),
		"bob|then by root|now by me|file|# CERT\n\n\n"
		"carol|now by me|-|-|\n\n");
}

/* Members come and go for years: no lines are left behind. */
static void test_coming_and_going(void **state ATTR_UNUSED)
{
	static const char text[] = "# CERT\n\n" BOB PGP("A") "\n" BOB PGP("B");
	struct doveadm_seal_group_text group;

	for (unsigned int i = 0; i < 300; i++) T_BEGIN {
		parse(text, &group);
		for (unsigned int j = 0; j < 4; j++) {
			doveadm_seal_group_text_insert(&group, (i + j) % 3,
						       &carol, PGP("CCCC"));
			parse(print(&group), &group);
			doveadm_seal_group_text_remove(&group, (i + j) % 3);
			parse(print(&group), &group);
		}
		assert_string_equal(print(&group), text);
	} T_END;
}

/*
 * Whatever stands there
 */

static const char *const lines[] = {
	"Member: bob\n", "Added: x\n", "\n", " \n", "# a comment\n", "x",
	"\xff\n", "-----BEGIN CERTIFICATE-----\n",
	"-----END CERTIFICATE-----\n", "-----END CERTIFICATE-----", "AAAA\n",
	"-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
	"-----END PGP PUBLIC KEY BLOCK-----\n",
	PEM("AAAA"), PGP("BBBB"), PEM("AAAA"), PGP("BBBB"), CAROL
};

static GRand *random_numbers;

static unsigned int any(unsigned int count)
{
	return g_rand_int_range(random_numbers, 0, count);
}

static const char *any_text(void)
{
	string_t *text = t_str_new(512);

	for (unsigned int i = any(12); i > 0; i--)
		str_append(text, lines[any(N_ELEMENTS(lines))]);
	return str_c(text);
}

static unsigned int
count_members(const struct doveadm_seal_group_text *group, const char *name)
{
	const struct doveadm_seal_group_entry *entry;
	unsigned int count = 0;

	array_foreach(&group->entries, entry) {
		if (entry->record.member != NULL &&
		    strcmp(entry->record.member, name) == 0)
			count++;
	}
	return count;
}

static void change_any(struct doveadm_seal_group_text *group)
{
	static const struct doveadm_seal_group_record dora = {
		.member = "dora"
	};
	unsigned int count = array_count(&group->entries), idx;
	unsigned int bobs = count_members(group, "bob");

	idx = any(count + 1);
	doveadm_seal_group_text_insert(group, idx, &dora, PGP("DDDD"));
	parse(print(group), group);
	assert_int_equal(array_count(&group->entries), count + 1);
	assert_int_equal(count_members(group, "dora"), 1);
	assert_int_equal(count_members(group, "bob"), bobs);
	assert_string_equal(entry_at(group, idx)->block,
			    PGP("DDDD"));
	idx = any(count + 1);
	if (entry_at(group, idx)->record.member != NULL &&
	    strcmp(entry_at(group, idx)->record.member, "bob") == 0)
		bobs--;
	doveadm_seal_group_text_remove(group, idx);
	parse(print(group), group);
	assert_int_equal(array_count(&group->entries), count);
	assert_int_equal(count_members(group, "bob"), bobs);
}

static void test_anything(void **state ATTR_UNUSED)
{
	unsigned int good = 0;

	random_numbers = g_rand_new_with_seed(17);
	for (unsigned int i = 0; i < 20000; i++) T_BEGIN {
		struct doveadm_seal_group_text group;
		const char *text = any_text(), *error;

		test_case(text, i);
		if (doveadm_seal_group_text_parse(text, pool_datastack_create(),
						  &group, &error) == 0) {
			assert_string_equal(print(&group), text);
			change_any(&group);
			good++;
		}
	} T_END;
	assert_true(good > 5000);
	g_rand_free(random_numbers);
}

static const struct {
	const char *name;
	bool good;
} names[] = {
	{ "bob", TRUE }, { "bob@example.org", TRUE }, { "a b", TRUE },
	{ "M\xc3\xbcller", TRUE }, { "-----BEGIN CERTIFICATE-----", TRUE },
	{ "", FALSE }, { " bob", FALSE }, { "bob ", FALSE },
	{ "bob\nMember: eve", FALSE }, { "bob\r", FALSE }, { "b\tb", FALSE },
	{ "b\x1b[2J", FALSE }, { "b\x7f", FALSE }, { "b\xff", FALSE }
};

static void test_names(void **state ATTR_UNUSED)
{
	struct doveadm_seal_group_record record = { .member = NULL };
	struct doveadm_seal_group_text group;
	char *long_name = t_malloc0(DOVEADM_SEAL_GROUP_NAME_MAX + 2);

	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		record.member = names[i].name;
		test_case(record.member, i);
		assert_true((doveadm_seal_group_name_problem(record.member) ==
			     NULL) == names[i].good);
		if (!names[i].good)
			continue;
		parse("", &group);
		doveadm_seal_group_text_insert(&group, 0, &record, PGP("A"));
		parse(print(&group), &group);
		assert_string_equal(entry_at(&group, 0)->record.member,
				    record.member);
	}
	memset(long_name, 'a', DOVEADM_SEAL_GROUP_NAME_MAX);
	assert_null(doveadm_seal_group_name_problem(long_name));
	long_name[DOVEADM_SEAL_GROUP_NAME_MAX] = 'a';
	assert_non_null(doveadm_seal_group_name_problem(long_name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_byte_order_mark),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_insert),
		cmocka_unit_test(test_remove),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_coming_and_going),
		cmocka_unit_test(test_anything),
		cmocka_unit_test(test_names)
	};

	/* the data stack's own events need it */
	lib_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
