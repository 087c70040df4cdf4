/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_PROGRESS_H
#define DOVEADM_SEAL_PROGRESS_H

/* How far a long command has come, on a terminal: one line on stderr that is
   written over and over. Where stderr is no terminal, nothing is written. */

struct doveadm_seal_progress;

/* Is there somebody to see it? */
bool doveadm_seal_progress_is_wanted(void);

/* bytes and messages are how much there is to do in all. */
struct doveadm_seal_progress *
doveadm_seal_progress_begin(const char *username, uint64_t messages,
			    uint64_t bytes);
/* Takes away the line. */
void doveadm_seal_progress_end(struct doveadm_seal_progress **progress);

/* One more message of this size is done. progress may be NULL. */
void doveadm_seal_progress_add(struct doveadm_seal_progress *progress,
			       uint64_t bytes);

#endif
