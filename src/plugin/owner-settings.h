/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_SETTINGS_H
#define MAIL_SEAL_SETTINGS_H

struct mail_user;
struct mailbox;

/* The home of a user who has none: there can never be anything below it. */
#define MAIL_SEAL_NO_HOME "/dev/null"

/* Each setting once: its name without "mail_seal_", and its default as it is
   written in 2.3 and in 2.4. To add one, add it here and parse it in
   owner-settings.c. */
#define MAIL_SEAL_SETTINGS(SETTING) \
	SETTING(keys, "file:%h/.mail-seal/keys", \
		"file:%{home}/.mail-seal/keys") \
	SETTING(key_cache, "2s", "2s") \
	SETTING(recipients, "%u", "%{user}") \
	SETTING(extra_keys, "", "") \
	SETTING(missing_key, "store", "store") \
	SETTING(unusable_key, "tempfail", "tempfail") \
	SETTING(public, "", "") \
	SETTING(group_unusable, "skip", "skip") \
	SETTING(exclude, "", "") \
	SETTING(protect_headers, "", "") \
	SETTING(compress, "no", "no") \
	SETTING(min_rsa_bits, "2048", "2048") \
	SETTING(smime_rsa, "pkcs1", "pkcs1") \
	SETTING(timeout, "60s", "60s") \
	SETTING(openpgp_engine, "auto", "auto") \
	SETTING(addresses, "%u", "%{user}") \
	SETTING(imap_enrolment, "yes", "yes") \
	SETTING(keys_mailbox, "", "") \
	SETTING(confirm, "yes", "yes") \
	SETTING(confirm_within, "14days", "14days") \
	SETTING(change_delay, "0", "0") \
	SETTING(notice_days, "30 7 1", "30 7 1") \
	SETTING(notice_from, "", "") \
	SETTING(language, "en", "en") \
	SETTING(texts, MAIL_SEAL_TEXTS, MAIL_SEAL_TEXTS) \
	SETTING(dns_trust_anchor, "/usr/share/dns/root.key", \
		"/usr/share/dns/root.key") \
	SETTING(dns_servers, "", "") \
	SETTING(ldap_config, "", "") \
	SETTING(wkd_dir, "", "")

/* The values as they are written, variables expanded. */
struct mail_seal_raw_settings {
	pool_t pool;
#define MAIL_SEAL_RAW_FIELD(name, default23, default24) \
	const char *mail_seal_##name;
	MAIL_SEAL_SETTINGS(MAIL_SEAL_RAW_FIELD)
#undef MAIL_SEAL_RAW_FIELD
};

/* What to do with a message that can't be sealed */
enum mail_seal_fallback {
	MAIL_SEAL_STORE,
	MAIL_SEAL_TEMPFAIL
};

/* Each kind of source once: its word in mail_seal_keys ("file:..."), its name
   in C, and whether what follows is a path. To add one, add it here, and a
   struct mail_seal_source_kind (source.h). */
#define MAIL_SEAL_SOURCES(SOURCE) \
	SOURCE("file", file, TRUE) \
	SOURCE("gnupg", gnupg, TRUE) \
	SOURCE("dict", dict, FALSE) \
	SOURCE("dict-ro", dict_ro, FALSE)

enum mail_seal_source_type {
#define MAIL_SEAL_SOURCE_TYPE(word, name, has_path) MAIL_SEAL_SOURCE_##name,
	MAIL_SEAL_SOURCES(MAIL_SEAL_SOURCE_TYPE)
#undef MAIL_SEAL_SOURCE_TYPE
	MAIL_SEAL_SOURCE_COUNT
};

struct mail_seal_source {
	enum mail_seal_source_type type;
	/* of a dict: its URI, or its name on 2.4 */
	const char *path;
};

/* mail_seal_public gives mailboxes of public namespaces a source. */
struct mail_seal_group_pattern {
	const char *pattern;
	/* none: what it names isn't sealed */
	const struct mail_seal_source *sources;
	unsigned int source_count;
};

