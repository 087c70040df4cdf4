/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "array.h"
#include "str-sanitize.h"
#include "mail-user.h"
#include "doveadm-mail.h"
#include "doveadm-print.h"
#include "../../plugin/dovecot-compat.h"
#include "../../plugin/group.h"
#include "../../plugin/report.h"
#include "../../core/core.h"
#include "../key/key.h"
#include "group-change.h"

#include <time.h>
#include <unistd.h>

#define CELL_SIZE_MAX 1024
/* An administrator may write it by hand just then. */
#define TRIES 5

/*
 * The table
 */

void doveadm_seal_group_print_headers(void)
{
	doveadm_print_header_simple("group");
	doveadm_print_header_simple("result");
	doveadm_print_header_simple("fingerprint");
	doveadm_print_header_simple("note");
}

static const char *clean(const char *text)
{
	return str_sanitize_utf8(text, CELL_SIZE_MAX);
}

static const char *join(const char *const *keys)
{
	return keys == NULL ? "" : t_strarray_join(keys, ",");
}

static const char *result_word(const struct doveadm_seal_group_work *work,
			       const struct doveadm_seal_group_outcome *outcome)
{
	static const char *const words[] = {
		[DOVEADM_SEAL_GROUP_ADDED] = "added",
		[DOVEADM_SEAL_GROUP_CHANGED] = "changed",
		[DOVEADM_SEAL_GROUP_UNCHANGED] = "unchanged",
		[DOVEADM_SEAL_GROUP_REMOVED] = "removed"
	};
	bool refused = outcome->problem != NULL ||
		outcome->change.result == DOVEADM_SEAL_GROUP_REFUSED;

	if (refused)
		return work->all_or_nothing ? "refused" : "kept";
	if (outcome->change.result == DOVEADM_SEAL_GROUP_UNCHANGED ||
	    !work->ctx->dry_run)
		return words[outcome->change.result];
	return t_strconcat("would be ", words[outcome->change.result], NULL);
}

/* What of the mail that lies there already? */
static const char *note(const struct doveadm_seal_group_outcome *outcome)
{
	const struct doveadm_seal_group_change *change = &outcome->change;

	if (outcome->problem != NULL)
		return outcome->problem;
	switch (change->result) {
	case DOVEADM_SEAL_GROUP_REFUSED:
		return change->reason;
	case DOVEADM_SEAL_GROUP_ADDED:
		return change->is_new ? "mail sealed until now stays "
			"unreadable for this member" : "";
	case DOVEADM_SEAL_GROUP_CHANGED:
		return change->is_new ? "mail sealed until now is readable "
			"with the old key only" : "";
	case DOVEADM_SEAL_GROUP_REMOVED:
		return change->is_gone ? "mail sealed until now stays "
			"readable with this key" : "";
	case DOVEADM_SEAL_GROUP_UNCHANGED:
		break;
	}
	return "";
}

static void
print_outcome(const struct doveadm_seal_group_work *work,
	      const struct doveadm_seal_group_outcome *outcome)
{
	const struct doveadm_seal_group_change *change = &outcome->change;
	const char *const *keys =
		change->result == DOVEADM_SEAL_GROUP_REMOVED ?
		change->old_keys : change->new_keys;

	doveadm_print_sticky("username", clean(outcome->member));
	doveadm_print(clean(work->group.group->name));
	doveadm_print(result_word(work, outcome));
	doveadm_print(join(keys));
	doveadm_print(clean(note(outcome)));
}

/*
 * Changing a group
 */

static bool is_refused(const struct doveadm_seal_group_outcome *outcome)
{
	return outcome->problem != NULL ||
		outcome->change.result == DOVEADM_SEAL_GROUP_REFUSED;
}

static bool is_change(const struct doveadm_seal_group_outcome *outcome)
{
	return !is_refused(outcome) &&
		outcome->change.result != DOVEADM_SEAL_GROUP_UNCHANGED;
}

static unsigned int
count_outcomes(const struct doveadm_seal_group_work *work,
	       bool (*is)(const struct doveadm_seal_group_outcome *outcome))
{
	const struct doveadm_seal_group_outcome *outcome;
	unsigned int count = 0;

	array_foreach(&work->outcomes, outcome) {
		if (is(outcome))
			count++;
	}
	return count;
}

