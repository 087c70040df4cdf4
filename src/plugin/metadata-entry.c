/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What each of our entries does: "keys" for what an owner wants his mail
   sealed to, "pending" for what becomes of that, "code" for what it takes,
   "status" for how it stands. */

#include "lib.h"
#include "buffer.h"
#include "istream.h"
#include "str.h"
#include "mailbox-attribute.h"
#include "dovecot-compat.h"
#include "enrol.h"
#include "metadata-entry.h"
#include "metadata-status.h"
#include "pending.h"

#include <time.h>

/*
 * The entry "keys"
 */

static enum mail_error result_error(enum mail_seal_enrol_result result)
{
	switch (result) {
	case MAIL_SEAL_ENROL_BAD:
		return MAIL_ERROR_PARAMS;
	case MAIL_SEAL_ENROL_IMPOSSIBLE:
		return MAIL_ERROR_NOTPOSSIBLE;
	default:
		return MAIL_ERROR_TEMP;
	}
}

/* Reads one byte more than is allowed at the most. */
static int
read_value(struct mailbox *box, const struct mail_attribute_value *value,
	   buffer_t *content)
{
	struct istream *input = value->value_stream;
	const unsigned char *data;
	size_t size;

	if (input == NULL) {
		buffer_append(content, value->value, strlen(value->value));
		return 0;
	}
	i_stream_seek(input, 0);
	while (content->used <= MAIL_SEAL_ENROL_SIZE_MAX &&
	       i_stream_read_more(input, &data, &size) > 0) {
		buffer_append(content, data, size);
		i_stream_skip(input, size);
	}
	if (input->stream_errno == 0)
		return 0;
	mailbox_set_critical(box, "mail_seal: read(%s) failed: %s",
			     i_stream_get_name(input),
			     i_stream_get_error(input));
	return -1;
}

static void
enrolment_init(struct mailbox *box, const struct mail_seal_settings *set,
	       struct mail_seal_enrolment *enrolment_r)
{
	const struct mail_user *user = box->storage->user;

	i_zero(enrolment_r);
	enrolment_r->set = set;
	enrolment_r->way = "metadata";
	/* a master user's own name; doveadm hasn't logged in */
	if (user->auth_user != NULL)
		enrolment_r->who = user->auth_user;
	else if (strcmp(user->COMPAT_AUTH_PROTOCOL, "imap") == 0)
		enrolment_r->who = user->username;
	else
		enrolment_r->who = user->COMPAT_AUTH_PROTOCOL;
}

static int
keys_result(struct mailbox *box, enum mail_seal_enrol_result result,
	    const struct mail_seal_enrol_error *error)
{
	if (result == MAIL_SEAL_ENROL_OK ||
	    result == MAIL_SEAL_ENROL_PENDING ||
	    result == MAIL_SEAL_ENROL_NOTHING)
		return 0;
	if (result == MAIL_SEAL_ENROL_FAILED)
		e_error(box->event, "mail_seal: %s", error->log_error);
	else
		e_info(box->event, "mail_seal: %s", error->log_error);
	mail_storage_set_error(box->storage, result_error(result),
			       error->sentence);
	return -1;
}

static int
keys_set(struct mailbox_transaction_context *t,
	 const struct mail_seal_settings *set,
	 const struct mail_attribute_value *value)
{
	struct mail_seal_enrolment enrolment;
	struct mail_seal_enrol_error error;
	buffer_t *content = t_buffer_create(4096);

	if (read_value(t->box, value, content) < 0)
		return -1;
	enrolment_init(t->box, set, &enrolment);
	return keys_result(t->box, mail_seal_enrol_offer(&enrolment, content,
							 &error), &error);
}

static int
keys_unset(struct mailbox_transaction_context *t,
	   const struct mail_seal_settings *set)
{
	struct mail_seal_enrolment enrolment;
	struct mail_seal_enrol_error error;

	enrolment_init(t->box, set, &enrolment);
	return keys_result(t->box, mail_seal_enrol_withdraw(&enrolment,
							    &error), &error);
}

static int
keys_get(struct mailbox *box, const struct mail_seal_settings *set,
	 struct mail_attribute_value *value_r)
{
	struct mail_seal_enrol_error error;
	buffer_t *text = t_buffer_create(4096);
	int ret;

	ret = mail_seal_enrol_get(set, text, &error);
	if (ret > 0) {
		value_r->value = t_strndup(text->data, text->used);
	} else if (ret < 0) {
		e_error(box->event, "mail_seal: %s", error.log_error);
		mail_storage_set_error(box->storage, MAIL_ERROR_TEMP,
				       error.sentence);
	}
	return ret;
}

/* What can't be read now isn't listed, or it would fail the listing of all
   entries; who asks for it is told. */
static bool keys_exist(const struct mail_seal_settings *set)
{
	struct mail_seal_enrol_error error;

	return mail_seal_enrol_get(set, t_buffer_create(4096), &error) > 0;
}

/*
 * The entry "pending"
 */

static void
append_keys(string_t *text, const char *name, const char *const *keys)
{
	if (keys != NULL) {
		str_printfa(text, "%s=%s\n", name,
			    t_strarray_join(keys, ","));
	}
}

static void
append_missing(string_t *text, const struct mail_seal_pending *pending)
{
	const unsigned int missing = mail_seal_gate_missing(pending);
	const bool new_key =
		(missing & MAIL_SEAL_GATE_BIT(MAIL_SEAL_GATE_NEW)) != 0;
	const bool old_key =
		(missing & MAIL_SEAL_GATE_BIT(MAIL_SEAL_GATE_OLD)) != 0;

	str_printfa(text, "missing=%s%s%s\n", new_key ? "new" : "",
		    new_key && old_key ? "," : "", old_key ? "old" : "");
}

