/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef X509_ADDRESSES_H
#define X509_ADDRESSES_H

#include <glib.h>

/* Adds the mail addresses of an X.509 certificate (DER): of its subject
   alternative name, rfc822Name and SmtpUTF8Mailbox (RFC 9598), and of its
   subject. What they are freed with is g_free(). */
void x509_addresses(GBytes *der, GPtrArray *addresses);

#endif
