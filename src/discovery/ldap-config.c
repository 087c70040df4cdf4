/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Reads the settings of the source "ldap", and nothing else: no library, no
   other file. */

#include "ldap-config.h"

#include <string.h>

#define PORT_LDAP 389
#define PORT_LDAPS 636
#define PORT_MAX 65535

#define DEFAULT_FILTER "(mail=%{mail})"
/* RFC 2798 section 2.8: for S/MIME userSMIMECertificate is preferred */
#define DEFAULT_ATTRIBUTES "userSMIMECertificate userCertificate;binary pgpKey"
/* where Debian has it, and libldap's own default there */
#define DEFAULT_CA_CERT_FILE "/etc/ssl/certs/ca-certificates.crt"

/* each as the file has it; NULL: it doesn't say */
struct values {
	char *uri, *base, *scope, *filter, *attributes, *starttls,
		*tls_ca_cert_file, *bind_dn, *bind_password,
		*bind_password_file;
};

static const struct {
	const char *name;
	size_t offset;
} names[] = {
#define NAME(name) { #name, G_STRUCT_OFFSET(struct values, name) }
	NAME(uri), NAME(base), NAME(scope), NAME(filter), NAME(attributes),
	NAME(starttls), NAME(tls_ca_cert_file), NAME(bind_dn),
	NAME(bind_password), NAME(bind_password_file)
#undef NAME
};

static char **value_by_number(struct values *values, size_t i)
{
	return G_STRUCT_MEMBER_P(values, names[i].offset);
}

static void values_clear(struct values *values)
{
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		g_free(*value_by_number(values, i));
}

static char **value_by_name(struct values *values, const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (strcmp(name, names[i].name) == 0)
			return value_by_number(values, i);
	}
	return NULL;
}

/*
 * Lines
 */

/* What is wrong may be a line of a password's: it isn't shown. */
static bool
take_line(char *line, unsigned int number, struct values *values,
	  char **error_r)
{
	char *equals = strchr(line, '='), **value;

	if (equals == NULL) {
		*error_r = g_strdup_printf("line %u isn't \"name = value\"",
					   number);
		return false;
	}
	*equals = '\0';
	value = value_by_name(values, g_strstrip(line));
	if (value == NULL || *value != NULL) {
		*error_r = g_strdup_printf(value == NULL ?
			"line %u has a name that isn't known" :
			"line %u has a name that was there before", number);
		return false;
	}
	*value = g_strdup(g_strstrip(equals + 1));
	if (**value != '\0')
		return true;
	*error_r = g_strdup_printf("line %u has no value", number);
	return false;
}

static bool
take_lines(const char *text, struct values *values, char **error_r)
{
	char **lines;
	bool ok = true;

	if (!g_utf8_validate(text, -1, NULL)) {
		*error_r = g_strdup("it isn't UTF-8");
		return false;
	}
	lines = g_strsplit(text, "\n", -1);
	for (unsigned int i = 0; ok && lines[i] != NULL; i++) {
		char *line = g_strstrip(lines[i]);

		if (*line != '\0' && *line != '#')
			ok = take_line(line, i + 1, values, error_r);
	}
	g_strfreev(lines);
	return ok;
}

static char **split_words(const char *text)
{
	char **parts = g_strsplit_set(text, " \t,", -1);
	GPtrArray *words = g_ptr_array_new();

	for (unsigned int i = 0; parts[i] != NULL; i++) {
		if (*parts[i] != '\0')
			g_ptr_array_add(words, g_strdup(parts[i]));
	}
	g_strfreev(parts);
	g_ptr_array_add(words, NULL);
	return (char **)g_ptr_array_free(words, FALSE);
}

/*
 * Servers
 */

static void ldap_server_free(gpointer _server)
{
	struct ldap_server *server = _server;

	g_free(server->uri);
	g_free(server->host);
	g_free(server);
}

/* Only a host and perhaps a port: what else an LDAP URL may have (RFC 4516)
   has settings of its own. */
static struct ldap_server *server_parse(const char *uri)
{
	struct ldap_server *server;
	char *scheme, *user, *host, *path, *query, *fragment;
	int port;
	bool ok;

	if (!g_uri_split(uri, G_URI_FLAGS_NONE, &scheme, &user, &host, &port,
			 &path, &query, &fragment, NULL))
		return NULL;
	server = g_new0(struct ldap_server, 1);
	server->uri = g_strdup(uri);
	server->host = host;
	server->ldaps = g_strcmp0(scheme, "ldaps") == 0;
	server->port = port > 0 ? port :
		server->ldaps ? PORT_LDAPS : PORT_LDAP;
	ok = (server->ldaps || g_strcmp0(scheme, "ldap") == 0) &&
		user == NULL && host != NULL && *host != '\0' &&
		port != 0 && server->port <= PORT_MAX &&
		(*path == '\0' || strcmp(path, "/") == 0) && query == NULL &&
		fragment == NULL;
	g_free(scheme);
	g_free(user);
	g_free(path);
	g_free(query);
	g_free(fragment);
	if (!ok)
		g_clear_pointer(&server, ldap_server_free);
	return server;
}

