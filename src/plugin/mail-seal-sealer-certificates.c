/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What can be told of certificates, and which of them may be enrolled. */

#include "lib.h"
#include "buffer.h"
#include "str.h"
#include "str-sanitize.h"
#include "unichar.h"
#include "../seal/certificates.h"
#include "../seal/openpgp-armor.h"
#include "mail-seal-sealer-certificates.h"

/* More are no owner's, but a keyring that was exported as a whole. */
#define ENROL_CERTIFICATES_MAX 5

#define NAME_SIZE_MAX 256
/* what an X.509 certificate begins with */
#define DER_SEQUENCE 0x30

/* Names are what the certificate's maker liked; they end up on terminals. */
static const char *const *clean_names(char *const *names, pool_t pool)
{
	unsigned int count = names == NULL ? 0 :
		str_array_length((const char *const *)names);
	const char **cleaned = p_new(pool, const char *, count + 1);

	for (unsigned int i = 0; i < count; i++) {
		cleaned[i] = p_strdup(pool, str_sanitize_utf8(names[i],
							      NAME_SIZE_MAX));
	}
	return cleaned;
}

static const char *
algorithms(const struct certificate *certificate, pool_t pool)
{
	string_t *text = str_new(pool, 32);

	str_append(text, certificate->keys[0].name);
	for (size_t i = 1; i < certificate->key_count; i++) {
		if (certificate->keys[i].can_encrypt) {
			str_append_c(text, '+');
			str_append(text, certificate->keys[i].name);
		}
	}
	return str_c(text);
}

int sealer_describe(const buffer_t *content,
		    const struct mail_seal_settings *set, time_t when,
		    pool_t pool, const struct mail_seal_certificate **list_r,
		    unsigned int *count_r, struct seal_error *error)
{
	const struct certificate_list *list;
	struct mail_seal_certificate *infos;

	list = certificates_read(content->data, content->used,
				 set->timeout_secs, error);
	if (list == NULL)
		return -1;
	infos = p_new(pool, struct mail_seal_certificate, list->count);
	for (size_t i = 0; i < list->count; i++) {
		const struct certificate *certificate = list->certificates[i];
		struct mail_seal_certificate *info = &infos[i];
		const char *reason;

		info->kind = "OpenPGP";
		info->fingerprint = p_strdup(pool, certificate->fingerprint);
		info->algorithm = algorithms(certificate, pool);
		info->names = clean_names(certificate->names, pool);
		info->created = certificate->keys[0].created;
		info->expires = certificate_expires(certificate);
		if (!certificate_is_usable(certificate, when,
					   set->min_rsa_bits, &reason))
			info->problem = p_strdup(pool, reason);
	}
	*list_r = infos;
	*count_r = list->count;
	return 0;
}

static bool has_secret_armor(const buffer_t *content)
{
	const char *data = content->data;

	/* also beside a certificate: reading would look past it */
	return g_strstr_len(data, content->used,
			    "-----BEGIN PGP PRIVATE KEY BLOCK") != NULL ||
		g_strstr_len(data, content->used, "PRIVATE KEY-----") != NULL;
}

static int
check_list(const struct certificate_list *list,
	   const struct mail_seal_settings *set, struct seal_error *error)
{
	const char *reason;

	if (list->count > ENROL_CERTIFICATES_MAX) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "it holds %zu certificates, and a user has "
			       "%d at the most", list->count,
			       ENROL_CERTIFICATES_MAX);
		return -1;
	}
	for (size_t i = 0; i < list->count; i++) {
		if (certificate_is_usable(list->certificates[i], time(NULL),
					  set->min_rsa_bits, &reason))
			continue;
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY, "%s%s%s",
			       list->count == 1 ? "" :
			       list->certificates[i]->fingerprint,
			       list->count == 1 ? "" : ": ", reason);
		return -1;
	}
	return 0;
}

int sealer_check_enrolment(const buffer_t *content,
			   const struct mail_seal_settings *set,
			   struct seal_error *error)
{
	struct seal_error read_error = { .code = SEAL_ERROR_NONE };
	const struct certificate_list *list = NULL;

	if (has_secret_armor(content)) {
		seal_error_set(&read_error, SEAL_ERROR_UNUSABLE_KEY,
			       "it holds a secret key");
	} else {
		list = certificates_read(content->data, content->used,
					 set->timeout_secs, &read_error);
	}
	if (list != NULL)
		return check_list(list, set, error);
	if (strstr(read_error.text, "secret key") != NULL) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "it holds a secret key, which others may have "
			       "seen now: make a new key, and enrol only its "
			       "public part");
	} else {
		seal_error_set(error, read_error.code, "%s", read_error.text);
	}
	return -1;
}

static void append_armor(const guint8 *data, size_t size, GString *out)
{
	gchar *base64;

	if ((data[0] & 0x80) != 0) {
		openpgp_armor_certificates(data, size, out);
		return;
	}
	/* DER becomes PEM, RFC 7468 */
	base64 = g_base64_encode(data, size);
	g_string_append(out, "-----BEGIN CERTIFICATE-----\n");
	for (size_t pos = 0; pos < strlen(base64); pos += 64)
		g_string_append_printf(out, "%.64s\n", base64 + pos);
	g_string_append(out, "-----END CERTIFICATE-----\n");
	g_free(base64);
}

static bool is_text(const buffer_t *content)
{
	return memchr(content->data, '\0', content->used) == NULL &&
		uni_utf8_data_is_valid(content->data, content->used);
}

void sealer_to_text(buffer_t *content)
{
	const guint8 *data = content->data;
	GByteArray *binary;
	GString *armor;

	if (content->used == 0 || is_text(content))
		return;
	binary = g_byte_array_new();
	/* armor with a comment in another character set, perhaps */
	if ((data[0] & 0x80) != 0 || data[0] == DER_SEQUENCE) {
		g_byte_array_append(binary, data, content->used);
	} else if (openpgp_dearmor_certificates((const char *)data,
						content->used, binary) < 0) {
		g_byte_array_set_size(binary, 0);
	}
	if (binary->len > 0) {
		armor = g_string_new(NULL);
		append_armor(binary->data, binary->len, armor);
		buffer_set_used_size(content, 0);
		for (size_t i = 0; i < armor->len; i++) {
			if (armor->str[i] != '\r')
				buffer_append_c(content, armor->str[i]);
		}
		g_string_free(armor, TRUE);
	}
	g_byte_array_unref(binary);
}
