/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What the settings' values mean, for all versions of Dovecot. */

#include "lib.h"
#include "array.h"
#include "str.h"
#include "strescape.h"
#include "mail-user.h"
#include "dovecot-compat.h"
#include "owner-settings.h"
#include "settings-value.h"

#define MIN_RSA_BITS_LOWEST 1024
#define TIMEOUT_SECS_MAX 3600
#define KEY_CACHE_SECS_MAX 60

/* Words are separated by spaces; one with spaces in it stands in quotes,
   where a backslash protects a quote. */
static const char *const *
split_words(pool_t pool, const char *value, const char **error_r)
{
	ARRAY_TYPE(const_string) words;

	p_array_init(&words, pool, 4);
	while (*(value += strspn(value, " \t\r\n")) != '\0') {
		const char *word;

		if (*value == '"') {
			value++;
			if (str_unescape_next(&value, &word) < 0) {
				*error_r = "a quote isn't closed";
				return NULL;
			}
		} else {
			size_t length = strcspn(value, " \t\r\n");

			word = t_strndup(value, length);
			value += length;
		}
		word = p_strdup(pool, word);
		array_push_back(&words, &word);
	}
	array_append_zero(&words);
	return array_front(&words);
}

static int
parse_words(const char *name, const char *value, pool_t pool,
	    const char *const **words_r, const char **error_r)
{
	const char *error;

	*words_r = split_words(pool, value, &error);
	if (*words_r != NULL)
		return 0;
	*error_r = t_strdup_printf("mail_seal_%s: %s in \"%s\"", name, error,
				   value);
	return -1;
}

int mail_seal_settings_parse_words(const char *name, const char *value,
				   pool_t pool, const char *const **words_r,
				   const char **error_r)
{
	return parse_words(name, value, pool, words_r, error_r);
}

static const char *commas_to_spaces(const char *value)
{
	return t_strarray_join(t_strsplit(value, ","), " ");
}

static const struct {
	const char *name;
	bool has_path;
} source_names[] = {
#define MAIL_SEAL_SOURCE_NAME(word, name, has_path) { word, has_path },
	MAIL_SEAL_SOURCES(MAIL_SEAL_SOURCE_NAME)
#undef MAIL_SEAL_SOURCE_NAME
};

bool mail_seal_settings_is_source(const char *text)
{
	for (unsigned int i = 0; i < N_ELEMENTS(source_names); i++) {
		size_t length = strlen(source_names[i].name);

		if (strncmp(text, source_names[i].name, length) == 0 &&
		    text[length] == ':')
			return TRUE;
	}
	return FALSE;
}

int mail_seal_settings_parse_source(const char *name, const char *word,
				    struct mail_seal_source *source_r,
				    const char **error_r)
{
	const char *value = strchr(word, ':');
	const char *kind = value == NULL ? "" : t_strdup_until(word, value++);

	for (unsigned int i = 0; i < N_ELEMENTS(source_names); i++) {
		if (strcmp(kind, source_names[i].name) != 0)
			continue;
		if (source_names[i].has_path && *value != '/') {
			return bad_value(name, word, "a source with an "
					 "absolute path", error_r);
		}
		source_r->type = i;
		source_r->path = value;
		if (*value != '\0')
			return 0;
	}
	return bad_value(name, word, "file:PATH, gnupg:PATH, dict:DICT or "
			 "dict-ro:DICT", error_r);
}

bool mail_seal_source_has_path(const struct mail_seal_source *source)
{
	return source_names[source->type].has_path;
}

static int
parse_sources(const char *value, pool_t pool,
	      struct mail_seal_settings *set, const char **error_r)
{
	const char *const *words;
	struct mail_seal_source *sources;
	unsigned int count;

	/* 2.3 reads an empty userdb field as "yes", so there is a word for
	   it. */
	if (strcmp(value, "none") == 0)
		return 0;
	if (parse_words("keys", value, pool, &words, error_r) < 0)
		return -1;
	count = str_array_length(words);
	sources = p_new(pool, struct mail_seal_source, count + 1);
	for (unsigned int i = 0; i < count; i++) {
		if (mail_seal_settings_parse_source("keys", words[i],
						    &sources[i], error_r) < 0)
			return -1;
	}
	set->sources = sources;
	set->source_count = count;
	return 0;
}

static int
parse_fallback(const char *name, const char *value,
	       enum mail_seal_fallback *fallback_r, const char **error_r)
{
	if (strcmp(value, "store") == 0)
		*fallback_r = MAIL_SEAL_STORE;
	else if (strcmp(value, "tempfail") == 0)
		*fallback_r = MAIL_SEAL_TEMPFAIL;
	else
		return bad_value(name, value, "\"store\" or \"tempfail\"",
				 error_r);
	return 0;
}

