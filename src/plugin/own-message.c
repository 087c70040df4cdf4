/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Stores a message of our own in the owner's INBOX. How it is stored is decided
   here, by what this process knows, and never by anything in a message: see
   struct mail_seal_transaction. */

#include "lib.h"
#include "buffer.h"
#include "file-lock.h"
#include "hex-binary.h"
#include "hostpid.h"
#include "istream.h"
#include "mail-namespace.h"
#include "mail-search-build.h"
#include "mail-user.h"
#include "message-address.h"
#include "message-date.h"
#include "message-header-encode.h"
#include "sha2.h"
#include "str.h"
#include "str-sanitize.h"
#include "../core/core.h"
#include "own-message.h"
#include "transaction.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

/* of the SHA-256 in a Message-ID, in bytes */
#define MESSAGE_ID_HASH_SIZE 16
/* of the lock in INBOX's index directory */
#define LOCK_NAME "dovecot-mail-seal.lock"
#define LOCK_SECS 30
/* longer ones are none (RFC 5321 section 4.5.3.1) */
#define ADDRESS_LENGTH_MAX 320

/*
 * Addresses
 */

const char *
mail_seal_own_message_address(const struct mail_seal_settings *set)
{
	const char *const *addresses, *error, *address = set->user->username;

	if (set->addresses != NULL &&
	    mail_seal_settings_addresses(set, &addresses, &error) == 0 &&
	    *addresses != NULL)
		address = *addresses;
	if (strchr(address, '@') == NULL)
		address = t_strconcat(address, "@", my_hostdomain(), NULL);
	return str_sanitize(address, ADDRESS_LENGTH_MAX);
}

static const char *domain_of(const char *address)
{
	return strrchr(address, '@') + 1;
}

static void append_address(string_t *text, const char *address)
{
	const struct message_address parsed = {
		.mailbox = t_strdup_until(address, strrchr(address, '@')),
		.domain = domain_of(address)
	};

	message_address_write(text, &parsed);
}

/* As it is written in the settings: it may have a name. */
static void append_sender(string_t *text, const struct mail_seal_settings *set,
			  const char *address)
{
	if (set->notice_from != NULL) {
		str_append(text, str_sanitize(set->notice_from,
					      ADDRESS_LENGTH_MAX));
	} else {
		append_address(text, t_strconcat("postmaster@",
						 domain_of(address), NULL));
	}
}

/*
 * The message
 */

static const char *
message_id(const struct mail_seal_settings *set, const char *id)
{
	const char *words = t_strconcat(set->user->username, "\n", id, NULL);
	unsigned char hash[SHA256_RESULTLEN];

	sha256_get_digest(words, strlen(words), hash);
	return t_strdup_printf("<mail-seal.%s@%s>",
		binary_to_hex(hash, MESSAGE_ID_HASH_SIZE),
		domain_of(mail_seal_own_message_address(set)));
}

static bool is_ascii(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((*text & 0x80) != 0)
			return FALSE;
	}
	return TRUE;
}

static void append_body(string_t *text, const char *body)
{
	for (; *body != '\0'; body++) {
		if (*body == '\n')
			str_append_c(text, '\r');
		str_append_c(text, *body);
	}
}

static string_t *
write_message(const struct mail_seal_settings *set,
	      const struct mail_seal_own_message *message)
{
	const char *address = mail_seal_own_message_address(set);
	string_t *text = t_str_new(4096);

	str_printfa(text, "Date: %s\r\nFrom: ",
		    message_date_create(time(NULL)));
	append_sender(text, set, address);
	str_append(text, "\r\nTo: ");
	append_address(text, address);
	str_append(text, "\r\nSubject: ");
	message_header_encode(message->subject, text);
	str_printfa(text, "\r\nMessage-ID: %s\r\n"
		    /* RFC 3834 section 5 */
		    "Auto-Submitted: auto-generated\r\n"
		    "MIME-Version: 1.0\r\n"
		    "Content-Type: text/plain; charset=utf-8\r\n"
		    "Content-Transfer-Encoding: %s\r\n\r\n",
		    message_id(set, message->id),
		    is_ascii(message->body) ? "7bit" : "8bit");
	append_body(text, message->body);
	return text;
}

/*
 * Whom it is sealed to
 */

static int
failed_to_seal(const struct mail_seal_settings *set,
	       const struct seal_error *error, const char **error_r)
{
	e_error(set->user->event, "mail_seal: A message to the owner can't be "
		"sealed: %s", error->text);
	*error_r = mail_seal_policy_engine_sentence(error->code);
	return -1;
}

