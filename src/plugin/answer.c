/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "istream.h"
#include "mail-deliver.h"
#include "mail-namespace.h"
#include "message-header-decode.h"
#include "message-header-parser.h"
#include "str.h"
#include "../core/core.h"
#include "answer.h"
#include "code.h"
#include "enrol.h"
#include "istream-watch.h"
#include "keys-mailbox.h"
#include "owners-act.h"
#include "transaction.h"

#include <ctype.h>

/* The Subject must be within so many bytes of the message. */
#define WATCH_MAX (64*1024)
/* Of so many texts in one transaction a code can be */
#define TEXTS_MAX 8

/* Most texts have no code: then nobody's certificates are looked for. */
static bool has_code(const char *text)
{
	return mail_seal_code_find(text) != NULL;
}

/* The gate logs what comes of it. */
static enum mail_seal_enrol_result
give(const struct mail_seal_settings *set, const char *way, const char *text,
     const char **sentence_r)
{
	struct mail_seal_enrolment enrolment;
	struct mail_seal_enrol_error error;
	enum mail_seal_enrol_result result;

	mail_seal_owners_enrolment(set, way, &enrolment);
	result = mail_seal_enrol_code(&enrolment, text, sentence_r, &error);
	if (result == MAIL_SEAL_ENROL_FAILED ||
	    result == MAIL_SEAL_ENROL_IMPOSSIBLE) {
		e_error(set->user->event, "mail_seal: %s", error.log_error);
		*sentence_r = error.sentence;
	}
	return result;
}

/*
 * Delivery
 */

void mail_seal_answer_delivered(struct mail_deliver_context *ctx,
				const struct mail_seal_settings *set)
{
	const char *subject, *sentence;

	/* a message that can't be read fails by itself */
	if (mail_get_first_header_utf8(ctx->src_mail, "Subject",
				       &subject) <= 0 ||
	    !has_code(subject))
		return;
	(void)give(set, "delivery", subject, &sentence);
}

/*
 * Saving
 */

struct istream *mail_seal_answer_watch(struct mail_save_context *ctx,
				       struct istream *input)
{
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);
	const struct mail_seal_settings *set;

	/* a copy, or a message of our own */
	if (ctx->copying_or_moving || st->decided != NULL)
		return input;
	set = mail_seal_owners_save(ctx);
	if (set == NULL)
		return input;
	st->watched = i_stream_create_watch(input,
		mail_seal_is_keys_mailbox(ctx->transaction->box, set) ?
		MAIL_SEAL_FIND_TOO_LARGE : WATCH_MAX);
	return st->watched;
}

struct subject {
	string_t *text;
	bool found;
};

static void subject_line(struct message_header_line *line,
			 struct subject *subject)
{
	if (line == NULL || line->eoh || subject->found ||
	    strcasecmp(line->name, "Subject") != 0)
		return;
	if (line->continues) {
		line->use_full_value = TRUE;
		return;
	}
	message_header_decode_utf8(line->full_value, line->full_value_len,
				   subject->text, NULL);
	subject->found = TRUE;
}

/* Keeps the Subject that has passed by, if there may be a code in it. */
static void keep_subject(struct mail_seal_transaction *st)
{
	struct subject subject = { .text = t_str_new(128) };
	struct istream *input;
	const buffer_t *start;
	const char *text;

	if (st->watched == NULL)
		return;
	start = i_stream_watch_get(st->watched);
	input = i_stream_create_from_data(start->data, start->used);
	message_parse_header(input, NULL,
			     MESSAGE_HEADER_PARSER_FLAG_CLEAN_ONELINE,
			     subject_line, &subject);
	i_stream_unref(&input);
	text = str_c(subject.text);
	if (!has_code(text))
		return;
	if (!array_is_created(&st->texts))
		i_array_init(&st->texts, 1);
	if (array_count(&st->texts) < TEXTS_MAX) {
		char *copy = i_strdup(text);

		array_push_back(&st->texts, &copy);
	}
}

