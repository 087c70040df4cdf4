/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DISCOVERY_LDAP_CONFIG_H
#define DISCOVERY_LDAP_CONFIG_H

#include <glib.h>
#include <stdbool.h>

/* The file that says where and how an LDAP directory is asked: lines of
   "name = value"; empty ones, and those that begin with #, say nothing. */

struct ldap_server {
	/* as it is written */
	char *uri;
	/* without the brackets of an IPv6 address */
	char *host;
	unsigned int port;
	/* ldaps:, TLS from the first byte on; else StartTLS */
	bool ldaps;
};

enum ldap_config_scope {
	LDAP_CONFIG_BASE,
	LDAP_CONFIG_ONE,
	LDAP_CONFIG_SUB
};

struct ldap_config {
	/* tried in this order: struct ldap_server */
	GPtrArray *servers;
	/* a DN */
	char *base;
	enum ldap_config_scope scope;
	/* as it is written, with variables */
	char *filter;
	/* the first that an entry has is taken; NULL-terminated */
	char **attributes;
	/* PEM */
	char *tls_ca_cert_file;
	/* NULL: nobody */
	char *bind_dn;
	/* one of them, if there is a DN */
	char *bind_password;
	char *bind_password_file;
};

/* Returns NULL and half a sentence, without passwords, if something is wrong
   with it. Then the caller frees that, else the configuration by
   ldap_config_free(). */
struct ldap_config *ldap_config_parse(const char *text, char **error_r);
void ldap_config_free(struct ldap_config *config);

/* The filter for this address; to be freed. What is special in a filter (RFC
   4515 section 3) stands for itself. */
char *ldap_config_filter(const struct ldap_config *config,
			 const char *local_part, const char *domain);

/* Is this the attribute "name", whatever options it has
   ("userCertificate;binary")? */
bool ldap_config_is_attribute(const char *name, const char *returned);

#endif
