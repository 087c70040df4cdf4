/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_FIND_POLICY_H
#define DOVEADM_SEAL_FIND_POLICY_H

/* What "doveadm seal key find" does with what it finds, and what it says of a
   user: decided without means.

   What the network says makes nobody's mail unreadable: it waits for a code
   that only who has the key can read. At once counts what the administrator
   vouches for, and what the owner has proven already. */

/* The words of the command's rows. To add one, add it here. */
#define DOVEADM_SEAL_FIND_RESULTS(RESULT) \
	/* no source has one that counts */ \
	RESULT(NONE, "none") \
	/* one was found, and is pending now, or active */ \
	RESULT(FOUND, "found") \
	/* something is pending already, and was left alone */ \
	RESULT(PENDING, "pending") \
	/* the user has one, and nothing else is published */ \
	RESULT(ACTIVE, "active") \
	/* the user has one, and another one is published */ \
	RESULT(CHANGED, "changed") \
	/* a source couldn't be asked, and no other one has any */ \
	RESULT(UNKNOWN, "unknown")

enum doveadm_seal_find_result {
#define DOVEADM_SEAL_FIND_ROW(name, word) DOVEADM_SEAL_FIND_##name,
	DOVEADM_SEAL_FIND_RESULTS(DOVEADM_SEAL_FIND_ROW)
#undef DOVEADM_SEAL_FIND_ROW
};

/* What is known of a user before anybody is asked */
struct doveadm_seal_find_facts {
	/* mail is sealed, be it to something that can't be used any more */
	bool enrolled;
	/* something waits for its code */
	bool pending;
	/* and it is this command that has found it */
	bool pending_was_found;
	/* his mail was sealed, and then was to be no more */
	bool withdrawn;
	/* the administrator vouches for the sources: --activate */
	bool activate;
};

/* What to do with a certificate from a source */
enum doveadm_seal_find_action {
	/* nothing: the source need not be asked */
	DOVEADM_SEAL_FIND_LEAVE,
	/* only to say whether it is the active one */
	DOVEADM_SEAL_FIND_COMPARE,
	/* it becomes pending */
	DOVEADM_SEAL_FIND_OFFER,
	/* it becomes active */
	DOVEADM_SEAL_FIND_ACTIVATE
};

/* What became of asking a source */
enum doveadm_seal_find_outcome {
	/* nothing there, or nothing that counts */
	DOVEADM_SEAL_FIND_ABSENT,
	/* of one who has a certificate: what is there is that one */
	DOVEADM_SEAL_FIND_SAME,
	DOVEADM_SEAL_FIND_COUNTS,
	DOVEADM_SEAL_FIND_UNKNOWN_YET
};

enum doveadm_seal_find_action
doveadm_seal_find_decide(const struct doveadm_seal_find_facts *facts,
			 bool source_is_proven);

/* The result as long as no source has been asked */
enum doveadm_seal_find_result
doveadm_seal_find_begin(const struct doveadm_seal_find_facts *facts);
/* A source was asked: returns the result from now on, and whether that decides
   the matter. */
enum doveadm_seal_find_result
doveadm_seal_find_next(const struct doveadm_seal_find_facts *facts,
		       enum doveadm_seal_find_result result,
		       enum doveadm_seal_find_outcome outcome,
		       bool *decided_r);

const char *
doveadm_seal_find_result_name(enum doveadm_seal_find_result result);

#endif
