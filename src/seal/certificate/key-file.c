/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "key-file.h"
#include "../gnupg/judge.h"
#include "../openssl/x509.h"
#include "../text/text-block.h"

#include <string.h>

/* Key files that a process keeps. An lmtp process serves many users, but the
   lists are small and cheap to make again. */
#define CACHE_MAX_ENTRIES 64

struct cached_list {
	struct cached_list *next;
	GBytes *content;
	enum certificate_kind kind;
	struct certificate_list list;
};

static struct cached_list *cache;

static void cached_list_free(struct cached_list *cached)
{
	for (size_t i = 0; i < cached->list.count; i++)
		certificate_unref(cached->list.certificates[i]);
	g_free(cached->list.certificates);
	g_bytes_unref(cached->content);
	g_free(cached);
}

/* Most recently used first; drops what is beyond the limit. */
static const struct certificate_list *
cache_lookup(GBytes *content, enum certificate_kind kind)
{
	struct cached_list **pos, *cached;
	unsigned int count = 0;

	for (pos = &cache; *pos != NULL; pos = &(*pos)->next) {
		cached = *pos;
		if (cached->kind == kind &&
		    g_bytes_equal(cached->content, content)) {
			*pos = cached->next;
			cached->next = cache;
			cache = cached;
			return &cached->list;
		}
		if (++count == CACHE_MAX_ENTRIES - 1)
			break;
	}
	while (*pos != NULL && (*pos)->next != NULL) {
		cached = (*pos)->next;
		(*pos)->next = cached->next;
		cached_list_free(cached);
	}
	return NULL;
}

static const struct certificate_list *
cache_add(GBytes *content, enum certificate_kind kind,
	  GPtrArray *certificates)
{
	struct cached_list *cached = g_new0(struct cached_list, 1);

	cached->content = g_bytes_ref(content);
	cached->kind = kind;
	cached->list.count = certificates->len;
	cached->list.certificates =
		(struct certificate **)g_ptr_array_free(certificates, FALSE);
	cached->next = cache;
	cache = cached;
	return &cached->list;
}

void certificates_deinit(void)
{
	struct cached_list *cached;

	while ((cached = cache) != NULL) {
		cache = cached->next;
		cached_list_free(cached);
	}
}

/*
 * What a key file is
 */

struct key_file {
	const uint8_t *data;
	size_t size;
	bool has_openpgp, has_x509;
};

static int
key_file_look_at_text(struct key_file *file, struct seal_error *error)
{
	const char *text = (const char *)file->data;
	const char *end = text + file->size;
	struct text_block block;

	while (text_block_find(text, end - text, &block)) {
		if (text_block_is_secret(&block)) {
			seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
				       CERTIFICATES_SECRET);
			return -1;
		}
		if (text_block_label_begins(&block, "PGP PUBLIC KEY BLOCK"))
			file->has_openpgp = true;
		if (certificates_x509_is_block(&block))
			file->has_x509 = true;
		/* nor does a secret go unseen in another block */
		text = block.label + block.label_size;
	}
	return 0;
}

static int
key_file_init(struct key_file *file, const void *data, size_t size,
	      struct seal_error *error)
{
	static const uint8_t byte_order_mark[] = { 0xef, 0xbb, 0xbf };

	memset(file, 0, sizeof(*file));
	file->data = data;
	file->size = size;
	/* some editors write one in front of text */
	if (size >= 3 && memcmp(data, byte_order_mark, 3) == 0) {
		file->data += 3;
		file->size -= 3;
	}
	/* an OpenPGP packet, RFC 9580 section 4.2 */
	if (file->size > 0 && (file->data[0] & 0x80) != 0)
		file->has_openpgp = true;
	else if (certificates_x509_is_der(file->data, file->size))
		file->has_x509 = true;
	else
		return key_file_look_at_text(file, error);
	return 0;
}

static const struct certificate_list *
key_file_read(const struct key_file *file, enum certificate_kind kind,
	      unsigned int timeout_secs, struct seal_error *error)
{
	GBytes *content = g_bytes_new_static(file->data, file->size);
	const struct certificate_list *list = cache_lookup(content, kind);
	GPtrArray *certificates;
	int ret;

	g_bytes_unref(content);
	if (list != NULL)
		return list;

	certificates = g_ptr_array_new_with_free_func(
		(GDestroyNotify)certificate_unref);
	ret = kind == CERTIFICATE_KIND_X509 ?
		certificates_x509_read(file->data, file->size, certificates,
				       error) :
		certificates_openpgp_read(file->data, file->size,
					  timeout_secs, certificates, error);
	if (ret < 0) {
		g_ptr_array_unref(certificates);
		return NULL;
	}
	content = g_bytes_new(file->data, file->size);
	list = cache_add(content, kind, certificates);
	g_bytes_unref(content);
	return list;
}

const struct certificate_list *
certificates_read(const void *data, size_t size, unsigned int timeout_secs,
		  struct seal_error *error)
{
	struct key_file file;

	if (key_file_init(&file, data, size, error) < 0)
		return NULL;
	if (file.has_openpgp == file.has_x509) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       file.has_openpgp ?
			       "it holds both OpenPGP and X.509 certificates" :
			       "there is no certificate in it");
		return NULL;
	}
	return key_file_read(&file, file.has_x509 ? CERTIFICATE_KIND_X509 :
			     CERTIFICATE_KIND_OPENPGP, timeout_secs, error);
}

const struct certificate_list *
certificates_read_kind(const void *data, size_t size,
		       enum certificate_kind kind, unsigned int timeout_secs,
		       struct seal_error *error)
{
	struct key_file file;

	if (key_file_init(&file, data, size, error) < 0)
		return NULL;
	if (kind == CERTIFICATE_KIND_X509 ? !file.has_x509 :
	    !file.has_openpgp) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "there is no %s certificate in it",
			       kind == CERTIFICATE_KIND_X509 ?
			       "X.509" : "OpenPGP");
		return NULL;
	}
	return key_file_read(&file, kind, timeout_secs, error);
}
