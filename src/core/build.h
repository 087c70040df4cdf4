/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_BUILD_H
#define MAIL_SEAL_BUILD_H

#include "mail-seal-build.h"

/* The version, a hash of all sources, and the Dovecot it was built for.

   "make install" puts new files beside processes that have loaded the old
   ones. What is loaded into such a process later shares structures with it,
   ours and Dovecot's, and crashes it when they differ. So each of the modules
   carries this text, and nothing else of another is touched before it was
   compared. */
#define MAIL_SEAL_BUILD \
	MAIL_SEAL_BUILD_ID" for Dovecot "DOVECOT_ABI_VERSION

/* What to tell the administrator */
#define MAIL_SEAL_OTHER_BUILD "mail_seal was upgraded, restart Dovecot"

#endif
