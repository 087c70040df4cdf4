/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The text of a team mailbox's certificates, as doveadm changes it and as
   administrators do; who is a member, and who may read. Needs libdovecot's
   strings, but no Dovecot that runs. */

#include "lib.h"
#include "array.h"
#include "str.h"
#include "../core/core.h"
#include "group-plan.h"
#include "group-text.h"
#include "public-rows.h"
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

/*
 * Members
 */

/* A certificate of this kind; its text is another for each version of it. */
#define CERT(kind, key, version) \
	{ kind, key, PGP(key version) }
#define OPENPGP(key) CERT("OpenPGP", key, "")

static const struct mail_seal_certificate_text
	a1 = OPENPGP("A1"), a2 = OPENPGP("A2"), b1 = OPENPGP("B1"),
	a1_longer = CERT("OpenPGP", "A1", "longer"),
	x1 = CERT("X.509", "C1", "");

/* "name=certificate name=certificate", a name of "" is none, one with a "+"
   at its end is from a file */
static void
make_group(const char *members, struct doveadm_seal_group_text *group_r)
{
	static const struct mail_seal_certificate_text *const known[] = {
		&a1, &a2, &b1, &a1_longer, &x1
	};
	const char *const *word = t_strsplit_spaces(members, " ");

	parse("", group_r);
	for (; *word != NULL; word++) {
		const char *key = strchr(*word, '=') + 1;
		const char *name = t_strdup_until(*word, key - 1);
		size_t length = strlen(name);
		struct doveadm_seal_group_record record = { .added = "then" };
		unsigned int idx = array_count(&group_r->entries), i = 0;
		struct doveadm_seal_group_entry *entry;

		record.from_file = length > 0 && name[length - 1] == '+';
		if (record.from_file)
			name = t_strndup(name, length - 1);
		record.member = *name == '\0' ? NULL : name;
		while (strcmp(known[i]->fingerprint, key) != 0)
			i++;
		doveadm_seal_group_text_insert(group_r, idx, &record,
					       known[i]->text);
		entry = array_idx_modifiable(&group_r->entries, idx);
		entry->certificate = known[i];
	}
}

static const char *show(const struct doveadm_seal_group_text *group)
{
	const struct doveadm_seal_group_entry *entry;
	string_t *text = t_str_new(128);

	array_foreach(&group->entries, entry) {
		const struct doveadm_seal_group_record *record = &entry->record;

		assert_string_equal(entry->block, entry->certificate->text);
		str_printfa(text, "%s%s%s=%s%s", str_len(text) > 0 ? " " : "",
			    record->member == NULL ? "" : record->member,
			    record->from_file ? "+" : "",
			    entry->certificate->fingerprint,
			    record->changed != NULL ? "*" : "");
	}
	return str_c(text);
}

static const char *const result_words[] = {
	[DOVEADM_SEAL_GROUP_ADDED] = "added",
	[DOVEADM_SEAL_GROUP_CHANGED] = "changed",
	[DOVEADM_SEAL_GROUP_UNCHANGED] = "unchanged",
	[DOVEADM_SEAL_GROUP_REMOVED] = "removed",
	[DOVEADM_SEAL_GROUP_REFUSED] = "refused"
};

