/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* Which team mailboxes there are, and to whom their mail is sealed. */

#include "lib.h"
#include "array.h"
#include "buffer.h"
#include "mail-namespace.h"
#include "mail-storage-private.h"
#include "mail-user.h"
#include "mailbox-list-iter.h"
#include "doveadm-mail.h"
#include "../../plugin/dovecot-compat.h"
#include "../../plugin/group.h"
#include "../../core/core.h"
#include "../command.h"
#include "acl.h"
#include "group-load.h"
#include "public-private.h"

#include <time.h>

static struct public_mailbox *
find_mailbox(struct public_cmd_context *ctx, const char *vname)
{
	struct public_mailbox *mailbox;

	array_foreach_elem(&ctx->mailboxes, mailbox) {
		if (strcmp(mailbox->vname, vname) == 0)
			return mailbox;
	}
	return NULL;
}

static const char *
certificate_problem(const struct mail_seal_certificate *list,
		    unsigned int count,
		    const struct doveadm_seal_group_entry *entry)
{
	if (entry->certificate == NULL)
		return entry->problem;
	for (unsigned int i = 0; i < count; i++) {
		if (strcmp(list[i].fingerprint,
			   entry->certificate->fingerprint) == 0)
			return list[i].problem;
	}
	return "nothing is sealed to it";
}

static void
take_recipients(struct public_cmd_context *ctx,
		const struct doveadm_seal_group *group,
		struct public_mailbox *mailbox, struct seal_error *error)
{
	const struct doveadm_seal_group_entry *entry;
	const struct mail_seal_certificate *list = NULL;
	struct doveadm_seal_recipient *one;
	unsigned int count = 0;

	if (group->seen->used > 0 &&
	    group->core->describe(group->seen, &group->group->set, time(NULL),
				  ctx->ctx.pool, &list, &count, error) < 0)
		count = 0;
	mailbox->recipients = p_new(ctx->ctx.pool,
				    struct doveadm_seal_recipient,
				    array_count(&group->text.entries) + 1);
	array_foreach(&group->text.entries, entry) {
		one = &mailbox->recipients[mailbox->recipient_count++];
		if (entry->certificate != NULL)
			one->fingerprint = entry->certificate->fingerprint;
		one->member = entry->record.member;
		one->from_file = entry->record.from_file;
		one->problem = certificate_problem(list, count, entry);
		if (one->member != NULL)
			doveadm_seal_public_add_user(ctx, one->member);
	}
}

static void
add_problem(struct public_cmd_context *ctx, struct public_mailbox *mailbox,
	    const char *problem)
{
	doveadm_seal_public_add_row(ctx, mailbox, NULL, NULL, problem);
}

static void
load_recipients(struct public_cmd_context *ctx,
		const struct mail_seal_group *group,
		struct public_mailbox *mailbox)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	struct doveadm_seal_group loaded;

	if (doveadm_seal_group_load(ctx->plugin, group, ctx->ctx.pool, &loaded,
				    &error) == 0)
		take_recipients(ctx, &loaded, mailbox, &error);
	if (error.code != SEAL_ERROR_NONE) {
		add_problem(ctx, mailbox, t_strdup_printf(
			"no mail is stored: %s", error.text));
	} else if (mailbox->recipient_count == 0) {
		add_problem(ctx, mailbox,
			    "no mail is stored: there are no recipients");
	}
}

struct readers_context {
	struct public_cmd_context *ctx;
	struct public_mailbox *mailbox;
};

static void acl_reader(const char *name, bool is_user, void *context)
{
	struct readers_context *readers = context;

	if (is_user)
		doveadm_seal_public_add_user(readers->ctx, name);
	else if (!doveadm_seal_public_asks_everybody(readers->ctx)) {
		doveadm_seal_public_add_row(readers->ctx, readers->mailbox,
			name, NULL, "may read; without -u and -F everybody is "
			"asked");
	}
}

