/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DISCOVERY_LDAP_CONNECTION_H
#define DISCOVERY_LDAP_CONNECTION_H

#include "discovery.h"
#include "hosts.h"
#include "ldap-config.h"

#include <ldap.h>

/* A connection to an LDAP server: with TLS, and a server whose certificate was
   checked, or none. Whatever is done by it ends at its deadline, be it in the
   middle of a packet, a handshake or a record. */

struct ldap_connection;

struct ldap_login {
	/* NULL: nobody */
	const char *bind_dn, *password;
	/* PEM */
	const char *ca_file;
};

/* Returns NULL, with UNKNOWN or TIMEOUT and half a sentence in the note, if it
   couldn't be made until this time of g_get_monotonic_time(). */
struct ldap_connection *
ldap_connection_open(const struct ldap_server *server,
		     const struct ldap_login *login,
		     struct discovery_hosts *hosts, gint64 until,
		     enum discovery_result *result_r, GString *note);
void ldap_connection_close(struct ldap_connection *connection);

/* What is asked now may take until then. */
void ldap_connection_set_deadline(struct ldap_connection *connection,
				  gint64 until);
/* For what libldap does without waiting for an answer */
LDAP *ldap_connection_ldap(struct ldap_connection *connection);

/* Waits for all of the answer to this message. Returns its LDAP result code
   and, if there is an answer, the messages to be freed by ldap_msgfree(). Of a
   failure without an answer the code is negative (LDAP_SERVER_DOWN,
   LDAP_TIMEOUT and so on). */
int ldap_connection_wait(struct ldap_connection *connection, int message_id,
			 LDAPMessage **messages_r);

/* Says what the code means, as the connection ended with it. Returns TIMEOUT or
   UNKNOWN. */
enum discovery_result
ldap_connection_failed(struct ldap_connection *connection, int code,
		       GString *note);

#endif