struct doveadm_seal_group_outcome *
doveadm_seal_group_add_outcome(struct doveadm_seal_group_work *work,
			       const char *member)
{
	struct doveadm_seal_group_outcome *outcome =
		array_append_space(&work->outcomes);

	outcome->member = member == NULL ? "" : member;
	outcome->exit_code = DOVEADM_EX_NOTPOSSIBLE;
	return outcome;
}

void doveadm_seal_group_set_problem(
	struct doveadm_seal_group_outcome *outcome,
	const struct doveadm_seal_group_user *user)
{
	outcome->problem = user->problem;
	if (user->temporary)
		outcome->exit_code = EX_TEMPFAIL;
	else if (user->unknown)
		outcome->exit_code = EX_NOUSER;
}

static int
group_failed(struct doveadm_seal_group_work *work,
	     const struct mail_seal_group *group,
	     const struct seal_error *error)
{
	const char *where = work->group.source == NULL ? "" : t_strconcat(
		work->ctx->plugin->source_name(work->group.source), ": ",
		NULL);

	e_error(work->user->event, "Group %s not changed: %s%s", group->name,
		where, error->text);
	doveadm_mail_failed_error(&work->ctx->ctx,
				  error->code == SEAL_ERROR_UNUSABLE_KEY ?
				  MAIL_ERROR_NOTPOSSIBLE : MAIL_ERROR_TEMP);
	return -1;
}

static void report(const struct doveadm_seal_group_work *work,
		   const struct doveadm_seal_group_outcome *outcome)
{
	const struct doveadm_seal_group_change *change = &outcome->change;
	struct mail_seal_group_change changed = {
		.group = clean(work->group.group->name),
		.action = work->action,
		.member = clean(outcome->member),
		.way = "doveadm",
		.who = doveadm_seal_key_who(&work->ctx->ctx),
		.old_keys = join(change->old_keys),
		.new_keys = join(change->new_keys)
	};

	if (*changed.old_keys == '\0')
		changed.old_keys = "none";
	if (*changed.new_keys == '\0')
		changed.new_keys = "none";
	doveadm_seal_key_trace(work->user,
		work->ctx->plugin->report_group_changed(work->user->event,
							&changed));
}

static void finish(const struct doveadm_seal_group_work *work, bool done)
{
	const struct doveadm_seal_group_outcome *outcome;

	array_foreach(&work->outcomes, outcome) T_BEGIN {
		if (is_change(outcome) && done && !work->ctx->dry_run)
			report(work, outcome);
		if (is_change(outcome) ? done :
		    is_refused(outcome) || work->show_unchanged)
			print_outcome(work, outcome);
	} T_END;
}

/* Of several, that of a failure that may pass counts first. */
static void set_exit_code(const struct doveadm_seal_group_work *work)
{
	const struct doveadm_seal_group_outcome *outcome;
	int exit_code = 0;

	array_foreach(&work->outcomes, outcome) {
		if (is_refused(outcome) &&
		    (exit_code == 0 || outcome->exit_code == EX_TEMPFAIL))
			exit_code = outcome->exit_code;
	}
	work->ctx->ctx.exit_code = exit_code;
}

static int
check_new_keys(const struct doveadm_seal_group_work *work,
	       struct seal_error *error)
{
	const struct doveadm_seal_group_outcome *outcome;
	const char *const *key;

	array_foreach(&work->outcomes, outcome) {
		for (key = outcome->change.new_keys;
		     is_change(outcome) && *key != NULL; key++) {
			if (doveadm_seal_group_is_unused(&work->group, *key))
				return doveadm_seal_group_unused_error(*key,
								       error);
		}
	}
	return 0;
}

