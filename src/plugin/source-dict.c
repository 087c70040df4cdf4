/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Certificates in one of Dovecot's dicts, as text. A user's dicts are kept
   open for as long as Dovecot keeps the user.

   Some dicts can't be written, and nothing tells which: dict-ldap has no
   functions for a transaction, and the first one ends the process in which it
   is begun. So the administrator says it, by "dict-ro:". */

#include "lib.h"
#include "array.h"
#include "buffer.h"
#include "dict-private.h"
#include "module-context.h"
#include "strescape.h"
#include "dovecot-compat.h"
#include "key-memory.h"
#include "owner-time.h"
#include "pending-text.h"
#include "source.h"

#include <ctype.h>
#include <time.h>

/* private: the dict adds the user's name */
#define DICT_KEY DICT_PATH_PRIVATE"mail-seal/keys"
#define DICT_PENDING_KEY DICT_PATH_PRIVATE"mail-seal/pending"

/* Of a certificate in binary form, a dict has what is before the first NUL. */
#define BINARY_VALUE "its value is binary, which a dict cuts off at the first " \
	"NUL: it must be text, armored or PEM"

/* What is set in one column of a row is empty in another. */
#define EMPTY_VALUE "its value is empty, as happens when certificates and " \
	"what is pending are columns of one SQL table instead of two tables"

/* One line of the protocol of Dovecot's dict service, DICT_CLIENT_MAX_LINE_
   LENGTH in dict-client.h, which holds more than the value. */
#define DICT_VALUE_MAX (60 * 1024)

#define MAIL_SEAL_DICT_CONTEXT(obj) \
	MODULE_CONTEXT(obj, mail_seal_dict_module)

struct user_dict {
	const char *where;
	struct dict *dict;
};

struct mail_seal_dict_user {
	union mail_user_module_context module_ctx;
	ARRAY(struct user_dict) dicts;
	struct mail_seal_key_memory memory;
};

static MODULE_CONTEXT_DEFINE_INIT(mail_seal_dict_module,
				  &mail_user_module_register);

static void mail_seal_dict_user_deinit(struct mail_user *user)
{
	struct mail_seal_dict_user *duser = MAIL_SEAL_DICT_CONTEXT(user);
	struct user_dict *dict;

	array_foreach_modifiable(&duser->dicts, dict) {
		dict_wait(dict->dict);
		dict_deinit(&dict->dict);
	}
	mail_seal_key_memory_clear(&duser->memory);
	duser->module_ctx.super.deinit(user);
}

static struct mail_seal_dict_user *dict_user_get(struct mail_user *user)
{
	struct mail_seal_dict_user *duser = MAIL_SEAL_DICT_CONTEXT(user);

	if (duser != NULL)
		return duser;
	duser = p_new(user->pool, struct mail_seal_dict_user, 1);
	p_array_init(&duser->dicts, user->pool, 1);
	/* not vlast, which is only there while the user is being made */
	duser->module_ctx.super = user->v;
	user->v.deinit = mail_seal_dict_user_deinit;
	MODULE_CONTEXT_SET(user, mail_seal_dict_module, duser);
	return duser;
}

static struct dict *
dict_get(struct mail_user *user, const char *where, struct seal_error *error)
{
	struct mail_seal_dict_user *duser = dict_user_get(user);
	struct user_dict *dict;
	struct dict *new_dict;
	const char *dict_error;

	array_foreach_modifiable(&duser->dicts, dict) {
		if (strcmp(dict->where, where) == 0)
			return dict->dict;
	}
	if (compat_dict_init(user, where, &new_dict, &dict_error) < 0) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "the dict can't be opened: %s", dict_error);
		return NULL;
	}
	dict = array_append_space(&duser->dicts);
	dict->where = p_strdup(user->pool, where);
	dict->dict = new_dict;
	return new_dict;
}

/* dict-file.c has one value for all users, and is made for one in each home: a
   group would have its neighbour's, or that of who opens the mailbox. Behind
   the dict service it can't be seen. */
