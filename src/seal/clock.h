/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef SEAL_CLOCK_H
#define SEAL_CLOCK_H

/* How far apart the clocks of machines may be that have to do with each other:
   back ends of one site, or one of them and that on which a certificate was
   made. Seconds. Who is farther off has a fault that somebody must mend. */
#define SEAL_CLOCK_SKEW_SECS 300

#endif
