/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Any bytes as a key packet: read within their bounds; and what is taken for a
   key is sealed to or refused, and passes the check. */

#include "engine.h"
#include "format/check.h"
#include "format/openpgp-key.h"
#include "../unit/test-openpgp-lib.h"

#include <stdlib.h>
#include <string.h>

#define NOW 1000000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
output(const void *data, size_t size, void *context, struct seal_error *error)
{
	return check_push(context, data, size, error);
}

static int
no_output(const void *data G_GNUC_UNUSED, size_t size G_GNUC_UNUSED,
	  void *context G_GNUC_UNUSED, struct seal_error *error G_GNUC_UNUSED)
{
	return 0;
}

static void seal_to(struct certificate *recipient)
{
	const struct check_params check_params = {
		.recipients = &recipient, .recipient_count = 1, .now = NOW
	};
	struct check *check = check_new(&check_openpgp, &check_params,
					no_output, NULL);
	const struct engine_params params = {
		.recipients = &recipient, .recipient_count = 1, .now = NOW,
		.output = output, .context = check
	};
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct engine_job *job =
		engine_openpgp_libcrypto.start(&params, &error);

	/* it is the key's fault, not ours */
	if (job == NULL && error.code != SEAL_ERROR_UNUSABLE_KEY)
		abort();
	if (job != NULL) {
		if (engine_openpgp_libcrypto.write(job, "hello", 5,
						   &error) < 0 ||
		    engine_openpgp_libcrypto.finish(job, &error) < 0 ||
		    check_finish(check, &error) < 0)
			abort();
		engine_openpgp_libcrypto.free(job);
	}
	check_free(&check);
}

static bool inside(const struct openpgp_field *field, const uint8_t *packet,
		   size_t size)
{
	return field->size == 0 || (field->data >= packet &&
		field->data + field->size <= packet + size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *packet = g_memdup2(data, size);
	struct openpgp_key key;
	const char *reason;

	if (openpgp_key_read(packet, size, &key, &reason) == OPENPGP_KEY_OK) {
		struct certificate *recipient = test_openpgp_key(packet, size);

		if (!inside(&key.modulus, packet, size) ||
		    !inside(&key.exponent, packet, size) ||
		    !inside(&key.oid, packet, size) ||
		    !inside(&key.point, packet, size))
			abort();
		seal_to(recipient);
		certificate_unref(recipient);
	} else if (reason == NULL) {
		abort();
	}
	g_free(packet);
	return 0;
}
