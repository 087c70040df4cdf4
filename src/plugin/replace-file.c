/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "mkdir-parents.h"
#include "sleep.h"
#include "write-full.h"
#include "file-rights.h"
#include "replace-file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Nobody writes a key file for longer. */
#define LOCK_TRIES 100
#define LOCK_WAIT_MSECS 100

struct replacement {
	int dir_fd, fd;
	const char *dir, *name, *temp_name;
	bool dir_made;
	/* of the file that is there */
	bool exists;
	struct stat st;
	/* who is to read it, or -1 if that is who writes it */
	uid_t reader;
	/* and so are many others */
	bool shared;
};

static int failed(const char *what, const char **error_r)
{
	*error_r = t_strdup_printf("%s: %m", what);
	return -1;
}

/*
 * For whom it is
 */

/* What was there may have been out of his reach; it was of no use. */
static int make_readable(const struct replacement *r)
{
	if (r->reader == (uid_t)-1)
		return fchmod(r->fd, 0600);
	return fchown(r->fd, 0, getegid()) < 0 ? -1 : fchmod(r->fd, 0640);
}

/* Otherwise mail would wait for a file that is there. */
static int check_reader(const struct replacement *r, const char **error_r)
{
	const char *path = t_strconcat(r->dir, "/", r->temp_name, NULL);

	if (file_rights_try_to_read(path, r->reader, error_r) == 0)
		return 0;
	if (r->shared)
		return -1;
	if (make_readable(r) < 0)
		return failed("it can't be made readable", error_r);
	return file_rights_try_to_read(path, r->reader, error_r);
}

/*
 * Replacing
 */

/* master-service.c lets nobody else in. */
static int make_dir(const struct replacement *r)
{
	mode_t old_umask = umask(r->shared ? 022 : 077);
	int ret = mkdir_parents(r->dir, r->shared ? 0755 : 0700);

	(void)umask(old_umask);
	return ret;
}

static int open_dir(struct replacement *r, const char *path,
		    const char **error_r)
{
	const char *slash = strrchr(path, '/');

	i_assert(slash != NULL);
	r->dir = slash == path ? "/" : t_strdup_until(path, slash);
	r->name = slash + 1;
	/* what can be no mailbox's name stays so (state.c) */
	r->temp_name = t_strdup_printf(*r->name == '~' ? "%s.new" : ".%s.new",
				       r->name);
	if (*r->name == '\0') {
		*error_r = "it is a folder";
		return -1;
	}
	r->dir_fd = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dir_fd < 0 && errno == ENOENT) {
		if (make_dir(r) < 0 && errno != EEXIST)
			return failed("its folder can't be made", error_r);
		r->dir_made = TRUE;
		r->dir_fd = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (r->dir_fd < 0) {
		*error_r = file_rights_why("its folder can't be opened", path);
		return -1;
	}
	if (fstatat(r->dir_fd, r->name, &r->st, AT_SYMLINK_NOFOLLOW) == 0)
		r->exists = TRUE;
	else if (errno != ENOENT)
		return failed("it can't be looked at", error_r);
	if (r->exists && S_ISDIR(r->st.st_mode)) {
		*error_r = "it is a folder";
		return -1;
	}
	return 0;
}

/* Is the locked file still the one of that name? Who had the lock before has
   renamed it. */
static bool temp_is_ours(const struct replacement *r)
{
	struct stat st, name_st;

	return fstat(r->fd, &st) == 0 && S_ISREG(st.st_mode) &&
		fstatat(r->dir_fd, r->temp_name, &name_st,
			AT_SYMLINK_NOFOLLOW) == 0 &&
		st.st_ino == name_st.st_ino && st.st_dev == name_st.st_dev;
}

