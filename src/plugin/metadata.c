/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Enrolment over IMAP: the entries below vendor/vendor.mail-seal/ of METADATA.
   Dovecot reads, writes and lists them through the rows at the end, which its
   own work passes by as well: deleting a mailbox unsets every attribute that
   is listed (index-storage.c), and dsync carries attributes over. Neither is
   the owner's will, so neither enrols or withdraws. */

#include "lib.h"
#include "mailbox-attribute.h"
#include "mail-namespace.h"
#include "dovecot-compat.h"
#include "metadata.h"
#include "metadata-entry.h"
#include "user.h"

#define VENDOR "vendor/vendor.mail-seal"
/* as the project writes itself, and so do people */
#define MISSPELT_VENDOR "vendor/vendor.mail_seal"
/* how Dovecot names a server entry: an attribute of INBOX (imap-metadata.c) */
#define SERVER MAILBOX_ATTRIBUTE_PREFIX_DOVECOT_PVT_SERVER

/* Returns the settings if the entries are this user's to see, or NULL. */
static const struct mail_seal_settings *box_settings(struct mailbox *box)
{
	struct mail_user *user = box->storage->user;
	const struct mail_seal_settings *set;
	const char *error;

	if (mailbox_get_namespace(box)->owner != user)
		return NULL;
	set = mail_seal_user_get_settings(user, &error);
	return set != NULL && set->imap_enrolment ? set : NULL;
}

/*
 * All that is below our vendor name
 */

/* Returns NULL if it is none of ours: of a mailbox, shared, misspelt. */
static const struct metadata_entry *
find_entry(enum mail_attribute_type type, const char *key)
{
	static const char prefix[] = SERVER VENDOR"/";
	const struct metadata_entry *entry;

	if (type != MAIL_ATTRIBUTE_TYPE_PRIVATE ||
	    strncmp(key, prefix, sizeof(prefix) - 1) != 0)
		return NULL;
	key += sizeof(prefix) - 1;
	for (entry = mail_seal_metadata_entries; entry->name != NULL; entry++) {
		if (strcmp(entry->name, key) == 0)
			return entry;
	}
	return NULL;
}

/* dsync's work, and, as the rows are the whole process's, that of users
   without us */
static bool is_dovecots_own(struct mailbox *box)
{
	struct mail_user *user = box->storage->user;

	return user->dsyncing || !mail_seal_user_has_context(user);
}

/* Dovecot may have something by the name of what isn't ours, or of which we
   keep nothing, from before we came. Without attributes there is nothing. */
static int
remove_dovecots(struct mailbox_transaction_context *t,
		enum mail_attribute_type type, const char *key)
{
	const struct mail_attribute_value none = { .value = NULL };

	if (t->box->v.attribute_set(t, type, key, &none) == 0)
		return 0;
	if (mailbox_get_last_mail_error(t->box) != MAIL_ERROR_NOTPOSSIBLE)
		return -1;
	mail_storage_clear_error(t->box->storage);
	return 0;
}

/* Whoever sets it would believe to be enrolled. */
static int refuse_value(struct mailbox *box, const char *key)
{
	bool server = strncmp(key, SERVER, sizeof(SERVER) - 1) == 0;

	mail_storage_set_error(box->storage, MAIL_ERROR_PARAMS, server ?
		"Certificates are enrolled in another entry: "
		"/private/"VENDOR"/keys" :
		"Certificates are enrolled for all mailboxes at once: "
		"this is an entry of the server, mailbox name \"\"");
	return -1;
}

static int
metadata_set(struct mailbox_transaction_context *t,
	     enum mail_attribute_type type, const char *key,
	     const struct mail_attribute_value *value)
{
	const struct metadata_entry *entry = find_entry(type, key);
	const struct mail_seal_settings *set;
	bool unset = value->value == NULL && value->value_stream == NULL;

	if (is_dovecots_own(t->box))
		return t->box->v.attribute_set(t, type, key, value);
	/* deleting: with all other attributes of the mailbox */
	if (unset && (entry == NULL || entry->unset == NULL ||
		      t->box->deleting))
		return remove_dovecots(t, type, key);
	if (entry == NULL)
		return refuse_value(t->box, key);
	set = box_settings(t->box);
	if (set == NULL) {
		mail_storage_set_error(t->box->storage, MAIL_ERROR_PERM,
			"Certificates can't be enrolled over IMAP here");
		return -1;
	}
	return unset ? entry->unset(t, set) : entry->set(t, set, value);
}

