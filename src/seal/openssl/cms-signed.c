/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "cms-signed.h"
#include "openssl-common.h"

#include <openssl/cms.h>
#include <openssl/pem.h>

static void append_certificates(CMS_ContentInfo *cms, GString *pem)
{
	STACK_OF(X509) *certificates = CMS_get1_certs(cms);
	BIO *out = BIO_new(BIO_s_mem());
	char *data = NULL;
	long size;

	for (int i = 0; out != NULL && i < sk_X509_num(certificates); i++)
		(void)PEM_write_bio_X509(out, sk_X509_value(certificates, i));
	size = out == NULL ? 0 : BIO_get_mem_data(out, &data);
	if (size > 0)
		g_string_append_len(pem, data, size);
	BIO_free(out);
	sk_X509_pop_free(certificates, X509_free);
}

static enum cms_signed
verify(CMS_ContentInfo *cms, const GByteArray *content, GString *pem)
{
	BIO *input = content == NULL ? NULL :
		BIO_new_mem_buf(content->data, content->len);
	enum cms_signed result = CMS_SIGNED_BAD;

	if (CMS_verify(cms, NULL, NULL, input, NULL, CMS_BINARY |
		       CMS_NO_SIGNER_CERT_VERIFY) == 1) {
		append_certificates(cms, pem);
		result = CMS_SIGNED_GOOD;
	}
	BIO_free(input);
	return result;
}

enum cms_signed
cms_signed_check(const void *der, size_t size, const GByteArray *content,
		 GString *pem)
{
	const unsigned char *pos = der;
	enum cms_signed result = CMS_SIGNED_NOT;
	CMS_ContentInfo *cms;

	openssl_begin();
	cms = d2i_CMS_ContentInfo(NULL, &pos, size);
	if (cms != NULL &&
	    OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_signed) {
		result = sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms)) > 0 ?
			verify(cms, content, pem) : CMS_SIGNED_BUNDLE;
	}
	CMS_ContentInfo_free(cms);
	openssl_begin();
	return result;
}
