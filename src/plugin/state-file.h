/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_STATE_FILE_H
#define MAIL_SEAL_STATE_FILE_H

struct mail_user;

/* A small file of the owner's beside Dovecot's own per-user control files,
   where `subscriptions` is, which never is a mailbox. Paths and errors are from
   the data stack. */
struct mail_seal_state_file {
	/* A plain file in the control directory. In LAYOUT=fs it could be
	   renamed as a mailbox, and a mailbox could be made in its place, but
	   for a name with a tilde (mailbox_list_is_valid_fs_name() in
	   mailbox-list.c). */
	const char *name;
	/* In mbox it would be one, but for what is in the index directory and
	   can't be a mailbox's (mbox_is_internal_name() in mbox-storage.c). */
	const char *name_mbox;
};

/* Appends the content. Returns 1; 0 if there is none, or none can be here
   (imapc), or it is another uid's; or -1 with why it can't be read. What is
   larger than MAIL_SEAL_STATE_SIZE_MAX is cut off somewhere behind that. */
int mail_seal_state_file_read(struct mail_user *owner,
			      const struct mail_seal_state_file *file,
			      string_t *text, const char **error_r);
/* Returns when it was last changed; 0 if there is none, or that isn't known. */
time_t mail_seal_state_file_changed(struct mail_user *owner,
				    const struct mail_seal_state_file *file);
/* Writes it. Returns 0, also if none can be here, or -1 and why not. */
int mail_seal_state_file_write(struct mail_user *owner,
			       const struct mail_seal_state_file *file,
			       const string_t *text, const char **error_r);
/* The same if the content still is what was seen (empty: there was no file),
   and with an empty text it is removed. Returns 1, 0 if somebody else was
   faster, or -1. */
int mail_seal_state_file_write_if(struct mail_user *owner,
				  const struct mail_seal_state_file *file,
				  const string_t *seen, const string_t *text,
				  const char **error_r);
/* Returns 1, 0 if there was nothing, or -1 and why it can't be removed. */
int mail_seal_state_file_remove(struct mail_user *owner,
				const struct mail_seal_state_file *file,
				const char **error_r);

#endif
