/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef DOVECOT_COMPAT_H
#define DOVECOT_COMPAT_H

/* What differs between Dovecot 2.3 and 2.4. The only place, beside the two
   settings readers, where the version is asked for. */

#include "mail-storage-private.h"

#if DOVECOT_VERSION_MAJOR > 2 || DOVECOT_VERSION_MINOR >= 4
#  define HAVE_DOVECOT_24
#endif

#ifdef HAVE_DOVECOT_24
#  include "str-parse.h"
#  define compat_parse_interval str_parse_get_interval
#else
#  include "settings-parser.h"
#  define compat_parse_interval settings_get_time
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