static bool parse_yes(const char *value, bool *yes_r)
{
	*yes_r = value != NULL && g_ascii_strcasecmp(value, "yes") == 0;
	return *yes_r || value == NULL || g_ascii_strcasecmp(value, "no") == 0;
}

static char *
server_problem(const struct ldap_server *server, const char *uri,
	       bool starttls)
{
	if (server == NULL) {
		return g_strdup_printf("uri: \"%s\" is not ldap://HOST:PORT "
				       "or ldaps://HOST:PORT", uri);
	}
	if (!server->ldaps && !starttls) {
		return g_strdup_printf("uri: \"%s\" would be asked without "
			"encryption, which isn't done: say starttls = yes, or "
			"use ldaps:", uri);
	}
	return NULL;
}

static bool
parse_servers(const struct values *values, struct ldap_config *config,
	      char **error_r)
{
	char **words;
	bool starttls;

	if (values->uri == NULL || !parse_yes(values->starttls, &starttls)) {
		*error_r = values->uri == NULL ?
			g_strdup("there is no uri in it") :
			g_strdup_printf("starttls: \"%s\" is not yes or no",
					values->starttls);
		return false;
	}
	/* what is before it may be a password: it isn't shown */
	if (strchr(values->uri, '@') != NULL) {
		*error_r = g_strdup("uri: it has an \"@\"; the name and the "
			"password are bind_dn and bind_password");
		return false;
	}
	words = split_words(values->uri);
	for (unsigned int i = 0; *error_r == NULL && words[i] != NULL; i++) {
		struct ldap_server *server = server_parse(words[i]);

		*error_r = server_problem(server, words[i], starttls);
		if (server != NULL)
			g_ptr_array_add(config->servers, server);
	}
	if (*error_r == NULL && config->servers->len == 0)
		*error_r = g_strdup("there is no uri in it");
	g_strfreev(words);
	return *error_r == NULL;
}

/*
 * The filter
 */

/* The variables, each once: its name, and what it stands for */
#define VARIABLES(VARIABLE) \
	VARIABLE("mail", true, true) \
	VARIABLE("local", true, false) \
	VARIABLE("domain", false, true)

static const struct variable {
	const char *name;
	bool has_local_part, has_domain;
} variables[] = {
#define VARIABLE_ROW(name, has_local_part, has_domain) \
	{ name, has_local_part, has_domain },
	VARIABLES(VARIABLE_ROW)
#undef VARIABLE_ROW
};

/* If one begins here, moves behind it. Another word in braces is *bad_r. */
static const struct variable *next_variable(const char **pos, bool *bad_r)
{
	const char *start = *pos, *end;

	*bad_r = false;
	if (start[0] != '%' || start[1] != '{')
		return NULL;
	start += 2;
	end = strchr(start, '}');
	for (size_t i = 0; end != NULL && i < G_N_ELEMENTS(variables); i++) {
		size_t length = end - start;

		if (strlen(variables[i].name) == length &&
		    strncmp(start, variables[i].name, length) == 0) {
			*pos = end + 1;
			return &variables[i];
		}
	}
	*bad_r = true;
	return NULL;
}

/* RFC 4515 section 3: whatever may be special, and all that isn't ASCII, as
   its hexadecimal octets */
static void append_escaped(GString *filter, const char *value)
{
	for (; *value != '\0'; value++) {
		if (g_ascii_isalnum(*value) || strchr("@.-_+", *value) != NULL)
			g_string_append_c(filter, *value);
		else {
			g_string_append_printf(filter, "\\%02x",
					       (unsigned char)*value);
		}
	}
}

char *ldap_config_filter(const struct ldap_config *config,
			 const char *local_part, const char *domain)
{
	GString *filter = g_string_new(NULL);
	const char *pos = config->filter;

	while (*pos != '\0') {
		const struct variable *variable;
		bool bad;

		variable = next_variable(&pos, &bad);
		if (variable == NULL) {
			g_string_append_c(filter, *pos++);
			continue;
		}
		if (variable->has_local_part)
			append_escaped(filter, local_part);
		if (variable->has_local_part && variable->has_domain)
			g_string_append_c(filter, '@');
		if (variable->has_domain)
			append_escaped(filter, domain);
	}
	return g_string_free(filter, FALSE);
}

/* Whether it is a filter libldap says when it is used; a parenthesis that is
   missing, or a variable, is found before. */
