/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* NAME
	mail-seal-exec - run gpg with no privilege but the mail user's

   SYNOPSIS
	mail-seal-exec gpg-arguments...

   DESCRIPTION
	GPGME runs this in place of gpg. Dovecot's lmtp and doveadm run with
	real uid 0 and the mail user's effective uid. A gpg that inherited
	this could become root again, so the first thing done here is to give
	up all ids but the effective ones, for good.

	gpg is run as a child with our GnuPG home and an environment of three
	variables. We stay to watch it: when it has ended that goes to its
	status output, and when nobody reads its output any more, because the
	caller gave up or was killed itself, it is killed.

	exec-protocol.h says what the caller asks for and how. Certificates
	come with the input and become anonymous files that only this gpg
	sees, so it uses just what the caller looked at.

	"--version" is answered here, without gpg: the answer must not depend
	on a process that somebody could have a hand on.

   DIAGNOSTICS
	gpg's exit status; 126 if privileges couldn't be dropped or the
	request makes no sense or is of another version of the protocol, 127
	if gpg can't be run. Why is said in a FAILURE line on the status
	output, with a libgpg-error code.

   SEE ALSO
	GnuPG's doc/DETAILS for the status output. */

#include "mail-seal-config.h"
#include "exec-protocol.h"
#include "task.h"

#include <errno.h>
#include <fcntl.h>
#include <gpg-error.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int status_fd = -1;

/* Constants only: linking libgpg-error would make each message's exec
   slower. */
static gpg_error_t gpg_error_of(int error)
{
	switch (error) {
	case ENOENT:
		return gpg_err_make(GPG_ERR_SOURCE_USER_1, GPG_ERR_ENOENT);
	case EACCES:
	case EPERM:
		return gpg_err_make(GPG_ERR_SOURCE_USER_1, GPG_ERR_EACCES);
	case ENOMEM:
	case EAGAIN:
		return gpg_err_make(GPG_ERR_SOURCE_USER_1, GPG_ERR_ENOMEM);
	default:
		return gpg_err_make(GPG_ERR_SOURCE_USER_1, GPG_ERR_GENERAL);
	}
}

void fail_with(int exit_status, const char *text, const char *detail,
	       gpg_error_t error)
{
	/* doc/DETAILS: FAILURE <location> <error_code> */
	if (status_fd != -1) {
		dprintf(status_fd, "[GNUPG:] FAILURE "EXEC_FAILED"%u\n",
			error);
	}
	fprintf(stderr, "mail-seal-exec: %s%s\n", text, detail);
	_exit(exit_status);
}

void fail(int exit_status, const char *what, int error)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "%s: ", what);
	fail_with(exit_status, text, strerror(error), gpg_error_of(error));
}

static void drop_privileges(void)
{
	const uid_t uid = geteuid();
	const gid_t gid = getegid();
	uid_t uids[3];
	gid_t gids[3];

	if (setresgid(gid, gid, gid) < 0)
		fail(EXIT_REFUSED, "setresgid()", errno);
	if (setresuid(uid, uid, uid) < 0)
		fail(EXIT_REFUSED, "setresuid()", errno);
	if (getresgid(&gids[0], &gids[1], &gids[2]) < 0 ||
	    getresuid(&uids[0], &uids[1], &uids[2]) < 0)
		fail(EXIT_REFUSED, "getresuid()", errno);
	for (int i = 0; i < 3; i++) {
		if (uids[i] != uid || gids[i] != gid)
			fail(EXIT_REFUSED, "privileges are still there", EPERM);
	}
	if (uid != 0 && setuid(0) == 0)
		fail(EXIT_REFUSED, "root can be had back", EPERM);
	/* and no setuid program may give any */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fail(EXIT_REFUSED, "prctl()", errno);
}

