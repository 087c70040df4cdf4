/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Connections by libldap, over a socket of our own: libldap's own time limits
   are for each step, and none holds in the middle of a packet. What users or
   the system have configured for libldap (ldap.conf, ~/.ldaprc, LDAPTLS_...)
   isn't read: it could switch the check of certificates off. */

#include "ldap-connection.h"
#include "ldap-wire.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openldap.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct ldap_connection {
	struct ldap_wire *wire;
	LDAP *ldap;
};

/*
 * Answers
 */

enum discovery_result
ldap_connection_failed(struct ldap_connection *connection, int code,
		       GString *note)
{
	char *text = NULL;

	if (ldap_wire_is_late(connection->wire) || code == LDAP_TIMEOUT ||
	    code == LDAP_TIMELIMIT_EXCEEDED) {
		g_string_append(note, "no answer in time");
		return DISCOVERY_TIMEOUT;
	}
	if (ldap_wire_is_full(connection->wire)) {
		g_string_append(note, "the answer is too large");
		return DISCOVERY_UNKNOWN;
	}
	g_string_append(note, ldap_err2string(code));
	/* GnuTLS' reasons are "(unknown error code)" */
	if (ldap_get_option(connection->ldap, LDAP_OPT_DIAGNOSTIC_MESSAGE,
			    &text) == LDAP_OPT_SUCCESS && text != NULL &&
	    *text != '\0' && *text != '(')
		g_string_append_printf(note, " (%s)", text);
	ldap_memfree(text);
	return DISCOVERY_UNKNOWN;
}

static int last_code(LDAP *ldap)
{
	int code = LDAP_OTHER;

	(void)ldap_get_option(ldap, LDAP_OPT_RESULT_CODE, &code);
	return code == LDAP_SUCCESS ? LDAP_OTHER : code;
}

int ldap_connection_wait(struct ldap_connection *connection, int message_id,
			 LDAPMessage **messages_r)
{
	const gint64 left = ldap_wire_time_left(connection->wire);
	struct timeval timeout = {
		.tv_sec = left / G_USEC_PER_SEC,
		.tv_usec = left % G_USEC_PER_SEC
	};
	int code, ret;

	*messages_r = NULL;
	ret = ldap_result(connection->ldap, message_id, LDAP_MSG_ALL, &timeout,
			  messages_r);
	if (ret == 0)
		return LDAP_TIMEOUT;
	if (ret < 0)
		return last_code(connection->ldap);
	ret = ldap_parse_result(connection->ldap, *messages_r, &code, NULL,
				NULL, NULL, NULL, 0);
	if (ret == LDAP_SUCCESS)
		return code;
	ldap_msgfree(*messages_r);
	*messages_r = NULL;
	return ret < 0 ? ret : LDAP_DECODING_ERROR;
}

/* Waits for an answer of which only the code is of interest. */
static int wait_for_code(struct ldap_connection *connection, int message_id)
{
	LDAPMessage *messages;
	int code = ldap_connection_wait(connection, message_id, &messages);

	ldap_msgfree(messages);
	return code;
}

/*
 * Opening
 */

/* Its file may be gone, or have nothing in it: then nobody can be trusted. */
static int set_tls_options(LDAP *ldap, const char *ca_file)
{
	const int demand = LDAP_OPT_X_TLS_DEMAND, client = 0;
	const int oldest = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2;

	if (ldap_set_option(ldap, LDAP_OPT_X_TLS_CACERTFILE, ca_file) !=
	    LDAP_OPT_SUCCESS ||
	    ldap_set_option(ldap, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) !=
	    LDAP_OPT_SUCCESS ||
	    ldap_set_option(ldap, LDAP_OPT_X_TLS_PROTOCOL_MIN, &oldest) !=
	    LDAP_OPT_SUCCESS)
		return -1;
	return ldap_set_option(ldap, LDAP_OPT_X_TLS_NEWCTX, &client) ==
		LDAP_OPT_SUCCESS ? 0 : -1;
}

/* It is read by whom we are now: a mail user. */
static void explain_ca_file(const char *path, GString *note)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	g_string_append_printf(note, "tls_ca_cert_file %s ", path);
	if (fd < 0) {
		g_string_append_printf(note, "can't be read: %s",
				       g_strerror(errno));
		return;
	}
	g_string_append(note, "has no authority that can be used");
	(void)close(fd);
}

static int set_options(LDAP *ldap)
{
	const int version = LDAP_VERSION3;

	return ldap_set_option(ldap, LDAP_OPT_PROTOCOL_VERSION, &version) ==
		LDAP_OPT_SUCCESS &&
		ldap_set_option(ldap, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) ==
		LDAP_OPT_SUCCESS ? 0 : -1;
}

static int start_tls(struct ldap_connection *connection, bool ldaps)
{
	int message_id, code;

	if (!ldaps) {
		code = ldap_start_tls(connection->ldap, NULL, NULL,
				      &message_id);
		if (code == LDAP_SUCCESS)
			code = wait_for_code(connection, message_id);
		if (code != LDAP_SUCCESS)
			return code;
	}
	code = ldap_install_tls(connection->ldap);
	return code != LDAP_SUCCESS ? code :
		ldap_tls_inplace(connection->ldap) ? LDAP_SUCCESS : LDAP_OTHER;
}

