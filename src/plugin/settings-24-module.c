/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What Dovecot 2.4's config process and doveconf load, so that they know our
   settings and check their values (config-parser.c
   config_parse_load_modules()). */

#include "lib.h"
#include "settings-parser.h"
#include "settings-24.h"

extern const char *mail_seal_settings_version;
extern const struct setting_parser_info *mail_seal_settings_set_infos[];

const char *mail_seal_settings_version = DOVECOT_ABI_VERSION;

const struct setting_parser_info *mail_seal_settings_set_infos[] = {
	&mail_seal_setting_parser_info,
	NULL
};
