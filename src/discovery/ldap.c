/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The source "ldap": a directory of the site's own. One connection serves all
   that are looked for. What isn't certain isn't guessed: an entry for the
   address is needed, and no second one. */

#include "ldap-connection.h"
#include "ldap-value.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASSWORD_SIZE_MAX 1024
/* one is wanted, and two are too many */
#define ENTRIES_MAX 2
/* Who was silent so often isn't asked any more. */
#define TIMEOUTS_MAX 3

struct ldap_source {
	struct ldap_config *config;
	/* or NULL */
	char *password;
	unsigned int timeout_secs;
	struct discovery_hosts *hosts;
	/* or NULL, and to which of the servers it is */
	struct ldap_connection *connection;
	const struct ldap_server *connected_to;
	/* one after the other, without an answer between them */
	unsigned int timeouts;
};

/*
 * Opening
 */

static bool ldap_is_configured(const struct discovery_settings *set)
{
	return *set->ldap_config != '\0';
}

/* Returns NULL with half a sentence. */
static char *read_password(int fd, const char *path, char **error_r)
{
	char buf[PASSWORD_SIZE_MAX + 1];
	struct stat st;
	ssize_t size;

	if (fd < 0 || fstat(fd, &st) < 0 ||
	    (size = read(fd, buf, sizeof(buf))) < 0) {
		*error_r = g_strdup_printf("bind_password_file %s can't be "
			"read: %s", path, g_strerror(errno));
		return NULL;
	}
	if ((st.st_mode & 077) != 0 ||
	    (st.st_uid != 0 && st.st_uid != geteuid())) {
		*error_r = g_strdup_printf("bind_password_file %s must be "
			"root's, and readable for nobody else (chmod 600)",
			path);
		return NULL;
	}
	/* without the end of its line */
	while (size > 0 && (buf[size - 1] == '\n' || buf[size - 1] == '\r'))
		size--;
	if (size > 0 && size <= PASSWORD_SIZE_MAX &&
	    memchr(buf, '\0', size) == NULL)
		return g_strndup(buf, size);
	*error_r = g_strdup_printf("bind_password_file %s has no password",
				   path);
	return NULL;
}

static char *
get_password(const struct ldap_config *config, char **error_r)
{
	const char *path = config->bind_password_file;
	char *password;
	int fd;

	if (path == NULL)
		return g_strdup(config->bind_password);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	password = read_password(fd, path, error_r);
	if (fd >= 0)
		(void)close(fd);
	return password;
}

static void *ldap_open(const struct discovery_settings *set, char **error_r)
{
	struct ldap_config *config;
	struct ldap_source *source;
	char *error = NULL, *password;

	config = ldap_config_parse(set->ldap_config, &error);
	if (config == NULL) {
		*error_r = g_strdup_printf("mail_seal_ldap_config: %s", error);
		g_free(error);
		return NULL;
	}
	password = get_password(config, &error);
	if (error != NULL) {
		ldap_config_free(config);
		*error_r = error;
		return NULL;
	}
	source = g_new0(struct ldap_source, 1);
	source->config = config;
	source->password = password;
	source->timeout_secs = set->timeout_secs;
	source->hosts = discovery_hosts_new();
	return source;
}

static void disconnect(struct ldap_source *source)
{
	if (source->connection != NULL)
		ldap_connection_close(source->connection);
	source->connection = NULL;
}

static void ldap_close(void *state)
{
	struct ldap_source *source = state;

	disconnect(source);
	discovery_hosts_free(source->hosts);
	ldap_config_free(source->config);
	g_free(source->password);
	g_free(source);
}

/*
 * An entry
 */

static void
answer_is(struct discovery_answer *answer, enum discovery_result result,
	  const char *note)
{
	answer->result = result;
	g_string_assign(answer->note, note);
}

static bool
is_there_already(struct berval *const *values, unsigned int i)
{
	for (unsigned int j = 0; j < i; j++) {
		if (values[i]->bv_len == values[j]->bv_len &&
		    memcmp(values[i]->bv_val, values[j]->bv_val,
			   values[i]->bv_len) == 0)
			return true;
	}
	return false;
}

static void
take_values(LDAP *ldap, LDAPMessage *entry, const char *attribute,
	    struct discovery_answer *answer)
{
	struct berval **values = ldap_get_values_len(ldap, entry, attribute);

	for (unsigned int i = 0; values != NULL && values[i] != NULL; i++) {
		if (values[i]->bv_len == 0 || is_there_already(values, i))
			continue;
		ldap_value_append(answer->data, values[i]->bv_val,
				  values[i]->bv_len);
		answer->count++;
	}
	ldap_value_free_len(values);
}

/* Takes the values of this attribute, by whichever name it came: directories
   differ in whether ";binary" is a part of it. */
