/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_H
#define DOVEADM_SEAL_H

#include "../plugin/plugin.h"

struct doveadm_cmd_ver2;
struct doveadm_mail_cmd_context;
struct istream;
struct mail;
struct mail_user;

/* What the commands share. Each group of commands has a file of its own; to
   add a command, declare it here and put it into the table of
   plugin.c. */

/* doctor/doctor.c */
extern struct doveadm_cmd_ver2 doveadm_cmd_seal_doctor;
/* encrypt.c */
extern struct doveadm_cmd_ver2 doveadm_cmd_seal_encrypt;
/* group.c */
extern struct doveadm_cmd_ver2 doveadm_cmd_seal_group_add;
extern struct doveadm_cmd_ver2 doveadm_cmd_seal_group_remove;
extern struct doveadm_cmd_ver2 doveadm_cmd_seal_group_sync;
/* group-show.c */
extern struct doveadm_cmd_ver2 doveadm_cmd_seal_group_list;
extern struct doveadm_cmd_ver2 doveadm_cmd_seal_group_show;
/* find.c */
extern struct doveadm_cmd_ver2 doveadm_cmd_seal_key_find;
/* key.c */
extern struct doveadm_cmd_ver2 doveadm_cmd_seal_key_import;
extern struct doveadm_cmd_ver2 doveadm_cmd_seal_key_set;
extern struct doveadm_cmd_ver2 doveadm_cmd_seal_key_unset;
/* export.c */
extern struct doveadm_cmd_ver2 doveadm_cmd_seal_key_export;
/* key-list.c */
extern struct doveadm_cmd_ver2 doveadm_cmd_seal_key_list;
/* key-pending.c */
extern struct doveadm_cmd_ver2 doveadm_cmd_seal_key_confirm;
extern struct doveadm_cmd_ver2 doveadm_cmd_seal_key_pending;
extern struct doveadm_cmd_ver2 doveadm_cmd_seal_key_reject;
/* key-show.c */
extern struct doveadm_cmd_ver2 doveadm_cmd_seal_key_check;
extern struct doveadm_cmd_ver2 doveadm_cmd_seal_key_show;
/* key-notify.c */
extern struct doveadm_cmd_ver2 doveadm_cmd_seal_key_notify;
/* metrics/metrics.c */
extern struct doveadm_cmd_ver2 doveadm_cmd_seal_metrics;
/* status.c */
extern struct doveadm_cmd_ver2 doveadm_cmd_seal_status;

/* Returns what the plugin lends to the commands, or NULL if it isn't loaded in
   this process, or is of another build than we are. */
const struct mail_seal_plugin_interface *doveadm_seal_find_plugin(void);
/* Returns what the plugin lends to the commands. If it isn't loaded for this
   user, says so, makes the command fail and returns NULL. To be asked for in
   each run: users can have plugins of their own. */
const struct mail_seal_plugin_interface *
doveadm_seal_get_plugin(struct doveadm_mail_cmd_context *ctx,
			struct mail_user *user);

/* What a stored message is */
enum doveadm_seal_state {
	/* encrypted, and the server's mark says by whom: this one, or another
	   with mail_seal */
	DOVEADM_SEAL_STATE_SEALED,
	/* encrypted by its sender */
	DOVEADM_SEAL_STATE_ENCRYPTED,
	DOVEADM_SEAL_STATE_PLAINTEXT
};

/* Reads as much of the message as it takes. Returns 1; 0 if the message has
   gone meanwhile; -1 if it can't be read, which is said, and makes the command
   fail. If it is sealed, *keys_r are the fingerprints in its field,
   NULL-terminated, from the data stack. */
int doveadm_seal_get_state(struct doveadm_mail_cmd_context *ctx,
			   const struct mail_seal_plugin_interface *plugin,
			   struct mail *mail, enum doveadm_seal_state *state_r,
			   const char *const **keys_r);

/* Returns the fingerprints in the message's mark, NULL-terminated, from the data
   stack; or NULL if it has none: X-Mail-Seal counts as the first header field,
   where no sender can write, there only, once, and with a Content-Type as we
   write it. Whether the message is encrypted isn't looked at. */
const char *const *doveadm_seal_read_mark(struct istream *input);

/* Is there nothing to seal to, and that is allowed? */
bool doveadm_seal_is_without_key(const struct mail_seal_decision *decision);

/* What to do when a message can't be read. Returns 0 or -1 as above. */
int doveadm_seal_mail_failed(struct doveadm_mail_cmd_context *ctx,
			     struct mail *mail);

#endif
