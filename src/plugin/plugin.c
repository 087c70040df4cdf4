/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What Dovecot loads. Each file behind it knows one thing:

   user.c      whose settings
   mailbox.c   save and copy: where a message meets the seal
   deliver.c   one delivery to several recipients
   decide.c    what is known of a message's destination
   policy.c    what to do and what to say, without Dovecot
   report.c    what statistics are told
   keys.c      an owner's certificates, from their sources
   enrol.c     giving an owner certificates, taking them away
   metadata.c  the same over IMAP
   core.c    the module that does the sealing, loaded when needed
   istream-seal.c        the sealed message as a stream */

#include "lib.h"
#include "module-dir.h"
#include "mail-storage-hooks.h"
#include "dovecot-compat.h"
#include "decide.h"
#include "deliver.h"
#include "enrol.h"
#include "source.h"
#include "keys.h"
#include "mailbox.h"
#include "metadata.h"
#include "plugin.h"
#include "../core/core.h"
#include "user.h"

const char *mail_seal_plugin_version = DOVECOT_ABI_VERSION;

const struct mail_seal_plugin_interface mail_seal_plugin_interface = {
	.user_has_context = mail_seal_user_has_context,
	.user_get_settings = mail_seal_user_get_settings,
	.mailbox_is_exempt = mail_seal_mailbox_is_exempt,
	.decide_for_mailbox = mail_seal_decide_for_mailbox,
	.decision_free = mail_seal_decision_free,
	.transaction_sealed_count = mail_seal_transaction_sealed_count,
	.transaction_hash_next = mail_seal_transaction_hash_next,
	.core_get = mail_seal_core_get,
	.keys_read = mail_seal_keys_read,
	.keys_read_extra = mail_seal_keys_read_extra,
	.enrol_set = mail_seal_enrol_set,
	.enrol_unset = mail_seal_enrol_unset,
	.enrol_find = mail_seal_enrol_find
};

static void mail_seal_user_created(struct mail_user *user)
{
	mail_seal_user_init(user);
	mail_seal_deliver_hook();
}

static struct mail_storage_hooks mail_seal_hooks = {
	.mail_user_created = mail_seal_user_created,
	.mailbox_allocated = mail_seal_mailbox_allocated
};

void mail_seal_plugin_init(struct module *module)
{
	mail_storage_hooks_add(module, &mail_seal_hooks);
	mail_seal_metadata_init();
}

void mail_seal_plugin_deinit(void)
{
	mail_seal_metadata_deinit();
	mail_storage_hooks_remove(&mail_seal_hooks);
	mail_seal_deliver_unhook();
	mail_seal_key_source_gnupg_deinit();
	mail_seal_core_unload();
}
