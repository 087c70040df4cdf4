/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What the mail store remembers of its owner, when dsync (doveadm backup, sync,
   replication) takes his mail to another one, so that there, too, a certificate
   that has gone missing isn't an owner without one.

   It goes along as attributes of INBOX, as Pigeonhole's scripts do, which only
   dsync gets to see. A server that has neither a place for attributes nor us
   fails over them, so it isn't sent them: two of us tell each other that they are
   there, by a name among those of the index cache's fields, which others ignore.
   And an owner who has METADATA of his own on INBOX can only go where there is a
   place for it.

   That doesn't depend on them, nor on what the other server has: whoever has
   messages that a server sealed was enrolled there. */

#include "lib.h"
#include "array.h"
#include "ioloop.h"
#include "istream.h"
#include "mail-cache.h"
#include "mail-user.h"
#include "mailbox-attribute.h"
#include "str.h"
#include "../seal/clock.h"
#include "declined.h"
#include "istream-watch.h"
#include "state.h"
#include "state-sync.h"
#include "transaction.h"
#include "user.h"

/* Not below the one for the server's entries: no mail client can name it. */
#define PREFIX MAILBOX_ATTRIBUTE_PREFIX_DOVECOT_PVT"mail-seal/"

/* What a message that was sealed begins with, see src/seal/format/envelope.h */
#define MARK "X-Mail-Seal: v=1;"

struct carried {
	const char *key;
	/* Return 1, 0 if there is none, or -1. */
	int (*get)(struct mail_user *owner, string_t *text, time_t *changed_r,
		   const char **error_r);
	/* What another server remembered is added to what is here. */
	int (*add)(struct mail_user *owner, const char *text,
		   const char **error_r);
};

/* Does it say nothing that messages were sealed for him until then? What he is
   told of the withdrawal is sealed, too, and so is what was being saved by then;
   and the clock that a message was received by may be another. */
static bool is_over(struct mail_user *owner, time_t sealed)
{
	return mail_seal_declined_has_withdrawn(owner,
						sealed - SEAL_CLOCK_SKEW_SECS);
}

/* Messages of another mailbox may have come first, and made a state of their
   own. */
static int
add_declined(struct mail_user *owner, const char *text, const char **error_r)
{
	struct mail_seal_state state;
	int ret = mail_seal_declined_add_text(owner, text, error_r);

	if (ret < 0)
		return -1;
	ret = mail_seal_state_read(owner, &state, error_r);
	if (ret <= 0 || !mail_seal_state_is_moved(&state) ||
	    !is_over(owner, state.given))
		return ret < 0 ? -1 : 0;
	return mail_seal_state_withdraw(owner, error_r) < 0 ? -1 : 0;
}

/* The owner may have withdrawn here since. */
static int
add_state(struct mail_user *owner, const char *text, const char **error_r)
{
	struct mail_seal_state state, other;
	int ret = mail_seal_state_read(owner, &state, error_r);

	if (ret < 0)
		return -1;
	mail_seal_state_parse(text, pool_datastack_create(), &other);
	if (ret == 0 && mail_seal_declined_has_withdrawn(owner,
					I_MAX(other.since, other.given)))
		return 0;
	return mail_seal_state_add_text(owner, text, error_r);
}

static const struct carried carried[] = {
	{ PREFIX"state", mail_seal_state_get_text, add_state },
	{ PREFIX"declined", mail_seal_declined_get_text, add_declined }
};

/*
 * Attributes
 */

struct sync_iter {
	struct mailbox_attribute_iter iter;
	struct mailbox_attribute_iter *super;
	/* the other side has a place for ours */
	bool wanted;
	/* the next of ours */
	unsigned int next;
};

static bool is_owners_inbox(struct mailbox *box)
{
	return box->inbox_user &&
		mailbox_get_namespace(box)->owner == box->storage->user;
}

static const struct carried *
find_carried(struct mailbox *box, enum mail_attribute_type type,
	     const char *key)
{
	if ((type & MAIL_ATTRIBUTE_TYPE_MASK) != MAIL_ATTRIBUTE_TYPE_PRIVATE ||
	    !is_owners_inbox(box))
		return NULL;
	for (unsigned int i = 0; i < N_ELEMENTS(carried); i++) {
		if (strcmp(carried[i].key, key) == 0)
			return &carried[i];
	}
	return NULL;
}

