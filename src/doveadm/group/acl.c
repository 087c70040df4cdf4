/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "str.h"
#include "mail-storage-private.h"
#include "acl-api.h"
#include "acl-plugin.h"
#include "acl.h"

#include <dlfcn.h>

/* The plugin needn't be there, so it can't be linked to. */
struct acl_functions {
	struct acl_storage_module *module;
	int (*right_lookup)(struct mailbox *box, unsigned int right_idx);
	struct acl_object *(*get_aclobj)(struct mailbox *box);
	struct acl_object_list_iter *(*list_init)(struct acl_object *aclobj);
	bool (*list_next)(struct acl_object_list_iter *iter,
			  struct acl_rights *rights_r);
	int (*list_deinit)(struct acl_object_list_iter **iter);
	const char *(*rights_get_id)(const struct acl_rights *right);
};

bool doveadm_seal_acl_is_loaded(void)
{
	return dlsym(RTLD_DEFAULT, "acl_storage_module") != NULL;
}

/* Returns FALSE if there is no ACL plugin, or none for this mailbox. */
static bool acl_find(struct mailbox *box, struct acl_functions *acl_r)
{
	acl_r->module = dlsym(RTLD_DEFAULT, "acl_storage_module");
	acl_r->right_lookup = dlsym(RTLD_DEFAULT, "acl_mailbox_right_lookup");
	acl_r->get_aclobj = dlsym(RTLD_DEFAULT, "acl_mailbox_get_aclobj");
	acl_r->list_init = dlsym(RTLD_DEFAULT, "acl_object_list_init");
	acl_r->list_next = dlsym(RTLD_DEFAULT, "acl_object_list_next");
	acl_r->list_deinit = dlsym(RTLD_DEFAULT, "acl_object_list_deinit");
	acl_r->rights_get_id = dlsym(RTLD_DEFAULT, "acl_rights_get_id");
	if (acl_r->module == NULL || acl_r->right_lookup == NULL ||
	    acl_r->get_aclobj == NULL || acl_r->list_init == NULL ||
	    acl_r->list_next == NULL || acl_r->list_deinit == NULL ||
	    acl_r->rights_get_id == NULL)
		return FALSE;
	return MODULE_CONTEXT(box, *acl_r->module) != NULL;
}

int doveadm_seal_acl_can_read(struct mailbox *box)
{
	struct acl_functions acl;

	return acl_find(box, &acl) ?
		acl.right_lookup(box, ACL_STORAGE_RIGHT_READ) : 1;
}

static bool gives_read(const struct acl_rights *rights)
{
	return rights->rights != NULL &&
		str_array_find(rights->rights, MAIL_ACL_READ);
}

int doveadm_seal_acl_readers(struct mailbox *box,
			     doveadm_seal_acl_reader_callback_t *callback,
			     void *context)
{
	struct acl_functions acl;
	struct acl_object_list_iter *iter;
	struct acl_rights rights;

	if (!acl_find(box, &acl)) {
		callback("anyone", FALSE, context);
		return 0;
	}
	iter = acl.list_init(acl.get_aclobj(box));
	while (acl.list_next(iter, &rights)) {
		if (!gives_read(&rights))
			continue;
		if (rights.id_type == ACL_ID_USER)
			callback(rights.identifier, TRUE, context);
		else
			callback(acl.rights_get_id(&rights), FALSE, context);
	}
	return acl.list_deinit(&iter);
}
