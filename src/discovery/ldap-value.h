/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DISCOVERY_LDAP_VALUE_H
#define DISCOVERY_LDAP_VALUE_H

#include <glib.h>

/* Appends a value of an attribute with certificates as text, so that any
   number of them can stand one behind the other. A value is a certificate or a
   PKCS #7 bundle in DER, an OpenPGP certificate, armored or binary; what else
   it is, is appended as it is. */
void ldap_value_append(GByteArray *text, const void *value, gsize size);

#endif
