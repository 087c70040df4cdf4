/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "buffer.h"
#include "../../discovery/address.h"
#include "../../plugin/owner-settings.h"
#include "../root.h"
#include "find-source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CONFIG_SIZE_MAX (64*1024)
/* as long as somebody who didn't answer isn't asked again */
#define SKIP_SECS 300

/*
 * Those who didn't answer
 */

struct skipped {
	const char *source;
	char *domain;
	time_t since;
};

/* Of this process: doveadm-server gets users one by one. */
static ARRAY(struct skipped) skipped_domains;

static bool is_skipped(const char *source, const char *domain)
{
	const struct skipped *skipped;

	if (!array_is_created(&skipped_domains))
		return FALSE;
	array_foreach(&skipped_domains, skipped) {
		if (strcmp(skipped->source, source) == 0 &&
		    strcmp(skipped->domain, domain) == 0 &&
		    time(NULL) - skipped->since < SKIP_SECS)
			return TRUE;
	}
	return FALSE;
}

static void skip(const char *source, const char *domain)
{
	struct skipped *skipped;

	if (!array_is_created(&skipped_domains))
		i_array_init(&skipped_domains, 8);
	skipped = array_append_space(&skipped_domains);
	skipped->source = source;
	skipped->domain = i_strdup(domain);
	skipped->since = time(NULL);
}

void doveadm_seal_find_skip_nobody(void)
{
	struct skipped *skipped;

	if (!array_is_created(&skipped_domains))
		return;
	array_foreach_modifiable(&skipped_domains, skipped)
		i_free(skipped->domain);
	array_free(&skipped_domains);
}

/*
 * The settings
 */

/* There is a password in it. Returns NULL, or half a sentence. */
static const char *config_problem(int fd, const char *path, struct stat *st)
{
	if (fd < 0 || fstat(fd, st) < 0)
		return t_strdup_printf("%s can't be read: %m", path);
	if (!S_ISREG(st->st_mode) || st->st_size > CONFIG_SIZE_MAX)
		return t_strdup_printf("%s isn't a small file", path);
	if ((st->st_mode & 077) != 0 ||
	    (st->st_uid != 0 && st->st_uid != geteuid())) {
		return t_strdup_printf("%s must be root's, and readable for "
				       "nobody else (chmod 600)", path);
	}
	return NULL;
}

static const char *
config_read_fd(int fd, const char *path, pool_t pool, const char **text_r)
{
	struct stat st;
	const char *problem = config_problem(fd, path, &st);
	char *text;
	ssize_t size;

	if (problem != NULL)
		return problem;
	text = p_malloc(pool, st.st_size + 1);
	size = read(fd, text, st.st_size);
	if (size != st.st_size)
		return t_strdup_printf("%s can't be read: %m", path);
	if (memchr(text, '\0', size) != NULL)
		return t_strdup_printf("%s isn't text", path);
	*text_r = text;
	return NULL;
}

/* Returns NULL, or half a sentence. */
static const char *
config_read(const char *path, pool_t pool, const char **text_r)
{
	uid_t uid = doveadm_seal_root_begin();
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	const char *problem = config_read_fd(fd, path, pool, text_r);

	i_close_fd(&fd);
	doveadm_seal_root_end(uid);
	return problem;
}

static void
settings_get(const struct mail_seal_settings *set, unsigned int timeout_secs,
	     pool_t pool, struct discovery_settings *set_r,
	     const char **ldap_problem_r)
{
	i_zero(set_r);
	set_r->dns_trust_anchor = p_strdup(pool, set->dns_trust_anchor);
	set_r->dns_servers = p_strdup(pool, set->dns_servers);
	set_r->wkd_dir = p_strdup(pool, set->wkd_dir);
	set_r->ldap_config = "";
	set_r->timeout_secs = timeout_secs;
	*ldap_problem_r = *set->ldap_config == '\0' ? NULL :
		config_read(set->ldap_config, pool, &set_r->ldap_config);
	/* it is configured, be it wrongly */
	if (*ldap_problem_r != NULL)
		set_r->ldap_config = "\n";
}

static bool
settings_equal(const struct discovery_settings *set1,
	       const struct discovery_settings *set2)
{
	return strcmp(set1->dns_trust_anchor, set2->dns_trust_anchor) == 0 &&
		strcmp(set1->dns_servers, set2->dns_servers) == 0 &&
		strcmp(set1->wkd_dir, set2->wkd_dir) == 0 &&
		strcmp(set1->ldap_config, set2->ldap_config) == 0 &&
		set1->timeout_secs == set2->timeout_secs;
}

/*
 * Opening
 */

static const char *
source_problem(const struct doveadm_seal_find_sources *sources,
	       const struct doveadm_seal_find_source *source,
	       const char *ldap_problem)
{
	if (sources->discovery->source_is_absent(source->source))
		return "it is not built in";
	if (!source->source->is_configured(&sources->set))
		return "it isn't configured";
	return strcmp(source->name, "ldap") == 0 ? ldap_problem : NULL;
}

static void
sources_add(struct doveadm_seal_find_sources *sources, const char *name,
	    const struct discovery_source *discovery_source,
	    const char *ldap_problem)
{
	struct doveadm_seal_find_source *source =
		&sources->list[sources->count++];

	source->name = name;
	source->source = discovery_source;
	source->problem = p_strdup(sources->pool,
		source_problem(sources, source, ldap_problem));
}

static bool
is_wanted(const struct doveadm_seal_find_sources *sources,
	  const struct discovery_source *source, const char *name,
	  const char *wanted)
{
	return wanted != NULL ? strcmp(name, wanted) == 0 :
		!sources->discovery->source_is_absent(source) &&
		source->is_configured(&sources->set);
}

