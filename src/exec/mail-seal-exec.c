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

#include <errno.h>
#include <fcntl.h>
#include <gpg-error.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_REFUSED 126
#define EXIT_NO_GPG 127

static int status_fd = -1;

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

static void __attribute__((noreturn))
fail_with(int exit_status, const char *text, const char *detail,
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

static void __attribute__((noreturn))
fail(int exit_status, const char *what, int error)
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

/*
 * Certificates as files
 */

/* gpg's own name for an inherited descriptor, "-&N" (gpg(1),
   --enable-special-filenames). Returns -1 if it isn't one. */
static int special_filename_fd(const char *name)
{
	char *end;
	long fd;

	if (name[0] != '-' || name[1] != '&')
		return -1;
	fd = strtol(name + 2, &end, 10);
	return *end != '\0' || fd < 0 || fd > 65535 ? -1 : (int)fd;
}

static int anonymous_file(void)
{
	int fd;
#ifdef HAVE_MEMFD_CREATE
	fd = memfd_create("certificate", 0);
#else
	FILE *file = tmpfile();

	fd = file == NULL ? -1 : fileno(file);
#endif
	if (fd == -1)
		fail(EXIT_REFUSED, "certificate", errno);
	return fd;
}

static void write_all(int fd, const char *data, size_t size)
{
	ssize_t ret;

	while (size > 0) {
		ret = write(fd, data, size);
		if (ret <= 0)
			fail(EXIT_REFUSED, "certificate", errno);
		data += ret;
		size -= ret;
	}
}

/* Copies so many bytes to the end of the file, or up to so many if less will
   do. */
static void copy(int input, int fd, size_t size, bool less)
{
	char data[16384];
	ssize_t ret;

	while (size > 0) {
		ret = read(input, data, size < sizeof(data) ? size :
			   sizeof(data));
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret == 0 && less)
			return;
		if (ret <= 0)
			fail(EXIT_REFUSED, "certificates", ret < 0 ? errno :
			     EPIPE);
		write_all(fd, data, ret);
		size -= ret;
	}
	if (less)
		fail(EXIT_REFUSED, "certificates", EFBIG);
}

/* The name by which gpg can open the descriptor as a keyring, or NULL. A
   configuration of the whole system may say use-keyboxd, which makes gpg leave
   keyrings aside. */
static char *keyring_name(int fd)
{
	char *name;

	if (asprintf(&name, "/proc/self/fd/%d", fd) < 0)
		fail(EXIT_REFUSED, "memory", ENOMEM);
	if (access(name, R_OK) == 0 &&
	    access("/etc/gnupg/common.conf", F_OK) < 0 &&
	    access("/etc/gnupg/gpg.conf", F_OK) < 0)
		return name;
	free(name);
	return NULL;
}

/* gpg's own name for the file, from its start */
static char *special_filename(int fd)
{
	char *name;

	if (lseek(fd, 0, SEEK_SET) < 0)
		fail(EXIT_REFUSED, "certificate", errno);
	if (asprintf(&name, "-&%d", fd) < 0)
		fail(EXIT_REFUSED, "memory", ENOMEM);
	return name;
}

/*
 * What is asked for
 */

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

/* GPGME 1.18 writes "--name value", 1.24 "--name=value". Returns the value of
   the option that *argv points to, moved on if it is the next argument, or
   NULL if it is another option. */
static const char *option_value(char *const **argv, const char *name)
{
	const size_t length = strlen(name);
	const char *arg = **argv;

	if (strncmp(arg, name, length) != 0)
		return NULL;
	if (arg[length] == '=')
		return arg + length + 1;
	if (arg[length] != '\0' || (*argv)[1] == NULL)
		return NULL;
	return *++*argv;
}

static void
parse_arguments(struct request *request, int argc, char *const *argv)
{
	const char *homedir = NULL;

	request->args = calloc(argc + 1, sizeof(*request->args));
	if (request->args == NULL)
		fail(EXIT_REFUSED, "memory", ENOMEM);
	request->input = -1;
	for (argv++; *argv != NULL; argv++) {
		char *const *option = argv;
		const char *value;

		if ((value = option_value(&argv, "--homedir")) != NULL) {
			/* gpg always gets ours */
			homedir = value;
			continue;
		}
		/* nobody looks at the progress, but each report wakes the
		   caller */
		if (strcmp(*argv, "--enable-progress-filter") == 0)
			continue;
		if ((value = option_value(&option, "--status-fd")) != NULL)
			status_fd = atoi(value);
		request->args[request->count++] = *argv;
	}
	if (request->count > 0) {
		request->input = special_filename_fd(
			request->args[request->count - 1]);
	}
	if (homedir == NULL || strncmp(homedir, EXEC_TASK_START,
				       strlen(EXEC_TASK_START)) != 0) {
		fail_with(EXIT_REFUSED, "this helper and what called it are "
			  "of different versions of mail_seal", "",
			  gpg_err_make(GPG_ERR_SOURCE_USER_1,
				       EXEC_ERROR_OTHER_VERSION));
	}
	request->task = homedir + strlen(EXEC_TASK_START);
}

