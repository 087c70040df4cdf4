/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */
#ifndef EXEC_TASK_H
#define EXEC_TASK_H

#include <gpg-error.h>

#define EXIT_REFUSED 126
#define EXIT_NO_GPG 127

/* gpg's status output, -1 as long as there is none */
extern int status_fd;

/* Says why on the status output and on stderr, and exits. */
void fail_with(int exit_status, const char *text, const char *detail,
	       gpg_error_t error) __attribute__((noreturn));
/* The same for an errno */
void fail(int exit_status, const char *what, int error)
	__attribute__((noreturn));

struct request {
	char **args;
	unsigned int count;
	/* NULL for a GnuPG home that has none of our certificates in it */
	const char *task;
	/* the only one that gpg shall use, or NULL */
	const char *keyring;
	/* where plaintext or certificates come from, -1 if there are none */
	int input;
};

/* Reads GPGME's arguments. Fails if they are of another version. */
void parse_arguments(struct request *request, int argc, char *const *argv);
/* Does what is to be done before gpg runs, and changes the arguments to
   that. */
void take_task(struct request *request);

#endif