static int
parse_smime_rsa(const char *value, bool *oaep_r, const char **error_r)
{
	*oaep_r = strcmp(value, "oaep") == 0;
	if (!*oaep_r && strcmp(value, "pkcs1") != 0) {
		return bad_value("smime_rsa", value, "\"pkcs1\" or \"oaep\"",
				 error_r);
	}
	return 0;
}

static int
parse_openpgp_engine(const char *value, const char **engine_r,
		     const char **error_r)
{
	static const char *const engines[] = { "auto", "gpg" };

	for (unsigned int i = 0; i < N_ELEMENTS(engines); i++) {
		if (strcmp(value, engines[i]) == 0) {
			*engine_r = engines[i];
			return 0;
		}
	}
	return bad_value("openpgp_engine", value, "\"auto\" or \"gpg\"",
			 error_r);
}

static int
parse_numbers(const struct mail_seal_raw_settings *raw,
	      struct mail_seal_settings *set, const char **error_r)
{
	const char *error;

	if (str_to_uint(raw->mail_seal_min_rsa_bits, &set->min_rsa_bits) < 0 ||
	    set->min_rsa_bits < MIN_RSA_BITS_LOWEST) {
		return bad_value("min_rsa_bits", raw->mail_seal_min_rsa_bits,
				 "a number of bits from 1024", error_r);
	}
	if (compat_parse_interval(raw->mail_seal_timeout, &set->timeout_secs,
				  &error) < 0 ||
	    set->timeout_secs == 0 || set->timeout_secs > TIMEOUT_SECS_MAX) {
		return bad_value("timeout", raw->mail_seal_timeout,
				 "a time from 1s to 1h", error_r);
	}
	if (compat_parse_interval(raw->mail_seal_key_cache,
				  &set->key_cache_secs, &error) < 0 ||
	    set->key_cache_secs > KEY_CACHE_SECS_MAX) {
		return bad_value("key_cache", raw->mail_seal_key_cache,
				 "a time up to 1min, or 0", error_r);
	}
	return 0;
}

static int
parse_exclude(const char *value, pool_t pool,
	      struct mail_seal_settings *set, const char **error_r)
{
	if (parse_words("exclude", value, pool, &set->exclude, error_r) < 0)
		return -1;
	for (const char *const *word = set->exclude; *word != NULL; word++) {
		if (**word == '\0' || strcmp(*word, "\\") == 0) {
			return bad_value("exclude", *word, "a special-use "
				"flag or a pattern of mailbox names", error_r);
		}
	}
	return 0;
}

/* What delivery, threads, DKIM and the clients' own decoding need outside.
   Names that end in "-" stand for all that begin so. */
static const char *const readable_fields[] = {
	"From", "To", "Cc", "Date", "Message-ID", "Reply-To", "In-Reply-To",
	"References", "Thread-Index", "Sender", "Resent-", "Received",
	"Return-Path", "Delivered-To", "Envelope-To", "X-Original-To",
	"Authentication-Results", "Received-SPF", "DKIM-Signature",
	"DomainKey-Signature", "ARC-", "MIME-Version", "Content-", "HP-Outer",
	"X-Mail-Seal"
};

static bool field_must_be_readable(const char *field)
{
	for (unsigned int i = 0; i < N_ELEMENTS(readable_fields); i++) {
		const char *name = readable_fields[i];
		size_t length = strlen(name);

		if (name[length - 1] == '-' ?
		    strncasecmp(field, name, length) == 0 :
		    strcasecmp(field, name) == 0)
			return TRUE;
	}
	return FALSE;
}

/* RFC 5322 section 3.6.8, ftext */
static bool is_field_name(const char *name)
{
	if (*name == '\0')
		return FALSE;
	for (; *name != '\0'; name++) {
		if (*name <= 32 || *name >= 127 || *name == ':')
			return FALSE;
	}
	return TRUE;
}

static int
parse_protect_headers(const char *value, pool_t pool,
		      struct mail_seal_settings *set, const char **error_r)
{
	const char *const *field;

	if (parse_words("protect_headers", value, pool, &set->protect_headers,
			error_r) < 0)
		return -1;
	for (field = set->protect_headers; *field != NULL; field++) {
		if (!is_field_name(*field)) {
			return bad_value("protect_headers", *field,
					 "the name of a header field",
					 error_r);
		}
		if (field_must_be_readable(*field)) {
			return bad_value("protect_headers", *field,
				"a header field that can be hidden: delivery, "
				"threads or signatures need it", error_r);
		}
	}
	if (*set->protect_headers == NULL)
		set->protect_headers = NULL;
	return 0;
}

