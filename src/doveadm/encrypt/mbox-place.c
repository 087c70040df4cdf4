/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "fdatasync-path.h"
#include "restrict-access.h"
#include "write-full.h"
#include "mbox-place.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TEMP_SUFFIX ".mail-seal"

static int
place_failed(struct doveadm_seal_mbox_place *place, const char *call,
	     const char *path)
{
	place->failed_call = t_strdup_printf("%s(%s)", call, path);
	return -1;
}

/*
 * Rights
 */

static void folder_begin(const struct doveadm_seal_mbox_place *place)
{
	if (place->privileged && restrict_access_use_priv_gid() < 0)
		i_error("setegid() failed: %m");
}

static void folder_end(const struct doveadm_seal_mbox_place *place)
{
	int old_errno = errno;

	if (place->privileged)
		restrict_access_drop_priv_gid();
	errno = old_errno;
}

static bool folder_is_writable(const struct doveadm_seal_mbox_place *place)
{
	bool ok;

	folder_begin(place);
	ok = faccessat(AT_FDCWD, place->folder, W_OK | X_OK, AT_EACCESS) == 0;
	folder_end(place);
	return ok;
}

int doveadm_seal_mbox_place_init(struct doveadm_seal_mbox_place *place,
				 const char *path, const struct stat *st,
				 const char **reason_r)
{
	char *resolved = realpath(path, NULL);
	const char *slash;

	i_zero(place);
	/* a link stays one */
	place->path = resolved == NULL ? path : t_strdup(resolved);
	free(resolved);
	slash = strrchr(place->path, '/');
	place->folder = slash == NULL ? "." :
		t_strdup_until(place->path, slash + 1);
	place->st = *st;
	if (st->st_uid != geteuid()) {
		*reason_r = t_strdup_printf(
			"%s belongs to another user", path);
		return -1;
	}
	if (folder_is_writable(place))
		return 0;
	if (errno == EACCES && restrict_access_have_priv_gid()) {
		place->privileged = TRUE;
		if (folder_is_writable(place))
			return 0;
	}
	*reason_r = t_strdup_printf("no file can be made beside %s: %m%s",
		path, errno != EACCES ? "" :
		" (it may need mail_privileged_group)");
	return -1;
}

/*
 * A file of our own beside it
 */

static int temp_create(struct doveadm_seal_mbox_place *place, const char *path)
{
	struct stat st;
	int fd;

	/* a killed run's; somebody else's is left alone */
	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_uid == geteuid())
		(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd == -1)
		return place_failed(place, "open", path);
	place->temporary = TRUE;
	place->source = path;
	if (fstat(fd, &st) < 0 ||
	    (st.st_gid != place->st.st_gid &&
	     fchown(fd, (uid_t)-1, place->st.st_gid) < 0)) {
		(void)place_failed(place, "fchown", path);
		i_close_fd(&fd);
		return -1;
	}
	return fd;
}

static int
temp_fill(struct doveadm_seal_mbox_place *place, int fd, const char *copy_path)
{
	unsigned char buffer[64*1024];
	ssize_t size;
	int in_fd;

	in_fd = open(copy_path, O_RDONLY);
	if (in_fd == -1)
		return place_failed(place, "open", copy_path);
	while ((size = read(in_fd, buffer, sizeof(buffer))) > 0) {
		if (write_full(fd, buffer, size) < 0) {
			(void)place_failed(place, "write", place->source);
			i_close_fd(&in_fd);
			return -1;
		}
	}
	i_close_fd(&in_fd);
	if (size < 0)
		return place_failed(place, "read", copy_path);
	if (fchmod(fd, place->st.st_mode & 0777) < 0)
		return place_failed(place, "fchmod", place->source);
	if (fsync(fd) < 0)
		return place_failed(place, "fsync", place->source);
	return 0;
}

static int
prepare_beside(struct doveadm_seal_mbox_place *place, const char *copy_path)
{
	const char *name = strrchr(place->path, '/');
	const char *path = t_strconcat(place->folder, ".",
				       name == NULL ? place->path : name + 1,
				       TEMP_SUFFIX, NULL);
	int fd, ret;

	folder_begin(place);
	fd = temp_create(place, path);
	folder_end(place);
	if (fd == -1)
		return -1;
	ret = temp_fill(place, fd, copy_path);
	i_close_fd(&fd);
	return ret;
}

/*
 * The copy itself
 */

static int
prepare_copy(struct doveadm_seal_mbox_place *place, const char *copy_path)
{
	int fd, ret = 0;

	fd = open(copy_path, O_RDWR);
	if (fd == -1)
		return place_failed(place, "open", copy_path);
	if (fchmod(fd, place->st.st_mode & 0777) < 0)
		ret = place_failed(place, "fchmod", copy_path);
	else if (fsync(fd) < 0)
		ret = place_failed(place, "fsync", copy_path);
	i_close_fd(&fd);
	place->source = copy_path;
	return ret;
}

int doveadm_seal_mbox_place_prepare(struct doveadm_seal_mbox_place *place,
				    const char *copy_path)
{
	struct stat st;

	if (stat(copy_path, &st) < 0)
		return place_failed(place, "stat", copy_path);
	if (place->privileged || st.st_dev != place->st.st_dev ||
	    (st.st_gid != place->st.st_gid &&
	     chown(copy_path, (uid_t)-1, place->st.st_gid) < 0))
		return prepare_beside(place, copy_path);
	return prepare_copy(place, copy_path);
}

int doveadm_seal_mbox_place_rename(struct doveadm_seal_mbox_place *place)
{
	int ret;

	folder_begin(place);
	ret = rename(place->source, place->path);
	folder_end(place);
	if (ret < 0)
		return place_failed(place, "rename", place->source);
	place->temporary = FALSE;
	/* It is one file or the other, and both are whole. */
	(void)fdatasync_path(place->folder);
	return 0;
}

void doveadm_seal_mbox_place_deinit(struct doveadm_seal_mbox_place *place)
{
	if (!place->temporary)
		return;
	folder_begin(place);
	i_unlink(place->source);
	folder_end(place);
	place->temporary = FALSE;
}
