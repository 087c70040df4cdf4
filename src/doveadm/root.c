/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

#include "lib.h"
#include "root.h"

#include <unistd.h>

#define NOTHING_CHANGED ((uid_t)-1)

uid_t doveadm_seal_root_begin(void)
{
	uid_t uid = geteuid();

	return getuid() != 0 || uid == 0 || seteuid(0) < 0 ?
		NOTHING_CHANGED : uid;
}

void doveadm_seal_root_end(uid_t uid)
{
	int old_errno = errno;

	if (uid != NOTHING_CHANGED && seteuid(uid) < 0)
		i_fatal("seteuid(%s) failed: %m", dec2str(uid));
	errno = old_errno;
}
