/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "str.h"
#include "text.h"

#include <time.h>

#define SECONDS_PER_DAY (24 * 60 * 60)

static void head(string_t *text, const char *name, const char *help)
{
	str_printfa(text, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void
gauge(string_t *text, const char *name, const char *help, uint64_t value)
{
	head(text, name, help);
	str_printfa(text, "%s %"PRIu64"\n", name, value);
}

static void write_owners(const struct metrics *metrics, string_t *text)
{
	static const char name[] = "mail_seal_owners";

	head(text, name, "Users by the state of their certificate, as in "
	     "doveadm seal key list.");
	for (unsigned int i = 0; i < DOVEADM_SEAL_LIST_STATE_COUNT; i++) {
		str_printfa(text, "%s{state=\"%s\"} %u\n", name,
			    doveadm_seal_list_state_name(i),
			    metrics->owners[i]);
	}
	gauge(text, "mail_seal_owners_pending", "Users with a certificate or "
	      "a withdrawal that waits for its code.", metrics->pending);
	gauge(text, "mail_seal_owners_failed", "Users of whom it can't be told "
	      "how it stands: their session can't begin, or has no mail_seal.",
	      metrics->failed);
}

/* +Inf compares as never. A series that isn't there compares as nothing. */
static void write_expiry(const struct metrics *metrics, string_t *text)
{
	static const char name[] = "mail_seal_next_expiry_days";

	head(text, name, "Days until the next certificate in use expires; "
	     "+Inf if none ever does.");
	if (metrics->next_expiry == 0)
		str_printfa(text, "%s +Inf\n", name);
	else {
		str_printfa(text, "%s %.3f\n", name,
			    difftime(metrics->next_expiry, metrics->now) /
			    SECONDS_PER_DAY);
	}
}

static void write_plaintext(const struct metrics *metrics, string_t *text)
{
	if (!metrics->plaintext_counted)
		return;
	gauge(text, "mail_seal_plaintext_messages", "Messages that aren't "
	      "sealed, of users with a certificate in use, where they would "
	      "be sealed.", metrics->plaintext);
	gauge(text, "mail_seal_plaintext_owners", "Users with a certificate in "
	      "use who have such messages.", metrics->plaintext_owners);
	gauge(text, "mail_seal_plaintext_failed", "Users whose messages "
	      "couldn't all be counted.", metrics->plaintext_failed);
}

static void write_server(const struct metrics *metrics, string_t *text)
{
	static const char plugin[] = "mail_seal_plugin_configured";
	static const char doctor[] = "mail_seal_doctor_findings";

	head(text, plugin, "Is mail_seal in the mail_plugins of this "
	     "protocol?");
	for (unsigned int i = 0; i < metrics->protocol_count; i++) {
		str_printfa(text, "%s{protocol=\"%s\"} %u\n", plugin,
			    metrics->protocols[i].name,
			    metrics->protocols[i].has_plugin ? 1 : 0);
	}
	head(text, doctor, "What doveadm seal doctor finds on this server.");
	for (unsigned int i = 0; i < METRICS_RESULT_COUNT; i++) {
		str_printfa(text, "%s{result=\"%s\"} %u\n", doctor,
			    doctor_result_name(i), metrics->findings[i]);
	}
}

void metrics_write(const struct metrics *metrics, string_t *text)
{
	write_owners(metrics, text);
	write_expiry(metrics, text);
	write_plaintext(metrics, text);
	write_server(metrics, text);
	head(text, "mail_seal_info", "The version of mail_seal that doveadm "
	     "has.");
	str_printfa(text, "mail_seal_info{version=\"%s\"} 1\n",
		    metrics->version);
	gauge(text, "mail_seal_metrics_timestamp_seconds", "When this was "
	      "counted.", metrics->now);
}
