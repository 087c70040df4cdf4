/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Certificates as the files of a Web Key Directory
   (draft-koch-openpgp-webkey-service section 3.1): DIR/DOMAIN/hu/NAME, or
   DIR/hu/NAME for the direct method. Others may have files in there too, so
   that of what is to go only what a list has is ours. */

#include "lib.h"
#include "array.h"
#include "hash.h"
#include "istream.h"
#include "str.h"
#include "write-full.h"
#include "export.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* What we have written: "DOMAIN/NAME" in lines, without a domain for the
   direct method. Whoever could read it had all addresses to try. */
#define LIST_NAME ".mail-seal-export"
#define LIST_SIZE_MAX (64*1024*1024)
#define TEMP_PREFIX ".mail-seal-new."
#define NAME_SIZE 32

struct tree_context {
	const struct export_tree *set;
	int dir_fd;
	/* the lines of the list from now on, each once */
	HASH_TABLE(const char *, const char *) lines;
	pool_t pool;
	const char *error;
};

static int tree_failed(struct tree_context *tree, const char *path)
{
	tree->error = p_strdup_printf(tree->pool, "%s/%s can't be written: %m",
				      tree->set->dir, path);
	return -1;
}

/*
 * Folders and files
 */

/* Others may be able to write in there: no symbolic link is followed. Returns
   the folder's descriptor or -1. */
static int open_folder(int parent_fd, const char *name, bool make)
{
	const bool made = make && mkdirat(parent_fd, name, 0755) == 0;
	int fd = openat(parent_fd, name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	/* whatever the umask is, the web server must get in */
	if (fd >= 0 && made && fchmod(fd, 0755) < 0)
		i_close_fd(&fd);
	return fd;
}

/* Returns the folder of this domain in which hu/ is. */
static int
open_domain(struct tree_context *tree, const char *domain, bool make)
{
	return tree->set->direct ? dup(tree->dir_fd) :
		open_folder(tree->dir_fd, domain, make);
}

static bool
is_there(int folder_fd, const char *name, const buffer_t *content)
{
	buffer_t *there = t_buffer_create(content->used + 1);
	int fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
			O_NOCTTY | O_CLOEXEC);
	ssize_t ret = -1;

	if (fd >= 0) {
		ret = read(fd, buffer_get_space_unsafe(there, 0,
			content->used + 1), content->used + 1);
		i_close_fd(&fd);
	}
	return ret == (ssize_t)content->used &&
		memcmp(there->data, content->data, content->used) == 0;
}