static int
sync_attribute_get(struct mailbox *box, enum mail_attribute_type type,
		   const char *key, struct mail_attribute_value *value_r)
{
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);
	const struct carried *what = find_carried(box, type, key);
	string_t *text;
	const char *error;
	int ret;

	if (what == NULL) {
		return sbox->module_ctx.super.attribute_get(box, type, key,
							    value_r);
	}
	text = t_str_new(1024);
	ret = what->get(box->storage->user, text, &value_r->last_change,
			&error);
	if (ret > 0)
		value_r->value = str_c(text);
	if (ret < 0) {
		/* the mail can be taken along all the same */
		e_error(box->event, "mail_seal: %s: %s", key, error);
	}
	return ret > 0 ? 1 : 0;
}

/* That one is unset is no word of the owner's: see metadata.c. */
static int
sync_attribute_set(struct mailbox_transaction_context *t,
		   enum mail_attribute_type type, const char *key,
		   const struct mail_attribute_value *value)
{
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(t->box);
	const struct carried *what = find_carried(t->box, type, key);
	const char *text, *error;
	int ret;

	if (what == NULL) {
		return sbox->module_ctx.super.attribute_set(t, type, key,
							    value);
	}
	if (mailbox_attribute_value_to_string(t->box->storage, value,
					      &text) < 0)
		return -1;
	if (text == NULL)
		return 0;
	ret = what->add(t->box->storage->user, text, &error);
	if (ret < 0) {
		mail_storage_set_critical(t->box->storage,
			"mail_seal: %s: %s", key, error);
	}
	return ret;
}

/* METADATA, of the mailbox or the server; not another plugin's */
static bool is_metadata(const char *key)
{
	return strncmp(key, MAILBOX_ATTRIBUTE_PREFIX_DOVECOT_PVT,
		       strlen(MAILBOX_ATTRIBUTE_PREFIX_DOVECOT_PVT)) != 0 ||
		strncmp(key, MAILBOX_ATTRIBUTE_PREFIX_DOVECOT_PVT_SERVER,
			strlen(MAILBOX_ATTRIBUTE_PREFIX_DOVECOT_PVT_SERVER)) == 0;
}

static struct mailbox_attribute_iter *
sync_attribute_iter_init(struct mailbox *box, enum mail_attribute_type type,
			 const char *prefix)
{
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);
	struct sync_iter *iter = i_new(struct sync_iter, 1);

	iter->iter.box = box;
	iter->super = sbox->module_ctx.super.attribute_iter_init(box, type,
								 prefix);
	if (*prefix != '\0' || find_carried(box, type, carried[0].key) == NULL)
		iter->next = N_ELEMENTS(carried);
	iter->wanted = sbox->other_takes_state;
	return &iter->iter;
}

static const char *
sync_attribute_iter_next(struct mailbox_attribute_iter *_iter)
{
	struct sync_iter *iter = (struct sync_iter *)_iter;
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(_iter->box);
	struct mail_user *user = _iter->box->storage->user;
	string_t *text = t_str_new(1024);
	const char *key, *error;
	time_t changed;

	/* a server without us had a place for what it was sent */
	while ((key = sbox->module_ctx.super.attribute_iter_next(
					iter->super)) != NULL) {
		if (strncmp(key, PREFIX, strlen(PREFIX)) == 0)
			continue;
		if (is_metadata(key))
			iter->wanted = TRUE;
		return key;
	}
	while (iter->wanted && iter->next < N_ELEMENTS(carried)) {
		const struct carried *what = &carried[iter->next++];

		int ret = what->get(user, text, &changed, &error);

		if (ret > 0)
			return what->key;
		if (ret < 0) {
			e_error(_iter->box->event, "mail_seal: %s: %s",
				what->key, error);
		}
		str_truncate(text, 0);
	}
	return NULL;
}

static int sync_attribute_iter_deinit(struct mailbox_attribute_iter *_iter)
{
	struct sync_iter *iter = (struct sync_iter *)_iter;
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(_iter->box);
	int ret = sbox->module_ctx.super.attribute_iter_deinit(iter->super);

	i_free(iter);
	return ret;
}

/*
 * Is the other side one of ours?
 */

/* Dovecot adds no field of which it doesn't know what it is
   (index_storage_mailbox_update_cache()). */
static const struct mailbox_cache_field our_field = {
	.name = "mail_seal.state", .decision = MAIL_CACHE_DECISION_NO
};

/* dsync asks for both at once; a copy, which looks for each field in the cache,
   doesn't. */
#define DSYNC_ITEMS (MAILBOX_METADATA_CACHE_FIELDS | MAILBOX_METADATA_GUID)

