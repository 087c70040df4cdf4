/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_TRANSACTION_H
#define MAIL_SEAL_TRANSACTION_H

#include "module-context.h"
#include "dovecot-compat.h"
#include "decide.h"

/* What we keep with a mailbox and with its transactions. */

#define MAIL_SEAL_CONTEXT(obj) \
	MODULE_CONTEXT_REQUIRE(obj, mail_seal_storage_module)

struct mail_seal_mailbox {
	union mailbox_module_context module_ctx;

	/* group.c: what came of looking for its group, once that was done */
	bool group_read;
	int group_ret;
	const struct mail_seal_group *group;
	const char *group_error;

	/* state-sync.c: the other side of dsync is one of ours, too */
	bool other_takes_state;
};

/* A transaction saves one message at a time. */
struct mail_seal_transaction {
	union mailbox_transaction_module_context module_ctx;

	/* lazy_expunge keeps expunged messages by it */
	bool keeps_expunged;
	/* What is to become of the message is decided already: by the copy
	   that may become this save, or for a message of our own
	   (own-message.c). NULL otherwise. */
	const struct mail_seal_decision *decided;

	/* the sealed message while it is saved */
	struct istream *stream;
	/* the same, while its bytes are hashed, or NULL */
	struct istream *hashed_stream;
	/* for the next save that goes through the seal, or NULL */
	const struct hash_method *hash_method;
	void *hash_context;
	/* what to tell should it have to be sealed, when it can't be */
	char *refusal;
	/* what to tell about the save that failed, or NULL */
	char *sentence;
	/* the owner, and what his state doesn't know yet: fingerprints joined
	   by commas, and facts; or NULL */
	struct mail_user *owner;
	char *new_fingerprints, *new_facts;
	time_t withdrawn_before;
	/* the certificates aren't those that his state knew: he may have to be
	   told when the messages are stored. Or NULL */
	struct mail_user *changed_owner;
	/* number of calls of save_begin */
	unsigned int saves;
	/* of these, saved through the seal */
	unsigned int sealed;

	/* answer.c: the plaintext as it passes by while a message is saved, or
	   NULL; and what may have a code in it */
	struct istream *watched;
	ARRAY(char *) texts;
	/* the last of them is that of a message that isn't stored, because the
	   owner's key can't be used */
	bool refused;
	/* keys-mailbox.c: the certificate of the messages that are saved, or
	   NULL */
	buffer_t *certificate;

	/* state-sync.c: a message that dsync brings while it is saved, or
	   NULL; when it was received; and when the latest one was that was
	   sealed, or 0 */
	struct istream *came;
	time_t came_received, came_sealed;

	/* the plaintext while it is saved, and where it began */
	struct istream *input;
	uoff_t input_start;
	/* it goes into a group's mailbox */
	bool group;
	/* why it is to be sealed, stored or refused */
	enum mail_seal_reason reason;
	struct mail_seal_report report;
};

extern MODULE_CONTEXT_DEFINE(mail_seal_storage_module,
			     &mail_storage_module_register);

#endif
