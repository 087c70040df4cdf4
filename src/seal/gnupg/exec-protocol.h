/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef EXEC_PROTOCOL_H
#define EXEC_PROTOCOL_H

/* What is agreed between us and mail-seal-exec, which is run anew for each
   message and so may be of a newer mail_seal than we are. Both ways are
   described at the head of src/exec/mail-seal-exec.c. Raise the number with
   each change that a program of before would misunderstand. */

#define EXEC_NAME "mail-seal-exec"
/* How it calls itself on its status output */
#define EXEC_PROTOCOL EXEC_NAME"/1"

#endif
