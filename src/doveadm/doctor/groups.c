/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Checks the team mailboxes that the user's configuration names. */

#include "lib.h"
#include "buffer.h"
#include "mail-user.h"
#include "../../plugin/group.h"
#include "../../core/core.h"
#include "../command.h"
#include "judge.h"
#include "user.h"

#include <time.h>

static void
look_at_group(const struct mail_seal_plugin_interface *plugin,
	      const struct mail_seal_core *core,
	      const struct mail_seal_group *group,
	      struct doctor_group *found_r)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_certificate *list = NULL;
	const struct mail_seal_source *source;
	buffer_t *content = t_buffer_create(4096);
	int ret;

	i_zero(found_r);
	found_r->name = group->name;
	ret = plugin->group_read(group, content, &source, &error);
	if (ret > 0 && core != NULL)
		ret = core->describe(content, &group->set, time(NULL),
				     pool_datastack_create(), &list,
				     &found_r->count, &error);
	if (ret < 0) {
		found_r->error = t_strdup(error.text);
		found_r->count = 0;
	}
	for (unsigned int i = 0; i < found_r->count; i++) {
		if (list[i].problem == NULL)
			found_r->usable++;
	}
}

void doctor_check_groups(struct doctor_findings *findings,
			 const struct mail_seal_plugin_interface *plugin,
			 struct mail_user *user)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_group *const *groups;
	pool_t pool = pool_alloconly_create("doveadm seal doctor", 4096);
	const char *list_error;
	unsigned int count = 0;

	if (plugin->group_list(user, pool, &groups, &count, &list_error) < 0) {
		doctor_bad(findings, DOCTOR_ERROR, "group",
			   "Correct the setting", "%s", list_error);
		count = 0;
	}
	for (unsigned int i = 0; i < count; i++) T_BEGIN {
		struct doctor_group found;

		look_at_group(plugin, plugin->core_get(&error), groups[i],
			      &found);
		doctor_judge_group(findings, &found);
	} T_END;
	pool_unref(&pool);
}
