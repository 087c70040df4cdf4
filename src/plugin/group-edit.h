/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef MAIL_SEAL_GROUP_EDIT_H
#define MAIL_SEAL_GROUP_EDIT_H

#include "group.h"
#include "../seal/seal-error.h"

/* What doveadm needs to change a team's certificates. */

/* Reads the first of the group's sources that has anything. Returns 1 and that
   source; 0 if none has, and the first that can be written, or NULL if none
   can; or -1 and the source that can't be read. An empty file has nothing:
   nothing can be sealed to it, but it can be filled. */
int mail_seal_group_read(const struct mail_seal_group *group,
			 buffer_t *content,
			 const struct mail_seal_source **source_r,
			 struct seal_error *error);

#endif
