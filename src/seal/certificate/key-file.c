/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "key-file.h"
#include "cache.h"
#include "facts.h"
#include "key-file-look.h"
#include "key-split.h"
#include "merge.h"
#include "revokers.h"
#include "../gnupg/judge.h"
#include "../openssl/openssl-common.h"
#include "../openssl/x509.h"

#include <openssl/sha.h>
#include <string.h>
#include <unistd.h>

static const char *const kind_names[] = {
	[CERTIFICATE_KIND_OPENPGP] = "OpenPGP",
	[CERTIFICATE_KIND_X509] = "X.509"
};

static int unusable(struct seal_error *error, const char *reason)
{
	seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY, "%s", reason);
	return -1;
}

/*
 * All of them
 */

struct key_files {
	struct key_file *files;
	size_t count;
	enum certificate_kind kind;
};

static void key_files_free(struct key_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		g_free(files->files[i].text);
	g_free(files->files);
}

static char *hex_new(const uint8_t *data, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	char *hex = g_malloc(2 * size + 1);

	for (size_t i = 0; i < size; i++) {
		hex[2 * i] = digits[data[i] >> 4];
		hex[2 * i + 1] = digits[data[i] & 0xf];
	}
	hex[2 * size] = '\0';
	return hex;
}

/* Each with its role and size, so that no two are the same that aren't. By
   libcrypto, because it is made with each message, and GLib's takes five times
   as long. Returns NULL if that failed. */
static char *
inputs_digest(const struct key_file_input *inputs, size_t count, bool group)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t digest[SHA256_DIGEST_LENGTH];
	bool ok = EVP_DigestInit_ex(context, openssl_digest(OPENSSL_SHA256),
				    NULL) == 1;

	for (size_t i = 0; ok && i < count; i++) {
		char start[64];
		int size = g_snprintf(start, sizeof(start), "%s%d %zu ",
				      group ? "group " : "", inputs[i].role,
				      inputs[i].size);

		ok = EVP_DigestUpdate(context, start, size) == 1 &&
			EVP_DigestUpdate(context, inputs[i].data,
					 inputs[i].size) == 1;
	}
	ok = ok && EVP_DigestFinal_ex(context, digest, NULL) == 1;
	EVP_MD_CTX_free(context);
	return ok ? hex_new(digest, sizeof(digest)) : NULL;
}

/* Errors of files that aren't the owner's say so. */
static void
error_of_file(const struct key_file *file, const struct seal_error *file_error,
	      struct seal_error *error)
{
	seal_error_set(error, file_error->code, "%s%s",
		       file->role == CERTIFICATE_EXTRA ?
		       "the recovery key: " : "", file_error->text);
}

static int key_files_find_kind(struct key_files *files,
			       struct seal_error *error)
{
	bool has_openpgp = false, has_x509 = false;

	for (size_t i = 0; i < files->count; i++) {
		if (files->files[i].role == CERTIFICATE_EXTRA)
			continue;
		has_openpgp = has_openpgp || files->files[i].has_openpgp;
		has_x509 = has_x509 || files->files[i].has_x509;
	}
	if (has_openpgp == has_x509) {
		return unusable(error, has_openpgp ?
			"it holds both OpenPGP and X.509 certificates" :
			"there is no certificate in it");
	}
	files->kind = has_x509 ? CERTIFICATE_KIND_X509 :
		CERTIFICATE_KIND_OPENPGP;
	return 0;
}

static int
key_files_look(struct key_files *files, const struct key_file_input *inputs,
	       size_t count, struct seal_error *error)
{
	struct seal_error file_error = { .code = SEAL_ERROR_NONE };

	files->files = g_new0(struct key_file, count);
	files->count = count;
	for (size_t i = 0; i < count; i++) {
		struct key_file *file = &files->files[i];

		file->data = inputs[i].data;
		file->size = inputs[i].size;
		file->role = inputs[i].role;
		if (key_file_look(file, &file_error) < 0) {
			error_of_file(file, &file_error, error);
			return -1;
		}
	}
	return key_files_find_kind(files, error);
}

static unsigned int count_max(const struct certificates_params *params)
{
	return params->group ? CERTIFICATES_GROUP_MAX : CERTIFICATES_COUNT_MAX;
}

/*
 * OpenPGP
 */

/* Version 6 is RFC 9580's, and GnuPG has gone another way: it gives up on all
   that comes with one. */
