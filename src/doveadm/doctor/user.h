/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_DOCTOR_USER_H
#define DOVEADM_SEAL_DOCTOR_USER_H

#include "findings.h"

struct mail_seal_plugin_interface;
struct mail_user;

/* Checks the settings, sources and certificates of a user whose session has
   begun. */
void doctor_check_user(struct doctor_findings *findings,
		       struct mail_user *user);

/* Checks the team mailboxes that this user's configuration names. */
void doctor_check_groups(struct doctor_findings *findings,
			 const struct mail_seal_plugin_interface *plugin,
			 struct mail_user *user);

#endif
