/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_PROGRESS_H
#define DOVEADM_SEAL_PROGRESS_H

/* How far a long command has come, on a terminal: one line on stderr that is
   written over and over. Where stderr is no terminal, nothing is written. */

struct doveadm_seal_progress;

/* Is there somebody to see it? */
bool doveadm_seal_progress_is_wanted(void);

struct doveadm_seal_progress_params {
	const char *username;
	/* the user is the n-th of so many; 0 if there is one only */
	unsigned int user_number, user_count;
	/* how much there is to do for the user */
	uint64_t messages, bytes;
	/* how much was sealed for the users before */
	uint64_t sealed_before, bytes_before;
};

struct doveadm_seal_progress *
doveadm_seal_progress_begin(const struct doveadm_seal_progress_params *params);
/* Takes away the line. */
void doveadm_seal_progress_end(struct doveadm_seal_progress **progress);

/* One more message of this size is done. progress may be NULL. */
void doveadm_seal_progress_add(struct doveadm_seal_progress *progress,
			       uint64_t bytes);

#endif
