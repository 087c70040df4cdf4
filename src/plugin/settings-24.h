/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_SETTINGS_24_H
#define MAIL_SEAL_SETTINGS_24_H

extern const struct setting_parser_info mail_seal_setting_parser_info;

#endif
