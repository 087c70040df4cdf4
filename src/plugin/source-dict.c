/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Certificates in one of Dovecot's dicts, as text. A user's dicts are kept
   open for as long as Dovecot keeps the user. */

#include "lib.h"
#include "array.h"
#include "buffer.h"
#include "module-context.h"
#include "strescape.h"
#include "dovecot-compat.h"
#include "source.h"

#include <time.h>

/* private: the dict adds the user's name */
#define DICT_KEY DICT_PATH_PRIVATE"mail-seal/keys"

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

static void
op_settings_init(struct mail_user *user, struct dict_op_settings *set_r)
{
	i_zero(set_r);
	set_r->username = user->username;
	(void)mail_user_get_home(user, &set_r->home_dir);
}

static int
source_dict_read(const char *where,
		 const struct mail_seal_settings *set,
		 buffer_t *certificates, struct seal_error *error)
{
	struct dict *dict = dict_get(set->user, where, error);
	struct dict_op_settings op_set;
	const char *value, *dict_error;
	pool_t pool;
	int ret;

	if (dict == NULL)
		return -1;
	op_settings_init(set->user, &op_set);
	/* not from the data stack: the lookup runs an ioloop */
	pool = pool_alloconly_create("mail_seal dict lookup", 4096);
	ret = dict_lookup(dict, &op_set, pool, DICT_KEY, &value, &dict_error);
	if (ret < 0) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "the dict can't be read: %s", dict_error);
	} else if (ret > 0 && *value == '\0') {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "its value is empty");
		ret = -1;
	} else if (ret > 0) {
		buffer_append(certificates, value, strlen(value));
	}
	pool_unref(&pool);
	return ret;
}

/* One transaction: others see the old value or the new one. Where SQL has no
   row to update, one is inserted; not every database can do that in one
   statement, so the old one goes first. */
static int
dict_replace(struct dict *dict, struct mail_user *user, const char *value,
	     struct seal_error *error)
{
	struct dict_transaction_context *trans;
	struct dict_op_settings op_set;
	const char *dict_error;

	op_settings_init(user, &op_set);
	trans = dict_transaction_begin(dict, &op_set);
	dict_unset(trans, DICT_KEY);
	if (value != NULL)
		dict_set(trans, DICT_KEY, value);
	if (dict_transaction_commit(&trans, &dict_error) < 0) {
		seal_error_set(error, SEAL_ERROR_ENGINE,
			       "the dict can't be written: %s", dict_error);
		return -1;
	}
	return 0;
}

static int
source_dict_write(const char *where,
		  const struct mail_seal_settings *set,
		  const buffer_t *content,
		  struct seal_error *error)
{
	struct dict *dict;
	const char *value;

	if (memchr(content->data, '\0', content->used) != NULL) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "a dict can only hold text");
		return -1;
	}
	value = t_strndup(content->data, content->used);
	if (strlen(str_tabescape(value)) > DICT_VALUE_MAX) {
		seal_error_set(error, SEAL_ERROR_UNUSABLE_KEY,
			       "it is too large for a dict, which holds 60 kB: "
			       "\"gpg --export-options export-minimal\" writes "
			       "a smaller one");
		return -1;
	}
	dict = dict_get(set->user, where, error);
	return dict == NULL ? -1 : dict_replace(dict, set->user, value, error);
}

/* Leaves the word that it was withdrawn. */
static int
source_dict_remove(const char *where,
		   const struct mail_seal_settings *set,
		   struct seal_error *error)
{
	buffer_t *content = t_buffer_create(1024);
	struct seal_error read_error = { .code = SEAL_ERROR_NONE };
	struct dict *dict;
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
	dict = dict_get(set->user, where, error);
	if (dict == NULL ||
	    dict_replace(dict, set->user,
			 mail_seal_source_withdrawal(time(NULL)), error) < 0)
		return -1;
	return 1;
}

const struct mail_seal_source_kind mail_seal_source_dict = {
	.read = source_dict_read,
	.write = source_dict_write,
	.remove = source_dict_remove
};
