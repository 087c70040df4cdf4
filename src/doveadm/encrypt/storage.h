/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_STORAGE_H
#define DOVEADM_SEAL_STORAGE_H

/* What has to be known of the single storage formats, so that a message can be
   replaced by another one safely. */

/* How a copy is recognised that a killed run has left beside its original: by
   something that is there as soon as the copy is */
enum doveadm_seal_copy_mark {
	/* it isn't; then messages can't be replaced where they are */
	DOVEADM_SEAL_COPY_MARK_NONE,
	DOVEADM_SEAL_COPY_MARK_GUID,
	DOVEADM_SEAL_COPY_MARK_MAILDIR_NAME
};

/* hex digits */
#define DOVEADM_SEAL_MARK_LENGTH 32

/* Returns 0, or -1 and half a sentence why messages of this mailbox, which is
   no mbox, can't be replaced. */
int doveadm_seal_storage_check(struct mailbox *box, const char **reason_r);

enum doveadm_seal_copy_mark doveadm_seal_copy_mark(struct mailbox *box);

/* Returns the mark that this message has as a copy, or NULL. What it returns
   for messages that are no copies is no copy's mark. */
const char *doveadm_seal_mark_of_copy(struct mail *mail);

/* mailbox_save_begin() for a copy with this mark. If it is the first one in
   its transaction, first must be set. */
int doveadm_seal_save_begin(struct mail_save_context **ctx,
			    struct istream *input, const char *mark,
			    bool first);

/* Has all that is saved from now on written to the disk for good, whatever
   mail_fsync says. To be called before mailboxes are opened. */
void doveadm_seal_storage_sync_always(struct mail_storage *storage);

/* Can what was expunged come back? mdbox has it until it is purged, and
   Dovecot's rebuilding, after a process was killed, takes what its map doesn't
   know for lost and restores it. */
bool doveadm_seal_storage_may_restore(struct mail_storage *storage);
/* A number that changes each time it is rebuilt */
uint32_t doveadm_seal_storage_rebuilt(struct mail_storage *storage);

/* Removes from the disk what is expunged. Returns 0, or -1 with the storage's
   error set. */
int doveadm_seal_storage_purge(struct mail_storage *storage);

#endif
