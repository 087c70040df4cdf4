/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "../certificate/key-file.h"
#include "judge.h"
#include "gpg-context.h"
#include "../format/openpgp-armor.h"
#include "../format/openpgp-packet.h"

#include <string.h>

/*
 * Asking gpg what a certificate is
 */

static enum certificate_algorithm key_algorithm(gpgme_pubkey_algo_t algorithm)
{
	switch (algorithm) {
	case GPGME_PK_RSA:
	case GPGME_PK_RSA_E:
	case GPGME_PK_RSA_S:
		return CERTIFICATE_ALGORITHM_RSA;
	case GPGME_PK_ELG:
	case GPGME_PK_ELG_E:
		return CERTIFICATE_ALGORITHM_ELGAMAL;
	case GPGME_PK_DSA:
		return CERTIFICATE_ALGORITHM_DSA;
	default:
		return CERTIFICATE_ALGORITHM_EC;
	}
}

static char **names_from_gpgme(gpgme_key_t key)
{
	GPtrArray *names = g_ptr_array_new();

	for (gpgme_user_id_t uid = key->uids; uid != NULL; uid = uid->next) {
		if (!uid->revoked && !uid->invalid)
			g_ptr_array_add(names, g_strdup(uid->uid));
	}
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

static struct certificate *certificate_from_gpgme(gpgme_key_t key)
{
	struct certificate *certificate = certificate_new();
	GArray *keys = g_array_new(FALSE, TRUE,
				   sizeof(struct certificate_key));

	for (gpgme_subkey_t subkey = key->subkeys; subkey != NULL;
	     subkey = subkey->next) {
		struct certificate_key info = {
			.algorithm = key_algorithm(subkey->pubkey_algo),
			.bits = subkey->length,
			.created = subkey->timestamp,
			.expires = subkey->expires,
			.can_encrypt = subkey->can_encrypt,
			.revoked = subkey->revoked,
			.invalid = subkey->invalid || subkey->disabled ||
				subkey->timestamp <= 0,
			.id = subkey->keyid == NULL ? 0 :
				g_ascii_strtoull(subkey->keyid, NULL, 16)
		};
		char *name = gpgme_pubkey_algo_string(subkey);

		g_strlcpy(info.name, name == NULL ? "?" : name,
			  sizeof(info.name));
		gpgme_free(name);
		g_array_append_val(keys, info);
	}
	certificate->fingerprint = g_ascii_strup(key->subkeys->fpr, -1);
	certificate->key_count = keys->len;
	certificate->keys =
		(struct certificate_key *)g_array_free(keys, FALSE);
	certificate->names = names_from_gpgme(key);
	return certificate;
}

static int
list_keys_of_data(struct gpg_context *context, gpgme_data_t data,
		  GPtrArray *keys, struct seal_error *error)
{
	gpgme_error_t err;

	gpg_context_set_keys(context, keys);
	err = gpgme_op_keylist_from_data_start(gpg_context_gpgme(context),
					       data, 0);
	if (gpg_context_started(context, err, error) < 0)
		return -1;
	(void)gpg_context_finish(context, error);
	if (!gpg_context_seen_import_result(context)) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "gpg ended before its work was done");
		return -1;
	}
	/* gpg exits with an error when there is nothing to import */
	error->code = SEAL_ERROR_NONE;
	return 0;
}

static struct certificate *
read_certificate(const void *data, size_t size, unsigned int timeout_secs,
		 struct seal_error *error)
{
	struct certificate *certificate = NULL;
	struct gpg_context *context;
	gpgme_data_t input = NULL;
	gpgme_error_t err;
	GPtrArray *keys;

	context = gpg_context_get(NULL, timeout_secs, error);
	if (context == NULL)
		return NULL;
	keys = gpg_key_array_new();
	err = gpgme_data_new_from_mem(&input, data, size, 0);
	if (err != 0) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "can't set up GPGME: %s", gpgme_strerror(err));
	} else if (list_keys_of_data(context, input, keys, error) == 0) {
		if (keys->len == 1 &&
		    ((gpgme_key_t)keys->pdata[0])->subkeys != NULL &&
		    ((gpgme_key_t)keys->pdata[0])->subkeys->fpr != NULL) {
			certificate = certificate_from_gpgme(keys->pdata[0]);
			certificate->data = g_bytes_new(data, size);
		} else {
			seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
				       "gpg can't read the certificate");
		}
	}
	/* the operation uses the data until here */
	gpg_context_put(&context);
	if (input != NULL)
		gpgme_data_release(input);
	g_ptr_array_unref(keys);
	return certificate;
}

/*
 * Key files
 */

/* Returns the certificates without armor, or NULL. */
static GByteArray *
remove_armor(const void *data, size_t size, struct seal_error *error)
{
	GByteArray *binary = g_byte_array_new();
	const uint8_t *bytes = data;
	int blocks;

	if (size > 0 && (bytes[0] & 0x80) != 0) {
		g_byte_array_append(binary, data, size);
		return binary;
	}
	blocks = openpgp_dearmor_certificates(data, size, binary);
	if (blocks > 0 && binary->len > 0)
		return binary;
	seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY, blocks != 0 ?
		       "its ASCII armor is damaged" :
		       "there is no OpenPGP certificate in it");
	g_byte_array_unref(binary);
	return NULL;
}

static int
read_certificates(const GByteArray *binary, unsigned int timeout_secs,
		  GPtrArray *certificates, struct seal_error *error)
{
	struct certificate *certificate;
	size_t offset = 0, size;
	bool has_secret;

	while (offset < binary->len) {
		size = openpgp_certificate_size(binary->data + offset,
						binary->len - offset,
						&has_secret);
		if (has_secret) {
			seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
				       CERTIFICATES_SECRET);
			return -1;
		}
		if (size == 0) {
			seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
				       "it is no OpenPGP certificate");
			return -1;
		}
		if (certificates->len == CERTIFICATES_COUNT_MAX) {
			seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
				       "it holds more than %d certificates",
				       CERTIFICATES_COUNT_MAX);
			return -1;
		}
		certificate = read_certificate(binary->data + offset, size,
					       timeout_secs, error);
		if (certificate == NULL)
			return -1;
		g_ptr_array_add(certificates, certificate);
		offset += size;
	}
	return 0;
}

int certificates_openpgp_read(const void *data, size_t size,
			      unsigned int timeout_secs,
			      GPtrArray *certificates,
			      struct seal_error *error)
{
	GByteArray *binary = remove_armor(data, size, error);
	int ret;

	if (binary == NULL)
		return -1;
	ret = read_certificates(binary, timeout_secs, certificates, error);
	g_byte_array_unref(binary);
	return ret;
}
