/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "public-rows.h"

/* What of the recipients is a user's */
struct own {
	/* one that can be used, and one that can't */
	const struct doveadm_seal_recipient *usable, *unusable;
	/* one is active, or was given by the administrator */
	bool as_it_should_be;
};

static void
find_own(const struct doveadm_seal_reader *reader,
	 struct doveadm_seal_recipient *recipients, unsigned int count,
	 struct own *own_r)
{
	i_zero(own_r);
	for (unsigned int i = 0; i < count; i++) {
		struct doveadm_seal_recipient *one = &recipients[i];
		bool active = one->fingerprint != NULL &&
			str_array_find(reader->keys, one->fingerprint);

		if (!active && null_strcmp(one->member, reader->username) != 0)
			continue;
		one->known = TRUE;
		if (one->problem == NULL)
			own_r->usable = one;
		else
			own_r->unusable = one;
		own_r->as_it_should_be = own_r->as_it_should_be || active ||
			one->from_file;
	}
}

const char *doveadm_seal_reader_problem(
	const struct doveadm_seal_reader *reader,
	struct doveadm_seal_recipient *recipients, unsigned int count,
	const char **fingerprint_r)
{
	bool has_keys = *reader->keys != NULL;
	const struct doveadm_seal_recipient *one;
	struct own own;

	find_own(reader, recipients, count, &own);
	one = own.usable != NULL ? own.usable : own.unusable;
	*fingerprint_r = one == NULL ? NULL : one->fingerprint;
	if (!reader->may_read) {
		return one == NULL ? NULL :
			"is a recipient without the right to read";
	}
	if (one == NULL) {
		return has_keys ? "may read, but isn't a recipient" :
			"may read, but has no certificate";
	}
	if (own.usable == NULL) {
		return t_strdup_printf("may read, but the certificate can't "
				       "be used: %s", one->problem);
	}
	return own.as_it_should_be || !has_keys ? NULL :
		"has another certificate by now (seal group sync)";
}
