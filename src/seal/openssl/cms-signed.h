/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CMS_SIGNED_H
#define CMS_SIGNED_H

#include <glib.h>

/* Whose certificates come with a signature (RFC 8551), and are they those of
   who signed? */

enum cms_signed {
	/* something else, or nothing that can be read */
	CMS_SIGNED_NOT,
	/* signed-data that nobody has signed: only certificates */
	CMS_SIGNED_BUNDLE,
	CMS_SIGNED_GOOD,
	CMS_SIGNED_BAD
};

/* content is what was signed, with CRLF line ends; NULL: it is inside. If the
   signature was made with the key of a certificate that is beside it, appends
   all certificates that are, as PEM. Who has issued them isn't asked: whoever
   sends mail may have made his certificate himself. */
enum cms_signed
cms_signed_check(const void *der, size_t size, const GByteArray *content,
		 GString *pem);

#endif