/* Returns 1, 0 if nothing is pending, or what is isn't any more, or -1. */
static int
get_pending(const struct mail_seal_settings *set,
	    struct mail_seal_pending *pending_r, struct seal_error *error)
{
	int ret = mail_seal_pending_get(set, pending_r, error);

	return ret > 0 && time(NULL) >= mail_seal_gate_until(pending_r, set) ?
		0 : ret;
}

static int
pending_get(struct mailbox *box, const struct mail_seal_settings *set,
	    struct mail_attribute_value *value_r)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct mail_seal_pending pending;
	string_t *text = t_str_new(512);
	time_t delay_until;
	int ret = get_pending(set, &pending, &error);

	if (ret < 0) {
		mailbox_set_critical(box, "mail_seal: What is pending can't "
				     "be read: %s", error.text);
	}
	if (ret <= 0)
		return ret;
	str_printfa(text, "action=%s\nsince=%s\nuntil=%s\nway=%s\n",
		    pending.withdraw ? "unset" : "set",
		    mail_seal_metadata_time(pending.since),
		    mail_seal_metadata_time(mail_seal_gate_until(&pending,
								 set)),
		    pending.way);
	append_keys(text, "keys", pending.keys);
	append_keys(text, "old_keys", pending.old_keys);
	append_missing(text, &pending);
	delay_until = mail_seal_gate_delay_until(&pending, set);
	if (delay_until != 0) {
		str_printfa(text, "delay_until=%s\n",
			    mail_seal_metadata_time(delay_until));
	}
	value_r->value = str_c(text);
	return 1;
}

static int
pending_set(struct mailbox_transaction_context *t,
	    const struct mail_seal_settings *set ATTR_UNUSED,
	    const struct mail_attribute_value *value ATTR_UNUSED)
{
	mail_storage_set_error(t->box->storage, MAIL_ERROR_PARAMS,
			       "What is pending can only be read, or set to "
			       "NIL to take it back");
	return -1;
}

static int
pending_unset(struct mailbox_transaction_context *t,
	      const struct mail_seal_settings *set)
{
	struct mail_seal_enrolment enrolment;
	struct mail_seal_enrol_error error;

	enrolment_init(t->box, set, &enrolment);
	return keys_result(t->box, mail_seal_enrol_reject(&enrolment, &error),
			   &error);
}

bool mail_seal_metadata_is_pending(const struct mail_seal_settings *set)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct mail_seal_pending pending;

	return get_pending(set, &pending, &error) > 0;
}

/*
 * The entry "code"
 */

static int
code_set(struct mailbox_transaction_context *t,
	 const struct mail_seal_settings *set,
	 const struct mail_attribute_value *value)
{
	struct mail_seal_enrolment enrolment;
	struct mail_seal_enrol_error error;
	enum mail_seal_enrol_result result;
	buffer_t *content = t_buffer_create(256);
	const char *sentence;

	if (read_value(t->box, value, content) < 0)
		return -1;
	enrolment_init(t->box, set, &enrolment);
	result = mail_seal_enrol_code(&enrolment, t_strndup(content->data,
							    content->used),
				      &sentence, &error);
	if (result != MAIL_SEAL_ENROL_BAD && result != MAIL_SEAL_ENROL_NOTHING)
		return keys_result(t->box, result, &error);
	mail_storage_set_error(t->box->storage, MAIL_ERROR_PARAMS, sentence);
	return -1;
}

/* It can't be read. */
static int
code_get(struct mailbox *box ATTR_UNUSED,
	 const struct mail_seal_settings *set ATTR_UNUSED,
	 struct mail_attribute_value *value_r ATTR_UNUSED)
{
	return 0;
}

/*
 * The entry "status"
 */

static int
status_get(struct mailbox *box, const struct mail_seal_settings *set,
	   struct mail_attribute_value *value_r)
{
	string_t *text = t_str_new(512);
	const char *log_error;

	if (mail_seal_metadata_status(set, text, &log_error) < 0) {
		e_error(box->event, "mail_seal: The owner's status can't be "
			"found out: %s", log_error);
		mail_storage_set_error(box->storage, MAIL_ERROR_TEMP,
			"Status not shown: the server failed, please try "
			"again later");
		return -1;
	}
	value_r->value = str_c(text);
	return 1;
}

static int
status_set(struct mailbox_transaction_context *t,
	   const struct mail_seal_settings *set ATTR_UNUSED,
	   const struct mail_attribute_value *value ATTR_UNUSED)
{
	mail_storage_set_error(t->box->storage, MAIL_ERROR_PARAMS,
			       "The status can only be read");
	return -1;
}

/* Who goes through all entries wants what is kept there. A code isn't, and the
   status is made when it is asked for. */
static bool isnt_listed(const struct mail_seal_settings *set ATTR_UNUSED)
{
	return FALSE;
}

const struct metadata_entry mail_seal_metadata_entries[] = {
	{
		.name = "keys",
		.get = keys_get,
		.set = keys_set,
		.unset = keys_unset,
		.exists = keys_exist
	}, {
		.name = "pending",
		.get = pending_get,
		.set = pending_set,
		.unset = pending_unset,
		.exists = mail_seal_metadata_is_pending
	}, {
		.name = "code",
		.get = code_get,
		.set = code_set,
		.exists = isnt_listed
	}, {
		.name = "status",
		.get = status_get,
		.set = status_set,
		.exists = isnt_listed
	}, {
		.name = NULL
	}
};
