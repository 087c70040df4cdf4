/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "file-lock.h"
#include "hex-binary.h"
#include "mail-namespace.h"
#include "mailbox-list-iter.h"
#include "mbox-storage.h"
#include "mbox-lock.h"
#include "sha1.h"
#include "unlink-directory.h"
#include "write-full.h"
#include "doveadm-mail.h"
#include "../../plugin/dovecot-compat.h"
#include "mbox.h"
#include "mbox-place.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_ATTEMPTS 5

/* The copy's name: this and a part of a hash of the original's */
#define COPY_NAME_PREFIX "mail-seal-"
#define COPY_NAME_HASH_LENGTH 8

struct mbox_swap {
	struct doveadm_mail_cmd_context *ctx;
	/* the original, and how its file was when it was copied */
	struct mailbox *box;
	const char *path;
	struct stat st;

	struct mailbox *copy;
	const char *copy_path;
	struct doveadm_seal_mbox_place place;
};

bool doveadm_seal_is_mbox(struct mailbox *box)
{
	return strcmp(box->storage->name, MBOX_STORAGE_NAME) == 0;
}

bool doveadm_seal_is_mbox_copy(const struct mailbox_info *info)
{
	struct mail_namespace *ns = info->ns;
	const char *name = info->vname;

	if (strcmp(mail_namespace_get_default_storage(ns)->name,
		   MBOX_STORAGE_NAME) != 0 ||
	    strncmp(name, ns->prefix, ns->prefix_len) != 0)
		return FALSE;
	name += ns->prefix_len;
	if (strncmp(name, COPY_NAME_PREFIX, strlen(COPY_NAME_PREFIX)) != 0)
		return FALSE;
	name += strlen(COPY_NAME_PREFIX);
	return strlen(name) == COPY_NAME_HASH_LENGTH &&
		name[strspn(name, "0123456789abcdef")] == '\0';
}

static int swap_failed(struct mbox_swap *swap, struct mailbox *box,
		       const char *what)
{
	e_error(swap->box->event, "mail_seal: %s failed: %s", what,
		mailbox_get_last_internal_error(box, NULL));
	doveadm_mail_failed_mailbox(swap->ctx, box);
	return -1;
}

static int
swap_failed_errno(struct mbox_swap *swap, const char *call, const char *path)
{
	e_error(swap->box->event, "mail_seal: %s(%s) failed: %m", call, path);
	doveadm_mail_failed_error(swap->ctx, MAIL_ERROR_TEMP);
	return -1;
}

/*
 * The copy
 */

static struct mailbox *copy_alloc(struct mbox_swap *swap)
{
	struct mail_namespace *ns = mailbox_get_namespace(swap->box);
	unsigned char digest[SHA1_RESULTLEN];
	const char *vname = mailbox_get_vname(swap->box);

	sha1_get_digest(vname, strlen(vname), digest);
	return mailbox_alloc(ns->list, t_strconcat(
		ns->prefix, COPY_NAME_PREFIX,
		t_strndup(binary_to_hex(digest, sizeof(digest)),
			  COPY_NAME_HASH_LENGTH), NULL),
		MAILBOX_FLAG_IGNORE_ACLS);
}

/* Deletes the copy and its index, also what a killed run has left of them;
   mailbox_delete() wouldn't open that. */
static int copy_delete(struct mbox_swap *swap)
{
	struct mailbox *copy = copy_alloc(swap);
	const char *path, *error;
	int ret = 0;

	if (mailbox_get_path_to(copy, MAILBOX_LIST_PATH_TYPE_MAILBOX,
				&path) > 0 &&
	    i_unlink_if_exists(path) < 0) {
		doveadm_mail_failed_error(swap->ctx, MAIL_ERROR_TEMP);
		ret = -1;
	}
	if (mailbox_get_path_to(copy, MAILBOX_LIST_PATH_TYPE_INDEX,
				&path) > 0 &&
	    unlink_directory(path, UNLINK_DIRECTORY_FLAG_RMDIR, &error) < 0) {
		e_error(swap->box->event, "mail_seal: Removing %s failed: %s",
			path, error);
		doveadm_mail_failed_error(swap->ctx, MAIL_ERROR_TEMP);
		ret = -1;
	}
	mailbox_free(&copy);
	return ret;
}

