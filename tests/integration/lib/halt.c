/* Loaded into doveadm before Dovecot's libraries: ends or stops "doveadm seal
   encrypt" between its two transactions, when the copies are saved and no
   original is expunged yet, and records what is written to the disk for good. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void record(const char *what, int fd)
{
	const char *path = getenv("HALT_RECORD");
	char link[64], name[4096];
	ssize_t size;
	FILE *file;

	if (path == NULL || (file = fopen(path, "a")) == NULL)
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	size = fd < 0 ? 0 : readlink(link, name, sizeof(name));
	fprintf(file, "%s %.*s\n", what, size < 0 ? 0 : (int)size, name);
	fclose(file);
}

/* In the first transaction, when this is made sure to be on the disk: a path's
   end */
static void halt_behind(int fd)
{
	const char *halt = getenv("HALT"), *end = getenv("HALT_FSYNC");
	static int done;
	char link[64], name[4096];
	ssize_t size;

	if (halt == NULL || end == NULL || done)
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	size = readlink(link, name, sizeof(name));
	if (size < (ssize_t)strlen(end) ||
	    memcmp(name + size - strlen(end), end, strlen(end)) != 0)
		return;
	done = 1;
	kill(getpid(), atoi(halt));
}

/* Dovecot's mail-transaction-log.h; by its name only, as all versions call it */
int mail_transaction_log_sync_lock(void *log, const char *reason, void *a,
				   void *b, void *c);
int mail_transaction_log_sync_lock(void *log, const char *reason, void *a,
				   void *b, void *c)
{
	int (*real)(void *, const char *, void *, void *, void *) =
		dlsym(RTLD_NEXT, "mail_transaction_log_sync_lock");
	const char *halt = getenv("HALT"), *at = getenv("HALT_AT");
	static int count;

	if (strcmp(reason, "doveadm seal encrypt") == 0) {
		record("replace", -1);
		if (halt != NULL && at != NULL && ++count == atoi(at))
			kill(getpid(), atoi(halt));
	}
	return real(log, reason, a, b, c);
}

int fsync(int fd)
{
	int (*real)(int) = dlsym(RTLD_NEXT, "fsync");

	record("fsync", fd);
	halt_behind(fd);
	return real(fd);
}

int fdatasync(int fd)
{
	int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");

	record("fsync", fd);
	halt_behind(fd);
	return real(fd);
}