static const struct {
	const char *before, *name;
	bool from_file;
	const struct mail_seal_certificate_text *certificates[3];
	/* * marks what has been changed */
	const char *after, *result, *old_keys;
	bool is_new, is_gone;
} settings[] = {
	{ "", "alice", FALSE, { &a1 }, "alice=A1", "added", "", TRUE, FALSE },
	{ "bob=B1", "alice", FALSE, { &a1 }, "bob=B1 alice=A1", "added", "",
	  TRUE, FALSE },
	{ "alice=A1 bob=B1", "alice", FALSE, { &a1 }, "alice=A1 bob=B1",
	  "unchanged", "A1", FALSE, FALSE },
	{ "alice=A1 bob=B1", "alice", FALSE, { &a2 }, "alice=A2* bob=B1",
	  "changed", "A1", TRUE, TRUE },
	{ "alice=A1 bob=B1", "alice", FALSE, { &a1_longer },
	  "alice=A1* bob=B1", "changed", "A1", FALSE, FALSE },
	/* one more, one less, in any order */
	{ "alice=A1 bob=B1", "alice", FALSE, { &a1, &a2 },
	  "alice=A1* alice=A2* bob=B1", "changed", "A1", TRUE, FALSE },
	{ "alice=A1 bob=B1 alice=A2", "alice", FALSE, { &a2 },
	  "alice=A2* bob=B1", "changed", "A1,A2", FALSE, TRUE },
	{ "alice=A1 bob=B1 alice=A2", "alice", FALSE, { &a2, &a1 },
	  "alice=A1 bob=B1 alice=A2", "unchanged", "A1,A2", FALSE, FALSE },
	/* who is named for a certificate that was there without a name */
	{ "=A1 bob=B1", "alice", FALSE, { &a1 }, "alice=A1* bob=B1", "changed",
	  "A1", FALSE, FALSE },
	{ "=A1 alice=A2", "alice", FALSE, { &a1 }, "alice=A1*", "changed",
	  "A1,A2", FALSE, TRUE },
	/* from a file */
	{ "bob=B1", "alice", TRUE, { &a1 }, "bob=B1 alice+=A1", "added", "",
	  TRUE, FALSE },
	{ "bob=B1", NULL, TRUE, { &a1 }, "bob=B1 +=A1", "added", "", TRUE,
	  FALSE },
	{ "alice=A1", NULL, TRUE, { &a1 }, "alice=A1", "unchanged", "A1", FALSE,
	  FALSE },
	{ "alice=A1", NULL, TRUE, { &a1_longer }, "alice=A1*", "changed", "A1",
	  FALSE, FALSE },
	{ "alice+=A1", "alice", FALSE, { &a1 }, "alice=A1*", "changed", "A1",
	  FALSE, FALSE },
	/* no */
	{ "bob=A1", "alice", FALSE, { &a1 }, "bob=A1", "refused", "", FALSE,
	  FALSE },
	{ "bob=B1", "alice", FALSE, { &x1 }, "bob=B1", "refused", "", FALSE,
	  FALSE },
	{ "alice=A1 bob=B1", "alice", FALSE, { &x1 }, "alice=A1 bob=B1",
	  "refused", "A1", FALSE, FALSE },
	/* the only one may come with another kind */
	{ "alice=A1", "alice", FALSE, { &x1 }, "alice=C1*", "changed", "A1",
	  TRUE, TRUE },
	/* names are what they are */
	{ "Alice=A1", "alice", FALSE, { &a2 }, "Alice=A1 alice=A2", "added",
	  "", TRUE, FALSE }
};

static void test_set(void **state ATTR_UNUSED)
{
	for (size_t i = 0; i < N_ELEMENTS(settings); i++) T_BEGIN {
		struct mail_seal_certificate_text certificates[3];
		struct doveadm_seal_group_member member = {
			.name = settings[i].name,
			.from_file = settings[i].from_file,
			.certificates = certificates
		};
		struct doveadm_seal_group_change change;
		struct doveadm_seal_group_text group;

		test_case(settings[i].before, i);
		for (; settings[i].certificates[member.count] != NULL;
		     member.count++) {
			certificates[member.count] =
				*settings[i].certificates[member.count];
		}
		make_group(settings[i].before, &group);
		doveadm_seal_group_set(&group, &member, "now", &change);
		assert_string_equal(show(&group), settings[i].after);
		assert_string_equal(result_words[change.result],
				    settings[i].result);
		assert_string_equal(t_strarray_join(change.old_keys, ","),
				    settings[i].old_keys);
		assert_int_equal(change.is_new, settings[i].is_new);
		assert_int_equal(change.is_gone, settings[i].is_gone);
		assert_int_equal(change.reason != NULL,
				 change.result == DOVEADM_SEAL_GROUP_REFUSED);
	} T_END;
}

static const struct {
	const char *before, *name, *after, *result;
	bool is_gone;
} unsettings[] = {
	{ "alice=A1 bob=B1", "alice", "bob=B1", "removed", TRUE },
	{ "alice=A1 bob=B1 alice=A2", "alice", "bob=B1", "removed", TRUE },
	{ "=A1 bob=B1", "A1", "bob=B1", "removed", TRUE },
	{ "=A1 bob=B1", "a1", "bob=B1", "removed", TRUE },
	{ "alice=A1 bob=B1 carol=A1", "carol", "alice=A1 bob=B1", "removed",
	  FALSE },
	/* a name is a name first */
	{ "A1=B1 bob=A1", "A1", "bob=A1", "removed", TRUE },
	{ "alice=A1", "alice", "alice=A1", "refused", FALSE },
	{ "alice=A1 alice=A2", "alice", "alice=A1 alice=A2", "refused", FALSE },
	{ "alice=A1 bob=B1", "Alice", "alice=A1 bob=B1", "refused", FALSE },
	{ "alice=A1 bob=B1", "A", "alice=A1 bob=B1", "refused", FALSE },
	{ "alice=A1 =B1", "", "alice=A1 =B1", "refused", FALSE },
	{ "", "alice", "", "refused", FALSE }
};

static void test_unset(void **state ATTR_UNUSED)
{
	for (size_t i = 0; i < N_ELEMENTS(unsettings); i++) T_BEGIN {
		struct doveadm_seal_group_change change;
		struct doveadm_seal_group_text group;

		test_case(unsettings[i].before, i);
		make_group(unsettings[i].before, &group);
		doveadm_seal_group_unset(&group, unsettings[i].name, &change);
		assert_string_equal(show(&group), unsettings[i].after);
		assert_string_equal(result_words[change.result],
				    unsettings[i].result);
		assert_int_equal(change.is_gone, unsettings[i].is_gone);
	} T_END;
}

