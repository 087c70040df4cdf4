/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "x509-file.h"
#include "x509.h"
#include "openssl-common.h"
#include "../certificate/key-file.h"

#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <string.h>

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

/* Adds the certificate, with a reference of its own, once. */
static int
found_add(STACK_OF(X509) *found, X509 *x509, struct seal_error *error)
{
	for (int i = 0; i < sk_X509_num(found); i++) {
		if (X509_cmp(sk_X509_value(found, i), x509) == 0)
			return 0;
	}
	if (sk_X509_num(found) == X509_FILE_COUNT_MAX) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "it holds more than %d certificates",
			       X509_FILE_COUNT_MAX);
		return -1;
	}
	if (X509_up_ref(x509) != 1)
		return openssl_failed(error);
	if (sk_X509_push(found, x509) == 0) {
		X509_free(x509);
		return openssl_failed(error);
	}
	return 0;
}

/* RFC 8551 section 3.8: signed-data without content and without signers; or
   with signers, as a signature that is apart. Returns what else it is, or NULL
   if it is that. */
static const char *bundle_problem(CMS_ContentInfo *cms)
{
	ASN1_OCTET_STRING **content;

	switch (OBJ_obj2nid(CMS_get0_type(cms))) {
	case NID_pkcs7_signed:
		break;
	case NID_pkcs7_enveloped:
	case NID_id_smime_ct_authEnvelopedData:
		return "it is an encrypted message and no certificate";
	default:
		return "it is no X.509 certificate";
	}
	content = CMS_get0_content(cms);
	if (content != NULL && *content != NULL &&
	    sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms)) > 0)
		return "it is a signed message and no certificate";
	return NULL;
}

static int
read_bundle(const unsigned char *data, size_t size, STACK_OF(X509) *found,
	    struct seal_error *error)
{
	const unsigned char *pos = data;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &pos, size);
	STACK_OF(X509) *certificates = NULL;
	const char *problem = cms == NULL || pos != data + size ?
		"it is no X.509 certificate" : bundle_problem(cms);
	int ret = 0;

	if (problem == NULL) {
		certificates = CMS_get1_certs(cms);
		if (certificates == NULL)
			problem = "there is no X.509 certificate in it";
	}
	if (problem != NULL)
		ret = x509_unusable(error, problem);
	for (int i = 0; ret == 0 && i < sk_X509_num(certificates); i++)
		ret = found_add(found, sk_X509_value(certificates, i), error);
	sk_X509_pop_free(certificates, X509_free);
	CMS_ContentInfo_free(cms);
	return ret;
}

static bool bag_is_key(const PKCS12_SAFEBAG *bag)
{
	const int type = PKCS12_SAFEBAG_get_nid(bag);

	return type == NID_keyBag || type == NID_pkcs8ShroudedKeyBag;
}

/* PKCS #12 (RFC 7292) is for secret keys, which are shrouded each by itself.
   Where none is to be seen it is made with certificates only, most likely
   encrypted, and we have no password. */
static const char *pkcs12_problem(const PKCS12 *pkcs12)
{
	STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(pkcs12);
	bool has_key = safes == NULL;

	for (int i = 0; !has_key && i < sk_PKCS7_num(safes); i++) {
		PKCS7 *safe = sk_PKCS7_value(safes, i);
		STACK_OF(PKCS12_SAFEBAG) *bags = PKCS7_type_is_data(safe) ?
			PKCS12_unpack_p7data(safe) : NULL;

		for (int j = 0; j < sk_PKCS12_SAFEBAG_num(bags); j++) {
			has_key = has_key ||
				bag_is_key(sk_PKCS12_SAFEBAG_value(bags, j));
		}
		sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	}
	sk_PKCS7_pop_free(safes, PKCS7_free);
	return has_key ? CERTIFICATES_SECRET :
		"it is a PKCS #12 file (.p12, .pfx), which isn't read; "
		"bring the certificate by itself, as .pem or .cer";
}

/* Why DER that begins with no certificate isn't read, or NULL: try a
   bundle. */