static void
add_mailbox(struct public_cmd_context *ctx, struct mailbox *box,
	    const struct mail_seal_group *group)
{
	struct public_mailbox *mailbox =
		p_new(ctx->ctx.pool, struct public_mailbox, 1);
	struct readers_context readers = { ctx, mailbox };

	/* It may be in the list of another protocol's plugins. */
	if (array_is_empty(&ctx->mailboxes) && !doveadm_seal_acl_is_loaded()) {
		i_warning("Dovecot's ACL plugin isn't loaded in doveadm: a user "
			  "who sees a mailbox counts as one who may read it");
	}
	mailbox->vname = p_strdup(ctx->ctx.pool, mailbox_get_vname(box));
	p_array_init(&mailbox->rows, ctx->ctx.pool, 4);
	array_push_back(&ctx->mailboxes, &mailbox);
	load_recipients(ctx, group, mailbox);
	if (doveadm_seal_acl_readers(box, acl_reader, &readers) < 0)
		add_problem(ctx, mailbox, "its ACL can't be read");
}

static int
look_at_mailbox(struct public_cmd_context *ctx,
		const struct mailbox_info *info)
{
	struct mailbox *box = mailbox_alloc(info->ns->list, info->vname,
					    MAILBOX_FLAG_READONLY);
	const struct mail_seal_group *group;
	const char *error;
	int ret;

	ret = ctx->plugin->group_of_mailbox(box, &group, &error);
	if (ret > 0 && find_mailbox(ctx, mailbox_get_vname(box)) == NULL)
		add_mailbox(ctx, box, group);
	if (ret < 0) {
		e_error(box->event, "mail_seal: %s", error);
		doveadm_mail_failed_error(&ctx->ctx, MAIL_ERROR_NOTPOSSIBLE);
	}
	mailbox_free(&box);
	return ret < 0 ? -1 : 0;
}

/* Most users see the same namespaces. */
static bool
is_known_place(struct public_cmd_context *ctx, struct mail_namespace *ns)
{
	const char *root = "", *place, *known;

	(void)mailbox_list_get_root_path(ns->list, MAILBOX_LIST_PATH_TYPE_DIR,
					 &root);
	place = t_strconcat(ns->prefix, " ", root, NULL);
	array_foreach_elem(&ctx->places, known) {
		if (strcmp(known, place) == 0)
			return TRUE;
	}
	place = p_strdup(ctx->ctx.pool, place);
	array_push_back(&ctx->places, &place);
	return FALSE;
}

static bool
has_new_place(struct public_cmd_context *ctx, struct mail_user *user)
{
	struct mail_namespace *ns;
	bool is_new = FALSE;

	for (ns = user->namespaces; ns != NULL; ns = ns->next) {
		if (ns->type == MAIL_NAMESPACE_TYPE_PUBLIC &&
		    !is_known_place(ctx, ns))
			is_new = TRUE;
	}
	return is_new;
}

int doveadm_seal_public_find_mailboxes(struct public_cmd_context *ctx,
				       struct mail_user *user)
{
	struct mailbox_list_iterate_context *iter;
	const struct mailbox_info *info;
	int ret = 0;

	if (!has_new_place(ctx, user))
		return 0;
	/* whatever the rights are of whose session this is */
	iter = mailbox_list_iter_init_namespaces(user->namespaces, ctx->masks,
		MAIL_NAMESPACE_TYPE_PUBLIC, MAILBOX_LIST_ITER_RAW_LIST |
		MAILBOX_LIST_ITER_NO_AUTO_BOXES |
		MAILBOX_LIST_ITER_SKIP_ALIASES);
	while ((info = mailbox_list_iter_next(iter)) != NULL) T_BEGIN {
		if ((info->flags & (MAILBOX_NONEXISTENT |
				    MAILBOX_NOSELECT)) == 0 &&
		    look_at_mailbox(ctx, info) < 0)
			ret = -1;
	} T_END;
	if (mailbox_list_iter_deinit(&iter) < 0) {
		e_error(user->event, "Can't list the public mailboxes");
		doveadm_mail_failed_error(&ctx->ctx, MAIL_ERROR_TEMP);
		ret = -1;
	}
	return ret;
}
