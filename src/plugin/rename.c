/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "mail-namespace.h"
#include "mail-user.h"
#include "mailbox-list-iter.h"
#include "rename.h"
#include "transaction.h"

ARRAY_DEFINE_TYPE(excluded_name, const char *);

/* Is what is stored under this name left plaintext by the settings, rather
   than for want of a key? */
static bool
name_is_excluded(struct mailbox *of, const char *vname)
{
	struct mailbox *box = mailbox_alloc(mailbox_get_namespace(of)->list,
					    vname, MAILBOX_FLAG_IGNORE_ACLS);
	bool excluded = mail_seal_mailbox_is_excluded(box);

	mailbox_free(&box);
	return excluded;
}

/* Adds what of this mailbox and of those below it is excluded. */
static void
find_excluded(struct mailbox *box, ARRAY_TYPE(excluded_name) *suffixes)
{
	struct mail_namespace *ns = mailbox_get_namespace(box);
	const char *vname = mailbox_get_vname(box), *suffix = "";
	struct mailbox_list_iterate_context *iter;
	const struct mailbox_info *info;

	if (mail_seal_mailbox_is_excluded(box))
		array_push_back(suffixes, &suffix);
	iter = mailbox_list_iter_init(ns->list, t_strdup_printf("%s%c*", vname,
			mail_namespace_get_sep(ns)),
		MAILBOX_LIST_ITER_RAW_LIST | MAILBOX_LIST_ITER_NO_AUTO_BOXES |
		MAILBOX_LIST_ITER_RETURN_NO_FLAGS);
	while ((info = mailbox_list_iter_next(iter)) != NULL) {
		/* patterns in the name itself match others too */
		if (strncmp(info->vname, vname, strlen(vname)) != 0 ||
		    !name_is_excluded(box, info->vname))
			continue;
		suffix = t_strdup(info->vname + strlen(vname));
		array_push_back(suffixes, &suffix);
	}
	/* what couldn't be listed isn't told of */
	(void)mailbox_list_iter_deinit(&iter);
}

static void
warn(struct mailbox *dest, const char *old_vname, const char *new_vname)
{
	e_warning(dest->event, "mail_seal: Mailbox %s, which mail_seal_exclude "
		  "names, is %s now: what is in it stays as it was stored; "
		  "seal it with: doveadm seal encrypt -u %s mailbox %s all",
		  old_vname, new_vname, dest->storage->user->username,
		  new_vname);
}

int mail_seal_rename_box(struct mailbox *src, struct mailbox *dest)
{
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(src);
	const char *src_vname = mailbox_get_vname(src);
	const char *dest_vname = mailbox_get_vname(dest);
	bool watched = mail_seal_mailbox_may_exclude(src);
	ARRAY_TYPE(excluded_name) suffixes;
	const char *suffix;
	int ret;

	t_array_init(&suffixes, 4);
	if (watched)
		find_excluded(src, &suffixes);
	ret = sbox->module_ctx.super.rename_box(src, dest);
	if (ret < 0)
		return ret;
	array_foreach_elem(&suffixes, suffix) {
		const char *new_vname =
			t_strconcat(dest_vname, suffix, NULL);

		if (!name_is_excluded(dest, new_vname)) {
			warn(dest, t_strconcat(src_vname, suffix, NULL),
			     new_vname);
		}
	}
	return ret;
}
