/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DNS_ANCHOR_H
#define DNS_ANCHOR_H

#include <stdbool.h>
#include <glib.h>

/* A file of trust anchors: DS and DNSKEY records, one a line, as in a zone file
   and as unbound-anchor keeps them. */

struct dns_anchor {
	/* the zone's name, with its final dot, and the record in one line */
	char *name, *record;
};

/* Returns the anchors of a file's text (at least one), or NULL and half a
   sentence; free them with g_ptr_array_unref(), that with g_free(). Whether
   they can be used isn't looked at. */
GPtrArray *dns_anchors_read(const char *text, char **error_r);

/* Is this the name of the zone, or of something in it? */
bool dns_anchor_covers(const struct dns_anchor *anchor, const char *name);

#endif
