/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "mail-namespace.h"
#include "mail-storage-private.h"
#include "mail-user.h"
#include "doveadm-mail.h"
#include "fts-api-private.h"
#include "fts.h"

#include <dlfcn.h>

typedef struct fts_backend *fts_list_backend_t(struct mailbox_list *list);
typedef int fts_backend_work_t(struct fts_backend *backend);

/* The plugin is loaded or not, so it can't be linked to. */
struct fts_plugin {
	fts_list_backend_t *list_backend;
	fts_backend_work_t *rescan, *optimize;
};

static bool fts_plugin_find(struct fts_plugin *plugin_r)
{
	plugin_r->list_backend = dlsym(RTLD_DEFAULT, "fts_list_backend");
	plugin_r->rescan = dlsym(RTLD_DEFAULT, "fts_backend_rescan");
	plugin_r->optimize = dlsym(RTLD_DEFAULT, "fts_backend_optimize");
	return plugin_r->list_backend != NULL && plugin_r->rescan != NULL &&
		plugin_r->optimize != NULL;
}

/* Rescanning is for what a back end has missed, optimizing for what it keeps
   of expunged messages: which of them helps depends on the back end. */
static int
forget_in(struct doveadm_mail_cmd_context *ctx, const struct fts_plugin *plugin,
	  struct mail_namespace *ns, struct fts_backend *backend)
{
	if (backend->v.rescan == NULL) {
		e_warning(ns->user->event, "mail_seal: The full text search "
			  "index (%s) still has words of messages that are "
			  "sealed now, and can't forget them: remove it",
			  backend->name);
		return 0;
	}
	if (plugin->rescan(backend) == 0 && plugin->optimize(backend) == 0)
		return 0;
	e_error(ns->user->event, "mail_seal: The full text search index (%s) "
		"may still have words of messages that are sealed now: "
		"fts rescan failed", backend->name);
	doveadm_mail_failed_error(ctx, MAIL_ERROR_TEMP);
	return -1;
}

int doveadm_seal_fts_forget(struct doveadm_mail_cmd_context *ctx,
			    struct mail_user *user)
{
	struct fts_plugin plugin;
	struct mail_namespace *ns;
	struct fts_backend *backend;
	int ret = 0;

	if (!fts_plugin_find(&plugin))
		return 0;
	for (ns = user->namespaces; ns != NULL; ns = ns->next) {
		if (ns->type != MAIL_NAMESPACE_TYPE_PRIVATE ||
		    ns->alias_for != NULL)
			continue;
		backend = plugin.list_backend(ns->list);
		if (backend != NULL &&
		    forget_in(ctx, &plugin, ns, backend) < 0)
			ret = -1;
	}
	return ret;
}
