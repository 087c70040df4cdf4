/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Names and data of the records with certificates, and the messages that bring
   them. The data is whatever its publisher likes. */

#include "dns-rdata.h"
#include "address.h"

#include <arpa/nameser.h>
#include <string.h>

/* of a name in text without the final dot: RFC 1035 section 3.1 */
#define NAME_SIZE_MAX 253

/*
 * Names
 */

char *dns_owner_name(const char *local_part, unsigned int type,
		     const char *domain)
{
	char *label = discovery_address_dns_label(local_part);
	char *name = g_strdup_printf("%s.%s.%s", label,
				     type == DNS_TYPE_OPENPGPKEY ?
				     "_openpgpkey" : "_smimecert", domain);

	g_free(label);
	if (strlen(name) > NAME_SIZE_MAX)
		g_clear_pointer(&name, g_free);
	return name;
}

/*
 * Record data
 */

/* RFC 7929 section 2.1: a transferable public key, not armored. That of a
   secret key is let through: who reads it says what it is. */
static bool begins_as_openpgp_key(const unsigned char *data, size_t size)
{
	enum { SECRET_KEY = 5, PUBLIC_KEY = 6 };
	unsigned int tag;

	if (size < 2 || (data[0] & 0x80) == 0)
		return false;
	tag = (data[0] & 0x40) != 0 ? data[0] & 0x3f : (data[0] >> 2) & 0x0f;
	return tag == PUBLIC_KEY || tag == SECRET_KEY;
}

/* One SEQUENCE with a definite length that is all there is (X.690) */
static bool is_der_sequence(const unsigned char *data, size_t size)
{
	size_t length = 0, octets;

	if (size < 2 || data[0] != 0x30)
		return false;
	if (data[1] < 0x80)
		return data[1] == size - 2;
	octets = data[1] & 0x7f;
	if (octets == 0 || octets > sizeof(guint32) || octets > size - 2)
		return false;
	for (size_t i = 0; i < octets; i++)
		length = length << 8 | data[2 + i];
	return length == size - 2 - octets;
}

static enum dns_rdata
look_smimea(const unsigned char *rdata, size_t size,
	    const unsigned char **certificate_r, size_t *size_r)
{
	/* RFC 6698 section 2.1 */
	enum { DOMAIN_ISSUED = 3, FULL_CERTIFICATE = 0, EXACT_MATCH = 0 };

	if (size < 4)
		return DNS_RDATA_MALFORMED;
	if (rdata[2] != EXACT_MATCH)
		return DNS_RDATA_HASH;
	if (rdata[0] != DOMAIN_ISSUED || rdata[1] != FULL_CERTIFICATE)
		return DNS_RDATA_OTHER;
	if (!is_der_sequence(rdata + 3, size - 3))
		return DNS_RDATA_MALFORMED;
	*certificate_r = rdata + 3;
	*size_r = size - 3;
	return DNS_RDATA_CERTIFICATE;
}

enum dns_rdata dns_rdata_look(unsigned int type, const unsigned char *rdata,
			      size_t size, const unsigned char **certificate_r,
			      size_t *size_r)
{
	if (type == DNS_TYPE_SMIMEA)
		return look_smimea(rdata, size, certificate_r, size_r);
	if (!begins_as_openpgp_key(rdata, size))
		return DNS_RDATA_MALFORMED;
	*certificate_r = rdata;
	*size_r = size;
	return DNS_RDATA_CERTIFICATE;
}

/*
 * Messages
 */

/* A record at the name where we are: follows a CNAME, keeps what was asked
   for. */
static bool read_record(ns_msg *message, const ns_rr *record, unsigned int type,
			char name[NS_MAXDNAME], GPtrArray *records)
{
	if (ns_rr_class(*record) != ns_c_in ||
	    g_ascii_strcasecmp(ns_rr_name(*record), name) != 0)
		return true;
	if (ns_rr_type(*record) == type) {
		g_ptr_array_add(records, g_bytes_new(ns_rr_rdata(*record),
						     ns_rr_rdlen(*record)));
		return true;
	}
	return ns_rr_type(*record) != ns_t_cname ||
		ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message),
				   ns_rr_rdata(*record), name,
				   NS_MAXDNAME) >= 0;
}

bool dns_answer_read(const unsigned char *message, size_t size,
		     unsigned int type, unsigned int *rcode_r,
		     GPtrArray *records)
{
	ns_msg parsed;
	ns_rr record;
	char name[NS_MAXDNAME];

	if (size > NS_MAXMSG || ns_initparse(message, size, &parsed) < 0 ||
	    ns_msg_getflag(parsed, ns_f_tc) != 0 ||
	    ns_msg_count(parsed, ns_s_qd) != 1 ||
	    ns_parserr(&parsed, ns_s_qd, 0, &record) < 0 ||
	    ns_rr_type(record) != type || ns_rr_class(record) != ns_c_in)
		return false;
	*rcode_r = ns_msg_getflag(parsed, ns_f_rcode);
	g_strlcpy(name, ns_rr_name(record), sizeof(name));
	for (int i = 0; i < ns_msg_count(parsed, ns_s_an); i++) {
		if (ns_parserr(&parsed, ns_s_an, i, &record) < 0 ||
		    !read_record(&parsed, &record, type, name, records))
			return false;
	}
	return true;
}