static const char *filter_problem(const char *filter)
{
	const char *pos = filter;
	bool has_local_part = false, bad = false;
	int depth = 0;

	while (*pos != '\0' && !bad) {
		const struct variable *variable = next_variable(&pos, &bad);

		if (variable != NULL) {
			has_local_part = has_local_part ||
				variable->has_local_part;
			continue;
		}
		depth += *pos == '(' ? 1 : *pos == ')' ? -1 : 0;
		/* all of it is within one pair */
		if (depth == 0 && pos[1] != '\0')
			return "isn't one filter in parentheses";
		pos++;
	}
	if (bad)
		return "has variables besides %{mail}, %{local}, %{domain}";
	if (depth != 0)
		return "has a parenthesis without its other half";
	return has_local_part ? NULL :
		"has neither %{mail} nor %{local}: it would find the same "
		"for everybody";
}

/*
 * All the rest
 */

static bool
parse_search(const struct values *values, struct ldap_config *config,
	     char **error_r)
{
	static const char *const scopes[] = {
		[LDAP_CONFIG_BASE] = "base",
		[LDAP_CONFIG_ONE] = "one",
		[LDAP_CONFIG_SUB] = "sub"
	};
	const char *scope = values->scope == NULL ? "sub" : values->scope;
	const char *problem = filter_problem(config->filter);

	for (size_t i = 0; i < G_N_ELEMENTS(scopes); i++) {
		config->scope = i;
		if (strcmp(scope, scopes[i]) == 0)
			break;
	}
	if (values->base == NULL) {
		*error_r = g_strdup("there is no base in it");
	} else if (strcmp(scope, scopes[config->scope]) != 0) {
		*error_r = g_strdup_printf("scope: \"%s\" is not base, one or "
					   "sub", scope);
	} else if (problem != NULL) {
		*error_r = g_strdup_printf("filter: \"%s\" %s",
					   config->filter, problem);
	} else if (config->attributes[0] == NULL) {
		*error_r = g_strdup("attributes: there is none");
	}
	return *error_r == NULL;
}

/* With a DN and without a password a bind succeeds, as nobody (RFC 4513
   section 5.1.2). */
static bool
parse_bind(const struct ldap_config *config, char **error_r)
{
	bool password = config->bind_password != NULL;
	bool password_file = config->bind_password_file != NULL;

	if (config->bind_dn == NULL ? password || password_file :
	    password == password_file) {
		*error_r = g_strdup(config->bind_dn == NULL ?
			"there is a bind_password without a bind_dn" :
			"with bind_dn belongs either bind_password or "
			"bind_password_file");
	} else if (password_file && *config->bind_password_file != '/') {
		*error_r = g_strdup("bind_password_file isn't an absolute "
				    "path");
	} else if (*config->tls_ca_cert_file != '/') {
		*error_r = g_strdup("tls_ca_cert_file isn't an absolute "
				    "path");
	}
	return *error_r == NULL;
}

static char *value_or(const char *value, const char *default_value)
{
	return g_strdup(value == NULL ? default_value : value);
}

static struct ldap_config *config_new(const struct values *values)
{
	struct ldap_config *config = g_new0(struct ldap_config, 1);

	config->servers = g_ptr_array_new_with_free_func(ldap_server_free);
	config->base = g_strdup(values->base);
	config->filter = value_or(values->filter, DEFAULT_FILTER);
	config->attributes = split_words(values->attributes == NULL ?
					 DEFAULT_ATTRIBUTES :
					 values->attributes);
	config->tls_ca_cert_file = value_or(values->tls_ca_cert_file,
					    DEFAULT_CA_CERT_FILE);
	config->bind_dn = g_strdup(values->bind_dn);
	config->bind_password = g_strdup(values->bind_password);
	config->bind_password_file = g_strdup(values->bind_password_file);
	return config;
}

struct ldap_config *ldap_config_parse(const char *text, char **error_r)
{
	struct values values = { .uri = NULL };
	struct ldap_config *config = NULL;

	*error_r = NULL;
	if (take_lines(text, &values, error_r)) {
		config = config_new(&values);
		if (!parse_servers(&values, config, error_r) ||
		    !parse_search(&values, config, error_r) ||
		    !parse_bind(config, error_r))
			g_clear_pointer(&config, ldap_config_free);
	}
	values_clear(&values);
	return config;
}

void ldap_config_free(struct ldap_config *config)
{
	g_ptr_array_unref(config->servers);
	g_free(config->base);
	g_free(config->filter);
	g_strfreev(config->attributes);
	g_free(config->tls_ca_cert_file);
	g_free(config->bind_dn);
	g_free(config->bind_password);
	g_free(config->bind_password_file);
	g_free(config);
}

bool ldap_config_is_attribute(const char *name, const char *returned)
{
	size_t length = strcspn(name, ";");

	return strcspn(returned, ";") == length &&
		g_ascii_strncasecmp(name, returned, length) == 0;
}
