/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_GROUP_CHANGE_H
#define DOVEADM_SEAL_GROUP_CHANGE_H

#include "group.h"

/* Changing a group in one step: read, changed, checked, written, reported; and
   a row for what has become of each member. */

/* What has become of a member */
struct doveadm_seal_group_outcome {
	const char *member;
	/* there is nothing to change it to: half a sentence why, and what is to
	   become of the command */
	const char *problem;
	int exit_code;
	struct doveadm_seal_group_change change;
};

/* A change of one group */
struct doveadm_seal_group_work {
	struct doveadm_seal_group_cmd_context *ctx;
	struct mail_user *user;
	/* as mail_seal_group_changed has it */
	const char *action;
	/* "2026-11-26T03:00:00Z by root" */
	const char *stamp;
	/* nothing is changed if one member can't be, and the command fails */
	bool all_or_nothing;
	/* also show who is as before */
	bool show_unchanged;
	/* Changes the group, and adds what has become of each. It can be called
	   again, with a group that somebody else has changed. */
	void (*change)(struct doveadm_seal_group_work *work);

	struct doveadm_seal_group group;
	ARRAY(struct doveadm_seal_group_outcome) outcomes;
};

void doveadm_seal_group_print_headers(void);

void doveadm_seal_group_work_init(
	struct doveadm_seal_group_work *work_r,
	struct doveadm_seal_group_cmd_context *ctx, struct mail_user *user,
	const char *action,
	void (*change)(struct doveadm_seal_group_work *work));
/* Returns 0, or -1 and has said why. */
int doveadm_seal_group_work(struct doveadm_seal_group_work *work,
			    const struct mail_seal_group *group);

/* For change(): adds a member, whose name can be NULL, of whom it is to be said
   what becomes. */
struct doveadm_seal_group_outcome *
doveadm_seal_group_add_outcome(struct doveadm_seal_group_work *work,
			       const char *member);
/* He has no certificates. */
void doveadm_seal_group_set_problem(
	struct doveadm_seal_group_outcome *outcome,
	const struct doveadm_seal_group_user *user);

/* Finds the group that the command line names. Returns 0, or -1 and has said
   why. */
int doveadm_seal_group_find(struct doveadm_seal_group_cmd_context *ctx,
			    struct mail_user *user,
			    const struct mail_seal_group **group_r);
/* Finds the one that was named, or all. */
int doveadm_seal_group_find_all(
	struct doveadm_seal_group_cmd_context *ctx, struct mail_user *user,
	const struct mail_seal_group *const **groups_r, unsigned int *count_r);

#endif
