/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* The module of the sources of certificates: its table, and what it lends. */

#include "discovery.h"
#include "address.h"
#include "mail-seal-build.h"

/* What stands for a source that was left out at build time (configure
   --without-unbound and so on) */
static const struct discovery_source absent;
#ifndef DISCOVERY_HAVE_DNS
#  define discovery_dns absent
#endif
#ifndef DISCOVERY_HAVE_WKD
#  define discovery_wkd absent
#endif
#ifndef DISCOVERY_HAVE_LDAP
#  define discovery_ldap absent
#endif

static const struct {
	const char *name;
	const struct discovery_source *source;
} sources[] = {
#define DISCOVERY_ROW(name, variable) { name, &discovery_##variable },
	MAIL_SEAL_DISCOVERY_SOURCES(DISCOVERY_ROW)
#undef DISCOVERY_ROW
};

static const struct discovery_source *
source_by_number(unsigned int number, const char **name_r)
{
	if (number >= G_N_ELEMENTS(sources))
		return NULL;
	*name_r = sources[number].name;
	return sources[number].source;
}

static bool source_is_absent(const struct discovery_source *source)
{
	return source == &absent;
}

static struct discovery_answer *answer_new(void)
{
	struct discovery_answer *answer = g_new0(struct discovery_answer, 1);

	answer->result = DISCOVERY_UNKNOWN;
	answer->data = g_byte_array_new();
	answer->where = g_string_new(NULL);
	answer->note = g_string_new(NULL);
	return answer;
}

static void answer_free(struct discovery_answer *answer)
{
	g_byte_array_unref(answer->data);
	g_string_free(answer->where, TRUE);
	g_string_free(answer->note, TRUE);
	g_free(answer);
}

extern const struct discovery_interface mail_seal_discovery_interface;
const struct discovery_interface mail_seal_discovery_interface = {
	.build = MAIL_SEAL_BUILD_ID,
	.source = source_by_number,
	.source_is_absent = source_is_absent,
	.answer_new = answer_new,
	.answer_free = answer_free,
	.address_parse = discovery_address_parse,
	.address_clear = discovery_address_clear,
	.address_dns_local_part = discovery_address_dns_local_part,
	.address_dns_label = discovery_address_dns_label,
	.address_wkd_name = discovery_address_wkd_name
};