int mail_seal_settings_addresses(const struct mail_seal_settings *set,
				 const char *const **addresses_r,
				 const char **error_r)
{
	const char *user = set->user == NULL ? "" : set->user->username;
	const char *const only[] = { user, NULL };
	const char *const *word, *at;
	ARRAY_TYPE(const_string) addresses;

	/* The default is one word: a user name may have spaces. */
	word = strcmp(set->addresses, user) == 0 ? only :
		t_strsplit_spaces(set->addresses, ", \t\r\n");
	t_array_init(&addresses, 4);
	for (; *word != NULL; word++) {
		at = strrchr(*word, '@');
		if (at != NULL && at != *word && at[1] != '\0') {
			array_push_back(&addresses, word);
		} else if (strcmp(*word, user) != 0) {
			return bad_value("addresses", *word, "an address",
					 error_r);
		}
	}
	array_append_zero(&addresses);
	*addresses_r = array_front(&addresses);
	return 0;
}

int mail_seal_settings_parse(const struct mail_seal_raw_settings *raw,
			     pool_t pool, struct mail_seal_settings *set_r,
			     const char **error_r)
{
	i_zero(set_r);
	if (parse_sources(raw->mail_seal_keys, pool, set_r, error_r) < 0 ||
	    parse_words("recipients", commas_to_spaces(
				raw->mail_seal_recipients), pool,
			&set_r->recipients, error_r) < 0 ||
	    parse_fallback("missing_key", raw->mail_seal_missing_key,
			   &set_r->missing_key, error_r) < 0 ||
	    parse_fallback("unusable_key", raw->mail_seal_unusable_key,
			   &set_r->unusable_key, error_r) < 0 ||
	    parse_exclude(raw->mail_seal_exclude, pool, set_r, error_r) < 0 ||
	    parse_protect_headers(commas_to_spaces(
					raw->mail_seal_protect_headers),
				  pool, set_r, error_r) < 0 ||
	    parse_bool("compress", raw->mail_seal_compress, &set_r->compress,
		       error_r) < 0 ||
	    parse_smime_rsa(raw->mail_seal_smime_rsa, &set_r->smime_rsa_oaep,
			    error_r) < 0 ||
	    parse_openpgp_engine(raw->mail_seal_openpgp_engine,
				 &set_r->openpgp_engine, error_r) < 0 ||
	    parse_numbers(raw, set_r, error_r) < 0 ||
	    mail_seal_settings_parse_groups(raw, pool, set_r, error_r) < 0 ||
	    mail_seal_settings_parse_enrolment(raw, pool, set_r, error_r) < 0)
		return -1;
	if (*raw->mail_seal_extra_keys != '\0') {
		if (*raw->mail_seal_extra_keys != '/') {
			return bad_value("extra_keys",
					 raw->mail_seal_extra_keys,
					 "an absolute path", error_r);
		}
		set_r->extra_keys = p_strdup(pool, raw->mail_seal_extra_keys);
	}
	return 0;
}

static bool
field_is(const char *field, const char *name, const char **value_r)
{
	size_t length = strlen(name);

	if (strncmp(field, name, length) != 0)
		return FALSE;
	switch (field[length]) {
	case '\0':
		/* how Dovecot reads a field without a value */
		*value_r = "yes";
		return TRUE;
	case '=':
		*value_r = field + length + 1;
		return TRUE;
	default:
		return FALSE;
	}
}

const char *mail_seal_settings_field(const char *field, const char **value_r)
{
	/* 2.3 takes the longer form as well */
	if (strncmp(field, "plugin/", 7) == 0)
		field += 7;
#define MAIL_SEAL_FIELD(name, default23, default24) \
	if (field_is(field, "mail_seal_"#name, value_r)) \
		return #name;
	MAIL_SEAL_SETTINGS(MAIL_SEAL_FIELD)
#undef MAIL_SEAL_FIELD
	return NULL;
}

void mail_seal_settings_override(struct mail_seal_raw_settings *raw,
				 const char *const *fields)
{
	const char *name, *value;

	for (; *fields != NULL; fields++) {
		name = mail_seal_settings_field(*fields, &value);
		if (name == NULL)
			continue;
#define MAIL_SEAL_OVERRIDE(setting, default23, default24) \
		if (strcmp(name, #setting) == 0) \
			raw->mail_seal_##setting = value;
		MAIL_SEAL_SETTINGS(MAIL_SEAL_OVERRIDE)
#undef MAIL_SEAL_OVERRIDE
	}
}
