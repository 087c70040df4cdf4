/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_WHOLE_VALUES_H
#define DOVEADM_SEAL_WHOLE_VALUES_H

/* Until the end doveadm's JSON gets each value at once, also one that comes from
   another server in pieces. */
void doveadm_seal_whole_values_begin(void);
void doveadm_seal_whole_values_end(void);

#endif
