/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_CORE_H
#define MAIL_SEAL_CORE_H

#include "../plugin/owner-settings.h"
#include "../seal/seal-error.h"

struct istream;
struct mail_seal_recipients;

/* The size of a message, in bytes, that find_certificate() doesn't look at */
#define MAIL_SEAL_FIND_TOO_LARGE (4*1024*1024 + 1)

/* What there is to tell of a certificate */
struct mail_seal_certificate {
	/* "OpenPGP" or "X.509" */
	const char *kind;
	const char *fingerprint;
	/* of the primary key and of those that encrypt: "ed25519+cv25519" */
	const char *algorithm;
	/* NULL-terminated, without control characters */
	const char *const *names;
	time_t created;
	/* 0 = never */
	time_t expires;
	/* why it can't be used, half a sentence, or NULL */
	const char *problem;
};

/* One certificate of a key file, which no judge has seen */
struct mail_seal_certificate_text {
	/* as above */
	const char *kind, *fingerprint;
	/* armor or PEM, whole lines: the same for copies that say the same */
	const char *text;
};

/* A certificate as it is to be shown to who asks for one address */
struct mail_seal_exported {
	bool x509;
	const char *fingerprint;
	/* in binary form */
	const void *data;
	size_t size;
	/* why it can't be used, half a sentence, or NULL */
	const char *problem;
};

/* Of the key files of one owner */
struct mail_seal_contents {
	const buffer_t *certificates;
	/* mail_seal_extra_keys, or NULL */
	const buffer_t *extra;
};

/* All that needs src/seal. GMime, GPGME and OpenSSL are heavy to load, and
   most sessions save nothing; so this is a module of its own, loaded when it
   is first needed, and what it can do is in this one struct. */
struct mail_seal_core {
	/* MAIL_SEAL_BUILD, or nothing else may be used */
	const char *build;

	void (*deinit)(void);

	/* Appends to certificates those of the settings' recipients in a
	   GnuPG home. Returns 1, 0 if it has none, or -1. */
	int (*find_in_home)(const char *home,
			    const struct mail_seal_settings *set,
			    buffer_t *certificates, struct seal_error *error);

	/* Makes recipients of the owner's certificates and of the extra ones,
	   which may be NULL. Of the owner's, at least one must be usable; of
	   the extra ones, all that are of the owner's kind, and there must be
	   one. Returns NULL if they aren't: the text of
	   SEAL_ERROR_UNUSABLE_KEY is half a sentence.

	   facts is what the owner's state has of an earlier call, or NULL. If
	   it still holds, nobody is asked; else *new_facts_r is what should be
	   kept, from the data stack, and NULL otherwise. */
	struct mail_seal_recipients *
		(*recipients_new)(const buffer_t *certificates,
				  const buffer_t *extra_certificates,
				  const struct mail_seal_settings *set,
				  const char *facts, const char **new_facts_r,
				  struct seal_error *error);
	/* Makes recipients of certificates whose time is over, as of their
	   last second: for a message that only who had them is to read. */
	struct mail_seal_recipients *
		(*recipients_new_expired)(const buffer_t *certificates,
					  const struct mail_seal_settings *set,
					  struct seal_error *error);
	void (*recipients_ref)(struct mail_seal_recipients *recipients);
	void (*recipients_unref)(struct mail_seal_recipients **recipients);
	/* Returns the fingerprints of those that are the owner's, from the data
	   stack. */
	const char *const *(*recipients_fingerprints)(
		const struct mail_seal_recipients *recipients);
	/* Returns "FINGERPRINT: REASON" of the owner's that can't be used and
	   so are no recipients, from the data stack. */
	const char *const *(*recipients_left_out)(
		const struct mail_seal_recipients *recipients);

