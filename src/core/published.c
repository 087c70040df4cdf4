/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Certificates that somebody has published for an address: which of them count,
   and whether they are those that are known. */

#include "lib.h"
#include "buffer.h"
#include "str.h"
#include "str-sanitize.h"
#include "../seal/certificate/addresses.h"
#include "../seal/certificate/key-file.h"
#include "../seal/certificate/key-text.h"
#include "../seal/certificate/trial.h"
#include "enrolment.h"
#include "published.h"

#include <time.h>

#define ADDRESS_SIZE_MAX 256

/* Returns why this one doesn't count, or NULL. */
static const char *
names_problem(const struct certificate *certificate, const char *address)
{
	GPtrArray *own = certificate_addresses(certificate);
	const char *problem = NULL;

	if (own->len == 0) {
		problem = t_strdup_printf("%s names no address",
					  certificate->fingerprint);
	} else if (!certificate_addresses_have(own, address)) {
		problem = t_strdup_printf("%s is for %s%s",
			certificate->fingerprint,
			str_sanitize_utf8(own->pdata[0], ADDRESS_SIZE_MAX),
			own->len > 1 ? " and others" : "");
	}
	g_ptr_array_unref(own);
	return problem;
}

/* Returns 1; 0 and why it can't be used; or -1. */
static int
is_usable(struct certificate *certificate,
	  const struct mail_seal_settings *set, const char **reason_r,
	  struct seal_error *error)
{
	struct seal_error trial = { .code = SEAL_ERROR_NONE };
	const char *reason;

	if (!certificate_is_usable(certificate, time(NULL), set->min_rsa_bits,
				   &reason)) {
		*reason_r = t_strdup_printf("%s: %s", certificate->fingerprint,
					    reason);
		return 0;
	}
	if (certificate_try(certificate, set->openpgp_engine,
			    set->timeout_secs, &trial) == 0)
		return 1;
	*reason_r = t_strdup_printf("%s: %s", certificate->fingerprint,
				    trial.text);
	if (trial.code == SEAL_ERROR_UNUSABLE_KEY)
		return 0;
	seal_error_set(error, trial.code, "%s", *reason_r);
	return -1;
}

/* Returns why this one doesn't count, or NULL. */
static const char *
refusal(const struct certificate *certificate, const char *const *refused)
{
	for (; *refused != NULL; refused += 2) {
		if (strcmp(refused[0], certificate->fingerprint) == 0) {
			return t_strdup_printf("%s: %s",
				certificate->fingerprint, refused[1]);
		}
	}
	return NULL;
}

/* Puts those that count into the array. The reason is that of the first one
   that doesn't. Returns 0 or -1. */
static int
choose(const struct certificate_list *list,
       const struct mail_seal_settings *set, const char *address,
       const char *const *known, const char *const *refused,
       GPtrArray *chosen, const char **reason_r, struct seal_error *error)
{
	for (size_t i = 0; i < list->count; i++) {
		struct certificate *certificate = list->certificates[i];
		const char *reason = names_problem(certificate, address);
		bool is_known = known != NULL &&
			str_array_find(known, certificate->fingerprint);

		if (reason == NULL && !is_known)
			reason = refusal(certificate, refused);
		if (reason == NULL && !is_known &&
		    is_usable(certificate, set, &reason, error) < 0)
			return -1;
		if (reason == NULL)
			g_ptr_array_add(chosen, certificate);
		else if (*reason_r == NULL)
			*reason_r = reason;
	}
	return 0;
}

static void append_text(const GPtrArray *certificates, buffer_t *text)
{
	GString *string = g_string_new(NULL);

	certificates_to_text((struct certificate **)certificates->pdata,
			     certificates->len, string);
	buffer_append(text, string->str, string->len);
	g_string_free(string, TRUE);
}

/* What was published isn't what it should be: that is an answer. */
static int
cant_be_read(const struct seal_error *read_error, const char **reason_r,
	     struct seal_error *error)
{
	*reason_r = t_strdup(read_error->text);
	if (read_error->code == SEAL_ERROR_UNUSABLE_KEY)
		return 0;
	*error = *read_error;
	return -1;
}

int core_choose_published(const buffer_t *content,
			  const struct mail_seal_settings *set,
			  const char *address, const char *const *known,
			  const char *const *refused, buffer_t *text,
			  const char **reason_r, struct seal_error *error)
{
	struct seal_error read_error = { .code = SEAL_ERROR_NONE };
	const struct certificate_list *list =
		core_read_brought(content, set->timeout_secs, &read_error);
	GPtrArray *chosen;
	int ret;

	*reason_r = NULL;
	if (list == NULL)
		return cant_be_read(&read_error, reason_r, error);
	chosen = g_ptr_array_new();
	ret = choose(list, set, address, known, refused, chosen, reason_r,
		     error);
	if (ret == 0 && chosen->len > ENROL_CERTIFICATES_MAX) {
		*reason_r = t_strdup_printf("there are %u certificates, and a "
			"user has %d at the most", chosen->len,
			ENROL_CERTIFICATES_MAX);
	} else if (ret == 0 && chosen->len > 0) {
		append_text(chosen, text);
		ret = 1;
	}
	g_ptr_array_unref(chosen);
	return ret;
}

int core_has_news(const buffer_t *first, const char *const *fingerprints,
		  const buffer_t *second,
		  const struct mail_seal_settings *set,
		  struct seal_error *error)
{
	const struct certificate_list *list =
		core_read_brought(second, set->timeout_secs, error);

	if (list == NULL)
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		if (!str_array_find(fingerprints,
				    list->certificates[i]->fingerprint))
			return 1;
	}
	return first->used == 0 ? 0 :
		core_adds_something(first, second, set, NULL, error);
}
