/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The settings for those who enrol: nothing that is saved depends on them. */

#include "lib.h"
#include "array.h"
#include "net.h"
#include "dovecot-compat.h"
#include "owner-settings.h"
#include "settings-value.h"

#include <ctype.h>

/* a year */
#define ENROLMENT_SECS_MAX (366 * 24 * 60 * 60)
#define NOTICE_DAYS_MAX 3650

static int
parse_confirmation(const struct mail_seal_raw_settings *raw,
		   struct mail_seal_settings *set, const char **error_r)
{
	const char *error;

	if (parse_bool("confirm", raw->mail_seal_confirm, &set->confirm,
		       error_r) < 0)
		return -1;
	if (compat_parse_interval(raw->mail_seal_confirm_within,
				  &set->confirm_within_secs, &error) < 0 ||
	    set->confirm_within_secs == 0 ||
	    set->confirm_within_secs > ENROLMENT_SECS_MAX) {
		return bad_value("confirm_within",
				 raw->mail_seal_confirm_within,
				 "a time from 1s to 366days", error_r);
	}
	if (compat_parse_interval(raw->mail_seal_change_delay,
				  &set->change_delay_secs, &error) < 0 ||
	    set->change_delay_secs > ENROLMENT_SECS_MAX) {
		return bad_value("change_delay", raw->mail_seal_change_delay,
				 "a time up to 366days, or 0", error_r);
	}
	return 0;
}

static int compare_days(const unsigned int *days1, const unsigned int *days2)
{
	return *days1 > *days2 ? -1 : *days1 < *days2 ? 1 : 0;
}

static int
parse_notice_days(const char *value, pool_t pool,
		  struct mail_seal_settings *set, const char **error_r)
{
	const char *const *word =
		t_strsplit_spaces(strcmp(value, "none") == 0 ? "" : value,
				  ", \t\r\n");
	ARRAY(unsigned int) list;
	unsigned int days;

	p_array_init(&list, pool, 4);
	for (; *word != NULL; word++) {
		if (str_to_uint(*word, &days) < 0 || days == 0 ||
		    days > NOTICE_DAYS_MAX) {
			return bad_value("notice_days", *word, "a number of "
					 "days", error_r);
		}
		array_push_back(&list, &days);
	}
	array_sort(&list, compare_days);
	set->notice_days = array_get(&list, &set->notice_days_count);
	return 0;
}

/* It becomes a file name. */
static bool is_language(const char *language)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	return i_isalpha(*language) && strlen(language) <= 32 &&
		language[strspn(language, letters)] == '\0';
}

/* It becomes a header field's body: its rules are the writer's. */
static bool is_sender(const char *value)
{
	for (const char *pos = value; *pos != '\0'; pos++) {
		if (i_iscntrl(*pos))
			return FALSE;
	}
	return strchr(value, '@') != NULL;
}

static int
parse_notices(const struct mail_seal_raw_settings *raw, pool_t pool,
	      struct mail_seal_settings *set, const char **error_r)
{
	const char *from = raw->mail_seal_notice_from;

	if (parse_notice_days(raw->mail_seal_notice_days, pool, set,
			      error_r) < 0)
		return -1;
	if (*from != '\0' && !is_sender(from))
		return bad_value("notice_from", from, "an address", error_r);
	if (!is_language(raw->mail_seal_language)) {
		return bad_value("language", raw->mail_seal_language,
				 "a language, like \"en\"", error_r);
	}
	if (*raw->mail_seal_texts != '/') {
		return bad_value("texts", raw->mail_seal_texts,
				 "an absolute path", error_r);
	}
	set->notice_from = *from == '\0' ? NULL : p_strdup(pool, from);
	set->language = p_strdup(pool, raw->mail_seal_language);
	set->texts = p_strdup(pool, raw->mail_seal_texts);
	return 0;
}

/* "ADDRESS[@PORT]" */
static bool is_server(const char *word)
{
	const char *at = strchr(word, '@');
	struct ip_addr ip;
	in_port_t port;

	return net_addr2ip(at == NULL ? word : t_strdup_until(word, at),
			   &ip) == 0 &&
		(at == NULL || net_str2port(at + 1, &port) == 0);
}

static int
parse_servers(const char *value, pool_t pool, struct mail_seal_settings *set,
	      const char **error_r)
{
	const char *const *words =
		t_strsplit_spaces(strcmp(value, "none") == 0 ? "" : value,
				  ", \t\r\n");

	for (const char *const *word = words; *word != NULL; word++) {
		if (!is_server(*word)) {
			return bad_value("dns_servers", *word, "an IP address "
					 "with or without @PORT", error_r);
		}
	}
	set->dns_servers = p_strdup(pool, t_strarray_join(words, " "));
	return 0;
}

static int
parse_path(const char *name, const char *value, pool_t pool,
	   const char **path_r, const char **error_r)
{
	/* the word for an empty value, see parse_sources() */
	if (strcmp(value, "none") == 0)
		value = "";
	if (*value != '\0' && *value != '/')
		return bad_value(name, value, "an absolute path", error_r);
	*path_r = p_strdup(pool, value);
	return 0;
}

static int
parse_discovery(const struct mail_seal_raw_settings *raw, pool_t pool,
		struct mail_seal_settings *set, const char **error_r)
{
	return parse_path("dns_trust_anchor", raw->mail_seal_dns_trust_anchor,
			  pool, &set->dns_trust_anchor, error_r) < 0 ||
		parse_servers(raw->mail_seal_dns_servers, pool, set,
			      error_r) < 0 ||
		parse_path("ldap_config", raw->mail_seal_ldap_config, pool,
			   &set->ldap_config, error_r) < 0 ||
		parse_path("wkd_dir", raw->mail_seal_wkd_dir, pool,
			   &set->wkd_dir, error_r) < 0 ? -1 : 0;
}

/* The value stands for itself until somebody wants to enrol: mail doesn't wait
   for it. */
static const char *parse_addresses(const char *value, pool_t pool)
{
	/* the word for an empty value, see parse_sources() */
	return *value == '\0' || strcmp(value, "none") == 0 ? NULL :
		p_strdup(pool, value);
}

int mail_seal_settings_parse_enrolment(const struct mail_seal_raw_settings *raw,
				       pool_t pool,
				       struct mail_seal_settings *set,
				       const char **error_r)
{
	const char *mailbox = raw->mail_seal_keys_mailbox;

	set->addresses = parse_addresses(raw->mail_seal_addresses, pool);
	/* nothing that is in there would be sealed */
	if (strcasecmp(mailbox, "INBOX") == 0) {
		return bad_value("keys_mailbox", mailbox,
				 "another mailbox than INBOX", error_r);
	}
	/* the word for an empty value, see parse_sources() */
	if (*mailbox != '\0' && strcmp(mailbox, "none") != 0)
		set->keys_mailbox = p_strdup(pool, mailbox);
	return parse_bool("imap_enrolment", raw->mail_seal_imap_enrolment,
			  &set->imap_enrolment, error_r) < 0 ||
		parse_confirmation(raw, set, error_r) < 0 ||
		parse_notices(raw, pool, set, error_r) < 0 ? -1 :
		parse_discovery(raw, pool, set, error_r);
}
