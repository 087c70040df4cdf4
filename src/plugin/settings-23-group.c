/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Groups by Dovecot 2.3's setting mail_seal_public. */

#include "lib.h"
#include "dovecot-compat.h"

#ifndef HAVE_DOVECOT_24

#include "imap-match.h"
#include "mail-namespace.h"
#include "mail-user.h"
#include "group.h"
#include "settings-value.h"
#include "user.h"

/* The namespace's own mailbox is called as its prefix is, without the separator
   at the end. */
static bool
is_root(const struct mail_namespace *ns, const char *vname)
{
	size_t length = strlen(vname);

	return length + 1 == ns->prefix_len &&
		strncmp(ns->prefix, vname, length) == 0;
}

/* "Public/" and "*" are all of the namespace, its own mailbox, too. */
static bool
matches(struct mail_namespace *ns, const char *pattern, const char *vname)
{
	struct imap_match_glob *glob;
	bool ret;

	T_BEGIN {
		glob = imap_match_init(pool_datastack_create(), pattern, TRUE,
				       mail_namespace_get_sep(ns));
		ret = imap_match(glob, vname) == IMAP_MATCH_YES ||
			(is_root(ns, vname) &&
			 imap_match(glob, ns->prefix) == IMAP_MATCH_YES);
	} T_END;
	return ret;
}

/* A user's own value would stand in for everybody's, which can't be seen behind
   it. What doesn't decide who can read what is his to choose. */
static int check_user(struct mail_user *user, const char **error_r)
{
	static const char *const names[] = {
		"extra_keys", "min_rsa_bits", "group_unusable",
		"protect_headers", NULL
	};
	const char *const *field = user->userdb_fields;
	const char *name, *value;

	for (; field != NULL && *field != NULL; field++) {
		name = mail_seal_settings_field(*field, &value);
		if (name == NULL || !str_array_find(names, name))
			continue;
		*error_r = t_strdup_printf("mail_seal_%s is set in the userdb "
			"for %s: a team mailbox needs the one of the "
			"configuration, which can't be seen behind it", name,
			user->username);
		return -1;
	}
	return 0;
}

static int
group_init(struct mail_seal_group *group, struct mail_namespace *ns,
	   const struct mail_seal_settings *user_set,
	   const struct mail_seal_group_pattern *pattern, const char **error_r)
{
	struct mail_user *user = user_set->user;
	const char *home = NULL;

	if (check_user(user, error_r) < 0)
		return -1;
	(void)mail_user_get_home(user, &home);
	group->name = pattern->pattern;
	group->ns = ns;
	group->set = *user_set;
	group->set.sources = pattern->sources;
	group->set.source_count = pattern->source_count;
	return mail_seal_settings_make_group(&group->set, group->name, home,
					     error_r);
}

int mail_seal_settings_get_group(struct mail_namespace *ns, const char *vname,
				 pool_t pool ATTR_UNUSED,
				 struct mail_seal_group *group_r,
				 const char **error_r)
{
	const struct mail_seal_settings *set;

	if (ns->owner != NULL)
		return 0;
	set = mail_seal_user_get_settings(ns->user, error_r);
	if (set == NULL)
		return -1;
	for (unsigned int i = 0; i < set->public_count; i++) {
		const struct mail_seal_group_pattern *pattern =
			&set->public[i];

		if (!matches(ns, pattern->pattern, vname))
			continue;
		if (pattern->source_count == 0)
			return 0;
		return group_init(group_r, ns, set, pattern, error_r) < 0 ?
			-1 : 1;
	}
	return 0;
}

bool mail_seal_settings_may_have_groups(struct mail_namespace *ns)
{
	const char *error;
	const struct mail_seal_settings *set =
		mail_seal_user_get_settings(ns->user, &error);

	return set == NULL || set->public_count > 0;
}

/* May mailboxes of the namespace match the pattern? */
static bool
is_pattern_for(const struct mail_namespace *ns, const char *pattern)
{
	size_t literal = strcspn(pattern, "*%");

	if (strncmp(pattern, ns->prefix, ns->prefix_len) == 0)
		return TRUE;
	return pattern[literal] == '\0' ? is_root(ns, pattern) :
		strncmp(pattern, ns->prefix, literal) == 0;
}

static struct mail_namespace *
find_public(struct mail_user *user, const char *pattern)
{
	struct mail_namespace *ns;

	for (ns = user->namespaces; ns != NULL; ns = ns->next) {
		if (ns->owner == NULL && is_pattern_for(ns, pattern))
			return ns->alias_for != NULL ? ns->alias_for : ns;
	}
	return NULL;
}

int mail_seal_settings_list_groups(struct mail_user *user, pool_t pool,
				   ARRAY_TYPE(mail_seal_group) *groups,
				   const char **error_r)
{
	const struct mail_seal_settings *set =
		mail_seal_user_get_settings(user, error_r);

	if (set == NULL)
		return -1;
	for (unsigned int i = 0; i < set->public_count; i++) {
		const struct mail_seal_group_pattern *pattern =
			&set->public[i];
		struct mail_seal_group *group;
		const struct mail_seal_group *group_const;

		if (pattern->source_count == 0)
			continue;
		group = p_new(pool, struct mail_seal_group, 1);
		if (group_init(group, find_public(user, pattern->pattern), set,
			       pattern, error_r) < 0)
			return -1;
		group_const = group;
		array_push_back(groups, &group_const);
	}
	return 0;
}

#endif
