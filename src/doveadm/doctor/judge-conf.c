/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Judges lists of plugins and other settings. */

#include "lib.h"
#include "array.h"
#include "conf.h"
#include "judge.h"

#include <ctype.h>

#define PLUGIN "mail_seal"

/*
 * Plugins
 */

bool doctor_has_plugin(const char *const *list)
{
	for (; *list != NULL; list++) {
		if (strcmp(*list, PLUGIN) == 0)
			return TRUE;
	}
	return FALSE;
}

/* doveadm stores mail, too; but what one sees first is that the commands
   fail. */
static const char *what_happens(const char *protocol)
{
	if (strcmp(protocol, "doveadm") == 0)
		return "the commands of doveadm seal can't work, and what "
			"doveadm stores isn't sealed";
	return "what it stores isn't sealed";
}

void doctor_judge_plugins(struct doctor_findings *findings,
			  const struct doctor_plugins *plugins)
{
	const char *const *list = plugins->users != NULL ? plugins->users :
		plugins->everybodys;

	if (doctor_has_plugin(list)) {
		doctor_ok(findings, "plugin", "Protocol %s has "PLUGIN,
			  plugins->protocol);
	} else if (plugins->users != NULL &&
		   doctor_has_plugin(plugins->everybodys)) {
		doctor_bad(findings, DOCTOR_ERROR, "plugin",
			   "Take mail_plugins out of the user's userdb fields, "
			   "or add "PLUGIN" to it",
			   "A userdb field takes "PLUGIN" away from protocol "
			   "%s: %s", plugins->protocol,
			   what_happens(plugins->protocol));
	} else {
		doctor_bad(findings, DOCTOR_ERROR, "plugin",
			   t_strdup_printf("Add "PLUGIN" to mail_plugins, and "
					   "in protocol %s don't leave the "
					   "global ones out",
					   plugins->protocol),
			   "The mail_plugins of protocol %s lack "PLUGIN": %s",
			   plugins->protocol, what_happens(plugins->protocol));
	}
}

static void
list_add_words(ARRAY_TYPE(const_string) *list, const char *words)
{
	const char *const *word = t_strsplit_spaces(words, ", ");

	for (; *word != NULL; word++)
		doctor_list_set(list, *word, TRUE);
}

/* "mail_plugins=a b"; "mail_plugins+=c"; "mail_plugins/c=no" (2.4) */
static bool
apply_field(ARRAY_TYPE(const_string) *list, const char *field)
{
	static const char name[] = "mail_plugins";
	const char *value = strchr(field, '=');

	if (strncmp(field, name, strlen(name)) != 0)
		return FALSE;
	field += strlen(name);
	/* a field without a value is "yes" */
	if (*field == '/' && value == NULL)
		doctor_list_set(list, field + 1, TRUE);
	else if (*field == '/') {
		doctor_list_set(list, t_strdup_until(field + 1, value),
				strcmp(value + 1, "no") != 0);
	} else if (*field == '=') {
		array_clear(list);
		list_add_words(list, value + 1);
	} else if (*field == '\0') {
		/* Dovecot takes it for the name of a plugin. */
		array_clear(list);
		list_add_words(list, "yes");
	} else if (*field == '+' && field + 1 == value)
		list_add_words(list, value + 1);
	else
		return FALSE;
	return TRUE;
}

const char *const *
doctor_plugins_of_user(const char *const *everybodys,
		       const char *const *fields)
{
	ARRAY_TYPE(const_string) list;
	bool changed = FALSE;

	t_array_init(&list, 16);
	for (; *everybodys != NULL; everybodys++)
		array_push_back(&list, everybodys);
	for (; *fields != NULL; fields++) {
		if (apply_field(&list, *fields))
			changed = TRUE;
	}
	array_append_zero(&list);
	return changed ? array_front(&list) : NULL;
}

/*
 * Raw logs
 */

