/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_GROUP_PLAN_H
#define DOVEADM_SEAL_GROUP_PLAN_H

#include "group-text.h"

/* What becomes of a team's certificates when a member comes, goes, or has
   changed his own: decided on the text, without means. */

/* More recipients than this no message has. */
#define DOVEADM_SEAL_GROUP_MEMBERS_MAX 500

/* Who is to be a member, with which certificates */
struct doveadm_seal_group_member {
	/* NULL if the administrator gave a file and no name */
	const char *name;
	bool from_file;
	const struct mail_seal_certificate_text *certificates;
	unsigned int count;
};

enum doveadm_seal_group_result {
	DOVEADM_SEAL_GROUP_ADDED,
	DOVEADM_SEAL_GROUP_CHANGED,
	DOVEADM_SEAL_GROUP_UNCHANGED,
	DOVEADM_SEAL_GROUP_REMOVED,
	/* nothing is changed, and there is a reason */
	DOVEADM_SEAL_GROUP_REFUSED
};

struct doveadm_seal_group_change {
	enum doveadm_seal_group_result result;
	/* if refused, half a sentence */
	const char *reason;
	/* the member's fingerprints before and after, NULL-terminated */
	const char *const *old_keys, *const *new_keys;
	/* One of the new ones wasn't the group's before: what was sealed until
	   now can't be opened with it. */
	bool is_new;
	/* One of the old ones isn't the group's any more: what was sealed until
	   now can still be opened with it. */
	bool is_gone;
};

/* Gives the member these certificates, and takes away the others that the
   record says are his. Another's certificate isn't taken over, one that nobody
   is named for is. stamp is when and by whom, as in a record. Strings of the
   change are from the group's pool. */
void doveadm_seal_group_set(struct doveadm_seal_group_text *group,
			    const struct doveadm_seal_group_member *member,
			    const char *stamp,
			    struct doveadm_seal_group_change *change_r);

/* Takes away the member of this name, or the certificate with this
   fingerprint. Not all: mail to a team without any wouldn't be stored. */
void doveadm_seal_group_unset(struct doveadm_seal_group_text *group,
			      const char *name,
			      struct doveadm_seal_group_change *change_r);

/* Is the entry this member's? */
bool doveadm_seal_group_is_members(
	const struct doveadm_seal_group_entry *entry, const char *name);
/* Does the group have a member of this name? */
bool doveadm_seal_group_has(const struct doveadm_seal_group_text *group,
			    const char *name);

#endif
