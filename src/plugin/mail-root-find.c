/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Where a user's mail roots are, and whether a source is within. */

#include "lib.h"
#include "array.h"
#include "path-util.h"
#include "mail-namespace.h"
#include "mailbox-list.h"
#include "mail-user.h"
#include "mail-root.h"
#include "owner-settings.h"

ARRAY_DEFINE_TYPE(mail_root, struct mail_seal_mail_root);

/* Symbolic links resolved as far as there is something. */
static const char *real_path(const char *path)
{
	const char *dir = path, *slash, *real, *error;

	while (t_realpath(dir, &real, &error) < 0) {
		slash = strrchr(dir, '/');
		if (slash == NULL || slash == dir)
			return path;
		dir = t_strdup_until(dir, slash);
	}
	return strcmp(real, "/") == 0 ? path + strlen(dir) :
		t_strconcat(real, path + strlen(dir), NULL);
}

static const char *normal_path(const char *path)
{
	const char *normal, *error;

	return t_normpath(path, &normal, &error) < 0 ? path : normal;
}

/* As it is written, and as it is */
static void
add_root(ARRAY_TYPE(mail_root) *roots, const char *path,
	 enum mail_seal_root_layout layout)
{
	struct mail_seal_mail_root *root;

	path = normal_path(path);
	root = array_append_space(roots);
	root->path = path;
	root->layout = layout;
	root = array_append_space(roots);
	root->path = real_path(path);
	root->layout = layout;
}

/* Indexes and control files may have roots of their own. They have the
   mailboxes' names, and move with them. */
static void
add_list_roots(struct mailbox_list *list, enum mail_seal_root_layout layout,
	       ARRAY_TYPE(mail_root) *roots)
{
	static const enum mailbox_list_path_type types[] = {
		MAILBOX_LIST_PATH_TYPE_MAILBOX,
		MAILBOX_LIST_PATH_TYPE_ALT_MAILBOX,
		MAILBOX_LIST_PATH_TYPE_CONTROL,
		MAILBOX_LIST_PATH_TYPE_INDEX,
		MAILBOX_LIST_PATH_TYPE_INDEX_CACHE
	};
	const char *dir, *path;

	if (!mailbox_list_get_root_path(list, MAILBOX_LIST_PATH_TYPE_DIR,
					&dir))
		return;
	for (unsigned int i = 0; i < N_ELEMENTS(types); i++) {
		/* dbox: the folders are in DIR/mailboxes, and the indexes
		   there, too, unless they have a place of their own */
		if (mailbox_list_get_root_path(list, types[i], &path) &&
		    (i == 0 || strcmp(path, dir) != 0))
			add_root(roots, path, layout);
	}
}

static void
add_namespace_roots(struct mail_namespace *ns, ARRAY_TYPE(mail_root) *roots)
{
	const char *layout = mailbox_list_get_driver_name(ns->list);
	const char *inbox;

	/* others have folders whose paths aren't their names */
	if (strcmp(layout, "maildir++") == 0)
		add_list_roots(ns->list, MAIL_SEAL_ROOT_DOTS, roots);
	else if (strcmp(layout, "fs") == 0)
		add_list_roots(ns->list, MAIL_SEAL_ROOT_TREE, roots);
	else
		return;
	if ((ns->flags & NAMESPACE_FLAG_INBOX_USER) != 0 &&
	    mailbox_list_get_path(ns->list, "INBOX",
				  MAILBOX_LIST_PATH_TYPE_MAILBOX, &inbox) > 0)
		add_root(roots, inbox, MAIL_SEAL_ROOT_MAILBOX);
}

const char *mail_seal_source_mail_root(const struct mail_seal_source *source,
				       struct mail_user *user)
{
	ARRAY_TYPE(mail_root) roots;
	const struct mail_seal_mail_root *root;
	struct mail_namespace *ns;
	const char *path, *real;

	if (!mail_seal_source_has_path(source))
		return NULL;
	t_array_init(&roots, 8);
	for (ns = user->namespaces; ns != NULL; ns = ns->next) {
		if ((ns->type == MAIL_NAMESPACE_TYPE_PRIVATE &&
		     ns->owner == user) ||
		    ns->type == MAIL_NAMESPACE_TYPE_PUBLIC)
			add_namespace_roots(ns, &roots);
	}
	path = normal_path(source->path);
	real = real_path(path);
	array_foreach(&roots, root) {
		if (mail_seal_mail_root_reaches(root, path) ||
		    mail_seal_mail_root_reaches(root, real))
			return root->path;
	}
	return NULL;
}