static void
sources_add_wanted(struct doveadm_seal_find_sources *sources,
		   const char *wanted, const char *ldap_problem)
{
	const struct discovery_source *source;
	const char *name;

	for (unsigned int i = 0;
	     (source = sources->discovery->source(i, &name)) != NULL; i++) {
		if (is_wanted(sources, source, name, wanted))
			sources_add(sources, name, source, ldap_problem);
	}
}

static unsigned int
count_sources(const struct discovery_interface *discovery)
{
	unsigned int count = 0;
	const char *name;

	while (discovery->source(count, &name) != NULL)
		count++;
	return count;
}

void doveadm_seal_find_sources_open(
	struct doveadm_seal_find_sources **_sources,
	const struct discovery_interface *discovery,
	const struct mail_seal_settings *set, const char *const *names,
	unsigned int timeout_secs)
{
	struct doveadm_seal_find_sources *sources;
	pool_t pool = pool_alloconly_create("doveadm seal sources", 1024);
	const char *ldap_problem;

	sources = p_new(pool, struct doveadm_seal_find_sources, 1);
	sources->pool = pool;
	sources->discovery = discovery;
	settings_get(set, timeout_secs, pool, &sources->set, &ldap_problem);
	if (*_sources != NULL &&
	    settings_equal(&sources->set, &(*_sources)->set)) {
		pool_unref(&pool);
		return;
	}
	doveadm_seal_find_sources_close(_sources);
	sources->list = p_new(pool, struct doveadm_seal_find_source,
			      names != NULL ? str_array_length(names) :
			      count_sources(discovery));
	if (names == NULL)
		sources_add_wanted(sources, NULL, ldap_problem);
	for (; names != NULL && *names != NULL; names++)
		sources_add_wanted(sources, *names, ldap_problem);
	*_sources = sources;
}

void doveadm_seal_find_sources_close(
	struct doveadm_seal_find_sources **_sources)
{
	struct doveadm_seal_find_sources *sources = *_sources;
	pool_t pool;

	*_sources = NULL;
	if (sources == NULL)
		return;
	for (unsigned int i = 0; i < sources->count; i++) {
		if (sources->list[i].state != NULL)
			sources->list[i].source->close(sources->list[i].state);
	}
	pool = sources->pool;
	pool_unref(&pool);
}

/* Reads the administrator's files as root. */
static bool
source_open(const struct doveadm_seal_find_sources *sources,
	    struct doveadm_seal_find_source *source)
{
	char *error = NULL;
	uid_t uid;

	if (source->state != NULL || source->problem != NULL)
		return source->problem == NULL;
	uid = doveadm_seal_root_begin();
	source->state = source->source->open(&sources->set, &error);
	doveadm_seal_root_end(uid);
	if (source->state != NULL)
		return TRUE;
	source->problem = p_strdup(sources->pool, error);
	/* GLib's memory is libc's */
	free(error);
	return FALSE;
}

/*
 * Asking
 */

static void
answer_nothing(enum discovery_result result, const char *where,
	       const char *note, struct doveadm_seal_find_answer *answer_r)
{
	answer_r->result = result;
	answer_r->data = t_buffer_create(1);
	answer_r->where = where;
	answer_r->note = note;
}

static void
ask_address(const struct doveadm_seal_find_sources *sources,
	    const struct doveadm_seal_find_source *source,
	    const struct discovery_address *address,
	    struct doveadm_seal_find_answer *answer_r)
{
	struct discovery_answer *answer = sources->discovery->answer_new();
	buffer_t *data;
	uid_t uid = (uid_t)-1;

	if (source->source->is_proven)
		uid = doveadm_seal_root_begin();
	source->source->find(source->state, address->local_part,
			     address->domain, answer);
	doveadm_seal_root_end(uid);
	data = t_buffer_create(answer->data->len + 1);
	buffer_append(data, answer->data->data, answer->data->len);
	answer_r->result = answer->result;
	answer_r->data = data;
	answer_r->where = t_strdup(answer->where->str);
	answer_r->note = t_strdup(answer->note->str);
	answer_r->must_be_said = answer->result == DISCOVERY_UNKNOWN ||
		answer->result == DISCOVERY_TIMEOUT;
	sources->discovery->answer_free(answer);
}

static void
ask_unless_skipped(const struct doveadm_seal_find_sources *sources,
		   const struct doveadm_seal_find_source *source,
		   const struct discovery_address *address,
		   struct doveadm_seal_find_answer *answer_r)
{
	if (is_skipped(source->name, address->domain)) {
		answer_nothing(DISCOVERY_UNKNOWN, t_strdup(address->domain),
			       "skipped: it didn't answer in time before",
			       answer_r);
		return;
	}
	ask_address(sources, source, address, answer_r);
	if (answer_r->result == DISCOVERY_TIMEOUT)
		skip(source->name, address->domain);
}

void doveadm_seal_find_ask(const struct doveadm_seal_find_sources *sources,
			   struct doveadm_seal_find_source *source,
			   const char *address,
			   struct doveadm_seal_find_answer *answer_r)
{
	struct discovery_address parsed;

	i_zero(answer_r);
	if (!source_open(sources, source)) {
		answer_nothing(DISCOVERY_UNKNOWN, "",
			       t_strdup(source->problem), answer_r);
		answer_r->must_be_said = !source->said;
		source->said = TRUE;
	} else if (!sources->discovery->address_parse(address, &parsed)) {
		answer_nothing(DISCOVERY_NONE, t_strdup(address),
			       "it isn't an address on the Internet",
			       answer_r);
	} else {
		ask_unless_skipped(sources, source, &parsed, answer_r);
		sources->discovery->address_clear(&parsed);
	}
}
