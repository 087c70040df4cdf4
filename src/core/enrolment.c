/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What can be told of certificates, and which of them may be enrolled. */

#include "lib.h"
#include "buffer.h"
#include "istream.h"
#include "str.h"
#include "str-sanitize.h"
#include "unichar.h"
#include "../seal/backends.h"
#include "../seal/openssl/x509.h"
#include "../seal/certificate/addresses.h"
#include "../seal/certificate/key-file.h"
#include "../seal/certificate/key-text.h"
#include "../seal/certificate/trial.h"
#include "../seal/find/find.h"
#include "../seal/format/openpgp-packet.h"
#include "enrolment.h"

#include <time.h>
#include <unistd.h>

#define NAME_SIZE_MAX 256

/* Names are what the certificate's maker liked; they end up on terminals. */
static const char *const *clean_names(char *const *names, pool_t pool)
{
	unsigned int count = names == NULL ? 0 :
		str_array_length((const char *const *)names);
	const char **cleaned = p_new(pool, const char *, count + 1);

	for (unsigned int i = 0; i < count; i++) {
		cleaned[i] = p_strdup(pool, str_sanitize_utf8(names[i],
							      NAME_SIZE_MAX));
	}
	return cleaned;
}

static const char *
algorithms(const struct certificate *certificate, pool_t pool)
{
	string_t *text = str_new(pool, 32);

	str_append(text, certificate->keys[0].name);
	for (size_t i = 1; i < certificate->key_count; i++) {
		if (certificate->keys[i].can_encrypt) {
			str_append_c(text, '+');
			str_append(text, certificate->keys[i].name);
		}
	}
	return str_c(text);
}

/* Returns the owner's certificates of a list, which the next call of the
   library changes. */
static GPtrArray *ref_owners(const struct certificate_list *list)
{
	GPtrArray *own = g_ptr_array_new_with_free_func(
		(GDestroyNotify)certificate_unref);

	for (size_t i = 0; i < list->count; i++) {
		if ((list->certificates[i]->roles & CERTIFICATE_OWNER) != 0) {
			certificate_ref(list->certificates[i]);
			g_ptr_array_add(own, list->certificates[i]);
		}
	}
	return own;
}

/* But for a trial */
static void
describe_one(const struct certificate *certificate,
	     const struct mail_seal_settings *set, time_t when, pool_t pool,
	     struct mail_seal_certificate *info_r)
{
	const char *reason;

	info_r->kind = certificate->kind == CERTIFICATE_KIND_X509 ?
		"X.509" : "OpenPGP";
	info_r->fingerprint = p_strdup(pool, certificate->fingerprint);
	info_r->algorithm = algorithms(certificate, pool);
	info_r->names = clean_names(certificate->names, pool);
	info_r->created = certificate->keys[0].created;
	info_r->expires = certificate_expires(certificate);
	if (!certificate_is_usable(certificate, when, set->min_rsa_bits,
				   &reason))
		info_r->problem = p_strdup(pool, reason);
}

/* What the engine says of it, as recipients_new() asks it. Returns 0 or -1. */
static int
describe_engine(struct certificate *certificate,
		const struct mail_seal_settings *set, time_t when, pool_t pool,
		struct mail_seal_certificate *info,
		struct seal_error *error)
{
	struct seal_error own_error = { .code = SEAL_ERROR_NONE };

	if (info->problem != NULL ||
	    backend_check(certificate, set->openpgp_engine, set->compress,
			  when, &own_error) == 0)
		return 0;
	if (own_error.code != SEAL_ERROR_UNUSABLE_KEY) {
		*error = own_error;
		return -1;
	}
	info->problem = p_strdup(pool, own_error.text);
	return 0;
}

static const struct certificate_list *
read_content(const buffer_t *content, const struct mail_seal_settings *set,
	     struct seal_error *error)
{
	const struct key_file_input input = {
		content->data, content->used, CERTIFICATE_OWNER
	};
	const struct certificates_params params = {
		.timeout_secs = set->timeout_secs,
		.uid = geteuid(),
		.group = set->group != NULL
	};

	return certificates_judge(&input, 1, &params, error);
}