/* Whatever somebody has put there that can be no temporary file */
static void remove_other_than_file(const struct replacement *r)
{
	struct stat st;

	if (fstatat(r->dir_fd, r->temp_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (S_ISREG(st.st_mode) &&
	     faccessat(r->dir_fd, r->temp_name, R_OK | W_OK, AT_EACCESS) == 0))
		return;
	(void)unlinkat(r->dir_fd, r->temp_name,
		       S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
}

static int open_temp(struct replacement *r, const char **error_r)
{
	remove_other_than_file(r);
	for (unsigned int i = 0; i < LOCK_TRIES; i++) {
		r->fd = openat(r->dir_fd, r->temp_name,
			       O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK |
			       O_CLOEXEC, 0600);
		if (r->fd < 0)
			return failed("it can't be written", error_r);
		else if (flock(r->fd, LOCK_EX | LOCK_NB) == 0) {
			if (temp_is_ours(r))
				return 0;
			i_close_fd(&r->fd);
		} else {
			i_close_fd(&r->fd);
			i_sleep_intr_msecs(LOCK_WAIT_MSECS);
		}
	}
	*error_r = "somebody else is writing it";
	return -1;
}

static int write_temp(const struct replacement *r, const void *data, size_t size)
{
	/* root's own file is still the mail user's to read, by its group */
	mode_t mode = r->shared ? 0644 : geteuid() == 0 ? 0640 : 0600;

	if (ftruncate(r->fd, 0) < 0 || write_full(r->fd, data, size) < 0)
		return -1;
	if (r->exists && S_ISREG(r->st.st_mode)) {
		mode = r->st.st_mode & 0777;
		/* only root may give files away */
		if (fchown(r->fd, r->st.st_uid, r->st.st_gid) < 0 &&
		    errno != EPERM)
			return -1;
	}
	return fchmod(r->fd, mode) < 0 || fsync(r->fd) < 0 ? -1 : 0;
}

static void replacement_close(struct replacement *r)
{
	i_close_fd(&r->fd);
	i_close_fd(&r->dir_fd);
}

/* Is the file as it was seen? */
static bool
is_as_seen(const struct replacement *r, const struct file_content *seen)
{
	size_t size = 0;
	unsigned char buf[8192];
	ssize_t ret = -1;
	int fd;

	if (!r->exists || seen->size == 0) {
		return seen->size == 0 && (!r->exists ||
			(r->shared && S_ISREG(r->st.st_mode) &&
			 r->st.st_size == 0));
	}
	fd = openat(r->dir_fd, r->name,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return FALSE;
	while ((ret = read(fd, buf, sizeof(buf))) > 0 &&
	       (size_t)ret <= seen->size - size &&
	       memcmp(buf, CONST_PTR_OFFSET(seen->data, size), ret) == 0)
		size += ret;
	i_close_fd(&fd);
	return ret == 0 && size == seen->size;
}

/* Looks again, now that nobody else can change it. */
static int look_again(struct replacement *r, const char **error_r)
{
	r->exists = fstatat(r->dir_fd, r->name, &r->st,
			    AT_SYMLINK_NOFOLLOW) == 0;
	if (!r->exists)
		return errno == ENOENT ? 0 :
			failed("it can't be looked at", error_r);
	/* to replace what many share isn't what the link was made for */
	if (r->shared && S_ISLNK(r->st.st_mode)) {
		*error_r = "it is a symbolic link";
		return -1;
	}
	return 0;
}

/* Puts the new content where everybody can see it. */
static int
fill_and_rename(const struct replacement *r, const void *data, size_t size,
		const char **error_r)
{
	int ret;

	if (write_temp(r, data, size) < 0)
		ret = failed("it can't be written", error_r);
	else
		ret = check_reader(r, error_r);
	if (ret == 0 &&
	    renameat(r->dir_fd, r->temp_name, r->dir_fd, r->name) < 0)
		ret = failed("it can't be written", error_r);
	if (ret < 0)
		(void)unlinkat(r->dir_fd, r->temp_name, 0);
	return ret;
}

static int
replace(const char *path, const void *data, size_t size, uid_t reader,
	const char **error_r)
{
	struct replacement r = { .dir_fd = -1, .fd = -1, .reader = reader };
	int ret;

	ret = open_dir(&r, path, error_r);
	if (ret == 0)
		ret = open_temp(&r, error_r);
	if (ret == 0)
		ret = fill_and_rename(&r, data, size, error_r);
	/* some file systems can't; it is written all the same */
	if (ret == 0 && fsync(r.dir_fd) < 0 && errno != EINVAL)
		ret = failed("it was written, but may not last", error_r);
	if (ret < 0 && r.dir_made)
		(void)rmdir(r.dir);
	replacement_close(&r);
	return ret;
}

int replace_file(const char *path, const void *data, size_t size,
		 const char **error_r)
{
	uid_t uid = file_rights_become_root_for(path);
	int ret = replace(path, data, size, uid, error_r);

	file_rights_become_user_again(uid);
	return ret;
}

/*
 * Changing what was seen
 */

/* What is done in the lock. Returns 0 or -1. */
typedef int change_t(const struct replacement *r, const void *context,
		     const char **error_r);

static int
change_locked(struct replacement *r, const struct file_content *seen,
	      change_t *change, const void *context, const char **error_r)
{
	int ret;

	if (look_again(r, error_r) < 0)
		ret = -1;
	else if (!is_as_seen(r, seen))
		ret = 0;
	else
		ret = change(r, context, error_r) < 0 ? -1 : 1;
	/* unless it has got the name, and that of the temporary file is
	   somebody else's now */
	if (temp_is_ours(r))
		(void)unlinkat(r->dir_fd, r->temp_name, 0);
	if (ret > 0 && fsync(r->dir_fd) < 0 && errno != EINVAL)
		ret = failed("it was written, but may not last", error_r);
	return ret;
}

static int
change_if(const char *path, bool shared, const struct file_content *seen,
	  change_t *change, const void *context, const char **error_r)
{
	uid_t uid = file_rights_become_root_for(path);
	struct replacement r = {
		.dir_fd = -1, .fd = -1, .reader = uid, .shared = shared
	};
	int ret;

	ret = open_dir(&r, path, error_r);
	if (ret == 0)
		ret = open_temp(&r, error_r);
	if (ret == 0)
		ret = change_locked(&r, seen, change, context, error_r);
	if (ret <= 0 && r.dir_made)
		(void)rmdir(r.dir);
	replacement_close(&r);
	file_rights_become_user_again(uid);
	return ret;
}

static int
write_change(const struct replacement *r, const void *context,
	     const char **error_r)
{
	const struct file_content *content = context;

	return fill_and_rename(r, content->data, content->size, error_r);
}

int replace_file_if(const char *path, const struct file_content *seen,
		    const void *data, size_t size, const char **error_r)
{
	const struct file_content content = { data, size };

	return change_if(path, FALSE, seen, write_change, &content, error_r);
}

int replace_shared_file_if(const char *path, const struct file_content *seen,
			   const void *data, size_t size,
			   const char **error_r)
{
	const struct file_content content = { data, size };

	return change_if(path, TRUE, seen, write_change, &content, error_r);
}

static int
remove_change(const struct replacement *r, const void *context ATTR_UNUSED,
	      const char **error_r)
{
	if (unlinkat(r->dir_fd, r->name, 0) < 0 && errno != ENOENT)
		return failed("it can't be removed", error_r);
	return 0;
}

int remove_file_if(const char *path, const struct file_content *seen,
		   const char **error_r)
{
	return change_if(path, FALSE, seen, remove_change, NULL, error_r);
}

static int
rename_change(const struct replacement *r, const void *context,
	      const char **error_r)
{
	const char *new_name = context;
	struct stat st;

	if (fstatat(r->dir_fd, new_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode)) {
		if ((fchownat(r->dir_fd, r->name, st.st_uid, st.st_gid,
			      AT_SYMLINK_NOFOLLOW) < 0 && errno != EPERM) ||
		    fchmodat(r->dir_fd, r->name, st.st_mode & 0777, 0) < 0)
			return failed("it can't be prepared", error_r);
	}
	if (renameat(r->dir_fd, r->name, r->dir_fd, new_name) < 0)
		return failed("it can't be renamed", error_r);
	return 0;
}

int rename_file_if(const char *path, const struct file_content *seen,
		   const char *new_path, const char **error_r)
{
	const char *new_name = strrchr(new_path, '/') + 1;

	return change_if(path, FALSE, seen, rename_change, new_name, error_r);
}

int remove_file(const char *path, const char **error_r)
{
	const char *slash = strrchr(path, '/');
	uid_t uid = file_rights_become_root_for(path);
	int fd, ret = unlink(path);

	/* keeps errno: it has nothing to complain about */
	file_rights_become_user_again(uid);
	if (ret < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		return failed("it can't be removed", error_r);
	}
	fd = open(t_strdup_until(path, slash + 1),
		  O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		(void)fsync(fd);
		i_close_fd(&fd);
	}
	return 1;
}
