/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What the time is for an owner whose mail several back ends store, each with
   its own clock. */

#include "lib.h"
#include "clocks.h"
#include "declined.h"
#include "owner-settings.h"
#include "owner-time.h"
#include "state.h"

#include <time.h>

time_t mail_seal_owner_time(struct mail_user *owner)
{
	const time_t now = time(NULL);
	struct mail_seal_state state;
	const char *error;
	time_t when = now;

	if (mail_seal_state_read(owner, &state, &error) > 0)
		when = mail_seal_state_time(&state, now);
	return I_MAX(when, mail_seal_clocks_after(
				mail_seal_declined_last_withdrawn(owner), now));
}

time_t mail_seal_settings_time(const struct mail_seal_settings *set)
{
	return set->group != NULL ? time(NULL) :
		mail_seal_owner_time(set->user);
}
