/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_GROUP_H
#define MAIL_SEAL_GROUP_H

#include "array.h"
#include "keys.h"

struct mail_namespace;
struct mail_user;
struct mailbox;

/* Team mailboxes: those of public namespaces that the configuration gives a
   source of certificates, to all of which their mail is sealed. 2.3 has them
   in mail_seal_public, 2.4 in namespace and mailbox blocks: only in the
   configuration, so that they are everybody's. Nothing of the user who opens
   the mailbox counts. */
struct mail_seal_group {
	/* As the settings write it, behind the prefix of the namespace:
	   "Public/CERT", "Public/info*"; "Public/" and a "*" for a whole
	   namespace of 2.4. In a dict the group is the user of this name. */
	const char *name;
	/* The namespace, or NULL if no public one has the prefix (2.3). */
	struct mail_namespace *ns;
	/* To be read and written as an owner's, by source.h and keys.h: it has
	   one source or more, and set.group is the name. set.user is who opens
	   the mailbox, of whom nothing else is in here. */
	struct mail_seal_settings set;
};

/* Finds the group to whose members this mailbox's mail is sealed. Returns 1;
   0 if there is none, and its mail is stored as it comes, as in all mailboxes
   that aren't public; or -1 and what is wrong with the settings: then nothing
   may be saved. The group stays the mailbox's. */
int mail_seal_group_of_mailbox(struct mailbox *box,
			       const struct mail_seal_group **group_r,
			       const char **error_r);

/* Finds the group that this user's settings name so, or the one of a mailbox
   of this name, whether it exists or not. Returns 1, 0 if there is none, or -1
   and what is wrong with the settings. The group is from the pool, and valid
   as long as the user is. */
int mail_seal_group_find(struct mail_user *user, const char *name, pool_t pool,
			 const struct mail_seal_group **group_r,
			 const char **error_r);

/* Lists all groups that this user's settings name, in their order. Mailboxes
   that are excepted from one (mail_seal_keys = none) aren't groups. Returns 0
   or -1 as above. */
int mail_seal_group_list(struct mail_user *user, pool_t pool,
			 const struct mail_seal_group *const **groups_r,
			 unsigned int *count_r, const char **error_r);

/* May any of the mailboxes that this user can save to be a group's? */
bool mail_seal_group_may_be(struct mail_user *user);

/* What the group's keys are now, and what follows for a message: recipients
   are there only if it is to be sealed. Free them with the core's
   recipients_unref(). Strings are from the data stack. */
struct mail_seal_group_keys {
	struct mail_seal_keys keys;
	struct mail_seal_verdict verdict;
	/* why there is no key to seal to, for the log; or NULL */
	const char *log_error;
	/* which certificates are left out, for the log; or NULL */
	const char *warning;
};
void mail_seal_group_judge(const struct mail_seal_settings *set,
			   struct mail_seal_group_keys *keys_r);

/* Are both mailboxes those of one group, with the same members? */
bool mail_seal_group_is_same(struct mailbox *box1, struct mailbox *box2);

/* A message that is encrypted already was put into this group's mailbox, from
   another mailbox or, if that is NULL, from elsewhere: says in the log that it
   isn't sealed to the members, unless it comes from a mailbox of theirs. */
void mail_seal_group_note_encrypted(struct mailbox *box, struct mailbox *from);

/*
 * The readers for this version of Dovecot: settings-23-group.c, -24-group.c
 */

/* As mail_seal_group_of_mailbox(), for a mailbox of this name in this
   namespace. group_r's contents are from the pool. */
int mail_seal_settings_get_group(struct mail_namespace *ns, const char *vname,
				 pool_t pool, struct mail_seal_group *group_r,
				 const char **error_r);
/* May mailboxes of this public namespace be a group's? */
bool mail_seal_settings_may_have_groups(struct mail_namespace *ns);
ARRAY_DEFINE_TYPE(mail_seal_group, const struct mail_seal_group *);
/* Adds all groups. Returns 0 or -1. */
int mail_seal_settings_list_groups(struct mail_user *user, pool_t pool,
				   ARRAY_TYPE(mail_seal_group) *groups,
				   const char **error_r);

#endif
