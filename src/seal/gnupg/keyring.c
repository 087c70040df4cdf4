/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "exec-protocol.h"
#include "gpg-context.h"
#include "keyring.h"
#include "../format/openpgp-packet.h"

#include <string.h>

/* Measured (bench/run step): what it takes to make a keyring is saved again by
   three messages to an Ed25519 key, and by ten or so to an RSA key. */
#define KEYRING_AFTER_USES 4

struct keyring {
	/* up to KEYRING_AFTER_USES, when it is made, once */
	unsigned int uses;
	/* NULL if it isn't made, or is of no use */
	GBytes *data;
};

static void keyring_drop_data(struct keyring *keyring)
{
	if (keyring->data != NULL)
		g_bytes_unref(keyring->data);
	keyring->data = NULL;
}

static void keyring_free(void *_keyring)
{
	struct keyring *keyring = _keyring;

	keyring_drop_data(keyring);
	g_free(keyring);
}

static struct keyring *keyring_of(struct certificate *certificate)
{
	if (certificate->prepared == NULL) {
		certificate->prepared = g_new0(struct keyring, 1);
		certificate->prepared_free = keyring_free;
	}
	return certificate->prepared;
}

/* Lines of status and log come together; the helper's word is the last. */
static bool exited_with_success(gpgme_data_t status)
{
	static const char success[] = "[GNUPG:] SUCCESS "EXEC_PROTOCOL"\n";
	const gpgme_off_t size = sizeof(success) - 1;
	char text[sizeof(success)];

	return gpgme_data_seek(status, -size, SEEK_END) >= 0 &&
		gpgme_data_read(status, text, size) == size &&
		memcmp(text, success, size) == 0;
}

/* import-export: nothing is imported, but all is done that an import does, and
   the result written. backup: with "ring trust" packets, where the verdicts
   stand (GnuPG g10/import.c write_keyblock_to_output()). */
static gpgme_error_t
spawn_gpg(struct gpg_context *context, gpgme_data_t input, gpgme_data_t output,
	  gpgme_data_t status)
{
	const char *arguments[] = {
		"", "--batch", "--no-tty", "--status-fd", "2",
		"--import-options", "import-export,import-minimal",
		"--export-options", "backup", "--output", "-", "--import", NULL
	};

	return gpgme_op_spawn_start(gpg_context_gpgme(context),
				    MAIL_SEAL_HELPER, arguments, input, output,
				    status, 0);
}

static GBytes *take_keyring(gpgme_data_t output)
{
	GBytes *keyring;
	size_t size;
	bool has_secret;
	char *data = gpgme_data_release_and_get_mem(output, &size);

	if (data == NULL)
		return NULL;
	keyring = g_bytes_new(data, size);
	if (size == 0 || size != openpgp_certificate_size(
				(const uint8_t *)data, size, &has_secret)) {
		g_bytes_unref(keyring);
		keyring = NULL;
	}
	gpgme_free(data);
	return keyring;
}

static GBytes *
make_keyring(const struct certificate *certificate, unsigned int timeout_secs,
	     struct seal_error *error)
{
	gpgme_data_t input = NULL, output = NULL, status = NULL;
	struct gpg_context *context;
	GBytes *keyring = NULL;
	gpgme_error_t err;
	const void *data;
	gsize size;
	int ret;

	context = gpg_context_get_spawn(timeout_secs, error);
	if (context == NULL)
		return NULL;
	data = g_bytes_get_data(certificate->data, &size);
	err = gpgme_data_new_from_mem(&input, data, size, 0);
	if (err == 0)
		err = gpgme_data_new(&output);
	if (err == 0)
		err = gpgme_data_new(&status);
	if (err == 0)
		err = spawn_gpg(context, input, output, status);
	ret = gpg_context_started(context, err, error);
	if (ret == 0)
		ret = gpg_context_finish(context, error);
	/* the operation uses the data until here */
	gpg_context_put(&context);
	if (ret == 0 && exited_with_success(status)) {
		keyring = take_keyring(output);
		output = NULL;
	}
	gpgme_data_release(input);
	gpgme_data_release(output);
	gpgme_data_release(status);
	return keyring;
}

int openpgp_keyring_use(struct certificate *certificate,
			unsigned int timeout_secs, GBytes **keyring_r,
			struct seal_error *error)
{
	struct keyring *keyring = keyring_of(certificate);
	struct seal_error make_error = { .code = SEAL_ERROR_NONE };

	if (keyring->uses < KEYRING_AFTER_USES &&
	    ++keyring->uses == KEYRING_AFTER_USES) {
		keyring->data = make_keyring(certificate, timeout_secs,
					     &make_error);
	}
	*keyring_r = keyring->data;
	if (make_error.code != SEAL_ERROR_TIMEOUT)
		return 0;
	*error = make_error;
	return -1;
}

void openpgp_keyring_drop(struct certificate *certificate)
{
	keyring_drop_data(keyring_of(certificate));
}