static bool has_end(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* rawlog_dir, lmtp_rawlog_dir, imapc_rawlog_dir ...; the program rawlog in
   front of another; what Sieve writes of its work */
static bool is_raw_log(const char *name, const char *value)
{
	/* what a protocol has of its own is there as everybody's, too */
	if (*value == '\0' || strncmp(name, "protocol ", strlen("protocol ")) == 0)
		return FALSE;
	/* of Dovecot's statistics: no mail */
	if (has_end(name, "stats_http_rawlog_dir"))
		return FALSE;
	if (has_end(name, "rawlog_dir") || has_end(name, "sieve_trace_dir"))
		return TRUE;
	return strncmp(name, "service ", strlen("service ")) == 0 &&
		has_end(name, "/executable") && strstr(value, "rawlog") != NULL;
}

static void
raw_log_found(struct doctor_findings *findings, const char *name,
	      const char *value)
{
	doctor_bad(findings, DOCTOR_WARNING, "raw-logs",
		   "Take the setting away, and remove what was written",
		   "Plaintext is written to files: %s = %s", name, value);
}

static bool
judge_raw_logs_of(struct doctor_findings *findings,
		  const struct doctor_conf *conf)
{
	bool any = FALSE;

	for (unsigned int i = 0; i < doctor_conf_count(conf); i++) {
		const char *name, *value;

		doctor_conf_get_idx(conf, i, &name, &value);
		if (!is_raw_log(name, value))
			continue;
		any = TRUE;
		raw_log_found(findings, name, value);
	}
	return any;
}

void doctor_judge_raw_log_fields(struct doctor_findings *findings,
				 const char *const *fields)
{
	for (; *fields != NULL; fields++) {
		const char *value = strchr(*fields, '=');
		const char *name;

		if (value == NULL)
			continue;
		name = t_strdup_until(*fields, value);
		if (is_raw_log(name, value + 1))
			raw_log_found(findings, name, value + 1);
	}
}

void doctor_judge_raw_logs(struct doctor_findings *findings,
			   const struct doctor_conf *const *confs)
{
	bool any = FALSE;

	for (; *confs != NULL; confs++) {
		if (judge_raw_logs_of(findings, *confs))
			any = TRUE;
	}
	if (!any)
		doctor_ok(findings, "raw-logs", "No raw logs are configured");
}

/*
 * Names of users
 */

/* 2.3: %Lu, %5.8Ln; 2.4: %{user | lower} */
static bool is_lowering(const char *format)
{
	const char *pos = format;

	if (strstr(format, "lower") != NULL)
		return TRUE;
	while ((pos = strchr(pos, '%')) != NULL) {
		pos++;
		while (*pos == '-' || *pos == '.' || i_isdigit(*pos))
			pos++;
		for (; i_isupper(*pos); pos++) {
			if (*pos == 'L')
				return TRUE;
		}
	}
	return FALSE;
}

/* %n without %d, %{user | username} without the domain */
static bool is_without_domain(const char *format)
{
	bool local_part = FALSE;

	if (strstr(format, "domain") != NULL)
		return FALSE;
	if (strstr(format, "username") != NULL)
		local_part = TRUE;
	for (const char *pos = format; (pos = strchr(pos, '%')) != NULL;) {
		pos++;
		while (*pos == '-' || *pos == '.' || i_isdigit(*pos) ||
		       i_isupper(*pos))
			pos++;
		if (*pos == 'd')
			return FALSE;
		if (*pos == 'n')
			local_part = TRUE;
	}
	return local_part;
}

static bool is_bare_user(const char *addresses)
{
	return addresses == NULL || strcmp(addresses, "%u") == 0 ||
		strcmp(addresses, "%{user}") == 0;
}

void doctor_judge_user_names(struct doctor_findings *findings,
			     const char *format, const char *addresses)
{
	static const char check[] = "auth_username_format";

	if (!is_lowering(format)) {
		doctor_bad(findings, DOCTOR_WARNING, check,
			   "Let it make lower case of the name (%Lu; in 2.4 "
			   "%{user | lower})",
			   "Alice and alice can be two users with two homes, "
			   "and one certificate: auth_username_format is "
			   "\"%s\"", format);
	} else if (is_without_domain(format) && is_bare_user(addresses)) {
		doctor_bad(findings, DOCTOR_WARNING, check,
			   "Set mail_seal_addresses, as in %n@example.org (in "
			   "2.4 %{user | username}@example.org)",
			   "Users' names have no domain, so whose certificate "
			   "it is can't be checked: auth_username_format is "
			   "\"%s\"", format);
	} else {
		doctor_ok(findings, check, "auth_username_format is \"%s\"",
			  format);
	}
}
