/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "notice-policy.h"

#define SECONDS_PER_DAY (24 * 60 * 60)
#define PENDING_WEEK_SECS (7 * SECONDS_PER_DAY)
/* Each day's run may begin a little earlier than the last. */
#define DAILY_SECS (20 * 60 * 60)

/* A day that has begun counts. */
static unsigned int days_left(time_t now, time_t until)
{
	return until <= now ? 0 :
		(until - now + SECONDS_PER_DAY - 1) / SECONDS_PER_DAY;
}

static bool was_told(const char *const *told, const char *word)
{
	return told != NULL && str_array_find(told, word);
}

/*
 * Active
 */

/* What is said of these certificates and this expiry */
static const char *
expiry_word(const struct mail_seal_notice_active *active, const char *what)
{
	return t_strdup_printf("%s:%s:%s", what, dec2str(active->expires),
			       active->key);
}

static const char *
step_word(const struct mail_seal_notice_active *active, unsigned int step)
{
	return expiry_word(active, t_strdup_printf("expires-%u", step));
}

static const char *unusable_word(const struct mail_seal_notice_active *active)
{
	return t_strconcat("unusable:", active->key, NULL);
}

/* Who wasn't told for a while is told once, not once for each step that he
   missed. The days are the longest time first. */
static bool
expires_is_due(const struct mail_seal_notice_active *active,
	       const char *const *told, struct mail_seal_notice_due *due)
{
	unsigned int left = days_left(active->now, active->expires);

	if (active->expires == 0 || left == 0)
		return FALSE;
	for (unsigned int i = active->days_count; i > 0; i--) {
		unsigned int step = active->days[i - 1];

		due->word = step_word(active, step);
		if (was_told(told, due->word))
			return FALSE;
		if (left <= step) {
			due->kind = MAIL_SEAL_NOTICE_EXPIRES;
			due->days = left;
			return TRUE;
		}
	}
	return FALSE;
}

bool mail_seal_notice_policy_active(const struct mail_seal_notice_active *active,
				    const char *const *told,
				    struct mail_seal_notice_due *due_r)
{
	i_zero(due_r);
	if (active->usable)
		return expires_is_due(active, told, due_r);
	due_r->kind = active->expired ? MAIL_SEAL_NOTICE_EXPIRED :
		MAIL_SEAL_NOTICE_UNUSABLE;
	due_r->word = active->expired ? expiry_word(active, "expired") :
		unusable_word(active);
	return !was_told(told, due_r->word);
}

bool mail_seal_notice_policy_keeps(const struct mail_seal_notice_active *active,
				   const char *word)
{
	if (strcmp(word, unusable_word(active)) == 0)
		return !active->usable;
	if (strcmp(word, expiry_word(active, "expired")) == 0)
		return TRUE;
	for (unsigned int i = 0; i < active->days_count; i++) {
		if (strcmp(word, step_word(active, active->days[i])) == 0)
			return TRUE;
	}
	return FALSE;
}

/*
 * Pending
 */

bool
mail_seal_notice_policy_pending(const struct mail_seal_notice_pending *pending,
				struct mail_seal_notice_due *due_r)
{
	i_zero(due_r);
	if (pending->delay_until != 0) {
		due_r->kind = MAIL_SEAL_NOTICE_DELAY;
		due_r->days = I_MAX(days_left(pending->now,
					      pending->delay_until), 1);
		return pending->now - pending->delay_told >= DAILY_SECS;
	}
	due_r->kind = MAIL_SEAL_NOTICE_PENDING_WEEK;
	return pending->week_told == 0 && pending->now < pending->until &&
		pending->now >= pending->since + PENDING_WEEK_SECS;
}
