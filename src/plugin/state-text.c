/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The owner's state as text: a line that says what it is, "NAME VALUE" lines,
   of which unknown ones are a later version's and are skipped, and "end", by
   which a file that was cut off is known. Lines of facts each begin with that
   name.

	mail-seal-state 1
	enrolled 1764102000
	keys 4F8B...,9C01...
	given 1764102000 metadata
	facts mail-seal-facts 1
	facts ...
	told expires-30:1766694000:4F8B...,9C01...
	owed 4F8B... 9C01...
	end
*/

#include "lib.h"
#include "str.h"
#include "../seal/clock.h"
#include "clocks.h"
#include "state-text.h"

#define STATE_TITLE "mail-seal-state 1"
#define STATE_END "end"
#define FINGERPRINT_LENGTH_MAX 64
#define FINGERPRINTS_MAX 64
/* the end of the year 9999, and localtime() can do no more than it can */
#define SINCE_MAX 253402300799

static bool fingerprints_are_valid(const char *const *fingerprints)
{
	unsigned int count = str_array_length(fingerprints);

	for (unsigned int i = 0; i < count; i++) {
		size_t length = strlen(fingerprints[i]);

		if (length == 0 || length > FINGERPRINT_LENGTH_MAX ||
		    strspn(fingerprints[i], "0123456789ABCDEF") != length)
			return FALSE;
	}
	return count > 0 && count <= FINGERPRINTS_MAX;
}

static void
add_told(struct mail_seal_state *state, const char *word, pool_t pool)
{
	unsigned int count = state->told == NULL ? 0 :
		str_array_length(state->told);
	const char **told;

	if (count == MAIL_SEAL_STATE_TOLD_MAX)
		return;
	told = p_new(pool, const char *, count + 2);
	for (unsigned int i = 0; i < count; i++)
		told[i] = state->told[i];
	told[count] = p_strdup(pool, word);
	state->told = told;
}

/* "TIME WAY" */
static bool
parse_given(const char *value, pool_t pool, struct mail_seal_state *state)
{
	const char *space = strchr(value, ' ');

	if (space == NULL)
		return FALSE;
	state->given_way = p_strdup(pool, space + 1);
	return str_to_time(t_strdup_until(value, space), &state->given) == 0 &&
		state->given >= 0 && state->given <= SINCE_MAX;
}

static bool
parse_line(const char *line, pool_t pool, string_t *facts,
	   struct mail_seal_state *state)
{
	const char *value = strchr(line, ' ');
	const char *name = value == NULL ? line : t_strdup_until(line, value);

	value = value == NULL ? "" : value + 1;
	if (strcmp(name, "enrolled") == 0) {
		state->enrolled = TRUE;
		return str_to_time(value, &state->since) == 0 &&
			state->since >= 0 && state->since <= SINCE_MAX;
	}
	if (strcmp(name, "withdrawn-before") == 0)
		return str_to_time(value, &state->withdrawn_before) == 0 &&
			state->withdrawn_before <= SINCE_MAX;
	if (strcmp(name, "keys") == 0) {
		state->fingerprints = (const char *const *)
			p_strsplit(pool, value, ",");
		return fingerprints_are_valid(state->fingerprints);
	}
	if (strcmp(name, "told") == 0)
		add_told(state, value, pool);
	if (strcmp(name, "owed") == 0)
		state->owed = p_strdup(pool, value);
	if (strcmp(name, "given") == 0)
		return parse_given(value, pool, state);
	if (strcmp(name, "facts") == 0) {
		str_append(facts, value);
		str_append_c(facts, '\n');
	}
	return TRUE;
}

static bool
parse_lines(const char *const *lines, pool_t pool,
	    struct mail_seal_state *state)
{
	string_t *facts = str_new(pool, 256);

	if (*lines == NULL || strcmp(*lines, STATE_TITLE) != 0)
		return FALSE;
	for (lines++; *lines != NULL; lines++) {
		if (strcmp(*lines, STATE_END) == 0) {
			if (str_len(facts) > 0)
				state->facts = str_c(facts);
			return state->enrolled;
		}
		if (!parse_line(*lines, pool, facts, state))
			return FALSE;
	}
	return FALSE;
}

void mail_seal_state_parse(const char *text, pool_t pool,
			   struct mail_seal_state *state_r)
{
	i_zero(state_r);
	/* no frame of its own: the pool may be the data stack */
	if (!parse_lines(t_strsplit(text, "\n"), pool, state_r)) {
		i_zero(state_r);
		state_r->damaged = state_r->enrolled = TRUE;
	}
	state_r->known = TRUE;
}

static void print_facts(const char *facts, string_t *text)
{
	while (*facts != '\0') {
		size_t length = strcspn(facts, "\n");

		str_append(text, "facts ");
		str_append_data(text, facts, length);
		str_append_c(text, '\n');
		facts += length + (facts[length] == '\n' ? 1 : 0);
	}
}

