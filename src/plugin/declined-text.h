/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_DECLINED_TEXT_H
#define MAIL_SEAL_DECLINED_TEXT_H

/* Which certificates an owner doesn't want, although they may be published
   under his address: nobody offers them again but he himself or the
   administrator. Knows nothing of where that lies; see declined.h. */

enum mail_seal_declined_kind {
	/* it was pending, and nobody gave back its code in time */
	MAIL_SEAL_DECLINED_UNANSWERED,
	/* it was pending, and was rejected or stopped */
	MAIL_SEAL_DECLINED_REJECTED,
	/* it was active, and was taken away */
	MAIL_SEAL_DECLINED_WITHDRAWN,
	MAIL_SEAL_DECLINED_KIND_COUNT
};

struct mail_seal_declined_entry {
	enum mail_seal_declined_kind kind;
	time_t when;
	const char *fingerprint;
};

/* Of more than these, those that matter least are forgotten. */
#define MAIL_SEAL_DECLINED_MAX 64

struct mail_seal_declined {
	struct mail_seal_declined_entry list[MAIL_SEAL_DECLINED_MAX];
	unsigned int count;
};

/* Nobody knows which certificate it was. It is the one that is found first. */
#define MAIL_SEAL_DECLINED_UNKNOWN "0"

/* Silence is no answer: who was on holiday gets another message, but not
   every other week. */
#define MAIL_SEAL_DECLINED_UNANSWERED_SECS (90 * 24 * 3600)

/* Reads what mail_seal_declined_print() has written. What can't be understood
   is skipped. Strings are allocated from the pool. */
void mail_seal_declined_parse(const char *text, pool_t pool,
			      struct mail_seal_declined *declined_r);
/* Appends the text; nothing if there is nothing. */
void mail_seal_declined_print(const struct mail_seal_declined *declined,
			      string_t *text);

/* Adds it, in place of what is known of the same certificate unless that
   matters more. The fingerprint isn't copied. */
void mail_seal_declined_add(struct mail_seal_declined *declined,
			    const struct mail_seal_declined_entry *entry);
void mail_seal_declined_remove(struct mail_seal_declined *declined,
			       const char *fingerprint);
/* Returns what is known of it, or NULL. */
const struct mail_seal_declined_entry *
mail_seal_declined_find(const struct mail_seal_declined *declined,
			const char *fingerprint);

/* When he last declined any, or withdrew any, or 0. By a clock that was far ahead
   (clocks.h) nothing is known of it. */
time_t mail_seal_declined_last(const struct mail_seal_declined *declined,
			       bool only_withdrawn, time_t now);
/* Until when it isn't offered; 0: for good */
time_t
mail_seal_declined_until(const struct mail_seal_declined_entry *entry);
/* What the log and tables say of it, from the data stack */
const char *
mail_seal_declined_describe(const struct mail_seal_declined_entry *entry);

#endif
