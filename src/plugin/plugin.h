/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_PLUGIN_H
#define MAIL_SEAL_PLUGIN_H

#include "enrol.h"
#include "notify.h"

struct event;
struct hash_method;
struct mail_user;
struct mailbox;
struct mailbox_transaction_context;
struct module;
struct mail_seal_decision;
struct mail_seal_destination;
struct mail_seal_core;
struct mail_seal_declined;
struct mail_seal_declined_entry;
struct mail_seal_group;
struct mail_seal_group_change;
struct mail_seal_pending;
struct mail_seal_source;
struct mail_seal_state;
struct seal_error;

/* What the plugin lends to the commands of doveadm, which find it by its name
   when they run. Each function is described where it is declared: in
   user.h, owner-settings.h, decide.h, mailbox.h, core.h, keys.h, mail-root.h,
   state.h, declined.h, pending.h, gate.h, enrol.h, notify.h, group.h, group-edit.h,
   source.h and report.h. */
struct mail_seal_plugin_interface {
	/* MAIL_SEAL_BUILD, or nothing else may be used */
	const char *build;

	bool (*user_has_context)(struct mail_user *user);
	const struct mail_seal_settings *
		(*user_get_settings)(struct mail_user *user,
				     const char **error_r);
	int (*mailbox_is_exempt)(struct mailbox *box, const char **error_r);
	void (*decide_for_mailbox)(struct mailbox *box,
				   struct mail_seal_decision *decision_r);
	void (*decision_free)(struct mail_seal_decision *decision);
	unsigned int (*transaction_sealed_count)(
		struct mailbox_transaction_context *t);
	void (*transaction_hash_next)(struct mailbox_transaction_context *t,
				      const struct hash_method *method,
				      void *context);
	const struct mail_seal_core *
		(*core_get)(struct seal_error *error);
	int (*keys_read)(const struct mail_seal_settings *set,
			 buffer_t *certificates, const char **where_r,
			 struct seal_error *error);
	int (*keys_read_extra)(const struct mail_seal_settings *set,
			       buffer_t *certificates, const char **where_r,
			       struct seal_error *error);
	int (*state_read)(struct mail_user *owner,
			  struct mail_seal_state *state_r,
			  const char **error_r);
	int (*declined_get)(const struct mail_seal_settings *set,
			    struct mail_seal_declined *declined_r,
			    struct seal_error *error);
	void (*declined_identify)(struct mail_user *owner,
				  const struct mail_seal_declined_entry *entry,
				  const char *const *fingerprints);
	const char *(*declined_describe)(
		const struct mail_seal_declined_entry *entry);
	int (*pending_get)(const struct mail_seal_settings *set,
			   struct mail_seal_pending *pending_r,
			   struct seal_error *error);
	time_t (*gate_until)(const struct mail_seal_pending *pending,
			     const struct mail_seal_settings *set);
	time_t (*gate_delay_until)(const struct mail_seal_pending *pending,
				   const struct mail_seal_settings *set);
	unsigned int (*gate_missing)(const struct mail_seal_pending *pending);
	const char *(*source_mail_root)(const struct mail_seal_source *source,
					struct mail_user *user);
	const char *(*source_name)(const struct mail_seal_source *source);
	int (*settings_addresses)(const struct mail_seal_settings *set,
				  const char *const **addresses_r,
				  const char **error_r);
	int (*enrol_get_active)(const struct mail_seal_settings *set,
				const buffer_t **content_r,
				const char *const **keys_r,
				struct seal_error *error);
	enum mail_seal_enrol_result
		(*enrol_set)(const struct mail_seal_enrolment *enrolment,
			     buffer_t *content,
			     struct mail_seal_enrol_error *error_r);
	enum mail_seal_enrol_result
		(*enrol_unset)(const struct mail_seal_enrolment *enrolment,
			       struct mail_seal_enrol_error *error_r);
	enum mail_seal_enrol_result
		(*enrol_offer)(const struct mail_seal_enrolment *enrolment,
			       buffer_t *content,
			       struct mail_seal_enrol_error *error_r);
	enum mail_seal_enrol_result
		(*enrol_code)(const struct mail_seal_enrolment *enrolment,
			      const char *text, const char **sentence_r,
			      struct mail_seal_enrol_error *error_r);
	enum mail_seal_enrol_result
		(*enrol_reject)(const struct mail_seal_enrolment *enrolment,
				struct mail_seal_enrol_error *error_r);
	enum mail_seal_enrol_result
		(*enrol_due)(const struct mail_seal_enrolment *enrolment,
			     const char **sentence_r,
			     struct mail_seal_enrol_error *error_r);
	enum mail_seal_enrol_result
		(*enrol_find)(const struct mail_seal_settings *set,
			      const char *home, const char *const *names,
			      buffer_t *content,
			      struct mail_seal_enrol_error *error_r);
	int (*group_of_mailbox)(struct mailbox *box,
				const struct mail_seal_group **group_r,
				const char **error_r);
	int (*group_find)(struct mail_user *user, const char *name,
			  pool_t pool, const struct mail_seal_group **group_r,
			  const char **error_r);
	int (*group_list)(struct mail_user *user, pool_t pool,
			  const struct mail_seal_group *const **groups_r,
			  unsigned int *count_r, const char **error_r);
	int (*group_read)(const struct mail_seal_group *group,
			  buffer_t *content,
			  const struct mail_seal_source **source_r,
			  struct seal_error *error);
	bool (*source_is_writable)(const struct mail_seal_source *source);
	int (*source_write_shared)(const struct mail_seal_source *source,
				   const struct mail_seal_settings *set,
				   const buffer_t *seen,
				   const buffer_t *content,
				   struct seal_error *error);
	const char *(*report_group_changed)(
		struct event *user_event,
		const struct mail_seal_group_change *change);
	void (*notify)(const struct mail_seal_settings *set,
		       mail_seal_notify_callback_t *callback, void *context);
};
/* Another name than before there was a build in it */
#define MAIL_SEAL_PLUGIN_SYMBOL "mail_seal_plugin_for_doveadm"
extern const struct mail_seal_plugin_interface mail_seal_plugin_for_doveadm;

extern const char *mail_seal_plugin_version;

void mail_seal_plugin_init(struct module *module);
void mail_seal_plugin_deinit(void);

#endif
