/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What others may know of an owner's certificates. */

#include "lib.h"
#include "buffer.h"
#include "../seal/certificate/addresses.h"
#include "../seal/certificate/key-file.h"
#include "../seal/certificate/for-address.h"
#include "enrolment.h"
#include "export.h"

#include <time.h>

static bool
is_for(const struct certificate *certificate, const char *address)
{
	GPtrArray *own = certificate_addresses(certificate);
	bool has = certificate_addresses_have(own, address);

	g_ptr_array_unref(own);
	return has;
}

/* Of a revoked one the judge names no user IDs. */
static bool is_for_nobody(const struct certificate *certificate)
{
	GPtrArray *own = certificate_addresses(certificate);
	bool none = own->len == 0;

	g_ptr_array_unref(own);
	return none;
}

/* Without its other user IDs a certificate may be another one: one of them may
   have said until when it is valid. Returns 0 or -1. */
static int
check_reduced(GBytes *bytes, const char *address,
	      const struct mail_seal_settings *set, const char **problem_r,
	      struct seal_error *error)
{
	const struct certificate_list *list;
	struct seal_error read_error = { .code = SEAL_ERROR_NONE };
	gsize size;
	const void *data = g_bytes_get_data(bytes, &size);

	list = certificates_read(data, size, set->timeout_secs, &read_error);
	if (list == NULL && read_error.code != SEAL_ERROR_UNUSABLE_KEY) {
		seal_error_set(error, read_error.code, "%s", read_error.text);
		return -1;
	}
	if (list == NULL) {
		*problem_r = t_strdup(read_error.text);
	} else if (!is_for(list->certificates[0], address)) {
		*problem_r = "its user ID isn't valid";
	} else if (!certificate_is_usable(list->certificates[0], time(NULL),
					  set->min_rsa_bits, problem_r)) {
		*problem_r = t_strdup(*problem_r);
	}
	return 0;
}

static int
export_one(const struct certificate *certificate, const char *address,
	    const struct mail_seal_settings *set, pool_t pool,
	    struct mail_seal_exported *exported_r,
	    struct seal_error *error)
{
	const char *problem = NULL;
	bool changed;
	gsize size;
	GBytes *bytes = certificate_for_address(certificate, address,
						&changed);
	const void *data = g_bytes_get_data(bytes, &size);
	int ret = 0;

	i_zero(exported_r);
	exported_r->x509 = certificate->kind == CERTIFICATE_KIND_X509;
	exported_r->fingerprint = p_strdup(pool, certificate->fingerprint);
	exported_r->data = p_memdup(pool, data, size);
	exported_r->size = size;
	if (certificate_is_usable(certificate, time(NULL), set->min_rsa_bits,
				  &problem) && is_for_nobody(certificate))
		problem = "it has no address";
	else if (problem == NULL && changed)
		ret = check_reduced(bytes, address, set, &problem, error);
	exported_r->problem = p_strdup(pool, problem);
	g_bytes_unref(bytes);
	return ret;
}

int core_export_for(const struct mail_seal_contents *contents,
		 const struct mail_seal_settings *set, const char *facts,
		 const char *address, pool_t pool,
		 const struct mail_seal_exported **list_r,
		 unsigned int *count_r, struct seal_error *error)
{
	struct mail_seal_exported *exported;
	GPtrArray *own = core_judge_owners(contents, set, facts, error);
	int ret = 0;

	if (own == NULL)
		return -1;
	exported = p_new(pool, struct mail_seal_exported, own->len);
	*count_r = 0;
	for (guint i = 0; i < own->len && ret == 0; i++) {
		if (is_for(own->pdata[i], address) ||
		    is_for_nobody(own->pdata[i])) {
			ret = export_one(own->pdata[i], address, set, pool,
					 &exported[(*count_r)++], error);
		}
	}
	*list_r = exported;
	g_ptr_array_unref(own);
	return ret;
}
