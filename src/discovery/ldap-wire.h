/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DISCOVERY_LDAP_WIRE_H
#define DISCOVERY_LDAP_WIRE_H

#include "discovery.h"
#include "hosts.h"
#include "ldap-config.h"

#include <lber.h>

/* A TCP connection with a deadline, below libldap's TLS. */

struct ldap_wire;

/* Connects to the server. Returns NULL, with UNKNOWN or TIMEOUT and half a
   sentence in the note, if that can't be done until this time of
   g_get_monotonic_time(), which then is the deadline. */
struct ldap_wire *
ldap_wire_connect(const struct ldap_server *server,
		  struct discovery_hosts *hosts, gint64 until,
		  enum discovery_result *result_r, GString *note);
/* After all that uses it; the socket is closed. */
void ldap_wire_free(struct ldap_wire *wire);

/* Makes it what is read and written by. Returns 0 or -1. */
int ldap_wire_attach(struct ldap_wire *wire, Sockbuf *sockbuf);
int ldap_wire_fd(const struct ldap_wire *wire);

/* And as much as an answer may have can be read until then. */
void ldap_wire_set_deadline(struct ldap_wire *wire, gint64 until);
/* Microseconds, not negative */
gint64 ldap_wire_time_left(const struct ldap_wire *wire);
/* Has something been broken off at the deadline, or because there was too
   much of it? */
bool ldap_wire_is_late(const struct ldap_wire *wire);
bool ldap_wire_is_full(const struct ldap_wire *wire);

#endif