static int copy_bytes(struct mbox_swap *swap, int in_fd, int out_fd)
{
	unsigned char buffer[64*1024];
	ssize_t size;

	while ((size = read(in_fd, buffer, sizeof(buffer))) > 0) {
		if (write_full(out_fd, buffer, size) < 0) {
			return swap_failed_errno(swap, "write",
						 swap->copy_path);
		}
	}
	return size == 0 ? 0 : swap_failed_errno(swap, "read", swap->path);
}

/* Nobody else needs to read it before it takes the original's place. */
static int copy_file(struct mbox_swap *swap)
{
	int in_fd, out_fd, ret;

	in_fd = open(swap->path, O_RDONLY);
	if (in_fd == -1)
		return swap_failed_errno(swap, "open", swap->path);
	out_fd = open(swap->copy_path, O_WRONLY | O_TRUNC);
	if (out_fd == -1)
		ret = swap_failed_errno(swap, "open", swap->copy_path);
	else if (fstat(in_fd, &swap->st) < 0)
		ret = swap_failed_errno(swap, "fstat", swap->path);
	else if (fchmod(out_fd, 0600) < 0)
		ret = swap_failed_errno(swap, "fchmod", swap->copy_path);
	else
		ret = copy_bytes(swap, in_fd, out_fd);
	i_close_fd(&in_fd);
	i_close_fd(&out_fd);
	return ret;
}

static bool has_uid(struct mailbox *box, uint32_t uid)
{
	uint32_t seq1, seq2;

	mailbox_get_seq_range(box, uid, uid, &seq1, &seq2);
	return seq1 != 0;
}

/* Has the copy the same messages, as far as it matters? */
static bool
copy_is_good(struct mbox_swap *swap, const ARRAY_TYPE(uint32_t) *uids)
{
	struct mailbox_status status, copy_status;
	const uint32_t *uid;

	mailbox_get_open_status(swap->box, STATUS_MESSAGES |
				STATUS_UIDVALIDITY, &status);
	mailbox_get_open_status(swap->copy, STATUS_MESSAGES |
				STATUS_UIDVALIDITY, &copy_status);
	if (status.messages != copy_status.messages ||
	    status.uidvalidity != copy_status.uidvalidity)
		return FALSE;
	array_foreach(uids, uid) {
		if (has_uid(swap->box, *uid) != has_uid(swap->copy, *uid))
			return FALSE;
	}
	return TRUE;
}

/* Makes an empty mailbox. Its index would have a UIDVALIDITY of its own, so it
   gets a new one when the mailbox is opened with what is in it by then. */
static int copy_create(struct mbox_swap *swap)
{
	const char *index_path, *error;

	if (mailbox_create(swap->copy, NULL, FALSE) < 0 ||
	    mailbox_get_path_to(swap->copy, MAILBOX_LIST_PATH_TYPE_MAILBOX,
				&swap->copy_path) <= 0)
		return swap_failed(swap, swap->copy, "Making a copy");
	swap->copy_path = t_strdup(swap->copy_path);
	if (mailbox_get_path_to(swap->copy, MAILBOX_LIST_PATH_TYPE_INDEX,
				&index_path) > 0 &&
	    unlink_directory(index_path, UNLINK_DIRECTORY_FLAG_RMDIR,
			     &error) < 0) {
		e_error(swap->box->event, "mail_seal: Removing %s failed: %s",
			index_path, error);
		doveadm_mail_failed_error(swap->ctx, MAIL_ERROR_TEMP);
		return -1;
	}
	mailbox_free(&swap->copy);
	swap->copy = copy_alloc(swap);
	return 0;
}

