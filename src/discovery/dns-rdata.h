/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DNS_RDATA_H
#define DNS_RDATA_H

#include <stdbool.h>
#include <stddef.h>
#include <glib.h>

/* What DNS says of certificates: under which name (RFC 7929, RFC 8162), and
   what is in a record. Asks nobody. */

#define DNS_TYPE_DNSKEY 48
#define DNS_TYPE_SMIMEA 53
#define DNS_TYPE_OPENPGPKEY 61

/* Returns the name at which the owner of a local part (as
   discovery_address_dns_local_part() returns it) has records of this type, without a final dot; or NULL: it would
   be too long. Free with g_free(). */
char *dns_owner_name(const char *local_part, unsigned int type,
		     const char *domain);

enum dns_rdata {
	DNS_RDATA_CERTIFICATE,
	/* a certificate could be compared with it */
	DNS_RDATA_HASH,
	/* a certificate of an authority, or a public key alone */
	DNS_RDATA_OTHER,
	DNS_RDATA_MALFORMED
};

/* What is in a record of this type? Of a certificate, sets where it begins and
   its size; it is what its beginning says, no more. */
enum dns_rdata dns_rdata_look(unsigned int type, const unsigned char *rdata,
			      size_t size, const unsigned char **certificate_r,
			      size_t *size_r);

/* Reads the answer section of a message that answers a question of this type:
   appends to records the data of each (a GBytes) that stands at the name asked
   for, or at that to which CNAMEs lead from there. Returns false if the message
   is malformed, cut, or doesn't answer such a question. */
bool dns_answer_read(const unsigned char *message, size_t size,
		     unsigned int type, unsigned int *rcode_r,
		     GPtrArray *records);

#endif
