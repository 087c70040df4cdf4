/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "../certificate/key-file.h"
#include "x509.h"
#include "x509-file.h"
#include "openssl-common.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

/* As strong as RSA of 2048 bits, NIST SP 800-57 part 1, table 2 */
#define MIN_EC_BITS 224

static int x509_unusable(struct seal_error *error, const char *reason)
{
	seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY, "%s", reason);
	return -1;
}

static int openssl_failed(struct seal_error *error)
{
	openssl_error_set(error);
	return -1;
}

/*
 * What a certificate is
 */

static bool time_read(const ASN1_TIME *asn1, time_t *time_r)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(asn1, &tm) != 1)
		return false;
	*time_r = timegm(&tm);
	return true;
}

/* RFC 8017 section 3.1: both numbers are odd, and the exponent is at least 3.
   With an exponent of 1 the session key would be readable. */
static bool rsa_is_sound(EVP_PKEY *public_key)
{
	BIGNUM *modulus = NULL, *exponent = NULL;
	bool sound = EVP_PKEY_get_bn_param(public_key, OSSL_PKEY_PARAM_RSA_N,
					   &modulus) == 1 &&
		EVP_PKEY_get_bn_param(public_key, OSSL_PKEY_PARAM_RSA_E,
				      &exponent) == 1 &&
		BN_is_odd(modulus) && BN_is_odd(exponent) &&
		!BN_is_one(exponent);

	BN_free(modulus);
	BN_free(exponent);
	return sound;
}

static bool check_public_key(EVP_PKEY *public_key)
{
	EVP_PKEY_CTX *check =
		EVP_PKEY_CTX_new_from_pkey(NULL, public_key, NULL);
	bool sound = check != NULL && EVP_PKEY_public_check(check) > 0;

	EVP_PKEY_CTX_free(check);
	return sound;
}

/* What a public key isn't that it seems to be. Of RSA libcrypto also looks
   whether the modulus is composite, which takes 10 ms: that is for those who
   enrol a certificate, not for each process's first message. */
static bool
public_key_is_sound(EVP_PKEY *public_key, enum certificate_algorithm algorithm)
{
	return algorithm == CERTIFICATE_ALGORITHM_RSA ?
		rsa_is_sound(public_key) : check_public_key(public_key);
}

/* RFC 5480 section 2.1.1 has no room for curves without a name. */
static bool curve_has_name(EVP_PKEY *public_key)
{
	int is_explicit;

	return EVP_PKEY_get_int_param(public_key,
		OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
		&is_explicit) == 1 && is_explicit == 0;
}

/* Like gpg's names of algorithms; of an elliptic curve, the curve's */
static void key_name(EVP_PKEY *public_key, struct certificate_key *key)
{
	if (key->algorithm == CERTIFICATE_ALGORITHM_RSA) {
		g_snprintf(key->name, sizeof(key->name), "rsa%u", key->bits);
	} else if (EVP_PKEY_get_group_name(public_key, key->name,
					   sizeof(key->name), NULL) != 1) {
		g_snprintf(key->name, sizeof(key->name), "ec%u", key->bits);
	}
}

static const char problem_not_valid[] = "its key is not valid";

/* Returns why it can't be used, or NULL. */
static const char *
public_key_read(X509 *x509, struct certificate_key *key)
{
	EVP_PKEY *public_key = X509_get0_pubkey(x509);
	ASN1_OBJECT *algorithm = NULL;

	(void)X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL,
				     X509_get_X509_PUBKEY(x509));
	/* of what we can't use, at least a word or the identifier */
	(void)OBJ_obj2txt(key->name, sizeof(key->name), algorithm, 0);
	switch (OBJ_obj2nid(algorithm)) {
	case NID_rsaEncryption:
		key->algorithm = CERTIFICATE_ALGORITHM_RSA;
		break;
	case NID_X9_62_id_ecPublicKey:
		key->algorithm = CERTIFICATE_ALGORITHM_EC;
		break;
	default:
		return "its key is neither RSA nor EC";
	}
	if (public_key == NULL)
		return problem_not_valid;
	key->bits = EVP_PKEY_get_bits(public_key);
	key_name(public_key, key);
	if (key->algorithm == CERTIFICATE_ALGORITHM_EC) {
		/* SM2 keys have the same algorithm identifier. */
		if (!EVP_PKEY_is_a(public_key, "EC"))
			return "its key is neither RSA nor EC";
		if (!curve_has_name(public_key))
			return "its elliptic curve has no name";
		if (key->bits < MIN_EC_BITS)
			return "it is too weak";
	}
	return public_key_is_sound(public_key, key->algorithm) ? NULL :
		problem_not_valid;
}

static const char problem_for_signing[] =
	"its key usage doesn't allow encryption";

/* RFC 8550 sections 4.4.2 and 4.4.4, and what Thunderbird (NSS) wants of a
   recipient. Each holds only if the extension is there. */
