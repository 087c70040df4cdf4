/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What an owner declined as text: a line that says what it is, and a line for
   each certificate. A line that isn't understood is a later version's, or
   damaged, and is skipped: the worst is that he is asked once more.

	mail-seal-declined 1
	withdrawn 1764102000 4F8B...
	unanswered 1764102000 9C01...
*/

#include "lib.h"
#include "str.h"
#include "time-util.h"
#include "clocks.h"
#include "declined-text.h"

#define DECLINED_TITLE "mail-seal-declined 1"
#define FINGERPRINT_LENGTH_MAX 64
/* the end of the year 9999, and localtime() can do no more than it can */
#define WHEN_MAX 253402300799

/* words that never change */
static const char *const kinds[] = { "unanswered", "rejected", "withdrawn" };

static bool parse_kind(const char *word, enum mail_seal_declined_kind *kind_r)
{
	for (unsigned int i = 0; i < N_ELEMENTS(kinds); i++) {
		if (strcmp(word, kinds[i]) == 0) {
			*kind_r = i;
			return TRUE;
		}
	}
	return FALSE;
}

static bool is_fingerprint(const char *word)
{
	size_t length = strlen(word);

	return length > 0 && length <= FINGERPRINT_LENGTH_MAX &&
		strspn(word, "0123456789ABCDEF") == length;
}

static bool
parse_line(const char *line, pool_t pool,
	   struct mail_seal_declined_entry *entry_r)
{
	const char *const *words = t_strsplit(line, " ");

	if (str_array_length(words) != 3 ||
	    !parse_kind(words[0], &entry_r->kind) ||
	    str_to_time(words[1], &entry_r->when) < 0 ||
	    entry_r->when < 0 || entry_r->when > WHEN_MAX ||
	    !is_fingerprint(words[2]))
		return FALSE;
	entry_r->fingerprint = p_strdup(pool, words[2]);
	return TRUE;
}

void mail_seal_declined_parse(const char *text, pool_t pool,
			      struct mail_seal_declined *declined_r)
{
	/* no frame of its own: the pool may be the data stack */
	const char *const *lines = t_strsplit(text, "\n");
	struct mail_seal_declined_entry entry;

	i_zero(declined_r);
	for (; *lines != NULL; lines++) {
		if (parse_line(*lines, pool, &entry))
			mail_seal_declined_add(declined_r, &entry);
	}
}

void mail_seal_declined_print(const struct mail_seal_declined *declined,
			      string_t *text)
{
	if (declined->count > 0)
		str_append(text, DECLINED_TITLE"\n");
	for (unsigned int i = 0; i < declined->count; i++) {
		const struct mail_seal_declined_entry *entry =
			&declined->list[i];

		str_printfa(text, "%s %s %s\n", kinds[entry->kind],
			    dec2str(entry->when), entry->fingerprint);
	}
}

const struct mail_seal_declined_entry *
mail_seal_declined_find(const struct mail_seal_declined *declined,
			const char *fingerprint)
{
	for (unsigned int i = 0; i < declined->count; i++) {
		if (strcmp(declined->list[i].fingerprint, fingerprint) == 0)
			return &declined->list[i];
	}
	return NULL;
}

static void
remove_at(struct mail_seal_declined *declined, unsigned int i)
{
	declined->count--;
	memmove(&declined->list[i], &declined->list[i + 1],
		(declined->count - i) * sizeof(declined->list[0]));
}

void mail_seal_declined_remove(struct mail_seal_declined *declined,
			       const char *fingerprint)
{
	for (unsigned int i = declined->count; i > 0; i--) {
		if (strcmp(declined->list[i - 1].fingerprint,
			   fingerprint) == 0)
			remove_at(declined, i - 1);
	}
}

/* Does what was said outweigh silence, and then what is newer what is older?
   Whoever withdrew a certificate isn't asked again because he doesn't answer
   to somebody else's offer. */
static bool
matters_more(const struct mail_seal_declined_entry *entry1,
	     const struct mail_seal_declined_entry *entry2)
{
	bool said1 = entry1->kind != MAIL_SEAL_DECLINED_UNANSWERED;
	bool said2 = entry2->kind != MAIL_SEAL_DECLINED_UNANSWERED;

	return said1 != said2 ? said1 : entry1->when > entry2->when;
}

/* Returns the place of the one that matters least. */
static unsigned int least(const struct mail_seal_declined *declined)
{
	unsigned int found = 0;

	for (unsigned int i = 1; i < declined->count; i++) {
		if (matters_more(&declined->list[found], &declined->list[i]))
			found = i;
	}
	return found;
}

void mail_seal_declined_add(struct mail_seal_declined *declined,
			    const struct mail_seal_declined_entry *entry)
{
	const struct mail_seal_declined_entry *known =
		mail_seal_declined_find(declined, entry->fingerprint);

	if (known != NULL && matters_more(known, entry))
		return;
	mail_seal_declined_remove(declined, entry->fingerprint);
	if (declined->count == MAIL_SEAL_DECLINED_MAX)
		remove_at(declined, least(declined));
	declined->list[declined->count++] = *entry;
}

time_t mail_seal_declined_last(const struct mail_seal_declined *declined,
			       bool only_withdrawn, time_t now)
{
	time_t last = 0;

	for (unsigned int i = 0; i < declined->count; i++) {
		time_t when = mail_seal_clocks_possible(declined->list[i].when,
							now);

		if (!only_withdrawn ||
		    declined->list[i].kind == MAIL_SEAL_DECLINED_WITHDRAWN)
			last = I_MAX(last, when);
	}
	return last;
}

time_t mail_seal_declined_until(const struct mail_seal_declined_entry *entry)
{
	return entry->kind != MAIL_SEAL_DECLINED_UNANSWERED ? 0 :
		entry->when + MAIL_SEAL_DECLINED_UNANSWERED_SECS;
}

static const char *day(time_t when)
{
	return t_strflocaltime("%Y-%m-%d", when);
}

const char *
mail_seal_declined_describe(const struct mail_seal_declined_entry *entry)
{
	time_t until = mail_seal_declined_until(entry);

	return until == 0 ?
		t_strdup_printf("declined on %s (%s)", day(entry->when),
				kinds[entry->kind]) :
		t_strdup_printf("declined on %s (no answer; offered again "
				"from %s)", day(entry->when), day(until));
}
