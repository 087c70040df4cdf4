/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DISCOVERY_ADDRESS_H
#define DISCOVERY_ADDRESS_H

#include <glib.h>
#include <stdbool.h>

/* A mail address as sources look for it, and the names that are made of it. */

struct discovery_address {
	/* UTF-8, without quotes */
	char *local_part;
	/* A-labels in lower case, without a dot at the end: can be a file name
	   and part of an URL */
	char *domain;
};

/* Takes an addr-spec apart. Returns false, with nothing to clear, if it isn't
   one with a domain in the DNS. */
bool discovery_address_parse(const char *address,
			     struct discovery_address *address_r);
void discovery_address_clear(struct discovery_address *address);

/* The local part as it is hashed for DNS: in NFC (RFC 7929 section 3, RFC 8162
   section 3), and if asked for, in lower case. Free with g_free(). */
char *discovery_address_dns_local_part(const char *local_part, bool lower);
/* The first label of the DNS name for such a local part: 28 octets of its
   SHA2-256, hexadecimal (RFC 7929 section 3, RFC 8162
   section 3). Free with g_free(). */
char *discovery_address_dns_label(const char *local_part);
/* The file's name in a Web Key Directory: SHA-1 in z-base-32, of the local part
   in lower case (draft-koch-openpgp-webkey-service section 3.1). Free with
   g_free(). */
char *discovery_address_wkd_name(const char *local_part);

#endif
