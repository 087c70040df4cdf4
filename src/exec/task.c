/* Copyright (c) 2026 the mail_seal authors, see the included COPYING file */

/* What the caller asks for (exec-protocol.h), made into what gpg understands:
   certificates that come with the input become files. */

#include "mail-seal-config.h"
#include "exec-protocol.h"
#include "task.h"

#include <errno.h>
#include <gpg-error.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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

void parse_arguments(struct request *request, int argc, char *const *argv)
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
	char start[] = "certificates 000000";
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

void take_task(struct request *request)
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
