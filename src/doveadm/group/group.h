/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_GROUP_H
#define DOVEADM_SEAL_GROUP_H

#include "group-load.h"
#include "../command.h"

struct doveadm_cmd_context;
struct mail_seal_settings;

/* What the commands about groups share. To doveadm's framework each is a
   command for the users of a list, which it gets from us one by one: the
   members whose certificates are wanted, and the viewer, whose settings and
   namespaces say what groups there are. */

/* Somebody whose certificates are wanted */
struct doveadm_seal_group_user {
	/* as it was given; and as the userdb has it, or NULL */
	const char *given, *username;
	struct doveadm_seal_group_member member;
	/* why there are no certificates, half a sentence; or NULL */
	const char *problem;
	/* the userdb doesn't know him */
	bool unknown;
	/* that may be different another time */
	bool temporary;
};

struct doveadm_seal_group_cmd_context {
	struct doveadm_mail_cmd_context ctx;

	/* Called in the session of the viewer: begin() before the members'
	   certificates are read, and can add members; run() after, unless that
	   has failed. begin() can be NULL. Both return 0, or -1 and have said
	   why. */
	int (*begin)(struct doveadm_seal_group_cmd_context *ctx,
		     struct mail_user *user);
	int (*run)(struct doveadm_seal_group_cmd_context *ctx,
		   struct mail_user *user);

	/* of the command line; NULL if it has none */
	const char *group_name;
	/* the members' certificates are wanted */
	bool wants_certificates;
	bool dry_run;
	/* --local: if no user's mail is here, nothing is done */
	bool local;
	/* certificates that the administrator gives, or NULL, and whose they
	   are, or NULL */
	buffer_t *file;
	const char *file_name;

	const char *viewer;
	ARRAY(struct doveadm_seal_group_user *) users;
	/* what comes next: see next_user() */
	unsigned int step, next;
	bool session_begun, failed;
	struct doveadm_seal_group_user *current;
	const struct mail_seal_plugin_interface *plugin;
};

/* group-users.c */

/* Adds somebody whose certificates are wanted, if he isn't there yet. */
void doveadm_seal_group_add_user(struct doveadm_seal_group_cmd_context *ctx,
				 const char *name);
struct doveadm_seal_group_user *
doveadm_seal_group_find_user(struct doveadm_seal_group_cmd_context *ctx,
			     const char *name);
/* Returns a command that prints a table. Its options besides Dovecot's own are
   as compat_doveadm_announce_options() wants them. Its init() calls the second
   one, which reads the parameters. */
struct doveadm_seal_group_cmd_context *
doveadm_seal_group_alloc(const char *options);
void doveadm_seal_group_init(struct doveadm_seal_group_cmd_context *ctx);
/* Runs one of the commands: what Dovecot calls. */
void doveadm_seal_group_cmd(struct doveadm_cmd_context *cctx);

/* group-certificates.c */

/* Reads the active certificates of the user, whose session this is. */
void doveadm_seal_group_read_user(
	struct doveadm_seal_group_cmd_context *ctx, struct mail_user *user,
	struct doveadm_seal_group_user *member);
/* Reads those of the file. Returns 0, or -1 with half a sentence. */
int doveadm_seal_group_read_file(
	struct doveadm_seal_group_cmd_context *ctx,
	const struct mail_seal_settings *set,
	struct doveadm_seal_group_member *member_r, const char **problem_r);

#endif
