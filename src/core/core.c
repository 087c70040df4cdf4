/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The module that is loaded when the first message is to be sealed: joins
   Dovecot's streams and buffers to src/seal. */

#include "lib.h"
#include "buffer.h"
#include "istream.h"
#include "build.h"
#include "../seal/backends.h"
#include "../seal/certificate/key-file.h"
#include "../seal/detect/detect.h"
#include "../seal/gnupg/keyring-home.h"
#include "istream-seal.h"
#include "enrolment.h"
#include "export.h"
#include "published.h"
#include "split.h"

#include <time.h>
#include <unistd.h>

struct mail_seal_recipients {
	unsigned int refcount;
	/* the owner's first */
	GPtrArray *certificates;
	unsigned int owner_count;
	/* "FINGERPRINT: REASON" of the owner's that can't be used */
	GPtrArray *left_out;
	/* at which time they are usable; 0 = now */
	time_t when;
};

static int
core_find_in_home(const char *home, const struct mail_seal_settings *set,
		    buffer_t *certificates, struct seal_error *error)
{
	GByteArray *found = g_byte_array_new();
	int ret;

	ret = gnupg_home_find(home, set->recipients, set->timeout_secs, found,
			      error);
	buffer_append(certificates, found->data, found->len);
	g_byte_array_unref(found);
	return ret;
}

/*
 * Recipients
 */

static void recipients_ref(struct mail_seal_recipients *recipients)
{
	recipients->refcount++;
}

static void recipients_unref(struct mail_seal_recipients **_recipients)
{
	struct mail_seal_recipients *recipients = *_recipients;

	if (recipients == NULL)
		return;
	*_recipients = NULL;
	if (--recipients->refcount > 0)
		return;
	g_ptr_array_unref(recipients->certificates);
	g_ptr_array_unref(recipients->left_out);
	i_free(recipients);
}

static void
recipients_add(struct mail_seal_recipients *recipients,
	       struct certificate *certificate)
{
	certificate_ref(certificate);
	g_ptr_array_add(recipients->certificates, certificate);
}

/* What gpg lists as usable isn't always what can be sealed to: that is known
   before a message comes, not with each one anew. */
static int
check_usable(struct certificate *certificate, time_t when,
	     const struct mail_seal_settings *set, struct seal_error *error)
{
	const char *reason;

	if (!certificate_is_usable(certificate, when, set->min_rsa_bits,
				   &reason)) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY, "%s", reason);
		return -1;
	}
	return backend_check(certificate, set->openpgp_engine, set->compress,
			     when, error);
}

/* The owner may have several: an old one that has expired beside its
   successor is no reason to refuse mail, one that can be used is enough. */
static int
recipients_add_owner(struct mail_seal_recipients *recipients,
		     const struct certificate_list *list, time_t when,
		     const struct mail_seal_settings *set,
		     struct seal_error *error)
{
	struct seal_error first_error = { .code = SEAL_ERROR_NONE };

	for (size_t i = 0; i < list->count; i++) {
		struct seal_error own_error = { .code = SEAL_ERROR_NONE };
		struct certificate *certificate = list->certificates[i];

		if ((certificate->roles & CERTIFICATE_OWNER) == 0)
			continue;
		if (check_usable(certificate, when, set, &own_error) == 0)
			recipients_add(recipients, certificate);
		else if (own_error.code != SEAL_ERROR_UNUSABLE_KEY) {
			*error = own_error;
			return -1;
		} else {
			if (first_error.code == SEAL_ERROR_NONE)
				first_error = own_error;
			g_ptr_array_add(recipients->left_out,
				g_strdup_printf("%s: %s",
						certificate->fingerprint,
						own_error.text));
		}
	}
	recipients->owner_count = recipients->certificates->len;
	if (recipients->owner_count > 0)
		return 0;
	*error = first_error;
	return -1;
}

/* One that is the owner's too is a recipient already. */
static int
recipients_add_extra(struct mail_seal_recipients *recipients,
		     const struct certificate_list *list,
		     const struct mail_seal_settings *set,
		     struct seal_error *error)
{
	struct seal_error extra_error = { .code = SEAL_ERROR_NONE };

	for (size_t i = 0; i < list->count; i++) {
		if ((list->certificates[i]->roles & CERTIFICATE_EXTRA) == 0)
			continue;
		if (check_usable(list->certificates[i], time(NULL), set,
				 &extra_error) < 0) {
			seal_error_set(error, extra_error.code,
				       "the recovery key: %s",
				       extra_error.text);
			return -1;
		}
		if ((list->certificates[i]->roles & CERTIFICATE_OWNER) == 0)
			recipients_add(recipients, list->certificates[i]);
	}
	return 0;
}

/* Returns what the judge says of all of them at once. */
static const struct certificate_list *
judge(const buffer_t *certificates, const buffer_t *extra_certificates,
      const struct mail_seal_settings *set, const char *facts,
      const char **new_facts_r, struct seal_error *error)
{
	const struct key_file_input inputs[] = {
		{ certificates->data, certificates->used, CERTIFICATE_OWNER },
		{ extra_certificates == NULL ? NULL : extra_certificates->data,
		  extra_certificates == NULL ? 0 : extra_certificates->used,
		  CERTIFICATE_EXTRA }
	};
	char *new_facts = NULL;
	const struct certificates_params params = {
		.timeout_secs = set->timeout_secs,
		.uid = geteuid(),
		.group = set->group != NULL,
		.known_facts = facts,
		.new_facts_r = &new_facts
	};
	const struct certificate_list *list;

	list = certificates_judge(inputs, extra_certificates == NULL ? 1 : 2,
				  &params, error);
	*new_facts_r = t_strdup(new_facts);
	g_free(new_facts);
	return list;
}

