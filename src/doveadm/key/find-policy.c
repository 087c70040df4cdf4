/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "find-policy.h"

enum doveadm_seal_find_action
doveadm_seal_find_decide(const struct doveadm_seal_find_facts *facts,
			 bool source_is_proven)
{
	/* what he has proven later takes back what he had proven before */
	bool counts = facts->activate ||
		(source_is_proven && !facts->withdrawn);

	if (facts->enrolled)
		return DOVEADM_SEAL_FIND_COMPARE;
	/* What the owner himself has begun is his to end. What was only found
	   mustn't keep out what is known to be right: anybody could have
	   published it. */
	if (facts->pending && (!counts || !facts->pending_was_found))
		return DOVEADM_SEAL_FIND_LEAVE;
	return counts ? DOVEADM_SEAL_FIND_ACTIVATE : DOVEADM_SEAL_FIND_OFFER;
}

enum doveadm_seal_find_result
doveadm_seal_find_begin(const struct doveadm_seal_find_facts *facts)
{
	return facts->enrolled ? DOVEADM_SEAL_FIND_ACTIVE :
		facts->pending ? DOVEADM_SEAL_FIND_PENDING :
		DOVEADM_SEAL_FIND_NONE;
}

enum doveadm_seal_find_result
doveadm_seal_find_next(const struct doveadm_seal_find_facts *facts,
		       enum doveadm_seal_find_result result,
		       enum doveadm_seal_find_outcome outcome, bool *decided_r)
{
	*decided_r = outcome == DOVEADM_SEAL_FIND_COUNTS;
	switch (outcome) {
	case DOVEADM_SEAL_FIND_COUNTS:
		return facts->enrolled ? DOVEADM_SEAL_FIND_CHANGED :
			DOVEADM_SEAL_FIND_FOUND;
	case DOVEADM_SEAL_FIND_UNKNOWN_YET:
		return DOVEADM_SEAL_FIND_UNKNOWN;
	case DOVEADM_SEAL_FIND_ABSENT:
	case DOVEADM_SEAL_FIND_SAME:
		break;
	}
	return result;
}

const char *
doveadm_seal_find_result_name(enum doveadm_seal_find_result result)
{
	static const char *const names[] = {
#define DOVEADM_SEAL_FIND_WORD(name, word) word,
		DOVEADM_SEAL_FIND_RESULTS(DOVEADM_SEAL_FIND_WORD)
#undef DOVEADM_SEAL_FIND_WORD
	};

	return names[result];
}