/* A certificate that isn't accepted has no reason of its own with GnuTLS. */
static enum discovery_result
tls_failed(struct ldap_connection *connection, int code, const char *host,
	   GString *note)
{
	enum discovery_result result;

	g_string_append(note, "no TLS that can be trusted: ");
	result = ldap_connection_failed(connection, code, note);
	if (code == LDAP_CONNECT_ERROR && result == DISCOVERY_UNKNOWN &&
	    note->str[note->len - 1] != ')') {
		g_string_append_printf(note, ": is there a certificate for "
			"%s, from an authority in tls_ca_cert_file?", host);
	}
	return result;
}

static int
simple_bind(struct ldap_connection *connection, const struct ldap_login *login)
{
	struct berval password = { .bv_val = (char *)login->password };
	int message_id, code;

	if (login->bind_dn == NULL)
		return LDAP_SUCCESS;
	password.bv_len = strlen(login->password);
	code = ldap_sasl_bind(connection->ldap, login->bind_dn,
			      LDAP_SASL_SIMPLE, &password, NULL, NULL,
			      &message_id);
	return code == LDAP_SUCCESS ? wait_for_code(connection, message_id) :
		code;
}

static enum discovery_result
prepare(struct ldap_connection *connection, const struct ldap_server *server,
	const struct ldap_login *login, GString *note)
{
	int code;

	if (set_options(connection->ldap) < 0 ||
	    set_tls_options(connection->ldap, login->ca_file) < 0) {
		explain_ca_file(login->ca_file, note);
		return DISCOVERY_UNKNOWN;
	}
	code = start_tls(connection, server->ldaps);
	if (code != LDAP_SUCCESS)
		return tls_failed(connection, code, server->host, note);
	code = simple_bind(connection, login);
	if (code == LDAP_SUCCESS)
		return DISCOVERY_FOUND;
	g_string_append(note, code > 0 ? "bind refused: " : "bind: ");
	return ldap_connection_failed(connection, code, note);
}

/* libldap reads its configuration with its first call, and asks the name
   servers for this host's own name, which isn't used: that has its second. */
static LDAP *
ldap_without_configuration(const struct ldap_wire *wire, const char *uri)
{
	static const char name[] = "LDAPNOINIT";
	bool was_set = getenv(name) != NULL;
	LDAP *ldap;

	if (res_init() == 0)
		_res.retrans = _res.retry = 1;
	(void)setenv(name, "1", 0);
	if (ldap_init_fd(ldap_wire_fd(wire), LDAP_PROTO_EXT, uri,
			 &ldap) != LDAP_SUCCESS)
		ldap = NULL;
	if (!was_set)
		(void)unsetenv(name);
	(void)res_init();
	return ldap;
}

/* The URI is for the name that the server's certificate must have. */
static LDAP *
ldap_over(struct ldap_wire *wire, const struct ldap_server *server)
{
	bool ipv6 = strchr(server->host, ':') != NULL;
	char *uri = g_strdup_printf("%s://%s%s%s:%u",
				    server->ldaps ? "ldaps" : "ldap",
				    ipv6 ? "[" : "", server->host,
				    ipv6 ? "]" : "", server->port);
	LDAP *ldap = ldap_without_configuration(wire, uri);
	Sockbuf *sockbuf;

	g_free(uri);
	if (ldap == NULL ||
	    (ldap_get_option(ldap, LDAP_OPT_SOCKBUF, &sockbuf) ==
	     LDAP_OPT_SUCCESS && ldap_wire_attach(wire, sockbuf) == 0))
		return ldap;
	(void)ldap_unbind_ext(ldap, NULL, NULL);
	return NULL;
}

struct ldap_connection *
ldap_connection_open(const struct ldap_server *server,
		     const struct ldap_login *login,
		     struct discovery_hosts *hosts, gint64 until,
		     enum discovery_result *result_r, GString *note)
{
	struct ldap_connection *connection;
	struct ldap_wire *wire;

	wire = ldap_wire_connect(server, hosts, until, result_r, note);
	if (wire == NULL)
		return NULL;
	connection = g_new0(struct ldap_connection, 1);
	connection->wire = wire;
	connection->ldap = ldap_over(wire, server);
	if (connection->ldap == NULL) {
		g_string_append(note, "libldap can't be used");
		*result_r = DISCOVERY_UNKNOWN;
	} else {
		*result_r = prepare(connection, server, login, note);
	}
	if (*result_r == DISCOVERY_FOUND)
		return connection;
	ldap_connection_close(connection);
	return NULL;
}

void ldap_connection_close(struct ldap_connection *connection)
{
	/* says goodbye if that can be done at once */
	ldap_wire_set_deadline(connection->wire, 0);
	if (connection->ldap != NULL)
		(void)ldap_unbind_ext(connection->ldap, NULL, NULL);
	ldap_wire_free(connection->wire);
	g_free(connection);
}

void ldap_connection_set_deadline(struct ldap_connection *connection,
				  gint64 until)
{
	ldap_wire_set_deadline(connection->wire, until);
}

LDAP *ldap_connection_ldap(struct ldap_connection *connection)
{
	return connection->ldap;
}
