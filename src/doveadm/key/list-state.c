/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "list-state.h"

static const char *const names[] = {
#define DOVEADM_SEAL_LIST_STATE_WORD(name, word) word,
	DOVEADM_SEAL_LIST_STATES(DOVEADM_SEAL_LIST_STATE_WORD)
#undef DOVEADM_SEAL_LIST_STATE_WORD
};

enum doveadm_seal_list_state
doveadm_seal_list_get_state(const struct doveadm_seal_list_facts *facts)
{
	if (!facts->has_sources)
		return DOVEADM_SEAL_LIST_EXCLUDED;
	if (!facts->has_certificates) {
		return facts->pending ? DOVEADM_SEAL_LIST_PENDING :
			DOVEADM_SEAL_LIST_NONE;
	}
	if (facts->expires != 0 && facts->expires <= facts->now)
		return DOVEADM_SEAL_LIST_EXPIRED;
	if (facts->unusable)
		return DOVEADM_SEAL_LIST_UNUSABLE;
	return facts->expires != 0 && facts->expires < facts->soon ?
		DOVEADM_SEAL_LIST_EXPIRING : DOVEADM_SEAL_LIST_ACTIVE;
}

const char *
doveadm_seal_list_state_name(enum doveadm_seal_list_state state)
{
	return names[state];
}

int doveadm_seal_list_parse_states(const char *words, unsigned int *set_r,
				   const char **bad_word_r)
{
	const char *const *word = t_strsplit_spaces(words, ", ");

	*set_r = 0;
	for (; *word != NULL; word++) {
		unsigned int i = 0;

		while (i < N_ELEMENTS(names) && strcmp(names[i], *word) != 0)
			i++;
		if (i == N_ELEMENTS(names)) {
			*bad_word_r = *word;
			return -1;
		}
		*set_r |= 1u << i;
	}
	return 0;
}