int core_describe(const buffer_t *content,
		    const struct mail_seal_settings *set, time_t when,
		    pool_t pool, const struct mail_seal_certificate **list_r,
		    unsigned int *count_r, struct seal_error *error)
{
	const struct certificate_list *list;
	struct mail_seal_certificate *infos;

	list = read_content(content, set, error);
	if (list == NULL)
		return -1;
	infos = p_new(pool, struct mail_seal_certificate, list->count);
	for (size_t i = 0; i < list->count; i++) {
		struct seal_error trial = { .code = SEAL_ERROR_NONE };

		describe_one(list->certificates[i], set, when, pool,
			     &infos[i]);
		if (infos[i].problem == NULL &&
		    certificate_try(list->certificates[i],
				    set->openpgp_engine, set->timeout_secs,
				    &trial) < 0)
			infos[i].problem = p_strdup(pool, trial.text);
	}
	*list_r = infos;
	*count_r = list->count;
	return 0;
}

GPtrArray *
core_judge_owners(const struct mail_seal_contents *contents,
		  const struct mail_seal_settings *set, const char *facts,
		  struct seal_error *error)
{
	const struct key_file_input inputs[] = {
		{ contents->certificates->data, contents->certificates->used,
		  CERTIFICATE_OWNER },
		{ contents->extra == NULL ? NULL : contents->extra->data,
		  contents->extra == NULL ? 0 : contents->extra->used,
		  CERTIFICATE_EXTRA }
	};
	const struct certificates_params params = {
		.timeout_secs = set->timeout_secs,
		.uid = geteuid(),
		.group = set->group != NULL,
		.known_facts = facts
	};
	const struct certificate_list *list;

	list = certificates_judge(inputs, contents->extra == NULL ? 1 : 2,
				  &params, error);
	return list == NULL ? NULL : ref_owners(list);
}

int core_summarize(const struct mail_seal_contents *contents,
		   const struct mail_seal_settings *set, const char *facts,
		   pool_t pool, const struct mail_seal_certificate **list_r,
		   unsigned int *count_r, struct seal_error *error)
{
	GPtrArray *own = core_judge_owners(contents, set, facts, error);
	struct mail_seal_certificate *infos;
	time_t now = time(NULL);
	int ret = 0;

	if (own == NULL)
		return -1;
	infos = p_new(pool, struct mail_seal_certificate, own->len);
	for (guint i = 0; i < own->len && ret == 0; i++) {
		describe_one(own->pdata[i], set, now, pool, &infos[i]);
		ret = describe_engine(own->pdata[i], set, now, pool, &infos[i],
				      error);
	}
	*list_r = infos;
	*count_r = own->len;
	g_ptr_array_unref(own);
	return ret;
}

static int
check_certificate(struct certificate *certificate, const char *prefix,
		  const struct mail_seal_settings *set,
		  struct seal_error *error)
{
	struct seal_error trial = { .code = SEAL_ERROR_NONE };
	const char *reason;

	if (!certificate_is_usable(certificate, time(NULL), set->min_rsa_bits,
				   &reason)) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY, "%s%s", prefix,
			       reason);
		return -1;
	}
	/* what is listed as usable isn't always what can be sealed to */
	if (certificate_try(certificate, set->openpgp_engine,
			    set->timeout_secs, &trial) < 0) {
		seal_error_set(error, trial.code, "%s%s", prefix, trial.text);
		return -1;
	}
	return 0;
}

static int
check_list(const struct certificate_list *list,
	   const struct mail_seal_settings *set, struct seal_error *error)
{
	if (list->count > ENROL_CERTIFICATES_MAX) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "it holds %zu certificates, and a user has "
			       "%d at the most", list->count,
			       ENROL_CERTIFICATES_MAX);
		return -1;
	}
	for (size_t i = 0; i < list->count; i++) {
		struct certificate *certificate = list->certificates[i];
		const char *prefix = list->count == 1 ? "" :
			t_strconcat(certificate->fingerprint, ": ", NULL);

		if (check_certificate(certificate, prefix, set, error) < 0)
			return -1;
	}
	return 0;
}

const struct certificate_list *
core_read_brought(const buffer_t *content, unsigned int timeout_secs,
		  struct seal_error *error)
{
	struct seal_error read_error = { .code = SEAL_ERROR_NONE };
	const struct certificate_list *list;