static void test_many(void **state ATTR_UNUSED)
{
	struct mail_seal_certificate_text certificate = OPENPGP("A1");
	const struct doveadm_seal_group_member member = {
		.certificates = &certificate, .count = 1
	};
	struct doveadm_seal_group_change change;
	struct doveadm_seal_group_text group;

	parse("", &group);
	for (unsigned int i = 0; i <= DOVEADM_SEAL_GROUP_MEMBERS_MAX; i++) {
		struct mail_seal_certificate_text *copy =
			t_new(struct mail_seal_certificate_text, 1);
		struct doveadm_seal_group_member one = member;

		*copy = certificate;
		copy->fingerprint = t_strdup_printf("%u", i);
		one.certificates = copy;
		doveadm_seal_group_set(&group, &one, "now", &change);
		assert_string_equal(result_words[change.result],
				    i < DOVEADM_SEAL_GROUP_MEMBERS_MAX ?
				    "added" : "refused");
	}
	assert_string_equal(change.reason,
			    "a mailbox has 500 members at the most");
}

/*
 * Readers
 */

static const struct {
	bool may_read;
	/* separated by spaces */
	const char *keys;
	const char *problem, *fingerprint;
} readers[] = {
	/* alice's are A1 and, out of date, A2; B1 was given for her by hand */
	{ TRUE, "A1", NULL, "A1" },
	{ TRUE, "A1 Z9", NULL, "A1" },
	{ TRUE, "Z9", "has another certificate by now (seal group sync)",
	  "A1" },
	{ TRUE, "", NULL, "A1" },
	{ FALSE, "A1", "is a recipient without the right to read", "A1" },
	{ FALSE, "", "is a recipient without the right to read", "A1" }
};

static void test_readers(void **state ATTR_UNUSED)
{
	for (size_t i = 0; i < N_ELEMENTS(readers); i++) {
		struct doveadm_seal_recipient recipients[] = {
			{ .fingerprint = "A1", .member = "alice" },
			{ .fingerprint = "A2", .member = "alice",
			  .problem = "it has expired" },
			{ .fingerprint = "C1", .member = "carol" },
			{ .fingerprint = NULL, .problem = "it is damaged" }
		};
		const struct doveadm_seal_reader reader = {
			.username = "alice", .may_read = readers[i].may_read,
			.keys = t_strsplit_spaces(readers[i].keys, " ")
		};
		const char *fingerprint, *problem;

		test_case(readers[i].keys, i);
		problem = doveadm_seal_reader_problem(&reader, recipients,
			N_ELEMENTS(recipients), &fingerprint);
		assert_int_equal(null_strcmp(problem, readers[i].problem), 0);
		assert_string_equal(fingerprint, readers[i].fingerprint);
		assert_true(recipients[0].known && recipients[1].known);
		assert_false(recipients[2].known || recipients[3].known);
	}
}

static const struct {
	const char *member, *keys;
	bool may_read, from_file;
	const char *certificate_problem;
	const char *problem;
} others[] = {
	{ "carol", "", TRUE, FALSE, NULL, "may read, but has no certificate" },
	{ "carol", "Z9", TRUE, FALSE, NULL,
	  "may read, but isn't a recipient" },
	{ "carol", "Z9", FALSE, FALSE, NULL, NULL },
	/* by the certificate alone */
	{ NULL, "C1", TRUE, FALSE, NULL, NULL },
	{ NULL, "C1", FALSE, FALSE, NULL,
	  "is a recipient without the right to read" },
	{ "carol", "C1", TRUE, FALSE, NULL, NULL },
	/* the administrator gave it */
	{ "alice", "Z9", TRUE, TRUE, NULL, NULL },
	{ "alice", "C1", TRUE, FALSE, "it has expired",
	  "may read, but the certificate can't be used: it has expired" },
	{ "alice", "C1", FALSE, FALSE, "it has expired",
	  "is a recipient without the right to read" }
};

static void test_other_readers(void **state ATTR_UNUSED)
{
	for (size_t i = 0; i < N_ELEMENTS(others); i++) T_BEGIN {
		struct doveadm_seal_recipient recipient = {
			.fingerprint = "C1", .member = others[i].member,
			.from_file = others[i].from_file,
			.problem = others[i].certificate_problem
		};
		const struct doveadm_seal_reader reader = {
			.username = "alice", .may_read = others[i].may_read,
			.keys = t_strsplit_spaces(others[i].keys, " ")
		};
		const char *fingerprint;

		test_case(others[i].keys, i);
		assert_int_equal(null_strcmp(doveadm_seal_reader_problem(
			&reader, &recipient, 1, &fingerprint),
			others[i].problem), 0);
	} T_END;
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
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_unset),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_readers),
		cmocka_unit_test(test_other_readers)
	};

	/* the data stack's own events need it */
	lib_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
