/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_ACL_H
#define DOVEADM_SEAL_ACL_H

struct mailbox;

/* What Dovecot's ACL plugin says of who may read a mailbox. Without the plugin
   everybody may who sees it. */

/* Is the plugin loaded in this process? */
bool doveadm_seal_acl_is_loaded(void);

/* May the user whose mailbox object this is read it? The mailbox needn't be
   open. Returns 1, 0 or -1. */
int doveadm_seal_acl_can_read(struct mailbox *box);

/* Somebody to whom the mailbox's ACL gives the right to read: is_user if it
   names a user; else it is "anyone", "authenticated", "group=NAME", ... */
typedef void doveadm_seal_acl_reader_callback_t(const char *name, bool is_user,
						void *context);
/* Calls back with each. Whether the right is taken away again isn't looked at.
   Returns 0 or -1. */
int doveadm_seal_acl_readers(struct mailbox *box,
			     doveadm_seal_acl_reader_callback_t *callback,
			     void *context);

#endif
