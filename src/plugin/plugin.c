/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What Dovecot loads. Each file behind it knows one thing; a message's way is

   mailbox.c    what of a mailbox is taken over
   save.c       a message comes in, and goes on sealed
   copy.c       a message is copied, and perhaps saved by that
   rename.c     plaintext gets another name
   deliver.c    one delivery: judged before Sieve, sealed for each recipient
   decide.c     what is known of a message's destination
   owner.c      of its owner: keys and state
   policy.c     what to do and what to say, without Dovecot
   keys.c       an owner's certificates, from their sources
   key-memory.c  what they said a short time ago
   state.c      what the mail store remembers of its owner
   state-sync.c the same, when dsync takes his mail elsewhere
   report.c     what statistics are told

   and besides

   user.c       whose settings
   enrol.c      giving an owner certificates, taking them away
   enrol-gate.c what comes from the owner's side, and is pending
   enrol-code.c somebody gives back a code
   gate.c       what it takes, and when it is complete, without Dovecot
   pending.c    where what is pending lies
   metadata.c   the same over IMAP, and how it stands: metadata-status.c
   keys-mailbox.c  the same by a message in a mailbox
   answer.c     codes that come back by mail clients
   owners-act.c who is at work there
   notify.c     what he is told, and when: notice-policy.c
   notice.c     how: texts.c, notice-words.c
   own-message.c  a message of ours into his INBOX
   mail-root.c  what a mail client can rename or delete
   core-load.c  the module that does the sealing, loaded when needed */

#include "lib.h"
#include "module-dir.h"
#include "mail-storage-hooks.h"
#include "dovecot-compat.h"
#include "decide.h"
#include "declined.h"
#include "deliver.h"
#include "enrol.h"
#include "group-edit.h"
#include "source.h"
#include "keys.h"
#include "mail-root.h"
#include "mailbox.h"
#include "metadata.h"
#include "pending.h"
#include "plugin.h"
#include "report.h"
#include "../core/build.h"
#include "../core/core.h"
#include "state.h"
#include "user.h"

const char *mail_seal_plugin_version = DOVECOT_ABI_VERSION;

const struct mail_seal_plugin_interface mail_seal_plugin_for_doveadm = {
	.build = MAIL_SEAL_BUILD,
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
	.state_read = mail_seal_state_read,
	.declined_get = mail_seal_declined_get,
	.declined_identify = mail_seal_declined_identify,
	.declined_describe = mail_seal_declined_describe,
	.pending_get = mail_seal_pending_get,
	.gate_until = mail_seal_gate_until,
	.gate_delay_until = mail_seal_gate_delay_until,
	.gate_missing = mail_seal_gate_missing,
	.source_mail_root = mail_seal_source_mail_root,
	.source_name = mail_seal_source_name,
	.settings_addresses = mail_seal_settings_addresses,
	.enrol_get_active = mail_seal_enrol_get_active,
	.enrol_set = mail_seal_enrol_set,
	.enrol_unset = mail_seal_enrol_unset,
	.enrol_offer = mail_seal_enrol_offer,
	.enrol_code = mail_seal_enrol_code,
	.enrol_reject = mail_seal_enrol_reject,
	.enrol_due = mail_seal_enrol_due,
	.enrol_find = mail_seal_enrol_find,
	.group_of_mailbox = mail_seal_group_of_mailbox,
	.group_find = mail_seal_group_find,
	.group_list = mail_seal_group_list,
	.group_read = mail_seal_group_read,
	.source_is_writable = mail_seal_source_is_writable,
	.source_write_shared = mail_seal_source_write_shared,
	.report_group_changed = mail_seal_report_group_changed,
	.notify = mail_seal_notify
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
	mail_seal_interface_check(&mail_seal_plugin_for_doveadm,
				  sizeof(mail_seal_plugin_for_doveadm));
	mail_storage_hooks_add(module, &mail_seal_hooks);
	mail_seal_metadata_init();
}

void mail_seal_plugin_deinit(void)
{
	mail_seal_metadata_deinit();
	mail_storage_hooks_remove(&mail_seal_hooks);
	mail_seal_deliver_unhook();
	mail_seal_sources_deinit();
	mail_seal_core_unload();
}