static int
metadata_get(struct mailbox *box, enum mail_attribute_type type,
	     const char *key, struct mail_attribute_value *value_r)
{
	const struct metadata_entry *entry = find_entry(type, key);
	const struct mail_seal_settings *set;

	if (is_dovecots_own(box))
		return box->v.attribute_get(box, type, key, value_r);
	set = entry == NULL ? NULL : box_settings(box);
	return set == NULL ? 0 : entry->get(box, set, value_r);
}

/* With prefix "a": for an entry "a" the name "", and for "a/b" "b" */
static void
add_name(const char *name, const char *prefix, pool_t pool,
	 ARRAY_TYPE(const_string) *names)
{
	size_t size = strlen(prefix);
	const char *rest;

	if (strncmp(name, prefix, size) != 0)
		return;
	name += size;
	if (size > 0 && *name == '/')
		name++;
	else if (size > 0 && *name != '\0')
		return;
	rest = p_strdup(pool, name);
	array_push_back(names, &rest);
}

static int
private_iter(struct mailbox *box, const char *prefix, pool_t pool,
	     ARRAY_TYPE(const_string) *names)
{
	const struct metadata_entry *entry;
	const struct mail_seal_settings *set;

	if (is_dovecots_own(box) || !box->inbox_user ||
	    (set = box_settings(box)) == NULL)
		return 0;
	for (entry = mail_seal_metadata_entries; entry->name != NULL; entry++) {
		if (entry->exists(set))
			add_name(entry->name, prefix, pool, names);
	}
	return 0;
}

static int
no_iter(struct mailbox *box ATTR_UNUSED, const char *prefix ATTR_UNUSED,
	pool_t pool ATTR_UNUSED, ARRAY_TYPE(const_string) *names ATTR_UNUSED)
{
	return 0;
}

/*
 * Dovecot's rows
 */

static int
private_set(struct mailbox_transaction_context *t, const char *key,
	    const struct mail_attribute_value *value)
{
	return metadata_set(t, MAIL_ATTRIBUTE_TYPE_PRIVATE, key, value);
}

static int
shared_set(struct mailbox_transaction_context *t, const char *key,
	   const struct mail_attribute_value *value)
{
	return metadata_set(t, MAIL_ATTRIBUTE_TYPE_SHARED, key, value);
}

static int
private_get(struct mailbox *box, const char *key,
	    struct mail_attribute_value *value_r)
{
	return metadata_get(box, MAIL_ATTRIBUTE_TYPE_PRIVATE, key, value_r);
}

static int
shared_get(struct mailbox *box, const char *key,
	   struct mail_attribute_value *value_r)
{
	return metadata_get(box, MAIL_ATTRIBUTE_TYPE_SHARED, key, value_r);
}

/* VALIDATED: also without imap_metadata and mail_attribute_dict. */
#define ROW(kind, the_key, the_flags, the_iter) { \
	.type = MAIL_ATTRIBUTE_TYPE_##kind, \
	.key = the_key, \
	.rank = MAIL_ATTRIBUTE_INTERNAL_RANK_AUTHORITY, \
	.flags = MAIL_ATTRIBUTE_INTERNAL_FLAG_VALIDATED | (the_flags), \
	.get = MAIL_ATTRIBUTE_TYPE_##kind == MAIL_ATTRIBUTE_TYPE_PRIVATE ? \
		private_get : shared_get, \
	.set = MAIL_ATTRIBUTE_TYPE_##kind == MAIL_ATTRIBUTE_TYPE_PRIVATE ? \
		private_set : shared_set, \
	.iter = the_iter \
}
#define CHILDREN_ROW(kind, key, iter) \
	ROW(kind, key"/", MAIL_ATTRIBUTE_INTERNAL_FLAG_CHILDREN, iter)
#define NAME_ROWS(key, iter) \
	ROW(PRIVATE, key, 0, no_iter), \
	ROW(SHARED, key, 0, no_iter), \
	CHILDREN_ROW(PRIVATE, key, iter), \
	CHILDREN_ROW(SHARED, key, no_iter)

static const struct mailbox_attribute_internal rows[] = {
	NAME_ROWS(SERVER VENDOR, private_iter),
	NAME_ROWS(SERVER MISSPELT_VENDOR, no_iter),
	NAME_ROWS(VENDOR, no_iter),
	NAME_ROWS(MISSPELT_VENDOR, no_iter)
};

void mail_seal_metadata_init(void)
{
	mailbox_attribute_register_internals(rows, N_ELEMENTS(rows));
}

void mail_seal_metadata_deinit(void)
{
	mailbox_attribute_unregister_internals(rows, N_ELEMENTS(rows));
}