static struct dict *
dict_get_for(const struct mail_seal_settings *set, const char *where,
	     struct seal_error *error)
{
	struct dict *dict = dict_get(set->user, where, error);

	if (dict == NULL || set->group == NULL ||
	    strcmp(dict->name, "file") != 0)
		return dict;
	seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
		       "a dict that is a file can't tell teams apart");
	return NULL;
}

/* A group is a user by its name. */
static void
op_settings_init(const struct mail_seal_settings *set,
		 struct dict_op_settings *set_r)
{
	i_zero(set_r);
	set_r->username = set->user->username;
	if (set->group != NULL)
		set_r->username = set->group;
	else
		(void)mail_user_get_home(set->user, &set_r->home_dir);
}

static bool is_binary(const char *value)
{
	for (; *value != '\0'; value++) {
		if (i_iscntrl(*value) && !i_isspace(*value))
			return TRUE;
	}
	return FALSE;
}

static int
read_key(const char *where, const char *key,
	 const struct mail_seal_settings *set, buffer_t *content,
	 struct seal_error *error)
{
	struct dict *dict = dict_get_for(set, where, error);
	struct dict_op_settings op_set;
	const char *value, *dict_error;
	pool_t pool;
	int ret;

	if (dict == NULL)
		return -1;
	op_settings_init(set, &op_set);
	/* not from the data stack: the lookup runs an ioloop */
	pool = pool_alloconly_create("mail_seal dict lookup", 4096);
	ret = dict_lookup(dict, &op_set, pool, key, &value, &dict_error);
	if (ret < 0) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "the dict can't be read: %s", dict_error);
	} else if (ret > 0 && *value == '\0') {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY, EMPTY_VALUE);
		ret = -1;
	} else if (ret > 0 && is_binary(value)) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY, BINARY_VALUE);
		ret = -1;
	} else if (ret > 0) {
		buffer_append(content, value, strlen(value));
	}
	pool_unref(&pool);
	return ret;
}

/*
 * What was read a short time ago
 */

/* It goes on while the machine sleeps. */
static uint64_t now_msecs(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_BOOTTIME, &now) < 0)
		i_fatal("clock_gettime() failed: %m");
	return (uint64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *whose(const struct mail_seal_settings *set)
{
	return set->group != NULL ? set->group : set->user->username;
}

/* The answer to a question of that time. Certificates that were withdrawn are
   none. */
static void
keep_in_mind(const char *where, const struct mail_seal_settings *set,
	     uint64_t asked, int ret, const buffer_t *content, size_t start)
{
	struct mail_seal_key_memory *memory =
		&dict_user_get(set->user)->memory;
	const void *data = CONST_PTR_OFFSET(content->data, start);
	buffer_t value;
	time_t when;

	buffer_create_from_const_data(&value, data, content->used - start);
	if (ret > 0 && set->key_cache_secs > 0 &&
	    !mail_seal_source_is_withdrawn(&value, &when)) {
		mail_seal_key_memory_keep(memory, where, whose(set), asked,
					  data, value.used);
	} else {
		mail_seal_key_memory_forget(memory, where, whose(set));
	}
}

static int
source_dict_read(const char *where,
		 const struct mail_seal_settings *set,
		 buffer_t *certificates, struct seal_error *error)
{
	const size_t start = certificates->used;
	const uint64_t asked = now_msecs();
	int ret = read_key(where, DICT_KEY, set, certificates, error);

	keep_in_mind(where, set, asked, ret, certificates, start);
	return ret;
}

static int
source_dict_read_recent(const char *where,
			const struct mail_seal_settings *set,
			buffer_t *certificates, bool *remembered_r,
			struct seal_error *error)
{
	*remembered_r = set->key_cache_secs > 0 &&
		mail_seal_key_memory_find(&dict_user_get(set->user)->memory,
					  where, whose(set), now_msecs(),
					  set->key_cache_secs * 1000ULL,
					  certificates);
	return *remembered_r ? 1 :
		source_dict_read(where, set, certificates, error);
}

/* A value that is to be set; NULL takes it away */
struct dict_change {
	const char *key, *value;
};

/* One transaction: others see the old values or the new ones. Where SQL has no
   row to update, one is inserted; not every database can do that in one
   statement, so the old one goes first. */
static int
dict_replace(const char *where, const struct mail_seal_settings *set,
	     const struct dict_change *changes, unsigned int count,
	     struct seal_error *error)
{
	struct dict *dict = dict_get_for(set, where, error);
	struct dict_transaction_context *trans;
	struct dict_op_settings op_set;
	const char *dict_error;

	if (dict == NULL)
		return -1;
	/* also if it fails: who knows what has become of it */
	mail_seal_key_memory_clear(&dict_user_get(set->user)->memory);
	op_settings_init(set, &op_set);
	trans = dict_transaction_begin(dict, &op_set);
	for (unsigned int i = 0; i < count; i++) {
		dict_unset(trans, changes[i].key);
		if (changes[i].value != NULL)
			dict_set(trans, changes[i].key, changes[i].value);
	}
	if (dict_transaction_commit(&trans, &dict_error) < 0) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "the dict can't be written: %s", dict_error);
		return -1;
	}
	return 0;
}