	list = certificates_read(content->data, content->used, timeout_secs,
				 &read_error);
	if (list != NULL)
		return list;
	seal_error_set(error, read_error.code,
		       strcmp(read_error.text, CERTIFICATES_SECRET) != 0 ?
		       "%s" : "%s; others may have seen it now: make a new "
		       "key, and enrol only its public part", read_error.text);
	return NULL;
}

int core_check_enrolment(const buffer_t *content,
			   const struct mail_seal_settings *set,
			   struct seal_error *error)
{
	const struct certificate_list *list =
		core_read_brought(content, set->timeout_secs, error);

	return list == NULL ? -1 : check_list(list, set, error);
}

static bool is_for_any(const GPtrArray *own, const char *const *addresses)
{
	for (; *addresses != NULL; addresses++) {
		if (certificate_addresses_have(own, *addresses))
			return TRUE;
	}
	return FALSE;
}

static const char *
foreign_reason(const struct certificate *certificate, const GPtrArray *own)
{
	return t_strdup_printf("%s is for %s%s, which is none of the user's "
		"addresses", certificate->fingerprint,
		str_sanitize_utf8(own->pdata[0], NAME_SIZE_MAX),
		own->len > 1 ? " and others" : "");
}

int core_check_addresses(const buffer_t *content,
			 const struct mail_seal_settings *set,
			 const char *const *addresses, const char **reason_r,
			 bool *nobodys_r, struct seal_error *error)
{
	const struct certificate_list *list;
	int ret = 1;

	*nobodys_r = FALSE;
	list = certificates_read(content->data, content->used,
				 set->timeout_secs, error);
	if (list == NULL)
		return -1;
	for (size_t i = 0; i < list->count && ret > 0; i++) {
		GPtrArray *own = certificate_addresses(list->certificates[i]);

		if (own->len == 0) {
			*nobodys_r = TRUE;
		} else if (!is_for_any(own, addresses)) {
			*reason_r = foreign_reason(list->certificates[i], own);
			ret = 0;
		}
		g_ptr_array_unref(own);
	}
	return ret;
}

static bool is_text(const buffer_t *content)
{
	return memchr(content->data, '\0', content->used) == NULL &&
		uni_utf8_data_is_valid(content->data, content->used);
}

static bool is_binary_key(const guchar *data, gsize size)
{
	struct openpgp_packet_header packet;

	return certificates_x509_is_der(data, size) ||
		(openpgp_packet_read(data, size, &packet) &&
		 (packet.tag == OPENPGP_PUBLIC_KEY ||
		  packet.tag == OPENPGP_SECRET_KEY));
}

/* A quoted string of IMAP can't hold lines, so base64 alone will do, as in an
   Autocrypt header field. */
static void decode_bare_base64(buffer_t *content)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789+/= \t\r\n";
	const char *text = t_strndup(content->data, content->used);
	guchar *data;
	gsize size;

	if (text[strspn(text, alphabet)] != '\0')
		return;
	data = g_base64_decode(text, &size);
	if (is_binary_key(data, size)) {
		buffer_set_used_size(content, 0);
		buffer_append(content, data, size);
	}
	g_free(data);
}

int core_to_text(buffer_t *content, unsigned int timeout_secs,
		   struct seal_error *error)
{
	const struct certificate_list *list;
	GString *text;

	if (is_text(content))
		decode_bare_base64(content);
	if (is_text(content))
		return 0;
	list = core_read_brought(content, timeout_secs, error);
	if (list == NULL)
		return -1;
	text = g_string_new(NULL);
	certificates_to_text(list->certificates, list->count, text);
	buffer_set_used_size(content, 0);
	buffer_append(content, text->str, text->len);
	g_string_free(text, TRUE);
	return 0;
}

/* Returns what is in the first and in the second, which may be NULL, in this
   order and each once; or NULL. */
static GPtrArray *
read_merged(const buffer_t *first, const buffer_t *second,
	    const struct mail_seal_settings *set, struct seal_error *error)
{
	const struct key_file_input inputs[] = {
		{ first->data, first->used, CERTIFICATE_OWNER },
		{ second == NULL ? NULL : second->data,
		  second == NULL ? 0 : second->used, CERTIFICATE_OWNER }
	};
	const struct certificates_params params = {
		.timeout_secs = set->timeout_secs,
		.uid = geteuid()
	};
	const struct certificate_list *list;

	list = certificates_judge(inputs, second == NULL ? 1 : 2, &params,
				  error);
	return list == NULL ? NULL : ref_owners(list);
}

