/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What anybody can put into a key file: armor and packets, PEM and DER */

#include "certificate/certificate.h"
#include "openssl/x509.h"
#include "certificate/key-file.h"
#include "certificate/dearmor.h"
#include "certificate/facts.h"
#include "certificate/merge.h"
#include "certificate/openpgp-keys.h"
#include "format/openpgp-packet.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_packets(const uint8_t *data, size_t size)
{
	struct openpgp_message_walker walker = { .failed = false };
	size_t offset = 0, certificate_size;
	bool has_secret;
	uint64_t id;

	if (size == 0)
		return;

	while (offset < size) {
		certificate_size = openpgp_certificate_size(
			data + offset, size - offset, &has_secret);
		if (certificate_size > size - offset)
			abort();
		if (certificate_size == 0)
			break;
		offset += certificate_size;
	}
	if (openpgp_message_check(data, size) > 0) {
		offset = 0;
		while (openpgp_message_next_recipient(data, size, &offset,
						      &id)) ;
		if (offset == 0 || offset >= size)
			abort();
	}
	(void)openpgp_message_walk(&walker, data, size);
	(void)openpgp_message_is_encrypted(&walker);
}

/* What is merged can be merged again, and stays as it is. */
static void check_merge(const uint8_t *data, size_t size)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct merge *merge = merge_new(CERTIFICATES_COUNT_MAX);
	GPtrArray *certificates;

	if (merge_add(merge, data, size, 1, &error) == 0 &&
	    merge_add(merge, data, size, 2, &error) < 0)
		abort();
	(void)merge_next_change(merge, 1800000000);
	certificates = merge_certificates(merge);
	for (guint i = 0; error.code == SEAL_ERROR_NONE &&
	     i < certificates->len; i++) {
		const struct certificate *certificate = certificates->pdata[i];
		struct merge *again = merge_new(CERTIFICATES_COUNT_MAX);
		gsize merged_size;
		const uint8_t *merged = g_bytes_get_data(certificate->data,
							 &merged_size);
		GPtrArray *same;

		if (merged_size > size || certificate->key_count == 0 ||
		    certificate->roles != 3 ||
		    merge_add(again, merged, merged_size, 3, &error) < 0)
			abort();
		same = merge_certificates(again);
		if (same->len != 1 || !g_bytes_equal(((struct certificate *)
			same->pdata[0])->data, certificate->data))
			abort();
		for (size_t j = 0; j < certificate->key_count; j++) {
			g_bytes_unref(certificate_reduced(certificate,
				&certificate->keys[j]));
		}
		g_ptr_array_unref(same);
		merge_free(again);
	}
	g_ptr_array_unref(certificates);
	merge_free(merge);
}

/* The data as facts of a certificate that is known */
static void check_facts(const uint8_t *data, size_t size)
{
	/* a primary key of version 4 and a subkey, with nothing in them */
	static const uint8_t keys[] = {
		0xc6, 6, 4, 0, 0, 0, 1, 22, 0xce, 6, 4, 0, 0, 0, 1, 18
	};
	const struct facts_header header = {
		.input = "i", .judge = "j", .judged = 1000
	};
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct merge *merge = merge_new(CERTIFICATES_COUNT_MAX);
	GPtrArray *certificates;
	GString *listing = g_string_new_len((const char *)data, size);
	char *text = facts_write(&header, listing);
	time_t judged, until;
	const char *reason;

	if (merge_add(merge, keys, sizeof(keys), 1, &error) < 0)
		abort();
	certificates = merge_certificates(merge);
	if (facts_read(text, &header, certificates, &judged, &until) == 0) {
		const struct certificate *certificate = certificates->pdata[0];

		(void)certificate_is_usable(certificate, 1800000000, 2048,
					    &reason);
		(void)certificate_encryption_key(certificate, 1800000000);
		(void)certificate_expires(certificate);
	}
	g_ptr_array_unref(certificates);
	g_string_free(listing, TRUE);
	g_free(text);
	merge_free(merge);
}

static void check_x509(const uint8_t *data, size_t size)
{
	GPtrArray *certificates = g_ptr_array_new_with_free_func(
		(GDestroyNotify)certificate_unref);
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const char *reason;
	const char *note = NULL;
	int ret = certificates_x509_read(data, size, false, certificates,
					 &note, &error);

	if (ret == 0 ? certificates->len == 0 ||
	    certificates->len > CERTIFICATES_COUNT_MAX :
	    error.code == SEAL_ERROR_NONE)
		abort();
	for (guint i = 0; ret == 0 && i < certificates->len; i++) {
		const struct certificate *certificate = certificates->pdata[i];

		if (certificate->key_count != 1 ||
		    strlen(certificate->fingerprint) != 64 ||
		    g_bytes_get_size(certificate->data) > size)
			abort();
		for (char **name = certificate->names; *name != NULL; name++) {
			if (!g_utf8_validate(*name, -1, NULL))
				abort();
		}
		(void)certificate_is_usable(certificate, 1800000000, 2048,
					    &reason);
	}
	g_ptr_array_unref(certificates);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	GByteArray *out = g_byte_array_new();

	if (openpgp_dearmor_certificates((const char *)data, size, out) > 0)
		check_packets(out->data, out->len);
	if (out->len > size)
		abort();
	check_packets(data, size);
	check_merge(out->data, out->len);
	check_merge(data, size);
	check_facts(data, size);
	check_x509(data, size);
	g_byte_array_unref(out);
	return 0;
}
