/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "mail-namespace.h"
#include "mail-user.h"
#include "mailbox-list.h"
#include "str.h"
#include "../core/core.h"
#include "group.h"
#include "transaction.h"

/* So many are named in the log. */
#define LEFT_OUT_NAMED_MAX 10

/* Are they prefixes of the same mailboxes? */
static bool
have_same_mailboxes(const struct mail_namespace *ns1,
		    const struct mail_namespace *ns2)
{
	return (ns1->alias_for == NULL ? ns1 : ns1->alias_for) ==
		(ns2->alias_for == NULL ? ns2 : ns2->alias_for);
}

/* With an escape character a name can be written in many ways. */
static const char *
canonical_name(struct mail_namespace *ns, const char *vname)
{
	if (ns->type != MAIL_NAMESPACE_TYPE_PUBLIC ||
	    strncmp(vname, ns->prefix, ns->prefix_len) != 0)
		return vname;
	return mailbox_list_get_vname(ns->list,
		mailbox_list_get_storage_name(ns->list, vname));
}

/* Whichever of its names the settings have, it is the same mailbox. The names'
   separators may differ. */
static int
get_group(struct mail_namespace *ns, const char *vname, pool_t pool,
	  const struct mail_seal_group **group_r, const char **error_r)
{
	struct mail_seal_group *group = p_new(pool, struct mail_seal_group, 1);
	struct mail_namespace *other = ns->user->namespaces;
	int ret;

	vname = canonical_name(ns, vname);
	ret = mail_seal_settings_get_group(ns, vname, pool, group, error_r);
	for (; other != NULL && ret == 0; other = other->next) {
		if (other == ns || !have_same_mailboxes(ns, other))
			continue;
		vname = mailbox_list_get_vname(other->list,
			mailbox_list_get_storage_name(ns->list, vname));
		ret = mail_seal_settings_get_group(other, vname, pool, group,
						   error_r);
		ns = other;
	}
	*group_r = ret > 0 ? group : NULL;
	return ret;
}

int mail_seal_group_of_mailbox(struct mailbox *box,
			       const struct mail_seal_group **group_r,
			       const char **error_r)
{
	struct mail_seal_mailbox *sbox =
		MODULE_CONTEXT(box, mail_seal_storage_module);
	struct mail_namespace *ns = mailbox_get_namespace(box);
	const char *vname = mailbox_get_vname(box), *error;

	if (sbox == NULL)
		return get_group(ns, vname, box->pool, group_r, error_r);
	/* The configuration is read once in the life of a process. */
	if (!sbox->group_read) {
		sbox->group_read = TRUE;
		sbox->group_ret = get_group(ns, vname, box->pool, &sbox->group,
					    &error);
		if (sbox->group_ret < 0)
			sbox->group_error = p_strdup(box->pool, error);
	}
	*group_r = sbox->group;
	*error_r = sbox->group_error;
	return sbox->group_ret;
}

int mail_seal_group_list(struct mail_user *user, pool_t pool,
			 const struct mail_seal_group *const **groups_r,
			 unsigned int *count_r, const char **error_r)
{
	ARRAY_TYPE(mail_seal_group) groups;

	p_array_init(&groups, pool, 8);
	if (mail_seal_settings_list_groups(user, pool, &groups, error_r) < 0)
		return -1;
	*groups_r = array_get(&groups, count_r);
	return 0;
}

int mail_seal_group_find(struct mail_user *user, const char *name, pool_t pool,
			 const struct mail_seal_group **group_r,
			 const char **error_r)
{
	const struct mail_seal_group *const *groups;
	unsigned int count;

	if (mail_seal_group_list(user, pool, &groups, &count, error_r) < 0)
		return -1;
	for (unsigned int i = 0; i < count; i++) {
		if (strcmp(groups[i]->name, name) == 0) {
			*group_r = groups[i];
			return 1;
		}
	}
	return get_group(mail_namespace_find(user->namespaces, name), name,
			 pool, group_r, error_r);
}

bool mail_seal_group_may_be(struct mail_user *user)
{
	struct mail_namespace *ns;

	for (ns = user->namespaces; ns != NULL; ns = ns->next) {
		if (ns->owner == NULL && mail_seal_settings_may_have_groups(ns))
			return TRUE;
	}
	return FALSE;
}

static const char *name_left_out(const char *const *left_out)
{
	const unsigned int count = str_array_length(left_out);
	string_t *text = t_str_new(256);

	for (unsigned int i = 0; i < I_MIN(count, LEFT_OUT_NAMED_MAX); i++)
		str_printfa(text, "%s%s", i == 0 ? "" : "; ", left_out[i]);
	if (count > LEFT_OUT_NAMED_MAX)
		str_printfa(text, "; and %u more", count - LEFT_OUT_NAMED_MAX);
	return str_c(text);
}

void mail_seal_group_judge(const struct mail_seal_settings *set,
			   struct mail_seal_group_keys *keys_r)
{
	const char *left_out = NULL;

	i_zero(keys_r);
	mail_seal_keys_get(set, NULL, TRUE, &keys_r->keys);
	if (keys_r->keys.left_out != NULL && *keys_r->keys.left_out != NULL)
		left_out = name_left_out(keys_r->keys.left_out);
	mail_seal_policy_judge_group(keys_r->keys.state, keys_r->keys.reason,
				     left_out, set, &keys_r->verdict);
	keys_r->log_error = keys_r->keys.log_error;
	if (left_out == NULL)
		return;
	if (keys_r->verdict.action == MAIL_SEAL_ACTION_FAIL) {
		/* with recipients it would be sealed */
		mail_seal_core_get_loaded()->recipients_unref(
			&keys_r->keys.recipients);
		keys_r->log_error = t_strdup_printf("mail_seal_group_unusable "
			"= tempfail, and members' certificates can't be used: "
			"%s", left_out);
	} else {
		keys_r->warning = t_strdup_printf("Message isn't sealed to "
			"members whose certificates can't be used: %s",
			left_out);
	}
}

static bool
have_equal_sources(const struct mail_seal_settings *set1,
		   const struct mail_seal_settings *set2)
{
	if (set1->source_count != set2->source_count)
		return FALSE;
	for (unsigned int i = 0; i < set1->source_count; i++) {
		if (set1->sources[i].type != set2->sources[i].type ||
		    strcmp(set1->sources[i].path, set2->sources[i].path) != 0)
			return FALSE;
	}
	/* in a dict each group has its own */
	return strcmp(set1->group, set2->group) == 0;
}

bool mail_seal_group_is_same(struct mailbox *box1, struct mailbox *box2)
{
	const struct mail_seal_group *group1, *group2;
	const char *error;

	return mailbox_get_namespace(box1)->owner == NULL &&
		mailbox_get_namespace(box2)->owner == NULL &&
		mail_seal_group_of_mailbox(box1, &group1, &error) > 0 &&
		mail_seal_group_of_mailbox(box2, &group2, &error) > 0 &&
		have_equal_sources(&group1->set, &group2->set);
}

void mail_seal_group_note_encrypted(struct mailbox *box, struct mailbox *from)
{
	if (from != NULL && mail_seal_group_is_same(box, from))
		return;
	e_info(box->event, "mail_seal: Message is encrypted already and stored "
	       "as it is: only those it was encrypted to can read it, not all "
	       "members of this mailbox");
}
