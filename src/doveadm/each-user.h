/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_EACH_USER_H
#define DOVEADM_SEAL_EACH_USER_H

struct doveadm_cmd_context;
struct mail_storage_service_ctx;
struct mail_user;

/* Goes through the users that -u, -A or -F names, also through those whose
   session can't begin: Dovecot's own way for commands logs that and forgets
   it. */

struct doveadm_seal_each_user {
	/* Before the session begins; or NULL. fields are the user's of the
	   userdb's for this protocol; NULL if these can't be told. */
	const char *const *protocols;
	void (*protocol)(void *context, const char *protocol,
			 const char *const *fields);
	/* The user's mail is on another server, by what the passdb tells a
	   proxy: then nothing else is called but begin and end. Or NULL:
	   whoever is elsewhere is left out. */
	void (*elsewhere)(void *context, const char *host);
	/* Its session has begun; with the rights of the mail user */
	void (*run)(void *context, struct mail_user *user);
	/* It can't; or there is no such user (NULL). */
	void (*failed)(void *context, const char *error);
	/* begins with the next user, and is done with it */
	void (*begin)(void *context, const char *username);
	void (*end)(void *context);
	void *context;
};

/* The parameters of a command */
#define DOVEADM_SEAL_EACH_USER_PARAMS \
DOVEADM_CMD_PARAM('A', "all-users", CMD_PARAM_BOOL, 0) \
DOVEADM_CMD_PARAM('u', "user", CMD_PARAM_STR, 0) \
DOVEADM_CMD_PARAM('F', "user-file", CMD_PARAM_ISTREAM, 0)

/* Are there users in the command line? */
bool doveadm_seal_each_user_given(const struct doveadm_cmd_context *cctx);
/* Returns 0; or -1 if not all users can be found, or nothing came of some in a
   row, so that the others had no turn: both is said. */
int doveadm_seal_each_user(const struct doveadm_cmd_context *cctx,
			   const struct doveadm_seal_each_user *each);

#endif
