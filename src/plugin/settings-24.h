/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_SETTINGS_24_H
#define MAIL_SEAL_SETTINGS_24_H

#include "settings.h"

struct mail_seal_raw_settings;
struct mail_user;

extern const struct setting_parser_info mail_seal_setting_parser_info;

/* Reads what holds for this event, with the variables of a user: with flags of
   settings_get(). Free with settings_free(). */
int mail_seal_settings_get_raw(struct mail_user *user, struct event *event,
			       enum settings_get_flags flags,
			       const struct mail_seal_raw_settings **set_r,
			       const char **error_r);

#endif