static const char *der_problem(const unsigned char *data, size_t size)
{
	const unsigned char *pos1 = data, *pos2 = data, *pos3 = data;
	PKCS12 *pkcs12 = d2i_PKCS12(NULL, &pos1, size);
	X509_SIG *encrypted_key = d2i_X509_SIG(NULL, &pos2, size);
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &pos3, size);
	const char *problem = NULL;

	if (encrypted_key != NULL || key != NULL)
		problem = CERTIFICATES_SECRET;
	else if (pkcs12 != NULL)
		problem = pkcs12_problem(pkcs12);
	PKCS12_free(pkcs12);
	X509_SIG_free(encrypted_key);
	EVP_PKEY_free(key);
	return problem;
}

bool x509_file_is_secret(const void *data, size_t size)
{
	const char *problem;

	openssl_begin();
	problem = der_problem(data, size);
	openssl_begin();
	return problem != NULL && strcmp(problem, CERTIFICATES_SECRET) == 0;
}

/* One certificate after the other, or a bundle */
static int
read_der(const unsigned char *data, size_t size, STACK_OF(X509) *found,
	 struct seal_error *error)
{
	const unsigned char *pos = data, *end = data + size;
	const char *problem;
	X509 *x509;
	int ret = 0;

	while (ret == 0 && pos < end) {
		x509 = d2i_X509(NULL, &pos, end - pos);
		if (x509 == NULL)
			break;
		ret = found_add(found, x509, error);
		X509_free(x509);
	}
	if (ret < 0 || pos == end)
		return ret;
	if (pos > data)
		return x509_unusable(error, "it is no X.509 certificate");
	problem = der_problem(data, size);
	if (problem != NULL)
		return x509_unusable(error, problem);
	return read_bundle(data, size, found, error);
}

static bool block_is_bundle(const struct text_block *block)
{
	return text_block_label_is(block, PEM_STRING_PKCS7) ||
		text_block_label_is(block, PEM_STRING_PKCS7_SIGNED) ||
		text_block_label_is(block, PEM_STRING_CMS);
}

static bool block_is_certificate(const struct text_block *block)
{
	return text_block_label_is(block, PEM_STRING_X509) ||
		text_block_label_is(block, PEM_STRING_X509_OLD) ||
		text_block_label_is(block, PEM_STRING_X509_TRUSTED);
}

bool certificates_x509_is_der(const void *data, size_t size)
{
	const unsigned char *bytes = data;

	return size > 1 && bytes[0] == 0x30 && (bytes[1] & 0x80) != 0;
}

bool certificates_x509_is_block(const struct text_block *block)
{
	return block_is_certificate(block) || block_is_bundle(block);
}

/* What OpenSSL calls trusted has something behind the certificate that says
   whom to trust, which is no concern of ours. */
static int
read_certificate(const unsigned char *data, size_t size,
		 STACK_OF(X509) *found, struct seal_error *error)
{
	const unsigned char *pos = data;
	X509 *x509 = d2i_X509_AUX(NULL, &pos, size);
	int ret;

	ret = x509 != NULL && pos == data + size ?
		found_add(found, x509, error) :
		x509_unusable(error, "it is no X.509 certificate");
	X509_free(x509);
	return ret;
}

static int
read_block(const struct text_block *block, STACK_OF(X509) *found,
	   struct seal_error *error)
{
	/* of nothing there would be no memory, and GLib complains */
	guchar *data = g_malloc(block->content_size + 1);
	gint state = 0;
	guint save = 0;
	gsize size = g_base64_decode_step(block->content, block->content_size,
					  data, &state, &save);
	int ret;

	if (!block->complete)
		ret = x509_unusable(error, "its PEM text is damaged");
	else if (block_is_bundle(block))
		ret = read_bundle(data, size, found, error);
	else
		ret = read_certificate(data, size, found, error);
	g_free(data);
	return ret;
}

static int
read_text(const char *text, size_t size, STACK_OF(X509) *found,
	  struct seal_error *error)
{
	const char *end = text + size;
	struct text_block block;

	while (text_block_find(text, end - text, &block)) {
		if (certificates_x509_is_block(&block) &&
		    read_block(&block, found, error) < 0)
			return -1;
		text = block.content + block.content_size;
	}
	return 0;
}

int x509_file_read(const void *data, size_t size, STACK_OF(X509) *found,
		   struct seal_error *error)
{
	return certificates_x509_is_der(data, size) ?
		read_der(data, size, found, error) :
		read_text(data, size, found, error);
}
