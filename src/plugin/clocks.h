/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_CLOCKS_H
#define MAIL_SEAL_CLOCKS_H

/* What times mean that several back ends have written down, each by its own
   clock, which may be SEAL_CLOCK_SKEW_SECS apart. Where one was farther ahead,
   that was somebody's fault, which is mended some day; what was written then
   stays, and mustn't count as later than all that follows. */

/* Returns when that was, or 0 if no clock that is right can have said so yet. */
time_t mail_seal_clocks_possible(time_t when, time_t now);
/* Returns the later of what is known here and what is known elsewhere, as far
   as they are possible; if neither is, what is known here. */
time_t mail_seal_clocks_later(time_t here, time_t elsewhere, time_t now);
/* Returns when something was, of which it is known now; if that isn't possible,
   a time that no clock that is right can show any more. */
time_t mail_seal_clocks_mend(time_t when, time_t now);
/* Returns the time of something that happens now, by this clock, and after what
   is known: another back end, whose clock may be ahead, can have written that.
   So who gives up a certificate has done it after he got it, whatever the clocks
   say. What isn't possible isn't gone by. */
time_t mail_seal_clocks_after(time_t known, time_t now);

#endif
