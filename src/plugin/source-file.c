/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "buffer.h"
#include "source.h"
#include "replace-file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file with more MB is no owner's key file, or no group's. */
#define KEY_FILE_MAX 1
#define GROUP_FILE_MAX 4

static int
file_unusable(struct seal_error *error, const char *reason)
{
	seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY, "%s", reason);
	return -1;
}

static int file_failed(struct seal_error *error)
{
	return mail_seal_source_failed(error, "its file can't be read");
}

static int
file_too_large(struct seal_error *error, size_t max)
{
	return file_unusable(error, t_strdup_printf("its file is too large, "
		"with more than %zu MB: export the certificate again, with "
		"gpg's option --export-options export-minimal", max));
}

static int
file_read(int fd, const struct mail_seal_settings *set, buffer_t *certificates,
	  struct seal_error *error)
{
	const size_t max = set != NULL && set->group != NULL ?
		GROUP_FILE_MAX : KEY_FILE_MAX;
	size_t start = certificates->used;
	unsigned char buf[8192];
	ssize_t ret;

	while ((ret = read(fd, buf, sizeof(buf))) > 0) {
		buffer_append(certificates, buf, ret);
		if (certificates->used - start > max * 1024 * 1024)
			return file_too_large(error, max);
	}
	if (ret < 0)
		return file_failed(error);
	if (certificates->used == start)
		return file_unusable(error, "its file is empty");
	return 1;
}

static int
source_file_read(const char *path,
		 const struct mail_seal_settings *set,
		 buffer_t *certificates, struct seal_error *error)
{
	struct stat st;
	int fd, ret;

	/* a FIFO mustn't keep us waiting */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		/* Only where nothing is there is there no key: a symbolic
		   link is something. */
		if ((errno == ENOENT && lstat(path, &st) < 0 &&
		     errno == ENOENT) || errno == ENOTDIR)
			return 0;
		return file_failed(error);
	}
	if (fstat(fd, &st) < 0)
		ret = file_failed(error);
	else if (!S_ISREG(st.st_mode))
		ret = file_unusable(error, "its file is not a regular file");
	else
		ret = file_read(fd, set, certificates, error);
	i_close_fd(&fd);
	return ret;
}

static int
source_file_write(const char *path,
		  const struct mail_seal_settings *set
		  ATTR_UNUSED,
		  const buffer_t *content,
		  struct seal_error *error)
{
	const char *reason;

	if (strncmp(path, MAIL_SEAL_NO_HOME"/",
		    strlen(MAIL_SEAL_NO_HOME"/")) == 0) {
		seal_error_set(error, SEAL_ERROR_STORE,
			       "the user has no home directory for it");
		return -1;
	}
	if (replace_file(path, content->data, content->used, &reason) == 0)
		return 0;
	seal_error_set(error, SEAL_ERROR_STORE, "%s", reason);
	return -1;
}

static int store_failed(struct seal_error *error, const char *reason)
{
	seal_error_set(error, SEAL_ERROR_STORE, "%s", reason);
	return -1;
}

static int
source_file_write_shared(const char *path,
			 const struct mail_seal_settings *set ATTR_UNUSED,
			 const buffer_t *seen, const buffer_t *content,
			 struct seal_error *error)
{
	const struct file_content seen_content = { seen->data, seen->used };
	const char *reason;
	int ret;

	ret = replace_shared_file_if(path, &seen_content, content->data,
				     content->used, &reason);
	return ret < 0 ? store_failed(error, reason) : ret;
}

static int
source_file_remove(const char *path,
		   const struct mail_seal_settings *set
		   ATTR_UNUSED,
		   struct seal_error *error)
{
	const char *reason;
	int ret = remove_file(path, &reason);

	if (ret < 0)
		seal_error_set(error, SEAL_ERROR_STORE, "%s", reason);
	return ret;
}

/*
 * What waits: a file beside it, so that one rename makes it active
 */

static const char *pending_path(const char *path)
{
	return t_strconcat(path, ".pending", NULL);
}

static int
source_file_pending_read(const char *path,
			 const struct mail_seal_settings *set,
			 buffer_t *pending, struct seal_error *error)
{
	return source_file_read(pending_path(path), set, pending, error);
}

static int
source_file_pending_write(const char *path,
			  const struct mail_seal_settings *set ATTR_UNUSED,
			  const buffer_t *seen, const buffer_t *pending,
			  struct seal_error *error)
{
	const struct file_content content = { seen->data, seen->used };
	const char *reason;
	int ret;

	path = pending_path(path);
	ret = pending->used == 0 ?
		remove_file_if(path, &content, &reason) :
		replace_file_if(path, &content, pending->data, pending->used,
				&reason);
	return ret < 0 ? store_failed(error, reason) : ret;
}

static int
source_file_pending_activate(const char *path,
			     const struct mail_seal_settings *set ATTR_UNUSED,
			     const buffer_t *seen,
			     const char *certificates ATTR_UNUSED,
			     struct seal_error *error)
{
	const struct file_content content = { seen->data, seen->used };
	const char *reason;
	int ret;

	ret = rename_file_if(pending_path(path), &content, path, &reason);
	return ret < 0 ? store_failed(error, reason) : ret;
}

const struct mail_seal_source_kind mail_seal_source_file = {
	.read = source_file_read,
	.write = source_file_write,
	.write_shared = source_file_write_shared,
	.remove = source_file_remove,
	.pending_read = source_file_pending_read,
	.pending_write = source_file_pending_write,
	.pending_activate = source_file_pending_activate
};
