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

	gpg is run as a child, in a process group of its own, with our GnuPG
	home and an environment of three variables. We stay to watch it:

	- When it has exited with status 0, "SUCCESS mail-seal-exec/N" goes to
	  its status output: GPGME doesn't see exit statuses, and a gpg that
	  was killed after its last status line has lost ciphertext. N is the
	  version of this protocol: a caller of another version, which an
	  upgrade can leave running, takes that for no success.
	- When nobody reads its output any more, because the caller gave up
	  or was killed itself, the whole group is killed.

	"-f certificate:N" arguments stand for certificates that come in front
	of the plaintext: a line "certificates LENGTH SIZE SIZE...", then
	their bytes. LENGTH, in four digits, is that of the line from there
	to its end, so that no more than the line is read. Each certificate
	becomes an anonymous file that only this gpg sees, so it uses just
	what the caller looked at. gpg 2.2 takes the first certificate of a
	file only, hence one file each.

	With "FINGERPRINT=SIZE" for each SIZE they are in the form of a
	keyring, which gpg wrote itself with its verdict on each signature.
	Then they become one keyring for "-r FINGERPRINT", and gpg needn't
	verify the signatures again, which it would do with every "-f".

	"--homedir DIR", if DIR isn't our own home, means that the public
	keyring in DIR is to be used. Nothing else of DIR is read.

   DIAGNOSTICS
	gpg's exit status; 126 if privileges couldn't be dropped or the
	request makes no sense, 127 if gpg can't be run. Why is said in a
	FAILURE line on the status output, with a libgpg-error code.

   SEE ALSO
	GnuPG's doc/DETAILS for the status output. */

#include "mail-seal-config.h"
#include "../seal/gnupg/exec-protocol.h"

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
#include <time.h>
#include <unistd.h>

#define EXIT_REFUSED 126
#define EXIT_NO_GPG 127

/* Must hold what key-file.h allows. */
#define CERTIFICATES_MAX 64
#define CERTIFICATE_SIZE_MAX (1024*1024)
/* hexadecimal, of version 5 and 6 */
#define FINGERPRINT_MAX 64

