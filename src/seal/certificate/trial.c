/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "trial.h"
#include "../message/seal.h"
#include "../openssl/x509.h"

#include <string.h>

static const char message[] =
	"Subject: trial\r\n\r\nThis is a trial and goes nowhere.\r\n";

static int seal_message(struct seal *seal, struct seal_error *error)
{
	char out[4096];
	ssize_t ret;

	if (seal_push(seal, message, strlen(message), error) < 0)
		return -1;
	seal_finish(seal);
	while ((ret = seal_pull(seal, out, sizeof(out), error)) > 0) ;
	if (ret == 0 && (!seal_is_complete(seal) || !seal_is_sealing(seal))) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "the trial came to no end");
		ret = -1;
	}
	return ret < 0 ? -1 : 0;
}

/* A timeout, a missing gpg and a full disk aren't the certificate's fault. */
static int
trial_failed(const struct certificate *certificate,
	     const struct seal_error *trial_error, struct seal_error *error)
{
	const struct certificate_key *key =
		certificate_encryption_key(certificate, time(NULL));

	/* the engine may have named the key itself */
	if (trial_error->code == SEAL_ERROR_TIMEOUT ||
	    trial_error->code == SEAL_ERROR_STORE || key == NULL ||
	    g_str_has_prefix(trial_error->text, "its key ")) {
		*error = *trial_error;
	} else if (certificate->kind == CERTIFICATE_KIND_X509) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "its key (%s) can't be sealed to: %s",
			       key->name, trial_error->text);
	} else {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "its key %016" G_GINT64_MODIFIER "X (%s) can't "
			       "be sealed to: %s", key->id, key->name,
			       trial_error->text);
	}
	return -1;
}

int certificate_try(struct certificate *certificate,
		    const char *openpgp_engine, unsigned int timeout_secs,
		    struct seal_error *error)
{
	const struct seal_params params = {
		.openpgp_engine = openpgp_engine,
		.recipients = &certificate,
		.recipient_count = 1,
		.timeout_secs = timeout_secs
	};
	struct seal_error trial_error = { .code = SEAL_ERROR_NONE };
	struct seal *seal;
	int ret;

	/* delivery does without what takes long */
	if (certificate->kind == CERTIFICATE_KIND_X509 &&
	    certificate_x509_check_key(certificate, error) < 0)
		return -1;
	seal = seal_new(&params);
	ret = seal_message(seal, &trial_error);
	seal_free(&seal);
	return ret == 0 ? 0 : trial_failed(certificate, &trial_error, error);
}
