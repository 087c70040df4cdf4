/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DNS_RESOLVER_H
#define DNS_RESOLVER_H

#include <glib.h>

/* Asks DNS by libunbound, which validates the answers here (DNSSEC). Its caches
   are this resolver's, and it reads no configuration of unbound's. */

enum dns_reply_result {
	/* validated: the records, or that there are none */
	DNS_REPLY_SECURE,
	/* nobody has signed that; says nothing */
	DNS_REPLY_INSECURE,
	/* it is false */
	DNS_REPLY_BOGUS,
	/* there is no answer, or none that makes sense */
	DNS_REPLY_FAILED,
	DNS_REPLY_TIMEOUT
};

struct dns_reply {
	enum dns_reply_result result;
	/* the data of each record (a GBytes) at that name, or at that to which
	   it is an alias; if the result is secure or insecure */
	GPtrArray *records;
	/* half a sentence, of printable ASCII; else empty */
	GString *why;
};

/* anchors is what dns_anchors_read() returned, and the resolver's from now on;
   servers is "ADDRESS[@PORT] ...", or empty: those of /etc/resolv.conf. Returns
   NULL and half a sentence (to be freed with g_free()) if these can't be used;
   then the anchors are freed. */
struct dns_resolver *dns_resolver_open(GPtrArray *anchors, const char *servers,
				       char **error_r);
void dns_resolver_close(struct dns_resolver *resolver);

/* Fills in the reply, waiting until the deadline (as g_get_monotonic_time()).
   The caller frees it. */
void dns_resolver_ask(struct dns_resolver *resolver, const char *name,
		      unsigned int type, gint64 deadline,
		      struct dns_reply *reply);
void dns_reply_free(struct dns_reply *reply);

#endif
