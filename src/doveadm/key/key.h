/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_KEY_H
#define DOVEADM_SEAL_KEY_H

#include "../command.h"

struct doveadm_cmd_context;

/* What the commands that change certificates share. */

/* Begins with the next user. Returns the plugin and whose certificates are to
   be changed, by an administrator; or NULL: then the command has failed, and
   has said why. */
const struct mail_seal_plugin_interface *
doveadm_seal_key_begin(struct doveadm_mail_cmd_context *ctx,
		       struct mail_user *user,
		       struct mail_seal_enrolment *enrolment_r);

/* Puts a line about a user into Dovecot's log, as well as that can be done. */
void doveadm_seal_key_trace(struct mail_user *user, const char *line);

/* Says why it failed for this user, and sets the command's exit status.
   Returns -1. */
int doveadm_seal_key_failed(struct doveadm_mail_cmd_context *ctx,
			    struct mail_user *user,
			    enum mail_seal_enrol_result result,
			    const char *error);

/* The command's exit status after a failure. */
void doveadm_seal_key_set_exit(struct doveadm_mail_cmd_context *ctx,
			       enum mail_seal_enrol_result result);

/* To be called by preinit(). For files that only root may write, see
   replace-file.h. */
void doveadm_seal_key_keep_root(struct doveadm_mail_cmd_context *ctx);

/* The command can't be used in this way: says so, and ends doveadm, but not
   doveadm-server. */
void doveadm_seal_key_usage(const struct doveadm_cmd_context *cctx,
			    const char *sentence);

/* doveadm seal key set, with --from-dir */
void doveadm_seal_key_set_from_dir(struct doveadm_cmd_context *cctx);

/* Was this option without a value given? */
bool doveadm_seal_key_flag(const struct doveadm_cmd_context *cctx,
			   const char *name);

/* Reads all of the stream, or enough to know that it is too much. Returns NULL
   or a sentence from the data stack. */
const char *doveadm_seal_key_read(struct istream *input, buffer_t *content);

#endif
