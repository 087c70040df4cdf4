/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef CERTIFICATE_KEY_TEXT_H
#define CERTIFICATE_KEY_TEXT_H

#include "certificate.h"

/* Appends certificates, which are of one kind, as the text of a key file with
   LF line ends: one block of armor, or PEM (RFC 7468). */
void certificates_to_text(struct certificate *const *certificates,
			  size_t count, GString *text);

#endif
