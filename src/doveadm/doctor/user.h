/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVEADM_SEAL_DOCTOR_USER_H
#define DOVEADM_SEAL_DOCTOR_USER_H

#include "findings.h"

struct mail_user;

/* Checks the settings, sources and certificates of a user whose session has
   begun. */
void doctor_check_user(struct doctor_findings *findings,
		       struct mail_user *user);

#endif