	/* Describes the certificates of a key file as they are at this time.
	   Returns 0, or -1 if they can't be read. The list is from the
	   pool. */
	int (*describe)(const buffer_t *content,
			const struct mail_seal_settings *set, time_t when,
			pool_t pool,
			const struct mail_seal_certificate **list_r,
			unsigned int *count_r, struct seal_error *error);
	/* The same of the owner's certificates now, without a trial, for who
	   goes through many owners: recipients_new() uses those that have no
	   problem. facts is what the owner's state has of
	   these contents, or NULL: if it still holds, nobody is asked. */
	int (*summarize)(const struct mail_seal_contents *contents,
			 const struct mail_seal_settings *set,
			 const char *facts, pool_t pool,
			 const struct mail_seal_certificate **list_r,
			 unsigned int *count_r, struct seal_error *error);
	/* Takes a key file's certificates apart, each once and in their order,
	   without asking whether they can be used. Returns 0, or -1 if one
	   can't be read. The list is from the pool. */
	int (*split)(const buffer_t *content,
		     const struct mail_seal_settings *set, pool_t pool,
		     const struct mail_seal_certificate_text **list_r,
		     unsigned int *count_r, struct seal_error *error);
	/* Finds those of the owner's certificates that are for this address, as
	   others should see them: of OpenPGP without user IDs that have
	   another. Those that aren't for anybody are there too, with that as
	   problem. facts as above. The list is from the pool; it can be
	   empty. */
	int (*export_for)(const struct mail_seal_contents *contents,
			  const struct mail_seal_settings *set,
			  const char *facts, const char *address, pool_t pool,
			  const struct mail_seal_exported **list_r,
			  unsigned int *count_r, struct seal_error *error);
	/* May this become an owner's key file? All of its certificates must
	   be usable, they must be few, and there may be no secret key beside
	   them. Returns 0, or -1 with half a sentence. */
	int (*check_enrolment)(const buffer_t *content,
			       const struct mail_seal_settings *set,
			       struct seal_error *error);
	/* Is each of these certificates for one of these addresses
	   (NULL-terminated)? Returns 1; 0 if one is for others only, and half
	   a sentence from the data stack that names it; or -1 if they can't be
	   read. One that has no address at all could be anybody's: then
	   *nobodys_r is TRUE. */
	int (*check_addresses)(const buffer_t *content,
			       const struct mail_seal_settings *set,
			       const char *const *addresses,
			       const char **reason_r, bool *nobodys_r,
			       struct seal_error *error);
	/* Puts armor around certificates in binary form, or in base64 that
	   has none; other text stays as it is. Returns 0, or -1 if it is
	   neither. */
	int (*to_text)(buffer_t *content, unsigned int timeout_secs,
		       struct seal_error *error);
	/* Somebody has published this for an address: which of it is a
	   certificate that the one of that address can be given? Appends, as
	   text, those that name the address and can be used. Those with these
	   fingerprints (NULL-terminated, or NULL) needn't be usable. Those
	   that are refused are left out: pairs of a fingerprint and why
	   (NULL-terminated). Returns
	   1; 0 if there is none, and half a sentence from the data stack; or
	   -1 if that couldn't be told. */
	int (*choose_published)(const buffer_t *content,
				const struct mail_seal_settings *set,
				const char *address,
				const char *const *known,
				const char *const *refused, buffer_t *text,
				const char **reason_r,
				struct seal_error *error);
	/* Is in the second what isn't in the first: other certificates, or the
	   same ones with another expiry, a new subkey, a revocation? The
	   first's fingerprints are given (NULL-terminated); it may be empty if
	   nothing else is known of it. Returns 1, 0 or -1. */
	int (*has_news)(const buffer_t *first, const char *const *fingerprints,
			const buffer_t *second,
			const struct mail_seal_settings *set,
			struct seal_error *error);
	/* Adds to certificates what is known of the same ones, and not in
	   them: they may be older copies. Who has it all stays as it is.
	   Returns 1; 0 if there is nothing in them that isn't known; or -1 if
	   one or the other can't be read. */
	int (*add_known)(buffer_t *content, const buffer_t *known,
			 const struct mail_seal_settings *set,
			 struct seal_error *error);
	/* Appends, as text, the one certificate that the message in the stream
	   has: in its Autocrypt field, its S/MIME signature, its text or an
	   attached file. Reads some megabytes at the most. Returns 0; or -1,
	   with half a sentence if there is none, or several. */
	int (*find_certificate)(struct istream *input,
				unsigned int timeout_secs,
				buffer_t *certificate,
				struct seal_error *error);

	/* Returns a stream that reads as the sealed form of input, or as
	   input itself if that is encrypted already. recipients may be NULL:
	   then it fails with this text if input isn't. protect_headers names
	   the header fields to hide, or is NULL. set is NULL only without
	   recipients. temp_prefix is for temporary files. */
	struct istream *
		(*istream_create)(struct istream *input,
				  const struct mail_seal_recipients *recipients,
				  const char *refusal,
				  const char *const *protect_headers,
				  const struct mail_seal_settings *set,
				  const char *temp_prefix);
	/* Has all of the sealed message been read from the stream? */
	bool (*istream_is_complete)(struct istream *stream);
	/* Returns the name of the engine that seals it, or NULL if none was
	   needed. */
	const char *(*istream_get_engine)(struct istream *stream);
	/* Returns why sealing failed, or NULL if it didn't. */
	const struct seal_error *(*istream_get_error)(struct istream *stream);

	/* Is the message in the stream encrypted already? Returns 1, 0, or -1
	   if the stream couldn't be read. Reads no more than it takes. */
	int (*is_encrypted)(struct istream *input);
};

/* Another name than before there was a build in it */
#define MAIL_SEAL_CORE_SYMBOL "mail_seal_core_interface"

/* Loads the core. Returns NULL with SEAL_ERROR_ENGINE if that fails. */
const struct mail_seal_core *mail_seal_core_get(struct seal_error *error);
/* Returns it if it is loaded. */
const struct mail_seal_core *mail_seal_core_get_loaded(void);
void mail_seal_core_unload(void);

/* Panics if a row of a struct of pointers, like the one above, is empty: what
   was forgotten shows when it is loaded, not at the first delivery. */
void mail_seal_interface_check(const void *interface, size_t size);

#endif
