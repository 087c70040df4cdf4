/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* A local Web Key Directory, as gpg-wks-server keeps it: DIR/DOMAIN/hu/NAME.
   Whoever publishes a key there has read a message that was encrypted to it and
   sent to its address. */

#include "discovery.h"
#include "address.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct wkd_dir {
	char *path;
};

static bool wkd_dir_is_configured(const struct discovery_settings *set)
{
	return *set->wkd_dir != '\0';
}

static void *
wkd_dir_open(const struct discovery_settings *set, char **error_r)
{
	struct wkd_dir *dir;

	if (*set->wkd_dir != '/') {
		*error_r = g_strdup("mail_seal_wkd_dir isn't an absolute path");
		return NULL;
	}
	dir = g_new0(struct wkd_dir, 1);
	dir->path = g_strdup(set->wkd_dir);
	return dir;
}

static void wkd_dir_close(void *state)
{
	struct wkd_dir *dir = state;

	g_free(dir->path);
	g_free(dir);
}

static void
unknown(struct discovery_answer *answer, const char *what, int number)
{
	answer->result = DISCOVERY_UNKNOWN;
	g_string_printf(answer->note, "%s: %s", what, g_strerror(number));
}

/* A tree that isn't there says nothing; a folder or a file in it that isn't
   there says that nobody has published anything. */
static bool tree_is_there(const char *path, struct discovery_answer *answer)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return true;
	unknown(answer, path, errno == 0 ? ENOTDIR : errno);
	return false;
}

static void
read_all(int fd, const char *path, struct discovery_answer *answer)
{
	guint8 buf[16*1024];
	ssize_t size;

	while (answer->data->len <= DISCOVERY_SIZE_MAX &&
	       (size = read(fd, buf, sizeof(buf))) != 0) {
		if (size < 0) {
			unknown(answer, path, errno);
			return;
		}
		g_byte_array_append(answer->data, buf, size);
	}
	answer->result = DISCOVERY_FOUND;
	answer->count = 1;
	if (answer->data->len == 0 || answer->data->len > DISCOVERY_SIZE_MAX) {
		answer->result = DISCOVERY_NONE;
		answer->count = 0;
		g_string_assign(answer->note, answer->data->len == 0 ?
				"the file is empty" :
				"the file has more than 256 kB");
	}
}

static void read_file(const char *path, struct discovery_answer *answer)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
		      O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		answer->result = DISCOVERY_NONE;
	} else if (fd < 0) {
		unknown(answer, path, errno);
	} else if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		answer->result = DISCOVERY_UNKNOWN;
		g_string_printf(answer->note, "%s isn't a regular file", path);
	} else {
		read_all(fd, path, answer);
	}
	if (fd >= 0)
		(void)close(fd);
}

static void
find_in(const char *dir, const char *domain, const char *name,
	struct discovery_answer *answer)
{
	char *path = g_build_filename(dir, domain, "hu", name, NULL);

	g_string_assign(answer->where, path);
	read_file(path, answer);
	g_free(path);
}

/* The folder has the name that the administrator gave it. */
static char *unicode_domain(const char *domain)
{
	char *unicode = g_hostname_to_unicode(domain);

	if (unicode != NULL && (strcmp(unicode, domain) == 0 ||
				strchr(unicode, '/') != NULL))
		g_clear_pointer(&unicode, g_free);
	return unicode;
}

static void
wkd_dir_find(void *state, const char *local_part, const char *domain,
	     struct discovery_answer *answer)
{
	const struct wkd_dir *dir = state;
	char *name, *unicode;

	errno = 0;
	g_string_assign(answer->where, dir->path);
	if (!tree_is_there(dir->path, answer))
		return;
	name = discovery_address_wkd_name(local_part);
	unicode = unicode_domain(domain);
	find_in(dir->path, domain, name, answer);
	if (answer->result == DISCOVERY_NONE && answer->note->len == 0 &&
	    unicode != NULL)
		find_in(dir->path, unicode, name, answer);
	g_free(unicode);
	g_free(name);
}

const struct discovery_source discovery_wkd_dir = {
	.is_proven = true,
	.is_configured = wkd_dir_is_configured,
	.open = wkd_dir_open,
	.find = wkd_dir_find,
	.close = wkd_dir_close
};
