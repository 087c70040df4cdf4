/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The owner's state: how it is read, and how it changes. */

#include "lib.h"
#include "mail-user.h"
#include "str.h"
#include "clocks.h"
#include "owner-time.h"
#include "state-file.h"
#include "state.h"

#include <time.h>

static const struct mail_seal_state_file state_file = {
	.name = "~dovecot-mail-seal",
	.name_mbox = ".imap/dovecot-mail-seal-state.lock"
};

int mail_seal_state_read(struct mail_user *owner,
			 struct mail_seal_state *state_r,
			 const char **error_r)
{
	string_t *text = t_str_new(1024);
	int ret;

	i_zero(state_r);
	ret = mail_seal_state_file_read(owner, &state_file, text, error_r);
	if (ret <= 0)
		return ret;
	mail_seal_state_parse(str_c(text), pool_datastack_create(), state_r);
	/* What is believed here of a certificate, this process also believes
	   where it is the accessor's (certificate/cache.c). */
	if (owner->autocreated)
		state_r->facts = NULL;
	return 1;
}

static int
state_write(struct mail_user *owner, const struct mail_seal_state *state,
	    const char **error_r)
{
	string_t *text = t_str_new(256);

	mail_seal_state_print(state, text);
	return mail_seal_state_file_write(owner, &state_file, text, error_r);
}

int mail_seal_state_enrol(struct mail_user *owner,
			  const char *const *fingerprints, const char *facts,
			  time_t withdrawn_before, const char *way,
			  const char **error_r)
{
	struct mail_seal_state state;
	int ret = mail_seal_state_read(owner, &state, error_r);
	time_t now;

	if (ret < 0)
		return -1;
	if (way == NULL && !state.damaged && (!state.enrolled ||
	    !mail_seal_state_has_fingerprints(&state, fingerprints)))
		way = MAIL_SEAL_STATE_BY_HAND;
	if (ret > 0 && !state.damaged && facts == NULL && way == NULL &&
	    withdrawn_before <= state.withdrawn_before)
		return 0;
	now = mail_seal_owner_time(owner);
	now = I_MAX(now, mail_seal_clocks_after(withdrawn_before, now));
	if (way != NULL) {
		state.given_way = way;
		state.given = now;
	}
	if (!state.enrolled || state.since == 0)
		state.since = now;
	state.enrolled = TRUE;
	/* those of other certificates would be of no use */
	if (facts != NULL ||
	    !mail_seal_state_has_fingerprints(&state, fingerprints))
		state.facts = facts;
	state.fingerprints = fingerprints;
	state.withdrawn_before = I_MAX(state.withdrawn_before,
				       withdrawn_before);
	return state_write(owner, &state, error_r);
}

static const char *join_told(const char *const *told)
{
	return told == NULL ? "" : t_strarray_join(told, "\n");
}

int mail_seal_state_set_told(struct mail_user *owner, const char *const *told,
			     const char **error_r)
{
	struct mail_seal_state state;
	int ret = mail_seal_state_read(owner, &state, error_r);

	if (ret <= 0 || state.damaged ||
	    strcmp(join_told(state.told), join_told(told)) == 0)
		return ret < 0 ? -1 : 0;
	state.told = told;
	return state_write(owner, &state, error_r);
}

int mail_seal_state_set_owed(struct mail_user *owner, const char *owed,
			     const char **error_r)
{
	struct mail_seal_state state;
	int ret = mail_seal_state_read(owner, &state, error_r);

	if (ret <= 0 || state.damaged || null_strcmp(state.owed, owed) == 0)
		return ret < 0 ? -1 : 0;
	state.owed = owed;
	return state_write(owner, &state, error_r);
}

int mail_seal_state_note_moved(struct mail_user *owner, time_t sealed,
			       const char **error_r)
{
	struct mail_seal_state state;
	int ret = mail_seal_state_read(owner, &state, error_r);

	if (ret != 0)
		return ret < 0 ? -1 : 0;
	/* since when, and to which certificates, isn't known */
	state.enrolled = TRUE;
	state.given_way = MAIL_SEAL_STATE_MOVED;
	state.given = sealed;
	return state_write(owner, &state, error_r);
}

int mail_seal_state_get_text(struct mail_user *owner, string_t *text,
			     time_t *changed_r, const char **error_r)
{
	struct mail_seal_state state;
	int ret;

	*changed_r = 0;
	ret = mail_seal_state_file_read(owner, &state_file, text, error_r);
	if (ret <= 0)
		return ret;
	mail_seal_state_parse(str_c(text), pool_datastack_create(), &state);
	*changed_r = mail_seal_state_changed(&state,
		mail_seal_state_file_changed(owner, &state_file), time(NULL));
	if (!state.damaged) {
		/* another server asks its own judge */
		state.facts = NULL;
		str_truncate(text, 0);
		mail_seal_state_print(&state, text);
	}
	return ret;
}

int mail_seal_state_add_text(struct mail_user *owner, const char *text,
			     const char **error_r)
{
	struct mail_seal_state state, other;
	int ret = mail_seal_state_read(owner, &state, error_r);

	if (ret < 0)
		return -1;
	mail_seal_state_parse(text, pool_datastack_create(), &other);
	if (other.damaged || strlen(text) > MAIL_SEAL_STATE_SIZE_MAX ||
	    !mail_seal_state_merge(&state, &other, time(NULL),
				   pool_datastack_create()))
		return 0;
	return state_write(owner, &state, error_r);
}

int mail_seal_state_withdraw(struct mail_user *owner, const char **error_r)
{
	return mail_seal_state_file_remove(owner, &state_file, error_r);
}