static const char *
usage_problem(X509 *x509, const struct certificate_key *key)
{
	uint32_t usage = X509_get_key_usage(x509);
	uint32_t extended = X509_get_extended_key_usage(x509);

	/* OpenSSL's word for an extension that isn't there */
	if (usage != UINT32_MAX &&
	    (usage & (key->algorithm == CERTIFICATE_ALGORITHM_RSA ?
		      KU_KEY_ENCIPHERMENT : KU_KEY_AGREEMENT)) == 0)
		return problem_for_signing;
	if (extended != UINT32_MAX &&
	    (extended & (XKU_SMIME | XKU_ANYEKU)) == 0)
		return "its extended key usage doesn't allow mail";
	return NULL;
}

static const char *problem_find(X509 *x509, struct certificate_key *key)
{
	const char *problem = public_key_read(x509, key);

	if (problem == NULL)
		problem = usage_problem(x509, key);
	if (!time_read(X509_get0_notBefore(x509), &key->created) ||
	    !time_read(X509_get0_notAfter(x509), &key->expires) ||
	    (X509_get_extension_flags(x509) & EXFLAG_INVALID) != 0)
		problem = "it is not valid";
	/* notAfter is the last second of its life, RFC 5280 section 4.1.2.5 */
	key->expires++;
	key->can_encrypt = problem == NULL;
	return problem;
}

static char *name_to_utf8(const X509_NAME *name)
{
	BIO *text = BIO_new(BIO_s_mem());
	char *data = NULL, *copy = NULL;
	long size;

	if (text != NULL &&
	    X509_NAME_print_ex(text, name, 0, XN_FLAG_RFC2253 &
			       ~ASN1_STRFLGS_ESC_MSB) >= 0) {
		size = BIO_get_mem_data(text, &data);
		/* an empty name has no data */
		if (data != NULL && size > 0)
			copy = g_utf8_make_valid(data, size);
	}
	BIO_free(text);
	return copy;
}

static char **names_read(X509 *x509)
{
	GPtrArray *names = g_ptr_array_new();
	STACK_OF(OPENSSL_STRING) *addresses = X509_get1_email(x509);
	char *subject = name_to_utf8(X509_get_subject_name(x509));

	if (subject != NULL)
		g_ptr_array_add(names, subject);
	for (int i = 0; i < sk_OPENSSL_STRING_num(addresses); i++) {
		g_ptr_array_add(names, g_utf8_make_valid(
			sk_OPENSSL_STRING_value(addresses, i), -1));
	}
	X509_email_free(addresses);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

static char *fingerprint_make(X509 *x509)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int size;
	GString *text;

	if (X509_digest(x509, EVP_sha256(), digest, &size) != 1)
		return NULL;
	text = g_string_sized_new(2 * size);
	for (unsigned int i = 0; i < size; i++)
		g_string_append_printf(text, "%02X", digest[i]);
	return g_string_free(text, FALSE);
}

static struct certificate *
certificate_from_x509(X509 *x509, struct seal_error *error)
{
	struct certificate *certificate = certificate_new();
	unsigned char *der = NULL;
	int size = i2d_X509(x509, &der);

	certificate->kind = CERTIFICATE_KIND_X509;
	certificate->fingerprint = fingerprint_make(x509);
	if (size < 0 || certificate->fingerprint == NULL) {
		(void)openssl_failed(error);
		OPENSSL_free(der);
		certificate_unref(certificate);
		return NULL;
	}
	certificate->data = g_bytes_new(der, size);
	OPENSSL_free(der);
	certificate->keys = g_new0(struct certificate_key, 1);
	certificate->key_count = 1;
	certificate->problem = problem_find(x509, certificate->keys);
	certificate->names = names_read(x509);
	/* for the engine: OpenSSL takes longer to decode a certificate's key
	   than to encrypt to it */
	if (X509_up_ref(x509) == 1) {
		certificate->prepared = x509;
		certificate->prepared_free = (GDestroyNotify)X509_free;
	}
	return certificate;
}

/*
 * The owner's own
 */

/* The signature is looked at: an issuer could have the same name. */
static bool is_self_signed(X509 *x509)
{
	return X509_self_signed(x509, 1) == 1;
}

static bool all_are_self_signed(const STACK_OF(X509) *found)
{
	for (int i = 0; i < sk_X509_num(found); i++) {
		if (!is_self_signed(sk_X509_value(found, i)))
			return false;
	}
	return true;
}

static bool
has_issued_another(X509 *x509, const STACK_OF(X509) *found, bool group)
{
	for (int i = 0; i < sk_X509_num(found); i++) {
		X509 *other = sk_X509_value(found, i);

		/* names first: signatures take long */
		if (other != x509 &&
		    X509_NAME_cmp(X509_get_subject_name(x509),
				  X509_get_issuer_name(other)) == 0 &&
		    !is_self_signed(other) &&
		    /* another member could have any name written there */
		    (!group ||
		     X509_verify(other, X509_get0_pubkey(x509)) == 1))
			return true;
	}
	return false;
}

static bool have_a_name_in_common(const struct certificate *certificate,
				  const struct certificate *other)
{
	for (char **name = certificate->names; *name != NULL; name++) {
		if (g_strv_contains((const char *const *)other->names, *name))
			return true;
	}
	return false;
}