static void
take_attribute(LDAP *ldap, LDAPMessage *entry, const char *name,
	       struct discovery_answer *answer)
{
	BerElement *ber = NULL;
	char *attribute = ldap_first_attribute(ldap, entry, &ber);

	while (attribute != NULL) {
		if (answer->count == 0 &&
		    ldap_config_is_attribute(name, attribute))
			take_values(ldap, entry, attribute, answer);
		ldap_memfree(attribute);
		attribute = ldap_next_attribute(ldap, entry, ber);
	}
	ber_free(ber, 0);
}

static void
take_entry(const struct ldap_source *source, LDAPMessage *entry,
	   struct discovery_answer *answer)
{
	LDAP *ldap = ldap_connection_ldap(source->connection);
	char *const *name = source->config->attributes;
	char *dn = ldap_get_dn(ldap, entry);

	g_string_assign(answer->where, dn == NULL ? "" : dn);
	ldap_memfree(dn);
	for (; answer->count == 0 && *name != NULL; name++) {
		take_attribute(ldap, entry, *name, answer);
		if (answer->count > 0)
			g_string_append_printf(answer->where, " %s", *name);
	}
	if (answer->count == 0) {
		answer_is(answer, DISCOVERY_NONE, "");
	} else if (answer->data->len > DISCOVERY_SIZE_MAX) {
		g_byte_array_set_size(answer->data, 0);
		answer->count = 0;
		answer_is(answer, DISCOVERY_NONE,
			  "what is there has more than 256 kB");
	} else {
		answer_is(answer, DISCOVERY_FOUND, "");
	}
}

/*
 * An answer
 */

static void
take_entries(const struct ldap_source *source, LDAPMessage *messages,
	     struct discovery_answer *answer)
{
	LDAP *ldap = ldap_connection_ldap(source->connection);
	LDAPMessage *entry = ldap_first_entry(ldap, messages);

	if (entry != NULL && ldap_next_entry(ldap, entry) == NULL) {
		take_entry(source, entry, answer);
	} else if (entry != NULL) {
		answer_is(answer, DISCOVERY_UNKNOWN,
			  "several entries have this address");
	} else if (ldap_first_reference(ldap, messages) != NULL) {
		answer_is(answer, DISCOVERY_NONE, "part of it is on other "
			  "servers, which aren't asked");
	} else {
		answer_is(answer, DISCOVERY_NONE, "");
	}
}

/* What the directory itself says is certain, or at least no other server of
   it would say otherwise. Returns false if one should be asked. */
static bool
take_answer(struct ldap_source *source, int code, LDAPMessage *messages,
	    struct discovery_answer *answer)
{
	switch (code) {
	case LDAP_SUCCESS:
		take_entries(source, messages, answer);
		return true;
	case LDAP_SIZELIMIT_EXCEEDED:
		answer_is(answer, DISCOVERY_UNKNOWN,
			  "several entries have this address");
		return true;
	case LDAP_NO_SUCH_OBJECT:
		/* or it may not be seen; it was configured as being there */
		answer_is(answer, DISCOVERY_UNKNOWN,
			  "there is no such base, or the bind_dn may not "
			  "read it");
		return true;
	case LDAP_REFERRAL:
		answer_is(answer, DISCOVERY_UNKNOWN,
			  "it is on another server, which isn't asked");
		return true;
	default:
		answer->result = ldap_connection_failed(source->connection,
							code, answer->note);
		return false;
	}
}

/*
 * Asking
 */

static int ldap_scope(enum ldap_config_scope scope)
{
	switch (scope) {
	case LDAP_CONFIG_BASE:
		return LDAP_SCOPE_BASE;
	case LDAP_CONFIG_ONE:
		return LDAP_SCOPE_ONELEVEL;
	case LDAP_CONFIG_SUB:
		break;
	}
	return LDAP_SCOPE_SUBTREE;
}

/* As they are configured, and without options: a directory that keeps a value
   without ";binary" doesn't give it to who asks for that. The names aren't
   copied if they have none. */
static GPtrArray *wanted_attributes(const struct ldap_config *config)
{
	GPtrArray *wanted = g_ptr_array_new_with_free_func(g_free);

	for (char *const *name = config->attributes; *name != NULL; name++) {
		g_ptr_array_add(wanted, g_strdup(*name));
		if (strchr(*name, ';') != NULL) {
			g_ptr_array_add(wanted, g_strndup(*name,
						strcspn(*name, ";")));
		}
	}
	g_ptr_array_add(wanted, NULL);
	return wanted;
}