/* EXEC_TASK_JUDGE */
static void take_judged(struct request *request)
{
	const int fd = anonymous_file();
	/* gpg closes the one that it reads as input */
	const int keyring_fd = dup(fd);

	if (request->input == -1 || keyring_fd == -1)
		fail(EXIT_REFUSED, "certificates", EINVAL);
	copy(request->input, fd, EXEC_JUDGE_SIZE_MAX, true);
	request->keyring = keyring_name(keyring_fd);
	request->args[request->count - 1] = special_filename(fd);
}

/* EXEC_TASK_HOME. A home that was never used with GnuPG 2.1 has the older
   file. */
static void take_home(struct request *request, const char *home)
{
	static const char *const names[] = { "pubring.kbx", "pubring.gpg" };
	struct stat st;
	char *path;

	for (unsigned int i = 0; i < 2; i++) {
		if (asprintf(&path, "%s/%s", home, names[i]) < 0)
			fail(EXIT_REFUSED, "memory", ENOMEM);
		if (stat(path, &st) == 0) {
			request->keyring = path;
			return;
		}
		free(path);
	}
	fail(EXIT_REFUSED, "keyring", ENOENT);
}

struct recipients {
	unsigned int count;
	size_t sizes[EXEC_CERTIFICATES_MAX];
	/* "FINGERPRINT!": this key and no other of the certificate's */
	char names[EXEC_CERTIFICATES_MAX][EXEC_FINGERPRINT_MAX + 2];
};

static void read_all(int fd, char *data, size_t size)
{
	ssize_t ret;

	while (size > 0) {
		ret = read(fd, data, size);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret <= 0)
			fail(EXIT_REFUSED, "certificates", ret < 0 ? errno :
			     EPIPE);
		data += ret;
		size -= ret;
	}
}

static void
read_recipients_line(int input, struct recipients *recipients)
{
	static char line[EXEC_CERTIFICATES_MAX * (EXEC_FINGERPRINT_MAX + 12)];
	char start[] = "certificates 0000";
	unsigned long length;
	char *p;

	read_all(input, start, sizeof(start) - 1);
	length = strtoul(start + 13, NULL, 10);
	if (strncmp(start, "certificates ", 13) != 0 || length == 0 ||
	    length >= sizeof(line))
		fail(EXIT_REFUSED, "certificates", EINVAL);
	read_all(input, line, length);
	if (line[length - 1] != '\n')
		fail(EXIT_REFUSED, "certificates", EINVAL);
	for (p = line; *p == ' '; recipients->count++) {
		const unsigned int n = recipients->count;
		const size_t hex = strspn(p + 1, "0123456789ABCDEF");
		unsigned long size;

		if (n == EXEC_CERTIFICATES_MAX || hex == 0 ||
		    hex > EXEC_FINGERPRINT_MAX || p[1 + hex] != '=')
			fail(EXIT_REFUSED, "certificates", EINVAL);
		memcpy(recipients->names[n], p + 1, hex);
		recipients->names[n][hex] = '!';
		size = strtoul(p + 1 + hex + 1, &p, 10);
		if (size == 0 || size > EXEC_CERTIFICATE_SIZE_MAX)
			fail(EXIT_REFUSED, "certificates", EINVAL);
		recipients->sizes[n] = size;
	}
	if (p != line + length - 1)
		fail(EXIT_REFUSED, "certificates", EINVAL);
}

/* EXEC_TASK_ENCRYPT. Where gpg takes no keyring, each certificate becomes a
   file for "-f"; that it is refused there without a user ID is gpg's. */
static void take_recipients(struct request *request)
{
	static struct recipients recipients;
	static char option[] = "-r";
	unsigned int next = 0;
	char expected[32];
	int fd = anonymous_file();

	read_recipients_line(request->input, &recipients);
	request->keyring = keyring_name(fd);
	for (unsigned int i = 1; i < request->count; i++) {
		(void)snprintf(expected, sizeof(expected), "certificate:%u",
			       next);
		if (strcmp(request->args[i], expected) != 0)
			continue;
		if (next == recipients.count ||
		    strcmp(request->args[i - 1], "-f") != 0)
			fail(EXIT_REFUSED, "certificates", EINVAL);
		if (request->keyring == NULL && next > 0)
			fd = anonymous_file();
		copy(request->input, fd, recipients.sizes[next], false);
		if (request->keyring == NULL)
			request->args[i] = special_filename(fd);
		else {
			request->args[i - 1] = option;
			request->args[i] = recipients.names[next];
		}
		next++;
	}
	if (next == 0 || next != recipients.count)
		fail(EXIT_REFUSED, "certificates", EINVAL);
}

static void take_task(struct request *request)
{
	const size_t home_length = strlen(EXEC_TASK_HOME);

	if (strcmp(request->task, EXEC_TASK_JUDGE) == 0)
		take_judged(request);
	else if (strcmp(request->task, EXEC_TASK_ENCRYPT) == 0)
		take_recipients(request);
	else if (strncmp(request->task, EXEC_TASK_HOME, home_length) == 0)
		take_home(request, request->task + home_length);
	else
		fail(EXIT_REFUSED, "task", EINVAL);
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