/* Does the judge say the same of both? Signatures that others have superseded
   make no difference. */
static bool
are_as_good(const struct certificate *first, const struct certificate *second)
{
	if (first->key_count != second->key_count ||
	    g_strcmp0(first->problem, second->problem) != 0)
		return FALSE;
	for (size_t i = 0; i < first->key_count; i++) {
		const struct certificate_key *key1 = &first->keys[i];
		const struct certificate_key *key2 = &second->keys[i];

		if (key1->expires != key2->expires ||
		    key1->can_encrypt != key2->can_encrypt ||
		    key1->revoked != key2->revoked ||
		    key1->invalid != key2->invalid ||
		    memcmp(key1->fingerprint, key2->fingerprint,
			   sizeof(key1->fingerprint)) != 0)
			return FALSE;
	}
	return TRUE;
}

int core_adds_something(const buffer_t *first, const buffer_t *second,
			const struct mail_seal_settings *set,
			buffer_t *merged_r, struct seal_error *error)
{
	GPtrArray *alone, *merged = NULL;
	GString *text = g_string_new(NULL);
	bool same = TRUE;

	alone = read_merged(first, NULL, set, error);
	if (alone != NULL)
		merged = read_merged(first, second, set, error);
	for (guint i = 0; merged != NULL && i < merged->len; i++) {
		same = same && i < alone->len &&
			are_as_good(alone->pdata[i], merged->pdata[i]);
	}
	if (merged != NULL && merged_r != NULL) {
		certificates_to_text((struct certificate **)merged->pdata,
				     merged->len, text);
		buffer_append(merged_r, text->str, text->len);
	}
	g_string_free(text, TRUE);
	if (alone != NULL)
		g_ptr_array_unref(alone);
	if (merged == NULL)
		return -1;
	g_ptr_array_unref(merged);
	return same ? 0 : 1;
}

int core_add_known(buffer_t *content, const buffer_t *known,
		   const struct mail_seal_settings *set,
		   struct seal_error *error)
{
	buffer_t *merged = t_buffer_create(4096);
	int ret;

	ret = core_adds_something(content, known, set, merged, error);
	if (ret <= 0)
		return ret < 0 ? -1 : 1;
	ret = core_adds_something(known, content, set, NULL, error);
	if (ret > 0) {
		buffer_set_used_size(content, 0);
		buffer_append_buf(content, merged, 0, SIZE_MAX);
	}
	return ret;
}

/* Reads one byte more than is allowed at the most. */
static int
read_message(struct istream *input, buffer_t *message,
	     struct seal_error *error)
{
	const unsigned char *data;
	size_t size;

	while (message->used <= CERTIFICATE_FIND_MAX &&
	       i_stream_read_more(input, &data, &size) > 0) {
		size = I_MIN(size, CERTIFICATE_FIND_MAX + 1 - message->used);
		buffer_append(message, data, size);
		i_stream_skip(input, size);
	}
	if (input->stream_errno == 0)
		return 0;
	seal_error_set(error, SEAL_ERROR_STORE, "read(%s) failed: %s",
		       i_stream_get_name(input), i_stream_get_error(input));
	return -1;
}

_Static_assert(MAIL_SEAL_FIND_TOO_LARGE > CERTIFICATE_FIND_MAX,
	       "a message of which less is kept looks smaller than it is");

int core_find_certificate(struct istream *input, unsigned int timeout_secs,
			  buffer_t *certificate, struct seal_error *error)
{
	buffer_t *message = buffer_create_dynamic(default_pool, 64*1024);
	GString *text = g_string_new(NULL);
	int ret;

	ret = read_message(input, message, error);
	if (ret == 0) {
		ret = certificate_find(message->data, message->used,
				       timeout_secs, text, error);
	}
	if (ret == 0)
		buffer_append(certificate, text->str, text->len);
	g_string_free(text, TRUE);
	buffer_free(&message);
	return ret;
}