/* Returns 0 or -1 with errno. */
static int
write_file(int folder_fd, const char *name, const buffer_t *content,
	   mode_t mode)
{
	const char *temp = t_strconcat(TEMP_PREFIX, name, NULL);
	int fd, ret;

	if (is_there(folder_fd, name, content))
		return 0;
	(void)unlinkat(folder_fd, temp, 0);
	fd = openat(folder_fd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
		    O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	ret = write_full(fd, content->data, content->used);
	if (ret == 0)
		ret = fchmod(fd, mode);
	if (ret == 0)
		ret = fsync(fd);
	i_close_fd(&fd);
	if (ret == 0)
		ret = renameat(folder_fd, temp, folder_fd, name);
	return ret;
}

/* The draft wants one, even if nothing is in it; what is in it is others'. */
static int write_policy(int domain_fd)
{
	int fd = openat(domain_fd, "policy", O_WRONLY | O_CREAT | O_EXCL |
			O_NOFOLLOW | O_CLOEXEC, 0600);
	int ret;

	if (fd < 0)
		return errno == EEXIST ? 0 : -1;
	ret = fchmod(fd, 0644);
	i_close_fd(&fd);
	return ret;
}

static int
write_entries(struct tree_context *tree, const struct export_entry *list,
	      unsigned int count)
{
	buffer_t *content = t_buffer_create(list->size);
	int domain_fd = open_domain(tree, list->domain, TRUE), hu_fd = -1;
	int ret = -1;

	for (unsigned int i = 0; i < count; i++)
		buffer_append(content, list[i].data, list[i].size);
	if (domain_fd >= 0)
		hu_fd = open_folder(domain_fd, "hu", TRUE);
	if (hu_fd >= 0)
		ret = write_policy(domain_fd);
	if (ret == 0)
		ret = write_file(hu_fd, list->name, content, 0644);
	if (ret < 0) {
		(void)tree_failed(tree, t_strdup_printf("%s%shu/%s",
			tree->set->direct ? "" : list->domain,
			tree->set->direct ? "" : "/", list->name));
	}
	i_close_fd(&hu_fd);
	i_close_fd(&domain_fd);
	return ret;
}

/*
 * The list
 */

static void tree_add_line(struct tree_context *tree, const char *line)
{
	if (hash_table_lookup(tree->lines, line) == NULL) {
		line = p_strdup(tree->pool, line);
		hash_table_insert(tree->lines, line, line);
	}
}

/* Returns FALSE if it isn't what we write. *domain_r is "" for the direct
   method. */
static bool
parse_line(const char *line, const char **domain_r, const char **name_r)
{
	const char *slash = strchr(line, '/');

	*domain_r = slash == NULL ? "" : t_strdup_until(line, slash);
	*name_r = slash == NULL ? line : slash + 1;
	if (**domain_r == '.' || strlen(*name_r) != NAME_SIZE)
		return FALSE;
	for (const char *p = *name_r; *p != '\0'; p++) {
		if (!i_isalnum(*p))
			return FALSE;
	}
	return TRUE;
}

/* Is this line's file among those that were to be written now? */
static bool
is_ours_now(const struct export_tree *set, const char *domain)
{
	if (set->direct || *domain == '\0')
		return set->direct && *domain == '\0';
	return set->domain == NULL || strcmp(set->domain, domain) == 0;
}

static void
remove_old(struct tree_context *tree, const char *domain, const char *name)
{
	int domain_fd = open_domain(tree, domain, FALSE), hu_fd = -1;

	if (domain_fd >= 0)
		hu_fd = open_folder(domain_fd, "hu", FALSE);
	if (hu_fd >= 0 && unlinkat(hu_fd, name, 0) < 0 && errno != ENOENT) {
		(void)tree_failed(tree, t_strdup_printf("%s%shu/%s", domain,
			*domain == '\0' ? "" : "/", name));
	}
	i_close_fd(&hu_fd);
	i_close_fd(&domain_fd);
}

static void tree_take_old_line(struct tree_context *tree, const char *line)
{
	const char *domain, *name;

	if (hash_table_lookup(tree->lines, line) != NULL ||
	    !parse_line(line, &domain, &name))
		return;
	if (tree->set->complete && is_ours_now(tree->set, domain))
		remove_old(tree, domain, name);
	else
		tree_add_line(tree, line);
}

static int tree_read_old_lines(struct tree_context *tree)
{
	struct istream *input;
	const char *line;
	struct stat st;
	int ret = 0, fd = openat(tree->dir_fd, LIST_NAME, O_RDONLY |
				 O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : tree_failed(tree, LIST_NAME);
	/* Others may be able to put something else there. */
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size > LIST_SIZE_MAX) {
		i_close_fd(&fd);
		errno = EINVAL;
		return tree_failed(tree, LIST_NAME);
	}
	input = i_stream_create_fd_autoclose(&fd, IO_BLOCK_SIZE);
	while (tree->error == NULL && input->v_offset < LIST_SIZE_MAX &&
	       (line = i_stream_read_next_line(input)) != NULL) T_BEGIN {
		tree_take_old_line(tree, line);
	} T_END;
	if (input->stream_errno != 0) {
		errno = input->stream_errno;
		ret = tree_failed(tree, LIST_NAME);
	}
	i_stream_unref(&input);
	return tree->error == NULL ? ret : -1;
}

static int tree_write_lines(struct tree_context *tree)
{
	string_t *text = t_str_new(4096);
	struct hash_iterate_context *iter;
	const char *line, *value;
	ARRAY_TYPE(const_string) lines;

	t_array_init(&lines, hash_table_count(tree->lines) + 1);
	iter = hash_table_iterate_init(tree->lines);
	while (hash_table_iterate(iter, tree->lines, &line, &value))
		array_push_back(&lines, &line);
	hash_table_iterate_deinit(&iter);
	array_sort(&lines, i_strcmp_p);
	array_foreach_elem(&lines, line)
		str_printfa(text, "%s\n", line);
	return write_file(tree->dir_fd, LIST_NAME, text, 0600) < 0 ?
		tree_failed(tree, LIST_NAME) : 0;
}

/*
 * The tree
 */

static const char *
line_of(const struct export_tree *set, const struct export_entry *entry)
{
	return set->direct ? entry->name :
		t_strconcat(entry->domain, "/", entry->name, NULL);
}

/* The list first: what is in it and wasn't written does no harm. */
static int
tree_write(struct tree_context *tree, const ARRAY_TYPE(export_entry) *entries)
{
	const struct export_entry *list;
	unsigned int count, same;
	int ret;

	list = array_get(entries, &count);
	for (unsigned int i = 0; i < count; i++) T_BEGIN {
		tree_add_line(tree, line_of(tree->set, &list[i]));
	} T_END;
	ret = tree_read_old_lines(tree);
	if (ret == 0)
		ret = tree_write_lines(tree);
	for (unsigned int i = 0; i < count && ret == 0; i += same) T_BEGIN {
		same = doveadm_seal_export_count(entries, i);
		ret = write_entries(tree, &list[i], same);
	} T_END;
	return ret;
}

int doveadm_seal_export_tree(const struct export_tree *set,
			     const ARRAY_TYPE(export_entry) *entries,
			     const char **error_r)
{
	struct tree_context tree = { .set = set };
	mode_t old_umask;
	int ret;

	/* No chmod(): whoever may write above it could put a link in its
	   place. */
	old_umask = umask(022);
	(void)mkdir(set->dir, 0755);
	(void)umask(old_umask);
	tree.dir_fd = open(set->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tree.dir_fd < 0) {
		*error_r = t_strdup_printf("%s can't be opened: %m", set->dir);
		return -1;
	}
	tree.pool = pool_alloconly_create("mail_seal export", 4096);
	hash_table_create(&tree.lines, tree.pool, 0, str_hash, strcmp);
	ret = tree_write(&tree, entries);
	*error_r = t_strdup(tree.error);
	hash_table_destroy(&tree.lines);
	pool_unref(&tree.pool);
	i_close_fd(&tree.dir_fd);
	return ret;
}
