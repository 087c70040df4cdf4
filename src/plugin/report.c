/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "report.h"

static const char *const result_names[] = {
	[MAIL_SEAL_RESULT_SEALED] = "sealed",
	[MAIL_SEAL_RESULT_ENCRYPTED] = "encrypted",
	[MAIL_SEAL_RESULT_STORED] = "stored",
	[MAIL_SEAL_RESULT_FAILED] = "failed"
};

static const char *const reason_names[] = {
	[MAIL_SEAL_REASON_USABLE_KEY] = "usable_key",
	[MAIL_SEAL_REASON_ALREADY_ENCRYPTED] = "already_encrypted",
	[MAIL_SEAL_REASON_OWN_MESSAGE] = "own_message",
	[MAIL_SEAL_REASON_DSYNC] = "dsync",
	[MAIL_SEAL_REASON_PUBLIC] = "public",
	[MAIL_SEAL_REASON_EXCLUDED] = "excluded",
	[MAIL_SEAL_REASON_NO_SOURCES] = "no_sources",
	[MAIL_SEAL_REASON_EXPUNGED] = "expunged",
	[MAIL_SEAL_REASON_UNREADABLE] = "unreadable",
	[MAIL_SEAL_REASON_KEYS_MAILBOX] = "keys_mailbox",
	[MAIL_SEAL_REASON_MISSING_KEY] = "missing_key",
	[MAIL_SEAL_REASON_UNUSABLE_KEY] = "unusable_key",
	[MAIL_SEAL_REASON_UNKNOWN_OWNER] = "unknown_owner",
	[MAIL_SEAL_REASON_SETTINGS] = "settings",
	[MAIL_SEAL_REASON_ENGINE] = "engine",
	[MAIL_SEAL_REASON_TIMEOUT] = "timeout",
	[MAIL_SEAL_REASON_TEMPORARY_FILE] = "temporary_file",
	[MAIL_SEAL_REASON_INCOMPLETE] = "incomplete",
	[MAIL_SEAL_REASON_COPY] = "copy",
	[MAIL_SEAL_REASON_STORAGE] = "storage",
	[MAIL_SEAL_REASON_CANCELLED] = "cancelled"
};

enum mail_seal_reason mail_seal_reason_of_error(enum seal_error_code code)
{
	switch (code) {
	case SEAL_ERROR_UNUSABLE_KEY:
		return MAIL_SEAL_REASON_UNUSABLE_KEY;
	case SEAL_ERROR_TIMEOUT:
		return MAIL_SEAL_REASON_TIMEOUT;
	case SEAL_ERROR_STORE:
		return MAIL_SEAL_REASON_TEMPORARY_FILE;
	default:
		return MAIL_SEAL_REASON_ENGINE;
	}
}

void mail_seal_report_begin(struct mail_seal_report *report,
			    struct event *parent)
{
	if (report->event == NULL)
		report->event = event_create(parent);
}

void mail_seal_report_drop(struct mail_seal_report *report)
{
	event_unref(&report->event);
	i_zero(report);
}

void mail_seal_report_failing(struct mail_seal_report *report,
			      enum mail_seal_reason reason)
{
	if (!report->failed)
		report->failure = reason;
	report->failed = TRUE;
}

static void
report_send(const struct mail_seal_report *report, const char *result,
	    const char *reason)
{
	/* Statistics skip an event that lacks a field they group by, so none
	   is left out. */
	const char *engine = report->engine != NULL ? report->engine : "none";

	e_debug(event_create_passthrough(report->event)->
		set_name("mail_seal_finished")->
		add_str("result", result)->
		add_str("reason", reason)->
		add_str("engine", engine)->
		add_int("bytes_in", report->bytes_in)->
		add_int("bytes_out", report->bytes_out)->event(),
		"mail_seal: %s (%s), engine %s, %"PRIuUOFF_T" bytes in, "
		"%"PRIuUOFF_T" out", result, reason, engine, report->bytes_in,
		report->bytes_out);
}

void mail_seal_report_end(struct mail_seal_report *report,
			  enum mail_seal_result result,
			  enum mail_seal_reason reason)
{
	if (report->event != NULL) {
		report_send(report, result_names[result],
			    reason_names[reason]);
	}
	mail_seal_report_drop(report);
}

void mail_seal_report_fail(struct mail_seal_report *report,
			   enum mail_seal_reason reason)
{
	mail_seal_report_failing(report, reason);
	mail_seal_report_end(report, MAIL_SEAL_RESULT_FAILED, report->failure);
}

const char *
mail_seal_report_key_changed(struct event *user_event,
			     const struct mail_seal_key_change *change)
{
	const char *line = t_strdup_printf(
		"mail_seal: Key %s by %s (%s): from %s to %s", change->action,
		change->way, change->who, change->old_keys, change->new_keys);

	e_info(event_create_passthrough(user_event)->
	       set_name("mail_seal_key_changed")->
	       add_str("way", change->way)->
	       add_str("who", change->who)->
	       add_str("action", change->action)->
	       add_str("old_keys", change->old_keys)->
	       add_str("new_keys", change->new_keys)->event(), "%s", line);
	return line;
}

const char *
mail_seal_report_group_changed(struct event *user_event,
			       const struct mail_seal_group_change *change)
{
	const char *line = t_strdup_printf(
		"mail_seal: Group %s: %s %s by %s (%s): from %s to %s",
		change->group, change->action,
		*change->member == '\0' ? "a certificate" : change->member,
		change->way, change->who, change->old_keys, change->new_keys);

	e_info(event_create_passthrough(user_event)->
	       set_name("mail_seal_group_changed")->
	       add_str("group", change->group)->
	       add_str("action", change->action)->
	       add_str("member", change->member)->
	       add_str("way", change->way)->
	       add_str("who", change->who)->
	       add_str("old_keys", change->old_keys)->
	       add_str("new_keys", change->new_keys)->event(), "%s", line);
	return line;
}
