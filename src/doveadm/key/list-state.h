/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_LIST_STATE_H
#define DOVEADM_SEAL_LIST_STATE_H

/* The states of owners in "doveadm seal key list": decided without means. To
   add one, add it here, with its word. */
#define DOVEADM_SEAL_LIST_STATES(STATE) \
	/* mail is stored as it comes: no certificate */ \
	STATE(NONE, "none") \
	/* the same, but one waits for its code */ \
	STATE(PENDING, "pending") \
	/* mail is sealed */ \
	STATE(ACTIVE, "active") \
	/* the same, but soon not any more */ \
	STATE(EXPIRING, "expiring") \
	/* mail waits, or is stored as it comes (mail_seal_unusable_key) */ \
	STATE(EXPIRED, "expired") \
	STATE(UNUSABLE, "unusable") \
	/* mail_seal_keys is none */ \
	STATE(EXCLUDED, "excluded")

enum doveadm_seal_list_state {
#define DOVEADM_SEAL_LIST_STATE_ROW(name, word) DOVEADM_SEAL_LIST_##name,
	DOVEADM_SEAL_LIST_STATES(DOVEADM_SEAL_LIST_STATE_ROW)
#undef DOVEADM_SEAL_LIST_STATE_ROW
	DOVEADM_SEAL_LIST_STATE_COUNT
};

/* What is known of an owner */
struct doveadm_seal_list_facts {
	/* he has mail_seal_keys */
	bool has_sources;
	/* There are certificates, or there should be: his mail is sealed by
	   what the mail store remembers. */
	bool has_certificates;
	/* something is pending */
	bool pending;
	/* they can't be used, or aren't there */
	bool unusable;
	/* the latest expiry of those that can be read; 0 = never */
	time_t expires;
	/* soon is before this */
	time_t soon;
	time_t now;
};

enum doveadm_seal_list_state
doveadm_seal_list_get_state(const struct doveadm_seal_list_facts *facts);

const char *
doveadm_seal_list_state_name(enum doveadm_seal_list_state state);

/* Reads "expiring,none" into a set of (1 << state). Returns 0, or -1 and the
   word that is none. */
int doveadm_seal_list_parse_states(const char *words, unsigned int *set_r,
				   const char **bad_word_r);

#endif
