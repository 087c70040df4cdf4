/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "hostpid.h"
#include "mail-storage-private.h"
#include "mdbox-map-private.h"
#include "mdbox-settings.h"
#include "mdbox-storage.h"
#include "storage.h"

#include <fcntl.h>
#include <unistd.h>

/* In the name of a maildir file, before the copy's mark */
#define MAILDIR_MARK_PREFIX "mail-seal-"

/*
 * Marks
 */

enum doveadm_seal_copy_mark doveadm_seal_copy_mark(struct mailbox *box)
{
	struct mailbox_status status;

	/* In a maildir the file is there before its GUID, which is written
	   to dovecot-uidlist. */
	if (strcmp(box->storage->name, "maildir") == 0)
		return DOVEADM_SEAL_COPY_MARK_MAILDIR_NAME;
	mailbox_get_open_status(box, 0, &status);
	return status.have_save_guids ? DOVEADM_SEAL_COPY_MARK_GUID :
		DOVEADM_SEAL_COPY_MARK_NONE;
}

int doveadm_seal_storage_check(struct mailbox *box, const char **reason_r)
{
	const char *path;

	if (doveadm_seal_copy_mark(box) == DOVEADM_SEAL_COPY_MARK_NONE) {
		*reason_r = t_strdup_printf("%s storage can't replace "
					    "messages safely",
					    box->storage->name);
		return -1;
	}
	if (mailbox_get_path_to(box, MAILBOX_LIST_PATH_TYPE_MAILBOX,
				&path) <= 0)
		return 0;
	if (strcmp(box->storage->name, "maildir") == 0)
		path = t_strconcat(path, "/cur", NULL);
	if (faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) < 0) {
		*reason_r = t_strdup_printf("%s can't be written to: %m",
					    path);
		return -1;
	}
	return 0;
}

static const char *maildir_mark_of_copy(struct mail *mail)
{
	const char *name;

	if (mail_get_special(mail, MAIL_FETCH_STORAGE_ID, &name) < 0)
		return NULL;
	name = strstr(name, "." MAILDIR_MARK_PREFIX);
	return name == NULL ? NULL :
		t_strndup(name + strlen("." MAILDIR_MARK_PREFIX),
			  DOVEADM_SEAL_MARK_LENGTH);
}

const char *doveadm_seal_mark_of_copy(struct mail *mail)
{
	const char *guid;

	switch (doveadm_seal_copy_mark(mail->box)) {
	case DOVEADM_SEAL_COPY_MARK_NONE:
		return NULL;
	case DOVEADM_SEAL_COPY_MARK_MAILDIR_NAME:
		return maildir_mark_of_copy(mail);
	case DOVEADM_SEAL_COPY_MARK_GUID:
		break;
	}
	return mail_get_special(mail, MAIL_FETCH_GUID, &guid) < 0 ? NULL :
		guid;
}

/*
 * Saving
 */

/* maildir_filename_generate() ends a name with the host's. */
static int
maildir_save_begin(struct mail_save_context **ctx, struct istream *input,
		   const char *mark)
{
	const char *old_hostname = my_hostname;
	int ret;

	my_hostname = t_strconcat(MAILDIR_MARK_PREFIX, mark, NULL);
	ret = mailbox_save_begin(ctx, input);
	my_hostname = old_hostname;
	return ret;
}

/* What a killed process has appended to an existing file would be taken for
   mail by the next purge, which compares files and map and repairs. A file of
   our own doesn't have its name before all of it counts. */
static int
mdbox_save_begin_in_new_file(struct mail_save_context **ctx,
			     struct istream *input)
{
	struct mdbox_storage *storage =
		MDBOX_STORAGE((*ctx)->transaction->box->storage);
	struct mdbox_settings *set = (struct mdbox_settings *)storage->set;
	uoff_t old_rotate_size = set->mdbox_rotate_size;
	int ret;

	set->mdbox_rotate_size = 1;
	ret = mailbox_save_begin(ctx, input);
	set->mdbox_rotate_size = old_rotate_size;
	return ret;
}

int doveadm_seal_save_begin(struct mail_save_context **ctx,
			    struct istream *input, const char *mark,
			    bool first)
{
	struct mailbox *box = (*ctx)->transaction->box;

	switch (doveadm_seal_copy_mark(box)) {
	case DOVEADM_SEAL_COPY_MARK_NONE:
		return mailbox_save_begin(ctx, input);
	case DOVEADM_SEAL_COPY_MARK_MAILDIR_NAME:
		return maildir_save_begin(ctx, input, mark);
	case DOVEADM_SEAL_COPY_MARK_GUID:
		break;
	}
	mailbox_save_set_guid(*ctx, mark);
	if (first && strcmp(box->storage->name, MDBOX_STORAGE_NAME) == 0)
		return mdbox_save_begin_in_new_file(ctx, input);
	return mailbox_save_begin(ctx, input);
}

/*
 * Making sure that it is on the disk
 */

/* Dovecot leaves out the fsync with mail_fsync = never, which is fine for mail
   that the sender keeps until the next day. Here the copy is all there is. */
void doveadm_seal_storage_sync_always(struct mail_storage *storage)
{
	struct mail_storage_settings *set =
		(struct mail_storage_settings *)storage->set;
	struct mdbox_storage *mdbox;

	if (set->parsed_fsync_mode != FSYNC_MODE_NEVER)
		return;
	set->parsed_fsync_mode = FSYNC_MODE_OPTIMIZED;
	if (strcmp(storage->name, MDBOX_STORAGE_NAME) == 0) {
		/* was opened with the storage */
		mdbox = MDBOX_STORAGE(storage);
		mail_index_set_fsync_mode(mdbox->map->index,
					  FSYNC_MODE_OPTIMIZED, 0);
	}
}

/*
 * Purging
 */

bool doveadm_seal_storage_may_restore(struct mail_storage *storage)
{
	return strcmp(storage->name, MDBOX_STORAGE_NAME) == 0;
}

uint32_t doveadm_seal_storage_rebuilt(struct mail_storage *storage)
{
	struct mdbox_storage *mdbox;

	if (!doveadm_seal_storage_may_restore(storage))
		return 0;
	mdbox = MDBOX_STORAGE(storage);
	return mdbox_map_open(mdbox->map) <= 0 ||
		mdbox_map_refresh(mdbox->map) < 0 ? 0 :
		mdbox_map_get_rebuild_count(mdbox->map);
}

/* A process that was killed can leave an mdbox that Dovecot has to rebuild.
   When a purge notices that, it does it and fails. The rebuilding leaves its
   own mark in the index, which the next purge would take for a reason to
   rebuild again. */
int doveadm_seal_storage_purge(struct mail_storage *storage)
{
	struct mdbox_storage *mdbox;

	if (mail_storage_purge(storage) == 0)
		return 0;
	if (strcmp(storage->name, MDBOX_STORAGE_NAME) != 0)
		return -1;
	mdbox = MDBOX_STORAGE(storage);
	(void)mail_index_reset_fscked(mdbox->map->index);
	return mail_storage_purge(storage);
}
