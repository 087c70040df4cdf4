/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Certificates from the public keyring of a GnuPG home. Asking gpg for them
   costs some execs, so a process keeps what it found for as long as the
   keyring doesn't change. */

#include "lib.h"
#include "array.h"
#include "buffer.h"
#include "source.h"
#include "../core/core.h"

#include <sys/stat.h>
#include <unistd.h>

#define CACHE_MAX_ENTRIES 64

struct keyring_cache {
	char *home;
	/* what was looked for, behind the uid as which: what gpg said was
	   under that user's hand, and is for nobody else */
	char *names;
	/* of the keyring when it was read */
	struct stat st;
	buffer_t *certificates;
};

static ARRAY(struct keyring_cache *) keyring_cache;

static void keyring_cache_free(struct keyring_cache *cache)
{
	i_free(cache->home);
	i_free(cache->names);
	buffer_free(&cache->certificates);
	i_free(cache);
}

static void
source_gnupg_deinit(void)
{
	struct keyring_cache *cache;

	if (!array_is_created(&keyring_cache))
		return;
	array_foreach_elem(&keyring_cache, cache)
		keyring_cache_free(cache);
	array_free(&keyring_cache);
}

/* Returns 1 if the file is there, 0 if not, -1 if that can't be known. */
static int
home_file_stat(const char *home, const char *name, struct stat *st_r,
	       struct seal_error *error)
{
	if (stat(t_strdup_printf("%s/%s", home, name), st_r) == 0)
		return 1;
	if (errno == ENOENT || errno == ENOTDIR)
		return 0;
	return mail_seal_source_failed(error,
					   "its keyring can't be read");
}

/* Returns 1 if the home has a keyring, 0 if it has none, -1 if there is one
   that we can't read. */
static int
keyring_stat(const char *home, struct stat *st_r, struct seal_error *error)
{
	int ret;

	/* What GnuPG 2.4's keyboxd keeps only keyboxd can read, and a
	   pubring.kbx beside it is out of date. */
	ret = home_file_stat(home, "public-keys.d/pubring.db", st_r, error);
	if (ret > 0) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "its keyring is kept by keyboxd");
		return -1;
	}
	if (ret == 0)
		ret = home_file_stat(home, "pubring.kbx", st_r, error);
	if (ret == 0)
		ret = home_file_stat(home, "pubring.gpg", st_r, error);
	return ret;
}

static bool
keyring_is_same(const struct stat *st1, const struct stat *st2)
{
	return st1->st_dev == st2->st_dev && st1->st_ino == st2->st_ino &&
		st1->st_size == st2->st_size &&
		st1->st_mtim.tv_sec == st2->st_mtim.tv_sec &&
		st1->st_mtim.tv_nsec == st2->st_mtim.tv_nsec &&
		st1->st_ctim.tv_sec == st2->st_ctim.tv_sec &&
		st1->st_ctim.tv_nsec == st2->st_ctim.tv_nsec;
}

/* Drops an entry that has become stale. */
static struct keyring_cache *
keyring_cache_find(const char *home, const char *names, const struct stat *st)
{
	struct keyring_cache *const *entries;
	unsigned int i, count;

	if (!array_is_created(&keyring_cache))
		return NULL;
	entries = array_get(&keyring_cache, &count);
	for (i = 0; i < count; i++) {
		if (strcmp(entries[i]->home, home) != 0 ||
		    strcmp(entries[i]->names, names) != 0)
			continue;
		if (keyring_is_same(&entries[i]->st, st))
			return entries[i];
		keyring_cache_free(entries[i]);
		array_delete(&keyring_cache, i, 1);
		break;
	}
	return NULL;
}

static void
keyring_cache_add(const char *home, const char *names, const struct stat *st,
		  const buffer_t *certificates)
{
	struct keyring_cache *cache;

	if (!array_is_created(&keyring_cache))
		i_array_init(&keyring_cache, CACHE_MAX_ENTRIES);
	if (array_count(&keyring_cache) == CACHE_MAX_ENTRIES) {
		keyring_cache_free(array_idx_elem(&keyring_cache, 0));
		array_pop_front(&keyring_cache);
	}
	cache = i_new(struct keyring_cache, 1);
	cache->home = i_strdup(home);
	cache->names = i_strdup(names);
	cache->st = *st;
	cache->certificates = buffer_create_dynamic(default_pool,
						    certificates->used);
	buffer_append_buf(cache->certificates, certificates, 0, SIZE_MAX);
	array_push_back(&keyring_cache, &cache);
}

static int
source_gnupg_read(const char *home,
		  const struct mail_seal_settings *set,
		  buffer_t *certificates,
		  struct seal_error *error)
{
	const char *names = t_strdup_printf("%s %s", dec2str(geteuid()),
		t_strarray_join(set->recipients, " "));
	const struct mail_seal_core *core;
	const struct keyring_cache *cache;
	struct stat st;
	buffer_t *found;
	int ret;

	ret = keyring_stat(home, &st, error);
	if (ret <= 0)
		return ret;
	cache = keyring_cache_find(home, names, &st);
	if (cache == NULL) {
		core = mail_seal_core_get(error);
		if (core == NULL)
			return -1;
		found = t_buffer_create(1024);
		ret = core->find_in_home(home, set, found, error);
		if (ret < 0)
			return -1;
		keyring_cache_add(home, names, &st, found);
		cache = *array_back(&keyring_cache);
	}
	buffer_append_buf(certificates, cache->certificates, 0, SIZE_MAX);
	return cache->certificates->used > 0 ? 1 : 0;
}

const struct mail_seal_source_kind mail_seal_source_gnupg = {
	.read = source_gnupg_read,
	.only_read = "a GnuPG keyring",
	.deinit = source_gnupg_deinit
};
