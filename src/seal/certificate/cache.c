/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "cache.h"

#include <string.h>

#define REFUSAL_SECS (10*60)

struct cached_list {
	struct certificate_list list;
	/* "UID KEY" */
	char *id;
	/* of the list, or NULL */
	char *facts;
	/* why there is none, or NULL */
	char *refusal;
	time_t judged, until;
	size_t size;
	/* its place in the order of use */
	GList link;
};

/* of struct cached_list by id */
static GHashTable *cache;
/* the one used last is the first */
static GQueue order = G_QUEUE_INIT;
static size_t cache_size;

static void cached_list_free(void *_cached)
{
	struct cached_list *cached = _cached;

	for (size_t i = 0; i < cached->list.count; i++)
		certificate_unref(cached->list.certificates[i]);
	g_free(cached->list.certificates);
	g_free(cached->id);
	g_free(cached->facts);
	g_free(cached->refusal);
	g_free(cached);
}

static void cached_list_drop(struct cached_list *cached)
{
	cache_size -= cached->size;
	g_queue_unlink(&order, &cached->link);
	g_hash_table_remove(cache, cached->id);
}

static char *make_id(const char *key, uid_t uid)
{
	return g_strdup_printf("%lu %s", (unsigned long)uid, key);
}

/* OpenSSL's parsed form of a certificate: 4 kB of P-256's, measured */
#define PARSED_X509_BYTES 4096

/* What it takes, roughly; X.509 certificates are also kept parsed. */
static size_t certificate_size(const struct certificate *certificate)
{
	const gsize data_size = g_bytes_get_size(certificate->data);
	size_t size = sizeof(*certificate) +
		certificate->key_count * sizeof(*certificate->keys);

	size += certificate->kind == CERTIFICATE_KIND_X509 ?
		PARSED_X509_BYTES + 2 * data_size : data_size;
	for (char **name = certificate->names;
	     name != NULL && *name != NULL; name++)
		size += sizeof(*name) + strlen(*name) + 1;
	return size;
}

/* Returns what holds at this time, which is then the one used last; or
   NULL. */
static struct cached_list *
cache_find(const char *key, uid_t uid, time_t now)
{
	struct cached_list *cached;
	char *id;

	if (cache == NULL)
		return NULL;
	id = make_id(key, uid);
	cached = g_hash_table_lookup(cache, id);
	g_free(id);
	if (cached == NULL)
		return NULL;
	if (now < cached->judged ||
	    (cached->until != 0 && now >= cached->until)) {
		cached_list_drop(cached);
		return NULL;
	}
	g_queue_unlink(&order, &cached->link);
	g_queue_push_head_link(&order, &cached->link);
	return cached;
}

const struct certificate_list *
certificate_cache_lookup(const char *key, uid_t uid, time_t now,
			 const char **facts_r)
{
	struct cached_list *cached = cache_find(key, uid, now);

	if (cached == NULL || cached->refusal != NULL)
		return NULL;
	*facts_r = cached->facts;
	return &cached->list;
}

const char *certificate_cache_lookup_refusal(const char *key, uid_t uid,
					     time_t now)
{
	struct cached_list *cached = cache_find(key, uid, now);

	return cached == NULL ? NULL : cached->refusal;
}

static struct cached_list *
cached_list_new(const char *key, uid_t uid, time_t judged, time_t until)
{
	struct cached_list *cached = g_new0(struct cached_list, 1);

	cached->id = make_id(key, uid);
	cached->judged = judged;
	cached->until = until;
	cached->size = sizeof(*cached) + strlen(cached->id);
	cached->link.data = cached;
	return cached;
}

static void cache_insert(struct cached_list *cached)
{
	struct cached_list *old;

	if (cache == NULL) {
		cache = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					      cached_list_free);
	}
	old = g_hash_table_lookup(cache, cached->id);
	if (old != NULL)
		cached_list_drop(old);
	g_hash_table_insert(cache, cached->id, cached);
	g_queue_push_head_link(&order, &cached->link);
	cache_size += cached->size;
	/* but for this one, however large it is */
	while (cache_size > CERTIFICATE_CACHE_BYTES && order.length > 1)
		cached_list_drop(g_queue_peek_tail(&order));
}

void certificate_cache_add(const char *key, uid_t uid, time_t judged,
			   time_t until, GPtrArray *certificates,
			   const char *note, char *facts)
{
	struct cached_list *cached = cached_list_new(key, uid, judged, until);

	cached->facts = facts;
	cached->list.note = note;
	cached->list.count = certificates->len;
	g_ptr_array_set_free_func(certificates, NULL);
	cached->list.certificates =
		(struct certificate **)g_ptr_array_free(certificates, FALSE);
	cached->size += facts == NULL ? 0 : strlen(facts);
	for (size_t i = 0; i < cached->list.count; i++)
		cached->size += certificate_size(cached->list.certificates[i]);
	cache_insert(cached);
}

void certificate_cache_add_refusal(const char *key, uid_t uid, time_t now,
				   const char *reason)
{
	struct cached_list *cached =
		cached_list_new(key, uid, now, now + REFUSAL_SECS);

	cached->refusal = g_strdup(reason);
	cached->size += strlen(reason);
	cache_insert(cached);
}

void certificate_cache_clear(void)
{
	while (order.length > 0)
		cached_list_drop(g_queue_peek_tail(&order));
	g_clear_pointer(&cache, g_hash_table_unref);
}