/* Nobody else is a recipient, mail_seal_extra_keys neither: a code proves that
   somebody has the key it was sealed to. */
static int
decide_recipients(const struct mail_seal_settings *set,
		  const struct mail_seal_own_message *message,
		  const buffer_t *certificates,
		  struct mail_seal_decision *decision, const char **error_r)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct seal_error expired_error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_core *core;
	const char *facts;

	i_zero(decision);
	decision->set = set;
	decision->action = MAIL_SEAL_ACTION_STORE;
	decision->reason = MAIL_SEAL_REASON_OWN_MESSAGE;
	if (certificates != NULL) {
		core = mail_seal_core_get(&error);
		if (core != NULL) {
			decision->recipients = core->recipients_new(
				certificates, NULL, set, NULL, &facts, &error);
		}
		/* who had an expired one can be asked all the same */
		if (decision->recipients == NULL && message->secret &&
		    error.code == SEAL_ERROR_UNUSABLE_KEY) {
			decision->recipients = core->recipients_new_expired(
				certificates, set, &expired_error);
		}
	} else if (message->secret) {
		seal_error_set(&error, SEAL_ERROR_ENGINE, "there is no "
			       "certificate for a code");
	}
	if (decision->recipients != NULL) {
		decision->action = MAIL_SEAL_ACTION_SEAL;
		return 0;
	}
	if (error.code == SEAL_ERROR_NONE ||
	    (error.code == SEAL_ERROR_UNUSABLE_KEY && !message->secret))
		return 0;
	return failed_to_seal(set, &error, error_r);
}

/*
 * Storing
 */

static int failed_to_store(struct mailbox *box, const char **error_r)
{
	enum mail_error code;

	*error_r = t_strdup(mailbox_get_last_error(box, &code));
	if (code != MAIL_ERROR_NOQUOTA) {
		e_error(box->event, "mail_seal: A message to the owner can't "
			"be stored: %s",
			mailbox_get_last_internal_error(box, &code));
	}
	return -1;
}

static int
save(struct mailbox_transaction_context *t, const string_t *text)
{
	struct mail_save_context *ctx = mailbox_save_alloc(t);
	struct istream *input =
		i_stream_create_from_data(str_data(text), str_len(text));
	int ret = mailbox_save_begin(&ctx, input);

	if (ret == 0) {
		do {
			ret = mailbox_save_continue(ctx);
		} while (ret == 0 && i_stream_read(input) > 0);
		if (ret == 0)
			ret = mailbox_save_finish(&ctx);
		else
			mailbox_save_cancel(&ctx);
	}
	i_stream_unref(&input);
	return ret;
}

/* An mbox is locked by way of the current folder (mbox_dotlock_privileged_op()),
   which for doveadm is wherever its caller is, as /root: closed to the user. */
static void leave_closed_folder(void)
{
	if (faccessat(AT_FDCWD, ".", R_OK | X_OK, AT_EACCESS) < 0 &&
	    chdir("/") < 0)
		i_error("chdir(/) failed: %m");
}

static int
store(struct mailbox *box, const string_t *text,
      const struct mail_seal_decision *decision, const char **error_r)
{
	struct mailbox_transaction_context *t;
	struct mail_seal_transaction *st;
	int ret;

	leave_closed_folder();
	if (mailbox_open(box) < 0)
		return failed_to_store(box, error_r);
	t = mailbox_transaction_begin(box, MAILBOX_TRANSACTION_FLAG_EXTERNAL,
				      "mail_seal message");
	st = MAIL_SEAL_CONTEXT(t);
	st->decided = decision;
	ret = save(t, text);
	if (ret < 0) {
		(void)failed_to_store(box, error_r);
		mailbox_transaction_rollback(&t);
	} else if (mailbox_transaction_commit(&t) < 0) {
		ret = failed_to_store(box, error_r);
	}
	return ret < 0 ? -1 : 1;
}

static struct mailbox *
inbox_alloc(struct mail_user *user, enum mailbox_flags flags)
{
	struct mail_namespace *ns = mail_namespace_find_inbox(user->namespaces);

	return mailbox_alloc(ns->list, "INBOX",
			     flags | MAILBOX_FLAG_IGNORE_ACLS);
}

/*
 * Looking for it
 */

/* Whatever has come from elsewhere has one of these: RFC 5321 section 4.4. Its
   sender can know which Message-ID a notice will have, and would suppress it. */
