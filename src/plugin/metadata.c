/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "buffer.h"
#include "istream.h"
#include "mailbox-attribute.h"
#include "mail-namespace.h"
#include "dovecot-compat.h"
#include "enrol.h"
#include "metadata.h"
#include "user.h"

#define KEYS_ENTRY "vendor/vendor.mail-seal/keys"

/* Returns the settings if the entry is this user's to see, or NULL. */
static const struct mail_seal_settings *box_settings(struct mailbox *box)
{
	struct mail_user *user = box->storage->user;
	const struct mail_seal_settings *set;
	const char *error;

	if (!mail_seal_user_has_context(user) ||
	    mailbox_get_namespace(box)->owner != user)
		return NULL;
	set = mail_seal_user_get_settings(user, &error);
	return set != NULL && set->imap_enrolment ? set : NULL;
}

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
keys_set(struct mailbox_transaction_context *t, const char *key ATTR_UNUSED,
	 const struct mail_attribute_value *value)
{
	const struct mail_seal_settings *set = box_settings(t->box);
	struct mail_seal_enrolment enrolment;
	struct mail_seal_enrol_error error;
	enum mail_seal_enrol_result result;
	buffer_t *content;

	if (set == NULL) {
		mail_storage_set_error(t->box->storage, MAIL_ERROR_PERM,
			"Certificates can't be enrolled over IMAP here");
		return -1;
	}
	enrolment_init(t->box, set, &enrolment);
	if (value->value == NULL && value->value_stream == NULL) {
		result = mail_seal_enrol_unset(&enrolment, &error);
	} else {
		content = t_buffer_create(4096);
		if (read_value(t->box, value, content) < 0)
			return -1;
		result = mail_seal_enrol_set(&enrolment, content, &error);
	}
	if (result == MAIL_SEAL_ENROL_OK ||
	    result == MAIL_SEAL_ENROL_NOTHING)
		return 0;
	if (result == MAIL_SEAL_ENROL_FAILED)
		e_error(t->box->event, "mail_seal: %s", error.log_error);
	else
		e_info(t->box->event, "mail_seal: %s", error.log_error);
	mail_storage_set_error(t->box->storage, result_error(result),
			       error.sentence);
	return -1;
}

static int
keys_get(struct mailbox *box, const char *key ATTR_UNUSED,
	 struct mail_attribute_value *value_r)
{
	const struct mail_seal_settings *set = box_settings(box);
	struct mail_seal_enrol_error error;
	buffer_t *text;
	int ret;

	if (set == NULL)
		return 0;
	text = t_buffer_create(4096);
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

/* Of a mailbox, not of the server: whoever sets it would believe to be
   enrolled. */
static int
mailbox_keys_set(struct mailbox_transaction_context *t,
		 const char *key ATTR_UNUSED,
		 const struct mail_attribute_value *value ATTR_UNUSED)
{
	mail_storage_set_error(t->box->storage, MAIL_ERROR_PARAMS,
		"Certificates are enrolled for all mailboxes at once: "
		"this is an entry of the server, mailbox name \"\"");
	return -1;
}

static int
mailbox_keys_get(struct mailbox *box ATTR_UNUSED, const char *key ATTR_UNUSED,
		 struct mail_attribute_value *value_r ATTR_UNUSED)
{
	return 0;
}

static const struct mailbox_attribute_internal keys_attributes[] = {
	{
		.type = MAIL_ATTRIBUTE_TYPE_PRIVATE,
		/* how Dovecot names a server entry: an attribute of INBOX
		   (imap-metadata.c) */
		.key = MAILBOX_ATTRIBUTE_PREFIX_DOVECOT_PVT_SERVER KEYS_ENTRY,
		.rank = MAIL_ATTRIBUTE_INTERNAL_RANK_AUTHORITY,
		/* also without imap_metadata and mail_attribute_dict */
		.flags = MAIL_ATTRIBUTE_INTERNAL_FLAG_VALIDATED,
		.get = keys_get,
		.set = keys_set
	}, {
		.type = MAIL_ATTRIBUTE_TYPE_PRIVATE,
		.key = KEYS_ENTRY,
		.rank = MAIL_ATTRIBUTE_INTERNAL_RANK_AUTHORITY,
		.flags = MAIL_ATTRIBUTE_INTERNAL_FLAG_VALIDATED,
		.get = mailbox_keys_get,
		.set = mailbox_keys_set
	}
};

void mail_seal_metadata_init(void)
{
	mailbox_attribute_register_internals(keys_attributes,
					     N_ELEMENTS(keys_attributes));
}

void mail_seal_metadata_deinit(void)
{
	mailbox_attribute_unregister_internals(keys_attributes,
					       N_ELEMENTS(keys_attributes));
}
