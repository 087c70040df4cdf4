/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Any bytes as an engine's output: whole or in pieces, the check says the same,
   and what passes can't be cut and pass. The first two bytes choose form and
   size of the pieces. */

#include "format/check.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
no_output(const void *data G_GNUC_UNUSED, size_t size G_GNUC_UNUSED,
	  void *context G_GNUC_UNUSED, struct seal_error *error G_GNUC_UNUSED)
{
	return 0;
}

static bool
passes(const struct check_form *form, const struct check_params *params,
       const uint8_t *data, size_t size, size_t step)
{
	struct check *check = check_new(form, params, no_output, NULL);
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < size; i += step) {
		uint8_t *piece = g_memdup2(data + i, MIN(step, size - i));

		ret = check_push(check, piece, MIN(step, size - i), &error);
		g_free(piece);
	}
	if (ret == 0)
		ret = check_finish(check, &error);
	check_free(&check);
	return ret == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* serial number 1 of an issuer without a name */
	static const uint8_t x509[] = {
		0x30, 9, 0x30, 7, 2, 1, 1, 0x30, 0, 0x30, 0
	};
	struct certificate_key key = { .id = 0x0123456789abcdef,
				       .can_encrypt = true };
	struct certificate certificate = {
		.refcount = 1, .keys = &key, .key_count = 1
	};
	struct certificate *const recipients[] = { &certificate };
	const struct check_params params = {
		.recipients = recipients, .recipient_count = 1, .now = 1
	};
	const struct check_form *form;
	bool whole;

	if (size < 2)
		return 0;
	form = (data[0] & 1) != 0 ? &check_cms : &check_openpgp;
	certificate.data = g_bytes_new_static(x509, sizeof(x509));
	whole = passes(form, &params, data + 2, size - 2, size);
	if (passes(form, &params, data + 2, size - 2, 1 + data[1]) != whole ||
	    (whole && passes(form, &params, data + 2, size - 3, size)))
		abort();
	g_bytes_unref(certificate.data);
	return 0;
}
