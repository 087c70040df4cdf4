/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "mail-user.h"
#include "time-util.h"
#include "../core/core.h"
#include "clocks.h"
#include "declined.h"
#include "owner.h"
#include "report.h"

#include <time.h>

static const char *join(const char *const *fingerprints)
{
	return fingerprints == NULL || *fingerprints == NULL ? "none" :
		t_strarray_join(fingerprints, ",");
}

static const char *date(time_t when)
{
	return when == 0 ? "an unknown time" :
		t_strflocaltime("%Y-%m-%d %H:%M:%S", when);
}

/* What an administrator needs who looks for a key that has gone. */
static const char *
lost_key_error(const struct mail_seal_owner *owner, const char *key_error)
{
	return t_strdup_printf("%s, but the owner's mail is sealed since %s, "
		"last to %s. Put the certificate back, or if it was withdrawn, "
		"say so: doveadm seal key unset -u %s", key_error,
		date(owner->state.since), join(owner->state.fingerprints),
		owner->set->user->username);
}

/* Another back end has taken the withdrawal, and this one has yet to forget.
   Its clock may be another. */
static bool has_withdrawn(struct mail_seal_owner *owner)
{
	struct mail_user *user = owner->set->user;
	const time_t now = time(NULL);
	const char *error;

	if (!mail_seal_state_is_withdrawn(&owner->state,
					  owner->keys.withdrawn, now))
		return FALSE;
	if (user->autocreated)
		return TRUE;
	mail_seal_declined_note(user, MAIL_SEAL_DECLINED_WITHDRAWN,
				mail_seal_clocks_mend(owner->keys.withdrawn,
						      now),
				owner->state.fingerprints);
	if (mail_seal_state_withdraw(user, &error) < 0) {
		e_warning(user->event, "mail_seal: The owner's state can't be "
			  "removed: %s", error);
	}
	return TRUE;
}

/* Whether the store remembers an owner without a key. If that can't be found
   out, neither can it be known that he has none. */
static void look_for_lost_key(struct mail_seal_owner *owner, int state_ret,
			      const char *state_error)
{
	if (state_ret < 0) {
		owner->keys.state = MAIL_SEAL_KEY_ENGINE_FAILED;
		owner->log_error = state_error;
	} else if (owner->state.enrolled && !has_withdrawn(owner)) {
		owner->keys.state = MAIL_SEAL_KEY_LOST;
		owner->log_error = lost_key_error(owner,
						  owner->keys.log_error);
	}
}

static void
look_for_new_key(struct mail_seal_owner *owner)
{
	const struct mail_seal_core *core = mail_seal_core_get_loaded();
	const char *const *fingerprints =
		core->recipients_fingerprints(owner->keys.recipients);

	if (!owner->state.enrolled || owner->state.damaged ||
	    owner->state.owed != NULL || owner->keys.new_facts != NULL ||
	    owner->keys.withdrawn > owner->state.withdrawn_before ||
	    !mail_seal_state_has_fingerprints(&owner->state, fingerprints))
		owner->news.fingerprints = fingerprints;
	owner->news.facts = owner->keys.new_facts;
	owner->news.withdrawn_before = owner->keys.withdrawn;
}

static void
judge(const struct mail_seal_settings *set, bool for_save,
      struct mail_seal_owner *owner_r)
{
	const char *state_error = NULL;
	int ret;

	i_zero(owner_r);
	owner_r->set = set;
	ret = mail_seal_state_read(set->user, &owner_r->state, &state_error);
	mail_seal_keys_get(set, owner_r->state.facts, for_save, &owner_r->keys);
	owner_r->log_error = owner_r->keys.log_error;
	if (owner_r->keys.state == MAIL_SEAL_KEY_MISSING)
		look_for_lost_key(owner_r, ret, state_error);
	else if (owner_r->keys.state == MAIL_SEAL_KEY_USABLE)
		look_for_new_key(owner_r);
	mail_seal_policy_judge(owner_r->keys.state, owner_r->keys.reason, set,
			       &owner_r->verdict);
}

/* Does the store know these certificates? Those that another process has
   changed or taken away here meanwhile it doesn't. */