static bool is_for_judge(const struct certificate *certificate)
{
	return certificate->key_count == 0 ||
		certificate->keys[0].packet[0] != 6;
}

static GBytes *join_data(const GPtrArray *certificates)
{
	GByteArray *all = g_byte_array_new();

	for (guint i = 0; i < certificates->len; i++) {
		const struct certificate *certificate =
			certificates->pdata[i];
		gsize size;
		const guint8 *data = g_bytes_get_data(certificate->data,
						      &size);

		if (is_for_judge(certificate))
			g_byte_array_append(all, data, size);
	}
	return g_byte_array_free_to_bytes(all);
}

/* Asks the judge. Returns facts, which the caller frees, or NULL. */
static char *
ask_judge(const struct merge *merge, const struct facts_header *header,
	  unsigned int timeout_secs, struct seal_error *error)
{
	struct facts_header full = *header;
	GPtrArray *certificates = merge_certificates(merge);
	GBytes *data = join_data(certificates);
	GString *listing = g_string_new(NULL);
	char *facts = NULL;

	full.until = merge_next_change(merge, header->judged);
	/* of what it isn't given it says nothing */
	if (g_bytes_get_size(data) == 0 ||
	    judge_openpgp(data, timeout_secs, listing, error) == 0)
		facts = facts_write(&full, listing);
	g_string_free(listing, TRUE);
	g_bytes_unref(data);
	g_ptr_array_unref(certificates);
	return facts;
}

static GPtrArray *
certificates_with_facts(const struct merge *merge, const char *facts,
			bool group, struct facts_header *header)
{
	GPtrArray *certificates = merge_certificates(merge);
	time_t judged, until;

	if (facts_read(facts, header, certificates, &judged, &until) == 0) {
		/* a member may be another's revoker */
		if (!group)
			revokers_set_aside(certificates);
		header->judged = judged;
		header->until = until;
		return certificates;
	}
	g_ptr_array_unref(certificates);
	return NULL;
}

/* header gets what the facts say of time. *facts_r is the caller's. */
static GPtrArray *
judge_merged(const struct merge *merge, struct facts_header *header,
	     const struct certificates_params *params, char **facts_r,
	     struct seal_error *error)
{
	GPtrArray *certificates = NULL;

	if (params->known_facts != NULL) {
		certificates = certificates_with_facts(
			merge, params->known_facts, params->group, header);
		*facts_r = g_strdup(params->known_facts);
	}
	if (certificates != NULL)
		return certificates;
	g_free(*facts_r);
	*facts_r = ask_judge(merge, header, params->timeout_secs, error);
	if (*facts_r == NULL)
		return NULL;
	certificates = certificates_with_facts(merge, *facts_r, params->group,
					       header);
	if (certificates == NULL) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "gpg's list of the certificate isn't of it");
	}
	return certificates;
}

static GPtrArray *
read_openpgp(const struct key_files *files,
	     const struct certificates_params *params,
	     struct facts_header *header, char **facts_r,
	     struct seal_error *error)
{
	struct seal_error file_error = { .code = SEAL_ERROR_NONE };
	struct merge *merge = merge_new(count_max(params));
	GPtrArray *certificates = NULL;
	char *judge = judge_version();
	bool ok = true;

	for (size_t i = 0; ok && i < files->count; i++) {
		const struct key_file *file = &files->files[i];

		ok = !file->has_openpgp ||
			key_file_merge(file, merge, &file_error) == 0;
		if (!ok)
			error_of_file(file, &file_error, error);
	}
	header->judge = judge;
	if (ok)
		certificates = judge_merged(merge, header, params, facts_r,
					    error);
	header->judge = NULL;
	g_free(judge);
	merge_free(merge);
	return certificates;
}

/*
 * X.509
 */

/* Adds those that aren't there yet, and to the others the role. */
static void
add_x509(GPtrArray *all, GPtrArray *certificates, enum certificate_role role)
{
	for (guint i = 0; i < certificates->len; i++) {
		struct certificate *certificate = certificates->pdata[i];
		struct certificate *same = NULL;

		for (guint j = 0; same == NULL && j < all->len; j++) {
			same = all->pdata[j];
			if (strcmp(same->fingerprint,
				   certificate->fingerprint) != 0)
				same = NULL;
		}
		if (same == NULL) {
			certificate_ref(certificate);
			g_ptr_array_add(all, certificate);
			same = certificate;
		}
		same->roles |= role;
	}
}

