/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVECOT_COMPAT_H
#define DOVECOT_COMPAT_H

/* What differs between Dovecot 2.3 and 2.4. The only place, beside the two
   settings readers, where the version is asked for. */

#include "dict.h"
#include "istream-private.h"
#include "mail-storage-private.h"
#include "mail-user.h"

#define DOVECOT_VERSION_FROM(minor, micro) \
	(DOVECOT_VERSION_MAJOR > 2 || DOVECOT_VERSION_MINOR > (minor) || \
	 (DOVECOT_VERSION_MINOR == (minor) && \
	  DOVECOT_VERSION_MICRO >= (micro)))

#if DOVECOT_VERSION_FROM(4, 0)
#  define HAVE_DOVECOT_24
#endif

#ifdef HAVE_DOVECOT_24
#  include "settings.h"
#  include "str-parse.h"
#  define compat_parse_interval str_parse_get_interval
#else
#  include "settings-parser.h"
#  define compat_parse_interval settings_get_time
#endif

/* What the configuration says of services and logs; for those who have
   included master-service-settings.h */
#ifdef HAVE_DOVECOT_24
#  define compat_master_service_settings master_service_get_service_settings
#else
#  define compat_master_service_settings master_service_settings_get
#endif

/* i_stream_create() for a filter stream without a descriptor. Since 2.4.5 it
   asks which streams are read beside the parent. */
static inline struct istream *
compat_istream_create(struct istream_private *stream, struct istream *parent)
{
#if DOVECOT_VERSION_FROM(4, 5)
	return i_stream_create(stream, parent, -1, ISTREAM_HIDDEN_INPUTS_NONE,
			       0);
#else
	return i_stream_create(stream, parent, -1, 0);
#endif
}

/* What the userdb is told a lookup is for: that of this user's session. */
#define compat_auth_user_info_set_protocol(info, user) \
	((info)->COMPAT_AUTH_PROTOCOL = (user)->COMPAT_AUTH_PROTOCOL)
#ifdef HAVE_DOVECOT_24
#  define COMPAT_AUTH_PROTOCOL protocol
#else
#  define COMPAT_AUTH_PROTOCOL service
#endif

/* Do "nologin" and "host" of the passdb's send a command to another server? */
#ifdef HAVE_DOVECOT_24
#  define COMPAT_PASSDB_REFERS TRUE
#else
#  define COMPAT_PASSDB_REFERS FALSE
#endif
/* Does doveadm also list all users for a command that was given a file of them?
   (doveadm-mail.c) */
#ifdef HAVE_DOVECOT_24
#  define COMPAT_DOVEADM_ALWAYS_LISTS FALSE
#else
#  define COMPAT_DOVEADM_ALWAYS_LISTS TRUE
#endif

/* May doveadm wait forever for one of several connections that print rows? Once
   a connection had to wait until another one's row was complete, 2.3 watches its
   descriptor only and no more its stream, where the rest of an answer may be
   already (server-connection.c, server_print_connection_released()). */
#ifdef HAVE_DOVECOT_24
#  define COMPAT_DOVEADM_CONNECTIONS_HANG FALSE
#  define compat_doveadm_mail_server_flush(ctx) doveadm_mail_server_flush(ctx)
#else
#  define COMPAT_DOVEADM_CONNECTIONS_HANG TRUE
#  define compat_doveadm_mail_server_flush(ctx) doveadm_mail_server_flush()
#endif

/* For those who have included mail-storage-service.h and master-service.h */
#ifdef HAVE_DOVECOT_24
#  define compat_mail_storage_service_init(flags) \
	mail_storage_service_init(master_service, flags)
#else
#  define compat_mail_storage_service_init(flags) \
	mail_storage_service_init(master_service, NULL, flags)
#endif

/* Opens a dict for this user: 2.3 has it as a URI, 2.4 as the name of a dict
   block. That is within the block mail_seal_dict, because one outside is also
   METADATA's, quota's and the ACLs', which can't do with two. Returns 0 or -1. */
