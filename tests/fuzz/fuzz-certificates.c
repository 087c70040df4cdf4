/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What anybody can put into a key file: armor and packets */

#include "openpgp-armor.h"
#include "openpgp-packet.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_packets(const uint8_t *data, size_t size)
{
	struct openpgp_message_walker walker = { .failed = false };
	size_t offset = 0, certificate_size;
	bool has_secret;

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
	(void)openpgp_message_check(data, size);
	(void)openpgp_message_walk(&walker, data, size);
	(void)openpgp_message_is_encrypted(&walker);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	GByteArray *out = g_byte_array_new();

	if (openpgp_dearmor_certificates((const char *)data, size, out) > 0)
		check_packets(out->data, out->len);
	if (out->len > size)
		abort();
	check_packets(data, size);
	g_byte_array_unref(out);
	return 0;
}
