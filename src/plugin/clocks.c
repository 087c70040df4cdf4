/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Times by the clocks of different back ends. */

#include "lib.h"
#include "../seal/clock.h"
#include "clocks.h"

time_t mail_seal_clocks_possible(time_t when, time_t now)
{
	return when > now + SEAL_CLOCK_SKEW_SECS ? 0 : when;
}

time_t mail_seal_clocks_later(time_t here, time_t elsewhere, time_t now)
{
	time_t later = I_MAX(mail_seal_clocks_possible(here, now),
			     mail_seal_clocks_possible(elsewhere, now));

	return later == 0 ? here : later;
}

time_t mail_seal_clocks_mend(time_t when, time_t now)
{
	return mail_seal_clocks_possible(when, now) == when ? when :
		now - SEAL_CLOCK_SKEW_SECS;
}

time_t mail_seal_clocks_after(time_t known, time_t now)
{
	known = mail_seal_clocks_possible(known, now);
	return known < now ? now : known + 1;
}
