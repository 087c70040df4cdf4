/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What is known of a matter, as the words that its text fills in. */

#include "lib.h"
#include "array.h"
#include "sort.h"
#include "str.h"
#include "enrol.h"
#include "notice.h"
#include "notice-words.h"
#include "owner-settings.h"
#include "texts.h"

#define SECONDS_PER_DAY (24 * 60 * 60)
#define GROUP_LENGTH 4
/* as gpg writes an OpenPGP fingerprint in one line */
#define GROUPS_PER_LINE 10
/* a SHA-256 fingerprint is easier to compare in two lines of the same length */
#define GROUPS_PER_LINE_LONG 8

static const struct {
	const char *name;
	bool secret;
} kinds[] = {
#define MAIL_SEAL_NOTICE_ROW(kind, name, secret) { name, secret },
	MAIL_SEAL_NOTICES(MAIL_SEAL_NOTICE_ROW)
#undef MAIL_SEAL_NOTICE_ROW
};

const char *mail_seal_notice_name(enum mail_seal_notice kind)
{
	return kinds[kind].name;
}

bool mail_seal_notice_is_secret(enum mail_seal_notice kind)
{
	return kinds[kind].secret;
}

const char *mail_seal_notice_fingerprint(const char *fingerprint)
{
	string_t *text = t_str_new(128);
	size_t length = strlen(fingerprint);
	unsigned int per_line = length > GROUP_LENGTH * GROUPS_PER_LINE ?
		GROUPS_PER_LINE_LONG : GROUPS_PER_LINE;

	for (size_t i = 0; i < length; i++) {
		if (i > 0 && i % (GROUP_LENGTH * per_line) == 0)
			str_append_c(text, '\n');
		else if (i > 0 && i % GROUP_LENGTH == 0)
			str_append_c(text, ' ');
		str_append_c(text, fingerprint[i]);
	}
	return str_c(text);
}

static const char *fingerprint_lines(const char *const *fingerprints)
{
	string_t *text = t_str_new(256);

	if (fingerprints == NULL)
		return NULL;
	for (; *fingerprints != NULL; fingerprints++) {
		if (str_len(text) > 0)
			str_append_c(text, '\n');
		str_append(text, mail_seal_notice_fingerprint(*fingerprints));
	}
	return str_c(text);
}

void mail_seal_notice_append_sorted(string_t *text,
				    const char *const *fingerprints)
{
	unsigned int count = fingerprints == NULL ? 0 :
		str_array_length(fingerprints);
	const char **sorted = t_new(const char *, count + 1);

	for (unsigned int i = 0; i < count; i++)
		sorted[i] = fingerprints[i];
	i_qsort(sorted, count, sizeof(*sorted), i_strcmp_p);
	str_append(text, t_strarray_join(sorted, ","));
}

static bool
is_same(const char *const *fingerprints1, const char *const *fingerprints2)
{
	string_t *sorted1 = t_str_new(128), *sorted2 = t_str_new(128);

	mail_seal_notice_append_sorted(sorted1, fingerprints1);
	mail_seal_notice_append_sorted(sorted2, fingerprints2);
	return str_equals(sorted1, sorted2);
}

/* Rounded up: the owner is promised no less. */
static const char *days(unsigned int secs)
{
	return secs == 0 ? NULL : t_strdup_printf("%u",
		(secs + SECONDS_PER_DAY - 1) / SECONDS_PER_DAY);
}

static const char *flag(bool value)
{
	return value ? "yes" : NULL;
}

static bool is_way(const struct mail_seal_notice_facts *facts, const char *way)
{
	return facts->way != NULL && strcmp(facts->way, way) == 0;
}

const struct mail_seal_text_variable *
mail_seal_notice_words(const struct mail_seal_settings *set,
		       const char *address,
		       const struct mail_seal_notice_facts *facts)
{
	bool old_needed = facts->old_code_needed;
	bool delay = facts->change_delay_secs > 0;
	const struct mail_seal_text_variable words[] = {
		{ .name = "owner", .value = address },
		{ .name = "fingerprint",
		  .value = fingerprint_lines(facts->fingerprints) },
		{ .name = "old_fingerprint",
		  .value = fingerprint_lines(facts->old_fingerprints) },
		{ .name = "code", .value = facts->code, .required = TRUE },
		{ .name = "stop_code", .value = facts->stop_code,
		  .required = TRUE },
		{ .name = "renewed", .value =
		  flag(is_same(facts->fingerprints, facts->old_fingerprints)) },
		{ .name = "two_codes", .value = flag(old_needed) },
		{ .name = "ask_administrator",
		  .value = flag(old_needed && !delay) },
		{ .name = "wait_days",
		  .value = days(facts->change_delay_secs) },
		{ .name = "date", .date = facts->until },
		{ .name = "days", .value = facts->days == 0 ? NULL :
		  t_strdup_printf("%u", facts->days) },
		{ .name = "one_day", .value = flag(facts->days == 1) },
		{ .name = "x509", .value = flag(facts->x509) },
		{ .name = "reason", .value = facts->reason },
		{ .name = "by_administrator",
		  .value = flag(is_way(facts, "doveadm")) },
		{ .name = "by_network", .value = flag(facts->way != NULL &&
			strncmp(facts->way, MAIL_SEAL_WAY_FIND,
				strlen(MAIL_SEAL_WAY_FIND)) == 0) },
		{ .name = "by_hand", .value = flag(is_way(facts, "hand")) },
		{ .name = "mail_waits",
		  .value = flag(set->unusable_key == MAIL_SEAL_TEMPFAIL) },
		{ .name = "keys_mailbox", .value = set->keys_mailbox },
		{ .name = NULL }
	};

	return p_memdup(pool_datastack_create(), words, sizeof(words));
}
