/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "code.h"
#include "owner-settings.h"
#include "pending-text.h"
#include "../seal/clock.h"

#define DAY_SECS (24 * 60 * 60)
/* two notices of one day are closer together */
#define NOTICE_APART_SECS (DAY_SECS / 2)

bool mail_seal_gate_same_keys(const char *const *keys1,
			      const char *const *keys2)
{
	if (keys1 == NULL || keys2 == NULL)
		return keys1 == keys2;
	if (str_array_length(keys1) != str_array_length(keys2))
		return FALSE;
	for (; *keys1 != NULL; keys1++) {
		if (!str_array_find(keys2, *keys1))
			return FALSE;
	}
	return TRUE;
}

enum mail_seal_gate_way
mail_seal_gate_decide(const struct mail_seal_settings *set,
		      const struct mail_seal_gate_wish *wish,
		      unsigned int *codes_r)
{
	*codes_r = 0;
	if (wish->withdraw && wish->old_keys == NULL)
		return MAIL_SEAL_GATE_NOTHING;
	if (!set->confirm)
		return MAIL_SEAL_GATE_OPEN;
	if (!wish->withdraw)
		*codes_r |= MAIL_SEAL_GATE_BIT(MAIL_SEAL_GATE_NEW);
	/* the first, or the same primary key: a new expiry, a new subkey */
	if (!wish->withdraw &&
	    (wish->old_keys == NULL ||
	     mail_seal_gate_same_keys(wish->keys, wish->old_keys)))
		return MAIL_SEAL_GATE_CODES;
	/* Who can't be asked can't agree, nor be told each day what is going
	   on. */
	if (!wish->old_usable) {
		*codes_r = 0;
		return MAIL_SEAL_GATE_CLOSED;
	}
	*codes_r |= MAIL_SEAL_GATE_BIT(MAIL_SEAL_GATE_OLD) |
		MAIL_SEAL_GATE_BIT(MAIL_SEAL_GATE_STOP);
	return MAIL_SEAL_GATE_CODES;
}

enum mail_seal_gate_answer
mail_seal_gate_give(struct mail_seal_pending *pending, const char *code,
		    time_t now)
{
	enum mail_seal_gate_answer answer = MAIL_SEAL_GATE_WRONG;

	/* all of them, so that the time tells nothing */
	for (unsigned int i = 0; i < pending->code_count; i++) {
		time_t *given = &pending->given[pending->codes[i].kind];

		if (!mail_seal_code_has_hash(code, pending->codes[i].hash))
			continue;
		if (pending->codes[i].kind == MAIL_SEAL_GATE_STOP) {
			answer = MAIL_SEAL_GATE_STOPS;
		} else if (*given != 0) {
			answer = MAIL_SEAL_GATE_KNOWN;
		} else {
			answer = MAIL_SEAL_GATE_COUNTS;
			*given = now;
		}
	}
	return answer;
}

bool mail_seal_gate_needs_old(const struct mail_seal_pending *pending)
{
	return pending->old_keys != NULL &&
		(pending->withdraw ||
		 !mail_seal_gate_same_keys(pending->keys, pending->old_keys));
}

unsigned int mail_seal_gate_missing(const struct mail_seal_pending *pending)
{
	unsigned int missing = 0;

	for (unsigned int i = 0; i < pending->code_count; i++) {
		enum mail_seal_gate_code kind = pending->codes[i].kind;

		if (kind != MAIL_SEAL_GATE_STOP && pending->given[kind] == 0)
			missing |= MAIL_SEAL_GATE_BIT(kind);
	}
	return missing;
}

/* When the wait began, or 0: a withdrawal has nothing to prove first. */
static time_t delay_since(const struct mail_seal_pending *pending)
{
	if (!mail_seal_gate_needs_old(pending))
		return 0;
	return pending->withdraw ? pending->since :
		pending->given[MAIL_SEAL_GATE_NEW];
}

time_t mail_seal_gate_delay_until(const struct mail_seal_pending *pending,
				  const struct mail_seal_settings *set)
{
	time_t since = delay_since(pending);

	return set->change_delay_secs == 0 || since == 0 ? 0 :
		since + (time_t)set->change_delay_secs;
}

/* Was the owner told on each day of the wait? Several notices of one day are
   one. */
static bool
owner_was_told(const struct mail_seal_pending *pending,
	       const struct mail_seal_settings *set)
{
	unsigned int days = I_MAX(set->change_delay_secs / DAY_SECS, 1);
	time_t last = 0;

	for (unsigned int i = 0; i < pending->notice_count && days > 0; i++) {
		const struct mail_seal_pending_notice *notice =
			&pending->notices[i];

		if (strcmp(notice->name, MAIL_SEAL_GATE_NOTICE_DELAY) == 0 &&
		    notice->when + SEAL_CLOCK_SKEW_SECS >=
			delay_since(pending) &&
		    (last == 0 || notice->when - last >= NOTICE_APART_SECS)) {
			last = notice->when;
			days--;
		}
	}
	return days == 0;
}

bool mail_seal_gate_is_complete(const struct mail_seal_pending *pending,
				const struct mail_seal_settings *set,
				time_t now)
{
	time_t delay_until = mail_seal_gate_delay_until(pending, set);

	if (!pending->withdraw && pending->given[MAIL_SEAL_GATE_NEW] == 0)
		return FALSE;
	return !mail_seal_gate_needs_old(pending) ||
		pending->given[MAIL_SEAL_GATE_OLD] != 0 ||
		(delay_until != 0 && now >= delay_until &&
		 owner_was_told(pending, set));
}

time_t mail_seal_gate_until(const struct mail_seal_pending *pending,
			    const struct mail_seal_settings *set)
{
	time_t until = pending->since + (time_t)set->confirm_within_secs;
	time_t delay_until = mail_seal_gate_delay_until(pending, set);

	/* a day without a notice makes the wait longer */
	return delay_until == 0 ? until :
		I_MAX(until, delay_until + (time_t)set->confirm_within_secs);
}
