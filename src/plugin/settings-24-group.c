/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Groups by Dovecot 2.4's namespace and mailbox blocks. A mailbox's event
   carries the names of its blocks (mail-storage.c
   mail_storage_mailbox_create_event()), the user's doesn't. */

#include "lib.h"
#include "dovecot-compat.h"

#ifdef HAVE_DOVECOT_24

#include "mail-namespace.h"
#include "mail-storage-settings.h"
#include "settings.h"
#include "settings-parser.h"
#include "wildcard-match.h"
#include "group.h"
#include "settings-24.h"
#include "settings-value.h"

/* What stands in a block, whatever stands outside, may be equal to that. So
   all that is outside is overridden by this word, which then shows where there
   is no block: settings.c has what is in a block go before an override that
   isn't for one. */
#define OUTSIDE "mail_seal: in no block"

struct reader {
	struct mail_user *user;
	/* that override, and none of the userdb's */
	struct settings_instance *instance;
	/* what shows outside of all blocks of namespaces and mailboxes, as a
	   protocol's for example also do */
	const struct mail_seal_raw_settings *outside;
};

static struct event *
event_with_instance(struct event *parent, struct settings_instance *instance)
{
	struct event *event = event_create(parent);

	event_set_ptr(event, SETTINGS_EVENT_INSTANCE, instance);
	return event;
}

/* Reads the settings that this event shows, as they are written. Free with
   settings_free(). */
static int
reader_get(const struct reader *reader, struct event *parent,
	   const struct mail_seal_raw_settings **set_r, const char **error_r)
{
	struct event *event = event_with_instance(parent, reader->instance);
	int ret;

	ret = settings_get(event, &mail_seal_setting_parser_info,
			   SETTINGS_GET_FLAG_NO_CHECK |
			   SETTINGS_GET_FLAG_NO_EXPAND, set_r, error_r);
	event_unref(&event);
	return ret;
}

static int
reader_init(struct reader *reader_r, struct mail_user *user,
	    const char **error_r)
{
	i_zero(reader_r);
	reader_r->user = user;
	reader_r->instance =
		settings_instance_new(settings_root_find(user->event));
#define MAIL_SEAL_OUTSIDE(name, default23, default24) \
	settings_override(reader_r->instance, "mail_seal_"#name, OUTSIDE, \
			  SETTINGS_OVERRIDE_TYPE_CODE);
	MAIL_SEAL_SETTINGS(MAIL_SEAL_OUTSIDE)
#undef MAIL_SEAL_OUTSIDE
	return reader_get(reader_r, user->event, &reader_r->outside, error_r);
}

static void reader_deinit(struct reader *reader)
{
	settings_free(reader->outside);
	settings_instance_free(&reader->instance);
}

/* An event for mailboxes of the namespace, with this mailbox block, or with
   none if that is NULL. */
static struct event *
block_event(struct mail_namespace *ns, const char *block)
{
	struct mail_storage *storage = mail_namespace_get_default_storage(ns);
	struct event *event = event_create(storage == NULL ? ns->user->event :
					   storage->event);

	if (block != NULL)
		settings_event_add_list_filter_name(event, "mailbox", block);
	settings_event_add_list_filter_name(event,
		SETTINGS_EVENT_NAMESPACE_NAME, ns->set->name);
	return event;
}

/* Before 2.4.2 an override's namespace is only understood once settings that
   know namespaces were asked for (settings.c
   settings_override_filter_match()). */
static int
learn_namespaces(const struct reader *reader, struct event *parent,
		 const char **error_r)
{
	struct event *event = event_with_instance(parent, reader->instance);
	const struct mail_user_settings *set;
	int ret = settings_get(event, &mail_user_setting_parser_info,
			       SETTINGS_GET_FLAG_NO_CHECK |
			       SETTINGS_GET_FLAG_NO_EXPAND, &set, error_r);

	if (ret == 0)
		settings_free(set);
	event_unref(&event);
	return ret;
}

