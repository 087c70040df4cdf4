/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* doveadm seal group list and show: which groups there are, and who is a member
   of one. */

#include "lib.h"
#include "array.h"
#include "buffer.h"
#include "str-sanitize.h"
#include "mail-user.h"
#include "doveadm-mail.h"
#include "doveadm-print.h"
#include "../../plugin/dovecot-compat.h"
#include "../../plugin/group.h"
#include "../../core/core.h"
#include "group-change.h"

#include <time.h>

#define CELL_SIZE_MAX 1024

static const char *clean(const char *text)
{
	return text == NULL ? "" : str_sanitize_utf8(text, CELL_SIZE_MAX);
}

static const char *where(const struct doveadm_seal_group_cmd_context *ctx,
			 const struct mail_seal_source *source)
{
	return source == NULL ? "" : ctx->plugin->source_name(source);
}

/* What there is to tell of a group's certificates */
struct description {
	const struct mail_seal_certificate *list;
	unsigned int count;
};

static void
describe(const struct doveadm_seal_group *group, const buffer_t *content,
	 struct description *description_r, struct seal_error *error)
{
	i_zero(description_r);
	if (content->used > 0 &&
	    group->core->describe(content, &group->group->set, time(NULL),
				  group->text.pool, &description_r->list,
				  &description_r->count, error) < 0)
		i_zero(description_r);
}

static const struct mail_seal_certificate *
find_described(const struct description *description, const char *fingerprint)
{
	for (unsigned int i = 0; i < description->count; i++) {
		if (strcmp(description->list[i].fingerprint,
			   fingerprint) == 0)
			return &description->list[i];
	}
	return NULL;
}

/*
 * list
 */

static unsigned int
count_usable(const struct doveadm_seal_group *group,
	     const struct description *description)
{
	const struct doveadm_seal_group_entry *entry;
	const struct mail_seal_certificate *one;
	unsigned int count = 0;

	array_foreach(&group->text.entries, entry) {
		one = entry->certificate == NULL ? NULL :
			find_described(description,
				       entry->certificate->fingerprint);
		if (one != NULL && one->problem == NULL)
			count++;
	}
	return count;
}

static const char *
group_problem(const struct doveadm_seal_group *group)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct description description;
	unsigned int count = array_count(&group->text.entries), usable;

	if (group->group->ns == NULL)
		return "no public namespace has such a mailbox: nothing is "
			"sealed to it";
	if (count == 0)
		return "it has no members: no mail is stored";
	describe(group, group->seen, &description, &error);
	if (error.code != SEAL_ERROR_NONE)
		return t_strdup(error.text);
	usable = count_usable(group, &description);
	if (usable == 0) {
		return "none of its certificates can be used: no mail is "
			"stored";
	}
	return usable == count ? "" :
		t_strdup_printf("%u of its certificates can't be used",
				count - usable);
}

static void
print_group(struct doveadm_seal_group_cmd_context *ctx,
	    const struct mail_user *user, const struct mail_seal_group *group)
{
	pool_t pool = pool_alloconly_create("doveadm seal group", 64*1024);
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct doveadm_seal_group loaded;
	int ret = doveadm_seal_group_load(ctx->plugin, group, pool, &loaded,
					  &error);

	doveadm_print_sticky("username", user->username);
	doveadm_print(clean(group->name));
	doveadm_print(ret < 0 ? "" :
		      dec2str(array_count(&loaded.text.entries)));
	doveadm_print(clean(where(ctx, loaded.source)));
	doveadm_print(clean(ret < 0 ? error.text : group_problem(&loaded)));
	pool_unref(&pool);
}

static int
cmd_group_list_run(struct doveadm_seal_group_cmd_context *ctx,
		   struct mail_user *user)
{
	const struct mail_seal_group *const *groups;
	unsigned int count;

	if (doveadm_seal_group_find_all(ctx, user, &groups, &count) < 0)
		return -1;
	for (unsigned int i = 0; i < count; i++) T_BEGIN {
		print_group(ctx, user, groups[i]);
	} T_END;
	return 0;
}

static void
cmd_group_list_init(struct doveadm_mail_cmd_context *_ctx COMPAT_DOVEADM_ARGS)
{
	struct doveadm_seal_group_cmd_context *ctx =
		container_of(_ctx, struct doveadm_seal_group_cmd_context, ctx);

	doveadm_seal_group_init(ctx);
	doveadm_print_header_simple("group");
	doveadm_print_header_simple("certificates");
	doveadm_print_header_simple("source");
	doveadm_print_header_simple("problem");
}

/*
 * show
 */

static const char *date(time_t t)
{
	return t == 0 ? "never" : unixdate2str(t);
}

/* Of a certificate that can't be described with the others: one of them is
   damaged, or it isn't used. */
static const struct mail_seal_certificate *
describe_alone(const struct doveadm_seal_group *group,
	       const struct doveadm_seal_group_entry *entry,
	       const char **problem_r)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	buffer_t *content = t_buffer_create(4096);
	struct description description;

	buffer_append(content, entry->block, strlen(entry->block));
	describe(group, content, &description, &error);
	*problem_r = error.code != SEAL_ERROR_NONE ? t_strdup(error.text) :
		NULL;
	return description.count == 0 ? NULL : &description.list[0];
}

