/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "file-rights.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first folder on the way that can't be searched, or NULL. */
static const char *closed_folder(const char *path)
{
	const char *pos = path;

	while ((pos = strchr(pos + 1, '/')) != NULL) {
		const char *dir = t_strdup_until(path, pos);

		if (faccessat(AT_FDCWD, dir, X_OK, AT_EACCESS) < 0)
			return dir;
	}
	return NULL;
}

const char *file_rights_why(const char *what, const char *path)
{
	int way_errno = errno;
	const char *closed = way_errno != EACCES ? NULL : closed_folder(path);

	if (closed != NULL)
		what = t_strdup_printf("%s, because of %s", what, closed);
	errno = way_errno;
	return t_strdup_printf("%s: %m", what);
}

/* Can nobody but root put something else in the place of this folder, or of
   what is in it? In /tmp one can't rename what is another's. */
static bool only_root_writes(const char *dir)
{
	const char *pos = dir;
	struct stat st;

	if (*dir == '\0')
		return FALSE;
	while (pos != NULL) {
		pos = strchr(pos + 1, '/');
		if (lstat(pos == NULL ? dir : t_strdup_until(dir, pos),
			  &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != 0)
			return FALSE;
		if ((st.st_mode & 022) != 0 &&
		    (pos == NULL || (st.st_mode & S_ISVTX) == 0))
			return FALSE;
	}
	return TRUE;
}

uid_t file_rights_become_root_for(const char *path)
{
	const char *dir = t_strdup_until(path, strrchr(path, '/') + 1);
	uid_t uid = geteuid();

	if (getuid() != 0 || uid == 0 ||
	    faccessat(AT_FDCWD, dir, W_OK, AT_EACCESS) == 0 ||
	    (errno != EACCES && errno != EROFS) ||
	    !only_root_writes(t_strdup_until(path, strrchr(path, '/'))))
		return (uid_t)-1;
	return seteuid(0) < 0 ? (uid_t)-1 : uid;
}

void file_rights_become_user_again(uid_t uid)
{
	if (uid != (uid_t)-1 && seteuid(uid) < 0)
		i_fatal("seteuid(%s) failed: %m", dec2str(uid));
}

int file_rights_try_to_read(const char *path, uid_t reader,
			    const char **error_r)
{
	int fd, ret = 0;

	if (reader != (uid_t)-1 && seteuid(reader) < 0) {
		*error_r = t_strdup_printf("seteuid() failed: %m");
		return -1;
	}
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		*error_r = file_rights_why("the mail user couldn't read it",
					   path);
		ret = -1;
	}
	if (reader != (uid_t)-1 && seteuid(0) < 0)
		i_fatal("seteuid(0) failed: %m");
	i_close_fd(&fd);
	return ret;
}