/* Is one of the certificates of whom this one is for encryption? */
static bool
has_other(const GPtrArray *certificates, const struct certificate *certificate,
	  bool group)
{
	for (guint i = 0; i < certificates->len; i++) {
		const struct certificate *other = certificates->pdata[i];

		if (other->problem == NULL &&
		    (!group || have_a_name_in_common(certificate, other)))
			return true;
	}
	return false;
}

/* Of a person's two certificates, the one for signing is no recipient. */
static void
leave_out_signing(GPtrArray *certificates, bool group, const char **note_r)
{
	for (guint i = certificates->len; i > 0; i--) {
		const struct certificate *certificate =
			certificates->pdata[i - 1];

		if (certificate->problem == problem_for_signing &&
		    has_other(certificates, certificate, group)) {
			g_ptr_array_remove_index(certificates, i - 1);
			*note_r = "of its certificates, those that can only "
				"be used for signatures are left out";
		}
	}
}

static bool
is_authority(X509 *x509, const STACK_OF(X509) *found, bool group)
{
	return has_issued_another(x509, found, group) ||
		(X509_check_ca(x509) > 0 &&
		 (!group || !is_self_signed(x509)));
}

static int
add_own(const STACK_OF(X509) *found, bool group, GPtrArray *certificates,
	const char **note_r, struct seal_error *error)
{
	bool has_chain = sk_X509_num(found) > 1 &&
		!all_are_self_signed(found);
	struct certificate *certificate;

	for (int i = 0; i < sk_X509_num(found); i++) {
		X509 *x509 = sk_X509_value(found, i);

		if (has_chain && is_authority(x509, found, group))
			continue;
		certificate = certificate_from_x509(x509, error);
		if (certificate == NULL)
			return -1;
		g_ptr_array_add(certificates, certificate);
	}
	leave_out_signing(certificates, group, note_r);
	if (certificates->len > 0)
		return 0;
	return x509_unusable(error, sk_X509_num(found) == 0 ?
			     "there is no X.509 certificate in it" :
			     "it holds certificates of authorities only");
}

static int check_count(unsigned int count, unsigned int max,
		       struct seal_error *error)
{
	if (count <= max)
		return 0;
	seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
		       "it holds more than %u certificates", max);
	return -1;
}

int certificates_x509_read(const void *data, size_t size, bool group,
			   GPtrArray *certificates, const char **note_r,
			   struct seal_error *error)
{
	STACK_OF(X509) *found = sk_X509_new_null();
	int ret;

	openssl_begin();
	if (found == NULL)
		return openssl_failed(error);
	ret = x509_file_read(data, size, found, error);
	if (ret == 0 && !group) {
		ret = check_count(sk_X509_num(found), CERTIFICATES_COUNT_MAX,
				  error);
	}
	if (ret == 0)
		ret = add_own(found, group, certificates, note_r, error);
	if (ret == 0) {
		ret = check_count(certificates->len, CERTIFICATES_GROUP_MAX,
				  error);
	}
	sk_X509_pop_free(found, X509_free);
	openssl_begin();
	return ret;
}

X509 *certificate_x509(struct certificate *certificate)
{
	const unsigned char *data;
	gsize size;

	if (certificate->prepared == NULL) {
		data = g_bytes_get_data(certificate->data, &size);
		certificate->prepared = d2i_X509(NULL, &data, size);
		certificate->prepared_free = (GDestroyNotify)X509_free;
	}
	return certificate->prepared;
}

static bool cant_be_told_apart(X509 *first, X509 *second)
{
	return X509_issuer_and_serial_cmp(first, second) == 0 &&
		EVP_PKEY_eq(X509_get0_pubkey(first),
			    X509_get0_pubkey(second)) != 1;
}

static int
check_apart(X509 *first, X509 *second, struct seal_error *error)
{
	if (first == NULL || second == NULL)
		return openssl_failed(error);
	if (!cant_be_told_apart(first, second))
		return 0;
	return x509_unusable(error, "two certificates have the same issuer and "
			     "serial number, but other keys, so that readers "
			     "can't tell them apart");
}

int certificates_x509_check_apart(const GPtrArray *certificates,
				  struct seal_error *error)
{
	int ret = 0;

	openssl_begin();
	for (guint i = 0; ret == 0 && i < certificates->len; i++) {
		for (guint j = 0; ret == 0 && j < i; j++) {
			ret = check_apart(
				certificate_x509(certificates->pdata[j]),
				certificate_x509(certificates->pdata[i]),
				error);
		}
	}
	openssl_begin();
	return ret;
}

int certificate_x509_check_key(struct certificate *certificate,
			       struct seal_error *error)
{
	X509 *x509;
	int ret = 0;

	openssl_begin();
	x509 = certificate_x509(certificate);
	if (x509 == NULL)
		ret = openssl_failed(error);
	else if (!check_public_key(X509_get0_pubkey(x509)))
		ret = x509_unusable(error, problem_not_valid);
	openssl_begin();
	return ret;
}
