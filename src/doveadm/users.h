/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_USERS_H
#define DOVEADM_SEAL_USERS_H

#include "jobs.h"

struct doveadm_cmd_context;
struct doveadm_mail_cmd_context;

/* The users of a command that can take hours for all of them. Their names are
   read at once, so that it is known how many they are, and a reload of Dovecot
   meanwhile doesn't matter. */
struct doveadm_seal_users {
	/* Dovecot's own function */
	int (*super_next)(struct doveadm_mail_cmd_context *ctx,
			  const char **username_r);
	ARRAY_TYPE(const_string) names;
	/* what it returned in the end */
	int result;

	/* number of the one whose turn it is, from 1 on; and of all. 0 if the
	   command was given one user. */
	unsigned int number, count;

	/* --jobs: so many processes share them; and is this one of these? */
	unsigned int jobs;
	bool worker;
	/* --local: those on other servers are left out */
	bool local;
	/* what the command adds up over all of them, by itself */
	struct doveadm_seal_sums sums;
};

/* A command that has the parameter "jobs", a string, has this one, too, for
   itself (jobs.h). How both are announced to 2.3, and to people. */
#define DOVEADM_SEAL_WORKER_PARAM \
DOVEADM_CMD_PARAM('W', "worker", CMD_PARAM_BOOL, 0)
#define DOVEADM_SEAL_JOBS_OPTIONS "j:W"
#define DOVEADM_SEAL_JOBS_USAGE "[--jobs <number>] "

/* next is the command's own function, which calls
   doveadm_seal_users_next(). To be called by init(). If the command line has
   --jobs, the first call has others do the work and returns no user. */
void doveadm_seal_users_init(struct doveadm_seal_users *users,
			     struct doveadm_mail_cmd_context *ctx,
			     int (*next)(struct doveadm_mail_cmd_context *ctx,
					 const char **username_r));
int doveadm_seal_users_next(struct doveadm_seal_users *users,
			    struct doveadm_mail_cmd_context *ctx,
			    const char **username_r);

/* Makes doveadm's framework ask the command's get_next_user() for its users, as
   if they stood in a file of the command line. */
void doveadm_seal_users_give_list(struct doveadm_cmd_context *cctx);
/* That get_next_user() goes by what the session before found out, so nobody is to
   read the names at once (by-server.h). The function above says it, too. */
void doveadm_seal_users_keep_order(void);
bool doveadm_seal_users_is_order_kept(void);

/* To be called by init() of a command of the command line: ends it if Dovecot is
   about to list users, and its auth process doesn't answer. */
void doveadm_seal_users_check_auth(struct doveadm_mail_cmd_context *ctx);

/* Is this a user whom the command line means? Dovecot leaves out those who don't
   match "-u mask" after get_next_user() has returned them. */
bool doveadm_seal_is_wanted(struct doveadm_mail_cmd_context *ctx,
			    const char *username);

/* Asks the userdb for this user. Returns 1, and his name as the userdb has it,
   from the pool; 0 if there is none; or -1. Unless it is 1, half a sentence
   that says so, from the pool. */
int doveadm_seal_users_look_up(struct doveadm_mail_cmd_context *ctx,
			       const char *name, pool_t pool,
			       const char **username_r, const char **problem_r);

/* Begins the row that follows those of many users: its user is "TOTAL". */
void doveadm_seal_users_begin_total(void);

/* Shows the rows that are there, also where the output isn't a terminal. The
   formatter "table" collects a hundred first. */
void doveadm_seal_show_rows(void);

#endif