/* Returns the text of what is to be written, or NULL. */
static const char *
dict_value(const buffer_t *content, struct seal_error *error)
{
	const char *value;

	if (memchr(content->data, '\0', content->used) != NULL) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "a dict can only hold text");
		return NULL;
	}
	value = t_strndup(content->data, content->used);
	if (strlen(str_tabescape(value)) > DICT_VALUE_MAX) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "it is too large for a dict, which holds 60 kB: "
			       "\"gpg --export-options export-minimal\" writes "
			       "a smaller one");
		return NULL;
	}
	return value;
}

/* When he last withdrew, by what is there. Returns 0 or -1. */
static int
last_withdrawal(const char *where, const struct mail_seal_settings *set,
		time_t *when_r, struct seal_error *error)
{
	buffer_t *content = t_buffer_create(4096);
	struct seal_error read_error = { .code = SEAL_ERROR_NONE };
	int ret = read_key(where, DICT_KEY, set, content, &read_error);

	*when_r = ret > 0 ? mail_seal_source_last_withdrawal(content) : 0;
	/* what can't be used can be replaced all the same */
	if (ret >= 0 || read_error.code == SEAL_ERROR_UNUSABLE_KEY)
		return 0;
	*error = read_error;
	return -1;
}

/* What is to be there: back ends that didn't see the last withdrawal learn of it
   by the certificates that follow, and the next one is later, whatever the
   clocks say, and however far ahead one was. Of a group nobody remembers any.
   Returns NULL on errors. */
static const char *
value_after(const char *where, const struct mail_seal_settings *set,
	    const char *value, struct seal_error *error)
{
	buffer_t text;
	time_t last, when;

	if (value == NULL || set->group != NULL)
		return value;
	if (last_withdrawal(where, set, &last, error) < 0)
		return NULL;
	if (last == 0)
		return value;
	buffer_create_from_const_data(&text, value, strlen(value));
	return mail_seal_source_is_withdrawn(&text, &when) ?
		mail_seal_source_withdrawal(I_MAX(when, last + 1)) :
		t_strconcat(mail_seal_pending_head_withdrawn(last), value,
			    NULL);
}

static int
source_dict_write(const char *where,
		  const struct mail_seal_settings *set,
		  const buffer_t *content,
		  struct seal_error *error)
{
	struct dict_change change = { .key = DICT_KEY };

	change.value = value_after(where, set, dict_value(content, error),
				   error);
	return change.value == NULL ? -1 :
		dict_replace(where, set, &change, 1, error);
}

/* Leaves the word that it was withdrawn. */
static int
source_dict_remove(const char *where,
		   const struct mail_seal_settings *set,
		   struct seal_error *error)
{
	buffer_t *content = t_buffer_create(1024);
	struct seal_error read_error = { .code = SEAL_ERROR_NONE };
	struct dict_change change = { .key = DICT_KEY };
	time_t when;
	int ret;