/* Does mail_seal_keys stand in a block? A protocol's, which is outside, shows
   everywhere, and may be equal to the block's: what isn't copied (NO_EXPAND)
   tells by its place where it stands. */
static bool
keys_are_in_block(const struct mail_seal_raw_settings *set,
		  const struct mail_seal_raw_settings *outside)
{
	return strcmp(set->mail_seal_keys, OUTSIDE) != 0 &&
		set->mail_seal_keys != outside->mail_seal_keys;
}

/* Reads what mail_seal_keys is in this mailbox block itself. Returns 1; 0 if it
   isn't there; or -1. */
static int
block_get_keys(const struct reader *reader, struct mail_namespace *ns,
	       const char *block, const char **keys_r, const char **error_r)
{
	const struct mail_seal_raw_settings *set;
	/* and what stands in the namespace is hidden, too */
	struct reader of_block = {
		.user = reader->user,
		.instance = settings_instance_dup(reader->instance),
	};
	struct event *event = block_event(ns, block);
	int ret;

	settings_override(of_block.instance, t_strdup_printf(
		SETTINGS_EVENT_NAMESPACE_NAME"/%s/mail_seal_keys",
		settings_section_escape(ns->set->name)), OUTSIDE,
		SETTINGS_OVERRIDE_TYPE_CODE);
	ret = learn_namespaces(&of_block, event, error_r);
	if (ret == 0)
		ret = reader_get(&of_block, event, &set, error_r);
	if (ret == 0) {
		*keys_r = t_strdup(set->mail_seal_keys);
		ret = keys_are_in_block(set, reader->outside) ? 1 : 0;
		settings_free(set);
	}
	event_unref(&event);
	settings_instance_free(&of_block.instance);
	return ret;
}

/* Returns the name of the first setting that is in a block, and that isn't one
   of these (NULL-terminated), or NULL. */