struct mail_seal_settings {
	/* whose they are; NULL only in tests */
	struct mail_user *user;
	/* tried in order; empty: leave this user alone */
	const struct mail_seal_source *sources;
	unsigned int source_count;
	/* how long a session may use what a dict said, 0 = not at all */
	unsigned int key_cache_secs;
	/* NULL-terminated */
	const char *const *recipients;
	/* NULL if there is none */
	const char *extra_keys;
	enum mail_seal_fallback missing_key;
	enum mail_seal_fallback unusable_key;
	/* what comes first is to be taken (group.h) */
	const struct mail_seal_group_pattern *public;
	unsigned int public_count;
	/* a member's certificate that can't be used is left out; FALSE: it
	   stops the group's mail */
	bool group_skips_unusable;
	/* If these are a group's: its name (group.h), by which dicts know it,
	   and by which it may have many certificates. Else NULL */
	const char *group;
	/* NULL-terminated; special-use flags begin with a backslash */
	const char *const *exclude;
	/* names of header fields, NULL-terminated; NULL if there are none */
	const char *const *protect_headers;
	bool compress;
	unsigned int min_rsa_bits;
	/* RSAES-OAEP instead of PKCS #1 v1.5 */
	bool smime_rsa_oaep;
	unsigned int timeout_secs;
	/* "auto" or "gpg" */
	const char *openpgp_engine;
	/* the owner's addresses as they are written, or NULL if none are to be
	   looked for; see mail_seal_settings_addresses() */
	const char *addresses;
	bool imap_enrolment;
	/* name of the mailbox into which owners put certificates, or NULL */
	const char *keys_mailbox;
	/* FALSE: what comes from the owner's side is active at once */
	bool confirm;
	unsigned int confirm_within_secs;
	/* 0: who can't use the old key can't change it */
	unsigned int change_delay_secs;
	/* how long before the expiry its owner is told: days, the longest time
	   first */
	const unsigned int *notice_days;
	unsigned int notice_days_count;
	/* sender of what we write, as in a header field; NULL if it isn't
	   configured */
	const char *notice_from;
	/* "en", "de-AT": can be a file name */
	const char *language;
	/* the folder of the texts */
	const char *texts;
	/* For "doveadm seal key find" (discovery.h). The trust anchor's file;
	   words as they are written; the LDAP settings' file; a folder. Empty:
	   there is none. */
	const char *dns_trust_anchor;
	const char *dns_servers;
	const char *ldap_config;
	const char *wkd_dir;
};

/* Checks the values. Returns 0, or -1 and a sentence that names the setting.
   What set_r points to is allocated from the pool. */
int mail_seal_settings_parse(const struct mail_seal_raw_settings *raw,
			     pool_t pool, struct mail_seal_settings *set_r,
			     const char **error_r);

/* Puts the values of userdb fields ("mail_seal_keys=...", NULL-terminated) in
   place of what was read. */
void mail_seal_settings_override(struct mail_seal_raw_settings *raw,
				 const char *const *fields);

/* Is the source somewhere among the files? */
bool mail_seal_source_has_path(const struct mail_seal_source *source);

/* If this userdb field is one of our settings, returns its name without
   "mail_seal_" and its value; else NULL. */
const char *mail_seal_settings_field(const char *field, const char **value_r);

/* Finds the owner's addresses, NULL-terminated and from the data stack: none
   if all that is known is a user name that isn't one. Returns 0, or -1 and a
   sentence. */
int mail_seal_settings_addresses(const struct mail_seal_settings *set,
				 const char *const **addresses_r,
				 const char **error_r);

/* Reads the user's settings, puts the fields, which may be NULL, in their
   place, and checks them. Returns 0 or -1 as above. The reader for this
   version of Dovecot is in settings-23.c or -24.c. */
int mail_seal_settings_get(struct mail_user *user, const char *const *fields,
			   pool_t pool, struct mail_seal_settings *set_r,
			   const char **error_r);


#endif