static int
sync_get_metadata(struct mailbox *box, enum mailbox_metadata_items items,
		  struct mailbox_metadata *metadata_r)
{
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);
	ARRAY_TYPE(mailbox_cache_field) *fields;

	if (sbox->module_ctx.super.get_metadata(box, items, metadata_r) < 0)
		return -1;
	if ((items & DSYNC_ITEMS) != DSYNC_ITEMS || !is_owners_inbox(box))
		return 0;
	/* where the others are, too (index-status.c) */
	fields = t_new(ARRAY_TYPE(mailbox_cache_field), 1);
	t_array_init(fields, array_count(metadata_r->cache_fields) + 1);
	array_append_array(fields, metadata_r->cache_fields);
	array_push_back(fields, &our_field);
	metadata_r->cache_fields = fields;
	return 0;
}

/* What dsync has read of the other side's fields, before it sends attributes */
static int
sync_update_box(struct mailbox *box, const struct mailbox_update *_update)
{
	struct mail_seal_mailbox *sbox = MAIL_SEAL_CONTEXT(box);
	struct mailbox_update update = *_update;
	const struct mailbox_cache_field *field = update.cache_updates;
	ARRAY_TYPE(mailbox_cache_field) others;

	t_array_init(&others, 32);
	for (; field != NULL && field->name != NULL; field++) {
		if (strcmp(field->name, our_field.name) == 0)
			sbox->other_takes_state = TRUE;
		else
			array_push_back(&others, field);
	}
	if (array_is_empty(&others)) {
		update.cache_updates = NULL;
		/* only ours was new */
		if (_update->cache_updates != NULL && update.uid_validity == 0)
			return 0;
	} else {
		array_append_zero(&others);
		update.cache_updates = array_front(&others);
	}
	return sbox->module_ctx.super.update_box(box, &update);
}

void mail_seal_state_sync_hook(struct mailbox *box, struct mailbox_vfuncs *v)
{
	if (!box->storage->user->dsyncing)
		return;
	v->get_metadata = sync_get_metadata;
	v->update_box = sync_update_box;
	v->attribute_get = sync_attribute_get;
	v->attribute_set = sync_attribute_set;
	v->attribute_iter_init = sync_attribute_iter_init;
	v->attribute_iter_next = sync_attribute_iter_next;
	v->attribute_iter_deinit = sync_attribute_iter_deinit;
}

/*
 * Messages
 */

struct istream *mail_seal_state_sync_watch(struct mail_save_context *ctx,
					   struct istream *input)
{
	struct mailbox *box = ctx->transaction->box;
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);

	if (!box->storage->user->dsyncing ||
	    mailbox_get_namespace(box)->owner != box->storage->user)
		return input;
	st->came = i_stream_create_watch(input, strlen(MARK));
	/* later it is gone */
	st->came_received = ctx->data.received_date == (time_t)-1 ?
		ioloop_time : ctx->data.received_date;
	return st->came;
}

void mail_seal_state_sync_saved(struct mail_save_context *ctx)
{
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);
	const buffer_t *start;

	if (st->came == NULL)
		return;
	start = i_stream_watch_get(st->came);
	if (start->used == strlen(MARK) &&
	    memcmp(start->data, MARK, strlen(MARK)) == 0)
		st->came_sealed = I_MAX(st->came_sealed, st->came_received);
}

/* A local dsync links Maildir's files and doesn't save them (maildir-copy.c). */
void mail_seal_state_sync_copied(struct mail_save_context *ctx,
				 struct mail *mail)
{
	struct mailbox *box = ctx->transaction->box;
	struct mail_seal_transaction *st = MAIL_SEAL_CONTEXT(ctx->transaction);
	const unsigned char *data;
	struct istream *input;
	time_t received;
	size_t size;

	/* within a store nothing of its owner is new */
	if (!box->storage->user->dsyncing ||
	    mail->box->storage == box->storage ||
	    mailbox_get_namespace(box)->owner != box->storage->user ||
	    mail_get_stream_because(mail, NULL, NULL, "sealing", &input) < 0)
		return;
	if (i_stream_read_bytes(input, &data, &size, strlen(MARK)) > 0 &&
	    memcmp(data, MARK, strlen(MARK)) == 0) {
		if (mail_get_received_date(mail, &received) < 0)
			received = ioloop_time;
		st->came_sealed = I_MAX(st->came_sealed, received);
	}
	i_stream_seek(input, 0);
}

void mail_seal_state_sync_committed(struct mailbox *box, time_t sealed)
{
	struct mail_user *user = box->storage->user;
	const struct mail_seal_settings *set;
	const char *error;

	if (sealed == 0)
		return;
	set = mail_seal_user_get_settings(user, &error);
	if (set == NULL || set->source_count == 0 ||
	    is_over(user, sealed))
		return;
	if (mail_seal_state_note_moved(user, sealed, &error) < 0) {
		e_warning(user->event, "mail_seal: The owner's state can't "
			  "be kept, so a key that goes missing wouldn't be "
			  "noticed: %s", error);
	}
}
