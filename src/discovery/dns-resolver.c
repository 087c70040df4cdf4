/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Whatever libunbound hands over with an answer, its verdict is looked at
   first: it gives the data of bogus answers too. And it calls everything
   insecure for which it has no trust anchor, also because it didn't like the
   one it got: so an insecure answer counts only when the anchors above that
   name have proven to be in use. */

#include "dns-resolver.h"
#include "dns-anchor.h"
#include "dns-events.h"
#include "dns-rdata.h"

#include <arpa/nameser.h>
#include <string.h>
#include <unbound.h>
#include <unbound-event.h>

#define WHY_MAX 200
/* So many questions in a row without an answer, and it is looked whether
   anybody answers at all, for this long; if not, nothing is asked for that
   long. */
#define SILENCES_MAX 3
#define PROBE_USECS (2 * G_USEC_PER_SEC)
#define SILENCE_USECS (60 * G_USEC_PER_SEC)

struct dns_resolver {
	GPtrArray *anchors;
	/* for each: it is in use */
	bool *proven;
	char **servers;
	struct dns_events *events;
	/* NULL: to be made with the next question */
	struct ub_ctx *context;

	unsigned int silences;
	gint64 silent_until;
};

struct question {
	bool done;
	unsigned int type;
	struct dns_reply *reply;
};

/* From libunbound's enum sec as the event interface counts it */
enum { SEC_INSECURE = 0, SEC_BOGUS = 1, SEC_SECURE = 2 };

/*
 * The context
 */

/* libunbound answers for these names by itself (RFC 6761, RFC 8375), but a site
   may well have servers that know them. */
static const char *const our_zones[] = { "test.", "home.arpa." };

static int set_servers(struct dns_resolver *resolver, char **error_r)
{
	int ret = *resolver->servers == NULL ?
		ub_ctx_resolvconf(resolver->context, NULL) : 0;

	if (ret != 0) {
		*error_r = g_strdup_printf("/etc/resolv.conf: %s",
					   ub_strerror(ret));
	}
	for (char **server = resolver->servers; ret == 0 && *server != NULL;
	     server++) {
		ret = ub_ctx_set_fwd(resolver->context, *server);
		if (ret != 0) {
			*error_r = g_strdup_printf("\"%s\" isn't a name "
				"server's ADDRESS[@PORT]", *server);
		}
	}
	return ret;
}

/* These read the anchors. */
static int set_zones(struct dns_resolver *resolver, char **error_r)
{
	int ret = 0;

	for (guint i = 0; ret == 0 && i < G_N_ELEMENTS(our_zones); i++)
		ret = ub_ctx_zone_remove(resolver->context, our_zones[i]);
	if (ret == UB_INITFAIL) {
		*error_r = g_strdup("libunbound can't read the trust anchors");
	}
	return ret;
}

static int set_up(struct dns_resolver *resolver, char **error_r)
{
	struct ub_ctx *context = resolver->context;
	int ret;

	/* stderr isn't ours */
	ret = ub_ctx_debugout(context, NULL);
	/* whatever this libunbound was built to do by itself */
	if (ret == 0)
		ret = ub_ctx_set_option(context, "module-config:",
					"validator iterator");
	for (guint i = 0; ret == 0 && i < resolver->anchors->len; i++) {
		const struct dns_anchor *anchor =
			resolver->anchors->pdata[i];

		ret = ub_ctx_add_ta(context, anchor->record);
	}
	if (ret == 0)
		ret = set_servers(resolver, error_r);
	if (ret == 0)
		ret = set_zones(resolver, error_r);
	return ret;
}

/* Returns false and half a sentence if it can't be made. */
static bool context_open(struct dns_resolver *resolver, char **error_r)
{
	int ret = UB_NOMEM;

	*error_r = NULL;
	resolver->context =
		ub_ctx_create_ub_event(dns_events_base(resolver->events));
	if (resolver->context != NULL)
		ret = set_up(resolver, error_r);
	if (ret == 0)
		return true;
	if (*error_r == NULL)
		*error_r = g_strdup_printf("libunbound: %s", ub_strerror(ret));
	ub_ctx_delete(resolver->context);
	resolver->context = NULL;
	return false;
}

