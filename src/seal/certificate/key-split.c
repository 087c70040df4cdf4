/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "key-split.h"
#include "dearmor.h"
#include "key-file-look.h"
#include "merge.h"
#include "../openssl/x509.h"

static int unusable(struct seal_error *error, const char *reason)
{
	seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY, "%s", reason);
	return -1;
}

int key_file_merge(const struct key_file *file, struct merge *merge,
		   struct seal_error *error)
{
	GByteArray *binary;
	int ret;

	if (!file->is_text) {
		return merge_add(merge, file->data, file->size, file->role,
				 error);
	}
	binary = g_byte_array_new();
	if (openpgp_dearmor_certificates((const char *)file->data, file->size,
					 binary) <= 0 || binary->len == 0)
		ret = unusable(error, "its ASCII armor is damaged");
	else {
		ret = merge_add(merge, binary->data, binary->len, file->role,
				error);
	}
	g_byte_array_unref(binary);
	return ret;
}

static int
split_openpgp(const struct key_file *file, bool group,
	      GPtrArray *certificates, struct seal_error *error)
{
	struct merge *merge = merge_new(group ? CERTIFICATES_GROUP_MAX :
					CERTIFICATES_COUNT_MAX);
	GPtrArray *merged;
	int ret = key_file_merge(file, merge, error);

	if (ret == 0) {
		merged = merge_certificates(merge);
		for (guint i = 0; i < merged->len; i++) {
			certificate_ref(merged->pdata[i]);
			g_ptr_array_add(certificates, merged->pdata[i]);
		}
		g_ptr_array_unref(merged);
	}
	merge_free(merge);
	return ret;
}

int certificates_split(const void *data, size_t size, bool group,
		       GPtrArray *certificates, struct seal_error *error)
{
	struct key_file file = {
		.data = data, .size = size, .role = CERTIFICATE_OWNER
	};
	const char *note = NULL;
	int ret = key_file_look(&file, error);

	if (ret < 0)
		;
	else if (file.has_openpgp && file.has_x509)
		ret = unusable(error, "it holds both OpenPGP and X.509 "
			       "certificates");
	else if (file.has_openpgp)
		ret = split_openpgp(&file, group, certificates, error);
	else if (file.has_x509) {
		ret = certificates_x509_read(file.data, file.size, group,
					     certificates, &note, error);
	} else
		ret = unusable(error, "there is no certificate in it");
	g_free(file.text);
	return ret;
}
