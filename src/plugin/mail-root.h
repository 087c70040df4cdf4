/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_MAIL_ROOT_H
#define MAIL_SEAL_MAIL_ROOT_H

/* Which paths below a mail root are mailboxes, or within one: what stands
   there, a client can rename or delete. Only names are looked at. */

enum mail_seal_root_layout {
	/* Maildir++: the folder NAME is ROOT/.NAME */
	MAIL_SEAL_ROOT_DOTS,
	/* the folder A/B is ROOT/A/B */
	MAIL_SEAL_ROOT_TREE,
	/* one mailbox, a file or a maildir, as INBOX may be */
	MAIL_SEAL_ROOT_MAILBOX
};

struct mail_seal_mail_root {
	/* absolute, without "//", "." and ".." and not ending in "/" */
	const char *path;
	enum mail_seal_root_layout layout;
};

/* Can this path (likewise) be reached as a mailbox, or a part of one? */
bool mail_seal_mail_root_reaches(const struct mail_seal_mail_root *root,
				 const char *path);

struct mail_user;
struct mail_seal_source;

/* Is this source, a file or a folder, within the reach of clients in one of
   the user's own namespaces? Returns that mail root, from the data stack, or
   NULL. */
const char *mail_seal_source_mail_root(const struct mail_seal_source *source,
				       struct mail_user *user);

#endif