#ifdef HAVE_DOVECOT_24
#  define COMPAT_DICT_FILTER "mail_seal_dict"
#endif
static inline int
compat_dict_init(struct mail_user *user, const char *where,
		 struct dict **dict_r, const char **error_r)
{
#ifdef HAVE_DOVECOT_24
	struct event *event = event_create(user->event);
	int ret;

	settings_event_add_filter_name(event, COMPAT_DICT_FILTER);
	ret = dict_init_filter_auto(event, where, dict_r, error_r);
	event_unref(&event);
	return ret > 0 ? 0 : -1;
#else
	struct dict_settings set = {
		.base_dir = user->set->base_dir,
		.event_parent = user->event
	};

	return dict_init(where, &set, dict_r, error_r);
#endif
}

/* For those who have included doveadm-mail.h: the commands read their
   parameters with doveadm_cmd_param_*() in both versions. In 2.3 their init()
   has one more argument, which COMPAT_DOVEADM_ARGS declares, and options
   besides Dovecot's own, "tn" for example, must be announced. */
#ifdef DOVEADM_MAIL_H
#  ifdef HAVE_DOVECOT_24
#    define COMPAT_DOVEADM_ARGS
#    define compat_doveadm_announce_options(ctx, options)
#  else
#    define COMPAT_DOVEADM_ARGS , const char *const args[] ATTR_UNUSED
static inline bool
compat_doveadm_parse_arg(struct doveadm_mail_cmd_context *ctx ATTR_UNUSED,
			 int c ATTR_UNUSED)
{
	return TRUE;
}

static inline void
compat_doveadm_announce_options(struct doveadm_mail_cmd_context *ctx,
				const char *options)
{
	ctx->getopt_args = options;
	ctx->v.parse_arg = compat_doveadm_parse_arg;
}
#  endif

/* Gives doveadm-server, should it do the work, this value of a string
   parameter which the command line didn't have. To be called by init(). */
static inline void
compat_doveadm_pass_on(struct doveadm_mail_cmd_context *ctx,
		       const char *name, const char *value)
{
	/* const for who reads it: doveadm-cmd.c fills it */
	struct doveadm_cmd_param *param =
		(struct doveadm_cmd_param *)ctx->cctx->argv;

	while (strcmp(param->name, name) != 0)
		param++;
	param->value_set = TRUE;
	param->value.v_string = value;
#  ifndef HAVE_DOVECOT_24
	/* what was made of the parameters before init() */
	ARRAY_TYPE(const_string) args;
	const char *option = p_strdup_printf(ctx->pool, "-%c",
					     param->short_opt);

	p_array_init(&args, ctx->pool, 8);
	array_push_back(&args, &option);
	array_push_back(&args, &value);
	array_append(&args, ctx->full_args, str_array_length(ctx->full_args));
	array_append_zero(&args);
	ctx->full_args = array_front(&args);
#  endif
}
#endif

/* For those who have included mbox-storage.h: the first of the mbox's write
   locks, as the setting names it. */
#ifdef MBOX_STORAGE_H
static inline const char *compat_mbox_first_write_lock(struct mailbox *box)
{
	struct mbox_mailbox *mbox = MBOX_MAILBOX(box);
	const struct mbox_settings *set = mbox->storage->set;
#  ifdef HAVE_DOVECOT_24
	return array_is_empty(&set->mbox_write_locks) ? "" :
		array_idx_elem(&set->mbox_write_locks, 0);
#  else
	return t_strcut(set->mbox_write_locks, ' ');
#  endif
}
#endif

/* Has the mailbox this special-use flag in the configuration? RFC 6154 */
static inline bool
compat_mailbox_has_special_use(struct mailbox *box, const char *flag)
{
	if (box->set == NULL)
		return FALSE;
#ifdef HAVE_DOVECOT_24
	const char *use;

	if (!array_is_created(&box->set->special_use))
		return FALSE;
	array_foreach_elem(&box->set->special_use, use) {
		if (strcasecmp(use, flag) == 0)
			return TRUE;
	}
	return FALSE;
#else
	return str_array_icase_find(
		t_strsplit_spaces(box->set->special_use, " "), flag);
#endif
}

#endif
