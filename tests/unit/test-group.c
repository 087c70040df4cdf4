/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Who is a member of a team mailbox, and who may read. Needs libdovecot's
   strings, but no Dovecot that runs. */

#include "lib.h"
#include "array.h"
#include "str.h"
#include "../core/core.h"
#include "group-plan.h"
#include "group-text.h"
#include "public-rows.h"
#include "test-lib.h"

/*
 * Members
 */

/* A certificate of this kind; its text is another for each version of it. */
#define CERT(kind, key, version) \
	{ kind, key, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" key version \
	  "\n-----END PGP PUBLIC KEY BLOCK-----\n" }
#define OPENPGP(key) CERT("OpenPGP", key, "")

static const struct mail_seal_certificate_text
	a1 = OPENPGP("A1"), a2 = OPENPGP("A2"), b1 = OPENPGP("B1"),
	a1_longer = CERT("OpenPGP", "A1", "longer"),
	x1 = CERT("X.509", "C1", "");

static void make_empty(struct doveadm_seal_group_text *group_r)
{
	const char *error;

	assert_int_equal(doveadm_seal_group_text_parse("",
		pool_datastack_create(), group_r, &error), 0);
}

/* "name=certificate name=certificate", a name of "" is none, one with a "+"
   at its end is from a file */
static void
make_group(const char *members, struct doveadm_seal_group_text *group_r)
{
	static const struct mail_seal_certificate_text *const known[] = {
		&a1, &a2, &b1, &a1_longer, &x1
	};
	const char *const *word = t_strsplit_spaces(members, " ");

	make_empty(group_r);
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

	make_empty(&group);
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