static char **gpg_arguments(const struct request *request)
{
	static const char *const first[] = {
		"gpg", "--homedir", MAIL_SEAL_GNUPG_HOME,
		"--enable-special-filenames"
	};
	const unsigned int first_count = sizeof(first) / sizeof(*first);
	unsigned int count = 0;
	const char **args;

	args = calloc(request->count + first_count + 4, sizeof(*args));
	if (args == NULL)
		fail(EXIT_REFUSED, "memory", ENOMEM);
	for (unsigned int i = 0; i < first_count; i++)
		args[count++] = first[i];
	if (request->keyring != NULL) {
		args[count++] = "--no-default-keyring";
		args[count++] = "--keyring";
		args[count++] = request->keyring;
	}
	for (unsigned int i = 0; i < request->count; i++)
		args[count++] = request->args[i];
	return (char **)args;
}

/*
 * Running it
 */

/* Shares our memory until gpg runs, and so changes nothing in it. It stays in
   our process group, which the caller ends as a whole. */
static void __attribute__((noreturn))
child(char *const *args, pid_t parent)
{
	static char *const environment[] = {
		(char *)"PATH=/usr/bin:/bin",
		(char *)"LC_ALL=C",
		(char *)"HOME=/nonexistent",
		NULL
	};
	const struct rlimit no_core = { 0, 0 };
	sigset_t none;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* it may have died before that */
	if (getppid() != parent)
		_exit(EXIT_REFUSED);
	/* plaintext must not get into a core dump */
	(void)setrlimit(RLIMIT_CORE, &no_core);
	if (chdir("/") < 0)
		fail(EXIT_REFUSED, "chdir()", errno);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	execve(MAIL_SEAL_GPG, args, environment);
	fail(EXIT_NO_GPG, MAIL_SEAL_GPG, errno);
}

static void on_child(int signo)
{
	(void)signo;
}

/* Has gpg exited? Its process id stays taken until it is waited for. */
static bool has_exited(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	if (waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		fail(EXIT_REFUSED, "waitid()", errno);
	return info.si_pid == pid;
}

/* Waits until gpg has exited or nobody reads what it writes, and ends it.
   Returns its wait status. */
static int watch(pid_t pid, const sigset_t *no_sigchld)
{
	struct pollfd reader = { .fd = STDOUT_FILENO, .events = 0 };
	int status;

	while (!has_exited(pid)) {
		/* SIGCHLD comes through only in here */
		if (ppoll(&reader, 1, NULL, no_sigchld) >= 0) {
			/* the reader has gone */
			break;
		}
		if (errno != EINTR)
			fail(EXIT_REFUSED, "ppoll()", errno);
	}
	(void)kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid)
		fail(EXIT_REFUSED, "waitpid()", errno);
	return status;
}

static int say_how_it_ended(int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) {
		fail_with(EXIT_REFUSED, "gpg took too much processor time", "",
			  gpg_err_make(GPG_ERR_SOURCE_USER_1,
				       EXEC_ERROR_CPU_TIME));
	}
	if (!WIFEXITED(status))
		return EXIT_REFUSED;
	if (status_fd != -1) {
		dprintf(status_fd, "[GNUPG:] SUCCESS "EXEC_ENDED"%d\n",
			WEXITSTATUS(status));
	}
	return WEXITSTATUS(status);
}

int main(int argc, char *argv[])
{
	const struct sigaction action = { .sa_handler = on_child };
	struct request request = { .input = -1 };
	char **args;
	const pid_t self = getpid();
	sigset_t sigchld, no_sigchld;
	pid_t pid;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		return fputs(EXEC_GPG_VERSION_LINE, stdout) < 0 ||
			fflush(stdout) != 0;
	}
	drop_privileges();
	parse_arguments(&request, argc, argv);
	take_task(&request);

	(void)sigaction(SIGCHLD, &action, NULL);
	(void)sigemptyset(&sigchld);
	(void)sigaddset(&sigchld, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &sigchld, &no_sigchld);
	(void)sigdelset(&no_sigchld, SIGCHLD);

	args = gpg_arguments(&request);
	pid = vfork();
	if (pid < 0)
		fail(EXIT_REFUSED, "vfork()", errno);
	if (pid == 0)
		child(args, self);
	/* gpg alone shall hold it: its end is for gpg to see */
	if (request.input != -1)
		(void)close(request.input);
	return say_how_it_ended(watch(pid, &no_sigchld));
}
