/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_DISCOVERY_H
#define MAIL_SEAL_DISCOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <glib.h>

struct discovery_address;

/* Looks for the certificates that a site publishes: in DNS, in a Web Key
   Directory, in LDAP. A module of its own, which only doveadm loads, so that
   these libraries are in no process that handles mail. Knows nothing of
   Dovecot, and doesn't judge what it finds. */

/* Each source once: its name in --from, and its name in C. To add one, add it
   here, and a file with its struct discovery_source. */
#define MAIL_SEAL_DISCOVERY_SOURCES(SOURCE) \
	SOURCE("wkd-dir", wkd_dir) \
	SOURCE("dns", dns) \
	SOURCE("wkd", wkd) \
	SOURCE("ldap", ldap)

struct discovery_settings {
	/* file with the trust anchor for DNSSEC */
	const char *dns_trust_anchor;
	/* "ADDRESS[@PORT] ..." to ask, or empty: those of /etc/resolv.conf */
	const char *dns_servers;
	/* a local tree as gpg-wks-server keeps it, or empty */
	const char *wkd_dir;
	/* the text of the file with the LDAP settings, or empty */
	const char *ldap_config;
	/* for all look-ups of one address in one source */
	unsigned int timeout_secs;
};

enum discovery_result {
	/* something that calls itself a certificate */
	DISCOVERY_FOUND,
	/* it is sure that there is none */
	DISCOVERY_NONE,
	/* the same, but what is there isn't secured, and so was ignored */
	DISCOVERY_INSECURE,
	/* it isn't known: an answer that is false, or none */
	DISCOVERY_UNKNOWN,
	/* as unknown: nobody answered in time. The caller asks this source
	   nothing more about this domain. */
	DISCOVERY_TIMEOUT
};

struct discovery_answer {
	enum discovery_result result;
	/* certificates in whatever form, one behind the other, and how many */
	GByteArray *data;
	unsigned int count;
	/* where it was found or looked for: a DNS name with its type, an URL, a
	   path, a DN; can be shown */
	GString *where;
	/* half a sentence: what there is to say about it (why it is unknown or
	   was ignored); empty: nothing */
	GString *note;
};

/* Has such an answer more than this, it is nobody's. */
#define DISCOVERY_SIZE_MAX (256*1024)

/* What a source is. Its state belongs to one set of settings. */
struct discovery_source {
	/* The owner himself has proven what is there, by a way that the
	   administrator runs on this machine. It is read with root's rights. */
	bool is_proven;

	/* Is anything configured that could be asked? */
	bool (*is_configured)(const struct discovery_settings *set);
	/* Returns NULL and half a sentence (to be freed with g_free()) if the
	   settings are wrong. Is called with the rights of root, where there
	   are files that only root reads; find() with those of a mail user. */
	void *(*open)(const struct discovery_settings *set, char **error_r);
	/* Puts what there is for this address (ASCII local part or UTF-8, and
	   the domain as A-labels in lower case) into the answer, which is
	   empty. */
	void (*find)(void *state, const char *local_part, const char *domain,
		     struct discovery_answer *answer);
	void (*close)(void *state);
};

#define DISCOVERY_SOURCE_DECLARATION(name, variable) \
	extern const struct discovery_source discovery_##variable;
MAIL_SEAL_DISCOVERY_SOURCES(DISCOVERY_SOURCE_DECLARATION)
#undef DISCOVERY_SOURCE_DECLARATION

/* What the module lends to doveadm, which finds it by its name when it runs. */
struct discovery_interface {
	/* MAIL_SEAL_BUILD_ID, or nothing else may be used */
	const char *build;
	/* Returns the source of this number, in the order of the table, and its
	   name; or NULL: there are no more. */
	const struct discovery_source *(*source)(unsigned int number,
						 const char **name_r);
	/* Was it left out when mail_seal was built? Then nothing else of it may
	   be used. */
	bool (*source_is_absent)(const struct discovery_source *source);
	struct discovery_answer *(*answer_new)(void);
	void (*answer_free)(struct discovery_answer *answer);
	/* see address.h */
	bool (*address_parse)(const char *address,
			      struct discovery_address *address_r);
	void (*address_clear)(struct discovery_address *address);
	char *(*address_dns_local_part)(const char *local_part, bool lower);
	char *(*address_dns_label)(const char *local_part);
	char *(*address_wkd_name)(const char *local_part);
};
#define DISCOVERY_INTERFACE_SYMBOL "mail_seal_discovery_interface"

#endif