/* The UIDs of messages that are in the copy only must be new ones. */
static int copy_open(struct mbox_swap *swap)
{
	struct mailbox_status status;
	struct mailbox_update update;

	if (mailbox_sync(swap->copy, MAILBOX_SYNC_FLAG_FULL_READ) < 0)
		return swap_failed(swap, swap->copy, "Opening the copy");
	mailbox_get_open_status(swap->box, STATUS_UIDNEXT, &status);
	i_zero(&update);
	update.min_next_uid = status.uidnext;
	if (mailbox_update(swap->copy, &update) < 0)
		return swap_failed(swap, swap->copy, "Updating the copy");
	return 0;
}

/* Returns 1, 0 if the original was being changed, or -1. */
static int
swap_begin(struct mbox_swap *swap, const ARRAY_TYPE(uint32_t) *uids)
{
	/* closing it writes flags to the file that are only in the index yet */
	mailbox_close(swap->box);
	if (mailbox_sync(swap->box, MAILBOX_SYNC_FLAG_FULL_READ) < 0)
		return swap_failed(swap, swap->box, "Syncing");
	if (copy_delete(swap) < 0)
		return -1;
	swap->path = mailbox_get_path(swap->box);
	swap->copy = copy_alloc(swap);
	if (copy_create(swap) < 0 || copy_file(swap) < 0 ||
	    copy_open(swap) < 0)
		return -1;
	return copy_is_good(swap, uids) ? 1 : 0;
}

/*
 * Taking the original's place
 */

static int swap_place_failed(struct mbox_swap *swap)
{
	e_error(swap->box->event, "mail_seal: %s failed: %m",
		swap->place.failed_call);
	doveadm_mail_failed_error(swap->ctx, MAIL_ERROR_TEMP);
	return -1;
}

static int swap_prepare(struct mbox_swap *swap)
{
	const char *reason;

	mailbox_close(swap->copy);
	if (doveadm_seal_mbox_place_init(&swap->place, swap->path, &swap->st,
					 &reason) < 0) {
		e_error(swap->box->event, "mail_seal: %s", reason);
		doveadm_mail_failed_error(swap->ctx, MAIL_ERROR_NOTPOSSIBLE);
		return -1;
	}
	return doveadm_seal_mbox_place_prepare(&swap->place,
					       swap->copy_path) < 0 ?
		swap_place_failed(swap) : 0;
}

/* Returns 1, 0 if the original was changed, or -1. */
static int swap_rename(struct mbox_swap *swap)
{
	struct stat st;

	if (stat(swap->path, &st) < 0)
		return swap_failed_errno(swap, "stat", swap->path);
	if (st.st_ino != swap->st.st_ino || st.st_size != swap->st.st_size ||
	    st.st_mtim.tv_sec != swap->st.st_mtim.tv_sec ||
	    st.st_mtim.tv_nsec != swap->st.st_mtim.tv_nsec)
		return 0;
	return doveadm_seal_mbox_place_rename(&swap->place) < 0 ?
		swap_place_failed(swap) : 1;
}

static int swap_commit(struct mbox_swap *swap)
{
	struct mbox_mailbox *mbox = MBOX_MAILBOX(swap->box);
	unsigned int lock_id;
	int ret;

	if (swap_prepare(swap) < 0)
		return -1;
	if (mbox_lock(mbox, F_WRLCK, &lock_id) <= 0)
		return swap_failed(swap, swap->box, "Locking");
	ret = swap_rename(swap);
	(void)mbox_unlock(mbox, lock_id);
	if (ret <= 0)
		return ret;

	/* it is another file now */
	mailbox_close(swap->box);
	if (mailbox_sync(swap->box, MAILBOX_SYNC_FLAG_FULL_READ) < 0)
		return swap_failed(swap, swap->box, "Syncing");
	return 1;
}