void mail_seal_state_print(const struct mail_seal_state *state, string_t *text)
{
	str_append(text, STATE_TITLE"\n");
	str_printfa(text, "enrolled %s\n", dec2str(state->since));
	if (state->withdrawn_before != 0) {
		str_printfa(text, "withdrawn-before %s\n",
			    dec2str(state->withdrawn_before));
	}
	if (state->fingerprints != NULL && *state->fingerprints != NULL) {
		str_printfa(text, "keys %s\n",
			    t_strarray_join(state->fingerprints, ","));
	}
	if (state->given_way != NULL) {
		str_printfa(text, "given %s %s\n", dec2str(state->given),
			    state->given_way);
	}
	if (state->facts != NULL &&
	    strlen(state->facts) <= MAIL_SEAL_STATE_FACTS_MAX)
		print_facts(state->facts, text);
	for (unsigned int i = 0; state->told != NULL &&
	     state->told[i] != NULL && i < MAIL_SEAL_STATE_TOLD_MAX; i++)
		str_printfa(text, "told %s\n", state->told[i]);
	if (state->owed != NULL)
		str_printfa(text, "owed %s\n", state->owed);
	str_append(text, STATE_END"\n");
}

static void
merge_told(struct mail_seal_state *state, const char *const *told, pool_t pool)
{
	for (; told != NULL && *told != NULL; told++) {
		if (state->told == NULL || !str_array_find(state->told, *told))
			add_told(state, *told, pool);
	}
}

/* Does the other know the certificates of a later time, or alone? */
static bool
is_later(const struct mail_seal_state *other,
	 const struct mail_seal_state *state, time_t now)
{
	return other->fingerprints != NULL &&
		(state->fingerprints == NULL ||
		 mail_seal_clocks_possible(other->given, now) >
		 mail_seal_clocks_possible(state->given, now));
}

bool mail_seal_state_merge(struct mail_seal_state *state,
			   const struct mail_seal_state *other, time_t now,
			   pool_t pool)
{
	string_t *before = str_new(pool, 1024), *after = str_new(pool, 1024);

	if (!state->known || state->damaged) {
		*state = *other;
		state->facts = NULL;
		state->since = mail_seal_clocks_possible(other->since, now);
		state->given = mail_seal_clocks_possible(other->given, now);
		return TRUE;
	}
	mail_seal_state_print(state, before);
	if (is_later(other, state, now)) {
		if (!mail_seal_state_has_fingerprints(state,
						      other->fingerprints))
			state->facts = NULL;
		state->fingerprints = other->fingerprints;
		state->given_way = other->given_way;
		state->given = mail_seal_clocks_possible(other->given, now);
		state->owed = other->owed;
	}
	/* a withdrawal from before the later time is over */
	state->since = mail_seal_clocks_later(state->since, other->since, now);
	state->withdrawn_before = I_MAX(state->withdrawn_before,
					other->withdrawn_before);
	merge_told(state, other->told, pool);
	mail_seal_state_print(state, after);
	return !str_equals(before, after);
}

time_t mail_seal_state_time(const struct mail_seal_state *state, time_t now)
{
	time_t when = mail_seal_clocks_after(state->since, now);

	when = I_MAX(when, mail_seal_clocks_after(state->given, now));
	return I_MAX(when,
		     mail_seal_clocks_after(state->withdrawn_before, now));
}

time_t mail_seal_state_changed(const struct mail_seal_state *state,
			       time_t file_changed, time_t now)
{
	time_t when = mail_seal_clocks_possible(file_changed, now);

	/* dsync has just made it of messages */
	if (mail_seal_state_is_moved(state))
		return 0;
	when = I_MAX(when, mail_seal_clocks_possible(state->since, now));
	return I_MAX(when, mail_seal_clocks_possible(state->given, now));
}

bool mail_seal_state_is_withdrawn(const struct mail_seal_state *state,
				  time_t withdrawn, time_t now)
{
	/* of one whom dsync brought only this is known: he was enrolled then */
	time_t since = mail_seal_state_is_moved(state) ?
		state->given : state->since;

	since = mail_seal_clocks_possible(since, now);
	return withdrawn > state->withdrawn_before &&
		withdrawn + SEAL_CLOCK_SKEW_SECS >= since;
}

bool mail_seal_state_is_moved(const struct mail_seal_state *state)
{
	return !state->damaged && state->fingerprints == NULL &&
		null_strcmp(state->given_way, MAIL_SEAL_STATE_MOVED) == 0;
}

bool mail_seal_state_has_fingerprints(const struct mail_seal_state *state,
				      const char *const *fingerprints)
{
	const char *const *known = state->fingerprints;

	if (known == NULL || fingerprints == NULL)
		return known == fingerprints;
	if (str_array_length(known) != str_array_length(fingerprints))
		return FALSE;
	for (; *fingerprints != NULL; fingerprints++) {
		if (!str_array_find(known, *fingerprints))
			return FALSE;
	}
	return TRUE;
}