static bool is_known(const struct mail_seal_owner *owner)
{
	return owner->news.fingerprints == NULL ||
		(owner->state.enrolled && !owner->state.damaged &&
		 mail_seal_state_has_fingerprints(&owner->state,
						  owner->news.fingerprints));
}

void mail_seal_owner_judge(const struct mail_seal_settings *set, bool for_save,
			   struct mail_seal_owner *owner_r)
{
	judge(set, for_save, owner_r);
	if (owner_r->keys.remembered && !is_known(owner_r)) {
		mail_seal_owner_free(owner_r);
		judge(set, FALSE, owner_r);
	}
}

void mail_seal_owner_free(struct mail_seal_owner *owner)
{
	if (owner->keys.recipients != NULL) {
		mail_seal_core_get_loaded()->recipients_unref(
			&owner->keys.recipients);
	}
}

/* Says what is new to whoever reads the log. */
static void
tell_news(struct mail_user *owner, const struct mail_seal_state *old,
	  const struct mail_seal_owner_news *news)
{
	const struct mail_seal_key_change change = {
		/* into the source, by whoever can write there */
		.way = "hand", .who = "unknown", .action = "set",
		.old_keys = join(old->fingerprints),
		.new_keys = join(news->fingerprints)
	};

	if (old->damaged) {
		e_warning(owner->event, "mail_seal: The owner's state was "
			  "damaged, and is made again");
	} else if (mail_seal_state_is_moved(old)) {
		/* dsync brought his mail: to what it was sealed is only known
		   where it came from */
	} else if (!old->enrolled ||
		   !mail_seal_state_has_fingerprints(old,
						     news->fingerprints)) {
		(void)mail_seal_report_key_changed(owner->event, &change);
	}
}

/* Is one of the certificates another than before, where it is known what was
   before? One fewer is also what an expiry makes. */
static bool is_changed(const struct mail_seal_state *old,
		       const struct mail_seal_owner_news *news)
{
	const char *const *new = news->fingerprints;

	if (!old->enrolled || old->damaged || old->fingerprints == NULL)
		return FALSE;
	while (*new != NULL && str_array_find(old->fingerprints, *new))
		new++;
	return *new != NULL;
}

/* He is told when the message is stored, or later: see notify.h. What he was to
   be told already and wasn't is part of it. */
static int
owe_notice(struct mail_user *owner, const struct mail_seal_state *old,
	   const struct mail_seal_owner_news *news, const char **error_r)
{
	const char *before = old->owed == NULL ? join(old->fingerprints) :
		t_strcut(old->owed, ' ');

	return mail_seal_state_set_owed(owner,
		t_strdup_printf("%s %s", before, join(news->fingerprints)),
		error_r);
}

void mail_seal_owner_note_sealed(struct mail_user *owner,
				 const struct mail_seal_owner_news *news)
{
	struct mail_seal_state old;
	const char *error;
	int ret;

	/* who opens another's mailbox leaves the state to the owner */
	if (owner->autocreated)
		return;
	ret = mail_seal_state_read(owner, &old, &error);
	/* first, so that whoever is killed now finds news again */
	if (ret > 0 && is_changed(&old, news))
		ret = owe_notice(owner, &old, news, &error);
	if (ret < 0 ||
	    mail_seal_state_enrol(owner, news->fingerprints, news->facts,
				  news->withdrawn_before, NULL, &error) < 0) {
		e_warning(owner->event, "mail_seal: The owner's state can't "
			  "be kept, so a key that goes missing wouldn't be "
			  "noticed: %s", error);
	} else {
		/* or it would be news with each message */
		tell_news(owner, &old, news);
	}
}

void mail_seal_owner_note_unsealed(struct mail_user *owner)
{
	struct mail_seal_state state;
	const char *error;

	if (mail_seal_state_read(owner, &state, &error) > 0 &&
	    state.enrolled) {
		e_warning(owner->event, "mail_seal: Mail isn't sealed any "
			  "more, because mail_seal_keys is empty; it was "
			  "since %s, last to %s", date(state.since),
			  join(state.fingerprints));
	}
}
