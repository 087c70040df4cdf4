/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "mail-namespace.h"
#include "mail-user.h"
#include "mailbox-list-iter.h"
#include "group.h"
#include "rename.h"
#include "transaction.h"

struct excluded_name {
	const char *suffix;
	/* that names it */
	const char *setting;
};
ARRAY_DEFINE_TYPE(excluded_name, struct excluded_name);

/* Which setting leaves what is stored under this name plaintext, rather than
   want of a key? */
static const char *name_excluded_by(struct mailbox *of, const char *vname)
{
	struct mailbox *box = mailbox_alloc(mailbox_get_namespace(of)->list,
					    vname, MAILBOX_FLAG_IGNORE_ACLS);
	const char *setting = mail_seal_mailbox_excluded_by(box);

	mailbox_free(&box);
	return setting;
}

static void
add_excluded(ARRAY_TYPE(excluded_name) *names, const char *suffix,
	     const char *setting)
{
	struct excluded_name *name;

	if (setting == NULL)
		return;
	name = array_append_space(names);
	name->suffix = t_strdup(suffix);
	name->setting = setting;
}

/* Adds what of this mailbox and of those below it is excluded. */
static void
find_excluded(struct mailbox *box, ARRAY_TYPE(excluded_name) *names)
{
	struct mail_namespace *ns = mailbox_get_namespace(box);
	const char *vname = mailbox_get_vname(box);
	struct mailbox_list_iterate_context *iter;
	const struct mailbox_info *info;

	add_excluded(names, "", mail_seal_mailbox_excluded_by(box));
	iter = mailbox_list_iter_init(ns->list, t_strdup_printf("%s%c*", vname,
			mail_namespace_get_sep(ns)),
		MAILBOX_LIST_ITER_RAW_LIST | MAILBOX_LIST_ITER_NO_AUTO_BOXES |
		MAILBOX_LIST_ITER_RETURN_NO_FLAGS);
	while ((info = mailbox_list_iter_next(iter)) != NULL) {
		/* patterns in the name itself match others too */
		if (strncmp(info->vname, vname, strlen(vname)) != 0)
			continue;
		add_excluded(names, info->vname + strlen(vname),
			     name_excluded_by(box, info->vname));
	}
	/* what couldn't be listed isn't told of */
	(void)mailbox_list_iter_deinit(&iter);
}

static void
warn(struct mailbox *dest, const char *old_vname, const char *new_vname,
     const char *setting)
{
	e_warning(dest->event, "mail_seal: Mailbox %s, which %s "
		  "names, is %s now: what is in it stays as it was stored; "
		  "seal it with: doveadm seal encrypt -u %s mailbox %s all",
		  old_vname, setting, new_vname, dest->storage->user->username,
		  new_vname);
}

/* Returns the team's name whose mailbox this is, or NULL. */
static const char *group_name(struct mailbox *box)
{
	const struct mail_seal_group *group;
	const char *error;

	return mailbox_get_namespace(box)->owner == NULL &&
		mail_seal_group_of_mailbox(box, &group, &error) > 0 ?
		group->name : NULL;
}

/* Its name says whose it is. */
static void
warn_of_groups(struct mailbox *src, struct mailbox *dest)
{
	const char *old_name = group_name(src), *new_name = group_name(dest);
	const char *vname = mailbox_get_vname(dest);

	if (null_strcmp(old_name, new_name) == 0)
		return;
	if (old_name != NULL) {
		e_warning(dest->event, "mail_seal: Mailbox %s, which is %s "
			  "of the team mailboxes, is %s now, which %s%s",
			  mailbox_get_vname(src), old_name, vname,
			  new_name == NULL ? "is none: what comes isn't sealed "
			  "any more" : "is another team's: ",
			  new_name == NULL ? "" : new_name);
	} else {
		e_warning(dest->event, "mail_seal: Mailbox %s is the team "
			  "mailbox %s now: what is in it stays as it was "
			  "stored; seal it with: doveadm seal encrypt -u %s "
			  "mailbox %s all", vname, new_name,
			  dest->storage->user->username, vname);
	}
}

int mail_seal_rename_box(struct mailbox *src, struct mailbox *dest)
{
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(src);
	const char *src_vname = mailbox_get_vname(src);
	const char *dest_vname = mailbox_get_vname(dest);
	bool watched = mail_seal_mailbox_may_exclude(src);
	ARRAY_TYPE(excluded_name) names;
	const struct excluded_name *name;
	int ret;

	t_array_init(&names, 4);
	if (watched)
		find_excluded(src, &names);
	ret = sbox->module_ctx.super.rename_box(src, dest);
	if (ret < 0)
		return ret;
	warn_of_groups(src, dest);
	array_foreach(&names, name) {
		const char *new_vname =
			t_strconcat(dest_vname, name->suffix, NULL);

		if (name_excluded_by(dest, new_vname) == NULL) {
			warn(dest, t_strconcat(src_vname, name->suffix, NULL),
			     new_vname, name->setting);
		}
	}
	return ret;
}