static void context_close(struct dns_resolver *resolver)
{
	ub_ctx_delete(resolver->context);
	resolver->context = NULL;
}

static char **split(const char *text)
{
	GStrvBuilder *builder = g_strv_builder_new();
	char **words = g_strsplit_set(text, " \t\n", -1), **found;

	for (char **word = words; *word != NULL; word++) {
		if (**word != '\0')
			g_strv_builder_add(builder, *word);
	}
	found = g_strv_builder_end(builder);
	g_strv_builder_unref(builder);
	g_strfreev(words);
	return found;
}

struct dns_resolver *dns_resolver_open(GPtrArray *anchors, const char *servers,
				       char **error_r)
{
	struct dns_resolver *resolver = g_new0(struct dns_resolver, 1);

	resolver->servers = split(servers);
	resolver->anchors = anchors;
	resolver->proven = g_new0(bool, anchors->len);
	resolver->events = dns_events_new();
	if (context_open(resolver, error_r))
		return resolver;
	dns_resolver_close(resolver);
	return NULL;
}

void dns_resolver_close(struct dns_resolver *resolver)
{
	if (resolver->context != NULL)
		context_close(resolver);
	dns_events_free(resolver->events);
	g_ptr_array_unref(resolver->anchors);
	g_free(resolver->proven);
	g_strfreev(resolver->servers);
	g_free(resolver);
}

/*
 * Questions
 */

static void reply_set(struct dns_reply *reply, enum dns_reply_result result,
		      const char *why)
{
	reply->result = result;
	g_ptr_array_set_size(reply->records, 0);
	g_string_truncate(reply->why, 0);
	/* Names that others chose are in it. */
	for (; *why != '\0' && reply->why->len < WHY_MAX; why++) {
		g_string_append_c(reply->why,
				  g_ascii_isprint(*why) ? *why : '?');
	}
}

/* Without "validation failure <NAME TYPE CLASS>: ", of this name or, where it
   is known from before, of the one with which it was found out */
static const char *why_bogus_short(const char *why)
{
	const char *end;

	if (why == NULL)
		return "the signatures are wrong";
	while ((end = strstr(why, ">: ")) != NULL)
		why = end + strlen(">: ");
	return why;
}

static void read_message(struct question *question, const void *message,
			 int size, enum dns_reply_result result)
{
	struct dns_reply *reply = question->reply;
	unsigned int rcode;
	char *why;

	if (message == NULL || size <= 0 ||
	    !dns_answer_read(message, size, question->type, &rcode,
			     reply->records)) {
		reply_set(reply, DNS_REPLY_FAILED, "the answer is malformed");
	} else if (rcode != ns_r_noerror && rcode != ns_r_nxdomain) {
		why = g_strdup_printf("the answer is error %u", rcode);
		reply_set(reply, DNS_REPLY_FAILED, why);
		g_free(why);
	} else {
		reply->result = result;
		if (rcode == ns_r_nxdomain)
			g_ptr_array_set_size(reply->records, 0);
	}
}

static void answered(void *context, int rcode, void *message, int size,
		     int sec, char *why_bogus,
		     int was_ratelimited G_GNUC_UNUSED)
{
	struct question *question = context;

	question->done = true;
	if (sec == SEC_BOGUS) {
		reply_set(question->reply, DNS_REPLY_BOGUS,
			  why_bogus_short(why_bogus));
	} else if (rcode != 0) {
		reply_set(question->reply, DNS_REPLY_FAILED,
			  "no server has an answer");
	} else {
		read_message(question, message, size, sec == SEC_SECURE ?
			     DNS_REPLY_SECURE : DNS_REPLY_INSECURE);
	}
}