	ret = source_dict_read(where, set, content, &read_error);
	/* what can't be used can be removed all the same */
	if (ret < 0 && read_error.code != SEAL_ERROR_UNUSABLE_KEY) {
		seal_error_set(error, read_error.code, "%s", read_error.text);
		return -1;
	}
	if (ret == 0 || mail_seal_source_is_withdrawn(content, &when))
		return 0;
	change.value = value_after(where, set, mail_seal_source_withdrawal(
					mail_seal_settings_time(set)), error);
	if (change.value == NULL)
		return -1;
	return dict_replace(where, set, &change, 1, error) < 0 ? -1 : 1;
}

/*
 * What waits
 */

static int
source_dict_pending_read(const char *where,
			 const struct mail_seal_settings *set,
			 buffer_t *pending, struct seal_error *error)
{
	return read_key(where, DICT_PENDING_KEY, set, pending, error);
}

/* Dovecot's dicts can't compare and set in one step. Between this and the
   change another back end can be faster: then one of two things that were done
   at the same moment is lost, and is done again. What becomes active is what
   was seen, in any case. */
static int
is_as_seen(const char *where, const char *key,
	   const struct mail_seal_settings *set, const buffer_t *seen,
	   struct seal_error *error)
{
	buffer_t *now = t_buffer_create(4096);
	int ret = read_key(where, key, set, now, error);

	return ret < 0 ? -1 : buffer_cmp(now, seen) ? 1 : 0;
}

static int
source_dict_pending_write(const char *where,
			  const struct mail_seal_settings *set,
			  const buffer_t *seen, const buffer_t *pending,
			  struct seal_error *error)
{
	struct dict_change change = { .key = DICT_PENDING_KEY };
	int ret;

	if (pending->used > 0) {
		change.value = dict_value(pending, error);
		if (change.value == NULL)
			return -1;
	}
	ret = is_as_seen(where, DICT_PENDING_KEY, set, seen, error);
	if (ret <= 0)
		return ret;
	return dict_replace(where, set, &change, 1, error) < 0 ? -1 : 1;
}

static int
source_dict_pending_activate(const char *where,
			     const struct mail_seal_settings *set,
			     const buffer_t *seen, const char *certificates,
			     struct seal_error *error)
{
	struct dict_change changes[] = {
		{ DICT_KEY, NULL },
		{ DICT_PENDING_KEY, NULL }
	};
	int ret = is_as_seen(where, DICT_PENDING_KEY, set, seen, error);

	if (ret <= 0)
		return ret;
	changes[0].value = value_after(where, set, certificates, error);
	if (changes[0].value == NULL)
		return -1;
	return dict_replace(where, set, changes, N_ELEMENTS(changes),
			    error) < 0 ? -1 : 1;
}

/*
 * What many read
 */

/* doveadm lets one at a time do this on one machine. */
static int
source_dict_write_shared(const char *where,
			 const struct mail_seal_settings *set,
			 const buffer_t *seen, const buffer_t *content,
			 struct seal_error *error)
{
	struct dict_change change = { DICT_KEY, dict_value(content, error) };
	int ret;

	if (change.value == NULL)
		return -1;
	ret = is_as_seen(where, DICT_KEY, set, seen, error);
	if (ret <= 0)
		return ret;
	return dict_replace(where, set, &change, 1, error) < 0 ? -1 : 1;
}

const struct mail_seal_source_kind mail_seal_source_dict = {
	.read = source_dict_read,
	.read_recent = source_dict_read_recent,
	.write = source_dict_write,
	.write_shared = source_dict_write_shared,
	.remove = source_dict_remove,
	.pending_read = source_dict_pending_read,
	.pending_write = source_dict_pending_write,
	.pending_activate = source_dict_pending_activate
};

const struct mail_seal_source_kind mail_seal_source_dict_ro = {
	.read = source_dict_read,
	.read_recent = source_dict_read_recent,
	.only_read = "a dict-ro: source"
};
