/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "istream.h"
#include "mail-namespace.h"
#include "mail-search-build.h"
#include "mail-storage-private.h"
#include "mail-user.h"
#include "mailbox-list-iter.h"
#include "../../core/core.h"
#include "../../plugin/plugin.h"
#include "count.h"

/* Returns 1 if it is encrypted, 0, or -1. */
static int
is_encrypted(const struct mail_seal_core *core, struct mail *mail)
{
	struct istream *input;
	int ret;

	if (mail_get_stream_because(mail, NULL, NULL, "doveadm seal metrics",
				    &input) < 0)
		/* somebody was faster */
		return mail->expunged ? 1 : -1;
	ret = core->is_encrypted(input);
	return input->stream_errno != 0 ? -1 : ret;
}

static int
count_messages(const struct mail_seal_core *core, struct mailbox *box,
	       uint64_t *count)
{
	struct mail_search_args *args = mail_search_build_init();
	struct mailbox_transaction_context *trans;
	struct mail_search_context *search;
	struct mail *mail;
	int encrypted, ret = 0;

	mail_search_build_add_all(args);
	trans = mailbox_transaction_begin(box, 0, "doveadm seal metrics");
	search = mailbox_search_init(trans, args, NULL, 0, NULL);
	mail_search_args_unref(&args);
	while (mailbox_search_next(search, &mail)) T_BEGIN {
		encrypted = is_encrypted(core, mail);
		if (encrypted < 0)
			ret = -1;
		else if (encrypted == 0)
			*count += 1;
	} T_END;
	if (mailbox_search_deinit(&search) < 0)
		ret = -1;
	mailbox_transaction_rollback(&trans);
	return ret;
}

static int
count_mailbox(const struct mail_seal_plugin_interface *plugin,
	      const struct mail_seal_core *core,
	      const struct mailbox_info *info, uint64_t *count)
{
	struct mailbox *box = mailbox_alloc(info->ns->list, info->vname,
					    MAILBOX_FLAG_READONLY);
	const char *error = NULL;
	int exempt, ret = -1;

	if (mailbox_open(box) == 0 &&
	    mailbox_sync(box, MAILBOX_SYNC_FLAG_FULL_READ) == 0) {
		exempt = plugin->mailbox_is_exempt(box, &error);
		ret = exempt > 0 ? 0 : exempt < 0 ? -1 :
			count_messages(core, box, count);
	}
	if (ret < 0) {
		e_error(box->event, "Can't count plaintext: %s",
			error != NULL ? error :
			mailbox_get_last_internal_error(box, NULL));
	}
	mailbox_free(&box);
	return ret;
}

int metrics_count_plaintext(const struct mail_seal_plugin_interface *plugin,
			    struct mail_user *user, uint64_t *count)
{
	struct seal_error error = { .code = SEAL_ERROR_NONE };
	const struct mail_seal_core *core = plugin->core_get(&error);
	struct mailbox_list_iterate_context *iter;
	const struct mailbox_info *info;
	int ret = 0;

	if (core == NULL) {
		e_error(user->event, "mail_seal: %s", error.text);
		return -1;
	}
	iter = mailbox_list_iter_init_namespaces(
		user->namespaces, (const char *const []){ "*", NULL },
		MAIL_NAMESPACE_TYPE_PRIVATE, MAILBOX_LIST_ITER_NO_AUTO_BOXES |
		MAILBOX_LIST_ITER_SKIP_ALIASES |
		MAILBOX_LIST_ITER_STAR_WITHIN_NS |
		MAILBOX_LIST_ITER_RETURN_NO_FLAGS);
	while ((info = mailbox_list_iter_next(iter)) != NULL) T_BEGIN {
		if ((info->flags & (MAILBOX_NOSELECT |
				    MAILBOX_NONEXISTENT)) == 0 &&
		    count_mailbox(plugin, core, info, count) < 0)
			ret = -1;
	} T_END;
	if (mailbox_list_iter_deinit(&iter) < 0) {
		e_error(user->event, "Listing mailboxes failed: %s",
			mailbox_list_get_last_internal_error(
				user->namespaces->list, NULL));
		ret = -1;
	}
	return ret;
}
