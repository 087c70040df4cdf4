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

/* Adds what the names of this mailbox and of those below it end in, behind its
   own. */
static void
list_suffixes(struct mailbox *box, ARRAY_TYPE(const_string) *suffixes)
{
	struct mail_namespace *ns = mailbox_get_namespace(box);
	const char *vname = mailbox_get_vname(box), *suffix = "";
	const size_t length = strlen(vname);
	struct mailbox_list_iterate_context *iter;
	const struct mailbox_info *info;

	array_push_back(suffixes, &suffix);
	iter = mailbox_list_iter_init(ns->list, t_strdup_printf("%s%c*", vname,
			mail_namespace_get_sep(ns)),
		MAILBOX_LIST_ITER_RAW_LIST | MAILBOX_LIST_ITER_NO_AUTO_BOXES |
		MAILBOX_LIST_ITER_RETURN_NO_FLAGS);
	while ((info = mailbox_list_iter_next(iter)) != NULL) {
		/* patterns in the name itself match others too */
		if (strncmp(info->vname, vname, length) != 0)
			continue;
		suffix = t_strdup(info->vname + length);
		array_push_back(suffixes, &suffix);
	}
	/* what couldn't be listed isn't told of */
	(void)mailbox_list_iter_deinit(&iter);
}

static const char *below(struct mailbox *box, const char *suffix)
{
	return t_strconcat(mailbox_get_vname(box), suffix, NULL);
}

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
find_excluded(struct mailbox *box, const ARRAY_TYPE(const_string) *suffixes,
	      ARRAY_TYPE(excluded_name) *names)
{
	const char *suffix;

	array_foreach_elem(suffixes, suffix) {
		add_excluded(names, suffix, *suffix == '\0' ?
			     mail_seal_mailbox_excluded_by(box) :
			     name_excluded_by(box, below(box, suffix)));
	}
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

static bool may_have_groups(struct mailbox *box)
{
	struct mail_namespace *ns = mailbox_get_namespace(box);

	return ns->owner == NULL && mail_seal_settings_may_have_groups(ns);
}

/* Returns the team's name whose mailbox of this name is, or NULL. */
static const char *group_name(struct mailbox *of, const char *vname)
{
	struct mailbox *box = mailbox_alloc(mailbox_get_namespace(of)->list,
					    vname, MAILBOX_FLAG_IGNORE_ACLS);
	const struct mail_seal_group *group;
	const char *error, *name;

	name = mailbox_get_namespace(of)->owner == NULL &&
		mail_seal_group_of_mailbox(box, &group, &error) > 0 ?
		t_strdup(group->name) : NULL;
	mailbox_free(&box);
	return name;
}

/* Its name says whose it is. */
static void
warn_of_groups(struct mailbox *src, struct mailbox *dest, const char *suffix)
{
	const char *old_vname = below(src, suffix);
	const char *vname = below(dest, suffix);
	const char *old_name = group_name(src, old_vname);
	const char *new_name = group_name(dest, vname);

	if (null_strcmp(old_name, new_name) == 0)
		return;
	if (old_name != NULL) {
		e_warning(dest->event, "mail_seal: Mailbox %s, which is %s "
			  "of the team mailboxes, is %s now, which %s%s",
			  old_vname, old_name, vname,
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
	bool watched = mail_seal_mailbox_may_exclude(src);
	bool groups = may_have_groups(src) || may_have_groups(dest);
	ARRAY_TYPE(const_string) suffixes;
	ARRAY_TYPE(excluded_name) names;
	const struct excluded_name *name;
	const char *suffix;
	int ret;

	t_array_init(&suffixes, 4);
	t_array_init(&names, 4);
	if (watched || groups)
		list_suffixes(src, &suffixes);
	if (watched)
		find_excluded(src, &suffixes, &names);
	ret = sbox->module_ctx.super.rename_box(src, dest);
	if (ret < 0)
		return ret;
	array_foreach_elem(&suffixes, suffix) {
		if (groups) T_BEGIN {
			warn_of_groups(src, dest, suffix);
		} T_END;
	}
	array_foreach(&names, name) {
		const char *new_vname = below(dest, name->suffix);

		if (name_excluded_by(dest, new_vname) == NULL) {
			warn(dest, below(src, name->suffix), new_vname,
			     name->setting);
		}
	}
	return ret;
}
