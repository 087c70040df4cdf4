/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What anybody can put into a key file: armor and packets, PEM and DER */

#include "certificate/certificate.h"
#include "openssl/x509.h"
#include "certificate/key-file.h"
#include "certificate/dearmor.h"
#include "certificate/facts.h"
#include "certificate/merge.h"
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

static void check_x509(const uint8_t *data, size_t size)
{
	GPtrArray *certificates = g_ptr_array_new_with_free_func(
		(GDestroyNotify)certificate_unref);
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const char *reason;
	int ret = certificates_x509_read(data, size, certificates, &error);

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
	check_x509(data, size);
	g_byte_array_unref(out);
	return 0;
}