static int
send_search(const struct ldap_source *source, const char *filter,
	    int *message_id_r)
{
	const struct ldap_config *config = source->config;
	struct timeval limit = { .tv_sec = source->timeout_secs };
	GPtrArray *wanted = wanted_attributes(config);
	int code;

	code = ldap_search_ext(ldap_connection_ldap(source->connection),
			       config->base, ldap_scope(config->scope),
			       filter, (char **)wanted->pdata, 0, NULL, NULL,
			       &limit, ENTRIES_MAX, message_id_r);
	g_ptr_array_unref(wanted);
	return code;
}

/* Returns false if this connection is of no more use. */
static bool
search(struct ldap_source *source, const char *filter, gint64 until,
       struct discovery_answer *answer)
{
	LDAPMessage *messages = NULL;
	int message_id, code;
	bool answered;

	ldap_connection_set_deadline(source->connection, until);
	code = send_search(source, filter, &message_id);
	if (code == LDAP_SUCCESS) {
		code = ldap_connection_wait(source->connection, message_id,
					    &messages);
	}
	answered = take_answer(source, code, messages, answer);
	ldap_msgfree(messages);
	return answered;
}

static bool
connect_to(struct ldap_source *source, const struct ldap_server *server,
	   gint64 until, struct discovery_answer *answer)
{
	const struct ldap_login login = {
		.bind_dn = source->config->bind_dn,
		.password = source->password,
		.ca_file = source->config->tls_ca_cert_file
	};

	source->connected_to = server;
	source->connection = ldap_connection_open(server, &login,
						  source->hosts, until,
						  &answer->result,
						  answer->note);
	return source->connection != NULL;
}

/* Returns false with half a sentence if this server isn't of use. */
static bool
ask_server(struct ldap_source *source, const struct ldap_server *server,
	   const char *filter, gint64 until, struct discovery_answer *answer)
{
	if (connect_to(source, server, until, answer) &&
	    search(source, filter, until, answer))
		return true;
	disconnect(source);
	return false;
}

/* As long as a server answers it is asked by the same connection; it may have
   been closed since. */
static bool
ask_connected(struct ldap_source *source, const char *filter, gint64 until,
	      struct discovery_answer *answer)
{
	const struct ldap_server *server = source->connected_to;

	if (source->connection == NULL)
		return false;
	if (search(source, filter, until, answer))
		return true;
	disconnect(source);
	if (answer->result == DISCOVERY_TIMEOUT)
		return false;
	g_string_truncate(answer->note, 0);
	return ask_server(source, server, filter, until, answer);
}

/* Each server has its share of the time. */
static void
ask_in_order(struct ldap_source *source, const char *filter, gint64 until,
	     struct discovery_answer *answer)
{
	const GPtrArray *servers = source->config->servers;
	GString *notes = g_string_new(NULL);
	bool late = false, answered = false;

	for (unsigned int i = 0; i < servers->len && !answered; i++) {
		const struct ldap_server *server = servers->pdata[i];
		const gint64 now = g_get_monotonic_time();
		const gint64 share = MAX(until - now, 0) / (servers->len - i);

		g_string_truncate(answer->note, 0);
		answered = ask_server(source, server, filter, now + share,
				      answer);
		late = late || answer->result == DISCOVERY_TIMEOUT;
		g_string_append_printf(notes, "%s%s: %s", i > 0 ? "; " : "",
				       server->uri, answer->note->str);
	}
	if (!answered) {
		answer_is(answer, late ? DISCOVERY_TIMEOUT :
			  DISCOVERY_UNKNOWN, notes->str);
	}
	g_string_free(notes, TRUE);
}

static void
ask(struct ldap_source *source, const char *filter,
    struct discovery_answer *answer)
{
	const gint64 until = g_get_monotonic_time() +
		(gint64)source->timeout_secs * G_USEC_PER_SEC;

	if (ask_connected(source, filter, until, answer))
		return;
	if (answer->result == DISCOVERY_TIMEOUT) {
		g_string_prepend(answer->note, ": ");
		g_string_prepend(answer->note, source->connected_to->uri);
		return;
	}
	ask_in_order(source, filter, until, answer);
}

static void
ldap_find(void *state, const char *local_part, const char *domain,
	  struct discovery_answer *answer)
{
	struct ldap_source *source = state;
	char *filter;

	if (source->timeouts >= TIMEOUTS_MAX) {
		g_string_assign(answer->where, source->config->base);
		answer_is(answer, DISCOVERY_TIMEOUT,
			  "skipped: it didn't answer in time before");
		return;
	}
	filter = ldap_config_filter(source->config, local_part, domain);
	g_string_printf(answer->where, "%s %s", source->config->base, filter);
	ask(source, filter, answer);
	source->timeouts = answer->result == DISCOVERY_TIMEOUT ?
		source->timeouts + 1 : 0;
	g_free(filter);
}

const struct discovery_source discovery_ldap = {
	.is_configured = ldap_is_configured,
	.open = ldap_open,
	.find = ldap_find,
	.close = ldap_close
};