static bool was_delivered(struct mail *mail)
{
	const char *value;

	return mail_get_first_header(mail, "Received", &value) != 0 ||
		mail_get_first_header(mail, "Return-Path", &value) != 0;
}

static bool
search(struct mailbox *box, const char *id, time_t since)
{
	struct mail_search_args *args = mail_search_build_init();
	struct mailbox_transaction_context *t;
	struct mail_search_context *ctx;
	struct mail_search_arg *arg;
	struct mail *mail;
	bool found;

	arg = mail_search_build_add(args, SEARCH_SINCE);
	arg->value.date_type = MAIL_SEARCH_DATE_TYPE_RECEIVED;
	arg->value.time = since;
	arg->value.search_flags = MAIL_SEARCH_ARG_FLAG_UTC_TIMES;
	arg = mail_search_build_add(args, SEARCH_HEADER);
	arg->hdr_field_name = p_strdup(args->pool, "MESSAGE-ID");
	arg->value.str = p_strdup(args->pool, id);

	t = mailbox_transaction_begin(box, 0, "mail_seal message");
	ctx = mailbox_search_init(t, args, NULL, 0, NULL);
	mail_search_args_unref(&args);
	do {
		found = mailbox_search_next(ctx, &mail);
	} while (found && was_delivered(mail));
	(void)mailbox_search_deinit(&ctx);
	mailbox_transaction_rollback(&t);
	return found;
}

/* If that can't be told, two are better than none. */
static bool
is_there(struct mail_user *user, const char *id, time_t since)
{
	struct mailbox *box = inbox_alloc(user, MAILBOX_FLAG_READONLY);
	bool found;

	found = mailbox_open(box) == 0 && mailbox_sync(box, 0) == 0 &&
		search(box, id, since);
	mailbox_free(&box);
	return found;
}

/* Two back ends of one mail store may have the same to tell at the same time:
   one looks for it only when the other has stored it. Without indexes there is
   no place for a lock, and whoever waits too long goes on without. */
static struct mailbox *
lock_inbox(struct mail_user *user, struct file_lock **lock_r)
{
	struct mailbox *box = inbox_alloc(user, MAILBOX_FLAG_SAVEONLY);
	const char *path, *error;

	*lock_r = NULL;
	leave_closed_folder();
	if (mailbox_open(box) < 0 ||
	    mailbox_get_path_to(box, MAILBOX_LIST_PATH_TYPE_INDEX,
				&path) <= 0)
		return box;
	if (mailbox_lock_file_create(box, LOCK_NAME, LOCK_SECS, lock_r,
				     &error) <= 0) {
		e_warning(box->event, "mail_seal: The owner may be told twice: "
			  "INBOX can't be locked for it: %s", error);
		*lock_r = NULL;
	}
	return box;
}

static int
store_or_find(const struct mail_seal_settings *set,
	      const struct mail_seal_own_message *message,
	      const buffer_t *certificates, const char **error_r)
{
	struct mail_seal_decision decision;
	struct mailbox *box;
	int ret;

	if (message->once_since != 0 &&
	    is_there(set->user, message_id(set, message->id),
		     message->once_since))
		return 0;
	if (decide_recipients(set, message, certificates, &decision,
			      error_r) < 0)
		return -1;
	box = inbox_alloc(set->user, MAILBOX_FLAG_SAVEONLY);
	ret = store(box, write_message(set, message), &decision, error_r);
	mailbox_free(&box);
	mail_seal_decision_free(&decision);
	return ret;
}

int mail_seal_own_message_store(const struct mail_seal_settings *set,
				const struct mail_seal_own_message *message,
				const buffer_t *certificates,
				const char **error_r)
{
	struct mail_storage *storage;
	struct mailbox *box = NULL;
	struct file_lock *lock = NULL;
	int ret;

	/* who opens another's mailbox doesn't write into his INBOX */
	if (set->user->autocreated || set->user->namespaces == NULL) {
		*error_r = "this isn't the owner's own session";
		return -1;
	}
	storage = mail_namespace_get_default_storage(
		mail_namespace_find_inbox(set->user->namespaces));
	/* who asked for this may have an error of his own to tell */
	mail_storage_last_error_push(storage);
	if (message->once_since != 0)
		box = lock_inbox(set->user, &lock);
	ret = store_or_find(set, message, certificates, error_r);
	if (lock != NULL)
		file_lock_free(&lock);
	if (box != NULL)
		mailbox_free(&box);
	mail_storage_last_error_pop(storage);
	return ret;
}