static const char *
in_block(const struct mail_seal_raw_settings *set,
	 const struct mail_seal_raw_settings *outside,
	 const char *const *but)
{
#define MAIL_SEAL_IN_BLOCK(name, default23, default24) \
	if (strcmp(set->mail_seal_##name, outside->mail_seal_##name) != 0 && \
	    !str_array_find(but, #name)) \
		return "mail_seal_"#name;
	MAIL_SEAL_SETTINGS(MAIL_SEAL_IN_BLOCK)
#undef MAIL_SEAL_IN_BLOCK
	return NULL;
}

static int
bad_block(const char *setting, const char *reason, const char **error_r)
{
	*error_r = t_strdup_printf("%s is set in a namespace or mailbox block, "
				   "where it has no effect: %s", setting,
				   reason);
	return -1;
}

/* The userdb may name a block, too. */
static const char *userdb_block(struct mail_user *user)
{
	const char *const *field = user->userdb_fields;

	for (; field != NULL && *field != NULL; field++) {
		const char *name = t_strcut(*field, '=');

		if (strstr(name, "/mail_seal_") != NULL)
			return name;
	}
	return NULL;
}

/* Is there a group? Returns 1, 0, or -1 if it can't be: set is what shows for
   the mailbox. */
static int
check_blocks(const struct reader *reader, const struct mail_namespace *ns,
	     const struct mail_seal_raw_settings *set, const char **error_r)
{
	/* what a group may have */
	static const char *const of_group[] = {
		"keys", "extra_keys", "group_unusable", "protect_headers",
		"compress", "min_rsa_bits", "smime_rsa", "timeout",
		"openpgp_engine", NULL
	};
	static const char *const nothing[] = { NULL };
	const char *setting = in_block(set, reader->outside, nothing);

	if (setting == NULL && ns->owner == NULL &&
	    keys_are_in_block(set, reader->outside))
		setting = "mail_seal_keys";
	if (setting == NULL)
		return 0;
	if (ns->owner != NULL) {
		return bad_block(setting, "the namespace isn't public",
				 error_r);
	}
	setting = in_block(set, reader->outside, of_group);
	if (setting != NULL)
		return bad_block(setting, "set it outside", error_r);
	if (!keys_are_in_block(set, reader->outside)) {
		return bad_block(in_block(set, reader->outside, nothing),
				 "mail_seal_keys isn't set there", error_r);
	}
	if (*set->mail_seal_keys == '\0') {
		*error_r = "mail_seal_keys is empty in a namespace or mailbox "
			"block: the word for no sealing is none";
		return -1;
	}
	return strcmp(set->mail_seal_keys, "none") == 0 ? 0 : 1;
}

/* What holds for the mailbox, with variables expanded, and without the
   userdb's */
static int
read_settings(struct mail_user *user, struct event *parent, pool_t pool,
	      struct mail_seal_settings *set_r, const char **error_r)
{
	struct settings_instance *instance =
		settings_instance_new(settings_root_find(parent));
	struct event *event = event_with_instance(parent, instance);
	const struct mail_seal_raw_settings *set;
	int ret;

	ret = mail_seal_settings_get_raw(user, event, 0, &set, error_r);
	if (ret == 0) {
		ret = mail_seal_settings_parse(set, pool, set_r, error_r);
		settings_free(set);
	}
	event_unref(&event);
	settings_instance_free(&instance);
	return ret;
}

static int
group_init(struct mail_seal_group *group, struct mail_namespace *ns,
	   const char *name, struct event *event, pool_t pool,
	   const char **error_r)
{
	const char *home = NULL;

	if (read_settings(ns->user, event, pool, &group->set, error_r) < 0)
		return -1;
	(void)mail_user_get_home(ns->user, &home);
	group->set.user = ns->user;
	group->ns = ns;
	group->name = p_strconcat(pool, ns->prefix, name, NULL);
	return mail_seal_settings_make_group(&group->set, group->name, home,
					     error_r);
}

/* Returns the name of the block that has these sources, from which the
   mailbox's settings are; "*" is the namespace's own. Of those that match, the
   last counts (settings.c). */
static int
find_block(const struct reader *reader, struct mail_namespace *ns,
	   const char *vname, const char *keys, const char **name_r,
	   const char **error_r)
{
	const char *subname = strncmp(vname, ns->prefix, ns->prefix_len) == 0 ?
		vname + ns->prefix_len : vname;
	const struct mailbox_settings *const *mailboxes;
	const char *block_keys;
	unsigned int count;
	int ret = 0;

	*name_r = "*";
	if (array_is_empty(&ns->set->mailboxes))
		return 0;
	mailboxes = array_get(&ns->set->parsed_mailboxes, &count);
	for (unsigned int i = count; i > 0; i--) {
		if (!wildcard_match(subname, mailboxes[i - 1]->name))
			continue;
		ret = block_get_keys(reader, ns,
				     array_idx_elem(&ns->set->mailboxes, i - 1),
				     &block_keys, error_r);
		if (ret < 0)
			return -1;
		if (ret > 0 && strcmp(block_keys, keys) == 0) {
			*name_r = mailboxes[i - 1]->name;
			return 0;
		}
	}
	return 0;
}

static int
get_group(const struct reader *reader, struct mail_namespace *ns,
	  const char *vname, struct event *event, pool_t pool,
	  struct mail_seal_group *group_r, const char **error_r)
{
	const struct mail_seal_raw_settings *set;
	const char *name;
	int ret;

	if (reader_get(reader, event, &set, error_r) < 0)
		return -1;
	ret = check_blocks(reader, ns, set, error_r);
	if (ret > 0 && (find_block(reader, ns, vname, set->mail_seal_keys,
				   &name, error_r) < 0 ||
			group_init(group_r, ns, name, event, pool,
				   error_r) < 0))
		ret = -1;
	settings_free(set);
	return ret;
}

int mail_seal_settings_get_group(struct mail_namespace *ns, const char *vname,
				 pool_t pool, struct mail_seal_group *group_r,
				 const char **error_r)
{
	struct mail_storage *storage = mail_namespace_get_default_storage(ns);
	struct mail_user *user = ns->user;
	const char *field = userdb_block(user);
	struct reader reader;
	struct event *event;
	int ret;

	if (field != NULL)
		return bad_block(field, "it is one of the userdb", error_r);
	ret = reader_init(&reader, user, error_r);
	if (ret == 0) {
		event = mail_storage_mailbox_create_event(
			storage == NULL ? user->event : storage->event,
			ns->list, vname);
		ret = get_group(&reader, ns, vname, event, pool, group_r,
				error_r);
		event_unref(&event);
	}
	reader_deinit(&reader);
	return ret;
}

/* Adds the group that this block has, if it has one. Mailbox blocks are of the
   namespace, or of all. */
static int
list_block(const struct reader *reader, struct mail_namespace *ns,
	   const char *block, const char *name, pool_t pool,
	   ARRAY_TYPE(mail_seal_group) *groups, const char **error_r)
{
	struct event *event = block_event(ns, block);
	const struct mail_seal_raw_settings *set = NULL;
	const struct mail_seal_group *group_const;
	struct mail_seal_group *group;
	const char *keys;
	int ret = reader_get(reader, event, &set, error_r);

	if (ret == 0)
		ret = check_blocks(reader, ns, set, error_r);
	if (ret > 0 && block != NULL)
		ret = block_get_keys(reader, ns, block, &keys, error_r);
	if (ret > 0) {
		group = p_new(pool, struct mail_seal_group, 1);
		ret = group_init(group, ns, name, event, pool, error_r);
		group_const = group;
		if (ret == 0)
			array_push_back(groups, &group_const);
	}
	settings_free(set);
	event_unref(&event);
	return ret < 0 ? -1 : 0;
}

static int
list_namespace(const struct reader *reader, struct mail_namespace *ns,
	       pool_t pool, ARRAY_TYPE(mail_seal_group) *groups,
	       const char **error_r)
{
	const struct mailbox_settings *const *mailboxes;
	unsigned int count;

	if (list_block(reader, ns, NULL, "*", pool, groups, error_r) < 0)
		return -1;
	if (array_is_empty(&ns->set->mailboxes))
		return 0;
	mailboxes = array_get(&ns->set->parsed_mailboxes, &count);
	for (unsigned int i = 0; i < count; i++) {
		if (list_block(reader, ns,
			       array_idx_elem(&ns->set->mailboxes, i),
			       mailboxes[i]->name, pool, groups, error_r) < 0)
			return -1;
	}
	return 0;
}

bool mail_seal_settings_may_have_groups(struct mail_namespace *ns)
{
	ARRAY_TYPE(mail_seal_group) groups;
	struct reader reader;
	const char *error;
	bool ret;

	t_array_init(&groups, 4);
	ret = reader_init(&reader, ns->user, &error) < 0 ||
		list_namespace(&reader, ns, pool_datastack_create(), &groups,
			       &error) < 0 || array_count(&groups) > 0;
	reader_deinit(&reader);
	return ret;
}

int mail_seal_settings_list_groups(struct mail_user *user, pool_t pool,
				   ARRAY_TYPE(mail_seal_group) *groups,
				   const char **error_r)
{
	struct mail_namespace *ns;
	struct reader reader;
	int ret = reader_init(&reader, user, error_r);

	for (ns = user->namespaces; ns != NULL && ret == 0; ns = ns->next) {
		if (ns->owner == NULL && ns->alias_for == NULL &&
		    ns->type == MAIL_NAMESPACE_TYPE_PUBLIC)
			ret = list_namespace(&reader, ns, pool, groups,
					     error_r);
	}
	reader_deinit(&reader);
	return ret;
}

#endif