/* Returns 1 if it is done; 0 if it must be tried again; -1 if it failed. */
static int
try_change(struct doveadm_seal_group_work *work,
	   const struct mail_seal_group *group,
	   pool_t pool, struct seal_error *error)
{
	if (doveadm_seal_group_load(work->ctx->plugin, group, pool,
				    &work->group, error) < 0)
		return -1;
	array_clear(&work->outcomes);
	work->change(work);
	if (work->all_or_nothing && count_outcomes(work, is_refused) > 0)
		return 1;
	if (count_outcomes(work, is_change) == 0)
		return 1;
	if (check_new_keys(work, error) < 0)
		return -1;
	return doveadm_seal_group_save(&work->group, work->ctx->dry_run,
				       error);
}

static int
change_locked(struct doveadm_seal_group_work *work,
	      const struct mail_seal_group *group,
	      pool_t pool)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	bool refused;
	int ret = 0;

	for (unsigned int i = 0; i < TRIES && ret == 0; i++)
		ret = try_change(work, group, pool, &error);
	if (ret == 0) {
		seal_error_set(&error, SEAL_ERROR_STORE,
			       "somebody else is changing it");
	}
	if (ret <= 0)
		return group_failed(work, group, &error);
	refused = work->all_or_nothing && count_outcomes(work, is_refused) > 0;
	finish(work, !refused);
	if (!refused)
		return 0;
	set_exit_code(work);
	return -1;
}

int doveadm_seal_group_work(struct doveadm_seal_group_work *work,
			    const struct mail_seal_group *group)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	pool_t pool = pool_alloconly_create("doveadm seal group", 64*1024);
	const char *lock_error;
	int lock, ret;

	i_zero(&work->group);
	p_array_init(&work->outcomes, pool, 16);
	lock = doveadm_seal_group_lock(&lock_error);
	if (lock < -1) {
		seal_error_set(&error, SEAL_ERROR_STORE, "%s", lock_error);
		ret = group_failed(work, group, &error);
	} else {
		ret = change_locked(work, group, pool);
	}
	i_close_fd(&lock);
	pool_unref(&pool);
	return ret;
}

static const char *stamp(struct doveadm_mail_cmd_context *ctx)
{
	const time_t now = time(NULL);
	char when[sizeof("2026-11-26T03:00:00Z")];

	if (strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ",
		     gmtime(&now)) == 0)
		i_unreached();
	return t_strdup_printf("%s by %s", when,
			       str_sanitize(doveadm_seal_key_who(ctx), 128));
}

void doveadm_seal_group_work_init(
	struct doveadm_seal_group_work *work_r,
	struct doveadm_seal_group_cmd_context *ctx, struct mail_user *user,
	const char *action,
	void (*change)(struct doveadm_seal_group_work *work))
{
	i_zero(work_r);
	work_r->ctx = ctx;
	work_r->user = user;
	work_r->action = action;
	work_r->stamp = stamp(&ctx->ctx);
	work_r->change = change;
}

int doveadm_seal_group_find(struct doveadm_seal_group_cmd_context *ctx,
			    struct mail_user *user,
	   const struct mail_seal_group **group_r)
{
	const char *error;
	int ret = ctx->plugin->group_find(user, ctx->group_name, ctx->ctx.pool,
					  group_r, &error);

	if (ret > 0)
		return 0;
	if (ret < 0) {
		e_error(user->event, "%s", error);
	} else {
		e_error(user->event, "There is no group %s in %s's settings: "
			"see \"doveadm seal group list\"", ctx->group_name,
			user->username);
	}
	doveadm_mail_failed_error(&ctx->ctx, MAIL_ERROR_NOTPOSSIBLE);
	return -1;
}

int doveadm_seal_group_find_all(
	struct doveadm_seal_group_cmd_context *ctx, struct mail_user *user,
	const struct mail_seal_group *const **groups_r, unsigned int *count_r)
{
	const struct mail_seal_group **group;
	const char *error;

	if (ctx->group_name != NULL) {
		group = p_new(ctx->ctx.pool, const struct mail_seal_group *, 1);
		*groups_r = group;
		*count_r = 1;
		return doveadm_seal_group_find(ctx, user, group);
	}
	if (ctx->plugin->group_list(user, ctx->ctx.pool, groups_r, count_r,
				    &error) == 0)
		return 0;
	e_error(user->event, "%s", error);
	doveadm_mail_failed_error(&ctx->ctx, MAIL_ERROR_NOTPOSSIBLE);
	return -1;
}