static void
print_entry(const struct doveadm_seal_group *group,
	    const struct description *description,
	    const struct doveadm_seal_group_entry *entry)
{
	const struct mail_seal_certificate *one = NULL;
	const char *problem = entry->problem;

	if (entry->certificate != NULL) {
		one = find_described(description,
				     entry->certificate->fingerprint);
		if (one == NULL)
			one = describe_alone(group, entry, &problem);
		if (one != NULL)
			problem = one->problem;
		if (doveadm_seal_group_is_unused(group,
				entry->certificate->fingerprint))
			problem = "it is a certificate authority's";
	}
	doveadm_print_sticky("username", clean(entry->record.member));
	doveadm_print(entry->certificate == NULL ? "" :
		      entry->certificate->fingerprint);
	doveadm_print(entry->certificate == NULL ? "" :
		      entry->certificate->kind);
	doveadm_print(one == NULL ? "" : t_strarray_join(one->names, ", "));
	doveadm_print(one == NULL ? "" : date(one->expires));
	doveadm_print(clean(entry->record.added));
	doveadm_print(clean(entry->record.changed));
	doveadm_print(entry->record.from_file ? "file" :
		      entry->record.member != NULL ? "user" : "");
	doveadm_print(problem == NULL ? "yes" :
		      t_strconcat("no: ", problem, NULL));
}

static int
cmd_group_show_run(struct doveadm_seal_group_cmd_context *ctx,
		   struct mail_user *user)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct doveadm_seal_group_entry *entry;
	const struct mail_seal_group *group;
	struct doveadm_seal_group loaded;
	struct description description;

	if (doveadm_seal_group_find(ctx, user, &group) < 0)
		return -1;
	if (doveadm_seal_group_load(ctx->plugin, group, ctx->ctx.pool, &loaded,
				    &error) < 0) {
		e_error(user->event, "Group %s: %s: %s", group->name,
			where(ctx, loaded.source), error.text);
		doveadm_mail_failed_error(&ctx->ctx,
			error.code == SEAL_ERROR_UNUSABLE_KEY ?
			MAIL_ERROR_NOTPOSSIBLE : MAIL_ERROR_TEMP);
		return -1;
	}
	describe(&loaded, loaded.seen, &description, &error);
	array_foreach(&loaded.text.entries, entry) T_BEGIN {
		print_entry(&loaded, &description, entry);
	} T_END;
	return 0;
}

static void
cmd_group_show_init(struct doveadm_mail_cmd_context *_ctx COMPAT_DOVEADM_ARGS)
{
	struct doveadm_seal_group_cmd_context *ctx =
		container_of(_ctx, struct doveadm_seal_group_cmd_context, ctx);

	doveadm_seal_group_init(ctx);
	if (ctx->group_name == NULL)
		i_fatal_status(EX_USAGE, "seal group show: name a group");
	doveadm_print_header_simple("fingerprint");
	doveadm_print_header_simple("kind");
	doveadm_print_header_simple("names");
	doveadm_print_header_simple("expires");
	doveadm_print_header_simple("added");
	doveadm_print_header_simple("changed");
	doveadm_print_header_simple("from");
	doveadm_print_header_simple("usable");
}

/*
 * The commands
 */

static struct doveadm_mail_cmd_context *cmd_group_list_alloc(void)
{
	struct doveadm_seal_group_cmd_context *ctx =
		doveadm_seal_group_alloc("");

	ctx->ctx.v.init = cmd_group_list_init;
	ctx->run = cmd_group_list_run;
	return &ctx->ctx;
}

static struct doveadm_mail_cmd_context *cmd_group_show_alloc(void)
{
	struct doveadm_seal_group_cmd_context *ctx =
		doveadm_seal_group_alloc("");

	ctx->ctx.v.init = cmd_group_show_init;
	ctx->run = cmd_group_show_run;
	return &ctx->ctx;
}

struct doveadm_cmd_ver2 doveadm_cmd_seal_group_list = {
	.name = "seal group list",
	.usage = "[-u <viewer>]",
	.cmd = doveadm_seal_group_cmd,
	.mail_cmd = cmd_group_list_alloc,
DOVEADM_CMD_PARAMS_START
DOVEADM_CMD_MAIL_COMMON
DOVEADM_CMD_PARAMS_END
};

struct doveadm_cmd_ver2 doveadm_cmd_seal_group_show = {
	.name = "seal group show",
	.usage = "[-u <viewer>] <group>",
	.cmd = doveadm_seal_group_cmd,
	.mail_cmd = cmd_group_show_alloc,
DOVEADM_CMD_PARAMS_START
DOVEADM_CMD_MAIL_COMMON
DOVEADM_CMD_PARAM('\0', "group", CMD_PARAM_STR, CMD_PARAM_FLAG_POSITIONAL)
DOVEADM_CMD_PARAMS_END
};