/* GPGME waits for an answer to --version without a limit of its own. */
#define VERSION_TIMEOUT_SECS 5

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
fail(int exit_status, const char *what, int error)
{
	/* doc/DETAILS: FAILURE <location> <error_code> */
	if (status_fd != -1) {
		dprintf(status_fd, "[GNUPG:] FAILURE "EXEC_PROTOCOL" %u\n",
			gpg_error_of(error));
	}
	fprintf(stderr, "mail-seal-exec: %s: %s\n", what, strerror(error));
	_exit(exit_status);
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
 * Certificates in front of the plaintext
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

struct certificates {
	unsigned int count;
	size_t sizes[CERTIFICATES_MAX];
	/* those of a keyring have one, all or none of them */
	char fingerprints[CERTIFICATES_MAX][FINGERPRINT_MAX + 1];
};

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

/* From the input to the end of the file. */
static void copy_certificate(int input, size_t size, int fd)
{
	static char data[CERTIFICATE_SIZE_MAX];
	size_t written = 0;
	ssize_t ret;

	read_all(input, data, size);
	while (written < size) {
		ret = write(fd, data + written, size - written);
		if (ret <= 0)
			fail(EXIT_REFUSED, "certificate", errno);
		written += ret;
	}
}

/* "certificates LENGTH SIZE SIZE...\n" or "... FINGERPRINT=SIZE...\n" */
static void
read_certificates_line(int input, struct certificates *certificates)
{
	static char line[CERTIFICATES_MAX * (FINGERPRINT_MAX + 12)];
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
	for (p = line; *p == ' '; certificates->count++) {
		const unsigned int n = certificates->count;
		const size_t hex = strspn(p + 1, "0123456789ABCDEF");
		unsigned long size;

		if (n == CERTIFICATES_MAX || hex > FINGERPRINT_MAX)
			fail(EXIT_REFUSED, "certificates", EINVAL);
		if (p[1 + hex] == '=') {
			memcpy(certificates->fingerprints[n], p + 1, hex);
			p += 1 + hex;
		}
		size = strtoul(p + 1, &p, 10);
		if (size == 0 || size > CERTIFICATE_SIZE_MAX ||
		    (certificates->fingerprints[n][0] != '\0') !=
		    (certificates->fingerprints[0][0] != '\0'))
			fail(EXIT_REFUSED, "certificates", EINVAL);
		certificates->sizes[n] = size;
	}
	if (p != line + length - 1)
		fail(EXIT_REFUSED, "certificates", EINVAL);
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

/* Puts files in place of "certificate:N" arguments; or fingerprints, and
   returns the keyring that they are in. A certificate in the form of a
   keyring does for "-f" as well. */
static const char *replace_certificates(char **args, int input)
{
	static struct certificates certificates;
	static char recipient[] = "-r";
	unsigned int next = 0;
	char expected[32];
	const char *keyring = NULL;
	int fd = -1;

	for (unsigned int i = 1; args[0] != NULL && args[i] != NULL; i++) {
		(void)snprintf(expected, sizeof(expected), "certificate:%u",
			       next);
		if (strcmp(args[i], expected) != 0)
			continue;
		if (next == 0)
			read_certificates_line(input, &certificates);
		if (next == certificates.count ||
		    strcmp(args[i - 1], "-f") != 0)
			fail(EXIT_REFUSED, "certificates", EINVAL);
		if (keyring == NULL)
			fd = anonymous_file();
		copy_certificate(input, certificates.sizes[next], fd);
		if (next == 0 && certificates.fingerprints[0][0] != '\0')
			keyring = keyring_name(fd);
		if (keyring == NULL)
			args[i] = special_filename(fd);
		else {
			args[i - 1] = recipient;
			args[i] = certificates.fingerprints[next];
		}
		next++;
	}
	if (next != certificates.count)
		fail(EXIT_REFUSED, "certificates", EINVAL);
	return keyring;
}

/*
 * gpg's arguments
 */

struct request {
	char **args;
	const char *keyring_home;
	/* beside it, never both: where the recipients' certificates are */
	const char *keyring;
	/* where plaintext or certificates come from, -1 if there are none */
	int input;
	bool version;
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
	int count = 0;

	request->args = calloc(argc + 1, sizeof(*request->args));
	if (request->args == NULL)
		fail(EXIT_REFUSED, "memory", ENOMEM);
	request->input = -1;
	for (argv++; *argv != NULL; argv++) {
		char *const *option = argv;
		const char *value;

		if ((value = option_value(&argv, "--homedir")) != NULL) {
			/* gpg always gets ours */
			if (strcmp(value, MAIL_SEAL_GNUPG_HOME) != 0)
				request->keyring_home = value;
			continue;
		}
		/* nobody looks at the progress, but each report wakes the
		   caller */
		if (strcmp(*argv, "--enable-progress-filter") == 0)
			continue;
		if ((value = option_value(&option, "--status-fd")) != NULL)
			status_fd = atoi(value);
		if (strcmp(*argv, "--version") == 0)
			request->version = true;
		request->args[count++] = *argv;
	}
	if (count > 0) {
		request->input =
			special_filename_fd(request->args[count - 1]);
	}
}

/* A home that was never used with GnuPG 2.1 has the older file. */
static char *keyring_path(const char *home)
{
	static const char *const names[] = { "pubring.kbx", "pubring.gpg" };
	struct stat st;
	char *path;

	for (unsigned int i = 0; i < 2; i++) {
		if (asprintf(&path, "%s/%s", home, names[i]) < 0)
			fail(EXIT_REFUSED, "memory", ENOMEM);
		if (stat(path, &st) == 0)
			return path;
		free(path);
	}
	fail(EXIT_REFUSED, "keyring", ENOENT);
}

static char **gpg_arguments(const struct request *request)
{
	static const char *const first[] = {
		"gpg", "--homedir", MAIL_SEAL_GNUPG_HOME,
		"--enable-special-filenames"
	};
	const unsigned int first_count = sizeof(first) / sizeof(*first);
	unsigned int count = 0, args_count = 0;
	const char **args;

	while (request->args[args_count] != NULL)
		args_count++;
	args = calloc(args_count + first_count + 4, sizeof(*args));
	if (args == NULL)
		fail(EXIT_REFUSED, "memory", ENOMEM);
	for (unsigned int i = 0; i < first_count; i++)
		args[count++] = first[i];
	if (request->keyring != NULL || request->keyring_home != NULL) {
		args[count++] = "--no-default-keyring";
		args[count++] = "--keyring";
		args[count++] = request->keyring != NULL ? request->keyring :
			keyring_path(request->keyring_home);
	}
	for (unsigned int i = 0; i < args_count; i++)
		args[count++] = request->args[i];
	return (char **)args;
}

/*
 * Running it
 */

/* Shares our memory until gpg runs, and so changes nothing in it. */
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

	(void)setpgid(0, 0);
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

/* Waits until gpg has exited or nobody reads what it writes; then ends all
   that is left of its group. Returns its wait status. */
static int watch(pid_t pid, bool version, const sigset_t *no_sigchld)
{
	const struct timespec limit = { VERSION_TIMEOUT_SECS, 0 };
	struct pollfd reader = { .fd = STDOUT_FILENO, .events = 0 };
	int status;

	while (!has_exited(pid)) {
		/* SIGCHLD comes through only in here */
		if (ppoll(&reader, 1, version ? &limit : NULL,
			  no_sigchld) >= 0) {
			/* the reader has gone, or time has */
			break;
		}
		if (errno != EINTR)
			fail(EXIT_REFUSED, "ppoll()", errno);
	}
	(void)kill(-pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid)
		fail(EXIT_REFUSED, "waitpid()", errno);
	return status;
}

int main(int argc, char *argv[])
{
	const struct sigaction action = { .sa_handler = on_child };
	struct request request = { .input = -1 };
	char **args;
	const pid_t self = getpid();
	sigset_t sigchld, no_sigchld;
	int status;
	pid_t pid;

	drop_privileges();
	parse_arguments(&request, argc, argv);
	request.keyring = replace_certificates(request.args, request.input);

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
	(void)setpgid(pid, pid);
	/* gpg alone shall hold it: its end is for gpg to see */
	if (request.input != -1)
		(void)close(request.input);

	status = watch(pid, request.version, &no_sigchld);
	if (!WIFEXITED(status))
		return EXIT_REFUSED;
	if (WEXITSTATUS(status) == 0 && status_fd != -1)
		dprintf(status_fd, "[GNUPG:] SUCCESS "EXEC_PROTOCOL"\n");
	return WEXITSTATUS(status);
}
