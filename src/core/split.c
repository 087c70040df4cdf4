/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* A key file's certificates, one by one. */

#include "lib.h"
#include "buffer.h"
#include "../seal/certificate/key-split.h"
#include "../seal/certificate/key-text.h"
#include "split.h"

static const char *to_text(struct certificate *certificate, pool_t pool)
{
	GString *text = g_string_new(NULL);
	const char *copy;

	certificates_to_text(&certificate, 1, text);
	copy = p_strdup(pool, text->str);
	g_string_free(text, TRUE);
	return copy;
}

int core_split(const buffer_t *content,
	       const struct mail_seal_settings *set, pool_t pool,
	       const struct mail_seal_certificate_text **list_r,
	       unsigned int *count_r, struct seal_error *error)
{
	GPtrArray *found = g_ptr_array_new_with_free_func(
		(GDestroyNotify)certificate_unref);
	struct mail_seal_certificate_text *list;
	int ret;

	ret = certificates_split(content->data, content->used,
				 set->group != NULL, found, error);
	list = p_new(pool, struct mail_seal_certificate_text, found->len + 1);
	for (guint i = 0; ret == 0 && i < found->len; i++) {
		struct certificate *certificate = found->pdata[i];

		list[i].kind = certificate->kind == CERTIFICATE_KIND_X509 ?
			"X.509" : "OpenPGP";
		list[i].fingerprint = p_strdup(pool, certificate->fingerprint);
		list[i].text = to_text(certificate, pool);
	}
	*list_r = list;
	*count_r = ret == 0 ? found->len : 0;
	g_ptr_array_unref(found);
	return ret;
}
