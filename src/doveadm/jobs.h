/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_JOBS_H
#define DOVEADM_SEAL_JOBS_H

struct doveadm_mail_cmd_context;

/* --jobs: several processes share a command's users. Each is the same command
   line, by --worker, with pipes to the one that was called: the names of users
   come in by one, and rows and results go out by the other, user by user. So
   that there is one table, one exit status, and who crashes takes nobody along.

   A worker's output is in lines. First, that it can begin; then for each user
   that it was given his rows, as the formatter "tab" prints them, but escaped;
   and behind them what came of it: the exit status, and numbers to be added to
   the sums, if there are any. Or, without rows, that he can't be looked up. A
   worker that is told to end by a signal says what came of the user it is at,
   and that it was the last one. */

/* How lines begin that aren't rows. What is escaped has other characters behind
   a \001 (strescape.c). */
#define DOVEADM_SEAL_JOBS_READY "\001+"
#define DOVEADM_SEAL_JOBS_RESULT "\001="
#define DOVEADM_SEAL_JOBS_LAST "\001."
#define DOVEADM_SEAL_JOBS_UNKNOWN "\001?"

/* Numbers that a command adds up over all users */
struct doveadm_seal_sums {
	uint64_t *list;
	unsigned int count;
	/* Was anything added? */
	bool any;
};

/* The one that was called: has these users (names as in the userdb) gone through
   by so many processes, and prints the rows as they come. Returns 0, or -1 if
   some had no turn, which has been said. Sets ctx->exit_code. */
int doveadm_seal_jobs_run(struct doveadm_mail_cmd_context *ctx,
			  unsigned int jobs, const char *const *names,
			  unsigned int count, struct doveadm_seal_sums *sums);

/* The same command line with what makes a worker of it, which ends with a NULL,
   from ctx->pool; or NULL if it can't be found, which has been said. */
const char *const *
doveadm_seal_jobs_get_argv(struct doveadm_mail_cmd_context *ctx);

/* A worker: says that it can begin, or what came of the last user, and waits for
   the next one. Returns 1 and his name, which holds until the next call, 0 if
   there are no more, or -1. */
int doveadm_seal_worker_next(struct doveadm_mail_cmd_context *ctx,
			     struct doveadm_seal_sums *sums,
			     const char **username_r);
/* A worker, to be called at its end: Dovecot asks for no other user after a
   signal, and what was done for the last one counts. */
void doveadm_seal_worker_end(struct doveadm_mail_cmd_context *ctx,
			     struct doveadm_seal_sums *sums);

#endif
