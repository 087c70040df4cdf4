/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Certificates in DNS under DNSSEC: OPENPGPKEY (RFC 7929) and SMIMEA
   (RFC 8162). Says what the answers mean; dns-resolver.c gets them, and
   dns-rdata.c knows what is in them. */

#include "discovery.h"
#include "address.h"
#include "dns-anchor.h"
#include "dns-rdata.h"
#include "dns-resolver.h"

#include <string.h>

struct dns_state {
	struct dns_resolver *resolver;
	unsigned int timeout_secs;
};

static bool dns_is_configured(const struct discovery_settings *set)
{
	return *set->dns_trust_anchor != '\0';
}

static GPtrArray *anchors_open(const char *path, char **error_r)
{
	GPtrArray *anchors = NULL;
	GError *file_error = NULL;
	char *text, *why = NULL;
	gsize size;

	if (!g_file_get_contents(path, &text, &size, &file_error)) {
		*error_r = g_strdup_printf("the trust anchor can't be read: %s",
					   file_error->message);
		g_error_free(file_error);
		return NULL;
	}
	if (strlen(text) != size)
		why = g_strdup("it isn't a text file");
	else
		anchors = dns_anchors_read(text, &why);
	if (anchors == NULL) {
		*error_r = g_strdup_printf("the trust anchor in %s can't be "
					   "used: %s", path, why);
	}
	g_free(why);
	g_free(text);
	return anchors;
}

static void *dns_open(const struct discovery_settings *set, char **error_r)
{
	GPtrArray *anchors = anchors_open(set->dns_trust_anchor, error_r);
	struct dns_resolver *resolver = anchors == NULL ? NULL :
		dns_resolver_open(anchors, set->dns_servers, error_r);
	struct dns_state *state;

	if (resolver == NULL)
		return NULL;
	state = g_new0(struct dns_state, 1);
	state->resolver = resolver;
	state->timeout_secs = set->timeout_secs;
	return state;
}

static void dns_close(void *context)
{
	struct dns_state *state = context;

	dns_resolver_close(state->resolver);
	g_free(state);
}

/*
 * What answers mean
 */

/* What there is to say about a name, the less of note the earlier */
enum finding {
	FINDING_NONE,
	FINDING_USELESS,
	FINDING_INSECURE_NONE,
	FINDING_INSECURE,
	FINDING_UNKNOWN,
	FINDING_TIMEOUT,
	FINDING_CERTIFICATE
};

static const enum discovery_result results[] = {
	[FINDING_NONE] = DISCOVERY_NONE,
	[FINDING_USELESS] = DISCOVERY_NONE,
	[FINDING_INSECURE_NONE] = DISCOVERY_INSECURE,
	[FINDING_INSECURE] = DISCOVERY_INSECURE,
	[FINDING_UNKNOWN] = DISCOVERY_UNKNOWN,
	[FINDING_TIMEOUT] = DISCOVERY_TIMEOUT,
	[FINDING_CERTIFICATE] = DISCOVERY_FOUND
};

/* Adds the certificates among the records. Returns why there is none. */
static const char *take_records(unsigned int type, const GPtrArray *records,
				struct discovery_answer *answer)
{
	static const char *const reasons[] = {
		[DNS_RDATA_HASH] = "there is only a hash of a certificate",
		[DNS_RDATA_OTHER] = "there is only an authority's certificate "
			"or a bare key",
		[DNS_RDATA_MALFORMED] = "what is there isn't a certificate"
	};
	const char *reason = "";

	for (guint i = 0; i < records->len; i++) {
		const unsigned char *certificate;
		size_t size;
		const void *rdata = g_bytes_get_data(records->pdata[i], &size);
		enum dns_rdata kind = dns_rdata_look(type, rdata, size,
						     &certificate, &size);

		if (kind != DNS_RDATA_CERTIFICATE) {
			reason = reasons[kind];
			continue;
		}
		g_byte_array_append(answer->data, certificate, size);
		answer->count++;
	}
	return reason;
}

static enum finding
judge(unsigned int type, const struct dns_reply *reply,
      struct discovery_answer *answer, GString *note)
{
	switch (reply->result) {
	case DNS_REPLY_SECURE:
		g_string_assign(note, take_records(type, reply->records,
						   answer));
		return answer->count > 0 ? FINDING_CERTIFICATE :
			note->len > 0 ? FINDING_USELESS : FINDING_NONE;
	case DNS_REPLY_INSECURE:
		g_string_assign(note, reply->records->len == 0 ?
				"the domain isn't signed (DNSSEC)" :
				"what is there isn't signed (DNSSEC)");
		return reply->records->len == 0 ?
			FINDING_INSECURE_NONE : FINDING_INSECURE;
	case DNS_REPLY_BOGUS:
		g_string_printf(note, "the answer is bogus (DNSSEC): %s",
				reply->why->str);
		return FINDING_UNKNOWN;
	case DNS_REPLY_TIMEOUT:
		g_string_assign(note, reply->why->str);
		return FINDING_TIMEOUT;
	case DNS_REPLY_FAILED:
		break;
	}
	g_string_assign(note, reply->why->str);
	return FINDING_UNKNOWN;
}

/*
 * Looking
 */

struct search {
	struct dns_state *state;
	gint64 deadline;
	struct discovery_answer *answer;
	enum finding finding;
};

/* Asks for the records of this name; the answer says what is of most note. */
static void look_at(struct search *search, const char *name, unsigned int type)
{
	struct discovery_answer *answer = search->answer;
	GString *note = g_string_new(NULL);
	struct dns_reply reply;
	enum finding finding;

	dns_resolver_ask(search->state->resolver, name, type, search->deadline,
			 &reply);
	finding = judge(type, &reply, answer, note);
	if (finding > search->finding || answer->where->len == 0) {
		search->finding = finding;
		g_string_printf(answer->where, "%s %s", name,
				type == DNS_TYPE_OPENPGPKEY ?
				"OPENPGPKEY" : "SMIMEA");
		g_string_assign(answer->note, finding == FINDING_CERTIFICATE ?
				"" : note->str);
	}
	dns_reply_free(&reply);
	g_string_free(note, TRUE);
}

/* RFC 7929 section 4: as written, then in lower case */
static void dns_find(void *context, const char *local_part, const char *domain,
		     struct discovery_answer *answer)
{
	static const unsigned int types[] = {
		DNS_TYPE_OPENPGPKEY, DNS_TYPE_SMIMEA
	};
	struct search search = { .state = context, .answer = answer };
	char *spellings[] = {
		discovery_address_dns_local_part(local_part, false),
		discovery_address_dns_local_part(local_part, true)
	};
	unsigned int count = strcmp(spellings[0], spellings[1]) == 0 ? 1 : 2;

	search.deadline = g_get_monotonic_time() +
		search.state->timeout_secs * G_USEC_PER_SEC;
	for (unsigned int i = 0; i < G_N_ELEMENTS(types) * count &&
	     search.finding < FINDING_TIMEOUT; i++) {
		char *name = dns_owner_name(spellings[i % count],
					    types[i / count], domain);

		if (name != NULL)
			look_at(&search, name, types[i / count]);
		g_free(name);
	}
	if (answer->where->len == 0) {
		g_string_assign(answer->where, domain);
		g_string_assign(answer->note,
				"the name would be too long for DNS");
	}
	answer->result = results[search.finding];
	for (unsigned int i = 0; i < G_N_ELEMENTS(spellings); i++)
		g_free(spellings[i]);
}

const struct discovery_source discovery_dns = {
	.is_configured = dns_is_configured,
	.open = dns_open,
	.find = dns_find,
	.close = dns_close
};