static int
file_add_x509(const struct key_file *file,
	      const struct certificates_params *params, GPtrArray *all,
	      const char **note, struct seal_error *error)
{
	GPtrArray *certificates = g_ptr_array_new_with_free_func(
		(GDestroyNotify)certificate_unref);
	bool group = params->group && file->role == CERTIFICATE_OWNER;
	int ret = certificates_x509_read(file->data, file->size, group,
					 certificates, note, error);

	if (ret == 0)
		add_x509(all, certificates, file->role);
	g_ptr_array_unref(certificates);
	return ret;
}

static GPtrArray *
read_x509(const struct key_files *files,
	  const struct certificates_params *params, const char **note,
	  struct seal_error *error)
{
	struct seal_error file_error = { .code = SEAL_ERROR_NONE };
	GPtrArray *all = g_ptr_array_new_with_free_func(
		(GDestroyNotify)certificate_unref);
	bool ok = true;

	for (size_t i = 0; ok && i < files->count; i++) {
		const struct key_file *file = &files->files[i];

		ok = !file->has_x509 ||
			file_add_x509(file, params, all, note,
				      &file_error) == 0;
		if (!ok)
			error_of_file(file, &file_error, error);
	}
	if (ok && certificates_x509_check_apart(all, error) == 0)
		return all;
	g_ptr_array_unref(all);
	return NULL;
}

/*
 * Reading
 */

static int check_extra(const struct key_files *files, struct seal_error *error)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct key_file *file = &files->files[i];

		if (file->role != CERTIFICATE_EXTRA ||
		    (files->kind == CERTIFICATE_KIND_X509 ? file->has_x509 :
		     file->has_openpgp))
			continue;
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "the recovery key: there is no %s "
			       "certificate in it", kind_names[files->kind]);
		return -1;
	}
	return 0;
}

/* Puts what is read into the cache. */
static int
read_files(struct key_files *files, const struct certificates_params *params,
	   const char *digest, time_t now, struct seal_error *error)
{
	struct facts_header header = { .input = digest, .judged = now };
	const char *note = NULL;
	char *facts = NULL;
	GPtrArray *certificates;

	if (check_extra(files, error) < 0)
		return -1;
	certificates = files->kind == CERTIFICATE_KIND_X509 ?
		read_x509(files, params, &note, error) :
		read_openpgp(files, params, &header, &facts, error);
	if (certificates == NULL) {
		g_free(facts);
		if (error->code == SEAL_ERROR_UNUSABLE_KEY &&
		    files->kind == CERTIFICATE_KIND_OPENPGP) {
			certificate_cache_add_refusal(digest, params->uid, now,
						      error->text);
		}
		return -1;
	}
	certificate_cache_add(digest, params->uid, header.judged,
			      header.until, certificates, note, facts);
	return 0;
}

const struct certificate_list *
certificates_judge(const struct key_file_input *inputs, size_t count,
		   const struct certificates_params *params,
		   struct seal_error *error)
{
	const time_t now = time(NULL);
	const struct certificate_list *list;
	struct key_files files = { .count = 0 };
	const char *facts = NULL, *refusal;
	char *digest;

	openssl_begin();
	digest = inputs_digest(inputs, count, params->group);
	if (digest == NULL) {
		openssl_error_set(error);
		return NULL;
	}
	list = certificate_cache_lookup(digest, params->uid, now, &facts);
	refusal = certificate_cache_lookup_refusal(digest, params->uid, now);
	if (refusal != NULL) {
		(void)unusable(error, refusal);
	} else if (list == NULL) {
		if (key_files_look(&files, inputs, count, error) == 0 &&
		    read_files(&files, params, digest, now, error) == 0) {
			list = certificate_cache_lookup(digest, params->uid,
							now, &facts);
		}
		key_files_free(&files);
	}
	if (params->new_facts_r != NULL) {
		*params->new_facts_r =
			g_strcmp0(facts, params->known_facts) == 0 ? NULL :
			g_strdup(facts);
	}
	g_free(digest);
	return list;
}

const struct certificate_list *
certificates_read(const void *data, size_t size, unsigned int timeout_secs,
		  struct seal_error *error)
{
	const struct key_file_input input = {
		.data = data, .size = size, .role = CERTIFICATE_OWNER
	};
	const struct certificates_params params = {
		.timeout_secs = timeout_secs,
		.uid = geteuid()
	};

	return certificates_judge(&input, 1, &params, error);
}

void certificates_deinit(void)
{
	certificate_cache_clear();
	openssl_deinit();
}