/* Without a look at who has signed it */
static void ask(struct dns_resolver *resolver, const char *name,
		unsigned int type, gint64 deadline, struct dns_reply *reply)
{
	struct question question = { .type = type, .reply = reply };
	char *error;
	int id = 0, ret;

	reply_set(reply, DNS_REPLY_TIMEOUT, "no answer in time");
	if (resolver->context == NULL && !context_open(resolver, &error)) {
		reply_set(reply, DNS_REPLY_FAILED, error);
		g_free(error);
		return;
	}
	ret = ub_resolve_event(resolver->context, name, type, ns_c_in,
			       &question, answered, &id);
	if (ret != 0) {
		reply_set(reply, DNS_REPLY_FAILED, ub_strerror(ret));
		return;
	}
	if (dns_events_run(resolver->events, &question.done, deadline))
		return;
	/* Nor shall it go on asking, or remember that this server doesn't
	   answer: for others it may. */
	ub_cancel(resolver->context, id);
	context_close(resolver);
}

/* Are there anchors above this name, and are all in use? If not, the reply says
   why. */
static bool anchors_are_in_use(struct dns_resolver *resolver, const char *name,
			       gint64 deadline, struct dns_reply *reply)
{
	bool found = false;

	for (guint i = 0; i < resolver->anchors->len; i++) {
		const struct dns_anchor *anchor =
			resolver->anchors->pdata[i];

		if (!dns_anchor_covers(anchor, name))
			continue;
		found = true;
		if (resolver->proven[i])
			continue;
		ask(resolver, anchor->name, DNS_TYPE_DNSKEY, deadline, reply);
		if (reply->result == DNS_REPLY_INSECURE) {
			reply_set(reply, DNS_REPLY_FAILED, "the trust anchor "
				  "is of a kind that libunbound doesn't know");
		}
		if (reply->result != DNS_REPLY_SECURE)
			return false;
		resolver->proven[i] = true;
	}
	if (!found)
		reply_set(reply, DNS_REPLY_FAILED, "no trust anchor is above it");
	return found;
}

static void reply_init(struct dns_reply *reply)
{
	reply->records = g_ptr_array_new_with_free_func(
		(GDestroyNotify)g_bytes_unref);
	reply->why = g_string_new(NULL);
}

/* An insecure answer only if it really is one */
static void ask_for_sure(struct dns_resolver *resolver, const char *name,
			 unsigned int type, gint64 deadline,
			 struct dns_reply *reply)
{
	struct dns_reply anchors_reply;

	ask(resolver, name, type, deadline, reply);
	if (reply->result != DNS_REPLY_INSECURE)
		return;
	reply_init(&anchors_reply);
	if (!anchors_are_in_use(resolver, name, deadline, &anchors_reply)) {
		reply_set(reply, anchors_reply.result,
			  anchors_reply.why->str);
	}
	dns_reply_free(&anchors_reply);
}

/* Where no server answers, ten thousand users aren't waited for one by one. */
static bool servers_are_silent(struct dns_resolver *resolver, gint64 deadline,
			       struct dns_reply *reply)
{
	gint64 now = g_get_monotonic_time();

	if (resolver->silences < SILENCES_MAX)
		return false;
	if (now >= resolver->silent_until) {
		ask(resolver, ".", DNS_TYPE_DNSKEY,
		    MIN(deadline, now + PROBE_USECS), reply);
		if (reply->result != DNS_REPLY_TIMEOUT) {
			resolver->silences = 0;
			return false;
		}
		resolver->silent_until = now + SILENCE_USECS;
	}
	reply_set(reply, DNS_REPLY_TIMEOUT, "no name server answers");
	return true;
}

void dns_resolver_ask(struct dns_resolver *resolver, const char *name,
		      unsigned int type, gint64 deadline,
		      struct dns_reply *reply)
{
	reply_init(reply);
	if (servers_are_silent(resolver, deadline, reply))
		return;
	ask_for_sure(resolver, name, type, deadline, reply);
	if (reply->result == DNS_REPLY_TIMEOUT)
		resolver->silences++;
	else
		resolver->silences = 0;
}

void dns_reply_free(struct dns_reply *reply)
{
	g_ptr_array_unref(reply->records);
	g_string_free(reply->why, TRUE);
}
