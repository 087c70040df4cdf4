/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DISCOVERY_WKD_NAME_H
#define DISCOVERY_WKD_NAME_H

/* What a Web Key Directory calls an address: draft-koch-openpgp-webkey-service
   section 3.1. */

/* Returns the name of the file below hu/: the SHA-1 of the local part, whose
   ASCII letters are taken as lower case, in z-base-32 (RFC 6189 section
   5.1.6). The caller frees it. */
char *discovery_wkd_name(const char *local_part);

#endif
