/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_NOTICE_POLICY_H
#define MAIL_SEAL_NOTICE_POLICY_H

#include "notice.h"

/* Which notices time alone makes due, and what is to be remembered so that
   each is sent once. Without the means. */

/* What is known of an owner's active certificates */
struct mail_seal_notice_active {
	time_t now;
	/* mail_seal_notice_days */
	const unsigned int *days;
	unsigned int days_count;
	/* Mail can be sealed to one of them. */
	bool usable;
	/* It can't, because the time of the last of them is over. */
	bool expired;
	/* when that is or was; 0 = never */
	time_t expires;
	/* which they are: a word without spaces */
	const char *key;
};

/* What is pending */
struct mail_seal_notice_pending {
	time_t now;
	time_t since;
	/* when it ends if no code comes */
	time_t until;
	/* The new key is proven, the old one lost: then the change will be
	   made. 0 = it won't. */
	time_t delay_until;
	/* when the owner was told of each of these last, or 0 */
	time_t week_told, delay_told;
};

struct mail_seal_notice_due {
	enum mail_seal_notice kind;
	/* EXPIRES, DELAY: how many days there are left, at least 1 */
	unsigned int days;
	/* to be remembered: no spaces, from the data stack */
	const char *word;
};

/* Is there something to tell the owner of these certificates, who was told
   this already (words, NULL-terminated, or NULL)? */
bool mail_seal_notice_policy_active(const struct mail_seal_notice_active *active,
				    const char *const *told,
				    struct mail_seal_notice_due *due_r);
/* Has this word still to be remembered? What was told of other certificates,
   of another expiry, or of a trouble that is over, hasn't. */
bool mail_seal_notice_policy_keeps(const struct mail_seal_notice_active *active,
				   const char *word);

/* The same for what is pending; due_r->word isn't used. A change that is
   announced is announced each day, also after its time if it wasn't made. */
bool
mail_seal_notice_policy_pending(const struct mail_seal_notice_pending *pending,
				struct mail_seal_notice_due *due_r);

#endif
