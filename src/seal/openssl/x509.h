/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CERTIFICATES_X509_H
#define CERTIFICATES_X509_H

#include "../certificate/certificate.h"
#include "../seal-error.h"
#include "../text/text-block.h"

#include <glib.h>

/* Does it begin like a DER sequence of more than 127 bytes or of a size that
   isn't said (X.690 section 8.1.3)? No text begins like that. */
bool certificates_x509_is_der(const void *data, size_t size);
/* Is a block of text something with X.509 certificates in it? */
bool certificates_x509_is_block(const struct text_block *block);

/* Reads X.509 certificates: PEM or DER, one or several, by themselves or in
   PKCS #7 bundles. Appends one at least and returns 0; or returns -1 as
   certificates_read() does.

   Bundles come with the chain of who issued the certificate, and nothing but
   the owner's own may be sealed to. Where there are several certificates and
   not all of them are self-signed, those of certificate authorities are
   therefore left out: they say that they are one, or have issued another one
   that is there. Where all are self-signed there is no chain; that is how
   "openssl req -x509" makes them, and it marks each as an authority's.

   Some have one certificate for signing and another one for encryption: the
   former is left out if the latter is there, which *note_r says then; it is
   left alone otherwise. In a group's file both is asked of each certificate:
   it is an authority's if it has issued another one that is there, and for
   signing only if the same person has another one.

   A signature that is apart from what is signed (.p7s) has its maker's
   certificates, and is read as a bundle. */
int certificates_x509_read(const void *data, size_t size, bool group,
			   GPtrArray *certificates, const char **note_r,
			   struct seal_error *error);

/* A message names its recipients by issuer and serial number. Returns -1 with
   SEAL_ERROR_UNUSABLE_KEY if two of these certificates have the same ones, but
   not the same key. */
int certificates_x509_check_apart(const GPtrArray *certificates,
				  struct seal_error *error);

/* libcrypto's whole check of the key, which takes long: is an RSA modulus
   composite, for example. Returns -1 with SEAL_ERROR_UNUSABLE_KEY if it isn't
   what it should be. */
int certificate_x509_check_key(struct certificate *certificate,
			       struct seal_error *error);

/* What OpenSSL makes of the certificate, decoded once; it stays the
   certificate's. Returns NULL if that failed. */
struct x509_st *certificate_x509(struct certificate *certificate);

#endif
