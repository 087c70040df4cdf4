/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_OWNER_TIME_H
#define MAIL_SEAL_OWNER_TIME_H

#include "state-text.h"

struct mail_seal_settings;
struct mail_user;

/* The time of something that the owner does, or that is done for him, now: by
   this clock, and after all that the mail store remembers of him; see
   mail_seal_state_time(). Where that can't be read, by this clock. */
time_t mail_seal_owner_time(struct mail_user *owner);
/* The same of whom these settings are about. Of a group nothing is remembered
   here. */
time_t mail_seal_settings_time(const struct mail_seal_settings *set);

#endif