static void swap_deinit(struct mbox_swap *swap)
{
	doveadm_seal_mbox_place_deinit(&swap->place);
	if (swap->copy == NULL)
		return;
	mailbox_free(&swap->copy);
	(void)copy_delete(swap);
}

/* Returns 1, 0 if it has to be done again, or -1. */
static int
swap_run(struct mbox_swap *swap,
	 const struct mail_seal_plugin_interface *plugin,
	 struct doveadm_seal_progress *progress,
	 const ARRAY_TYPE(uint32_t) *uids, struct doveadm_seal_counts *counts)
{
	struct doveadm_seal_counts new_counts = *counts;
	struct doveadm_seal_box *sbox;
	int ret, run_ret;

	ret = swap_begin(swap, uids);
	if (ret <= 0)
		return ret;
	sbox = doveadm_seal_box_init(swap->ctx, plugin, swap->copy,
				     swap->box->event, progress);
	run_ret = doveadm_seal_box_run(sbox, uids, &new_counts);
	doveadm_seal_box_deinit(&sbox);
	if (new_counts.sealed > counts->sealed)
		ret = swap_commit(swap);
	if (ret > 0) {
		*counts = new_counts;
		return run_ret < 0 ? -1 : 1;
	}
	return ret;
}

int doveadm_seal_mbox_check(struct mailbox *box, const char **reason_r)
{
	struct doveadm_seal_mbox_place place;
	const char *path = mailbox_get_path(box), *root;
	struct stat st;

	/* Who waits for a lock on the file itself would get it on the one that
	   was replaced, and what it then appends would be lost. Behind the
	   dotlock Dovecot opens the file anew (mbox-lock.c
	   mbox_file_open_latest()). */
	if (strcmp(compat_mbox_first_write_lock(box), "dotlock") != 0) {
		*reason_r = "mbox_write_locks must begin with dotlock, or "
			"mail that comes in meanwhile could be lost";
		return -1;
	}
	if (stat(path, &st) < 0) {
		*reason_r = t_strdup_printf("stat(%s) failed: %m", path);
		return -1;
	}
	root = mailbox_list_get_root_forced(mailbox_get_namespace(box)->list,
					    MAILBOX_LIST_PATH_TYPE_MAILBOX);
	if (faccessat(AT_FDCWD, root, W_OK | X_OK, AT_EACCESS) < 0) {
		*reason_r = t_strdup_printf(
			"%s can't be written to: %m", root);
		return -1;
	}
	return doveadm_seal_mbox_place_init(&place, path, &st, reason_r);
}

int doveadm_seal_mbox_run(struct doveadm_mail_cmd_context *ctx,
			  const struct mail_seal_plugin_interface *plugin,
			  struct mailbox *box,
			  struct doveadm_seal_progress *progress,
			  const ARRAY_TYPE(uint32_t) *uids,
			  struct doveadm_seal_counts *counts)
{
	struct doveadm_seal_counts old_counts = *counts;
	struct file_lock *lock;
	int ret = 0;

	if (doveadm_seal_box_lock(ctx, box, &lock) < 0) {
		counts->failed += array_count(uids);
		return -1;
	}
	for (unsigned int i = 0; ret == 0 && i < MAX_ATTEMPTS; i++) T_BEGIN {
		struct mbox_swap swap = { .ctx = ctx, .box = box };

		ret = swap_run(&swap, plugin, progress, uids, counts);
		swap_deinit(&swap);
	} T_END;
	file_lock_free(&lock);
	if (ret == 0) {
		e_error(box->event, "mail_seal: The mailbox was changed by "
			"others all the time; run it again");
		doveadm_mail_failed_error(ctx, MAIL_ERROR_TEMP);
	}
	if (ret <= 0 && counts->failed == old_counts.failed)
		counts->failed += array_count(uids);
	return ret > 0 ? 0 : -1;
}
