/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "mail-root.h"

/* Returns what follows the root's path, without a slash in front; or NULL. */
static const char *path_below(const char *root, const char *path)
{
	size_t length = strlen(root);

	/* the root directory */
	if (length == 1 && *root == '/')
		return path + 1;
	if (strncmp(path, root, length) != 0)
		return NULL;
	if (path[length] == '/')
		return path + length + 1;
	return path[length] == '\0' ? path + length : NULL;
}

/* Messages are in them. */
static bool is_within_maildir(const char *below)
{
	const char *first = t_strcut(below, '/');

	return strcmp(first, "cur") == 0 || strcmp(first, "new") == 0 ||
		strcmp(first, "tmp") == 0;
}

bool mail_seal_mail_root_reaches(const struct mail_seal_mail_root *root,
				 const char *path)
{
	const char *below = path_below(root->path, path);

	if (below == NULL)
		return FALSE;
	if (*below == '\0')
		return TRUE;
	switch (root->layout) {
	case MAIL_SEAL_ROOT_TREE:
		return TRUE;
	case MAIL_SEAL_ROOT_DOTS:
		/* also a plain file: RENAME doesn't ask what it is
		   (mailbox-list-maildir.c) */
		return *below == '.' || is_within_maildir(below);
	case MAIL_SEAL_ROOT_MAILBOX:
		return is_within_maildir(below);
	}
	i_unreached();
}
