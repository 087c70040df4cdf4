/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Where what is remembered of an owner lies, and how it is read and written. */

#include "lib.h"
#include "mail-namespace.h"
#include "mail-user.h"
#include "mailbox-list.h"
#include "mail-storage-private.h"
#include "str.h"
#include "replace-file.h"
#include "state-file.h"
#include "state-text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *
file_name(struct mail_namespace *ns, const struct mail_seal_state_file *file)
{
	return strcmp(mail_namespace_get_default_storage(ns)->name,
		      "mbox") == 0 ? file->name_mbox : file->name;
}

/* Returns NULL if this owner's mail has no such place (imapc). */
static const char *
file_path(struct mail_user *owner, const struct mail_seal_state_file *file,
	  struct mailbox_list **list_r)
{
	struct mail_namespace *ns;
	const char *dir;

	if (owner->namespaces == NULL)
		return NULL;
	ns = mail_namespace_find_inbox(owner->namespaces);
	*list_r = ns->list;
	if (!mailbox_list_get_root_path(ns->list,
					MAILBOX_LIST_PATH_TYPE_CONTROL, &dir) ||
	    *dir != '/')
		return NULL;
	return t_strdup_printf("%s/%s", dir, file_name(ns, file));
}

static int read_failed(const char *path, const char **error_r)
{
	*error_r = t_strdup_printf("the owner's state %s can't be read: %m",
				   path);
	return -1;
}

/* Another uid can have the mailbox opened to it, but not the state. */
static bool is_others(struct mail_user *owner)
{
	return owner->autocreated && (errno == EACCES || errno == EPERM);
}

static int
read_text(int fd, const char *path, string_t *text, const char **error_r)
{
	unsigned char buf[4096];
	ssize_t ret;

	while ((ret = read(fd, buf, sizeof(buf))) > 0) {
		str_append_data(text, buf, ret);
		if (str_len(text) > MAIL_SEAL_STATE_SIZE_MAX)
			break;
	}
	return ret < 0 ? read_failed(path, error_r) : 1;
}

int mail_seal_state_file_read(struct mail_user *owner,
			      const struct mail_seal_state_file *file,
			      string_t *text, const char **error_r)
{
	struct mailbox_list *list;
	const char *path = file_path(owner, file, &list);
	int fd, ret;

	if (path == NULL)
		return 0;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		if (errno == ENOENT || errno == ENOTDIR || is_others(owner))
			return 0;
		return read_failed(path, error_r);
	}
	ret = read_text(fd, path, text, error_r);
	i_close_fd(&fd);
	return ret;
}

time_t mail_seal_state_file_changed(struct mail_user *owner,
				    const struct mail_seal_state_file *file)
{
	struct mailbox_list *list;
	const char *path = file_path(owner, file, &list);
	struct stat st;

	return path == NULL || lstat(path, &st) < 0 ? 0 : st.st_mtime;
}

/* Returns NULL and 0 if there can be none, or NULL and -1. */
static const char *
path_to_write(struct mail_user *owner, const struct mail_seal_state_file *file,
	      int *ret_r, const char **error_r)
{
	struct mailbox_list *list;
	const char *path = file_path(owner, file, &list);

	*ret_r = 0;
	if (path == NULL ||
	    mailbox_list_mkdir_root(list,
				    t_strdup_until(path, strrchr(path, '/')),
				    MAILBOX_LIST_PATH_TYPE_CONTROL) == 0)
		return path;
	*error_r = mailbox_list_get_last_internal_error(list, NULL);
	*ret_r = -1;
	return NULL;
}

static int
check(int ret, const char *path, const char *reason, const char **error_r)
{
	if (ret < 0)
		*error_r = t_strdup_printf("%s: %s", path, reason);
	return ret;
}

int mail_seal_state_file_write(struct mail_user *owner,
			       const struct mail_seal_state_file *file,
			       const string_t *text, const char **error_r)
{
	const char *path, *reason = "";
	int ret;

	path = path_to_write(owner, file, &ret, error_r);
	if (path == NULL)
		return ret;
	ret = replace_file(path, str_data(text), str_len(text), &reason);
	return check(ret, path, reason, error_r);
}

int mail_seal_state_file_write_if(struct mail_user *owner,
				  const struct mail_seal_state_file *file,
				  const string_t *seen, const string_t *text,
				  const char **error_r)
{
	const struct file_content content = { str_data(seen), str_len(seen) };
	const char *path, *reason = "";
	int ret;

	path = path_to_write(owner, file, &ret, error_r);
	if (path == NULL)
		return ret < 0 ? -1 : 1;
	ret = str_len(text) == 0 ? remove_file_if(path, &content, &reason) :
		replace_file_if(path, &content, str_data(text), str_len(text),
				&reason);
	return check(ret, path, reason, error_r);
}

int mail_seal_state_file_remove(struct mail_user *owner,
				const struct mail_seal_state_file *file,
				const char **error_r)
{
	struct mailbox_list *list;
	const char *path = file_path(owner, file, &list), *reason = "";

	return path == NULL ? 0 :
		check(remove_file(path, &reason), path, reason, error_r);
}
