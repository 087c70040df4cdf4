/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_MBOX_PLACE_H
#define DOVEADM_SEAL_MBOX_PLACE_H

#include <sys/stat.h>

/* Puts a finished copy of an mbox in the original's place: at once, with the
   original's group and mode. It may be on another file system, and the folder
   one like /var/mail, where only mail_privileged_group may make files. */
struct doveadm_seal_mbox_place {
	const char *path, *folder;
	struct stat st;
	/* the folder is written to with the privileged group's rights */
	bool privileged;
	/* what will take its place; and whether that is a file of our own
	   beside it */
	const char *source;
	bool temporary;

	/* "fchown(/var/mail/alice)", for a message with errno */
	const char *failed_call;
};

/* st is what the file is. Strings are from the data stack. Returns 0, or -1
   and half a sentence why no file can take its place. */
int doveadm_seal_mbox_place_init(struct doveadm_seal_mbox_place *place,
				 const char *path, const struct stat *st,
				 const char **reason_r);
/* Makes ready that the copy can take its place. Returns 0 or -1. */
int doveadm_seal_mbox_place_prepare(struct doveadm_seal_mbox_place *place,
				    const char *copy_path);
/* Does it. The original is locked. Returns 0 or -1. */
int doveadm_seal_mbox_place_rename(struct doveadm_seal_mbox_place *place);
/* Removes what was made and isn't needed. */
void doveadm_seal_mbox_place_deinit(struct doveadm_seal_mbox_place *place);

#endif
