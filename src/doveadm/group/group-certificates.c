/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Which certificates members bring with them: those that can be used. */

#include "lib.h"
#include "buffer.h"
#include "mail-user.h"
#include "doveadm-mail.h"
#include "../../core/core.h"
#include "group.h"

#include <time.h>

static bool
is_usable(const struct mail_seal_certificate *list, unsigned int count,
	  const char *fingerprint)
{
	for (unsigned int i = 0; i < count; i++) {
		if (strcmp(list[i].fingerprint, fingerprint) == 0)
			return list[i].problem == NULL;
	}
	return FALSE;
}

/* Keeps those that mail can be sealed to now. Returns NULL, or half a sentence
   if there is none. */
static const char *
keep_usable(const struct mail_seal_core *core, const buffer_t *content,
	    const struct mail_seal_settings *set, pool_t pool,
	    struct doveadm_seal_group_member *member,
	    struct seal_error *error)
{
	const struct mail_seal_certificate *list;
	const struct mail_seal_certificate_text *texts;
	struct mail_seal_certificate_text *usable;
	unsigned int count, text_count;

	if (core->describe(content, set, time(NULL), pool_datastack_create(),
			   &list, &count, error) < 0 ||
	    core->split(content, set, pool, &texts, &text_count, error) < 0)
		return p_strdup(pool, error->text);
	usable = p_new(pool, struct mail_seal_certificate_text,
		       text_count + 1);
	for (unsigned int i = 0; i < text_count; i++) {
		if (is_usable(list, count, texts[i].fingerprint))
			usable[member->count++] = texts[i];
	}
	member->certificates = usable;
	if (member->count > 0)
		return NULL;
	return p_strdup(pool, count > 0 && list[0].problem != NULL ?
			list[0].problem : "there is no certificate in it");
}

static const char *
read_user(struct doveadm_seal_group_cmd_context *ctx,
	  const struct mail_seal_settings *set,
	  struct doveadm_seal_group_member *member, struct seal_error *error)
{
	const struct mail_seal_core *core = ctx->plugin->core_get(error);
	pool_t pool = ctx->ctx.pool;
	buffer_t *content = t_buffer_create(4096);
	const char *where = "";
	int ret;

	if (core == NULL)
		return p_strdup(pool, error->text);
	if (set->source_count == 0)
		return "mail_seal isn't used for this user";
	ret = ctx->plugin->keys_read(set, content, &where, error);
	if (ret == 0)
		return "the user has no certificate";
	if (ret < 0)
		return p_strdup(pool, error->text);
	return keep_usable(core, content, set, pool, member, error);
}

void doveadm_seal_group_read_user(
	struct doveadm_seal_group_cmd_context *ctx, struct mail_user *user,
	struct doveadm_seal_group_user *member)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_settings *set;
	const char *set_error;

	set = ctx->plugin->user_get_settings(user, &set_error);
	if (set == NULL) {
		member->problem = p_strdup(ctx->ctx.pool, set_error);
		return;
	}
	member->problem = read_user(ctx, set, &member->member, &error);
	member->temporary = error.code != SEAL_ERROR_NONE &&
		error.code != SEAL_ERROR_UNUSABLE_KEY;
}

int doveadm_seal_group_read_file(
	struct doveadm_seal_group_cmd_context *ctx,
	const struct mail_seal_settings *set,
	struct doveadm_seal_group_member *member_r, const char **problem_r)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_core *core = ctx->plugin->core_get(&error);

	i_zero(member_r);
	member_r->name = ctx->file_name;
	member_r->from_file = TRUE;
	*problem_r = core == NULL ? p_strdup(ctx->ctx.pool, error.text) :
		keep_usable(core, ctx->file, set, ctx->ctx.pool, member_r,
			    &error);
	return *problem_r == NULL ? 0 : -1;
}