void mail_seal_answer_saved(struct mail_save_context *ctx)
{
	keep_subject(MAIL_SEAL_CONTEXT(ctx->transaction));
}

void mail_seal_answer_refused(struct mail_save_context *ctx)
{
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);

	keep_subject(st);
	st->refused = TRUE;
}

/* The save has succeeded and can't say anything any more. Clients show an alert
   (RFC 3501 section 7.1). Thunderbird shows it while it sends, in a dialog that
   has to be closed; so only what is wrong is worth one. Of what is right there
   is a message in INBOX. */
static void alert(struct mailbox *box, const char *sentence)
{
	struct mail_storage *storage = box->storage;

	if (storage->callbacks.notify_no != NULL) {
		storage->callbacks.notify_no(box,
			t_strconcat("[ALERT] ", sentence, NULL),
			storage->callback_context);
	}
}

static void
give_all(struct mailbox *box, const struct mail_seal_transaction *st)
{
	const struct mail_seal_settings *set = mail_seal_owners_act(box);
	const char *sentence;
	char *text;

	i_assert(set != NULL);
	array_foreach_elem(&st->texts, text) {
		switch (give(set, "subject", text, &sentence)) {
		case MAIL_SEAL_ENROL_OK:
		case MAIL_SEAL_ENROL_PENDING:
			break;
		case MAIL_SEAL_ENROL_NOTHING:
			/* the copy in Sent of a message that has been
			   delivered */
			break;
		default:
			alert(box, sentence);
		}
	}
}

void mail_seal_answer_committed(struct mailbox *box,
				struct mail_seal_transaction *st)
{
	if (array_is_created(&st->texts))
		give_all(box, st);
}

void mail_seal_answer_rolled_back(struct mailbox *box,
				  struct mail_seal_transaction *st)
{
	if (!st->refused || !array_is_created(&st->texts))
		return;
	mail_storage_last_error_push(box->storage);
	give_all(box, st);
	mail_storage_last_error_pop(box->storage);
}

/*
 * Mailboxes
 */

static const char *last_part(struct mailbox *box)
{
	char separator = mail_namespace_get_sep(mailbox_get_namespace(box));
	const char *vname = mailbox_get_vname(box);
	const char *last = strrchr(vname, separator);

	return last == NULL ? vname : last + 1;
}

/* "seal-", ten symbols, and nothing else that is a letter or a digit. Two words
   of five letters are a name like others: "Seal-green-paper". */
static bool is_bare_code(const char *name)
{
	unsigned int count = 0;
	bool digits = FALSE;

	for (; *name != '\0'; name++) {
		if (i_isalnum(*name))
			count++;
		if (i_isdigit(*name))
			digits = TRUE;
	}
	return count == strlen("seal") + 10 && digits;
}

/* Returns what to tell who wants to create a mailbox of this name, or NULL: it
   is no answer. A code that has been used makes no mailbox either. */
static const char *
answer_by_name(struct mailbox *box, const struct mail_seal_settings *set)
{
	const char *name = last_part(box), *sentence;

	if (!has_code(name))
		return NULL;
	return give(set, "mailbox-name", name, &sentence) ==
		MAIL_SEAL_ENROL_NOTHING && !is_bare_code(name) ?
		NULL : sentence;
}

int mail_seal_create_box(struct mailbox *box,
			 const struct mailbox_update *update, bool directory)
{
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);
	const struct mail_seal_settings *set = mail_seal_owners_act(box);
	const char *sentence =
		set == NULL ? NULL : answer_by_name(box, set);

	if (sentence == NULL) {
		return sbox->module_ctx.super.create_box(box, update,
							 directory);
	}
	mail_storage_set_error(box->storage, MAIL_ERROR_NOTPOSSIBLE,
			       t_strconcat("[ALERT] ", sentence, NULL));
	return -1;
}