static struct mail_seal_recipients *recipients_alloc(time_t when)
{
	struct mail_seal_recipients *recipients =
		i_new(struct mail_seal_recipients, 1);

	recipients->refcount = 1;
	recipients->certificates = g_ptr_array_new_with_free_func(
		(GDestroyNotify)certificate_unref);
	recipients->left_out = g_ptr_array_new_with_free_func(g_free);
	recipients->when = when;
	return recipients;
}

static struct mail_seal_recipients *
recipients_new(const buffer_t *certificates,
	       const buffer_t *extra_certificates,
	       const struct mail_seal_settings *set, const char *facts,
	       const char **new_facts_r, struct seal_error *error)
{
	const struct certificate_list *list;
	struct mail_seal_recipients *recipients;

	list = judge(certificates, extra_certificates, set, facts,
		     new_facts_r, error);
	if (list == NULL)
		return NULL;
	recipients = recipients_alloc(0);
	if (recipients_add_owner(recipients, list, time(NULL), set,
				 error) < 0 ||
	    recipients_add_extra(recipients, list, set, error) < 0)
		recipients_unref(&recipients);
	return recipients;
}

static struct mail_seal_recipients *
recipients_new_expired(const buffer_t *certificates,
		       const struct mail_seal_settings *set,
		       struct seal_error *error)
{
	const time_t now = time(NULL);
	const struct certificate_list *list;
	struct mail_seal_recipients *recipients;
	const char *new_facts;
	time_t last = 0;

	list = judge(certificates, NULL, set, NULL, &new_facts, error);
	if (list == NULL)
		return NULL;
	for (size_t i = 0; i < list->count; i++) {
		time_t expires = certificate_expires(list->certificates[i]);

		if (expires <= now)
			last = MAX(last, expires);
	}
	if (last == 0) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "it hasn't expired");
		return NULL;
	}
	recipients = recipients_alloc(last - 1);
	if (recipients_add_owner(recipients, list, last - 1, set, error) < 0)
		recipients_unref(&recipients);
	return recipients;
}

static const char *const *
recipients_fingerprints(const struct mail_seal_recipients *recipients)
{
	const char **fingerprints =
		t_new(const char *, recipients->owner_count + 1);

	for (unsigned int i = 0; i < recipients->owner_count; i++) {
		const struct certificate *certificate =
			recipients->certificates->pdata[i];

		fingerprints[i] = t_strdup(certificate->fingerprint);
	}
	return fingerprints;
}

static const char *const *
recipients_left_out(const struct mail_seal_recipients *recipients)
{
	const GPtrArray *left_out = recipients->left_out;
	const char **problems = t_new(const char *, left_out->len + 1);

	for (unsigned int i = 0; i < left_out->len; i++)
		problems[i] = t_strdup(left_out->pdata[i]);
	return problems;
}

/*
 * Streams
 */

static struct istream *
core_istream_create(struct istream *input,
		      const struct mail_seal_recipients *recipients,
		      const char *refusal,
		      const char *const *protect_headers,
		      const struct mail_seal_settings *set,
		      const char *temp_prefix)
{
	struct seal_params params = { .refusal = refusal };

	if (recipients != NULL) {
		params.recipients = (struct certificate *const *)
			recipients->certificates->pdata;
		params.recipient_count = recipients->certificates->len;
		params.protect_headers = protect_headers;
		params.compress = set->compress;
		params.openpgp_engine = set->openpgp_engine;
		params.rsa_oaep = set->smime_rsa_oaep;
		params.timeout_secs = set->timeout_secs;
		params.when = recipients->when;
	}
	return i_stream_create_seal(input, &params, temp_prefix);
}

static int core_is_encrypted(struct istream *input)
{
	enum seal_verdict verdict = SEAL_VERDICT_OPEN;
	struct seal_detector *detector;
	const unsigned char *data;
	size_t size;

	seal_library_init();
	detector = seal_detector_new();
	while (verdict == SEAL_VERDICT_OPEN &&
	       i_stream_read_more(input, &data, &size) > 0) {
		verdict = seal_detector_push(detector, (const char *)data,
					     size);
		i_stream_skip(input, size);
	}
	if (verdict == SEAL_VERDICT_OPEN)
		verdict = seal_detector_finish(detector);
	seal_detector_free(&detector);
	if (input->stream_errno != 0)
		return -1;
	return verdict == SEAL_VERDICT_ENCRYPTED ? 1 : 0;
}

extern const struct mail_seal_core mail_seal_core_interface;
const struct mail_seal_core mail_seal_core_interface = {
	.build = MAIL_SEAL_BUILD,
	.deinit = seal_deinit,
	.find_in_home = core_find_in_home,
	.recipients_new = recipients_new,
	.recipients_new_expired = recipients_new_expired,
	.recipients_ref = recipients_ref,
	.recipients_unref = recipients_unref,
	.recipients_fingerprints = recipients_fingerprints,
	.recipients_left_out = recipients_left_out,
	.describe = core_describe,
	.summarize = core_summarize,
	.split = core_split,
	.export_for = core_export_for,
	.check_enrolment = core_check_enrolment,
	.check_addresses = core_check_addresses,
	.to_text = core_to_text,
	.choose_published = core_choose_published,
	.has_news = core_has_news,
	.add_known = core_add_known,
	.find_certificate = core_find_certificate,
	.istream_create = core_istream_create,
	.istream_is_complete = i_stream_seal_is_complete,
	.istream_get_engine = i_stream_seal_get_engine,
	.istream_get_error = i_stream_seal_get_error,
	.is_encrypted = core_is_encrypted
};
